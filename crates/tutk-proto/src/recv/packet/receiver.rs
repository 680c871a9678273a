use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::blocks::Blocks;
use super::frames::{Frames, Piece};
use super::{ORIGIN, Reported, unwrap};
use crate::MAX_ASSEMBLY;
use crate::recv::deadlines::{ASK_AGAIN, FRAME_DEADLINE, IDLE_DEADLINE, REORDERING};
use crate::recv::{Counts, Release};
use crate::wire::packet::parity::BLOCK;
use crate::wire::packet::{Ack, Chunk, Content, Data};

/// Puts chunks of media in order, and frames together, which come out in the order of their chunks.
///
/// A chunk is missing once a later one has come. With resend, what is missing holds back all that follows until it comes
/// or its deadline passes ([`IDLE_DEADLINE`]); then its frame is lost. Without, it holds back for [`REORDERING`].
#[derive(Debug)]
pub(crate) struct Receiver {
    resend: bool,
    /// The first chunk that has not come and is not abandoned.
    next: u64,
    /// One more than the highest chunk that has come.
    end: u64,
    /// What came before `next` has.
    early: BTreeMap<u64, Early>,
    early_bytes: usize,
    frames: Frames,
    blocks: Blocks,
    /// When something that was missing has come last, or anything after a silence.
    progress: Instant,
    heard: Instant,
    /// How long the way may be.
    retry_time: Duration,
    /// Whether a frame was abandoned.
    abandoned: bool,
    /// When something new came, and how often it was acknowledged since.
    newest: (Instant, u32),
    /// The other side is to drop what it keeps.
    cleaning: Option<Cleaning>,
    clean_due: bool,
    counts: Counts,
    missing: Vec<[u8; 2]>,
    /// The first chunk that was never reported missing.
    unreported: u64,
}

#[derive(Debug)]
struct Early {
    came: Instant,
    piece: Piece<Box<[u8]>>,
}

#[derive(Clone, Copy, Debug)]
struct Cleaning {
    /// It is to go on after this chunk.
    number: u16,
    /// The first chunk that would come otherwise.
    otherwise: u64,
    /// When it has not heard of it.
    deadline: Instant,
}

/// Chunks that may come before `next` does; less than half of what 16 bits count.
const WINDOW: u64 = 24 << 10;
/// What an early chunk costs beside its bytes.
const PIECE: usize = 96;
/// Nothing has come for so long: the other side cannot be heard, and a chunk that does not come means nothing.
const SILENCE: Duration = Duration::from_millis(300);
/// After a frame was abandoned, nothing new comes for so long but what had come before, and it was acknowledged so often: the
/// other side goes on only if it is asked to.
const STUCK: (Duration, u32) = (Duration::from_secs(1), 3);
/// How far ahead of all chunks the other side is asked to go on, as the vendor's viewer does: none of those can be taken for
/// a new one.
const CLEAN_AHEAD: u64 = 1 << 14;
/// How long it may take to answer; a camera that knows nothing of this goes on as before.
const CLEAN_TIMEOUT: Duration = Duration::from_secs(2);

impl Receiver {
    pub(crate) fn new(now: Instant, resend: bool) -> Self {
        Self {
            resend,
            next: ORIGIN,
            end: ORIGIN,
            early: BTreeMap::new(),
            early_bytes: 0,
            frames: Frames::default(),
            blocks: Blocks::default(),
            progress: now,
            heard: now,
            retry_time: Duration::ZERO,
            abandoned: false,
            newest: (now, 0),
            cleaning: None,
            clean_due: false,
            counts: Counts::default(),
            missing: Vec::new(),
            unreported: ORIGIN,
        }
    }

    /// Something of the channel has come.
    pub(crate) fn heard(&mut self, now: Instant) {
        if now.saturating_duration_since(self.heard) > SILENCE {
            self.progress = now;
        }
        self.heard = now;
    }

    /// How long an answer to an acknowledgement may take.
    pub(crate) fn set_interval(&mut self, interval: Duration) {
        self.retry_time = interval * ASK_AGAIN;
    }

    /// Takes a chunk of media, or parity. Returns what it means for the acknowledgements.
    pub(crate) fn handle(&mut self, now: Instant, data: &Data<'_>) -> Option<Reported> {
        let repaired = match data.envelope {
            Some(envelope) if self.resend && usize::from(envelope.chunks) == BLOCK => match data.chunk.content {
                Content::Parity if usize::from(envelope.index) == BLOCK => {
                    self.blocks.put(envelope.block, envelope.index, [data.chunk.data, &[]])
                }
                Content::Media { .. } if usize::from(envelope.index) < BLOCK => {
                    let header = data.chunk.first_header();
                    self.blocks.put(envelope.block, envelope.index, [&header, data.chunk.data])
                }
                _ => None,
            },
            _ => None,
        };
        let mut reported = match data.chunk.content {
            Content::Media { retransmitted, .. } => {
                self.counts.retransmitted += u64::from(retransmitted);
                Some(self.put(now, &data.chunk))
            }
            _ => None,
        };
        if let Some(bytes) = repaired
            && let Ok(chunk) = Chunk::from_bytes(&bytes)
            && let Content::Media { .. } = chunk.content
            && chunk.sum() == chunk.checksum
        {
            reported = Some(self.put(now, &chunk));
        }
        reported
    }

    fn put(&mut self, now: Instant, chunk: &Chunk<'_>) -> Reported {
        let Content::Media { kind, .. } = chunk.content else { return Reported::Other };
        let number = unwrap(self.next, chunk.number);
        if number < self.next || self.early.contains_key(&number) {
            self.counts.duplicates += 1;
            let (since, acks) = self.newest;
            if self.abandoned && since + STUCK.0 <= now && acks >= STUCK.1 {
                self.clean(now);
            }
            return Reported::Other;
        }
        let len = chunk.data.len() + PIECE;
        if self.resend && number - self.next >= WINDOW {
            // It comes again, once what is missing has come or is given up.
            return Reported::Gap;
        }
        if !self.make_room(number, len) {
            self.counts.duplicates += 1;
            return Reported::Other;
        }
        self.newest = (now, 0);
        // Whether the other side has answered or not, it goes on as it is asked to.
        self.cleaning = None;
        let had_gap = self.is_incomplete();
        self.end = self.end.max(number + 1);
        let piece = Piece {
            kind,
            last: chunk.last,
            count: chunk.count,
            index: chunk.index,
            serial: chunk.serial,
            frame: chunk.frame,
            data: chunk.data,
        };
        let mut complete = false;
        if number == self.next {
            complete = self.frames.push(now, &piece);
            self.next += 1;
            if had_gap {
                self.progress = now;
            }
            self.drain(now);
        } else {
            let Piece { kind, last, count, index, serial, frame, data } = piece;
            self.early_bytes += len;
            let piece = Piece { kind, last, count, index, serial, frame, data: data.into() };
            self.early.insert(number, Early { came: now, piece });
            self.pass_rest(now);
        }
        match (had_gap || self.is_incomplete(), complete) {
            (true, _) => Reported::Gap,
            (false, true) => Reported::Frame,
            (false, false) => Reported::Chunk,
        }
    }

    /// Gives up what is missing until the chunk fits. Returns false if it is among that.
    fn make_room(&mut self, number: u64, len: usize) -> bool {
        let fits =
            |receiver: &Self| number.saturating_sub(receiver.next) < WINDOW && receiver.bytes() + len <= MAX_ASSEMBLY;
        while !fits(self) && !self.early.is_empty() {
            self.abandon();
        }
        if !fits(self) {
            self.frames.broken();
            self.next = self.next.max(number);
        }
        number >= self.next
    }

    /// What is in order now goes to the frames.
    fn drain(&mut self, now: Instant) {
        loop {
            while let Some(Early { piece, .. }) = self.early.remove(&self.next) {
                self.early_bytes -= piece.data.len() + PIECE;
                self.frames.push(now, &piece);
                self.next += 1;
            }
            if !self.pass_rest_once() {
                return;
            }
        }
    }

    fn pass_rest(&mut self, now: Instant) {
        if self.pass_rest_once() {
            self.drain(now);
        }
    }

    /// Does not wait for chunks of a frame that cannot be completed.
    fn pass_rest_once(&mut self) -> bool {
        let rest = u64::from(self.frames.rest());
        let first = self.early.first_key_value().map_or(self.end, |(first, _)| *first);
        let to = first.min(self.next + rest);
        let passes = rest > 0 && to > self.next;
        if passes {
            self.next = to;
        }
        passes
    }

    /// Does not wait any longer for the chunks before the first one that has come early.
    fn abandon(&mut self) {
        self.frames.broken();
        self.next = self.early.first_key_value().map_or(self.end, |(first, _)| *first);
        self.drain(self.heard);
    }

    fn abandon_at(&self) -> Option<Instant> {
        let came = self.early.first_key_value()?.1.came;
        if !self.resend {
            return Some(came + REORDERING);
        }
        let at = came.max(self.progress) + IDLE_DEADLINE.max(self.retry_time);
        let at_most = came + FRAME_DEADLINE.max(self.retry_time);
        Some(if at > self.heard + SILENCE { at_most } else { at.min(at_most) })
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let cleaned = self.cleaning.map(|cleaning| cleaning.deadline);
        [self.abandon_at(), cleaned].into_iter().flatten().min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        while self.abandon_at().is_some_and(|at| at <= now) {
            self.abandon();
            self.abandoned = self.resend;
        }
        if let Some(cleaning) = self.cleaning
            && cleaning.deadline <= now
        {
            self.cleaning = None;
            (self.next, self.end) = (cleaning.otherwise, cleaning.otherwise);
        }
    }

    /// The other side shall drop what it keeps and begin anew.
    fn clean(&mut self, now: Instant) {
        self.abandoned = false;
        self.newest = (now, 0);
        self.frames.broken();
        self.early.clear();
        self.early_bytes = 0;
        self.blocks.clear();
        let number = self.end + CLEAN_AHEAD;
        let cleaning = Cleaning { number: number as u16, otherwise: self.end, deadline: now + CLEAN_TIMEOUT };
        self.cleaning = Some(cleaning);
        (self.next, self.end) = (number + 1, number + 1);
        self.clean_due = true;
    }

    /// The number of a clean that is to be requested.
    pub(crate) fn poll_clean(&mut self) -> Option<u16> {
        std::mem::take(&mut self.clean_due).then_some(self.cleaning?.number)
    }

    /// The other side goes on after this chunk.
    pub(crate) fn cleaned(&mut self, number: u16) {
        if self.cleaning.is_some_and(|cleaning| cleaning.number == number) {
            self.cleaning = None;
        }
    }

    /// Whether something is missing.
    pub(crate) fn has_gap(&self) -> bool {
        self.resend && self.is_incomplete()
    }

    fn is_incomplete(&self) -> bool {
        self.next < self.end
    }

    /// What has come, as an acknowledgement without the fields that are not of media.
    pub(crate) fn ack(&mut self) -> Ack<'_> {
        self.missing.clear();
        self.newest.1 += 1;
        let (mut base, mut highest) = (self.next - 1, self.end - 1);
        if self.resend {
            let mut from = self.next;
            for end in self.early.keys().copied().chain([self.end]) {
                let room = Ack::MAX_MISSING.saturating_sub(self.missing.len());
                for number in (from..end).take(room) {
                    let is_news = u64::from(number >= self.unreported);
                    self.counts.lost_chunks += is_news;
                    // What is listed again need not be repeated: the other side knows when it sent it.
                    self.counts.nacked += is_news;
                    self.missing.push(((number - base) as u16).to_le_bytes());
                }
                if end.saturating_sub(from) > room as u64 {
                    // What is not listed would be taken for received.
                    highest = from + room as u64 - 1;
                    break;
                }
                from = end + 1;
            }
            self.unreported = self.unreported.max(highest + 1);
        } else {
            base = highest;
        }
        Ack {
            sequence: 0,
            base: base as u16,
            highest: highest as u16,
            io: 0,
            cleaning: self.cleaning.is_some(),
            number: 0,
            clock: 0,
            missing: &self.missing,
        }
    }

    pub(crate) fn poll_release(&mut self) -> Option<Release> {
        self.frames.ready.pop_front()
    }

    pub(crate) fn counts(&self) -> Counts {
        let (frames, lost) = self.frames.counts;
        Counts { frames, lost, ..self.counts }
    }

    /// Bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.early_bytes + self.frames.bytes()
    }
}
