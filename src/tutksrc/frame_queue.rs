//! The frames that wait for the streaming thread, between it and the thread that receives: video and audio, each with bounds of
//! its own.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tutk::{Alignment, Frame, SessionError, Unit};

/// Most bytes of frames that wait. A single frame may be larger.
const MAX_QUEUED_BYTES: usize = 16 << 20;
/// Most bytes of audio that wait: half a minute of PCM at 16 kHz.
const MAX_QUEUED_AUDIO: usize = 1 << 20;
/// Bytes of a frame besides its data.
const FRAME_OVERHEAD: usize = 512;

/// What comes to the streaming thread.
#[derive(Debug)]
pub(super) enum Item {
    Video(Arrived),
    Audio(Block),
}

/// A block of audio for the streaming thread.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) frame: Frame,
    /// So many are missing before it.
    pub(super) lost: u32,
    /// When it could go downstream.
    pub(super) ready: Instant,
}

/// A unit for the streaming thread.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) unit: Unit,
    /// How the stream is cut.
    pub(super) alignment: Alignment,
    /// Frames are missing before it.
    pub(super) after_loss: bool,
    /// When it could go downstream.
    pub(super) ready: Instant,
}

/// What became of a frame that was pushed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    Queued,
    /// It was dropped: too many bytes wait. `first`: the one before was not.
    Full {
        frames: u64,
        first: bool,
    },
    /// It was queued, and this many older ones were dropped, that waited for so long. `first`: the queue has been empty
    /// since this happened before.
    Skipped {
        frames: u64,
        time: Duration,
        first: bool,
    },
}

/// The side of the thread that receives. Its drop ends the stream.
#[derive(Debug)]
pub(super) struct Producer {
    queue: Arc<Queue>,
    /// Frames may wait for this long while a newer key frame does.
    max_time: Option<Duration>,
    /// Frames are missing before the next one.
    lost: bool,
    /// The last frame was dropped.
    full: bool,
    /// What the streaming thread was told.
    stalled: bool,
    /// So many blocks of audio are missing before the next one.
    lost_audio: u32,
}

/// The side of the streaming thread.
#[derive(Debug)]
pub(super) struct Consumer(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Arrived>,
    bytes: usize,
    audio: VecDeque<Block>,
    audio_bytes: usize,
    /// Frames were skipped, and the queue has not been empty since.
    behind: bool,
    /// A frame of the camera is overdue.
    stalled: bool,
    ended: bool,
    error: Option<SessionError>,
}

/// Both sides of a queue that drops frames after `max_time`, if there is one.
pub(super) fn frame_queue(max_time: Option<Duration>) -> (Producer, Consumer) {
    let queue = Arc::<Queue>::default();
    let producer = Producer { queue: queue.clone(), max_time, lost: false, full: false, stalled: false, lost_audio: 0 };
    (producer, Consumer(queue))
}

impl Consumer {
    /// Waits for the next frame of either stream, in the order in which they were ready. While the camera is stalled, returns
    /// none each time that `gap` has passed. An error is the end: of the session, or, if it is [`SessionError::Cancelled`], of
    /// the thread that receives.
    pub(super) fn next(&self, gap: Duration) -> Result<Option<Item>, SessionError> {
        let mut state = self.0.lock();
        loop {
            if let Some(item) = state.pop() {
                return Ok(Some(item));
            }
            if state.ended {
                return Err(state.error.take().unwrap_or(SessionError::Cancelled));
            }
            if !state.stalled {
                state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (again, wait) = self.0.changed.wait_timeout(state, gap).unwrap_or_else(PoisonError::into_inner);
            state = again;
            if wait.timed_out() && state.is_empty() && !state.ended {
                return Ok(None);
            }
        }
    }

    /// Whether a frame of the camera is overdue.
    pub(super) fn is_stalled(&self) -> bool {
        self.0.lock().stalled
    }
}

impl Producer {
    /// Hands over a unit that could go downstream at `ready`.
    pub(super) fn push(&mut self, unit: Unit, alignment: Alignment, ready: Instant) -> Pushed {
        let size = size(&unit);
        let mut state = self.queue.lock();
        if state.bytes > 0 && state.bytes + size > MAX_QUEUED_BYTES {
            self.lost = true;
            return Pushed::Full { frames: u64::from(unit.frames), first: !std::mem::replace(&mut self.full, true) };
        }
        self.full = false;
        state.bytes += size;
        let after_loss = std::mem::take(&mut self.lost);
        state.frames.push_back(Arrived { unit, alignment, after_loss, ready });
        let pushed = self.max_time.and_then(|max_time| state.skip(max_time)).unwrap_or(Pushed::Queued);
        drop(state);
        self.queue.changed.notify_one();
        pushed
    }

    /// Hands over a block of audio that could go downstream at `ready`. Returns how many blocks were dropped, the oldest ones,
    /// because too many wait.
    pub(super) fn push_audio(&mut self, frame: Frame, ready: Instant) -> u32 {
        let mut state = self.queue.lock();
        state.audio_bytes += size_of(&frame);
        state.audio.push_back(Block { frame, lost: std::mem::take(&mut self.lost_audio), ready });
        let dropped = state.skip_audio(self.max_time);
        drop(state);
        self.queue.changed.notify_one();
        dropped
    }

    /// So many blocks of audio are missing before the next one.
    pub(super) fn lost_audio(&mut self, count: u32) {
        self.lost_audio = self.lost_audio.saturating_add(count);
    }

    /// Whether a frame of the camera is overdue: the streaming thread no longer waits for it without a limit.
    pub(super) fn set_stalled(&mut self, stalled: bool) {
        // Most frames change nothing, and the streaming thread need not wake up a second time.
        if std::mem::replace(&mut self.stalled, stalled) != stalled {
            self.queue.lock().stalled = stalled;
            self.queue.changed.notify_one();
        }
    }

    /// There will be no more frames, because of this.
    pub(super) fn end(self, error: SessionError) {
        self.queue.lock().error = Some(error);
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.queue.lock().ended = true;
        self.queue.changed.notify_one();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.audio.is_empty()
    }

    fn pop(&mut self) -> Option<Item> {
        let is_audio = match (self.frames.front(), self.audio.front()) {
            (Some(frame), Some(block)) => block.ready < frame.ready,
            (frame, _) => frame.is_none(),
        };
        if is_audio {
            let block = self.audio.pop_front()?;
            self.audio_bytes -= size_of(&block.frame);
            return Some(Item::Audio(block));
        }
        let arrived = self.frames.pop_front()?;
        self.bytes -= size(&arrived.unit);
        self.behind &= !self.frames.is_empty();
        Some(Item::Video(arrived))
    }

    /// Drops the oldest blocks of audio while too many wait, or for too long.
    fn skip_audio(&mut self, max_time: Option<Duration>) -> u32 {
        let mut dropped = 0;
        let newest = self.audio.back().map(|block| block.frame.received);
        while let (Some(oldest), Some(newest)) = (self.audio.front(), newest) {
            let waits = newest.saturating_duration_since(oldest.frame.received);
            let is_behind = self.audio_bytes > MAX_QUEUED_AUDIO || max_time.is_some_and(|max_time| waits > max_time);
            if self.audio.len() == 1 || !is_behind {
                break;
            }
            let Some(Block { frame, lost, .. }) = self.audio.pop_front() else { break };
            self.audio_bytes -= size_of(&frame);
            dropped += 1;
            if let Some(next) = self.audio.front_mut() {
                next.lost = next.lost.saturating_add(lost).saturating_add(1);
            }
        }
        dropped
    }

    /// If frames have come over more than this time, drops those before the newest key frame.
    fn skip(&mut self, max_time: Duration) -> Option<Pushed> {
        let oldest = self.frames.front()?.unit.frame.received;
        if self.frames.back()?.unit.frame.received.saturating_duration_since(oldest) <= max_time {
            return None;
        }
        let is_key = |arrived: &Arrived| arrived.unit.frame.key && arrived.unit.begins_picture;
        let newest = self.frames.iter().rposition(is_key).filter(|newest| *newest > 0)?;
        let mut frames = 0;
        for arrived in self.frames.drain(..newest) {
            self.bytes -= size(&arrived.unit);
            frames += u64::from(arrived.unit.frames);
        }
        let newest = self.frames.front_mut()?;
        newest.after_loss = true;
        let time = newest.unit.frame.received.saturating_duration_since(oldest);
        Some(Pushed::Skipped { frames, time, first: !std::mem::replace(&mut self.behind, true) })
    }
}

fn size(unit: &Unit) -> usize {
    size_of(&unit.frame)
}

fn size_of(frame: &Frame) -> usize {
    frame.data.len() + FRAME_OVERHEAD
}

#[cfg(test)]
mod tests {
    use tutk::{Codec, Frame, Order};

    use super::*;

    const GAP: Duration = Duration::from_millis(1);

    fn push(producer: &mut Producer, frame: Frame) -> Pushed {
        let (first, announced, ready) = (frame.number, frame.codec, Instant::now());
        let order = Order::Decoding(None);
        let unit = Unit { frame, first, frames: 1, announced, discont: false, begins_picture: true, order };
        producer.push(unit, Alignment::Au, ready)
    }

    fn frame(number: u32, size: usize) -> Frame {
        Frame::new(Codec::H264, vec![0; size], Instant::now()).with_key(true).with_number(number)
    }

    /// The next frame of video, if one comes.
    fn next(consumer: &Consumer) -> Option<Arrived> {
        match consumer.next(GAP).unwrap()? {
            Item::Video(arrived) => Some(arrived),
            Item::Audio(block) => panic!("{block:?}"),
        }
    }

    /// Numbers of the frames that wait, and whether others are missing before them.
    fn take(consumer: &Consumer) -> Vec<(u32, bool)> {
        let waiting = consumer.0.lock().frames.len();
        (0..waiting)
            .filter_map(|_| next(consumer))
            .map(|arrived| (arrived.unit.frame.number, arrived.after_loss))
            .collect()
    }

    #[test]
    fn what_waits_has_a_bound_and_a_gap_shows() {
        let (mut producer, consumer) = frame_queue(None);
        let size = MAX_QUEUED_BYTES / 4 - FRAME_OVERHEAD;
        let pushed: Vec<_> = (0..6).map(|number| push(&mut producer, frame(number, size))).collect();
        assert!(pushed[..4].iter().all(|pushed| *pushed == Pushed::Queued), "{pushed:?}");
        assert_eq!(pushed[4..], [Pushed::Full { frames: 1, first: true }, Pushed::Full { frames: 1, first: false }]);
        assert!(consumer.next(GAP).is_ok());
        assert_eq!(
            (push(&mut producer, frame(6, 1)), push(&mut producer, frame(7, 1))),
            (Pushed::Queued, Pushed::Queued)
        );
        assert_eq!(take(&consumer), [(1, false), (2, false), (3, false), (6, true), (7, false)]);
    }

    #[test]
    fn empty_frames_have_a_bound_as_well() {
        let (mut producer, consumer) = frame_queue(None);
        assert!((0..).any(|number| push(&mut producer, frame(number, 0)) != Pushed::Queued));
        assert_eq!(take(&consumer).len(), MAX_QUEUED_BYTES / FRAME_OVERHEAD);
    }

    #[test]
    fn a_single_frame_may_be_larger() {
        let (mut producer, consumer) = frame_queue(None);
        assert_eq!(push(&mut producer, frame(0, MAX_QUEUED_BYTES)), Pushed::Queued);
        assert_eq!(push(&mut producer, frame(1, 1)), Pushed::Full { frames: 1, first: true });
        assert_eq!(take(&consumer), [(0, false)]);
    }

    /// A camera with ten frames a second, whose frame of this number comes to the queue: a key frame each two seconds.
    fn ten_a_second(begin: Instant, number: u32) -> Frame {
        let mut frame = frame(number, 1_000).with_key(number.is_multiple_of(20));
        frame.received = begin + Duration::from_millis(100) * number;
        frame
    }

    #[test]
    fn what_waits_longer_than_its_time_makes_way_for_the_newest_key_frame() {
        let begin = Instant::now();
        let (mut producer, consumer) = frame_queue(Some(Duration::from_secs(5)));
        for number in 0..=50 {
            assert_eq!(push(&mut producer, ten_a_second(begin, number)), Pushed::Queued, "frame {number}");
        }
        let skipped = |first| Pushed::Skipped { frames: 40, time: Duration::from_secs(4), first };
        assert_eq!(push(&mut producer, ten_a_second(begin, 51)), skipped(true));
        for number in 52..=90 {
            assert_eq!(push(&mut producer, ten_a_second(begin, number)), Pushed::Queued, "frame {number}");
        }
        // Still behind: not the first time.
        assert_eq!(push(&mut producer, ten_a_second(begin, 91)), skipped(false));
        let waiting = take(&consumer);
        assert_eq!((waiting[0], waiting[1], waiting.len()), ((80, true), (81, false), 12));
        // It has caught up.
        for number in 92..=142 {
            assert_eq!(push(&mut producer, ten_a_second(begin, number)), Pushed::Queued, "frame {number}");
        }
        assert!(matches!(
            push(&mut producer, ten_a_second(begin, 143)),
            Pushed::Skipped { frames: 48, first: true, .. }
        ));
    }

    #[test]
    fn without_a_newer_key_frame_everything_waits() {
        let begin = Instant::now();
        let (mut producer, consumer) = frame_queue(Some(Duration::from_secs(5)));
        for number in 0..200 {
            let frame = ten_a_second(begin, number).with_key(number == 0);
            assert_eq!(push(&mut producer, frame), Pushed::Queued, "frame {number}");
        }
        assert_eq!(take(&consumer).len(), 200);
    }

    /// Numbers of the blocks of audio that wait, and how many are missing before each.
    fn take_audio(consumer: &Consumer) -> Vec<(u32, u32)> {
        let waiting = consumer.0.lock().audio.len();
        let next = |_| match consumer.next(GAP).unwrap().unwrap() {
            Item::Audio(block) => (block.frame.number, block.lost),
            Item::Video(arrived) => panic!("{arrived:?}"),
        };
        (0..waiting).map(next).collect()
    }

    fn block(number: u32, size: usize, received: Instant) -> Frame {
        Frame::new(Codec::Pcm, vec![0; size], received).with_number(number)
    }

    #[test]
    fn audio_has_bounds_of_its_own() {
        let begin = Instant::now();
        let (mut producer, consumer) = frame_queue(Some(Duration::from_secs(5)));
        let size = MAX_QUEUED_AUDIO / 4 - FRAME_OVERHEAD;
        producer.lost_audio(2);
        let dropped: Vec<_> = (0..6).map(|number| producer.push_audio(block(number, size, begin), begin)).collect();
        assert_eq!(dropped, [0, 0, 0, 0, 1, 1]);
        assert_eq!(take_audio(&consumer), [(2, 4), (3, 0), (4, 0), (5, 0)]);
        for number in 0..=60 {
            let received = begin + Duration::from_millis(100) * number;
            producer.push_audio(block(number, 1, received), received);
        }
        assert_eq!(take_audio(&consumer)[..2], [(10, 10), (11, 0)]);
        // No video was dropped for it.
        assert_eq!(push(&mut producer, frame(0, 1)), Pushed::Queued);
        assert_eq!(take(&consumer), [(0, false)]);
    }

    #[test]
    fn both_streams_come_in_the_order_of_their_arrival() {
        let (mut producer, consumer) = frame_queue(None);
        producer.push_audio(block(0, 1, Instant::now()), Instant::now());
        push(&mut producer, frame(0, 1));
        let later = Instant::now() + GAP;
        producer.push_audio(block(1, 1, later), later);
        let is_audio: Vec<_> = (0..3).map(|_| matches!(consumer.next(GAP).unwrap().unwrap(), Item::Audio(_))).collect();
        assert_eq!(is_audio, [true, false, true]);
    }

    #[test]
    fn a_stall_is_passed_on() {
        let (mut producer, consumer) = frame_queue(None);
        push(&mut producer, frame(0, 1));
        producer.set_stalled(true);
        assert!(next(&consumer).is_some_and(|arrived| arrived.unit.frame.number == 0));
        assert!(consumer.next(GAP).unwrap().is_none() && consumer.next(GAP).unwrap().is_none());
        push(&mut producer, frame(1, 1));
        assert!(next(&consumer).is_some_and(|arrived| arrived.unit.frame.number == 1));
        producer.set_stalled(false);
        assert!(!consumer.is_stalled());
    }

    #[test]
    fn the_end_comes_after_the_frames_and_a_thread_that_is_gone_is_one() {
        let (mut producer, consumer) = frame_queue(None);
        push(&mut producer, frame(0, 1));
        producer.end(SessionError::ClosedByCamera);
        assert!(consumer.next(GAP).unwrap().is_some());
        assert!(matches!(consumer.next(GAP), Err(SessionError::ClosedByCamera)));
        let (producer, consumer) = frame_queue(None);
        drop(producer);
        assert!(matches!(consumer.next(GAP), Err(SessionError::Cancelled)));
    }
}
