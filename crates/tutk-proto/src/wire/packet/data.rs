use super::control::Clock;
use super::{put_header, put_u16s, put_u32s};
use crate::wire::Error;
use crate::wire::reader::Reader;

/// A [`Clock`] follows the header.
pub(super) const FLAG_CLOCK: u8 = 8;
const FLAG_BURST_END: u8 = 4;
const FLAG_FRAME_END: u8 = 1;

const WITH_RESEND: u8 = 0x0c;
const CHUNK_HEADER: usize = 20;
const IO: u8 = 0;
const PARITY: u8 = 0x0c;
const APPLICATION: u8 = 0x70;
const INTERNAL: u8 = 0x10;

/// A chunk of media or of IO, or parity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data<'a> {
    /// The AV sequence: counts the messages of the sender in this channel from 0.
    pub sequence: u16,
    /// The sender's clock, to be answered at once.
    pub clock: Option<Clock>,
    /// The last of a burst. Nothing depends on it.
    pub burst_end: bool,
    /// The last of a frame; sometimes wrong in what is sent again. [`Chunk::last`] tells.
    pub frame_end: bool,
    /// None where resend is not granted.
    pub envelope: Option<Envelope>,
    /// The chunk.
    pub chunk: Chunk<'a>,
}

/// A chunk's place among those that one parity message protects; all 0 for IO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Counts the blocks.
    pub block: u16,
    /// Which chunk of the block, from 0; the parity has the number of chunks.
    pub index: u8,
    /// Chunks in a block: 20; 0 without parity.
    pub chunks: u8,
    /// Parity messages of a block: 1.
    pub parities: u32,
}

/// What a chunk of media is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// 3: audio.
    Audio,
    /// 5: a key frame of video.
    Key,
    /// 7: another frame of video.
    Delta,
}

impl MediaKind {
    fn byte(self) -> u8 {
        match self {
            Self::Audio => 3,
            Self::Key => 5,
            Self::Delta => 7,
        }
    }
}

/// What a chunk is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A frame.
    Media {
        /// Which kind.
        kind: MediaKind,
        /// Whether it is sent again.
        retransmitted: bool,
    },
    /// An IO control: a u32 type and a body.
    Io {
        /// Of the protocol itself, not of the application.
        internal: bool,
    },
    /// The parity of a block.
    Parity,
}

/// A piece of at most 1,024 bytes.
///
/// A frame's media and then its frame info are cut into chunks, but the frame info never: where the last piece of media and
/// the info exceed 1,024 bytes, the info is a chunk of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// What it is of.
    pub content: Content,
    /// Media: the last chunk of its frame.
    pub last: bool,
    /// All media of a channel are counted together from 0, IO apart; wraps.
    pub number: u16,
    /// Chunks of this frame or IO control.
    pub count: u16,
    /// Which of them, from 0; in the last chunk of a frame the length of the frame info instead.
    pub index: u16,
    /// [`Chunk::sum`] of media with resend, else 0. Need not be right.
    pub checksum: u16,
    /// Counts the frames, or IO controls, from 0.
    pub serial: u32,
    /// Counts the frames of video, or of audio, from 1; 0 in IO.
    pub frame: u32,
    /// The bytes.
    pub data: &'a [u8],
}

impl<'a> Data<'a> {
    pub(super) fn decode(kind: u8, flags: u8, mut reader: Reader<'a>) -> Result<Self, Error> {
        let sequence = reader.u16()?;
        reader.u16()?;
        // In IO without resend, what is elsewhere flags is part of the type.
        let (second, flags) = if kind == IO { (flags, 0) } else { (0, flags) };
        let clock = if flags & FLAG_CLOCK != 0 { Some(Clock::decode(&mut reader)?) } else { None };
        let envelope = if kind == WITH_RESEND { Some(Envelope::decode(&mut reader)?) } else { None };
        let chunk = Chunk::decode(reader)?;
        let [first, io] = chunk.kind();
        if envelope.is_none() && (first != kind || (kind == IO && io != second)) {
            return Err(Error::Contradiction);
        }
        Ok(Self {
            sequence,
            clock,
            burst_end: flags & FLAG_BURST_END != 0,
            frame_end: flags & FLAG_FRAME_END != 0,
            envelope,
            chunk,
        })
    }

    pub(super) fn encode(&self, version: u16, out: &mut Vec<u8>) {
        let flags = self.clock.map_or(0, |_| Clock::FLAG)
            | if self.burst_end { FLAG_BURST_END } else { 0 }
            | if self.frame_end { FLAG_FRAME_END } else { 0 };
        let kind = match (self.envelope, self.chunk.kind()) {
            (Some(_), _) => [WITH_RESEND, flags],
            (None, [IO, second]) => [IO, second],
            (None, [first, _]) => [first, flags],
        };
        put_header(out, kind, version, self.sequence);
        if let Some(clock) = self.clock {
            clock.encode(out);
        }
        if let Some(envelope) = self.envelope {
            envelope.encode(out);
        }
        self.chunk.encode(out);
    }
}

impl Envelope {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self { block: reader.u16()?, index: reader.u8()?, chunks: reader.u8()?, parities: reader.u32()? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_u16s(out, &[self.block]);
        out.extend_from_slice(&[self.index, self.chunks]);
        put_u32s(out, &[self.parities]);
    }
}

impl<'a> Chunk<'a> {
    /// Bytes of the chunk's header.
    pub const HEADER: usize = CHUNK_HEADER;

    /// Reads a chunk, as a message ends with it and as parity protects it.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::decode(Reader::new(bytes))
    }

    fn decode(mut reader: Reader<'a>) -> Result<Self, Error> {
        let kind = *reader.array()?;
        let content = match kind {
            [IO, APPLICATION] => Content::Io { internal: false },
            [IO, INTERNAL] => Content::Io { internal: true },
            [3 | 4, _] => Content::Media { kind: MediaKind::Audio, retransmitted: kind[0] == 4 },
            [5 | 6, _] => Content::Media { kind: MediaKind::Key, retransmitted: kind[0] == 6 },
            [7 | 8, _] => Content::Media { kind: MediaKind::Delta, retransmitted: kind[0] == 8 },
            [PARITY, _] => Content::Parity,
            _ => return Err(Error::Av(u16::from_be_bytes(kind))),
        };
        let last = matches!(content, Content::Media { .. }) && kind[1] & 1 != 0;
        let (number, count, index) = (reader.u16()?, reader.u16()?, reader.u16()?);
        let (len, checksum) = (usize::from(reader.u16()?), reader.u16()?);
        let (serial, frame) = (reader.u32()?, reader.u32()?);
        let data = match content {
            // The client of go2rtc says 4 bytes more than it sends, and the vendor's camera takes that.
            Content::Io { .. } => {
                let rest = reader.rest();
                rest.get(..len).unwrap_or(rest)
            }
            Content::Media { .. } | Content::Parity => reader.bytes(len)?,
        };
        Ok(Self { content, last, number, count, index, checksum, serial, frame, data })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header(self.kind(), self.checksum));
        out.extend_from_slice(self.data);
    }

    /// The first two bytes.
    fn kind(&self) -> [u8; 2] {
        match self.content {
            Content::Media { kind, retransmitted } => [kind.byte() + u8::from(retransmitted), self.last.into()],
            Content::Io { internal } => [IO, if internal { INTERNAL } else { APPLICATION }],
            Content::Parity => [PARITY, 0],
        }
    }

    /// The chunk's header as it is sent for the first time, which is what parity protects.
    pub fn first_header(&self) -> [u8; CHUNK_HEADER] {
        self.header(self.first_kind(), self.checksum)
    }

    fn first_kind(&self) -> [u8; 2] {
        match self.content {
            Content::Media { kind, .. } => [kind.byte(), self.last.into()],
            _ => self.kind(),
        }
    }

    fn header(&self, [k0, k1]: [u8; 2], checksum: u16) -> [u8; CHUNK_HEADER] {
        let [n0, n1] = self.number.to_le_bytes();
        let [c0, c1] = self.count.to_le_bytes();
        let [i0, i1] = self.index.to_le_bytes();
        let [l0, l1] = (self.data.len() as u16).to_le_bytes();
        let [x0, x1] = checksum.to_le_bytes();
        let [s0, s1, s2, s3] = self.serial.to_le_bytes();
        let [f0, f1, f2, f3] = self.frame.to_le_bytes();
        [k0, k1, n0, n1, c0, c1, i0, i1, l0, l1, x0, x1, s0, s1, s2, s3, f0, f1, f2, f3]
    }

    /// The checksum: the sum of the bytes of the header, as sent for the first time and with no checksum, and of the data.
    pub fn sum(&self) -> u16 {
        sum(&self.header(self.first_kind(), 0)).wrapping_add(sum(self.data))
    }
}

/// The sum of the bytes, in parts that a processor adds at once.
fn sum(bytes: &[u8]) -> u16 {
    let (blocks, rest) = bytes.as_chunks::<32>();
    let mut sums = [0_u16; 32];
    for block in blocks {
        for (sum, byte) in sums.iter_mut().zip(block) {
            *sum = sum.wrapping_add((*byte).into());
        }
    }
    let rest = rest.iter().map(|byte| u16::from(*byte));
    sums.into_iter().chain(rest).fold(0, u16::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_may_be_shorter_than_it_says_and_media_not() {
        let io = Content::Io { internal: false };
        let media = Content::Media { kind: MediaKind::Delta, retransmitted: false };
        for (content, is_taken) in [(io, true), (media, false), (Content::Parity, false)] {
            let (number, count, index, checksum, serial, frame) = (1, 1, 0, 0, 1, 1);
            let chunk =
                Chunk { content, last: false, number, count, index, checksum, serial, frame, data: b"12345678" };
            let mut bytes = Vec::new();
            chunk.encode(&mut bytes);
            assert_eq!(Chunk::from_bytes(&bytes), Ok(chunk));
            bytes.truncate(bytes.len() - 4);
            let shorter = Chunk::from_bytes(&bytes);
            assert_eq!(shorter, if is_taken { Ok(Chunk { data: b"1234", ..chunk }) } else { Err(Error::Short) });
        }
    }
}
