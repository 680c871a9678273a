use std::time::Duration;

use gst::ClockTime;
use tutk::wire::CameraTime;

use super::camera_clock::CameraClock;
use super::latency::Latency;
use super::recovery::ClockRecovery;

/// Blocks follow each other without a gap as long as they are off by less than this, in nanoseconds.
const TOLERANCE: i64 = 20 * MS;
/// Over how long the least delay is looked for.
const WINDOW: i64 = 2_000 * MS;
/// A camera that leaves out more than this by its own clock was silent.
const SILENCE: i64 = 100 * MS;
/// So was one whose blocks are later than this by any clock: retransmissions take less.
const MAX_LATE: i64 = 1_000 * MS;
/// The audio's clock is the video's where blocks arrive at most so long after their time on the latter.
const MAX_DELAY: i64 = 40 * MS;
/// Beyond this, a single block shows that it is not.
const MAX_JITTER: i64 = 500 * MS;
const MS: i64 = 1_000_000;

/// Gives blocks of audio their timestamps. See [the module](super).
///
/// Blocks follow each other without a gap as long as they come at their time, whatever the network's jitter: what counts is the
/// least delay of 2 s. A camera that was silent, lost blocks, a first block that was late, and a clock that runs away begin
/// another spurt, which [`AudioStamp::discont`] shows. It may begin before the last one has ended, but no block is dropped.
///
/// The target is the camera's clock on the session's line, if audio and video have the same clock, and the arrival otherwise.
#[derive(Debug, Default)]
pub(in crate::tutksrc) struct AudioStamper {
    clock: CameraClock,
    /// The last PTS, in nanoseconds.
    last: Option<i64>,
    /// Where what has gone downstream ends.
    end: Option<i64>,
    /// Where the next block belongs if it follows the last one: before `end` while audio is ahead of its time.
    next: Option<i64>,
    /// The camera's time of the last block, and how long that plays.
    before: Option<(i64, i64)>,
    /// How late blocks are relative to the end of the one before.
    lateness: LeastOf2s,
    /// How late blocks arrive relative to the session's line.
    delay: LeastOf2s,
    /// Whether the audio's clock is the video's.
    same_clock: bool,
    latency: Latency,
}

/// The time of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tutksrc) struct AudioStamp {
    pub(in crate::tutksrc) pts: ClockTime,
    /// It does not follow the block before without a gap.
    pub(in crate::tutksrc) discont: bool,
    /// The camera's own time.
    pub(in crate::tutksrc) camera: Duration,
}

/// The least value of each 2 s.
#[derive(Debug, Default)]
struct LeastOf2s {
    begin: Option<i64>,
    least: i64,
}

impl LeastOf2s {
    /// Takes a value at this time into account. Returns the least one once 2 s have passed.
    fn observe(&mut self, at: i64, value: i64) -> Option<i64> {
        let Some(begin) = self.begin else {
            *self = Self { begin: Some(at), least: value };
            return None;
        };
        self.least = self.least.min(value);
        let least = self.least;
        (at.saturating_sub(begin) >= WINDOW).then(|| {
            *self = Self { begin: Some(at), least: i64::MAX };
            least
        })
    }
}

impl AudioStamper {
    /// Another session: PTS keep rising, and the latency is still that of this network.
    pub(in crate::tutksrc) fn restart(&mut self) {
        let Self { last, latency, .. } = std::mem::take(self);
        *self = Self { last, latency, ..Self::default() };
    }

    /// Running times restart: forgets everything.
    pub(in crate::tutksrc) fn reset(&mut self) {
        *self = Self::default();
    }

    /// A gap event was sent up to this running time: PTS to come are later.
    pub(in crate::tutksrc) fn pass(&mut self, time: ClockTime) {
        self.last = self.last.max(Some(nanos(time)));
        self.end = None;
        self.next = None;
    }

    /// How late blocks are relative to their PTS, as [`Stamper::latency`](super::Stamper::latency).
    pub(in crate::tutksrc) fn latency(&self) -> ClockTime {
        self.latency.answer()
    }

    /// The time of the next block. `arrival` and `ready` are running times, as those of
    /// [`Stamper::stamp`](super::Stamper::stamp); `duration` is how long the block plays, if that is known; `lost`: so many
    /// blocks are missing before it. PTS rise strictly.
    pub(in crate::tutksrc) fn stamp(
        &mut self,
        clock: &ClockRecovery,
        arrival: ClockTime,
        ready: ClockTime,
        camera: CameraTime,
        duration: Option<ClockTime>,
        lost: u32,
    ) -> AudioStamp {
        let read = self.clock.read(camera);
        let arrival = nanos(arrival.min(ready));
        let length = duration.map_or(0, nanos);
        let missing = i64::from(lost).saturating_mul(self.before.map_or(0, |(_, length)| length));
        let was_silent = self.was_silent(read, missing);
        self.before = Some((read, length));
        let target = self.target(clock, read, arrival);

        let time = match self.next.filter(|_| length > 0) {
            None => target,
            Some(next) => self.follow(next.saturating_add(missing), target, arrival, was_silent),
        };
        self.next = Some(time.saturating_add(length));
        let pts = time.max(self.last.map_or(0, |last| last + 1));
        let follows = length == 0 || self.end == Some(pts);
        let discont = lost > 0 || self.last.is_none() || !follows;
        self.last = Some(pts);
        self.end = Some(pts.saturating_add(length));
        let late = nanos(ready).saturating_sub(pts).max(0).unsigned_abs();
        self.latency.observe(ready.nseconds(), late);
        let pts = ClockTime::from_nseconds(pts.unsigned_abs());
        AudioStamp { pts, discont, camera: ClockRecovery::duration(read) }
    }

    /// Whether the camera left out more than the blocks that are missing, by its own clock, which may be set meanwhile.
    fn was_silent(&mut self, read: i64, missing: i64) -> bool {
        let Some((before, length)) = self.before else { return false };
        let passed = read.saturating_sub(before).saturating_mul(1_000);
        let off = passed.saturating_sub(length.saturating_add(missing));
        if off.abs() > MAX_JITTER {
            self.same_clock = false;
            self.delay = LeastOf2s::default();
        }
        length > 0 && off > SILENCE
    }

    /// When the block is to be heard.
    fn target(&mut self, clock: &ClockRecovery, read: i64, arrival: i64) -> i64 {
        let Some(mapped) = clock.map(read) else {
            self.same_clock = false;
            self.delay = LeastOf2s::default();
            return arrival;
        };
        let delay = arrival.saturating_sub(mapped);
        if let Some(least) = self.delay.observe(arrival, delay) {
            self.same_clock = (-TOLERANCE..=MAX_DELAY).contains(&least);
        }
        if self.same_clock && (-TOLERANCE..=MAX_JITTER).contains(&delay) { mapped } else { arrival }
    }

    /// The time of a block that begins at `expected` if it follows the one before.
    fn follow(&mut self, expected: i64, target: i64, arrival: i64, was_silent: bool) -> i64 {
        let late = target.saturating_sub(expected);
        if late > MAX_LATE || (was_silent && late > SILENCE) || late < -MAX_JITTER {
            self.lateness = LeastOf2s::default();
            return target;
        }
        match self.lateness.observe(arrival, late) {
            Some(least) if least.abs() > TOLERANCE => expected.saturating_add(least),
            _ => expected,
        }
    }
}

fn nanos(time: ClockTime) -> i64 {
    i64::try_from(time.nseconds()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use tutk::{Order, Place};

    use super::super::Stamper;
    use super::*;
    use crate::TimestampMode;

    const BLOCK: i64 = 20 * MS;
    const SECOND: i64 = 1_000 * MS;

    /// A camera with audio in blocks of 20 ms and video of 25 frames a second, behind a network with jitter.
    struct Camera {
        /// How much faster than the pipeline's its clocks run, in parts per million.
        video_drift: i64,
        audio_drift: i64,
        /// What its audio's clock says more than that of its video, in nanoseconds, from its tenth minute on.
        jump: i64,
        /// The time, in seconds, without audio.
        silence: std::ops::Range<i64>,
        mode: TimestampMode,
    }

    const CAMERA: Camera = Camera { video_drift: 0, audio_drift: 0, jump: 0, silence: 0..0, mode: TimestampMode::Auto };

    /// What becomes of a block: when it was recorded, and its stamp.
    type Heard = (i64, AudioStamp);

    impl Camera {
        /// The blocks of these seconds that are played, and the largest distance between picture and sound in the last minute.
        fn play(&self, seconds: i64) -> (Vec<Heard>, i64) {
            let mut random = fastrand::Rng::with_seed(7);
            let (mut clock, mut video, mut audio) =
                (ClockRecovery::new(self.mode), Stamper::default(), AudioStamper::default());
            let (mut heard, mut off, mut lag) = (Vec::new(), 0, 0);
            let time = |nanos: i64| ClockTime::from_nseconds(nanos.unsigned_abs());
            // Samples come at the rate of the audio's clock.
            for n in 0..seconds * SECOND / BLOCK {
                let taken = n * (BLOCK - BLOCK * self.audio_drift / 1_000_000);
                let arrival = taken + 5 * MS + random.i64(0..40 * MS);
                let read = |drift: i64, jump: i64| {
                    let read = taken + taken * drift / 1_000_000 + jump;
                    CameraTime::Milliseconds(((1_000 * SECOND + read) / MS) as u32)
                };
                if n % 2 == 0 {
                    let order = Order::Decoding(None::<Place>);
                    let camera = read(self.video_drift, 0);
                    let stamp = video.stamp(&mut clock, time(arrival), time(arrival), camera, order, false);
                    lag = nanos(stamp.pts.unwrap()) - taken;
                }
                if self.silence.contains(&(taken / SECOND)) {
                    continue;
                }
                let jump = if taken < 600 * SECOND { 0 } else { self.jump };
                let camera = read(self.audio_drift, jump);
                let stamp = audio.stamp(&clock, time(arrival), time(arrival), camera, Some(time(BLOCK)), 0);
                heard.push((taken, stamp));
                if taken > (seconds - 60) * SECOND && clock.is_in_use() {
                    off = off.max((nanos(stamp.pts) - taken - lag).abs());
                }
            }
            (heard, off)
        }
    }

    fn disconts(heard: &[Heard]) -> usize {
        heard.iter().filter(|(_, stamp)| stamp.discont).count()
    }

    #[test]
    fn blocks_follow_each_other_without_a_gap() {
        let (heard, off) = CAMERA.play(600);
        let settled = &heard[heard.len() / 10..];
        assert_eq!(disconts(settled), 0);
        for pair in settled.windows(2) {
            assert_eq!(nanos(pair[1].1.pts) - nanos(pair[0].1.pts), BLOCK);
        }
        assert!(off < 40 * MS, "{off}");
    }

    #[test]
    fn picture_and_sound_stay_together() {
        for (video_drift, audio_drift) in [(200, 200), (0, 200), (0, -200), (200, -200), (-200, 200)] {
            for jump in [0, 3 * SECOND, -3 * SECOND, 3_600 * SECOND] {
                let camera = Camera { video_drift, audio_drift, jump, ..CAMERA };
                let (heard, off) = camera.play(1_200);
                assert!(off < 40 * MS, "{video_drift} {audio_drift} {jump}: {off}");
                // A step of 20 ms at 400 ppm is needed each 50 s.
                assert!(disconts(&heard) < 60, "{video_drift} {audio_drift} {jump}: {}", disconts(&heard));
                for pair in heard.windows(2) {
                    assert!(pair[1].1.pts > pair[0].1.pts);
                }
            }
        }
    }

    #[test]
    fn after_silence_sound_begins_at_its_time() {
        for mode in [TimestampMode::Auto, TimestampMode::Arrival] {
            let (heard, _) = Camera { silence: 300..310, mode, ..CAMERA }.play(600);
            let first = heard.iter().position(|(taken, _)| *taken >= 310 * SECOND).unwrap();
            let (taken, stamp) = heard[first];
            assert!(stamp.discont);
            assert!((nanos(stamp.pts) - taken).abs() < 60 * MS, "{stamp:?} of {taken}");
        }
    }

    /// The stamps of blocks of 64 ms, in milliseconds, that arrive so late.
    fn stamps(late: impl Fn(u64) -> u64) -> Vec<(u64, bool)> {
        let clock = ClockRecovery::new(TimestampMode::Arrival);
        let mut audio = AudioStamper::default();
        let length = ClockTime::from_mseconds(64);
        let mut ready = ClockTime::ZERO;
        let stamps = (0..300u64).map(|n| {
            // What comes later overtakes nothing.
            ready = ready.max(ClockTime::from_mseconds(1_000 + 64 * n + late(n)));
            let camera = CameraTime::Milliseconds(64 * n as u32);
            let stamp = audio.stamp(&clock, ready, ready, camera, Some(length), 0);
            (stamp.pts.mseconds(), stamp.discont)
        });
        stamps.collect()
    }

    #[test]
    fn blocks_that_come_together_are_played_one_after_the_other() {
        let stamps = stamps(|n| if n % 3 == 0 { 128 } else { 128 - 64 * (n % 3) });
        let steps: Vec<_> = stamps.iter().filter(|(_, discont)| *discont).collect();
        assert!(steps.len() <= 4, "{steps:?}");
        for (n, stamp) in (40..).zip(&stamps[40..]) {
            assert_eq!(*stamp, (1_000 + 64 * n, false));
        }
    }

    #[test]
    fn a_first_block_that_comes_late_costs_no_other() {
        let stamps = stamps(|n| if n == 0 { 150 } else { 0 });
        for (n, stamp) in (1..20).zip(&stamps[1..]) {
            assert_eq!(*stamp, (1_150 + 64 * n, false));
        }
        for pair in stamps.windows(2) {
            assert!(pair[1].0 >= pair[0].0);
        }
        // That is made up for.
        for (n, stamp) in (40..).zip(&stamps[40..]) {
            assert_eq!(*stamp, (1_000 + 64 * n, false));
        }
    }

    #[test]
    fn lost_blocks_leave_a_hole_of_their_length() {
        let clock = ClockRecovery::new(TimestampMode::Arrival);
        let mut audio = AudioStamper::default();
        let mut stamp = |n: i64, lost| {
            let time = ClockTime::from_nseconds((n * BLOCK).unsigned_abs());
            let camera = CameraTime::Milliseconds((n * BLOCK / MS) as u32);
            audio.stamp(&clock, time, time, camera, Some(ClockTime::from_mseconds(20)), lost)
        };
        assert!(stamp(0, 0).discont && !stamp(1, 0).discont);
        let after = stamp(5, 3);
        assert!(after.discont && after.pts == ClockTime::from_mseconds(100));
        assert!(!stamp(6, 0).discont);
    }
}
