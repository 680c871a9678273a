//! Maps a camera's clock to the running time, by a line under the arrivals of its frames.

use super::theil_sen::{MAX_POINTS, Point, slope};

/// The frames of a window count by the one with the least delay, in nanoseconds.
const WINDOW: i64 = 2_000_000_000;
/// Windows that prove a step up of the delay, and the fewest to estimate a slope from.
const MIN_WINDOWS: usize = 8;
/// After a step by more than this, and by more than jitter explains, the network path is another one: earlier windows
/// say nothing of the slope.
const MIN_STEP: i64 = 5_000_000;
/// Jitter explains a step of this many times the usual delay of the windows' minima.
const JITTER_FACTOR: i64 = 4;
/// The line is slewed up by at most this; beyond, it jumps.
const MAX_SLEW: i64 = 500_000_000;
/// The line is slewed up by a hundredth of the time that passes, too slowly to be seen.
const SLEW_DIVISOR: i64 = 100;
/// A frame that arrives earlier than expected by more than this proves that the clock was set.
const MAX_EARLY: i64 = 1_000_000_000;
/// So does one that arrives later by more than this: retransmissions take less.
const MAX_LATE: i64 = 3_000_000_000;
/// Clocks with more skew cannot be followed: ten times that of a bad quartz.
const MAX_SKEW: f64 = 1e-3;
/// Beyond any running time, and small enough to subtract.
pub(super) const MAX_TIME: i64 = i64::MAX / 4;

/// What the envelope says of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observation {
    /// The running time of the camera's time, in nanoseconds. Never after the arrival.
    pub(super) time: i64,
    /// How much later the frame arrived.
    pub(super) delay: i64,
    /// The camera's clock or the network path jumped: the mapping is another one from here on.
    pub(super) jumped: bool,
}

/// The lower envelope of the arrivals over the camera's clock. See [the module](super).
#[derive(Debug)]
pub(super) struct LowerEnvelope {
    /// A point of the line.
    origin: Point,
    /// How much the running time gains on the camera's clock: the smoothed `slope`.
    skew: f64,
    /// The slope of the windows' minima.
    slope: f64,
    /// How far the line is still to be slewed up.
    slew: i64,
    /// The frame with the least delay of each window, the newest at the end of the first `len`.
    minima: [Point; MAX_POINTS],
    len: usize,
    /// How far the line moves at most without a step.
    max_move: i64,
    /// The frame with the least delay of the current window.
    minimum: Point,
    /// When the current window began.
    begin: i64,
    /// The last frame.
    last: Point,
    /// How many frames before the last one have the same camera time as that.
    repeats: i64,
    /// Mean interval of frames by the camera's clock, in nanoseconds.
    interval: i64,
}

impl LowerEnvelope {
    /// The envelope of this one frame.
    pub(super) fn new(first: Point) -> Self {
        Self {
            origin: first,
            skew: 0.0,
            slope: 0.0,
            slew: 0,
            minima: [first; MAX_POINTS],
            len: 0,
            max_move: MIN_STEP,
            minimum: first,
            begin: first.local,
            last: first,
            repeats: 0,
            interval: 0,
        }
    }

    /// Takes the next frame into account.
    pub(super) fn observe(&mut self, frame: Point) -> Observation {
        let delay = frame.local - self.at(frame.camera);
        if frame.camera < self.last.camera || !(-MAX_EARLY..=MAX_LATE).contains(&delay) {
            let (skew, interval) = (self.skew, self.interval);
            *self = Self { skew, interval, ..Self::new(frame) };
            return Observation { time: frame.local, delay: 0, jumped: true };
        }

        let jumped = frame.local - self.begin >= WINDOW && self.end_window(frame);
        self.slew_up(frame.local - self.last.local);
        let mut delay = frame.local - self.at(frame.camera);
        if delay < 0 {
            // No frame arrives before it was sent: the line steps down.
            self.origin.local += delay;
            self.slew = 0;
            if delay < -self.max_move {
                self.len = 0;
            }
            delay = 0;
        }
        if delay <= self.minimum.local - self.at(self.minimum.camera) {
            self.minimum = frame;
        }
        let time = self.time_of(frame).min(frame.local);
        self.last = frame;
        Observation { time, delay: frame.local - time, jumped }
    }

    /// How much faster than the running time the camera's clock runs, once known.
    pub(super) fn drift(&self) -> Option<f64> {
        (self.len == MAX_POINTS && self.is_sane()).then_some(-self.skew)
    }

    /// Whether this can be a clock that counts time.
    pub(super) fn is_sane(&self) -> bool {
        self.skew.abs() <= MAX_SKEW
    }

    /// Whether enough was observed to rely on it, and shows a sane clock.
    pub(super) fn is_reliable(&self) -> bool {
        self.len >= MIN_WINDOWS && self.is_sane() && self.slope.abs() <= MAX_SKEW
    }

    /// The camera's time of the last frame.
    pub(super) fn last_camera(&self) -> i64 {
        self.last.camera
    }

    /// The line at this camera time.
    pub(super) fn at(&self, camera: i64) -> i64 {
        let passed = camera.wrapping_sub(self.origin.camera).saturating_mul(1000);
        let gained = passed as f64 * self.skew;
        // Saturating: nonsense is far off, and nothing else.
        self.origin.local.saturating_add(passed).saturating_add(gained as i64).clamp(-MAX_TIME, MAX_TIME)
    }

    /// The least distance of these minima to the line.
    fn gap(&self, minima: &[Point]) -> i64 {
        minima.iter().map(|minimum| minimum.local - self.at(minimum.camera)).min().unwrap_or_default()
    }

    /// Slews the line for the time that has passed.
    fn slew_up(&mut self, passed: i64) {
        let step = (passed / SLEW_DIVISOR).clamp(0, self.slew);
        self.origin.local += step;
        self.slew -= step;
    }

    /// The running time of this frame. Frames that repeat a camera time follow each other at the mean interval.
    fn time_of(&mut self, frame: Point) -> i64 {
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

    /// Ends the window before this frame, which begins another one. Returns whether the line jumped.
    fn end_window(&mut self, frame: Point) -> bool {
        if self.len == MAX_POINTS {
            self.minima.rotate_left(1);
            self.len -= 1;
        }
        self.minima[self.len] = self.minimum;
        self.len += 1;
        self.minimum = frame;
        self.begin = frame.local;
        if self.len < MIN_WINDOWS {
            return false;
        }

        // The line turns about its current point.
        self.origin = Point { local: self.at(frame.camera), ..frame };
        self.slope = slope(&self.minima[..self.len]).clamp(-2.0 * MAX_SKEW, 2.0 * MAX_SKEW);
        // The more windows, the less their jitter turns the slope.
        let weight = self.len as f64 / (4 * MAX_POINTS) as f64;
        self.skew += (self.slope - self.skew) * weight;

        let recent = self.len - MIN_WINDOWS;
        if self.gap(&self.minima[recent..self.len]) > self.max_move {
            self.minima.copy_within(recent..self.len, 0);
            self.len = MIN_WINDOWS;
        }
        let mut gaps = self.minima.map(|minimum| minimum.local - self.at(minimum.camera));
        let usual = *gaps[..self.len].select_nth_unstable(self.len / 2).1;
        self.max_move = MIN_STEP.max(JITTER_FACTOR * usual);
        self.slew = self.gap(&self.minima[..self.len]).max(0);
        if self.slew > MAX_SLEW {
            self.origin.local += self.slew;
            self.slew = 0;
            return true;
        }
        false
    }
}
