//! The line from a camera's clock to the running time, under all of the frames' arrivals.

use super::slope::{POINTS, Point, median_slope};

/// Frames are gathered for this long, in nanoseconds, and count by the least late of them.
const PERIOD: i64 = 2_000_000_000;
/// Periods that show a step up, and the fewest to draw a slope from.
const RECENT: usize = 8;
/// A line that moves at once by more than this, and by more than jitter explains, has met another network: what came
/// before tells nothing of the slope.
const STEP: i64 = 5_000_000;
/// Jitter explains so many times what the least late frames usually lie above the line.
const JITTER: i64 = 4;
/// A line that would have to rise by more than this jumps.
const LEAP: i64 = 500_000_000;
/// How fast the line rises: a hundredth of the time that passes, which nobody sees.
const RISE: i64 = 100;
/// Frames that come before their time by more than this tell of a clock that was set.
const TOO_EARLY: i64 = 1_000_000_000;
/// So do those that come later than this: resends are over and done with long before.
const TOO_LATE: i64 = 3_000_000_000;
/// Clocks that are further off cannot be followed: ten times what a bad quartz does.
const MAX_RATE: f64 = 1e-3;
/// Further from zero than any running time, and near enough to subtract.
pub(super) const FAR: i64 = i64::MAX / 4;

/// Where a frame lies against the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The running time that the line gives, in nanoseconds. Never after the arrival.
    pub(super) time: i64,
    /// How much later the frame arrived.
    pub(super) late: i64,
    /// The camera's clock or the network jumped: the line is another one from here on.
    pub(super) jumped: bool,
}

/// See [the module](super).
#[derive(Debug)]
pub(super) struct Line {
    /// A point that the line goes through.
    origin: Point,
    /// How much slower the camera's clock goes than the running time: the mean of `slope`.
    rate: f64,
    /// What the present points say of the rate.
    slope: f64,
    /// How far the line is still to rise.
    rise: i64,
    /// The least late frame of each period, the newest at the end of the first `len`.
    lowest: [Point; POINTS],
    len: usize,
    /// How far the line moves at most without a step.
    step: i64,
    /// The least late frame of this period.
    low: Point,
    /// When this period began.
    begin: i64,
    /// The last frame.
    last: Point,
    /// How many frames before the last one have the same camera time as that.
    repeats: i64,
    /// Mean distance of frames by the camera's clock, in nanoseconds.
    interval: i64,
}

impl Line {
    /// The line that begins with this frame.
    pub(super) fn new(first: Point) -> Self {
        Self {
            origin: first,
            rate: 0.0,
            slope: 0.0,
            rise: 0,
            lowest: [first; POINTS],
            len: 0,
            step: STEP,
            low: first,
            begin: first.local,
            last: first,
            repeats: 0,
            interval: 0,
        }
    }

    /// The next frame.
    pub(super) fn place(&mut self, frame: Point) -> Place {
        let late = frame.local - self.at(frame.camera);
        if frame.camera < self.last.camera || !(-TOO_EARLY..=TOO_LATE).contains(&late) {
            let (rate, interval) = (self.rate, self.interval);
            *self = Self { rate, interval, ..Self::new(frame) };
            return Place { time: frame.local, late: 0, jumped: true };
        }

        let jumped = frame.local - self.begin >= PERIOD && self.end_period(frame);
        self.creep(frame.local - self.last.local);
        let mut late = frame.local - self.at(frame.camera);
        if late < 0 {
            // The line lies under all frames.
            self.origin.local += late;
            self.rise = 0;
            if late < -self.step {
                self.len = 0;
            }
            late = 0;
        }
        if late <= self.low.local - self.at(self.low.camera) {
            self.low = frame;
        }
        let time = self.count(frame).min(frame.local);
        self.last = frame;
        Place { time, late: frame.local - time, jumped }
    }

    /// How much faster the camera's clock goes than the running time, once known.
    pub(super) fn drift(&self) -> Option<f64> {
        (self.len == POINTS && self.is_sane()).then_some(-self.rate)
    }

    /// Whether this can be a clock that counts time.
    pub(super) fn is_sane(&self) -> bool {
        self.rate.abs() <= MAX_RATE
    }

    /// Whether it is one, as far as a line tells that has seen enough to be relied on.
    pub(super) fn is_known(&self) -> bool {
        self.len >= RECENT && self.is_sane() && self.slope.abs() <= MAX_RATE
    }

    fn at(&self, camera: i64) -> i64 {
        let passed = camera.wrapping_sub(self.origin.camera).saturating_mul(1000);
        let gained = passed as f64 * self.rate;
        // Saturating: garbage is far off, and nothing else.
        self.origin.local.saturating_add(passed).saturating_add(gained as i64).clamp(-FAR, FAR)
    }

    /// How far above the line all of these lie.
    fn gap(&self, lowest: &[Point]) -> i64 {
        lowest.iter().map(|low| low.local - self.at(low.camera)).min().unwrap_or_default()
    }

    /// Rises, for the time that has passed.
    fn creep(&mut self, passed: i64) {
        let step = (passed / RISE).clamp(0, self.rise);
        self.origin.local += step;
        self.rise -= step;
    }

    /// The time of this frame. Frames that repeat a camera time follow each other at the usual distance.
    fn count(&mut self, frame: Point) -> i64 {
        let time = self.at(frame.camera);
        if frame.camera == self.last.camera {
            self.repeats += 1;
            return time.saturating_add(self.repeats.saturating_mul(self.interval));
        }
        let interval = (frame.camera - self.last.camera).saturating_mul(1000) / (self.repeats + 1);
        match self.interval {
            0 => self.interval = interval,
            // A pause is no interval.
            mean => self.interval += (interval.min(2 * mean) - mean) / 16,
        }
        self.repeats = 0;
        time
    }

    /// Learns from the period before this frame, which begins another one. Whether the line jumped.
    fn end_period(&mut self, frame: Point) -> bool {
        if self.len == POINTS {
            self.lowest.rotate_left(1);
            self.len -= 1;
        }
        self.lowest[self.len] = self.low;
        self.len += 1;
        self.low = frame;
        self.begin = frame.local;
        if self.len < RECENT {
            return false;
        }

        // The line turns about the point where it is now.
        self.origin = Point { local: self.at(frame.camera), ..frame };
        self.slope = median_slope(&self.lowest[..self.len]).clamp(-2.0 * MAX_RATE, 2.0 * MAX_RATE);
        // The more periods, the less their jitter turns the slope.
        let trust = self.len as f64 / (4 * POINTS) as f64;
        self.rate += (self.slope - self.rate) * trust;

        let recent = self.len - RECENT;
        if self.gap(&self.lowest[recent..self.len]) > self.step {
            self.lowest.copy_within(recent..self.len, 0);
            self.len = RECENT;
        }
        let mut gaps = self.lowest.map(|low| low.local - self.at(low.camera));
        let usual = *gaps[..self.len].select_nth_unstable(self.len / 2).1;
        self.step = STEP.max(JITTER * usual);
        self.rise = self.gap(&self.lowest[..self.len]).max(0);
        if self.rise > LEAP {
            self.origin.local += self.rise;
            self.rise = 0;
            return true;
        }
        false
    }
}
