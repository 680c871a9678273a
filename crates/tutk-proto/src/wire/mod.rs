//! Bytes to types and back: generations 0x09 to 0x1a of the IOTC/AV protocol.
//!
//! Source of every fact: sessions between two programs on the vendor's libraries (IOTC 1.13.7 to 4.2.1.1), observed on a LAN. The
//! captures in `tests/captures` hold such sessions.
//!
//! Every function here is total: any input gives a value or an [`Error`]. Nothing allocates for a datagram; values
//! borrow from the datagram that they were read from, and a caller's buffer is written again and again.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod av;
mod blocks;
mod discovery;
mod feedback;
mod frame_info;
mod handshake;
mod header;
mod hmac;
mod message;
pub mod packet;
mod reader;
mod scramble;
mod text;
mod v1;

pub use av::{Av, Chunk, Echo, LoginResult};
pub use discovery::{AddressBlock, Grant, SearchAnswer, SearchExtension, SearchResult, SessionRequest};
pub use feedback::Feedback;
pub use frame_info::{CameraTime, FrameInfo};
pub(crate) use hmac::split;
pub use hmac::{TAG_LEN, is_hmac};
pub use message::{Message, Role, Session, Step};
pub use scramble::{descramble, from_wire, scramble, to_wire};
pub use text::Text;

/// How the frame info of audio among frames of video begins, in classic style.
pub const AUDIO_MARK: &[u8] = b"ODUA";

/// The only [internal control](Av::Internal) of the classic style that is known: a viewer forgets what it holds.
pub const CLEAN: u32 = 0xBB;

/// UDP port on which cameras receive searches.
pub const SEARCH_PORT: u16 = 32761;
/// Bytes of a frame in each video chunk but the last.
pub const CHUNK: usize = 1024;
/// Bytes before the data of an AV message: the IOTC header (16) and the AV header (24).
pub const OVERHEAD: usize = 40;
/// Bytes of an account or a password, without the NUL that ends it.
pub const MAX_CREDENTIAL: usize = 256;
/// Bytes of a camera's name, without the NUL that ends it.
pub const MAX_NAME: usize = 131;
/// What cameras usually give as their service.
pub const SERVICE: u32 = 0x10;
/// Most chunk numbers in one resend request; keeps the request as small as the largest chunk.
pub const MAX_RESEND: usize = 500;

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The datagram ends before its message does.
    #[error("a message that ends too early")]
    Short,
    /// It does not begin with the protocol's magic bytes.
    #[error("not of this protocol")]
    Magic,
    /// The IOTC message has no meaning here.
    #[error("unknown message 0x{0:04x}")]
    Message(u16),
    /// The AV message has no meaning here; its two type bytes, first byte high.
    #[error("unknown AV message 0x{0:04x}")]
    Av(u16),
    /// Two fields contradict each other.
    #[error("a message that contradicts itself")]
    Contradiction,
}
