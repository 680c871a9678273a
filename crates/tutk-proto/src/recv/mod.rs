//! The receiving side of media: reassembly, loss detection, acknowledgements.

mod acks;
mod assembly;
mod audio;
mod buffer;
mod deadlines;
pub(crate) mod packet;
mod retry;

pub(crate) use assembly::{Assembly, Counts, Release};
pub(crate) use audio::AudioOrder;
pub(crate) use retry::{Repeat, Retry};
