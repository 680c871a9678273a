//! The sending side of media in packet style.

mod block;
mod cut;
mod frame_acks;
mod pacer;
mod sender;
mod window;

pub(crate) use sender::Sender;
