use super::reader::Reader;
use super::{Error, Role, Session};
use crate::{Generation, SessionId};

const MAGIC: [u8; 2] = [0x04, 0x02];
/// Always set in byte 3.
const FLAGS: u8 = 2;
/// A session block follows.
const BLOCK: u8 = 8;
/// No more than the first 64 bytes are scrambled.
const PARTIAL: u8 = 1;
/// Bytes of the session block of a data message, and its own count of them.
const BLOCK_LEN: u32 = 12;
const EITHER: u8 = 0x33;

/// The first 16 bytes of every datagram.
#[derive(Clone, Copy, Debug)]
pub(in crate::wire) struct Header {
    pub(in crate::wire) generation: Generation,
    /// A session block follows the header.
    pub(in crate::wire) has_block: bool,
    pub(in crate::wire) partial: bool,
    /// Counts the sender's session data; 0 elsewhere.
    pub(in crate::wire) sequence: u16,
    /// Which message this is.
    pub(in crate::wire) message: u16,
    /// None where either may send it.
    pub(in crate::wire) from: Option<Role>,
    /// All sessions of the camera are in use: bit 1 of byte 11.
    pub(in crate::wire) full: bool,
    /// 0 before there is a session.
    pub(in crate::wire) cookie: u16,
    pub(in crate::wire) channel: u8,
    /// Byte 15: any camera may answer, or a viewer opens a session, or a session is encrypted.
    pub(in crate::wire) first: bool,
}

impl Header {
    /// Of a message outside of sessions.
    pub(in crate::wire) fn new(generation: Generation, message: u16, from: Option<Role>) -> Self {
        Self {
            generation,
            has_block: false,
            partial: false,
            sequence: 0,
            message,
            from,
            full: false,
            cookie: 0,
            channel: 0,
            first: false,
        }
    }

    /// Of a message in a session.
    pub(in crate::wire) fn in_session(generation: Generation, message: u16, session: Session) -> Self {
        let header = Self::new(generation, message, Some(session.from));
        let (channel, partial) = (session.channel, session.partial && is_data(message));
        match session.id {
            SessionId::Cookie(cookie) => Self { partial, cookie, channel, ..header },
            SessionId::Block([a, b, ..]) if is_data(message) => Self {
                has_block: true,
                partial,
                cookie: u16::from_le_bytes([a, b]),
                channel,
                first: session.secure,
                ..header
            },
            SessionId::Block(_) => Self { has_block: true, ..header },
            // It has a header of its own.
            SessionId::Hmac(_) => header,
        }
    }

    /// Reads the header; returns also the bytes that it counts.
    pub(in crate::wire) fn decode(datagram: &[u8]) -> Result<(Self, &[u8]), Error> {
        let mut reader = Reader::new(datagram);
        if *reader.array()? != MAGIC {
            return Err(Error::Magic);
        }
        let generation = Generation(reader.u8()?);
        let flags = reader.u8()?;
        let len = reader.u16()?.into();
        let sequence = reader.u16()?;
        let message = reader.u16()?;
        let from = match reader.u8()? {
            EITHER => None,
            roles if roles == Role::Viewer.byte() => Some(Role::Viewer),
            _ => Some(Role::Camera),
        };
        let full = reader.u8()? & 2 != 0;
        let cookie = reader.u16()?;
        let channel = reader.u8()?;
        let first = reader.u8()? == 1;
        let (has_block, partial) = (flags & BLOCK != 0, flags & PARTIAL != 0);
        let header = Self { generation, has_block, partial, sequence, message, from, full, cookie, channel, first };
        Ok((header, reader.bytes(len)?))
    }

    /// Appends the header and the body that `put` appends. Bytes without a meaning are 0.
    pub(in crate::wire) fn encode(&self, out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        let bit = |is_set, bit| if is_set { bit } else { 0 };
        let flags = FLAGS | bit(self.has_block, BLOCK) | bit(self.partial, PARTIAL);
        out.extend_from_slice(&[self.generation.0, flags, 0, 0]);
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&self.message.to_le_bytes());
        out.extend_from_slice(&[self.from.map_or(EITHER, Role::byte), u8::from(self.full) * 2]);
        out.extend_from_slice(&self.cookie.to_le_bytes());
        out.extend_from_slice(&[self.channel, self.first.into()]);
        let body = out.len();
        put(out);
        let len = ((out.len() - body) as u16).to_le_bytes();
        if let Some(field) = out.get_mut(start + 4..start + 6) {
            field.copy_from_slice(&len);
        }
    }

    /// The session that the message belongs to, and what is behind its session block.
    pub(in crate::wire) fn session<'a>(&self, from: Role, body: &'a [u8]) -> Result<(Session, &'a [u8]), Error> {
        let mut reader = Reader::new(body);
        let id = if self.has_block {
            if is_data(self.message) && reader.u32()? != BLOCK_LEN {
                return Err(Error::Contradiction);
            }
            SessionId::Block(*reader.array()?)
        } else {
            SessionId::Cookie(self.cookie)
        };
        let (channel, partial, secure) = (self.channel, self.partial, self.first);
        Ok((Session { channel, partial, secure, ..Session::new(from, id) }, reader.rest()))
    }

    /// Appends the session block, if the session has one.
    pub(in crate::wire) fn encode_block(&self, id: SessionId, out: &mut Vec<u8>) {
        if let SessionId::Block(id) = id {
            if is_data(self.message) {
                out.extend_from_slice(&BLOCK_LEN.to_le_bytes());
            }
            out.extend_from_slice(&id);
        }
    }
}

/// Data messages say more of their session than keep-alives and closes do.
fn is_data(message: u16) -> bool {
    matches!(message, 0x0407 | 0x0408)
}
