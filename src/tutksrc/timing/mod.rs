//! Decides which PTS a frame gets: of its arrival, or of the camera's clock.
//!
//! Arrival tells the time without fail, and with all of the network's jitter. The camera's clock knows when a frame was
//! taken, and may have any offset and drift, be set while it is watched, stand still, or count in other units than it
//! should. What maps one onto the other is a line, running time over camera time. Networks only ever make frames late,
//! key frames later than others and resends by up to a second, so that the line lies *under* the arrivals: of every two
//! seconds the least late frame counts; the line goes down at once where a frame comes before its time, and up, too
//! slowly to be seen, where for a minute none came in time, or for sixteen seconds none by far. Its slope is the median
//! of those between the least late frames of the last minute, which a few late ones do not turn. A clock that goes back,
//! or away from the line by more than a network does, has jumped: another line begins.
//!
//! In `auto`, the camera's clock has to prove itself for [`PROOF`], and again for twice as long after each failure.
//! The change to it is made at a frame that lies on the line, where both agree. Until then arrival counts, as it does in
//! `camera` for a clock that jumps again and again.
//!
//! `rtpjitterbuffer` and `ndisrc` keep the least delay of some seconds, without a slope, and begin anew at each jump
//! or stall of a second.
//!
//! Where pictures are shown in another order than they come (B-frames), these times are DTS, in the order of arrival, and PTS
//! are the same times in the order of the stream: [`Reorder`].
//!
//! There is no clock in here, nothing waits, and nothing is allocated without B-frames.

mod clock;
mod latency;
mod line;
mod presentation;
mod reorder;
#[cfg(test)]
mod reordered_tests;
mod slope;
#[cfg(test)]
mod tests;

use std::time::Duration;

use gst::ClockTime;
use tutk::wire::CameraTime;
use tutk::{Order, Place};

use crate::TimestampMode;
use clock::CameraClock;
use latency::Latency;
use line::{FAR, Line};
use presentation::Sorted;
use reorder::Reorder;
use slope::Point;

/// How long a camera's clock has to be sane before it is used, in nanoseconds.
const PROOF: i64 = 16_000_000_000;
/// Longest proof, after failures.
const LONGEST_PROOF: i64 = 16 * PROOF;
/// Frames that come later than this do not lie on the line.
const ON_LINE: i64 = 2_000_000;

/// Name of the caps that mark [`Timing::camera_time`] in a `GstReferenceTimestampMeta`.
pub(super) const CAMERA_TIME_CAPS: &str = "timestamp/x-tutk-camera";

/// See [the module](self).
#[derive(Debug)]
pub(super) struct Timing {
    mode: TimestampMode,
    clock: CameraClock,
    line: Option<Line>,
    /// PTS are those of the camera's clock.
    uses_camera: bool,
    /// Since when the camera's clock has given no cause for doubt.
    sane_since: Option<i64>,
    /// How long the camera's clock has to be sane.
    proof: i64,
    last_pts: Option<u64>,
    /// How late frames come relative to their arrival: what their way through the session takes.
    after_arrival: Latency,
    /// How late they come relative to the camera's clock.
    after_camera: Latency,
    reorder: Reorder,
    camera_times: Sorted,
}

/// The time of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// None where pictures are reordered in a way that the stream does not tell.
    pub(super) pts: Option<ClockTime>,
    /// Only where pictures are reordered.
    pub(super) dts: Option<ClockTime>,
    /// The camera's clock, which PTS follow, or the way from it jumped: their distance to the PTS before is not that of the frames.
    pub(super) jumped: bool,
}

impl Timing {
    pub(super) fn new(mode: TimestampMode) -> Self {
        Self {
            mode,
            clock: CameraClock::default(),
            line: None,
            uses_camera: mode == TimestampMode::Camera,
            sane_since: None,
            proof: PROOF,
            last_pts: None,
            after_arrival: Latency::default(),
            after_camera: Latency::default(),
            reorder: Reorder::default(),
            camera_times: Sorted::default(),
        }
    }

    /// A new session, perhaps with another clock: what was learned of the camera's is forgotten. PTS go on rising, and
    /// the latency is still that of this network.
    pub(super) fn restart(&mut self) {
        let Self { mode, last_pts, .. } = *self;
        let after_arrival = std::mem::take(&mut self.after_arrival);
        let after_camera = std::mem::take(&mut self.after_camera);
        *self = Self { last_pts, after_arrival, after_camera, ..Self::new(mode) };
    }

    /// Running times begin anew, before those that were seen: nothing of before counts.
    pub(super) fn rebase(&mut self) {
        *self = Self::new(self.mode);
    }

    /// The time of the next picture. `arrival` is the running time at which its last datagram came, `ready` that at which
    /// it could go downstream, `camera` what the camera's clock said. `discont`: pictures are missing before it.
    ///
    /// PTS rise strictly, unless `order` is another one: then DTS do, and PTS are at or after them. Neither is ever after
    /// `ready`, if that goes on from frame to frame.
    pub(super) fn stamp(
        &mut self,
        arrival: ClockTime,
        ready: ClockTime,
        camera: CameraTime,
        order: Order,
        discont: bool,
    ) -> Stamp {
        let floor = self.last_pts.unwrap_or_default();
        let camera = self.clock.read(camera);
        let camera = match order {
            Order::Display(Place { depth, .. }) => self.camera_times.sort(camera, depth),
            Order::Decoding(_) | Order::Unknown => camera,
        };
        let (time, jumped) = self.time(arrival, ready, camera);
        let time_of = |nanos| Some(ClockTime::from_nseconds(nanos));
        match order {
            Order::Decoding(place) => {
                if let Some(place) = place {
                    self.reorder.watch(time, place);
                }
                Stamp { pts: time_of(time), dts: None, jumped }
            }
            Order::Unknown => Stamp { pts: None, dts: time_of(time), jumped },
            Order::Display(place) => {
                let (pts, dts) = self.reorder.next(time, floor, discont, place);
                let late = ready.nseconds().saturating_sub(pts.unwrap_or(dts));
                let latency = if self.uses_camera { &mut self.after_camera } else { &mut self.after_arrival };
                latency.observe(ready.nseconds(), late);
                Stamp { pts: pts.and_then(time_of), dts: time_of(dts), jumped }
            }
        }
    }

    /// The time of the next frame, and whether it jumped. Times rise strictly.
    fn time(&mut self, arrival: ClockTime, ready: ClockTime, camera: i64) -> (u64, bool) {
        let arrival = arrival.min(ready);
        let frame = Point { camera, local: signed(arrival) };
        let (time, jumped) = match self.mode {
            TimestampMode::Arrival => (arrival, false),
            TimestampMode::Auto | TimestampMode::Camera => self.follow(frame, ready),
        };
        let time = match self.last_pts {
            Some(last) => time.nseconds().max(last.saturating_add(1)).min(ClockTime::MAX.nseconds()),
            None => time.nseconds(),
        };
        self.last_pts = Some(time);
        self.after_arrival.observe(ready.nseconds(), ready.nseconds().saturating_sub(arrival.nseconds()));
        (time, jumped)
    }

    /// Downstream has heard that time has passed until this running time: PTS to come are later.
    pub(super) fn pass(&mut self, time: ClockTime) {
        self.last_pts = self.last_pts.max(Some(time.nseconds()));
    }

    /// The camera's own time of the last frame: since 1970 in the camera's time zone if it tells seconds, otherwise
    /// since an unknown moment. Goes on where the camera's 32 bits of milliseconds wrap.
    pub(super) fn camera_time(&self) -> Duration {
        self.clock.time()
    }

    /// What a latency query answers: how late frames come relative to their PTS, rounded up, between 20 ms and 2 s.
    pub(super) fn latency(&self) -> ClockTime {
        if self.uses_camera { self.after_camera.answer() } else { self.after_arrival.answer() }
    }

    /// How much faster than the pipeline's the camera's clock goes, in parts per million, once known.
    pub(super) fn drift(&self) -> Option<f64> {
        self.line.as_ref()?.drift().map(|drift| drift * 1e6)
    }

    /// Whether PTS are those of the camera's clock.
    pub(super) fn uses_camera(&self) -> bool {
        self.uses_camera
    }

    /// The time of a frame, and whether it jumped, if the camera's clock has a say.
    fn follow(&mut self, frame: Point, ready: ClockTime) -> (ClockTime, bool) {
        let place = self.line.get_or_insert_with(|| Line::new(frame)).place(frame);
        let jumped = self.uses_camera && place.jumped;
        self.judge(frame, place.jumped);
        if !self.uses_camera && self.has_proved(frame) && place.late <= ON_LINE {
            self.uses_camera = true;
        }
        let time = ClockTime::from_nseconds(place.time.max(0).unsigned_abs());
        self.after_camera.observe(ready.nseconds(), ready.nseconds().saturating_sub(time.nseconds()));
        (if self.uses_camera { time } else { ClockTime::from_nseconds(frame.local.unsigned_abs()) }, jumped)
    }

    /// Leaves the camera's clock if this frame shows that it is of no use.
    fn judge(&mut self, frame: Point, jumped: bool) {
        // In camera mode, the clock may be set now and then.
        let set =
            self.mode == TimestampMode::Camera && self.sane_since.is_none_or(|since| frame.local - since >= PROOF);
        let sane = self.line.as_ref().is_some_and(Line::is_sane) && (set || !jumped);
        if jumped {
            self.sane_since = Some(frame.local);
        }
        if self.uses_camera && !sane {
            self.uses_camera = false;
            self.sane_since = Some(frame.local);
            self.proof = (2 * self.proof).min(LONGEST_PROOF);
        }
        if jumped && !self.uses_camera {
            self.after_camera = Latency::default();
        }
    }

    fn has_proved(&mut self, frame: Point) -> bool {
        let since = *self.sane_since.get_or_insert(frame.local);
        frame.local - since >= self.proof && self.line.as_ref().is_some_and(Line::is_known)
    }
}

/// Running times as numbers that can be subtracted; those of centuries are cut.
fn signed(time: ClockTime) -> i64 {
    i64::try_from(time.nseconds()).unwrap_or(i64::MAX).min(FAR)
}
