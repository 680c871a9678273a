//! The receiving side of media: reassembly, loss detection, acknowledgements.

mod acks;
mod assembly;
mod buffer;
mod deadlines;
pub(crate) mod packet;
mod retry;

pub(crate) use assembly::{Assembly, Counts, Release};
pub(crate) use retry::{Repeat, Retry};
