//! Makes buffers of units.

use std::sync::LazyLock;
use std::time::Instant;

use tutk::{Alignment, Codec, Unit};

use super::frame_queue::Arrived;
use super::gate::{Gate, Pass};
use super::timing::{CAMERA_TIME_CAPS, ClockRecovery, Stamp, Stamper};

/// Marks the camera's own time in a buffer's `GstReferenceTimestampMeta`.
static CAMERA_TIME: LazyLock<gst::Caps> = LazyLock::new(|| {
    let mut caps = gst::Caps::new_empty_simple(CAMERA_TIME_CAPS);
    caps.make_mut().mark_may_be_leaked();
    caps
});

/// A moment of this host, and its running time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) moment: Instant,
    pub(super) running_time: gst::ClockTime,
}

/// A buffer that goes downstream.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) buffer: gst::Buffer,
    /// Its caps, where they are new.
    pub(super) caps: Option<(Codec, Alignment)>,
    /// What the latency query answers now, where that has changed.
    pub(super) latency: Option<gst::ClockTime>,
}

/// The stream that goes downstream, over all sessions.
#[derive(Debug)]
pub(super) struct Stream {
    gate: Gate,
    stamper: Stamper,
    /// The times of the last picture.
    stamp: Option<Stamp>,
    /// What the latency query answers.
    latency: gst::ClockTime,
    /// The running time up to which downstream has got buffers or gaps, if any.
    position: Option<gst::ClockTime>,
    /// Whether the next buffer is the first one of a session, or on another time base.
    resync: bool,
}

impl Stream {
    pub(super) fn new(clock: &ClockRecovery) -> Self {
        let stamper = Stamper::default();
        let latency = stamper.latency(clock);
        Self { gate: Gate::default(), stamper, stamp: None, latency, position: None, resync: false }
    }

    /// Another session begins.
    pub(super) fn restart(&mut self) {
        self.gate.lost();
        self.stamper.restart();
        self.resync = true;
    }

    /// A flush has dropped buffers downstream, and the state of decoders.
    pub(super) fn flushed(&mut self) {
        self.gate.lost();
    }

    /// Running times restart: earlier ones do not count.
    pub(super) fn rebase(&mut self) {
        self.stamper.reset();
        self.stamp = None;
        self.position = None;
        self.resync = true;
    }

    /// The caps of the last buffer were not taken downstream.
    pub(super) fn caps_refused(&mut self) {
        self.gate.caps_refused();
    }

    pub(super) fn latency(&self) -> gst::ClockTime {
        self.latency
    }

    /// Time passes without a frame. Returns the begin of the gap that ends now; none where downstream has seen no frame.
    pub(super) fn gap(&mut self, now: gst::ClockTime) -> Option<gst::ClockTime> {
        let from = self.position.filter(|from| *from < now)?;
        self.stamper.pass(now);
        self.position = Some(now);
        Some(from)
    }

    /// The unit as a buffer; none if it does not go downstream. Without a clock, the buffer has no times.
    pub(super) fn output(&mut self, arrived: Arrived, clock: &mut ClockRecovery, now: Option<Now>) -> Option<Output> {
        let Arrived { unit, alignment, after_loss, ready } = arrived;
        if after_loss {
            self.gate.lost();
        }
        let Pass { new_caps, discont } = self.gate.pass(&unit, alignment)?;
        let stamp = now.map(|now| self.stamp(&unit, ready, discont, clock, now));
        let resync = std::mem::take(&mut self.resync) || stamp.is_some_and(|stamp| stamp.jumped);
        let caps = new_caps.then_some((unit.frame.codec, alignment));
        let latency = now.and_then(|_| {
            let latency = self.stamper.latency(clock);
            (std::mem::replace(&mut self.latency, latency) != latency).then_some(latency)
        });
        Some(Output { buffer: buffer(unit, stamp, discont, resync), caps, latency })
    }

    /// The times of the picture that the unit is of.
    fn stamp(&mut self, unit: &Unit, ready: Instant, discont: bool, clock: &mut ClockRecovery, now: Now) -> Stamp {
        if let Some(stamp) = self.stamp.filter(|_| !unit.begins_picture) {
            return stamp;
        }
        let at = |moment: Instant| {
            let passed = now.moment.saturating_duration_since(moment);
            now.running_time.saturating_sub(passed.try_into().unwrap_or_default())
        };
        let (arrival, camera) = (at(unit.frame.received), unit.frame.camera_time());
        let stamp = self.stamper.stamp(clock, arrival, at(ready), camera, unit.order, discont);
        self.position = self.position.max(stamp.pts).max(stamp.dts);
        self.stamp = Some(Stamp { jumped: false, ..stamp });
        stamp
    }
}

fn buffer(unit: Unit, stamp: Option<Stamp>, discont: bool, resync: bool) -> gst::Buffer {
    let Unit { frame, first, .. } = unit;
    let mut buffer = gst::Buffer::from_mut_slice(frame.data);
    let writable = buffer.make_mut();
    if let Some(Stamp { pts, dts, camera, .. }) = stamp {
        writable.set_pts(pts);
        writable.set_dts(dts);
        let camera = gst::ClockTime::try_from(camera).unwrap_or_default();
        gst::ReferenceTimestampMeta::add(writable, &CAMERA_TIME, camera, gst::ClockTime::NONE);
    }
    writable.set_offset(first.into());
    writable.set_offset_end(u64::from(frame.number) + 1);
    let flags = [
        (discont || resync, gst::BufferFlags::DISCONT),
        (resync, gst::BufferFlags::RESYNC),
        (!frame.key, gst::BufferFlags::DELTA_UNIT),
    ];
    writable.set_flags(flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect());
    buffer
}
