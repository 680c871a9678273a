//! 0x0301, 0x0401, 0x0402 and 0x0404 of cookie framing.

use crate::SessionId;
use crate::wire::header::Header;
use crate::wire::reader::Reader;
use crate::wire::{AddressBlock, Error, Message, Step};

/// The message number of a step.
pub(in crate::wire) fn number(step: Step) -> u16 {
    match step {
        Step::Propose => 0x0401,
        Step::Accept => 0x0402,
        Step::Confirm => 0x0404,
    }
}

pub(in crate::wire) fn decode<'a>(header: &Header, body: &[u8]) -> Result<Message<'a>, Error> {
    let mut reader = Reader::new(body);
    let uid = reader.uid()?;
    let step = match header.message {
        0x0301 => return Ok(Message::Hello { uid, asker: AddressBlock(*reader.array()?) }),
        0x0401 => Step::Propose,
        0x0402 => Step::Accept,
        _ => Step::Confirm,
    };
    let cookie = reader.u16()?;
    let session = (cookie != 0).then_some(SessionId::Cookie(cookie));
    Ok(Message::Handshake { step, uid, session, first: header.first, full: header.full })
}

/// Appends what is behind the UID.
pub(in crate::wire) fn encode(session: Option<SessionId>, out: &mut Vec<u8>) {
    let cookie = match session {
        Some(SessionId::Cookie(cookie)) => cookie,
        None => 0,
    };
    out.extend_from_slice(&cookie.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
}
