//! How frames become buffers.

use std::sync::LazyLock;
use std::time::Instant;

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use tutk::{Codec, Frame};

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

impl TutkSrc {
    /// The frame as a buffer, if it goes downstream.
    pub(super) fn buffer(&self, arrived: Arrived) -> Result<Option<gst::Buffer>, gst::FlowError> {
        let Arrived { frame, after_loss, ready } = arrived;
        let pass = self.with_stream(|stream| {
            if after_loss {
                stream.gate.lost();
            }
            stream.gate.pass(&frame)
        });
        let pass = pass.ok_or(gst::FlowError::Flushing)?;
        let Some(Pass { new_codec, discont, delta }) = pass else {
            gst::debug!(CAT, imp = self, "Dropping {frame:?}, which cannot be decoded");
            self.stats.lock().unwrap().dropped();
            return Ok(None);
        };
        if new_codec {
            self.set_codec(frame.codec)?;
        }
        let number = u64::from(frame.number);
        let stamp = self.stamp(&frame, ready);
        let first = self.with_stream(|stream| {
            stream.backoff = Backoff::default();
            std::mem::take(&mut stream.resync)
        });
        let resync = first == Some(true) || stamp.is_some_and(|(stamp, _)| stamp.jumped);
        gst::trace!(CAT, imp = self, "{frame:?}: {stamp:?}");

        let mut buffer = gst::Buffer::from_mut_slice(frame.data);
        let writable = buffer.make_mut();
        if let Some((stamp, camera_time)) = stamp {
            writable.set_pts(stamp.pts);
            gst::ReferenceTimestampMeta::add(writable, &CAMERA_TIME, camera_time, gst::ClockTime::NONE);
        }
        writable.set_offset(number);
        writable.set_offset_end(number + 1);
        if discont || resync {
            writable.set_flags(gst::BufferFlags::DISCONT);
        }
        if resync {
            writable.set_flags(gst::BufferFlags::RESYNC);
        }
        if delta {
            writable.set_flags(gst::BufferFlags::DELTA_UNIT);
        }
        Ok(Some(buffer))
    }

    /// When the frame is to be played, and the camera's own time; none without a clock.
    fn stamp(&self, frame: &Frame, ready: Instant) -> Option<(Stamp, gst::ClockTime)> {
        let now = self.obj().current_running_time()?;
        let at = |moment: Instant| now.saturating_sub(moment.elapsed().try_into().unwrap_or_default());
        let (stamp, camera_time, latency) = self.with_stream(|stream| {
            stream.read_running_time(now);
            let stamp = stream.timing.stamp(at(frame.received), at(ready), frame.camera_time());
            stream.position = Some(stamp.pts);
            let latency = stream.timing.latency();
            let changed = std::mem::replace(&mut stream.latency, latency) != latency;
            (stamp, stream.timing.camera_time(), changed.then_some(latency))
        })?;
        if let Some(latency) = latency {
            gst::debug!(CAT, imp = self, "The latency is now {latency}");
            let src = self.obj();
            let _ = src.post_message(gst::message::Latency::builder().src(&*src).build());
        }
        Some((stamp, gst::ClockTime::try_from(camera_time).unwrap_or_default()))
    }

    fn set_codec(&self, codec: Codec) -> Result<(), gst::FlowError> {
        let uid = self.uid();
        let Some(caps) = caps::from_codec(codec) else {
            gst::element_imp_error!(
                self,
                gst::StreamError::Format,
                ("Camera {uid} sends video in a format that is not known: {codec}."),
                ["codec id 0x{:02X}", codec.id()]
            );
            return Err(gst::FlowError::Error);
        };
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
        gst::element_imp_error!(
            self,
            gst::CoreError::Negotiation,
            ("Camera {uid} sends {codec}, and the element after “{}” does not take that.", self.obj().name()),
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
