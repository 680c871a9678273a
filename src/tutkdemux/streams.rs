//! The streams of a camera, and what happens to them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gst::prelude::*;
use tutk::Media;

use super::output::Output;
use super::pad_queue::PadQueues;
use crate::container::{self, Label};

/// How long the first stream waits for the other one.
pub(super) const WAIT: Duration = Duration::from_secs(1);
/// Most bytes that wait meanwhile.
const MAX_WAITING: usize = 16 << 20;
/// How far a silent pad stays behind the others, so that what comes late is not before a gap.
const SILENCE: gst::ClockTime = gst::ClockTime::from_mseconds(500);
/// The shortest gap.
const GAP: gst::ClockTime = gst::ClockTime::from_mseconds(250);

/// So many blocks of audio have gone downstream before the first gap. A parser that gets a gap before it knows the stream chooses caps
/// by itself, and some know it after several frames.
const BEFORE_GAP: u32 = 8;

/// What the element is to do, in this order.
#[derive(Debug)]
pub(super) enum Action {
    /// The first stream waits from now on: [`Streams::time_out`] is to be called with this after [`WAIT`].
    Wait(Instant),
    AddPad(gst::Pad),
    Post(gst::StreamCollection),
    Event(Output, gst::Event),
    NoMorePads,
    Push(Output, gst::Buffer),
}

/// Why a buffer cannot be taken apart: it has no label.
#[derive(Debug)]
pub(super) struct NoLabel;

/// What upstream has said, and the streams that have pads.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// Of upstream.
    id: String,
    group: Option<gst::GroupId>,
    segment: Option<gst::Event>,
    streams: Vec<Stream>,
    queues: Arc<PadQueues>,
    /// While the first stream waits for the other one.
    waiting: Option<Waiting>,
    has_no_more_pads: bool,
}

#[derive(Debug)]
struct Waiting {
    since: Instant,
    /// The PTS of the first buffer.
    begin: Option<gst::ClockTime>,
    buffers: Vec<(Label, gst::Buffer)>,
    bytes: usize,
}

#[derive(Debug)]
struct Stream {
    media: Media,
    caps: gst::Caps,
    output: Output,
    stream: gst::Stream,
    /// Up to where downstream has got buffers or gaps.
    position: Option<gst::ClockTime>,
    /// Buffers, up to [`BEFORE_GAP`].
    buffers: u32,
}

impl Stream {
    fn may_have_gap(&self) -> bool {
        self.media == Media::Video || self.buffers == BEFORE_GAP
    }
}

impl Streams {
    /// Upstream begins a stream.
    pub(super) fn start(&mut self, id: &str, group: Option<gst::GroupId>) {
        self.id = id.into();
        self.group = Some(group.unwrap_or_else(gst::GroupId::next));
    }

    pub(super) fn set_segment(&mut self, segment: gst::Event) {
        self.segment = Some(segment);
    }

    /// A flush has dropped what was on its way.
    pub(super) fn flushed(&mut self) {
        self.waiting = None;
        self.streams.iter_mut().for_each(|stream| stream.position = None);
    }

    /// The element stops. Returns the pads that are to be removed.
    pub(super) fn clear(&mut self) -> Vec<gst::Pad> {
        std::mem::take(self).streams.into_iter().map(|stream| stream.output.pad).collect()
    }

    /// Where streams go downstream.
    pub(super) fn outputs(&self) -> Vec<Output> {
        self.streams.iter().map(|stream| stream.output.clone()).collect()
    }

    /// Where gaps of upstream go.
    pub(super) fn outputs_of_gaps(&self) -> Vec<Output> {
        self.streams.iter().filter(|stream| stream.may_have_gap()).map(|stream| stream.output.clone()).collect()
    }

    /// Upstream has sent a gap up to this time.
    pub(super) fn gap(&mut self, to: gst::ClockTime, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.is_over(Some(to), now) {
            self.release(&mut actions);
        }
        self.streams.iter_mut().for_each(|stream| stream.position = stream.position.max(Some(to)));
        actions
    }

    /// The first stream has waited since this moment for long enough, whether anything has come meanwhile or not.
    pub(super) fn time_out(&mut self, since: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        // After a flush, another wait may have begun.
        if self.waiting.as_ref().is_some_and(|waiting| waiting.since == since) {
            self.release(&mut actions);
        }
        actions
    }

    /// Upstream has ended: what waits goes downstream.
    pub(super) fn end(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        self.release(&mut actions);
        actions
    }

    /// A buffer has come from upstream.
    pub(super) fn buffer(&mut self, buffer: gst::Buffer, now: Instant) -> Result<Vec<Action>, NoLabel> {
        let label = container::label(&buffer).ok_or(NoLabel)?;
        let mut actions = Vec::new();
        if self.has_no_more_pads {
            self.push(&label, buffer, &mut actions);
            return Ok(actions);
        }
        let pts = buffer.dts_or_pts();
        if self.waiting.is_none() {
            actions.push(Action::Wait(now));
        }
        let waiting =
            self.waiting.get_or_insert_with(|| Waiting { since: now, begin: pts, buffers: Vec::new(), bytes: 0 });
        waiting.bytes += buffer.size();
        waiting.buffers.push((label, buffer));
        if self.is_over(pts, now) {
            self.release(&mut actions);
        }
        Ok(actions)
    }

    /// Whether the first stream has waited for long enough.
    fn is_over(&self, time: Option<gst::ClockTime>, now: Instant) -> bool {
        let Some(waiting) = &self.waiting else { return false };
        let passed = waiting.begin.zip(time).map(|(begin, time)| Duration::from(time.saturating_sub(begin)));
        let mut media = waiting.buffers.iter().map(|(label, _)| label.media);
        let first = media.next();
        media.any(|media| Some(media) != first)
            || waiting.bytes > MAX_WAITING
            || passed.unwrap_or_default().max(now.saturating_duration_since(waiting.since)) >= WAIT
    }

    /// Gives each stream that has come a pad, and pushes what has waited.
    fn release(&mut self, actions: &mut Vec<Action>) {
        let Some(Waiting { buffers, .. }) = self.waiting.take() else { return };
        for media in [Media::Video, Media::Audio] {
            if let Some((label, _)) = buffers.iter().find(|(label, _)| label.media == media) {
                self.add(label, actions);
            }
        }
        self.announce(actions);
        actions.push(Action::NoMorePads);
        self.has_no_more_pads = true;
        for (label, buffer) in buffers {
            self.push(&label, buffer, actions);
        }
    }

    /// Adds the pad of a stream.
    fn add(&mut self, Label { media, caps, .. }: &Label, actions: &mut Vec<Action>) {
        let (name, kind) = match media {
            Media::Video => ("video", gst::StreamType::VIDEO),
            Media::Audio => ("audio", gst::StreamType::AUDIO),
        };
        let id = format!("{}/{name}_0", self.id);
        let stream = gst::Stream::new(Some(&id), Some(caps), kind, gst::StreamFlags::SELECT);
        let Some(output) = Output::new(*media, &self.queues) else { return };
        let group = *self.group.get_or_insert_with(gst::GroupId::next);
        let start = gst::event::StreamStart::builder(&id).group_id(group).stream(stream.clone()).build();
        for event in [Some(start), Some(gst::event::Caps::new(caps)), self.segment.clone()].into_iter().flatten() {
            let _ = output.pad.store_sticky_event(&event);
        }
        actions.push(Action::AddPad(output.pad.clone()));
        self.streams.push(Stream { media: *media, caps: caps.clone(), output, stream, position: None, buffers: 0 });
    }

    /// Says which streams there are.
    fn announce(&self, actions: &mut Vec<Action>) {
        let streams = self.streams.iter().map(|stream| stream.stream.clone());
        let collection = gst::StreamCollection::builder(Some(&self.id)).streams(streams).build();
        actions.push(Action::Post(collection.clone()));
        for stream in &self.streams {
            let event = gst::event::StreamCollection::new(&collection);
            actions.push(Action::Event(stream.output.clone(), event));
        }
    }

    fn push(&mut self, label: &Label, buffer: gst::Buffer, actions: &mut Vec<Action>) {
        if !self.streams.iter().any(|stream| stream.media == label.media) {
            self.add(label, actions);
            self.announce(actions);
        }
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.media == label.media) else { return };
        if stream.caps != label.caps {
            stream.caps.clone_from(&label.caps);
            stream.stream.set_caps(Some(&label.caps));
            actions.push(Action::Event(stream.output.clone(), gst::event::Caps::new(&label.caps)));
        }
        let time = buffer.dts_or_pts();
        let end = time.map(|time| time + buffer.duration().unwrap_or_default());
        stream.position = stream.position.max(end);
        stream.buffers = (stream.buffers + 1).min(BEFORE_GAP);
        actions.push(Action::Push(stream.output.clone(), buffer));
        if let Some(time) = time {
            self.pass(label.media, time, actions);
        }
    }

    /// Lets time pass on the pads that are silent.
    fn pass(&mut self, media: Media, time: gst::ClockTime, actions: &mut Vec<Action>) {
        let to = time.saturating_sub(SILENCE);
        for stream in self.streams.iter_mut().filter(|stream| stream.media != media && stream.may_have_gap()) {
            let from = *stream.position.get_or_insert(to);
            if from + GAP <= to {
                let gap = gst::event::Gap::builder(from).duration(to - from).build();
                actions.push(Action::Event(stream.output.clone(), gap));
                stream.position = Some(to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: gst::ClockTime = gst::ClockTime::from_mseconds(40);

    fn buffer(media: Media, number: u64) -> gst::Buffer {
        gst::init().unwrap();
        let caps = match media {
            Media::Video => "video/x-h264,stream-format=byte-stream,alignment=au",
            Media::Audio => "audio/x-mulaw,rate=8000,channels=1",
        };
        let reference = container::reference(media, &caps.parse().unwrap());
        let mut buffer = gst::Buffer::from_slice([1]);
        buffer.make_mut().set_pts(FRAME * number);
        gst::ReferenceTimestampMeta::add(buffer.make_mut(), &reference, FRAME, gst::ClockTime::NONE);
        buffer
    }

    /// What happens, in a word each.
    fn words(actions: &[Action]) -> Vec<String> {
        let word = |action: &Action| match action {
            Action::Wait(_) => "wait".into(),
            Action::AddPad(pad) => format!("add {}", pad.name()),
            Action::Post(collection) => format!("post {}", collection.len()),
            Action::Event(output, event) => format!("{:?} {}", event.type_(), output.pad.name()),
            Action::NoMorePads => "no more".into(),
            Action::Push(output, buffer) => {
                format!("push {} {}", output.pad.name(), buffer.pts().unwrap() / FRAME)
            }
        };
        actions.iter().map(word).collect()
    }

    fn started() -> Streams {
        let mut streams = Streams::default();
        streams.start("camera", None);
        streams
    }

    #[test]
    fn both_streams_come_out_together() {
        let (mut streams, now) = (started(), Instant::now());
        assert_eq!(words(&streams.buffer(buffer(Media::Audio, 0), now).unwrap()), ["wait"]);
        let actions = streams.buffer(buffer(Media::Video, 1), now).unwrap();
        let wanted = [
            "add video_0",
            "add audio_0",
            "post 2",
            "StreamCollection video_0",
            "StreamCollection audio_0",
            "no more",
            "push audio_0 0",
            "push video_0 1",
        ];
        assert_eq!(words(&actions), wanted);
        assert_eq!(words(&streams.buffer(buffer(Media::Audio, 2), now).unwrap()), ["push audio_0 2"]);
    }

    #[test]
    fn a_camera_without_a_microphone_plays_after_a_second() {
        let (mut streams, now) = (started(), Instant::now());
        assert_eq!(words(&streams.buffer(buffer(Media::Video, 0), now).unwrap()), ["wait"]);
        for number in 1..25 {
            assert!(streams.buffer(buffer(Media::Video, number), now).unwrap().is_empty(), "{number}");
        }
        let actions = words(&streams.buffer(buffer(Media::Video, 25), now).unwrap());
        assert_eq!(actions[..4], ["add video_0", "post 1", "StreamCollection video_0", "no more"]);
        assert_eq!(actions.len(), 4 + 26);
        // The microphone is switched on.
        let later = words(&streams.buffer(buffer(Media::Audio, 26), now).unwrap());
        let wanted =
            ["add audio_0", "post 2", "StreamCollection video_0", "StreamCollection audio_0", "push audio_0 26"];
        assert_eq!(later, wanted);
    }

    #[test]
    fn the_second_passes_without_frames_as_well() {
        let begin = Instant::now();
        let mut streams = started();
        streams.buffer(buffer(Media::Video, 0), begin).unwrap();
        assert!(streams.gap(FRAME * 24, begin).is_empty());
        assert_eq!(streams.gap(FRAME * 25, begin).len(), 5);
        let mut streams = started();
        streams.buffer(buffer(Media::Video, 0), begin).unwrap();
        assert_eq!(streams.buffer(buffer(Media::Video, 1), begin + WAIT).unwrap().len(), 6);
        let mut streams = started();
        streams.buffer(buffer(Media::Video, 0), begin).unwrap();
        assert_eq!(streams.end().len(), 5);
        let mut streams = started();
        streams.buffer(buffer(Media::Video, 0), begin).unwrap();
        assert!(streams.time_out(begin - WAIT).is_empty());
        assert_eq!(streams.time_out(begin).len(), 5);
        assert!(streams.time_out(begin).is_empty());
    }

    /// How many gaps there are while four seconds of video follow so many blocks of audio.
    fn gaps_after(blocks: u32) -> usize {
        let (mut streams, now) = (started(), Instant::now());
        for _ in 0..blocks {
            streams.buffer(buffer(Media::Audio, 0), now).unwrap();
        }
        let words = (0..100).flat_map(|number| words(&streams.buffer(buffer(Media::Video, number), now).unwrap()));
        words.filter(|word| word == "Gap audio_0").count()
    }

    #[test]
    fn a_silent_pad_gets_gaps() {
        let gaps = gaps_after(BEFORE_GAP);
        // Less the half by which it stays behind.
        assert!((10..=14).contains(&gaps), "{gaps}");
    }

    #[test]
    fn a_pad_whose_stream_has_just_begun_gets_none() {
        assert_eq!(gaps_after(BEFORE_GAP - 1), 0);
        let (mut streams, now) = (started(), Instant::now());
        streams.buffer(buffer(Media::Audio, 0), now).unwrap();
        streams.buffer(buffer(Media::Video, 0), now).unwrap();
        assert_eq!((streams.outputs().len(), streams.outputs_of_gaps().len()), (2, 1));
    }

    #[test]
    fn a_buffer_without_a_label_is_refused() {
        gst::init().unwrap();
        assert!(started().buffer(gst::Buffer::new(), Instant::now()).is_err());
    }
}
