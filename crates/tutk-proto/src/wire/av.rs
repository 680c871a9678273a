use super::packet::{self, Packet};
use super::{CHUNK, Error, Feedback, Text, v1};
use crate::{AvStyle, Generation};

/// A camera's answer to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginResult {
    /// 0.
    Granted,
    /// 3: wrong account or password.
    Refused,
    /// Any other number.
    Other(u32),
}

/// Bytes 18 to 24 of a classic AV header: what an answer repeats of its question. A login has a random tag in the last four, an IO control of
/// 0x12 to 0x1a the sender's clock in ms.
pub type Echo = [u8; 6];

/// A piece of a frame of video.
///
/// The frame's media and then its frame info are cut together into chunks of 1,024 bytes, so that frame info can
/// straddle two chunks; the last chunk is shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// The frame's number.
    pub frame: u32,
    /// Bytes of media in the whole frame.
    pub media_len: u32,
    /// Bytes of frame info behind the media.
    pub info_len: u16,
    /// Which chunk of the frame, from 0.
    pub index: u16,
    /// The chunk's bytes: always as many as its place in the frame tells.
    pub data: &'a [u8],
}

impl Chunk<'_> {
    /// Bytes of media and frame info together.
    pub fn frame_len(&self) -> usize {
        (self.media_len as usize).saturating_add(self.info_len.into())
    }

    /// The bytes of chunk `index` in a frame of `frame_len` bytes; empty if there is no such chunk.
    pub fn range(index: u16, frame_len: usize) -> std::ops::Range<usize> {
        let start = (usize::from(index) * CHUNK).min(frame_len);
        start..(start + CHUNK).min(frame_len)
    }
}

/// What a datagram of a session says: an AV message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Av<'a> {
    /// `00 00`, viewer; repeated until answered.
    Login {
        /// The account.
        account: Text<'a>,
        /// The password.
        password: Text<'a>,
        /// Whether the viewer asks for resend.
        resend: bool,
        /// The viewer's AV version; encoded is the one of the generation.
        version: u16,
        /// What the answer repeats.
        echo: Echo,
    },
    /// `00 14`, camera.
    LoginAnswer {
        /// Whether the viewer may go on.
        result: LoginResult,
        /// Whether lost chunks can be asked for.
        resend: bool,
        /// A number of the camera's application, which means what that says; usually [`SERVICE`](super::SERVICE).
        service: u32,
        /// As in the login.
        echo: Echo,
    },
    /// `00 70`, either side.
    IoControl {
        /// Counts the sender's IO controls from 1.
        number: u32,
        /// The type.
        kind: u32,
        /// The rest.
        body: &'a [u8],
        /// The sender's AV version; encoded is the one of the generation.
        version: u16,
        /// What the acknowledgement repeats.
        echo: Echo,
    },
    /// `00 71`: the other side has the IO control with this number.
    IoControlAck {
        /// Its number.
        number: u32,
        /// The AV version of the IO control.
        version: u16,
        /// As in the IO control.
        echo: Echo,
    },
    /// `00 10`, either side: what the libraries say to each other behind the applications' backs. One is known: the vendor's viewers
    /// say [`CLEAN`](super::CLEAN) in avClientCleanVideoBuf, and wait for the answer without end.
    Internal {
        /// Counts the sender's internal controls from 1.
        number: u32,
        /// The type.
        kind: u32,
        /// The rest.
        body: &'a [u8],
        /// As in an IO control.
        version: u16,
        /// As in an IO control.
        echo: Echo,
    },
    /// `00 11`: the other side has the internal control with this number.
    InternalAck {
        /// Its number.
        number: u32,
        /// The AV version of the internal control.
        version: u16,
        /// As in the internal control.
        echo: Echo,
    },
    /// `01 03`, or `01 06` if it is retransmitted; the vendor's camera 1.13 sends `01 0A` for `01 06` where the request before it
    /// made no sense.
    Video {
        /// Whether it is sent again.
        retransmitted: bool,
        /// The sender's clock in ms, from 0x12 on with resend; else 0.
        clock: u16,
        /// How often the viewer has forgotten what it held: the number in its last [`CLEAN`](super::CLEAN).
        clean: u32,
        /// The chunk.
        chunk: Chunk<'a>,
    },
    /// `01 04`, or `01 05` if it is retransmitted: a frame of audio, always in one datagram.
    Audio {
        /// Whether it is sent again.
        retransmitted: bool,
        /// The frame's number.
        frame: u32,
        /// Frame info, 16 bytes, more or fewer.
        info: &'a [u8],
        /// The media.
        media: &'a [u8],
    },
    /// `00 05`, `00 07`, `00 08`, `01 09`, `01 0A`: about the media of the channel.
    Feedback(Feedback<'a>),
    /// Any message of the packet style.
    Packet(Packet<'a>),
}

impl<'a> Av<'a> {
    /// Reads the payload of a [`Message::Data`](super::Message::Data).
    pub fn decode(style: AvStyle, payload: &'a [u8]) -> Result<Self, Error> {
        match style {
            AvStyle::Classic => v1::av::decode(payload),
            // A server that cannot speak the packet style answers so.
            AvStyle::Packet if matches!(payload, [0x00, 0x14, ..]) => v1::av::decode(payload),
            AvStyle::Packet => packet::decode(payload).map(Av::Packet),
        }
    }

    /// The payload of a sender of this generation.
    pub fn to_payload(&self, style: AvStyle, generation: Generation) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(style, generation, &mut out);
        out
    }

    /// Appends the payload of a sender of this generation.
    pub fn encode(&self, style: AvStyle, generation: Generation, out: &mut Vec<u8>) {
        match (style, self) {
            (_, Av::Packet(packet)) => packet::encode(packet, generation, out),
            (AvStyle::Classic | AvStyle::Packet, _) => v1::av::encode(self, generation, out),
        }
    }
}
