//! IO controls of the protocol itself ([`Content::Io`](super::Content::Io) with `internal`): a u32 type and a body.
//!
//! Not used here: 0x26 and 0x34, by which clients ask for tokens and change the password, and their answers 0x27 and 0x35.

use crate::wire::Error;
use crate::wire::reader::Reader;

/// Server, after a login: its resend buffer in KiB, a u32.
pub const BUFFER: u32 = 0x40;
/// Client: drop what is not delivered yet and go on after a chunk number; body: [`Clean`].
pub const CLEAN: u32 = 0x24;
/// Server: done; body: [`Clean`].
pub const CLEANED: u32 = 0x25;

/// The body of [`CLEAN`] and [`CLEANED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clean {
    /// The next chunk of media has the number after this one.
    pub number: u16,
    /// The serial of the last frame that was dropped; 0 in the request.
    pub serial: u32,
}

impl Clean {
    /// Reads it.
    pub fn decode(body: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body);
        reader.u16()?;
        Ok(Self { number: reader.u16()?, serial: reader.u32()? })
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        [&[1, 0], &self.number.to_le_bytes()[..], &self.serial.to_le_bytes()].concat()
    }
}
