//! One stream of a camera, given to all who watch it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use gst::prelude::*;

/// Most bytes since the last key frame that are kept for viewers to come.
const MAX_RECENT: usize = 8 << 20;
/// How many bytes may wait for a slow viewer when it gets a frame. It skips to a later key frame otherwise.
const MAX_QUEUED: u64 = 4 << 20;
/// How long the frames since the last key frame take for a new viewer.
const CATCH_UP: gst::ClockTime = gst::ClockTime::from_mseconds(10);
/// Most bytes since the last key frame that a viewer gets again who has lost some of them. Others wait for the next one, which
/// no camera sends on request.
const MAX_REPEATED: usize = 1 << 20;
/// How often a viewer gets them again at most.
const REPEATS: gst::ClockTime = gst::ClockTime::SECOND;
/// How long nothing comes before it is said that the stream has stopped.
const SILENCE: Duration = Duration::from_secs(5);
/// How far into the time of a viewer that has just begun its first frame is: the other stream's may have been taken earlier.
const HEAD_START: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// The element of a viewer's pipeline that is fed, without its name. What waits in it is bounded by [`Consumer`], which knows
/// what can be left out.
pub(crate) const APPSRC: &str = "appsrc is-live=true format=time block=false max-bytes=0 name";

pub(crate) struct Stream {
    is_video: bool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    caps: Option<gst::Caps>,
    /// Of video: the last key frame and what came since.
    recent: VecDeque<Frame>,
    recent_bytes: usize,
    /// Whether it was too much: only the key frame is kept until the next one comes.
    is_cut: bool,
    consumers: Vec<Arc<Consumer>>,
    /// When the last frame came.
    last: Option<Instant>,
}

/// A frame and its time by the clock that all pipelines share.
#[derive(Clone)]
struct Frame {
    buffer: gst::Buffer,
    pts: Option<gst::ClockTime>,
    dts: Option<gst::ClockTime>,
}

impl Frame {
    fn is_key(&self) -> bool {
        !self.buffer.flags().contains(gst::BufferFlags::DELTA_UNIT)
    }

    fn with_times(&self, convert: impl Fn(gst::ClockTime) -> gst::ClockTime) -> gst::Buffer {
        // The bytes are shared.
        let mut buffer = self.buffer.copy();
        let times = buffer.make_mut();
        times.set_pts(self.pts.map(&convert));
        times.set_dts(self.dts.map(&convert));
        buffer
    }
}

impl Stream {
    pub(super) fn new(is_video: bool) -> Self {
        Self { is_video, inner: Mutex::default() }
    }

    /// The caps, as soon as there is a frame.
    pub(crate) fn caps(&self) -> Option<gst::Caps> {
        self.lock().caps.clone()
    }

    /// Whether frames come, or at least came a moment ago.
    pub(crate) fn flows(&self) -> bool {
        self.lock().last.is_some_and(|last| last.elapsed() < SILENCE)
    }

    pub(super) fn has_key_frame(&self) -> bool {
        !self.lock().recent.is_empty()
    }

    /// The last key frame, of which a decoder can make a picture.
    pub(crate) fn key_frame(&self) -> Option<(gst::Buffer, gst::Caps)> {
        let inner = self.lock();
        Some((inner.recent.front()?.buffer.clone(), inner.caps.clone()?))
    }

    /// Gives each frame to this element, an [`APPSRC`], from now on, beginning with the last key frame, until what is returned is
    /// dropped. The element shows the frames as they come.
    pub(crate) fn feed(self: &Arc<Self>, element: &gst_app::AppSrc, timeline: &Timeline) -> Feed {
        self.feed_with(element, timeline, true)
    }

    /// The same for an element that keeps the frames, each with the time at which it was taken.
    pub(crate) fn feed_recorder(self: &Arc<Self>, element: &gst_app::AppSrc, timeline: &Timeline) -> Feed {
        self.feed_with(element, timeline, false)
    }

    fn feed_with(self: &Arc<Self>, element: &gst_app::AppSrc, timeline: &Timeline, catches_up: bool) -> Feed {
        let mut inner = self.lock();
        element.set_caps(inner.caps.as_ref());
        let state = Mutex::new(if self.is_video { Follow::FromKeyFrame } else { Follow::Follows });
        let consumer = Arc::new(Consumer {
            element: element.clone(),
            timeline: timeline.clone(),
            catches_up,
            waits: !catches_up && !self.is_video,
            state,
            wants_key_frame: AtomicBool::default(),
            repeated: Mutex::default(),
        });
        if self.is_video {
            consumer.listen();
        }
        inner.consumers.push(consumer.clone());
        Feed { stream: Arc::downgrade(self), consumer }
    }

    /// Ends what all viewers are given.
    pub(super) fn end(&self) {
        let consumers = {
            let mut inner = self.lock();
            inner.recent.clear();
            std::mem::take(&mut inner.consumers)
        };
        for consumer in consumers {
            let _ = consumer.element.end_of_stream();
        }
    }

    /// A frame came.
    pub(super) fn push(&self, sample: &gst::Sample, base_time: gst::ClockTime) {
        let Some(frame) = frame(sample, base_time) else { return };
        let mut inner = self.lock();
        inner.last = Some(Instant::now());
        if sample.caps() != inner.caps.as_deref() {
            let before = std::mem::replace(&mut inner.caps, sample.caps_owned());
            if let (Some(before), Some(now)) = (before, sample.caps())
                && !is_same_format(&before, now)
            {
                // Viewers were told another one.
                drop(inner);
                self.end();
                inner = self.lock();
            }
        }
        if self.is_video {
            inner.keep(frame.clone());
        }
        // They are few, and none waits.
        for consumer in &inner.consumers {
            consumer.push(&frame, &inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, frame: Frame) {
        if frame.is_key() {
            self.recent.clear();
            self.recent_bytes = 0;
            self.is_cut = false;
        } else if self.recent.is_empty() || self.is_cut {
            return;
        }
        self.recent_bytes += frame.buffer.size();
        self.recent.push_back(frame);
        if self.recent_bytes > MAX_RECENT {
            self.recent.truncate(1);
            self.is_cut = true;
        }
    }
}

/// Whether a viewer goes on when caps change. Parsers learn the frame rate and the like as they go.
fn is_same_format(one: &gst::CapsRef, other: &gst::CapsRef) -> bool {
    const FIELDS: [&str; 8] =
        ["width", "height", "stream-format", "codec_data", "rate", "channels", "mpegversion", "layout"];
    let (Some(one), Some(other)) = (one.structure(0), other.structure(0)) else { return false };
    let field = |caps: &gst::StructureRef, name| caps.value(name).ok().and_then(|value| value.serialize().ok());
    one.name() == other.name() && FIELDS.iter().all(|name| field(one, *name) == field(other, *name))
}

fn frame(sample: &gst::Sample, base_time: gst::ClockTime) -> Option<Frame> {
    let buffer = sample.buffer_owned()?;
    let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?.clone();
    let absolute = |time: Option<gst::ClockTime>| Some(segment.to_running_time(time?)? + base_time);
    let (pts, dts) = (absolute(buffer.pts()), absolute(buffer.dts()));
    Some(Frame { buffer, pts, dts })
}

/// Keeps an element fed.
pub(crate) struct Feed {
    stream: Weak<Stream>,
    consumer: Arc<Consumer>,
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.upgrade() {
            stream.lock().consumers.retain(|consumer| !Arc::ptr_eq(consumer, &self.consumer));
        }
    }
}

/// How the times of a viewer's pipeline follow from the clock's, the same for all of its streams.
#[derive(Clone, Default)]
pub(crate) struct Timeline(Arc<OnceLock<gst::ClockTime>>);

impl Timeline {
    /// The running time of a moment. The first one decides how much later all are than they were.
    fn running_time(&self, time: gst::ClockTime, base_time: gst::ClockTime) -> gst::ClockTime {
        let shift = self.0.get_or_init(|| (base_time + HEAD_START).saturating_sub(time));
        (time + *shift).saturating_sub(base_time)
    }
}

/// An element that is fed.
struct Consumer {
    element: gst_app::AppSrc,
    timeline: Timeline,
    /// Whether it has no past to put the first frames into.
    catches_up: bool,
    /// Whether it begins with the first frame of the other stream, which may have been taken a while ago.
    waits: bool,
    state: Mutex<Follow>,
    /// Whether the viewer has lost something, and said so.
    wants_key_frame: AtomicBool,
    /// When it got the last key frame again.
    repeated: Mutex<Option<gst::ClockTime>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Follow {
    /// It begins with the last key frame, as soon as it plays.
    FromKeyFrame,
    /// It was too slow, and goes on with the next key frame.
    NextKeyFrame,
    Follows,
}

impl Consumer {
    /// Hears of what is lost: by RTCP's PLI and FIR, for instance.
    fn listen(self: &Arc<Self>) {
        let Some(pad) = self.element.static_pad("src") else { return };
        let consumer = Arc::downgrade(self);
        pad.add_probe(gst::PadProbeType::EVENT_UPSTREAM, move |_, info| {
            let wants =
                info.event().and_then(|event| event.structure()).is_some_and(|it| it.has_name("GstForceKeyUnit"));
            if let Some(consumer) = consumer.upgrade().filter(|_| wants) {
                consumer.wants_key_frame.store(true, Ordering::SeqCst);
            }
            gst::PadProbeReturn::Ok
        });
    }

    /// Whether it begins again with the last key frame, because it has asked for one.
    fn repeats(&self, frame: &Frame, stream: &Inner) -> bool {
        if !self.wants_key_frame.load(Ordering::SeqCst) || stream.is_cut || stream.recent_bytes > MAX_REPEATED {
            return false;
        }
        let mut repeated = self.repeated.lock().unwrap_or_else(PoisonError::into_inner);
        if repeated.zip(frame.pts).is_some_and(|(before, now)| now.saturating_sub(before) < REPEATS) {
            return false;
        }
        *repeated = frame.pts;
        self.wants_key_frame.store(false, Ordering::SeqCst);
        true
    }

    fn push(&self, frame: &Frame, stream: &Inner) {
        let element = &self.element;
        let plays = element.current_state() == gst::State::Playing;
        let Some(base_time) = element.base_time().filter(|_| plays) else { return };
        if self.waits && self.timeline.0.get().is_none() {
            return;
        }
        let at = |time| self.timeline.running_time(time, base_time);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if element.current_level_bytes() > MAX_QUEUED {
            *state = Follow::NextKeyFrame;
            return;
        }
        if *state == Follow::Follows && self.repeats(frame, stream) {
            *state = Follow::FromKeyFrame;
        }
        match *state {
            Follow::FromKeyFrame if stream.recent.is_empty() => return,
            Follow::FromKeyFrame => {
                let squeezed = if self.catches_up { CATCH_UP } else { gst::ClockTime::MAX };
                for buffer in catch_up(&stream.recent, squeezed, at) {
                    let _ = element.push_buffer(buffer);
                }
                *state = if stream.is_cut { Follow::NextKeyFrame } else { Follow::Follows };
                return;
            }
            Follow::NextKeyFrame if !frame.is_key() => return,
            _ => drop(element.push_buffer(frame.with_times(at))),
        }
        *state = Follow::Follows;
    }
}

/// These frames, as if they had been taken within this time before the last one.
fn catch_up(
    recent: &VecDeque<Frame>,
    within: gst::ClockTime,
    at: impl Fn(gst::ClockTime) -> gst::ClockTime,
) -> impl Iterator<Item = gst::Buffer> {
    let times = || recent.iter().flat_map(|frame| [frame.pts, frame.dts]).flatten();
    let first = times().min().unwrap_or_default();
    let last = times().max().unwrap_or_default();
    let span = last.saturating_sub(first);
    let squeezed = span.min(within);
    recent.iter().map(move |frame| {
        frame.with_times(|time| {
            let part = (time - first).mul_div_floor(squeezed.nseconds(), span.nseconds().max(1)).unwrap_or_default();
            at(last.saturating_sub(squeezed) + part)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::Launched;

    /// The viewer's pipeline, and its end.
    fn viewer() -> (Launched, gst_app::AppSrc, gst_app::AppSink) {
        gst::init().unwrap();
        let pipeline = Launched::new(&format!("{APPSRC}=in ! appsink name=out sync=false async=false")).unwrap();
        let (input, output) = (pipeline.element("in").unwrap(), pipeline.element("out").unwrap());
        pipeline.play().unwrap();
        let state = pipeline.state(gst::ClockTime::from_seconds(20));
        assert_eq!(state.1, gst::State::Playing);
        (pipeline, input, output)
    }

    fn push(stream: &Stream, number: u8, is_key: bool) {
        push_bytes(stream, number, is_key, vec![number]);
    }

    fn push_bytes(stream: &Stream, number: u8, is_key: bool, bytes: Vec<u8>) {
        let mut buffer = gst::Buffer::from_slice(bytes);
        let editable = buffer.make_mut();
        editable.set_pts(gst::ClockTime::from_mseconds(40) * u64::from(number));
        if !is_key {
            editable.set_flags(gst::BufferFlags::DELTA_UNIT);
        }
        let caps = gst::Caps::new_empty_simple("video/x-h264");
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        let sample = gst::Sample::builder().buffer(&buffer).caps(&caps).segment(&segment).build();
        stream.push(&sample, gst::ClockTime::from_seconds(1_000));
    }

    fn pull(output: &gst_app::AppSink, count: usize) -> Vec<u8> {
        let mut last = None;
        let pull = |_| {
            let sample = output.try_pull_sample(gst::ClockTime::from_seconds(20)).unwrap();
            let buffer = sample.buffer().unwrap();
            assert!(buffer.pts() >= last, "{:?} after {last:?}", buffer.pts());
            last = buffer.pts();
            buffer.map_readable().unwrap()[0]
        };
        (0..count).map(pull).collect()
    }

    #[test]
    fn a_recorder_gets_the_times_at_which_frames_were_taken() {
        let (video, audio) = (Arc::new(Stream::new(true)), Arc::new(Stream::new(false)));
        let (_of_video, to_video, output) = viewer();
        let (_of_audio, to_audio, sound) = viewer();
        for number in 1..=20 {
            push(&video, number, number == 1);
        }
        let timeline = Timeline::default();
        let _feeds = [video.feed_recorder(&to_video, &timeline), audio.feed_recorder(&to_audio, &timeline)];
        // What comes before the first picture is left out.
        push(&audio, 20, true);
        push(&video, 21, false);
        push(&audio, 21, true);
        let pts = |output: &gst_app::AppSink| {
            let sample = output.try_pull_sample(gst::ClockTime::from_seconds(20)).unwrap();
            sample.buffer().unwrap().pts().unwrap()
        };
        let times: Vec<_> = (0..21).map(|_| pts(&output)).collect();
        let frame = gst::ClockTime::from_mseconds(40);
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] == frame), "{times:?}");
        assert_eq!(pull(&sound, 1), [21]);
    }

    /// Whatever comes while a viewer takes nothing, video or audio.
    #[test]
    fn what_waits_for_a_slow_viewer_is_bounded() {
        const FRAME: usize = 1 << 19;
        for is_video in [true, false] {
            let stream = Arc::new(Stream::new(is_video));
            let (_pipeline, input, output) = viewer();
            output.set_max_buffers(1);
            let _feed = stream.feed(&input, &Timeline::default());
            for number in 0..60 {
                // Each second frame of video is a key frame.
                push_bytes(&stream, number, !is_video || number.is_multiple_of(2), vec![number; FRAME]);
                let queued = input.current_level_bytes();
                assert!(queued <= MAX_QUEUED + FRAME as u64, "{queued} bytes wait after {number}");
            }
            assert!(input.current_level_bytes() > 0);
            // It goes on as soon as it takes something, with a key frame.
            let mut last = *pull(&output, 1).first().unwrap();
            for number in 60..100 {
                push_bytes(&stream, number, !is_video || number.is_multiple_of(2), vec![number; FRAME]);
                let next = *pull(&output, 1).first().unwrap();
                assert!(next == last + 1 || !is_video || next.is_multiple_of(2), "{next} after {last}");
                last = next;
            }
            assert!(last >= 60, "{last}");
        }
    }

    #[test]
    fn a_viewer_that_has_lost_something_begins_again_with_the_last_key_frame() {
        let stream = Arc::new(Stream::new(true));
        let (_pipeline, input, output) = viewer();
        push(&stream, 1, true);
        push(&stream, 2, false);
        let _feed = stream.feed(&input, &Timeline::default());
        push(&stream, 3, false);
        push(&stream, 4, false);
        assert_eq!(pull(&output, 4), [1, 2, 3, 4]);
        let lost = || {
            let event = gst::event::CustomUpstream::new(gst::Structure::new_empty("GstForceKeyUnit"));
            // No element takes it.
            output.static_pad("sink").unwrap().push_event(event);
        };
        lost();
        push(&stream, 5, false);
        assert_eq!(pull(&output, 5), [1, 2, 3, 4, 5]);
        // Not as often as it likes.
        lost();
        push(&stream, 6, false);
        push(&stream, 7, true);
        push(&stream, 8, false);
        assert_eq!(pull(&output, 3), [6, 7, 8]);
        push(&stream, 40, false);
        assert_eq!(pull(&output, 3), [7, 8, 40]);
    }
}
