use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::super::pacer::Pacer;
use super::block::{Block, parity_message};
use super::cut::Cut;
use super::detection::Detection;
use super::frame_acks::FrameAcks;
use super::sent_frame::SentFrame;
use super::window::Window;
use crate::RESEND_STORE;
use crate::recv::packet::{ORIGIN, unwrap};
use crate::send::Outgoing;
use crate::send::budget::Budget;
use crate::wire::packet::{Ack, Content, Data, Envelope, MediaKind};

/// The frames on their way to the client of a channel.
///
/// A frame gets its numbers with its first chunk, and is kept from then on until it is acknowledged: the vendor's viewer
/// waits for it without end.
#[derive(Debug)]
pub(crate) struct Sender {
    resend: bool,
    /// Of a client without resend that has them.
    frame_acks: Option<FrameAcks>,
    /// Without numbers.
    queue: VecDeque<(MediaKind, Outgoing)>,
    /// With numbers.
    frames: VecDeque<SentFrame>,
    /// Bytes of both.
    bytes: usize,
    /// The chunks of `frames` that are not acknowledged, the first of which has the number `base`.
    chunks: VecDeque<SentChunk>,
    base: u64,
    /// How many of `chunks` have been sent.
    sent: usize,
    /// How many of those are neither acknowledged nor known to be missing.
    under_way: usize,
    serial: u32,
    /// The last frame numbers.
    video: u32,
    audio: u32,
    /// Chunks to be sent again.
    retransmit: BTreeSet<u64>,
    window: Window,
    pacer: Pacer,
    budget: Budget,
    block: Block,
    last_ack: Option<u16>,
    /// When the newest chunk was sent that has come, among those that were sent once.
    newest: Option<Instant>,
    /// When something was acknowledged, or sent after all was.
    progress: Option<Instant>,
    /// How often nothing was acknowledged in time since then.
    timeouts: u32,
    /// How long to wait for an answer.
    interval: Duration,
    loss: Detection,
    heard: Option<Instant>,
}

#[derive(Debug, Default)]
struct SentChunk {
    state: State,
    sent: Option<Instant>,
    /// How often it was sent again.
    repeats: u32,
    envelope: Envelope,
    checksum: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    New,
    UnderWay,
    Missing,
    /// Received, but one before it is not.
    Received,
}

impl SentChunk {
    /// Whether it was sent again and no parity can have given it back: what is acknowledged soon is the first one, then.
    fn is_first_late(&self, block: &Block) -> bool {
        self.repeats > 0 && self.state == State::UnderWay && block.is_open(self.envelope.block)
    }
}

/// What an acknowledgement says that was not known.
#[derive(Debug, Default)]
struct News {
    received: usize,
    lost: usize,
    /// When the newest chunk that has come was sent.
    newest: Option<Instant>,
}

impl News {
    fn received(&mut self, chunk: &SentChunk) {
        if chunk.state != State::Received {
            self.received += 1;
            self.newest = self.newest.max(chunk.sent);
        }
    }
}

/// Chunks with numbers over this many make the store full: the other side tells numbers apart by 16 bits.
const MAX_CHUNKS: usize = 8192;
/// How long the other side may take to acknowledge what it has.
const ACK_DELAY: Duration = Duration::from_millis(25);
/// Nothing has come for so long: the other side cannot be heard.
const SILENCE: Duration = Duration::from_millis(300);
/// Chunks that are sent again if nothing is acknowledged in time.
const PROBE: usize = 8;
/// How long that takes at most.
const MAX_TIMEOUT_INTERVAL: Duration = Duration::from_secs(1);

impl Sender {
    pub(crate) fn new(resend: bool) -> Self {
        Self {
            resend,
            frame_acks: None,
            queue: VecDeque::new(),
            frames: VecDeque::new(),
            bytes: 0,
            chunks: VecDeque::new(),
            base: ORIGIN,
            sent: 0,
            under_way: 0,
            serial: 0,
            video: 0,
            audio: 0,
            retransmit: BTreeSet::new(),
            window: Window::new(),
            pacer: Pacer::new(),
            budget: Budget::new(),
            block: Block::new(),
            last_ack: None,
            newest: None,
            progress: None,
            timeouts: 0,
            interval: Duration::from_millis(50),
            loss: Detection::default(),
            heard: None,
        }
    }

    /// Whether no further frame is taken.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes > RESEND_STORE || self.chunks.len() + self.queue.len() > MAX_CHUNKS
    }

    /// Takes a frame to send.
    pub(crate) fn push(&mut self, kind: MediaKind, frame: &Outgoing) {
        self.bytes += frame.len();
        self.queue.push_back((kind, frame.clone()));
    }

    /// How long an answer took, when one is late, and how long to wait for it before something else is done.
    pub(crate) fn set_times(&mut self, round_trip: Duration, timeout: Duration, interval: Duration) {
        self.interval = interval;
        self.loss.set_times(round_trip, timeout);
    }

    /// The client takes no resend, but acknowledges each frame that is complete.
    pub(crate) fn expect_frame_acks(&mut self) {
        self.frame_acks = (!self.resend).then(FrameAcks::new);
    }

    /// Whether the clock is to be sent now: its answer comes after the acknowledgement of a frame.
    pub(crate) fn wants_clock(&self) -> bool {
        self.chunks.is_empty() && self.frame_acks.as_ref().is_some_and(FrameAcks::wants_clock)
    }

    /// The clock with this number is sent.
    pub(crate) fn clock_sent(&mut self, now: Instant, clock: u64) {
        if self.chunks.is_empty()
            && let Some(acks) = &mut self.frame_acks
        {
            acks.clock_sent(now, clock, self.interval);
        }
    }

    /// The clock with this number was answered.
    pub(crate) fn clock_answered(&mut self, now: Instant, clock: u64, round_trip: Duration) {
        let Some(acks) = &mut self.frame_acks else { return };
        acks.set_round_trip(round_trip);
        if !acks.is_lost(clock) || !self.chunks.is_empty() {
            return;
        }
        if acks.gives_up(now, self.queue.len()) {
            self.frame_done();
        } else if let Some(frame) = self.frames.back_mut() {
            acks.again();
            frame.first = self.base + FrameAcks::lead(frame.cut.count);
            self.chunks.extend((self.base..frame.end()).map(|_| SentChunk::default()));
        }
    }

    /// The frame that was waited for has come, or is given up.
    fn frame_done(&mut self) {
        self.chunks.clear();
        self.bytes -= self.frames.pop_back().map_or(0, |frame| frame.frame.len());
    }

    /// Something of the channel has come. After a silence, what is not acknowledged soon is sent again without a wait.
    pub(crate) fn heard(&mut self, now: Instant) {
        if self.timeouts > 1 && self.heard.is_some_and(|heard| now.saturating_duration_since(heard) > SILENCE) {
            self.timeouts = 1;
            self.progress = self.progress.and(Some(now));
        }
        self.heard = Some(now);
    }

    /// Forgets the frames without numbers.
    pub(crate) fn clear(&mut self) {
        for (_, frame) in self.queue.drain(..) {
            self.bytes -= frame.len();
        }
    }

    /// Forgets all frames, and goes on after this chunk. Returns the serial of the last frame that had one.
    pub(crate) fn clean(&mut self, number: u16) -> u32 {
        self.clear();
        let next = self.base + self.chunks.len() as u64;
        let number = unwrap(next, number);
        let number = if number < next { number + (1 << 16) } else { number };
        self.frames.clear();
        self.chunks.clear();
        self.retransmit.clear();
        (self.bytes, self.sent, self.under_way) = (0, 0, 0);
        self.base = number + 1;
        self.progress = None;
        if let Some(acks) = &mut self.frame_acks {
            acks.clear();
        }
        self.serial.wrapping_sub(1)
    }

    /// Bytes of frames that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn next_send(&self) -> u64 {
        self.base + self.sent as u64
    }

    pub(crate) fn handle_ack(&mut self, now: Instant, ack: &Ack<'_>) {
        if let Some(acks) = &mut self.frame_acks {
            if acks.acked(unwrap(self.base, ack.highest)) {
                self.frame_done();
            }
            return;
        }
        let base = unwrap(self.base, ack.base) + 1;
        let is_old = self.last_ack.is_some_and(|last| ack.number.wrapping_sub(last) as i16 <= 0);
        if is_old || base < self.base || base > self.next_send() {
            return;
        }
        self.last_ack = Some(ack.number);
        let mut news = News::default();
        for _ in self.base..base {
            if let Some(chunk) = self.chunks.pop_front() {
                news.received(&chunk);
                if chunk.is_first_late(&self.block) {
                    self.loss.came(now, chunk.sent);
                }
                self.under_way -= usize::from(chunk.state == State::UnderWay);
                self.sent = self.sent.saturating_sub(1);
            }
        }
        let advanced = base > self.base;
        self.base = base;
        self.retransmit = self.retransmit.split_off(&base);
        while self.frames.front().is_some_and(|frame| frame.end() <= base)
            && let Some(frame) = self.frames.pop_front()
        {
            self.bytes -= frame.frame.len();
        }
        self.handle_list(now, ack, &mut news);
        if self.timeouts > 0 {
            self.overtaken(&mut news);
        }
        self.window.lost(news.lost);
        self.window.acked(self.base, self.next_send(), news.received, self.under_way);
        self.pacer.acked(news.received);
        if news.received > 0 || advanced {
            self.progress = Some(now);
            self.timeouts = 0;
        }
    }

    /// What is between base and highest is missing if it is in the list, else it has come.
    fn handle_list(&mut self, now: Instant, ack: &Ack<'_>, news: &mut News) {
        let highest = unwrap(self.base, ack.highest);
        if highest < self.base || highest >= self.next_send() {
            return;
        }
        if let Some(chunk) = self.chunks.get((highest - self.base) as usize)
            && chunk.repeats == 0
        {
            self.newest = self.newest.max(chunk.sent);
        }
        let mut missing = ack.missing.iter().map(|entry| u16::from_le_bytes(*entry)).peekable();
        let left = self.budget.left(now);
        for (number, chunk) in (self.base..=highest).zip(&mut self.chunks) {
            let offset = (number + 1 - self.base) as u16;
            while missing.next_if(|entry| *entry < offset).is_some() {}
            if missing.next_if_eq(&offset).is_none() {
                news.received(chunk);
                self.under_way -= usize::from(chunk.state == State::UnderWay);
                if chunk.state == State::Missing {
                    self.retransmit.remove(&number);
                }
                if chunk.is_first_late(&self.block) {
                    self.loss.came(now, chunk.sent);
                }
                chunk.state = State::Received;
                continue;
            }
            let is_lost =
                self.loss.is_lost(now, chunk.sent, chunk.repeats, highest.saturating_sub(number), self.newest);
            if chunk.state != State::Missing && is_lost && news.lost < left {
                self.under_way -= usize::from(chunk.state == State::UnderWay);
                chunk.state = State::Missing;
                self.retransmit.insert(number);
                news.lost += 1;
            }
        }
        self.budget.spend(news.lost);
    }

    /// After a time in which nothing was acknowledged, what was sent before something that has come now is missing.
    fn overtaken(&mut self, news: &mut News) {
        let Some(newest) = news.newest else { return };
        for (number, chunk) in (self.base..).zip(&mut self.chunks).take(self.sent) {
            if chunk.state == State::UnderWay && chunk.sent.is_some_and(|sent| sent + self.interval <= newest) {
                self.under_way -= 1;
                chunk.state = State::Missing;
                self.retransmit.insert(number);
                news.lost += 1;
            }
        }
    }

    /// When nothing has been acknowledged for too long.
    fn timeout_at(&self) -> Option<Instant> {
        let progress = self.progress.filter(|_| self.resend && self.sent > 0 && self.retransmit.is_empty())?;
        // Where all has come but is not acknowledged as such, there is no haste.
        let wait = if self.under_way > 0 { self.interval + ACK_DELAY } else { MAX_TIMEOUT_INTERVAL };
        Some(progress + wait.saturating_mul(1 << self.timeouts.min(8)).min(MAX_TIMEOUT_INTERVAL.max(self.interval)))
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let rest = self.pacer.poll_timeout().filter(|_| self.has_something());
        let frame = self.frame_acks.as_ref().filter(|_| self.chunks.is_empty()).and_then(FrameAcks::poll_timeout);
        self.timeout_at().into_iter().chain(rest).chain(frame).min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.chunks.is_empty()
            && let Some(acks) = &mut self.frame_acks
            && acks.timed_out(now)
            && acks.gives_up(now, self.queue.len())
        {
            self.frame_done();
        }
        if self.timeout_at().is_none_or(|at| at > now) {
            return;
        }
        self.progress = Some(now);
        self.timeouts += 1;
        if self.timeouts > 2 {
            self.window.timeout();
        }
        let all = self.under_way == 0;
        let sent = (self.base..).zip(&mut self.chunks).take(self.sent);
        let unknown = sent.filter(|(_, chunk)| all || chunk.state == State::UnderWay);
        for (number, chunk) in unknown.take(PROBE) {
            self.under_way -= usize::from(chunk.state == State::UnderWay);
            chunk.state = State::Missing;
            self.retransmit.insert(number);
        }
    }

    /// The next chunk: what is missing goes before what is new. The AV sequence is to be filled in.
    pub(crate) fn poll_transmit<R>(&mut self, now: Instant, send: impl FnOnce(Data<'_>) -> R) -> Option<R> {
        if !self.has_something() || !self.pacer.may_send(now) {
            return None;
        }
        self.pacer.sent();
        if let Some(number) = self.retransmit.pop_first() {
            return self.send_missing(now, number, send);
        }
        let goes_on = self.sent < self.chunks.len() && self.window.has_room(self.under_way);
        if let Some((block, parity)) = self.block.take(goes_on) {
            return Some(send(parity_message(block, parity.as_slice())));
        }
        self.send_new(now, send)
    }

    fn has_something(&self) -> bool {
        if self.block.has_parity() || !self.retransmit.is_empty() {
            return true;
        }
        let may_begin = self.frame_acks.as_ref().is_none_or(|acks| !acks.waits());
        let has_new = self.sent < self.chunks.len() || (may_begin && !self.queue.is_empty());
        has_new && (!self.resend || self.window.has_room(self.under_way))
    }

    fn send_missing<R>(&mut self, now: Instant, number: u64, send: impl FnOnce(Data<'_>) -> R) -> Option<R> {
        let index = number.checked_sub(self.base)? as usize;
        let chunk = self.chunks.get_mut(index)?;
        chunk.state = State::UnderWay;
        chunk.sent = Some(now);
        chunk.repeats += 1;
        self.under_way += 1;
        self.window.sent();
        let at = self.frames.partition_point(|frame| frame.end() <= number);
        let mut data = self.frames.get(at)?.chunk(number)?;
        data.chunk.checksum = chunk.checksum;
        data.envelope = Some(chunk.envelope);
        if let Content::Media { retransmitted, .. } = &mut data.chunk.content {
            *retransmitted = true;
        }
        Some(send(data))
    }

    fn send_new<R>(&mut self, now: Instant, send: impl FnOnce(Data<'_>) -> R) -> Option<R> {
        if self.sent == self.chunks.len() {
            self.number_next()?;
        }
        let number = self.next_send();
        // The last frame is the only one with chunks that are not sent.
        let mut data = self.frames.back()?.chunk(number)?;
        data.burst_end = data.frame_end;
        if !self.resend {
            let sent = send(data);
            self.chunks.pop_front();
            self.base += 1;
            let is_complete = self.frames.back().is_some_and(|frame| frame.end() <= self.base);
            if is_complete && self.frame_acks.as_mut().is_none_or(|acks| !acks.sent(now, self.base - 1)) {
                self.bytes -= self.frames.pop_back().map_or(0, |frame| frame.frame.len());
            }
            return Some(sent);
        }
        data.chunk.checksum = data.chunk.sum();
        let envelope = self.block.add(&data.chunk);
        data.envelope = Some(envelope);
        let chunk = self.chunks.get_mut(self.sent)?;
        let checksum = data.chunk.checksum;
        *chunk = SentChunk { state: State::UnderWay, sent: Some(now), repeats: 0, envelope, checksum };
        if self.sent == 0 {
            self.progress = Some(now);
        }
        self.sent += 1;
        self.under_way += 1;
        self.window.sent();
        Some(send(data))
    }

    /// The next frame of the queue gets its numbers.
    fn number_next(&mut self) -> Option<()> {
        let (kind, frame) = self.queue.pop_front()?;
        let (media, info) = frame.parts();
        let cut = Cut::new(media.len(), info.len());
        let counter = if kind == MediaKind::Audio { &mut self.audio } else { &mut self.video };
        *counter = counter.wrapping_add(1);
        let first = self.base + self.chunks.len() as u64;
        self.frames.push_back(SentFrame { first, cut, kind, serial: self.serial, number: *counter, frame });
        self.chunks.extend((0..cut.count).map(|_| SentChunk::default()));
        self.serial = self.serial.wrapping_add(1);
        Some(())
    }
}
