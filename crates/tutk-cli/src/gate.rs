//! Which of the camera's frames are written.

use tutk::Codec;

/// Lets frames through that can be decoded with what went through before.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// What the last frame was encoded with, unless frames are missing after it.
    follows: Option<Codec>,
}

impl Gate {
    /// A frame is missing.
    pub(crate) fn lost(&mut self) {
        self.follows = None;
    }

    /// Whether the next frame is written.
    pub(crate) fn passes(&mut self, codec: Codec, key: bool) -> bool {
        let passes = key || codec.is_intra_only() || self.follows == Some(codec);
        self.follows = passes.then_some(codec);
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicted_frames_wait_for_a_key_frame() {
        let mut gate = Gate::default();
        assert!(!gate.passes(Codec::H264, false), "at the start");
        assert!(gate.passes(Codec::H264, true));
        assert!(gate.passes(Codec::H264, false));
        gate.lost();
        assert!(!gate.passes(Codec::H264, false), "after a loss");
        assert!(!gate.passes(Codec::H264, false), "still");
        assert!(gate.passes(Codec::H264, true));
        assert!(!gate.passes(Codec::H265, false), "of another codec");
        assert!(!gate.passes(Codec::H264, false), "after another codec");
    }

    #[test]
    fn pictures_of_their_own_wait_for_nothing() {
        let mut gate = Gate::default();
        assert!(gate.passes(Codec::Mjpeg, false));
        gate.lost();
        assert!(gate.passes(Codec::Mjpeg, false));
    }
}
