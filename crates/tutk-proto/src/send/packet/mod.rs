//! The sending side of media in packet style.

mod block;
mod cut;
mod detection;
mod frame_acks;
mod sender;
mod sent_frame;
mod window;

pub(crate) use sender::Sender;
