//! The sending side of media: frames cut into chunks, kept until they are acknowledged.

mod budget;
mod pacer;
pub(crate) mod packet;
mod sent;

pub use sent::VideoFrame;
pub(crate) use sent::{Outgoing, Sent};
