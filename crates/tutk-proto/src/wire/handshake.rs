//! 0x0301, 0x0401, 0x0402, 0x0404 and 0xffff.

use super::header::Header;
use super::reader::Reader;
use super::{AddressBlock, Error, Message, Step};
use crate::{Generation, SessionId, Uid};

/// The message number of a step.
pub(super) fn number(step: Step) -> u16 {
    match step {
        Step::Propose => 0x0401,
        Step::Accept => 0x0402,
        Step::Confirm => 0x0404,
    }
}

pub(super) fn decode<'a>(header: &Header, body: &'a [u8]) -> Result<Message<'a>, Error> {
    let mut reader = Reader::new(body);
    let uid = reader.uid()?;
    let (first, full) = (header.first, header.full);
    let step = match header.message {
        0x0301 => return Ok(Message::Hello { uid, asker: AddressBlock(*reader.array()?) }),
        0xFFFF => return Ok(Message::Punch { uid, id: *reader.array()?, first, full }),
        0x0401 => Step::Propose,
        0x0402 => Step::Accept,
        _ => Step::Confirm,
    };
    // A session block has 8 bytes. With a cookie 0x10 sends as many, of which the last 4 are 0: a block that looks like that is one
    // of 2^48.
    let session = match reader.rest() {
        [a, b, 0, 0] | [a, b, 0, 0, 0, 0, 0, 0, ..] => {
            let cookie = u16::from_le_bytes([*a, *b]);
            (cookie != 0).then_some(SessionId::Cookie(cookie))
        }
        rest => Some(SessionId::Block(*rest.first_chunk().ok_or(Error::Short)?)),
    };
    Ok(Message::Handshake { step, uid, session, first, full })
}

pub(super) fn encode(generation: Generation, uid: Uid, session: Option<SessionId>, out: &mut Vec<u8>) {
    out.extend_from_slice(uid.as_bytes());
    match session {
        None => out.extend_from_slice(&[0; 4]),
        Some(SessionId::Cookie(cookie)) => {
            out.extend_from_slice(&cookie.to_le_bytes());
            out.extend_from_slice(&[0; 2]);
        }
        Some(SessionId::Block(id) | SessionId::Hmac(id)) => {
            out.extend_from_slice(&id);
            // Of 0x10 to 0x14 the message ends here.
            if generation > Generation::G14 {
                out.extend_from_slice(&[0; 4]);
                out.extend_from_slice(&generation.library_version());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Message;

    /// What is written reads as what was read, whatever the length of the session.
    #[test]
    fn a_session_of_zeros_is_none_in_each_length() {
        let uid = "SIMULATEDCAMERA00001".parse().unwrap();
        for len in [4, 8, 16] {
            let mut plain = Vec::new();
            Header::new(Generation::G1A, 0x0401, None).encode(&mut plain, |out| {
                encode(Generation::G1A, uid, None, out);
                out.resize(out.len() + len - 4, 0);
            });
            let message = Message::decode(&plain).unwrap();
            assert!(matches!(message, Message::Handshake { session: None, .. }), "{message:?}");
        }
    }
}
