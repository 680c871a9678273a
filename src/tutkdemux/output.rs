//! The pads of streams.

use std::sync::Arc;

use gst::prelude::*;
use tutk::Media;

use super::pad_queue::PadQueue;

/// A source pad. That of audio pushes on a thread of its own, that of video on the thread of upstream: if it is held up,
/// `tutksrc` drops frames up to a key frame.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) pad: gst::Pad,
    queue: Option<Arc<PadQueue>>,
}

impl Output {
    /// An active pad, which is not in the element yet.
    pub(super) fn new(media: Media) -> Option<Self> {
        let template = super::imp::template(media)?;
        let builder = gst::Pad::builder_from_template(&template).name(format!("{media}_0"));
        let (builder, queue) = match media {
            Media::Video => (builder, None),
            Media::Audio => {
                let queue = Arc::<PadQueue>::default();
                let activated = queue.clone();
                let activate =
                    move |pad: &gst::Pad, _: Option<&gst::Object>, _mode, active| activated.activate(pad, active);
                (builder.activatemode_function(activate), Some(queue))
            }
        };
        let pad = builder.build();
        pad.use_fixed_caps();
        // It has to be active for sticky events.
        let _ = pad.set_active(true);
        Some(Self { pad, queue })
    }

    /// Returns what downstream says; of audio, what it has said of an earlier buffer.
    pub(super) fn push(&self, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        match &self.queue {
            Some(queue) => queue.push(buffer),
            None => self.pad.push(buffer),
        }
    }

    /// Pushes an event that keeps its place among the buffers.
    pub(super) fn push_event(&self, event: gst::Event) {
        match &self.queue {
            Some(queue) => queue.push_event(event),
            None => drop(self.pad.push_event(event)),
        }
    }

    /// A flush begins, downstream has been told.
    pub(super) fn flush(&self) {
        if let Some(queue) = &self.queue {
            queue.stop();
        }
    }

    /// A flush is over, downstream has been told.
    pub(super) fn flushed(&self) {
        if let Some(Err(error)) = self.queue.as_ref().map(|queue| queue.start(&self.pad)) {
            error.log();
        }
    }
}
