//! Pads that push on threads of their own.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use gst::prelude::*;
use tutk::Media;

use super::imp::CAT;

/// The longest time between the oldest and the newest buffer that wait. Longer than a camera may send no video (`frame-timeout`).
const MAX_TIME: gst::ClockTime = gst::ClockTime::from_seconds(20);
/// Most bytes of audio that wait: 20 s of PCM at 48 kHz with two channels.
const MAX_AUDIO: usize = 4 << 20;
/// Most bytes of video that wait: 20 s at 12 Mbit/s.
const MAX_VIDEO: usize = 32 << 20;
/// How far audio has to be ahead of the video that waits, before video holds up upstream. Encoders keep some of it.
const LEAD: gst::ClockTime = gst::ClockTime::from_seconds(1);
/// After a longer one, encoders begin anew.
const MAX_GAP: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// The queues of both pads.
///
/// A muxer takes no audio while it waits for video, and no video while it waits for audio. If both came from one thread, what it
/// waits for would never come. So audio never holds up upstream: if too much of it waits, the oldest is dropped. Video does, since
/// `tutksrc` knows best what to drop; it does not while the pad of audio lacks what may be waited for.
#[derive(Debug, Default)]
pub(super) struct PadQueues {
    state: Mutex<Both>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Both {
    video: Queue,
    audio: Queue,
}

/// What waits for a pad's thread.
#[derive(Debug)]
struct Queue {
    thread: Option<JoinHandle<()>>,
    items: VecDeque<Item>,
    bytes: usize,
    /// The thread ends.
    flushing: bool,
    /// Buffers were dropped before the next one.
    dropped: bool,
    /// The thread waits for something to push.
    idle: bool,
    /// What downstream took since the last gap.
    taken: Option<Taken>,
    /// What downstream has said last.
    flow: Result<gst::FlowSuccess, gst::FlowError>,
}

#[derive(Clone, Copy, Debug)]
struct Taken {
    from: gst::ClockTime,
    to: gst::ClockTime,
}

#[derive(Debug)]
enum Item {
    Buffer(gst::Buffer),
    Event(gst::Event),
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            thread: None,
            items: VecDeque::new(),
            bytes: 0,
            flushing: true,
            dropped: false,
            idle: false,
            taken: None,
            flow: Ok(gst::FlowSuccess::Ok),
        }
    }
}

/// One of the two.
#[derive(Clone, Debug)]
pub(super) struct PadQueue {
    media: Media,
    queues: Arc<PadQueues>,
}

impl PadQueue {
    pub(super) fn new(media: Media, queues: Arc<PadQueues>) -> Self {
        Self { media, queues }
    }

    /// Starts and stops the thread with the pad.
    pub(super) fn activate(&self, pad: &gst::Pad, active: bool) -> Result<(), gst::LoggableError> {
        if active {
            return self.start(pad);
        }
        self.stop();
        Ok(())
    }

    /// Starts the thread, if it does not run.
    pub(super) fn start(&self, pad: &gst::Pad) -> Result<(), gst::LoggableError> {
        let mut state = self.lock();
        let own = state.of(self.media);
        if own.thread.is_some() {
            return Ok(());
        }
        let (queue, pad) = (self.clone(), pad.downgrade());
        // A task of the pad would hold the pad's stream lock while it waits, and decodebin needs that for a new pad.
        let thread = thread::Builder::new().name(format!("tutkdemux-{}", self.media)).spawn(move || queue.run(&pad));
        let thread = thread.map_err(|error| gst::loggable_error!(CAT, "cannot start a thread: {error}"))?;
        *own = Queue { thread: Some(thread), flushing: false, ..Queue::default() };
        Ok(())
    }

    /// Drops what waits, and ends the thread. Nothing downstream may hold it up: it is stopped or flushing.
    pub(super) fn stop(&self) {
        let thread = std::mem::take(self.lock().of(self.media)).thread;
        self.queues.changed.notify_all();
        // An element downstream may be what stops this one, on that thread.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }

    /// What the thread does.
    fn run(&self, pad: &gst::glib::WeakRef<gst::Pad>) {
        while let (Some(item), Some(pad)) = (self.next(), pad.upgrade()) {
            match item {
                Item::Event(event) => drop(pad.push_event(event)),
                Item::Buffer(buffer) => {
                    let taken = Taken::of(&buffer);
                    let flow = pad.push(buffer);
                    let mut state = self.lock();
                    let own = state.of(self.media);
                    own.flow = flow;
                    own.taken = taken.map(|taken| taken.after(own.taken));
                }
            }
        }
    }

    /// Adds a buffer. Of audio, the oldest ones are dropped if too much waits; video waits until it may. Returns what downstream
    /// has said of an earlier one.
    pub(super) fn push(&self, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let mut state = self.lock();
        while self.media == Media::Video && state.holds_up_video(&buffer) {
            state = self.queues.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let own = state.of(self.media);
        if own.flushing {
            return Err(gst::FlowError::Flushing);
        }
        own.push(buffer);
        if self.media == Media::Audio {
            own.drop_oldest();
        }
        let flow = own.flow;
        drop(state);
        self.queues.changed.notify_all();
        flow
    }

    /// Adds an event that keeps its place among the buffers. Of gaps that follow each other, the last one counts.
    pub(super) fn push_event(&self, event: gst::Event) {
        let is_gap = |item: &Item| matches!(item, Item::Event(event) if event.type_() == gst::EventType::Gap);
        let mut state = self.lock();
        let own = state.of(self.media);
        if !own.flushing {
            let item = Item::Event(event);
            if is_gap(&item) && own.items.back().is_some_and(is_gap) {
                own.items.pop_back();
            }
            own.items.push_back(item);
        }
        drop(state);
        self.queues.changed.notify_all();
    }

    /// Waits for what is next; none if the thread is to end.
    fn next(&self) -> Option<Item> {
        let mut state = self.lock();
        loop {
            let own = state.of(self.media);
            if own.flushing {
                return None;
            }
            let item = own.pop();
            let was_idle = std::mem::replace(&mut own.idle, item.is_none());
            if item.is_some() || !was_idle {
                // Whether video is held up depends on both.
                self.queues.changed.notify_all();
            }
            if item.is_some() {
                return item;
            }
            state = self.queues.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Both> {
        self.queues.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Both {
    fn of(&mut self, media: Media) -> &mut Queue {
        match media {
            Media::Video => &mut self.video,
            Media::Audio => &mut self.audio,
        }
    }

    /// Whether this frame waits upstream.
    fn holds_up_video(&self, frame: &gst::Buffer) -> bool {
        let Self { video, audio } = self;
        let Some(oldest) = video.oldest().filter(|_| !video.flushing) else { return false };
        let time = oldest.dts_or_pts().zip(frame.dts_or_pts());
        let Some((begin, time)) = time.map(|(oldest, newest)| (oldest, newest.saturating_sub(oldest))) else {
            return false;
        };
        if video.bytes + frame.size() > MAX_VIDEO || time > MAX_TIME {
            return true;
        }
        let lacks_audio = audio.idle && audio.taken.is_none_or(|taken| taken.to < begin.max(taken.from) + LEAD);
        time > LEAD && !lacks_audio
    }
}

impl Taken {
    fn of(buffer: &gst::Buffer) -> Option<Self> {
        let from = buffer.dts_or_pts()?;
        Some(Self { from, to: from + buffer.duration().unwrap_or_default() })
    }

    fn after(self, earlier: Option<Self>) -> Self {
        let earlier = earlier.filter(|earlier| self.from <= earlier.to + MAX_GAP);
        Self { from: earlier.map_or(self.from, |earlier| earlier.from), to: self.to }
    }
}

impl Queue {
    fn oldest(&self) -> Option<&gst::Buffer> {
        self.items.iter().find_map(|item| if let Item::Buffer(buffer) = item { Some(buffer) } else { None })
    }

    fn push(&mut self, buffer: gst::Buffer) {
        self.bytes += buffer.size();
        self.items.push_back(Item::Buffer(buffer));
    }

    /// Drops the oldest audio if too much waits, and no event.
    fn drop_oldest(&mut self) {
        let newest =
            self.items.iter().rev().find_map(|item| if let Item::Buffer(buffer) = item { buffer.pts() } else { None });
        let mut position = 0;
        while let Some(item) = self.items.get(position) {
            let Item::Buffer(oldest) = item else {
                position += 1;
                continue;
            };
            let time = newest.zip(oldest.pts()).map(|(newest, oldest)| newest.saturating_sub(oldest));
            let too_much = self.bytes > MAX_AUDIO || time.is_some_and(|time| time > MAX_TIME);
            if !too_much || position + 1 == self.items.len() {
                break;
            }
            self.bytes -= oldest.size();
            self.items.remove(position);
            self.dropped = true;
        }
    }

    fn pop(&mut self) -> Option<Item> {
        Some(match self.items.pop_front()? {
            Item::Buffer(mut buffer) => {
                self.bytes -= buffer.size();
                if std::mem::take(&mut self.dropped) {
                    buffer.make_mut().set_flags(gst::BufferFlags::DISCONT);
                }
                Item::Buffer(buffer)
            }
            event => event,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both take buffers, and nothing takes them away.
    fn running(media: Media) -> PadQueue {
        gst::init().unwrap();
        let queue = PadQueue::new(media, Arc::default());
        (queue.lock().video.flushing, queue.lock().audio.flushing) = (false, false);
        queue
    }

    fn buffer(seconds: u64, size: usize) -> gst::Buffer {
        let mut buffer = gst::Buffer::from_mut_slice(vec![0; size]);
        buffer.make_mut().set_pts(gst::ClockTime::from_seconds(seconds));
        buffer
    }

    /// The seconds of what waits, and whether something is missing before it.
    fn waiting(queue: &PadQueue) -> Vec<(u64, bool)> {
        let mut state = queue.lock();
        let items = std::iter::from_fn(|| state.of(queue.media).pop());
        let seconds =
            |buffer: gst::Buffer| (buffer.pts().unwrap().seconds(), buffer.flags().contains(gst::BufferFlags::DISCONT));
        let buffers =
            items.filter_map(|item| if let Item::Buffer(buffer) = item { Some(seconds(buffer)) } else { None });
        buffers.collect()
    }

    #[test]
    fn the_oldest_audio_goes_if_too_much_waits() {
        let queue = running(Media::Audio);
        for second in 0..=22 {
            assert!(queue.push(buffer(second, 1)).is_ok());
        }
        let left = waiting(&queue);
        assert_eq!((left[0], left[1], left.len()), ((2, true), (3, false), 21));
        for second in 0..5 {
            queue.push(buffer(second, MAX_AUDIO / 4)).unwrap();
        }
        assert_eq!(waiting(&queue), [(1, true), (2, false), (3, false), (4, false)]);
        assert_eq!(queue.lock().audio.bytes, 0);
    }

    #[test]
    fn a_single_buffer_may_be_larger() {
        let audio = running(Media::Audio);
        audio.push(buffer(0, 2 * MAX_AUDIO)).unwrap();
        assert_eq!(waiting(&audio), [(0, false)]);
        let video = running(Media::Video);
        video.push(buffer(0, 2 * MAX_VIDEO)).unwrap();
        assert_eq!(waiting(&video), [(0, false)]);
    }

    #[test]
    fn video_is_held_up_unless_audio_is_missing() {
        let queue = running(Media::Video);
        let holds_up = |seconds| queue.lock().holds_up_video(&buffer(seconds, 1));
        assert!(!holds_up(30));
        queue.push(buffer(10, 1)).unwrap();
        assert_eq!([11, 12, 30].map(holds_up), [false, true, true]);
        // There is a pad of audio, and nothing has come for it.
        queue.lock().audio.idle = true;
        assert_eq!([12, 30, 31].map(holds_up), [false, false, true]);
        let take = |from, to| {
            let [from, to] = [from, to].map(gst::ClockTime::from_mseconds);
            let mut state = queue.lock();
            state.audio.taken = Some(Taken { from, to }.after(state.audio.taken));
        };
        take(9_000, 10_999);
        assert!(!holds_up(12));
        take(10_999, 11_000);
        assert!(holds_up(12));
        // After a gap it has to come for a second.
        take(11_101, 11_200);
        assert!(!holds_up(12));
        take(11_200, 12_101);
        assert!(holds_up(12));
        queue.lock().audio = Queue { idle: false, taken: None, ..Queue::default() };
        assert!(holds_up(12));
        // It is too much in any case.
        queue.lock().audio.idle = true;
        assert!(queue.lock().holds_up_video(&buffer(10, MAX_VIDEO)));
    }

    #[test]
    fn a_flush_lets_go_of_video_that_is_held_up() {
        let queue = running(Media::Video);
        queue.push(buffer(10, 1)).unwrap();
        let held_up = queue.clone();
        let thread = thread::spawn(move || held_up.push(buffer(12, 1)));
        queue.stop();
        assert_eq!(thread.join().unwrap(), Err(gst::FlowError::Flushing));
    }

    #[test]
    fn events_stay_where_they_are() {
        let queue = running(Media::Audio);
        queue.push(buffer(0, 1)).unwrap();
        queue.push_event(gst::event::Gap::builder(gst::ClockTime::ZERO).build());
        queue.push(buffer(30, 1)).unwrap();
        queue.push_event(gst::event::Eos::new());
        assert!(matches!(queue.next(), Some(Item::Event(_))));
        assert!(matches!(queue.next(), Some(Item::Buffer(_))));
        assert!(matches!(queue.next(), Some(Item::Event(_))));
    }

    #[test]
    fn a_stopped_queue_takes_nothing() {
        gst::init().unwrap();
        let queue = PadQueue::new(Media::Audio, Arc::default());
        assert_eq!(queue.push(buffer(0, 1)), Err(gst::FlowError::Flushing));
        queue.push_event(gst::event::Eos::new());
        assert!(queue.next().is_none() && queue.lock().audio.items.is_empty());
    }
}
