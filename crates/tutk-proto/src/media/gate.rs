use crate::Codec;

/// Lets frames of video through that can be decoded with those that went through before: from a key frame on, and after
/// a loss from the next one on. Frames of [intra-only](Codec::is_intra_only) codecs all go through.
#[derive(Debug, Default)]
pub struct Gate {
    /// What the last frame was encoded with, unless frames are missing after it.
    follows: Option<Codec>,
}

impl Gate {
    /// A frame is missing.
    pub fn lost(&mut self) {
        self.follows = None;
    }

    /// Whether frames are missing before the next one; at the start, too.
    pub fn is_broken(&self) -> bool {
        self.follows.is_none()
    }

    /// Whether the next frame goes through.
    pub fn passes(&mut self, codec: Codec, key: bool) -> bool {
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
