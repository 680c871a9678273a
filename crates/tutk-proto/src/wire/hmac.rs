//! The framing 0xCC51. Nobody of this project has seen a camera that has it: what is here is what the public code of go2rtc sends
//! and looks at.

use super::reader::Reader;
use super::{Error, Message, Role, Session};
use crate::{Generation, SessionId};

const MAGIC: [u8; 2] = [0x51, 0xCC];
const TICKET: u16 = 0x1002;
const ALIVE: u16 = 0x1202;
const DATA: u16 = 0x1502;
/// Bytes that the count of bytes does not count.
const UNCOUNTED: usize = 12;
/// In the direction field of a camera's ticket.
const ANSWER: u16 = 0xFFFF;

/// Bytes of an HMAC-SHA1.
pub const TAG_LEN: usize = 20;

/// The number of a message; what is behind the count of its bytes follows.
fn decode_header(datagram: &[u8]) -> Result<(u16, Reader<'_>), Error> {
    let mut reader = Reader::new(datagram);
    if *reader.array()? != MAGIC {
        return Err(Error::Magic);
    }
    reader.u16()?;
    let message = reader.u16()?;
    if usize::from(reader.u16()?) + UNCOUNTED != datagram.len() {
        return Err(Error::Contradiction);
    }
    Ok((message, reader))
}

/// Bytes before the HMAC that are not payload.
fn header_len(message: u16) -> Option<usize> {
    match message {
        TICKET => Some(32),
        ALIVE | DATA => Some(28),
        _ => None,
    }
}

/// Whether a datagram has this framing, and so is not scrambled. One that is scrambled looks like it in one of 2^46 cases.
pub fn is_hmac(datagram: &[u8]) -> bool {
    decode_header(datagram).is_ok_and(|(message, _)| header_len(message).is_some())
}

/// The bytes that the HMAC of a datagram of this framing is made of, and those that hold it.
pub(crate) fn split(datagram: &mut [u8]) -> Option<(&[u8], &mut [u8; TAG_LEN])> {
    let (message, _) = decode_header(datagram).ok()?;
    let len = header_len(message)?;
    let (rest, tag) = datagram.split_last_chunk_mut()?;
    Some((rest.get(..len)?, tag))
}

pub(super) fn decode(datagram: &[u8]) -> Result<Message<'_>, Error> {
    let (message, mut reader) = decode_header(datagram)?;
    let session = |id| Session { secure: true, ..Session::new(Role::Viewer, SessionId::Hmac(id)) };
    match message {
        TICKET => {
            let from = if reader.u16()? == 0 { Role::Viewer } else { Role::Camera };
            reader.u16()?;
            let (step, ticket, id) = (reader.u16()?, reader.u16()?, *reader.array()?);
            reader.bytes(8 + TAG_LEN)?;
            Ok(Message::Ticket { from, step, ticket, id })
        }
        ALIVE => {
            reader.bytes(12)?;
            let id = *reader.array()?;
            reader.bytes(TAG_LEN)?;
            Ok(Message::Alive(session(id)))
        }
        DATA => {
            reader.bytes(5)?;
            let (channel, ticket, id) = (reader.u8()?, reader.u16()?, *reader.array()?);
            reader.bytes(4)?;
            let (payload, _) = reader.rest().split_last_chunk::<TAG_LEN>().ok_or(Error::Short)?;
            Ok(Message::Data { session: Session { channel, ticket, ..session(id) }, sequence: 0, payload })
        }
        message => Err(Error::Message(message)),
    }
}

/// Appends a message: what is before byte 12, what `put` appends, and the place of the HMAC.
fn encode(message: u16, direction: u16, out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&MAGIC);
    for field in [0, message, 0, direction, 0] {
        out.extend_from_slice(&field.to_le_bytes());
    }
    let body = out.len();
    put(out);
    out.extend_from_slice(&[0; TAG_LEN]);
    let len = ((out.len() - body) as u16).to_le_bytes();
    if let Some(field) = out.get_mut(start + 6..start + 8) {
        field.copy_from_slice(&len);
    }
}

pub(super) fn encode_ticket(from: Role, step: u16, ticket: u16, id: [u8; 8], out: &mut Vec<u8>) {
    let direction = if from == Role::Camera { ANSWER } else { 0 };
    encode(TICKET, direction, out, |out| {
        out.extend_from_slice(&step.to_le_bytes());
        out.extend_from_slice(&ticket.to_le_bytes());
        out.extend_from_slice(&id);
        out.extend_from_slice(&Generation::G1D.library_version());
        out.extend_from_slice(&u32::from(Generation::G1D.0).to_le_bytes());
    });
}

pub(super) fn encode_alive(number: u32, id: [u8; 8], out: &mut Vec<u8>) {
    encode(ALIVE, 0, out, |out| {
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&number.to_le_bytes());
        out.extend_from_slice(&id);
    });
}

pub(super) fn encode_data(channel: u8, ticket: u16, id: [u8; 8], out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    encode(DATA, 0, out, |out| {
        out.extend_from_slice(&[0x10, channel]);
        out.extend_from_slice(&ticket.to_le_bytes());
        out.extend_from_slice(&id);
        out.extend_from_slice(&1u32.to_le_bytes());
        put(out);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

    fn encoded(message: Message<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        message.encode(Generation::G1D, &mut out);
        assert!(is_hmac(&out));
        out
    }

    /// The fields that go2rtc's client writes.
    #[test]
    fn messages_are_laid_out_as_in_public_code() {
        let ticket = Message::Ticket { from: Role::Viewer, step: 2, ticket: 0x1234, id: ID };
        let mut wanted = vec![0x51, 0xCC, 0, 0, 0x02, 0x10, 40, 0, 0, 0, 0, 0, 2, 0, 0x34, 0x12];
        wanted.extend_from_slice(&ID);
        wanted.extend_from_slice(&[0, 8, 3, 4, 0x1D, 0, 0, 0]);
        wanted.extend_from_slice(&[0; TAG_LEN]);
        assert_eq!(encoded(ticket), wanted);

        let answer = encoded(Message::Ticket { from: Role::Camera, step: 3, ticket: 0x1234, id: ID });
        assert_eq!((answer[8..10].to_vec(), answer[12]), (vec![0xFF; 2], 3));

        let session = Session { secure: true, ..Session::new(Role::Viewer, SessionId::Hmac(ID)) };
        let mut alive = Vec::new();
        session.encode_alive(Generation::G1D, 2, &mut alive);
        let mut wanted = vec![0x51, 0xCC, 0, 0, 0x02, 0x12, 36, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0];
        wanted.extend_from_slice(&ID);
        wanted.extend_from_slice(&[0; TAG_LEN]);
        assert_eq!(alive, wanted);

        let session = Session { channel: 1, ticket: 0x1234, ..session };
        let mut wanted = vec![0x51, 0xCC, 0, 0, 0x02, 0x15, 39, 0, 0, 0, 0, 0, 0x10, 1, 0x34, 0x12];
        wanted.extend_from_slice(&ID);
        wanted.extend_from_slice(&[1, 0, 0, 0, 7, 8, 9]);
        wanted.extend_from_slice(&[0; TAG_LEN]);
        assert_eq!(encoded(Message::Data { session, sequence: 5, payload: &[7, 8, 9] }), wanted);
    }

    #[test]
    fn what_is_written_is_read() {
        let session = Session { secure: true, ..Session::new(Role::Viewer, SessionId::Hmac(ID)) };
        for message in [
            Message::Ticket { from: Role::Viewer, step: 0, ticket: 0, id: ID },
            Message::Ticket { from: Role::Camera, step: 1, ticket: 9, id: ID },
            Message::Alive(session),
            Message::Data { session, sequence: 0, payload: &[] },
            Message::Data { session: Session { channel: 1, ticket: 9, ..session }, sequence: 0, payload: &[7; 1200] },
        ] {
            let bytes = encoded(message);
            assert_eq!(Message::decode(&bytes), Ok(message));
            for len in 0..bytes.len() {
                assert!(Message::decode(&bytes[..len]).is_err());
            }
        }
        let mut out = Vec::new();
        Message::Close(session).encode(Generation::G1D, &mut out);
        assert_eq!(out, []);
    }

    #[test]
    fn an_hmac_is_of_the_header_alone() {
        let session = Session { secure: true, ..Session::new(Role::Viewer, SessionId::Hmac(ID)) };
        for (message, len) in [
            (Message::Ticket { from: Role::Viewer, step: 0, ticket: 0, id: ID }, 32),
            (Message::Alive(session), 28),
            (Message::Data { session, sequence: 0, payload: &[7; 50] }, 28),
        ] {
            let mut bytes = encoded(message);
            let (covered, tag) = split(&mut bytes).unwrap();
            assert_eq!(covered.len(), len);
            tag.fill(9);
            assert_eq!(bytes[bytes.len() - TAG_LEN..], [9; TAG_LEN]);
        }
        assert_eq!(split(&mut [0; 60]), None);
        // Too short for what is covered.
        let mut short = vec![0x51, 0xCC, 0, 0, 0x02, 0x15, 20, 0, 0, 0, 0, 0];
        short.extend_from_slice(&[0; 20]);
        assert!(is_hmac(&short) && split(&mut short).is_none() && Message::decode(&short).is_err());
    }
}
