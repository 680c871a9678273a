//! A camera and a network from a seed, and what becomes of their frames.

use std::time::Duration;

use gst::ClockTime;
use tutk::Order;
use tutk::wire::CameraTime;

use super::recovery::MAX_CHANGE;
use super::*;
use crate::TimestampMode;

const SECOND: i64 = 1_000_000_000;
const MS: i64 = 1_000_000;
const DAY: i64 = 24 * 3600 * SECOND;

/// Random numbers from a seed.
struct Random(fastrand::Rng);

impl Random {
    fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    fn below(&mut self, end: i64) -> i64 {
        self.0.i64(0..end.max(1))
    }

    fn one_in(&mut self, n: i64) -> bool {
        n > 0 && self.below(n) == 0
    }
}

/// A camera behind a network. Times in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Camera {
    fps: i64,
    /// Parts per million that its clock goes too fast.
    drift: i64,
    /// Its clock at the start, in milliseconds.
    start: i64,
    /// The shortest way.
    delay: i64,
    /// Up to so much longer, evenly.
    jitter: i64,
    /// One frame in so many waits up to a second for a retransmission, and those behind it, too.
    retransmitted: i64,
    /// One frame in so many is lost.
    loss: i64,
    seed: u64,
}

const LAN: Camera =
    Camera { fps: 30, drift: 0, start: 1_000_000, delay: 3 * MS, jitter: 50 * MS, retransmitted: 0, loss: 0, seed: 2 };

/// A frame on its way.
#[derive(Clone, Copy)]
struct Way {
    /// When it was taken.
    taken: i64,
    arrival: i64,
    /// The camera's clock when it was taken, in milliseconds.
    clock: i64,
}

impl Camera {
    /// The frames that the camera takes from `from` to `to`.
    fn frames(self, from: i64, to: i64) -> impl Iterator<Item = Way> {
        let mut random = Random::new(self.seed);
        let mut before = 0;
        (0..).map(move |n| from + n * SECOND / self.fps).take_while(move |taken| *taken < to).filter_map(move |taken| {
            let mut arrival = taken + self.delay + random.below(self.jitter);
            if taken / SECOND % 2 == 0 && taken % SECOND < SECOND / self.fps {
                // A key frame is larger.
                arrival += 20 * MS;
            }
            if random.one_in(self.retransmitted) {
                arrival += random.below(SECOND);
            }
            before = arrival.max(before);
            let clock = self.start + (taken + taken / 1_000_000 * self.drift) / MS;
            (!random.one_in(self.loss)).then_some(Way { taken, arrival: before, clock })
        })
    }
}

/// What comes out of frames that go in.
struct Play {
    clock: ClockRecovery,
    stamper: Stamper,
    /// The camera's time of the last frame.
    camera: Duration,
    /// The last PTS.
    last: Option<u64>,
    arrival: i64,
    jumps: u32,
    /// How often the source of PTS changed.
    changes: u32,
    latency_changes: u32,
}

impl Play {
    fn new(mode: TimestampMode) -> Self {
        Self {
            clock: ClockRecovery::new(mode),
            stamper: Stamper::default(),
            camera: Duration::ZERO,
            last: None,
            arrival: 0,
            jumps: 0,
            changes: 0,
            latency_changes: 0,
        }
    }

    fn latency(&self) -> ClockTime {
        self.stamper.latency(&self.clock)
    }

    /// Another session begins.
    fn restart(&mut self) {
        self.clock.reset();
        self.stamper.restart();
    }

    /// The PTS of a frame.
    fn frame(&mut self, arrival: i64, camera: CameraTime) -> i64 {
        let (used, latency) = (self.clock.is_in_use(), self.latency());
        // A shorter way overtakes nothing: frames come in order.
        self.arrival = arrival.max(self.arrival + 1);
        let time = ClockTime::from_nseconds(self.arrival.unsigned_abs());
        let now = time + ClockTime::from_mseconds(1);
        let stamp = self.stamper.stamp(&mut self.clock, time, now, camera, Order::Decoding(None), false);
        let pts = stamp.pts.unwrap();
        assert_eq!(stamp.dts, None);
        assert!(pts <= now, "{pts} after {now}");
        assert!(self.last.is_none_or(|last| last < pts.nseconds()), "PTS do not rise");
        self.last = Some(pts.nseconds());
        self.camera = stamp.camera;
        self.jumps += u32::from(stamp.jumped);
        self.changes += u32::from(used != self.clock.is_in_use());
        self.latency_changes += u32::from(latency != self.latency());
        pts.nseconds().cast_signed()
    }

    /// How far PTS are at most from when frames were taken, plus the shortest way, from `settled` on.
    fn frames(&mut self, frames: impl Iterator<Item = Way>, settled: i64, delay: i64, clock: Clock) -> i64 {
        let mut most = 0;
        for Way { taken, arrival, clock: milliseconds } in frames {
            let pts = self.frame(arrival, clock(milliseconds));
            if taken >= settled {
                most = most.max((pts - taken - delay).abs());
            }
        }
        most
    }
}

/// What a camera makes of its clock's milliseconds.
type Clock = fn(i64) -> CameraTime;

fn milliseconds(clock: i64) -> CameraTime {
    CameraTime::Milliseconds(clock as u32)
}

/// The most that PTS are off once the envelope is known, for 10 minutes in `mode`.
fn ten_minutes(mode: TimestampMode, camera: Camera, clock: Clock) -> (i64, Play) {
    let mut play = Play::new(mode);
    let most = play.frames(camera.frames(0, 600 * SECOND), 120 * SECOND, camera.delay, clock);
    (most, play)
}

#[test]
fn a_day_of_drift_stays_under_5_ms() {
    for (drift, fps) in [(200, 30), (-200, 15), (200, 15), (-200, 30)] {
        let camera = Camera { drift, fps, retransmitted: 200, loss: 100, ..LAN };
        let mut play = Play::new(TimestampMode::Auto);
        let most = play.frames(camera.frames(0, DAY), 120 * SECOND, camera.delay, milliseconds);
        let known = play.clock.drift().unwrap();
        assert!(most < 5 * MS, "{drift} ppm, {fps} fps: {most} ns off");
        assert!((known - drift as f64).abs() < 50.0, "{drift} ppm, {fps} fps: {known} ppm");
        assert_eq!((play.jumps, play.changes), (0, 1));
        assert!(play.latency_changes < 100, "latency changed {} times", play.latency_changes);
    }
}

#[test]
fn jitter_of_50_ms_becomes_less_than_5() {
    for seed in 0..20 {
        for fps in [7, 15, 30] {
            let (most, play) = ten_minutes(TimestampMode::Auto, Camera { seed, fps, ..LAN }, milliseconds);
            assert!(most < 5 * MS, "seed {seed}, {fps} fps: {most} ns off");
            assert_eq!((play.jumps, play.changes), (0, 1));
        }
    }
}

#[test]
fn bad_networks_and_few_frames_are_no_reason_to_leave_the_camera_clock() {
    for (camera, limit) in [
        (Camera { retransmitted: 20, ..LAN }, 5 * MS),
        (Camera { jitter: 200 * MS, ..LAN }, 20 * MS),
        (Camera { jitter: 200 * MS, retransmitted: 50, fps: 15, drift: 100, ..LAN }, 20 * MS),
        (Camera { fps: 1, ..LAN }, 10 * MS),
        (Camera { jitter: 0, drift: -200, ..LAN }, MS),
    ] {
        for (mode, changes) in [(TimestampMode::Auto, 1), (TimestampMode::Camera, 0)] {
            let (most, play) = ten_minutes(mode, camera, milliseconds);
            assert!(most < limit, "{camera:?}: {most} ns off");
            assert_eq!((play.jumps, play.changes), (0, changes), "{camera:?}");
        }
    }
}

#[test]
fn milliseconds_wrap_without_a_jump() {
    let start = (1 << 32) - 300_000;
    let (most, play) = ten_minutes(TimestampMode::Auto, Camera { start, ..LAN }, milliseconds);
    assert!(most < 5 * MS, "{most} ns off");
    assert_eq!((play.jumps, play.changes), (0, 1));
    assert!(play.camera > Duration::from_millis(1 << 32));
}

#[test]
fn seconds_with_either_fraction_are_followed() {
    let clocks: [Clock; 2] = [
        |clock| CameraTime::Seconds { seconds: (clock / 1000) as u32, fraction: (clock % 1000) as u32 },
        |clock| CameraTime::Seconds { seconds: (clock / 1000) as u32, fraction: (clock % 1000 * 1000) as u32 },
    ];
    for clock in clocks {
        let (most, play) = ten_minutes(TimestampMode::Auto, LAN, clock);
        assert!(most < 5 * MS, "{most} ns off");
        assert_eq!((play.jumps, play.changes), (0, 1));
        assert!(play.camera.abs_diff(Duration::from_secs(1600)) < Duration::from_millis(50));
    }
}

#[test]
fn arrival_ignores_the_camera_clock_and_reports_its_time() {
    let mut play = Play::new(TimestampMode::Arrival);
    for Way { arrival, clock, .. } in LAN.frames(0, 60 * SECOND) {
        let pts = play.frame(arrival, milliseconds(clock));
        assert!((0..100).contains(&(pts - arrival)), "{}", pts - arrival);
        assert_eq!(play.camera, Duration::from_millis(clock.unsigned_abs()));
    }
    assert_eq!((play.jumps, play.changes, play.latency_changes), (0, 0, 0));
    assert_eq!(play.clock.drift(), None);
}

#[test]
fn a_clock_that_is_set_jumps_once_and_is_followed_again() {
    const HOUR: i64 = 3_600_000;
    for shift in [-3 * HOUR, -2_000, -300, 2_000, 3 * HOUR] {
        for (mode, changes) in [(TimestampMode::Auto, 3), (TimestampMode::Camera, 0)] {
            let mut play = Play::new(mode);
            let set = |way: Way| Way { clock: way.clock + shift, ..way };
            let camera = Camera { start: 4 * HOUR, drift: 100, ..LAN };
            play.frames(camera.frames(0, 100 * SECOND), 0, LAN.delay, milliseconds);
            let jumping = camera.frames(100 * SECOND, 200 * SECOND).map(set);
            let jumping = play.frames(jumping, 100 * SECOND, LAN.delay, milliseconds);
            assert!(jumping < 75 * MS, "{shift} ms, {mode:?}: {jumping} ns off");
            let later = camera.frames(200 * SECOND, 400 * SECOND).map(set);
            let later = play.frames(later, 200 * SECOND, LAN.delay, milliseconds);
            assert!(later < 5 * MS, "{shift} ms, {mode:?}: {later} ns off");
            assert_eq!((play.jumps, play.changes), (1, changes), "{shift} ms, {mode:?}");
        }
    }
}

/// Cameras whose clock is useless: PTS are those of arrival, and do not jump.
#[test]
fn useless_clocks_are_not_used() {
    let clocks: [(&str, Clock); 9] = [
        ("stands still", |_| milliseconds(12345)),
        ("zero", |_| milliseconds(0)),
        ("seconds", |clock| milliseconds(clock / 1000)),
        ("90 kHz", |clock| milliseconds(clock * 90)),
        ("tenths", |clock| milliseconds(clock * 10)),
        ("one hundredth slow", |clock| milliseconds(clock - clock / 100)),
        ("one hundredth fast", |clock| milliseconds(clock + clock / 100)),
        ("a little slow", |clock| milliseconds(clock - clock / 500)),
        ("a little fast", |clock| milliseconds(clock + clock / 500)),
    ];
    for (name, clock) in clocks {
        let (most, play) = ten_minutes(TimestampMode::Auto, LAN, clock);
        assert!(most <= 71 * MS, "{name}: {most} ns off");
        assert_eq!((play.jumps, play.changes), (0, 0), "{name}");
        assert_eq!(play.latency(), ClockTime::from_mseconds(20), "{name}");
        let (most, play) = ten_minutes(TimestampMode::Camera, LAN, clock);
        assert!(most <= 71 * MS, "{name}: {most} ns off");
        assert!(play.jumps <= 2, "{name}: {} jumps", play.jumps);
    }
}

#[test]
fn a_clock_that_stops_is_not_used_until_it_goes_on() {
    let mut play = Play::new(TimestampMode::Auto);
    play.frames(LAN.frames(0, 60 * SECOND), 0, LAN.delay, milliseconds);
    assert!(play.clock.is_in_use());
    let still = LAN.frames(60 * SECOND, 120 * SECOND).map(|way| Way { clock: LAN.start + 60_000, ..way });
    let most = play.frames(still, 60 * SECOND, LAN.delay, milliseconds);
    assert!(most <= 150 * MS, "{most} ns off");
    assert!(!play.clock.is_in_use());
    let most = play.frames(LAN.frames(120 * SECOND, 300 * SECOND), 200 * SECOND, LAN.delay, milliseconds);
    assert!(most < 5 * MS, "{most} ns off");
    assert!(play.clock.is_in_use());
    assert_eq!(play.changes, 3);
}

#[test]
fn frames_that_share_a_camera_time_follow_each_other_as_they_were_taken() {
    for (mode, changes) in [(TimestampMode::Auto, 1), (TimestampMode::Camera, 0)] {
        let mut play = Play::new(mode);
        let pairs = LAN.frames(0, 600 * SECOND).enumerate().scan(0, |clock, (n, way)| {
            *clock = if n % 2 == 0 { way.clock } else { *clock };
            Some(Way { clock: *clock, ..way })
        });
        let most = play.frames(pairs, 120 * SECOND, LAN.delay, milliseconds);
        assert!(most < 5 * MS, "{most} ns off");
        assert_eq!((play.jumps, play.changes), (0, changes));
    }
}

#[test]
fn a_slower_frame_rate_and_a_pause_change_nothing() {
    let mut play = Play::new(TimestampMode::Auto);
    let day = Camera { fps: 15, drift: -100, ..LAN };
    let night = Camera { fps: 7, ..day };
    play.frames(day.frames(0, 120 * SECOND), 0, LAN.delay, milliseconds);
    for (camera, from, to) in [(night, 120, 300), (day, 300, 400), (day, 410, 500), (night, 500, 600)] {
        let frames = camera.frames(from * SECOND, to * SECOND);
        let most = play.frames(frames, from * SECOND, LAN.delay, milliseconds);
        assert!(most < 5 * MS, "from {from} s: {most} ns off");
    }
    assert_eq!((play.jumps, play.changes), (0, 1));
}

#[test]
fn a_path_that_changes_for_good_is_followed() {
    for (delay, mode) in [(103 * MS, TimestampMode::Auto), (30 * MS, TimestampMode::Camera)] {
        let mut play = Play::new(mode);
        let other = Camera { delay, ..LAN };
        play.frames(LAN.frames(0, 200 * SECOND), 0, LAN.delay, milliseconds);
        // The line is slewed up by a hundredth: 100 ms in 10 s, after 16 s that showed it.
        play.frames(other.frames(200 * SECOND, 240 * SECOND), 0, delay, milliseconds);
        let slower = play.frames(other.frames(240 * SECOND, 400 * SECOND), 240 * SECOND, delay, milliseconds);
        play.frames(LAN.frames(400 * SECOND, 402 * SECOND), 0, LAN.delay, milliseconds);
        let faster = play.frames(LAN.frames(402 * SECOND, 600 * SECOND), 402 * SECOND, LAN.delay, milliseconds);
        assert!(slower < 5 * MS && faster < 5 * MS, "{slower} and {faster} ns off");
        assert_eq!(play.jumps, 0);
    }
}

#[test]
fn a_path_that_becomes_much_longer_is_a_jump() {
    let delay = 703 * MS;
    let other = Camera { delay, ..LAN };
    let mut play = Play::new(TimestampMode::Camera);
    play.frames(LAN.frames(0, 100 * SECOND), 0, LAN.delay, milliseconds);
    let mut distance = 0;
    for Way { taken, arrival, clock } in other.frames(100 * SECOND, 200 * SECOND) {
        let (jumps, last) = (play.jumps, play.last.unwrap().cast_signed());
        let pts = play.frame(arrival, milliseconds(clock));
        if play.jumps > jumps {
            distance = pts - last;
        }
        assert!(taken < 120 * SECOND || (pts - taken - delay).abs() < 5 * MS, "{pts} for {taken}");
    }
    assert_eq!(play.jumps, 1);
    assert!(distance > 500 * MS, "jumped by {distance} ns");
}

#[test]
fn changing_to_the_camera_is_not_seen() {
    for seed in 0..50 {
        let mut play = Play::new(TimestampMode::Auto);
        for Way { arrival, clock, .. } in (Camera { seed, ..LAN }).frames(0, 60 * SECOND) {
            let changes = play.changes;
            let pts = play.frame(arrival, milliseconds(clock));
            if play.changes > changes {
                assert!((arrival - pts).abs() <= MAX_CHANGE, "seed {seed}: {} ns", arrival - pts);
            }
        }
        assert_eq!(play.changes, 1, "seed {seed}");
    }
}

#[test]
fn the_latency_covers_what_comes_late_and_changes_seldom() {
    let camera = Camera { retransmitted: 300, ..LAN };
    let mut play = Play::new(TimestampMode::Auto);
    let mut late = 0;
    for Way { taken, arrival, clock } in camera.frames(0, 3600 * SECOND) {
        let pts = play.frame(arrival, milliseconds(clock));
        let latency = play.latency().nseconds().cast_signed();
        late += i32::from(taken > 120 * SECOND && arrival + MS > pts + latency);
    }
    assert_eq!(late, 0);
    assert!(play.latency_changes < 10, "{} changes", play.latency_changes);
}

#[test]
fn a_new_session_forgets_the_clock_and_goes_on() {
    let mut play = Play::new(TimestampMode::Auto);
    play.frames(LAN.frames(0, 60 * SECOND), 0, LAN.delay, milliseconds);
    assert!(play.clock.is_in_use());
    play.restart();
    assert!(!play.clock.is_in_use());
    let other = Camera { start: 5, drift: 100, ..LAN };
    let most = play.frames(other.frames(60 * SECOND, 300 * SECOND), 180 * SECOND, LAN.delay, milliseconds);
    assert!(most < 5 * MS, "{most} ns off");
    assert_eq!((play.jumps, play.changes), (0, 2));
}

/// [`Play::frame`] asserts what must hold.
#[test]
fn pts_rise_and_are_never_ahead_whatever_comes() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let mode = [TimestampMode::Auto, TimestampMode::Camera, TimestampMode::Arrival][(seed % 3) as usize];
        let mut play = Play::new(mode);
        let (mut arrival, mut clock) = (0, random.0.u32(..));
        let wild = [2, 20, 200, 2000][(seed / 3 % 4) as usize];
        for _ in 0..5_000 {
            let gap = [1, 33 * MS, 66 * MS, 5 * SECOND][random.below(4) as usize];
            arrival += 1 + random.below(gap);
            clock = match random.below(wild) {
                0 => random.0.u32(..),
                1 => clock.wrapping_add(random.below(20_000) as u32).wrapping_sub(10_000),
                _ => clock.wrapping_add(random.below(60) as u32),
            };
            let fraction = random.0.u32(..) % 1_000_000;
            let camera = match seed % 5 {
                0 => CameraTime::Seconds { seconds: clock, fraction },
                _ => CameraTime::Milliseconds(clock),
            };
            play.frame(arrival, camera);
            if random.one_in(1000) {
                play.restart();
            }
        }
    }
}

#[test]
fn times_of_centuries_are_no_trouble() {
    for mode in [TimestampMode::Auto, TimestampMode::Camera, TimestampMode::Arrival] {
        let (mut clock, mut stamper) = (ClockRecovery::new(mode), Stamper::default());
        for time in [0, u64::MAX / 2, u64::MAX - 1, u64::MAX - 1, 5] {
            let time = ClockTime::from_nseconds(time);
            stamper.stamp(&mut clock, time, time, CameraTime::Milliseconds(u32::MAX), Order::Decoding(None), false);
        }
    }
}
