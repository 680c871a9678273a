use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::acks::Acks;
use super::buffer::{Put, ReassemblyBuffer};
use super::deadlines::{ASK_AGAIN, FRAME_DEADLINE, IDLE_DEADLINE, REORDERING};
use super::retry::Retry;
use crate::wire::{Chunk, MAX_RESEND};
use crate::{Frame, Lost, Media};
use crate::{MAX_ASSEMBLY, MAX_FRAME, MAX_WINDOW};

/// Puts frames of video together again and releases them in order.
///
/// A chunk is missing once a later chunk has come, of the same frame or of a later one; or once the newest frame has
/// stood still for a while ([`TAIL`]). What is missing is asked for at once, and again each time that an answer should
/// have come, until the frame is complete or nothing of it has come for [`IDLE_DEADLINE`].
///
/// Nothing tells of a frame that is lost as a whole while no later one comes: after some silence the next frame is asked
/// for, in case there is one. A camera that has sent all that it may keep unconfirmed would otherwise wait without end.
#[derive(Debug)]
pub(crate) struct Assembly {
    resend: bool,
    /// The number of the first slot.
    next: u32,
    started: bool,
    slots: VecDeque<Slot>,
    /// Bytes of the frames in slots.
    bytes: usize,
    ready: VecDeque<Release>,
    /// Frames of audio that were released.
    audio: u32,
    acks: Acks,
    newest_chunk: Option<Instant>,
    /// When to ask for the next frame if nothing comes, and how long after that again.
    probe: (Instant, Duration),
    /// The last frame number outside of the window, and how many such numbers rose in a row.
    restart: (u32, u8),
    retry: Retry,
    pub(crate) counts: Counts,
}

/// What was counted.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) duplicates: u64,
    pub(crate) retransmitted: u64,
    pub(crate) lost_chunks: u64,
    pub(crate) nacked: u64,
    pub(crate) frames: u64,
    pub(crate) lost: u64,
}

/// What comes out, in the order of frame numbers.
#[derive(Debug)]
pub(crate) enum Release {
    Frame(Frame),
    Audio(Frame),
    Lost(Lost),
}

/// A frame number in the window.
#[derive(Debug, Default)]
struct Slot {
    state: SlotState,
    /// When it was seen that something is missing, while something is.
    missing_since: Option<Instant>,
    /// When the last new chunk came.
    progress: Option<Instant>,
    /// When to ask for everything that is missing.
    ask_at: Option<Instant>,
    /// Chunks before this one have been asked for.
    asked: u16,
    /// How often everything that is missing was asked for.
    rounds: u32,
}

#[derive(Debug, Default)]
enum SlotState {
    #[default]
    Unseen,
    Incomplete(ReassemblyBuffer),
    Complete(Frame, Media),
    Abandoned,
}

/// How long the newest frame may stand still before its end is taken for lost.
const TAIL: Duration = Duration::from_millis(20);
/// How long nothing may come before the next frame is asked for, and the longest time until it is asked for again.
const PROBE: Duration = Duration::from_millis(100);
const MAX_PROBE: Duration = Duration::from_secs(1);
/// A first frame with at least this number is the beginning; with a smaller one, those before it were lost.
const FIRST: u32 = 64;
/// So many rising frame numbers far from the others are a camera that counts anew.
const RESTART: u8 = 3;
/// So many frames are asked for at a time.
const ASK_AHEAD: usize = 64;

impl Assembly {
    pub(crate) fn new(now: Instant, resend: bool) -> Self {
        Self {
            resend,
            next: 0,
            started: false,
            slots: VecDeque::new(),
            bytes: 0,
            ready: VecDeque::new(),
            audio: 0,
            acks: Acks::default(),
            newest_chunk: None,
            probe: (now + PROBE, PROBE),
            restart: (0, 0),
            retry: Retry::default(),
            counts: Counts::default(),
        }
    }

    /// Bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn handle_chunk(&mut self, now: Instant, retransmitted: bool, chunk: &Chunk<'_>) {
        self.counts.retransmitted += u64::from(retransmitted);
        self.probe = (now + PROBE, PROBE);
        if !self.started {
            self.started = true;
            self.next = if chunk.frame < FIRST { 0 } else { chunk.frame };
        }
        let ahead = chunk.frame.wrapping_sub(self.next);
        if ahead < MAX_WINDOW {
            self.restart.1 = 0;
        } else if self.has_restarted(retransmitted, chunk.frame) {
            self.restart(chunk.frame);
        } else {
            self.counts.duplicates += 1;
            return;
        }
        let ahead = self.place(chunk.frame);
        let seen = self.slots.len();
        if ahead >= seen {
            self.slots.resize_with(ahead + 1, Slot::default);
            // Whatever is not complete before a new frame is missing now.
            for slot in self.slots.range_mut(seen.saturating_sub(1)..ahead) {
                slot.is_over(now);
            }
        }
        self.store(now, chunk);
        self.release();
    }

    /// Whether a frame number far from all others is one of several: a camera that counts anew, no stray datagram.
    fn has_restarted(&mut self, retransmitted: bool, frame: u32) -> bool {
        let behind = self.next.wrapping_sub(frame);
        let (last, count) = self.restart;
        if retransmitted || behind <= MAX_WINDOW || (count > 0 && frame == last) {
            return false;
        }
        let rises = count > 0 && frame.wrapping_sub(last) < MAX_WINDOW;
        self.restart = (frame, if rises { count + 1 } else { 1 });
        self.restart.1 >= RESTART
    }

    fn restart(&mut self, frame: u32) {
        self.restart.1 = 0;
        for slot in &mut self.slots {
            if !matches!(slot.state, SlotState::Complete(..)) {
                self.bytes -= slot.abandon();
            }
        }
        self.release();
        let skipped = frame.wrapping_sub(self.next);
        if skipped < u32::MAX / 2 {
            self.lost(self.next, skipped);
        }
        self.next = frame;
    }

    fn store(&mut self, now: Instant, chunk: &Chunk<'_>) {
        let unseen =
            self.slots.get(self.place(chunk.frame)).is_some_and(|slot| matches!(slot.state, SlotState::Unseen));
        let room = !unseen || (chunk.frame_len() <= MAX_FRAME && self.make_room(chunk.frame, chunk.frame_len()));
        let at = self.place(chunk.frame);
        let is_newest = at + 1 == self.slots.len();
        let Some(slot) = self.slots.get_mut(at) else { return };
        if !room {
            slot.abandon();
            return;
        }
        if unseen {
            let mut buffer = ReassemblyBuffer::new(chunk);
            if !is_newest {
                // It was overtaken or asked for as a whole, and the rest of it comes by itself.
                buffer.is_over();
                slot.asked = buffer.chunks();
            }
            slot.state = SlotState::Incomplete(buffer);
            self.bytes += chunk.frame_len();
        }
        let SlotState::Incomplete(buffer) = &mut slot.state else {
            self.counts.duplicates += 1;
            return;
        };
        match buffer.put(chunk) {
            Put::Duplicate => self.counts.duplicates += 1,
            Put::Contradiction => {}
            Put::New => {
                slot.progress = Some(now);
                if is_newest {
                    self.newest_chunk = Some(now);
                }
                if buffer.is_complete() {
                    self.finish(now, chunk.frame);
                } else if buffer.misses_any() {
                    slot.missing_since.get_or_insert(now);
                } else {
                    slot.missing_since = None;
                    slot.ask_at = None;
                }
            }
        }
    }

    fn finish(&mut self, now: Instant, number: u32) {
        let at = self.place(number);
        let Some(slot) = self.slots.get_mut(at) else { return };
        let SlotState::Incomplete(buffer) = std::mem::take(&mut slot.state) else { return };
        let len = buffer.frame_len();
        slot.abandon();
        match buffer.into_frame(now, number) {
            Some((frame, media)) => {
                self.bytes = self.bytes - len + frame.data.capacity();
                slot.state = SlotState::Complete(frame, media);
            }
            None => self.bytes -= len,
        }
        if self.resend && matches!(slot.state, SlotState::Complete(..)) {
            self.acks.push(number);
        }
    }

    /// The place of a frame's slot.
    fn place(&self, number: u32) -> usize {
        number.wrapping_sub(self.next) as usize
    }

    /// Abandons the oldest frames that are not complete, but not `number`, until there is room for `len` bytes more.
    fn make_room(&mut self, number: u32, len: usize) -> bool {
        let keep = self.place(number);
        for (at, slot) in self.slots.iter_mut().enumerate() {
            if self.bytes + len > MAX_ASSEMBLY && at != keep && !matches!(slot.state, SlotState::Complete(..)) {
                self.bytes -= slot.abandon();
            }
        }
        // What only waited for those goes on.
        self.release();
        self.bytes + len <= MAX_ASSEMBLY
    }

    /// Moves what is complete or abandoned from the head of the window to what is released.
    fn release(&mut self) {
        while self
            .slots
            .front()
            .is_some_and(|slot| matches!(slot.state, SlotState::Complete(..) | SlotState::Abandoned))
        {
            let number = self.next;
            self.next = number.wrapping_add(1);
            match self.slots.pop_front() {
                Some(Slot { state: SlotState::Complete(frame, media), .. }) => {
                    self.bytes -= frame.data.capacity();
                    self.complete(frame, media);
                }
                _ => {
                    self.lost(number, 1);
                    if self.resend {
                        self.acks.push(number);
                    }
                }
            }
        }
    }

    /// Video and audio are each counted for themselves, although chunks of both share one numbering.
    fn complete(&mut self, frame: Frame, media: Media) {
        let video = frame.number.wrapping_sub(self.audio);
        if media == Media::Audio {
            self.ready.push_back(Release::Audio(Frame { number: self.audio, ..frame }));
            self.audio = self.audio.wrapping_add(1);
        } else {
            self.counts.frames += 1;
            self.ready.push_back(Release::Frame(Frame { number: video, ..frame }));
        }
    }

    fn lost(&mut self, first: u32, count: u32) {
        let first = first.wrapping_sub(self.audio);
        self.counts.lost += u64::from(count);
        match self.ready.back_mut() {
            Some(Release::Lost(lost)) if lost.first.wrapping_add(lost.count) == first => lost.count += count,
            _ if count == 0 => {}
            _ => self.ready.push_back(Release::Lost(Lost { media: Media::Video, first, count })),
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) or [`poll_nack`](Self::poll_nack) has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let abandon = self.slots.iter().filter_map(|slot| self.abandon_at(slot)).min();
        let ask = self.slots.iter().take(ASK_AHEAD).filter_map(|slot| slot.ask_at).min();
        let resend = ask.into_iter().chain(self.probe_at()).chain(self.tail_at()).chain(self.acks.poll_timeout());
        abandon.into_iter().chain(resend.filter(|_| self.resend)).min()
    }

    fn abandon_at(&self, slot: &Slot) -> Option<Instant> {
        let since = slot.missing_since?;
        let deadline = if self.resend { IDLE_DEADLINE.max(self.retry.interval() * ASK_AGAIN) } else { REORDERING };
        let progress = slot.progress.map_or(since, |progress| progress.max(since));
        Some((progress + deadline).min(since + FRAME_DEADLINE))
    }

    /// When the end of the newest frame is taken for lost.
    fn tail_at(&self) -> Option<Instant> {
        match &self.slots.back()?.state {
            SlotState::Incomplete(buffer) if self.resend && !buffer.was_over() => self.newest_chunk.map(|at| at + TAIL),
            _ => None,
        }
    }

    /// When the next frame is asked for; never while a frame is under way.
    fn probe_at(&self) -> Option<Instant> {
        let (at, wait) = self.probe;
        self.slots.is_empty().then(|| {
            // What is on its way while the camera hears of the silence is not lost.
            let round_trip = self.retry.ack_interval().min(MAX_PROBE);
            at + round_trip.saturating_sub(wait)
        })
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.tail_at().is_some_and(|tail| tail <= now)
            && let Some(newest) = self.slots.back_mut()
        {
            newest.is_over(now);
        }
        for at in 0..self.slots.len() {
            if let Some(slot) = self.slots.get(at)
                && self.abandon_at(slot).is_some_and(|abandon| abandon <= now)
                && let Some(slot) = self.slots.get_mut(at)
            {
                self.bytes -= slot.abandon();
            }
        }
        self.release();
    }

    /// The next frame of which something is to be asked for now; `chunks` gets the chunks' numbers, none for all.
    pub(crate) fn poll_nack(&mut self, now: Instant, chunks: &mut Vec<[u8; 2]>) -> Option<u32> {
        if !self.resend {
            return None;
        }
        let interval = self.retry.interval();
        for (ahead, slot) in self.slots.iter_mut().enumerate().take(ASK_AHEAD) {
            let Some(since) = slot.missing_since else { continue };
            if slot.ask_at.is_none_or(|at| at <= now) {
                // Everything is nacked, a little later each time.
                let age = now.saturating_duration_since(since) / 4;
                slot.ask_at = Some(now + interval.max(age.min(interval * 2)));
                slot.asked = 0;
                slot.rounds += 1;
            }
            chunks.clear();
            match &slot.state {
                SlotState::Incomplete(buffer) => {
                    slot.asked = buffer.missing(slot.asked, MAX_RESEND, chunks);
                    if chunks.is_empty() {
                        continue;
                    }
                }
                SlotState::Unseen if slot.asked == 0 => slot.asked = 1,
                _ => continue,
            }
            let count = chunks.len().max(1) as u64;
            self.counts.nacked += count;
            if slot.rounds == 1 {
                self.counts.lost_chunks += count;
            }
            return Some(self.next.wrapping_add(ahead as u32));
        }
        if self.probe_at()? > now {
            return None;
        }
        let wait = (self.probe.1 * 2).min(MAX_PROBE);
        self.probe = (now + wait, wait);
        chunks.clear();
        Some(self.next)
    }

    /// The next frame that the camera need not keep.
    pub(crate) fn poll_ack(&mut self, now: Instant) -> Option<u32> {
        self.acks.poll(now, &self.retry)
    }

    /// The camera has seen that.
    pub(crate) fn ack_seen(&mut self, now: Instant, frame: u32) {
        self.acks.seen(now, frame, &mut self.retry);
    }

    /// The smoothed time from a datagram to its answer.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.retry.round_trip()
    }

    pub(crate) fn poll_release(&mut self) -> Option<Release> {
        self.ready.pop_front()
    }
}

impl Slot {
    /// A later frame has begun, or it has stood still for long: what is not here is missing.
    fn is_over(&mut self, now: Instant) {
        match &mut self.state {
            SlotState::Unseen => {}
            SlotState::Incomplete(buffer) => buffer.is_over(),
            SlotState::Complete(..) | SlotState::Abandoned => return,
        }
        self.missing_since.get_or_insert(now);
    }

    /// Abandons whatever is here; returns the bytes that this frees.
    fn abandon(&mut self) -> usize {
        self.missing_since = None;
        self.ask_at = None;
        match std::mem::replace(&mut self.state, SlotState::Abandoned) {
            SlotState::Unseen | SlotState::Abandoned => 0,
            SlotState::Incomplete(buffer) => buffer.frame_len(),
            SlotState::Complete(frame, _) => frame.data.capacity(),
        }
    }
}
