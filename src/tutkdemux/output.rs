//! The pads of streams.

use std::sync::Arc;

use gst::prelude::*;
use tutk::Media;

use super::pad_queue::{PadQueue, PadQueues};

/// A source pad, which pushes on a thread of its own.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) pad: gst::Pad,
    queue: PadQueue,
}

impl Output {
    /// An active pad, which is not in the element yet.
    pub(super) fn new(media: Media, queues: &Arc<PadQueues>) -> Option<Self> {
        let template = super::imp::template(media)?;
        let queue = PadQueue::new(media, queues.clone());
        let activated = queue.clone();
        let pad = gst::Pad::builder_from_template(&template)
            .name(format!("{media}_0"))
            .activatemode_function(move |pad, _, _mode, active| activated.activate(pad, active))
            .build();
        pad.use_fixed_caps();
        // It has to be active for sticky events.
        let _ = pad.set_active(true);
        Some(Self { pad, queue })
    }

    /// Returns what downstream has said of an earlier buffer. Waits if too much video waits.
    pub(super) fn push(&self, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.queue.push(buffer)
    }

    /// Pushes an event that keeps its place among the buffers.
    pub(super) fn push_event(&self, event: gst::Event) {
        self.queue.push_event(event);
    }

    /// A flush begins, downstream has been told.
    pub(super) fn flush(&self) {
        self.queue.stop();
    }

    /// A flush is over, downstream has been told.
    pub(super) fn flushed(&self) {
        if let Err(error) = self.queue.start(&self.pad) {
            error.log();
        }
    }
}
