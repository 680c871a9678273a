//! What comes in, and waits for the thread of the source pad.

use std::collections::VecDeque;

use tutk::Media;

use crate::container;

/// Buffers of an input that wait, before its thread does: more than a second.
const MAX_BUFFERS: usize = 64;

/// The inputs of the element, each with its own segment.
#[derive(Debug)]
pub(super) struct Inputs {
    inputs: Vec<Input>,
    /// The events that a stream begins with have been sent.
    has_begun: bool,
    /// The end has been sent.
    is_over: bool,
    /// Nothing is taken, and nothing goes downstream.
    pub(super) flushing: bool,
    /// What downstream has said last.
    pub(super) flow: Result<gst::FlowSuccess, gst::FlowError>,
}

impl Default for Inputs {
    fn default() -> Self {
        let flow = Ok(gst::FlowSuccess::Ok);
        Self { inputs: Vec::new(), has_begun: false, is_over: false, flushing: true, flow }
    }
}

#[derive(Debug)]
struct Input {
    media: Media,
    segment: gst::FormattedSegment<gst::ClockTime>,
    /// What the labels of its buffers have in common, once its caps are known.
    label: Option<gst::Caps>,
    has_ended: bool,
    waiting: VecDeque<gst::Buffer>,
}

impl Input {
    fn new(media: Media) -> Self {
        let (segment, waiting) = (gst::FormattedSegment::new(), VecDeque::new());
        Self { media, segment, label: None, has_ended: false, waiting }
    }
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
            self.inputs.push(Input::new(media));
        }
        is_new
    }

    /// Removes an input, which may end the stream.
    pub(super) fn remove(&mut self, media: Media) {
        self.inputs.retain(|input| input.media != media);
    }

    /// The element stops: what was known of the streams is forgotten.
    pub(super) fn reset(&mut self) {
        (self.has_begun, self.is_over) = (false, false);
        self.flow = Ok(gst::FlowSuccess::Ok);
        for input in &mut self.inputs {
            *input = Input::new(input.media);
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
        self.is_over = false;
        if let Some(input) = self.input(media) {
            input.segment = segment.clone();
            input.has_ended = false;
        }
        true
    }

    /// A flush is over: downstream wants a segment again.
    pub(super) fn flushed(&mut self, media: Media) {
        (self.has_begun, self.is_over) = (false, false);
        self.flow = Ok(gst::FlowSuccess::Ok);
        if let Some(input) = self.input(media) {
            input.segment = gst::FormattedSegment::new();
            input.has_ended = false;
            input.waiting.clear();
        }
    }

    /// An input has ended.
    pub(super) fn end(&mut self, media: Media) {
        if let Some(input) = self.input(media) {
            input.has_ended = true;
        }
    }

    /// Whether the next buffer of this input is to wait.
    pub(super) fn is_full(&mut self, media: Media) -> bool {
        !self.flushing && self.input(media).is_some_and(|input| input.waiting.len() >= MAX_BUFFERS)
    }

    /// Adds a buffer.
    pub(super) fn push(&mut self, media: Media, buffer: gst::Buffer) -> Result<(), Refused> {
        let buffer = self.label(media, buffer)?;
        if let Some(input) = self.input(media) {
            input.waiting.push_back(buffer);
        }
        Ok(())
    }

    /// The earliest buffer of those that wait.
    pub(super) fn pop(&mut self) -> Option<gst::Buffer> {
        let time = |input: &Input| input.waiting.front().map(|buffer| buffer.dts_or_pts());
        let next = self.inputs.iter_mut().filter(|input| !input.waiting.is_empty()).min_by_key(|input| time(input))?;
        next.waiting.pop_front()
    }

    /// Whether all inputs have ended, and nothing waits; once.
    pub(super) fn take_end(&mut self) -> bool {
        let is_over =
            !self.inputs.is_empty() && self.inputs.iter().all(|input| input.has_ended && input.waiting.is_empty());
        is_over && !std::mem::replace(&mut self.is_over, true)
    }

    /// The buffer as it goes downstream, with running times.
    fn label(&mut self, media: Media, mut buffer: gst::Buffer) -> Result<gst::Buffer, Refused> {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> Inputs {
        gst::init().unwrap();
        let mut inputs = Inputs { flushing: false, ..Inputs::default() };
        for (media, caps) in [(Media::Video, "video/x-h264"), (Media::Audio, "audio/x-mulaw")] {
            assert!(inputs.add(media));
            inputs.set_caps(media, &caps.parse().unwrap());
        }
        inputs
    }

    fn buffer(millis: u64) -> gst::Buffer {
        let mut buffer = gst::Buffer::from_slice([1]);
        buffer.make_mut().set_pts(gst::ClockTime::from_mseconds(millis));
        buffer
    }

    #[test]
    fn the_earliest_buffer_goes_first() {
        let mut inputs = inputs();
        for (media, times) in [(Media::Video, &[0, 33, 66][..]), (Media::Audio, &[5, 25, 45, 65])] {
            for time in times {
                inputs.push(media, buffer(*time)).unwrap();
            }
        }
        let times: Vec<_> =
            std::iter::from_fn(|| inputs.pop()).map(|buffer| buffer.pts().unwrap().mseconds()).collect();
        assert_eq!(times, [0, 5, 25, 33, 45, 65, 66]);
    }

    #[test]
    fn an_input_waits_and_the_end_comes_once() {
        let mut inputs = inputs();
        for time in 0..MAX_BUFFERS as u64 {
            assert!(!inputs.is_full(Media::Video));
            inputs.push(Media::Video, buffer(time)).unwrap();
        }
        assert!(inputs.is_full(Media::Video) && !inputs.is_full(Media::Audio));
        inputs.end(Media::Video);
        inputs.end(Media::Audio);
        assert!(!inputs.take_end());
        while inputs.pop().is_some() {}
        assert!(inputs.take_end() && !inputs.take_end());
    }
}
