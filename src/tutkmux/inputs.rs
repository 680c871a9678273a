//! What comes in.

use tutk::Media;

use crate::container;

/// The inputs of the element, each with its own segment.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    inputs: Vec<Input>,
    /// The events that a stream begins with have been sent.
    has_begun: bool,
}

#[derive(Debug)]
struct Input {
    media: Media,
    segment: gst::FormattedSegment<gst::ClockTime>,
    /// What the labels of its buffers have in common, once its caps are known.
    label: Option<gst::Caps>,
    has_ended: bool,
}

/// Why a buffer does not go downstream.
#[derive(Debug)]
pub(super) enum Refused {
    /// It came before caps.
    NoCaps,
    /// It is outside of its segment, or has no PTS.
    NoTime,
}

impl Inputs {
    /// Adds an input. Returns false if there is one of the same kind.
    pub(super) fn add(&mut self, media: Media) -> bool {
        let is_new = self.input(media).is_none();
        if is_new {
            let segment = gst::FormattedSegment::new();
            self.inputs.push(Input { media, segment, label: None, has_ended: false });
        }
        is_new
    }

    /// Removes an input. Returns whether the stream ends by that.
    pub(super) fn remove(&mut self, media: Media) -> bool {
        let had_ended = self.input(media).is_some_and(|input| input.has_ended);
        self.inputs.retain(|input| input.media != media);
        !had_ended && self.has_ended()
    }

    /// The element stops: what was known of the streams is forgotten.
    pub(super) fn reset(&mut self) {
        self.has_begun = false;
        for input in &mut self.inputs {
            let media = input.media;
            *input = Input { media, segment: gst::FormattedSegment::new(), label: None, has_ended: false };
        }
    }

    /// Returns whether the stream begins now.
    pub(super) fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.has_begun, true)
    }

    pub(super) fn set_caps(&mut self, media: Media, caps: &gst::Caps) {
        if let Some(input) = self.input(media) {
            input.label = Some(container::reference(media, caps));
        }
    }

    /// Returns whether the segment is one of times.
    pub(super) fn set_segment(&mut self, media: Media, segment: &gst::Segment) -> bool {
        let Some(segment) = segment.downcast_ref::<gst::ClockTime>() else { return false };
        if let Some(input) = self.input(media) {
            input.segment = segment.clone();
            input.has_ended = false;
        }
        true
    }

    /// A flush is over: downstream wants a segment again.
    pub(super) fn flushed(&mut self, media: Media) {
        self.has_begun = false;
        if let Some(input) = self.input(media) {
            input.segment = gst::FormattedSegment::new();
            input.has_ended = false;
        }
    }

    /// An input has ended. Returns whether all have.
    pub(super) fn end(&mut self, media: Media) -> bool {
        if let Some(input) = self.input(media) {
            input.has_ended = true;
        }
        self.has_ended()
    }

    /// The buffer as it goes downstream, with running times.
    pub(super) fn label(&mut self, media: Media, mut buffer: gst::Buffer) -> Result<gst::Buffer, Refused> {
        let input = self.input(media).ok_or(Refused::NoCaps)?;
        let label = input.label.as_ref().ok_or(Refused::NoCaps)?;
        let pts = input.segment.to_running_time(buffer.pts()).ok_or(Refused::NoTime)?;
        let dts = buffer.dts().and_then(|dts| input.segment.to_running_time(dts));
        let writable = buffer.make_mut();
        writable.set_pts(pts);
        writable.set_dts(dts);
        gst::ReferenceTimestampMeta::add(writable, label, pts, gst::ClockTime::NONE);
        Ok(buffer)
    }

    fn input(&mut self, media: Media) -> Option<&mut Input> {
        self.inputs.iter_mut().find(|input| input.media == media)
    }

    fn has_ended(&self) -> bool {
        !self.inputs.is_empty() && self.inputs.iter().all(|input| input.has_ended)
    }
}
