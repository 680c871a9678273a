//! Events and caps for downstream.

use gst::prelude::*;
use gst_base::prelude::*;
use tutk::{Alignment, Codec};

use super::TutkSrc;
use super::imp::CAT;
use crate::caps;

/// Time has passed without a frame.
pub(super) fn push_gap(src: &TutkSrc, from: gst::ClockTime, to: gst::ClockTime) {
    src.src_pad().push_event(gst::event::Gap::builder(from).duration(to - from).build());
}

/// Sets the caps of the next buffer. Posts an error if downstream does not take them.
pub(super) fn set_caps(src: &TutkSrc, codec: Codec, alignment: Alignment) -> Result<(), gst::FlowError> {
    let caps = caps::aligned(codec, alignment).ok_or(gst::FlowError::NotNegotiated)?;
    gst::info!(CAT, obj = src, "The camera sends {codec}, caps {caps}");
    // Sticky events, as caps are, are not refused before the next buffer is: ask.
    let pad = src.src_pad();
    if pad.peer_query_accept_caps(&caps) && src.set_caps(&caps).is_ok() {
        return Ok(());
    }
    // Downstream refuses while it shuts down, too.
    if pad.pad_flags().contains(gst::PadFlags::FLUSHING) {
        return Err(gst::FlowError::Flushing);
    }
    let uid = src.property::<Option<String>>("uid").unwrap_or_default();
    let hint = if alignment == Alignment::Nal { " A parser before it joins the slices of a picture." } else { "" };
    gst::element_error!(
        src,
        gst::CoreError::Negotiation,
        ("Camera {uid} sends {codec}, and the element after “{}” does not take that.{hint}", src.name()),
        ["caps {caps}"]
    );
    Err(gst::FlowError::NotNegotiated)
}

/// Makes the next buffer, with this DTS, go out without a PTS. The base class sets that to the DTS.
pub(super) fn leave_out_pts(src: &TutkSrc, dts: gst::ClockTime) {
    src.src_pad().add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        // A flush may have dropped the buffer that was meant.
        if let Some(buffer) = info.buffer_mut().filter(|buffer| buffer.dts() == Some(dts)) {
            buffer.make_mut().set_pts(None);
        }
        gst::PadProbeReturn::Remove
    });
}
