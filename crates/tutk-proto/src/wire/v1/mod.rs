//! Generation 0x09: the handshake of cookie framing, and the classic AV style, which later generations share.

pub(super) mod av;
pub(super) mod handshake;
