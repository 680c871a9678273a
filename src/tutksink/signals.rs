//! The signals of `tutksink`.
//!
//! The camera's own thread emits them, without a lock.
#![allow(unused_doc_comments)]

use std::ops::ControlFlow;
use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;
use tutk::{DisconnectReason, ViewerId};

use super::TutkSink;

static SIGNALS: LazyLock<Vec<glib::subclass::Signal>> = LazyLock::new(|| {
    vec![
        /**
         * GstTutkSink::viewer-added:
         * @viewer: the viewer's id, unique for this element
         * @address: its address
         *
         * A viewer has logged in.
         */
        glib::subclass::Signal::builder("viewer-added")
            .param_types([u64::static_type(), String::static_type()])
            .build(),
        /**
         * GstTutkSink::viewer-removed:
         * @viewer: the viewer's id
         * @reason: `closed-by-viewer`, `closed-by-camera` or `silent`
         *
         * A viewer is gone.
         */
        glib::subclass::Signal::builder("viewer-removed")
            .param_types([u64::static_type(), String::static_type()])
            .build(),
        /**
         * GstTutkSink::io-control:
         * @viewer: the viewer's id
         * @type: the type of the IO control
         * @body: its body
         *
         * A viewer has sent an IO control. What a handler returns is sent to the viewer as the answer, an IO control of
         * the next type: in this protocol 0x0331 answers 0x0330. The first handler that returns something ends the
         * emission. Start and stop of video and audio are emitted, too, after the element has handled them.
         *
         * Returns: (nullable): the body of the answer
         */
        glib::subclass::Signal::builder("io-control")
            .param_types([u64::static_type(), u32::static_type(), glib::Bytes::static_type()])
            .return_type::<Option<glib::Bytes>>()
            .accumulator(|_hint, _before, value| match value.get::<Option<glib::Bytes>>() {
                Ok(Some(_)) => ControlFlow::Break(value.clone()),
                _ => ControlFlow::Continue(value.clone()),
            })
            .build(),
        /**
         * GstTutkSink::talk-sample:
         * @viewer: the viewer's id
         * @sample: what it has said: a block of audio with its caps
         *
         * A viewer speaks, and #GstTutkSink:speaker is on. The PTS of the buffer is the running time at which it came, and its offset
         * counts the blocks: a gap there is a loss. The IO controls 0x0350 and 0x0351 say when a viewer begins and ends.
         *
         * Since: 0.2.0
         */
        glib::subclass::Signal::builder("talk-sample")
            .param_types([u64::static_type(), gst::Sample::static_type()])
            .build(),
    ]
});

pub(super) fn all() -> &'static [glib::subclass::Signal] {
    &SIGNALS
}

pub(super) fn viewer_added(sink: &TutkSink, viewer: ViewerId, address: &str) {
    sink.emit_by_name::<()>("viewer-added", &[&viewer.0, &address]);
}

pub(super) fn viewer_removed(sink: &TutkSink, viewer: ViewerId, reason: DisconnectReason) {
    let reason = match reason {
        DisconnectReason::ByViewer => "closed-by-viewer",
        DisconnectReason::ByCamera => "closed-by-camera",
        DisconnectReason::Silent => "silent",
        _ => "other",
    };
    sink.emit_by_name::<()>("viewer-removed", &[&viewer.0, &reason]);
}

pub(super) fn talk_sample(sink: &TutkSink, viewer: ViewerId, sample: &gst::Sample) {
    sink.emit_by_name::<()>("talk-sample", &[&viewer.0, sample]);
}

/// The answer that a handler gives.
pub(super) fn io_control(sink: &TutkSink, viewer: ViewerId, kind: u32, body: Vec<u8>) -> Option<glib::Bytes> {
    sink.emit_by_name("io-control", &[&viewer.0, &kind, &glib::Bytes::from_owned(body)])
}
