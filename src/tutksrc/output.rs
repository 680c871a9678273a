//! Makes buffers of units.

use std::ops::Range;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tutk::{Alignment, Codec, Media, Unit};

use super::frame_queue::Arrived;
use super::gate::{Gate, Pass};
use super::timing::{ClockRecovery, Stamp, Stamper};
use crate::{caps, container};

/// Marks the camera's own time in a buffer's `GstReferenceTimestampMeta`.
static CAMERA_TIME: LazyLock<gst::Caps> = LazyLock::new(|| {
    let mut caps = gst::Caps::new_empty_simple(container::CAMERA_TIME);
    caps.make_mut().mark_may_be_leaked();
    caps
});

/// A moment of this host, and its running time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) moment: Instant,
    pub(super) running_time: gst::ClockTime,
}

impl Now {
    /// The running time of an earlier moment.
    pub(super) fn at(self, moment: Instant) -> gst::ClockTime {
        let passed = self.moment.saturating_duration_since(moment);
        self.running_time.saturating_sub(passed.try_into().unwrap_or_default())
    }
}

/// The times of a buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) pts: Option<gst::ClockTime>,
    pub(super) dts: Option<gst::ClockTime>,
    pub(super) duration: Option<gst::ClockTime>,
    /// The camera's own time.
    pub(super) camera: Duration,
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
#[derive(Debug, Default)]
pub(super) struct Stream {
    gate: Gate,
    stamper: Stamper,
    /// The times of the last picture.
    stamp: Option<Stamp>,
    /// In a container: what the labels of its buffers have in common.
    label: Option<gst::Caps>,
    in_container: bool,
    /// The running time up to which downstream has got buffers or gaps, if any.
    position: Option<gst::ClockTime>,
    /// Whether the next buffer is the first one of a session, or on another time base.
    resync: bool,
}

impl Stream {
    /// `in_container`: its buffers have labels instead of caps.
    pub(super) fn set_in_container(&mut self, in_container: bool) {
        self.in_container = in_container;
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

    pub(super) fn latency(&self, clock: &ClockRecovery) -> gst::ClockTime {
        self.stamper.latency(clock)
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
        if let Some((codec, alignment)) = caps.filter(|_| self.in_container) {
            self.label = caps::aligned(codec, alignment).map(|caps| container::reference(Media::Video, &caps));
        }
        let label = self.label.as_ref().filter(|_| self.in_container);
        let buffer = buffer(unit, stamp, label.unwrap_or(&CAMERA_TIME), discont, resync);
        Some(Output { buffer, caps: caps.filter(|_| !self.in_container), latency: None })
    }

    /// The times of the picture that the unit is of.
    fn stamp(&mut self, unit: &Unit, ready: Instant, discont: bool, clock: &mut ClockRecovery, now: Now) -> Stamp {
        if let Some(stamp) = self.stamp.filter(|_| !unit.begins_picture) {
            return stamp;
        }
        let (arrival, camera) = (now.at(unit.frame.received), unit.frame.camera_time());
        let stamp = self.stamper.stamp(clock, arrival, now.at(ready), camera, unit.order, discont);
        self.position = self.position.max(stamp.pts).max(stamp.dts);
        self.stamp = Some(Stamp { jumped: false, ..stamp });
        stamp
    }
}

fn buffer(unit: Unit, stamp: Option<Stamp>, reference: &gst::Caps, discont: bool, resync: bool) -> gst::Buffer {
    let Unit { frame, first, .. } = unit;
    let times = stamp.map(|Stamp { pts, dts, camera, .. }| Times { pts, dts, duration: None, camera });
    let mut buffer = buffer_of(frame.data, first.into()..u64::from(frame.number) + 1, times, reference);
    let flags = [
        (discont || resync, gst::BufferFlags::DISCONT),
        (resync, gst::BufferFlags::RESYNC),
        (!frame.key, gst::BufferFlags::DELTA_UNIT),
    ];
    buffer.make_mut().set_flags(flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect());
    buffer
}

/// A buffer with these numbers of the camera, and with the camera's own time, marked by `reference`: zero without times.
pub(super) fn buffer_of(
    data: Vec<u8>,
    numbers: Range<u64>,
    times: Option<Times>,
    reference: &gst::Caps,
) -> gst::Buffer {
    let mut buffer = gst::Buffer::from_mut_slice(data);
    let writable = buffer.make_mut();
    if let Some(Times { pts, dts, duration, .. }) = times {
        writable.set_pts(pts);
        writable.set_dts(dts);
        writable.set_duration(duration);
    }
    let camera = times.and_then(|times| gst::ClockTime::try_from(times.camera).ok()).unwrap_or_default();
    gst::ReferenceTimestampMeta::add(writable, reference, camera, gst::ClockTime::NONE);
    writable.set_offset(numbers.start);
    writable.set_offset_end(numbers.end);
    buffer
}
