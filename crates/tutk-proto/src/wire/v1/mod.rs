//! The classic AV style, of generation 0x09; later generations share it.

pub(super) mod av;
