//! An established session of either end, with its channels.

pub(crate) mod handshake;
mod link;
mod peer;
mod peers;
mod seal;
pub(crate) mod secure;

pub use link::Link;
pub(crate) use peer::Peer;
pub(crate) use peers::Peers;
pub(crate) use seal::Seal;
