use std::time::Duration;

use gst::ClockTime;
use tutk::wire::CameraTime;
use tutk::{Order, Place};

use super::latency::Latency;
use super::recovery::ClockRecovery;
use super::reorder::Reorder;
use super::sorted::SortedTimes;

/// Gives the pictures of a stream their timestamps: one for each stream. See [the module](super).
#[derive(Debug, Default)]
pub(in crate::tutksrc) struct Stamper {
    /// The last PTS, or DTS where there are any.
    last: Option<u64>,
    /// How late frames are relative to their arrival: the time that the session needs.
    after_arrival: Latency,
    /// How late they are relative to the camera's clock.
    after_camera: Latency,
    reorder: Reorder,
    camera_times: SortedTimes,
}

/// The times of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tutksrc) struct Stamp {
    /// None where the stream reorders its pictures in a way that it does not declare.
    pub(in crate::tutksrc) pts: Option<ClockTime>,
    /// Only where pictures are reordered.
    pub(in crate::tutksrc) dts: Option<ClockTime>,
    /// The camera's clock, which PTS follow, or the network path jumped: the distance to the PTS before is not that of the
    /// frames.
    pub(in crate::tutksrc) jumped: bool,
    /// The camera's own time: since 1970 in the camera's time zone if the camera counts seconds, otherwise since an unknown
    /// moment. It continues where the camera's 32 bits of milliseconds wrap.
    pub(in crate::tutksrc) camera: Duration,
}

impl Stamper {
    /// Another session: PTS keep rising, and the latency is still that of this network.
    pub(in crate::tutksrc) fn restart(&mut self) {
        let Self { last, after_arrival, after_camera, .. } = std::mem::take(self);
        *self = Self { last, after_arrival, after_camera, ..Self::default() };
    }

    /// Running times restart: forgets everything.
    pub(in crate::tutksrc) fn reset(&mut self) {
        *self = Self::default();
    }

    /// The times of the next picture. `arrival` is the running time at which its last datagram came, `ready` that at which
    /// it could go downstream, `camera` what the camera's clock said. `discont`: pictures are missing before it.
    ///
    /// PTS rise strictly, unless `order` is another one: then DTS do, and PTS are at or after them. Neither is ever after
    /// `ready`, if that rises from frame to frame.
    pub(in crate::tutksrc) fn stamp(
        &mut self,
        clock: &mut ClockRecovery,
        arrival: ClockTime,
        ready: ClockTime,
        camera: CameraTime,
        order: Order,
        discont: bool,
    ) -> Stamp {
        let floor = self.last.unwrap_or_default();
        let read = clock.read(camera);
        let camera = ClockRecovery::duration(read);
        let read = match order {
            Order::Display(Place { depth, .. }) => self.camera_times.sort(read, depth),
            Order::Decoding(_) | Order::Unknown => read,
        };
        let (time, jumped) = self.time(clock, arrival, ready, read);
        let time_of = |nanos| Some(ClockTime::from_nseconds(nanos));
        match order {
            Order::Decoding(place) => {
                if let Some(place) = place {
                    self.reorder.watch(time, place);
                }
                Stamp { pts: time_of(time), dts: None, jumped, camera }
            }
            Order::Unknown => Stamp { pts: None, dts: time_of(time), jumped, camera },
            Order::Display(place) => {
                let (pts, dts) = self.reorder.next(time, floor, discont, place);
                let late = ready.nseconds().saturating_sub(pts.unwrap_or(dts));
                let latency = if clock.is_in_use() { &mut self.after_camera } else { &mut self.after_arrival };
                latency.observe(ready.nseconds(), late);
                Stamp { pts: pts.and_then(time_of), dts: time_of(dts), jumped, camera }
            }
        }
    }

    /// A gap event was sent up to this running time: PTS to come are later.
    pub(in crate::tutksrc) fn pass(&mut self, time: ClockTime) {
        self.last = self.last.max(Some(time.nseconds()));
    }

    /// What a latency query answers: how late frames are relative to their PTS, rounded up, between 20 ms and 2 s.
    pub(in crate::tutksrc) fn latency(&self, clock: &ClockRecovery) -> ClockTime {
        if clock.is_in_use() { self.after_camera.answer() } else { self.after_arrival.answer() }
    }

    /// The time of the next frame, and whether it jumped. Times rise strictly.
    fn time(&mut self, clock: &mut ClockRecovery, arrival: ClockTime, ready: ClockTime, camera: i64) -> (u64, bool) {
        let arrival = arrival.min(ready);
        let (time, jumped) = match clock.observe(arrival, camera) {
            None => (arrival, false),
            Some(recovered) => {
                if recovered.reset && !clock.is_in_use() {
                    self.after_camera = Latency::default();
                }
                let late = ready.nseconds().saturating_sub(recovered.time.nseconds());
                self.after_camera.observe(ready.nseconds(), late);
                (if clock.is_in_use() { recovered.time } else { arrival }, recovered.jumped)
            }
        };
        let time = match self.last {
            Some(last) => time.nseconds().max(last.saturating_add(1)).min(ClockTime::MAX.nseconds()),
            None => time.nseconds(),
        };
        self.last = Some(time);
        self.after_arrival.observe(ready.nseconds(), ready.nseconds().saturating_sub(arrival.nseconds()));
        (time, jumped)
    }
}
