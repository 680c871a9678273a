//! How units become buffers.

use std::sync::LazyLock;
use std::time::Instant;

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use tutk::{Alignment, Codec, Unit};

use super::gate::Pass;
use super::imp::{CAT, TutkSrc};
use super::queue::Arrived;
use super::reconnect::Backoff;
use super::stream::State;
use super::timing::{CAMERA_TIME_CAPS, Stamp};
use crate::caps;

/// Marks the camera's own time in a buffer's `GstReferenceTimestampMeta`.
static CAMERA_TIME: LazyLock<gst::Caps> = LazyLock::new(|| {
    let mut caps = gst::Caps::new_empty_simple(CAMERA_TIME_CAPS);
    caps.make_mut().mark_may_be_leaked();
    caps
});

/// The times of a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    stamp: Stamp,
    /// The camera's own time.
    camera: gst::ClockTime,
}

impl TutkSrc {
    /// The unit as a buffer, if it goes downstream.
    pub(super) fn buffer(&self, arrived: Arrived) -> Result<Option<gst::Buffer>, gst::FlowError> {
        let Arrived { unit, alignment, after_loss, ready } = arrived;
        let pass = self.with_stream(|stream| {
            if after_loss {
                stream.gate.lost();
            }
            stream.gate.pass(&unit, alignment)
        });
        let pass = pass.ok_or(gst::FlowError::Flushing)?;
        let Some(Pass { new_caps, discont }) = pass else {
            gst::debug!(CAT, imp = self, "Dropping {:?}, which cannot be decoded", unit.frame);
            self.stats.lock().unwrap().dropped(u64::from(unit.frames));
            return Ok(None);
        };
        if new_caps {
            self.set_codec(unit.frame.codec, alignment)?;
        }
        let times = self.times(&unit, ready, discont);
        let first = self.with_stream(|stream| {
            stream.backoff = Backoff::default();
            std::mem::take(&mut stream.resync)
        });
        let resync = first == Some(true) || times.is_some_and(|times| times.stamp.jumped);
        gst::trace!(CAT, imp = self, "{:?}: {times:?}", unit.frame);

        let Unit { frame, first, .. } = unit;
        let mut buffer = gst::Buffer::from_mut_slice(frame.data);
        let writable = buffer.make_mut();
        if let Some(Times { stamp, camera }) = times {
            writable.set_pts(stamp.pts);
            writable.set_dts(stamp.dts);
            if stamp.pts.is_none() {
                self.leave_out_pts(stamp.dts);
            }
            gst::ReferenceTimestampMeta::add(writable, &CAMERA_TIME, camera, gst::ClockTime::NONE);
        }
        writable.set_offset(first.into());
        writable.set_offset_end(u64::from(frame.number) + 1);
        if discont || resync {
            writable.set_flags(gst::BufferFlags::DISCONT);
        }
        if resync {
            writable.set_flags(gst::BufferFlags::RESYNC);
        }
        if !frame.key {
            writable.set_flags(gst::BufferFlags::DELTA_UNIT);
        }
        Ok(Some(buffer))
    }

    /// When the unit is to be decoded and shown, and the camera's own time; none without a clock.
    fn times(&self, unit: &Unit, ready: Instant, discont: bool) -> Option<Times> {
        let now = self.obj().current_running_time()?;
        let at = |moment: Instant| now.saturating_sub(moment.elapsed().try_into().unwrap_or_default());
        let (times, latency) = self.with_stream(|stream| {
            // The rest of a picture.
            if let Some(times) = stream.times.filter(|_| !unit.begins_picture) {
                return (times, None);
            }
            stream.read_running_time(now);
            let (frame, order) = (&unit.frame, unit.order);
            let (arrival, ready, camera) = (at(frame.received), at(ready), frame.camera_time());
            let stamp = stream.stamper.stamp(&mut stream.clock, arrival, ready, camera, order, discont);
            let camera = gst::ClockTime::try_from(stamp.camera).unwrap_or_default();
            stream.position = stream.position.max(stamp.pts).max(stamp.dts);
            stream.times = Some(Times { stamp: Stamp { jumped: false, ..stamp }, camera });
            let latency = stream.stamper.latency(&stream.clock);
            let changed = std::mem::replace(&mut stream.latency, latency) != latency;
            (Times { stamp, camera }, changed.then_some(latency))
        })?;
        if let Some(latency) = latency {
            gst::debug!(CAT, imp = self, "The latency is now {latency}");
            let src = self.obj();
            let _ = src.post_message(gst::message::Latency::builder().src(&*src).build());
        }
        Some(times)
    }

    /// Sees to it that the next buffer, with this DTS, goes out without a PTS. The base class sets that to the DTS.
    fn leave_out_pts(&self, dts: Option<gst::ClockTime>) {
        self.obj().src_pad().add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            // A flush may have dropped the buffer that was meant.
            if let Some(buffer) = info.buffer_mut().filter(|buffer| buffer.dts() == dts) {
                buffer.make_mut().set_pts(None);
            }
            gst::PadProbeReturn::Remove
        });
    }

    fn set_codec(&self, codec: Codec, alignment: Alignment) -> Result<(), gst::FlowError> {
        let uid = self.uid();
        let caps = caps::aligned(codec, alignment).ok_or(gst::FlowError::NotNegotiated)?;
        gst::info!(CAT, imp = self, "The camera sends {codec}, caps {caps}");
        // Events that stick, as caps do, are not refused before the next buffer is: ask.
        let pad = self.obj().src_pad().clone();
        if pad.peer_query_accept_caps(&caps) && self.obj().set_caps(&caps).is_ok() {
            return Ok(());
        }
        // Downstream says no while it shuts down, too.
        if pad.pad_flags().contains(gst::PadFlags::FLUSHING) {
            return Err(gst::FlowError::Flushing);
        }
        let hint = if alignment == Alignment::Nal { " A parser before it joins the slices of a picture." } else { "" };
        gst::element_imp_error!(
            self,
            gst::CoreError::Negotiation,
            ("Camera {uid} sends {codec}, and the element after “{}” does not take that.{hint}", self.obj().name()),
            ["caps {caps}"]
        );
        Err(gst::FlowError::NotNegotiated)
    }

    /// The camera's UID, for texts.
    fn uid(&self) -> String {
        match &*self.state.lock().unwrap() {
            State::Started { options: Some(options), .. } => options.uid.to_string(),
            _ => String::new(),
        }
    }
}
