//! A channel in packet style, once the login is done.

mod clock;
mod controls;
mod media;
#[cfg(test)]
mod tests;

pub(crate) use media::PacketMedia;
