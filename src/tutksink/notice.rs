//! What a [`Server`] returns to be logged and signalled, and how the element does so.

use std::net::SocketAddr;

use gst::prelude::*;
use gst_base::prelude::*;
use tutk::{CameraError, CameraEvents, DisconnectReason, Frame, ViewerId};

use super::TutkSink;
use super::imp::CAT;
use super::server::Server;
use super::signals;
use crate::audio::Encoding;
use crate::errors;

/// What happened that an application or the log is to know.
#[derive(Debug)]
pub(super) enum Notice {
    ViewerAdded {
        viewer: ViewerId,
        address: SocketAddr,
    },
    ViewerRemoved {
        viewer: ViewerId,
        reason: DisconnectReason,
    },
    /// A viewer has sent an IO control, and may get an answer.
    IoControl {
        viewer: ViewerId,
        kind: u32,
        body: Vec<u8>,
    },
    IoControlUnconfirmed {
        viewer: ViewerId,
        kind: u32,
    },
    /// A viewer has said this.
    Talk {
        viewer: ViewerId,
        frame: Frame,
    },
    /// A viewer does not keep up, and has missed frames.
    ViewerSlow(ViewerId),
    LoginRefused(SocketAddr),
    /// For the log alone.
    Debug(String),
}

/// The camera's thread: until the camera is closed, or the network fails.
pub(super) fn serve(sink: &TutkSink, server: &Server, mut events: CameraEvents) {
    let error = loop {
        match server.next(&mut events) {
            Ok(notice) => {
                ask_for_key(sink, server);
                report(sink, server, notice);
            }
            Err(error) => break error,
        }
    };
    for notice in server.close() {
        report(sink, server, notice);
    }
    if !matches!(error, CameraError::Closed) {
        sink.post_error_message(errors::of_camera(&error, server.uid()));
    }
}

/// Asks upstream for a key frame, if a viewer needs one.
pub(super) fn ask_for_key(sink: &TutkSink, server: &Server) {
    if server.needs_key() {
        gst::debug!(CAT, obj = sink, "Asking for a key frame");
        let event = gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build();
        if !sink.sink_pad().push_event(event) {
            gst::info!(CAT, obj = sink, "Upstream gives no key frame when asked; viewers wait for the next one");
        }
    }
}

/// Logs a notice and emits its signal. The caller holds no lock: handlers can call into the element.
fn report(sink: &TutkSink, server: &Server, notice: Notice) {
    match notice {
        Notice::ViewerAdded { viewer, address } => {
            gst::info!(CAT, obj = sink, "Viewer {viewer} at {address}");
            signals::viewer_added(sink, viewer, &address.to_string());
        }
        Notice::ViewerRemoved { viewer, reason } => {
            gst::info!(CAT, obj = sink, "Viewer {viewer} is gone: {reason:?}");
            signals::viewer_removed(sink, viewer, reason);
        }
        Notice::IoControl { viewer, kind, body } => {
            gst::debug!(CAT, obj = sink, "IO control 0x{kind:04X} of viewer {viewer}, {} bytes", body.len());
            if let Some(answer) = signals::io_control(sink, viewer, kind, body)
                && let Err(error) = server.send_io_control(viewer, kind.wrapping_add(1), &answer)
            {
                gst::warning!(CAT, obj = sink, "Cannot answer viewer {viewer}: {error}");
            }
        }
        Notice::IoControlUnconfirmed { viewer, kind } => {
            gst::warning!(CAT, obj = sink, "Viewer {viewer} did not confirm the IO control 0x{kind:04X}");
        }
        Notice::Talk { viewer, frame } => match spoken(sink, &frame) {
            Some(sample) => signals::talk_sample(sink, viewer, &sample),
            None => {
                gst::debug!(CAT, obj = sink, "Viewer {viewer} speaks {}, {} bytes", frame.codec, frame.data.len());
            }
        },
        Notice::ViewerSlow(viewer) => gst::info!(CAT, obj = sink, "Viewer {viewer} is slow and has missed frames"),
        Notice::LoginRefused(address) => {
            gst::warning!(CAT, obj = sink, "{address} tried to log in with a wrong account or password");
        }
        Notice::Debug(text) => gst::debug!(CAT, obj = sink, "{text}"),
    }
}

/// What a viewer has said, with the time at which it came; none if it is no audio that is known.
fn spoken(sink: &TutkSink, frame: &Frame) -> Option<gst::Sample> {
    let encoding = Encoding::of(frame, None)?;
    let mut buffer = gst::Buffer::from_slice(frame.data.clone());
    {
        let buffer = buffer.make_mut();
        buffer.set_pts(sink.current_running_time());
        buffer.set_duration(encoding.duration(&frame.data));
        buffer.set_offset(frame.number.into());
    }
    Some(gst::Sample::builder().buffer(&buffer).caps(&encoding.caps()).build())
}
