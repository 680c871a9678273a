//! What a session carries: frames of video and blocks of audio.

mod audio;
mod codec;
mod frame;
mod gate;

pub use audio::AudioFormat;
pub use codec::Codec;
pub use frame::{Frame, Lost, Media};
pub use gate::Gate;
