//! The sending side of media in packet style.

mod cut;
mod pacer;
mod sender;
mod window;

pub(crate) use sender::Sender;
