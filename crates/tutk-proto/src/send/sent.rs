use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::budget::Budget;
use super::pacer::Pacer;
use crate::wire::{AUDIO_MARK, Av, CHUNK, Chunk, Feedback, FrameInfo};
use crate::{Codec, SendError};
use crate::{MAX_FRAME, RESEND_STORE};

/// A frame of video to send.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct VideoFrame<'a> {
    /// The access unit, at most 16 MiB less its frame info.
    pub data: &'a [u8],
    /// What it is encoded with.
    pub codec: Codec,
    /// Whether a decoder can start here.
    pub key: bool,
    /// The camera's clock in milliseconds.
    pub timestamp: u32,
    /// What the camera says of the frame, 16 to 256 bytes, in the place of what the fields above say; default: none.
    pub info: Option<&'a [u8]>,
}

/// A frame's media and frame info, as they are cut into chunks; one for all viewers.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    // Not a slice: that would cost a second copy.
    bytes: Arc<Vec<u8>>,
    info_len: u16,
}

/// Most bytes of frame info.
const MAX_INFO: usize = 256;

impl Outgoing {
    pub(crate) fn new(media: &[u8], info: &[u8]) -> Result<Self, SendError> {
        if media.len() + info.len() > MAX_FRAME {
            return Err(SendError::FrameTooLarge { len: media.len(), info_len: info.len() });
        }
        if !(FrameInfo::LEN..=MAX_INFO).contains(&info.len()) {
            return Err(SendError::FrameInfo { len: info.len() });
        }
        Ok(Self { bytes: Arc::new([media, info].concat()), info_len: info.len() as u16 })
    }

    /// A block of audio, which goes in one datagram.
    pub(crate) fn audio(media: &[u8], info: &[u8]) -> Result<Self, SendError> {
        if media.len() + info.len() > MAX_AUDIO {
            return Err(SendError::AudioTooLarge { len: media.len() });
        }
        Self::new(media, info)
    }

    /// The same with frame info of at least so many bytes, which ends with zeros.
    pub(crate) fn with_info_len(&self, len: usize) -> Self {
        let more = len.saturating_sub(self.info_len.into());
        Self { bytes: Arc::new([self.bytes(), &vec![0; more]].concat()), info_len: self.info_len + more as u16 }
    }

    /// A block of audio as it goes among frames of video: its frame info has a mark before it.
    pub(crate) fn framed_audio(media: &[u8], info: &[u8]) -> Result<Self, SendError> {
        Self::new(media, &[AUDIO_MARK, &(info.len() as u32).to_le_bytes(), info].concat())
    }

    /// Bytes of both.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Media and then frame info.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Media and frame info.
    pub(crate) fn parts(&self) -> (&[u8], &[u8]) {
        let media = self.bytes.len() - usize::from(self.info_len);
        self.bytes.split_at_checked(media).unwrap_or_default()
    }
}

/// Media and frame info of a block of audio, so that the datagram fits into an Ethernet frame.
const MAX_AUDIO: usize = 1400;

impl<'a> VideoFrame<'a> {
    /// A frame at which no decoder can start, of the time 0.
    pub fn new(codec: Codec, data: &'a [u8]) -> Self {
        Self { data, codec, key: false, timestamp: 0, info: None }
    }

    /// Sets [`key`](Self::key).
    #[must_use]
    pub fn with_key(self, key: bool) -> Self {
        Self { key, ..self }
    }

    /// Sets [`timestamp`](Self::timestamp).
    #[must_use]
    pub fn with_timestamp(self, timestamp: u32) -> Self {
        Self { timestamp, ..self }
    }

    /// Sets [`info`](Self::info).
    #[must_use]
    pub fn with_info(self, info: &'a [u8]) -> Self {
        Self { info: Some(info), ..self }
    }

    pub(crate) fn to_outgoing(self, viewers: usize) -> Result<Outgoing, SendError> {
        if let Some(info) = self.info {
            return Outgoing::new(self.data, info);
        }
        let viewers = viewers.min(255) as u8;
        let info =
            FrameInfo { codec: self.codec, flags: self.key.into(), camera: 0, viewers, timestamp: self.timestamp };
        Outgoing::new(self.data, &info.encode())
    }
}

/// The frames on their way to one viewer, and those kept to be sent again.
#[derive(Debug)]
pub(crate) struct Sent {
    resend: bool,
    next_number: u32,
    /// How often the viewer has forgotten what it held.
    clean: u32,
    frames: VecDeque<SentFrame>,
    bytes: usize,
    /// Chunks that the viewer asked for: frame, chunk.
    retransmit: VecDeque<(u32, u16)>,
    budget: Budget,
    /// Each frame begins with a burst.
    pacer: Pacer,
    /// Acknowledgements to be answered: frame, the viewer's clock, how often it has forgotten what it held.
    seen: VecDeque<(u32, u32, u32)>,
    /// Frames that the viewer asked for and that are not here.
    unavailable: VecDeque<u32>,
}

#[derive(Debug)]
struct SentFrame {
    number: u32,
    frame: Outgoing,
    /// The next chunk to send for the first time.
    next_chunk: u16,
}

/// Chunks asked for over this number wait for the viewer to ask again: enough for the whole store.
const MAX_RETRANSMIT: usize = RESEND_STORE / CHUNK;
const MAX_SEEN: usize = 256;
const MAX_UNAVAILABLE: usize = 64;

impl Sent {
    pub(crate) fn new(resend: bool) -> Self {
        Self {
            resend,
            next_number: 0,
            clean: 0,
            frames: VecDeque::new(),
            bytes: 0,
            retransmit: VecDeque::new(),
            budget: Budget::new(),
            pacer: Pacer::new(),
            seen: VecDeque::new(),
            unavailable: VecDeque::new(),
        }
    }

    /// Whether no further frame is taken.
    ///
    /// A frame that has a number must be kept until the viewer confirms it: the vendor's viewer waits for it without end.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes > RESEND_STORE
    }

    /// Takes a frame to send.
    pub(crate) fn push(&mut self, frame: &Outgoing) {
        self.bytes += frame.bytes.len();
        self.frames.push_back(SentFrame { number: self.next_number, frame: frame.clone(), next_chunk: 0 });
        self.next_number = self.next_number.wrapping_add(1);
    }

    fn position(&self, number: u32) -> Option<usize> {
        let first = self.frames.front()?.number;
        self.frames.binary_search_by_key(&number.wrapping_sub(first), |frame| frame.number.wrapping_sub(first)).ok()
    }

    /// The viewer lacks these chunks of a frame; all of it if there are none.
    pub(crate) fn handle_resend(&mut self, now: Instant, number: u32, chunks: &[[u8; 2]]) {
        let left = self.budget.left(now);
        let Some(frame) = self.position(number).and_then(|at| self.frames.get(at)) else {
            if self.unavailable.len() < MAX_UNAVAILABLE && !self.unavailable.contains(&number) {
                self.unavailable.push_back(number);
            }
            return;
        };
        let sent = frame.next_chunk;
        let waiting = self.retransmit.len();
        let room = MAX_RETRANSMIT.saturating_sub(waiting).min(left);
        if chunks.is_empty() {
            self.retransmit.extend((0..sent).take(room).map(|index| (number, index)));
        } else {
            let indices = chunks.iter().map(|index| u16::from_le_bytes(*index));
            self.retransmit.extend(indices.filter(|index| *index < sent).take(room).map(|index| (number, index)));
        }
        self.budget.spend(self.retransmit.len() - waiting);
    }

    /// The viewer has the whole frame.
    pub(crate) fn handle_done(&mut self, number: u32, clock: u32, clean: u32) {
        if clean == self.clean {
            self.forget(number);
        }
        if self.seen.len() < MAX_SEEN {
            self.seen.push_back((number, clock, clean));
        }
    }

    /// The next message to the viewer: what it lacks goes before what is new.
    pub(crate) fn poll_transmit<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        let clean = self.clean;
        if let Some((frame, clock, clean)) = self.seen.pop_front() {
            return Some(send(Av::Feedback(Feedback::AckReceived { frame, clock, clean })));
        }
        if let Some(frame) = self.unavailable.pop_front() {
            return Some(send(Av::Feedback(Feedback::NotAvailable { frame })));
        }
        let next = self.next();
        if self.retransmit.is_empty() {
            match self.frames.get(next) {
                None => return None,
                Some(frame) if frame.next_chunk == 0 => self.pacer.refill(),
                Some(_) => {}
            }
        }
        if !self.pacer.may_send(now) {
            return None;
        }
        while let Some((number, index)) = self.retransmit.pop_front() {
            if let Some(frame) = self.position(number).and_then(|at| self.frames.get(at))
                && let Some(chunk) = frame.chunk(index)
            {
                self.pacer.sent();
                return Some(send(Av::Video { retransmitted: true, clock: 0, clean, chunk }));
            }
        }
        let frame = self.frames.get_mut(next)?;
        self.pacer.sent();
        frame.next_chunk += 1;
        let sent = frame
            .chunk(frame.next_chunk - 1)
            .map(|chunk| send(Av::Video { retransmitted: false, clock: 0, clean, chunk }));
        if !self.resend && frame.chunk(frame.next_chunk).is_none() {
            let number = frame.number;
            self.forget(number);
        }
        sent
    }

    /// The place of the frame whose chunks are sent next.
    fn next(&self) -> usize {
        self.frames.partition_point(|frame| frame.chunk(frame.next_chunk).is_none())
    }

    /// When more may go out.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.pacer.poll_timeout().filter(|_| !self.retransmit.is_empty() || self.next() < self.frames.len())
    }

    fn forget(&mut self, number: u32) {
        if let Some(frame) = self.position(number).and_then(|at| self.frames.remove(at)) {
            self.bytes -= frame.frame.bytes.len();
        }
    }

    /// The viewer has forgotten what it held, for the `count`th time; the next frame gets the number `next`, if there is one.
    pub(crate) fn begin_anew(&mut self, count: u32, next: Option<u32>) {
        self.clear();
        self.clean = count;
        self.next_number = next.unwrap_or(self.next_number);
    }

    /// Forgets all frames.
    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.retransmit.clear();
        self.bytes = 0;
    }

    /// Bytes of frames that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl SentFrame {
    fn chunk(&self, index: u16) -> Option<Chunk<'_>> {
        let bytes = &self.frame.bytes;
        let data = bytes.get(Chunk::range(index, bytes.len())).filter(|data| !data.is_empty())?;
        Some(Chunk {
            frame: self.number,
            media_len: (bytes.len() - usize::from(self.frame.info_len)) as u32,
            info_len: self.frame.info_len,
            index,
            data,
        })
    }
}
