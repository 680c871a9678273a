use std::time::Duration;

use gst::ClockTime;
use tutk::wire::CameraTime;

use super::camera_clock::CameraClock;
use super::envelope::{LowerEnvelope, MAX_TIME};
use super::theil_sen::Point;
use crate::TimestampMode;

/// How long a camera's clock has to be sane before it is used, in nanoseconds.
const PROBATION: i64 = 16_000_000_000;
/// Longest probation, after failures.
const MAX_PROBATION: i64 = 16 * PROBATION;
/// The change to the camera's clock is made at a frame with at most this delay.
pub(super) const MAX_CHANGE: i64 = 2_000_000;

/// Two streams of a session with the same clock are never further apart, in microseconds.
const MAX_DISTANCE: i64 = 5_000_000;

/// The camera's clock, mapped to the running time: one for each session. See [the module](super).
#[derive(Debug)]
pub(in crate::tutksrc) struct ClockRecovery {
    mode: TimestampMode,
    clock: CameraClock,
    envelope: Option<LowerEnvelope>,
    in_use: bool,
    /// Since when the camera's clock has been sane.
    sane_since: Option<i64>,
    probation: i64,
}

/// What the camera's clock says of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recovered {
    /// The running time of the camera's time. Never after the arrival.
    pub(super) time: ClockTime,
    /// The mapping is another one from here on.
    pub(super) reset: bool,
    /// The mapping is another one, and the time before was of the earlier one.
    pub(super) jumped: bool,
}

impl ClockRecovery {
    pub(in crate::tutksrc) fn new(mode: TimestampMode) -> Self {
        Self {
            mode,
            clock: CameraClock::default(),
            envelope: None,
            in_use: mode == TimestampMode::Camera,
            sane_since: None,
            probation: PROBATION,
        }
    }

    /// Another session, perhaps with another clock, or other running times: forgets everything.
    pub(in crate::tutksrc) fn reset(&mut self) {
        *self = Self::new(self.mode);
    }

    /// How much faster than the pipeline's clock the camera's runs, in parts per million, once known.
    pub(in crate::tutksrc) fn drift(&self) -> Option<f64> {
        self.envelope.as_ref()?.drift().map(|drift| drift * 1e6)
    }

    /// Whether timestamps are to follow the camera's clock.
    pub(in crate::tutksrc) fn is_in_use(&self) -> bool {
        self.in_use
    }

    /// The camera's time of a frame, in microseconds.
    pub(super) fn read(&mut self, time: CameraTime) -> i64 {
        self.clock.read(time)
    }

    /// A time that [`read`](Self::read) returned: since 1970 in the camera's time zone if the camera counts seconds,
    /// otherwise since an unknown moment.
    pub(super) fn duration(camera: i64) -> Duration {
        CameraClock::duration(camera)
    }

    /// Takes a frame into account, with its arrival as a running time; none if the camera's clock does not matter.
    ///
    /// One stream of a session is observed. Its times must not go back.
    pub(super) fn observe(&mut self, arrival: ClockTime, camera: i64) -> Option<Recovered> {
        if self.mode == TimestampMode::Arrival {
            return None;
        }
        let frame = Point { camera, local: signed(arrival) };
        let observed = self.envelope.get_or_insert_with(|| LowerEnvelope::new(frame)).observe(frame);
        let was_in_use = self.in_use;
        self.check(frame, observed.jumped);
        if !self.in_use && self.has_passed_probation(frame) && observed.delay <= MAX_CHANGE {
            self.in_use = true;
        }
        Some(Recovered {
            time: ClockTime::from_nseconds(observed.time.max(0).unsigned_abs()),
            reset: observed.jumped,
            jumped: observed.jumped && was_in_use,
        })
    }

    /// The running time of a time that another stream's clock has read, in nanoseconds. None while the camera's clock is not in
    /// use, and if that is another clock: one that is more than 5 s from the observed one.
    pub(super) fn map(&self, camera: i64) -> Option<i64> {
        let envelope = self.envelope.as_ref().filter(|_| self.in_use)?;
        let last = envelope.last_camera();
        let distance = self.clock.without_wraps(camera.wrapping_sub(last));
        let near = (-MAX_DISTANCE..=MAX_DISTANCE).contains(&distance);
        near.then(|| envelope.at(last.wrapping_add(distance)).max(0))
    }

    /// Leaves the camera's clock if this frame shows that it is useless.
    fn check(&mut self, frame: Point, jumped: bool) {
        // In camera mode, the clock may be set now and then.
        let may_jump =
            self.mode == TimestampMode::Camera && self.sane_since.is_none_or(|since| frame.local - since >= PROBATION);
        let sane = self.envelope.as_ref().is_some_and(LowerEnvelope::is_sane) && (may_jump || !jumped);
        if jumped {
            self.sane_since = Some(frame.local);
        }
        if self.in_use && !sane {
            self.in_use = false;
            self.sane_since = Some(frame.local);
            self.probation = (2 * self.probation).min(MAX_PROBATION);
        }
    }

    fn has_passed_probation(&mut self, frame: Point) -> bool {
        let since = *self.sane_since.get_or_insert(frame.local);
        frame.local - since >= self.probation && self.envelope.as_ref().is_some_and(LowerEnvelope::is_reliable)
    }
}

/// Running times as numbers that can be subtracted; those of centuries are cut.
fn signed(time: ClockTime) -> i64 {
    i64::try_from(time.nseconds()).unwrap_or(i64::MAX).min(MAX_TIME)
}
