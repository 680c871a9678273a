//! Which of the camera's frames go downstream.

use tutk::{Codec, Frame};

/// Tells how the frames go downstream that [`tutk::Gate`] lets through.
#[derive(Debug, Default)]
pub(super) struct Gate {
    gate: tutk::Gate,
    /// Of the last frame that went through.
    codec: Option<Codec>,
}

/// How a frame goes downstream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pass {
    /// It is the first one of this codec.
    pub(super) new_codec: bool,
    /// Frames are missing before it.
    pub(super) discont: bool,
    /// It needs earlier frames to be decoded.
    pub(super) delta: bool,
}

impl Gate {
    /// Frames were lost: the next one does not follow the last one.
    pub(super) fn lost(&mut self) {
        self.gate.lost();
    }

    /// Whether and how this frame goes downstream.
    pub(super) fn pass(&mut self, frame: &Frame) -> Option<Pass> {
        if frame.data.is_empty() {
            return None;
        }
        let pass = Pass {
            new_codec: self.codec != Some(frame.codec),
            discont: self.gate.is_broken(),
            delta: !frame.key && !frame.codec.is_intra_only(),
        };
        if !self.gate.passes(frame.codec, frame.key) {
            return None;
        }
        self.codec = Some(frame.codec);
        Some(pass)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn frame(codec: Codec, key: bool) -> Frame {
        Frame {
            data: vec![1],
            info: Vec::new(),
            codec,
            key,
            number: 0,
            timestamp: 0,
            flags: 0,
            received: Instant::now(),
        }
    }

    fn pass(new_codec: bool, discont: bool, delta: bool) -> Option<Pass> {
        Some(Pass { new_codec, discont, delta })
    }

    #[test]
    fn begins_with_a_key_frame() {
        let mut gate = Gate::default();
        assert_eq!(gate.pass(&frame(Codec::H264, false)), None);
        assert_eq!(gate.pass(&frame(Codec::H264, true)), pass(true, true, false));
        assert_eq!(gate.pass(&frame(Codec::H264, false)), pass(false, false, true));
    }

    #[test]
    fn after_a_loss_predicted_frames_wait_for_a_key_frame() {
        let mut gate = Gate::default();
        assert!(gate.pass(&frame(Codec::H265, true)).is_some());
        gate.lost();
        assert_eq!(gate.pass(&frame(Codec::H265, false)), None);
        assert_eq!(gate.pass(&frame(Codec::H265, true)), pass(false, true, false));
        assert_eq!(gate.pass(&frame(Codec::H265, false)), pass(false, false, true));
    }

    #[test]
    fn after_a_loss_pictures_of_their_own_go_on() {
        let mut gate = Gate::default();
        assert_eq!(gate.pass(&frame(Codec::Mjpeg, false)), pass(true, true, false));
        gate.lost();
        assert_eq!(gate.pass(&frame(Codec::Mjpeg, false)), pass(false, true, false));
        assert_eq!(gate.pass(&frame(Codec::Mjpeg, true)), pass(false, false, false));
    }

    #[test]
    fn another_codec_begins_with_a_key_frame() {
        let mut gate = Gate::default();
        assert!(gate.pass(&frame(Codec::H264, true)).is_some());
        assert_eq!(gate.pass(&frame(Codec::H265, false)), None);
        assert_eq!(gate.pass(&frame(Codec::H265, true)), pass(true, true, false));
    }

    #[test]
    fn empty_frames_are_passed_over() {
        let mut gate = Gate::default();
        assert!(gate.pass(&frame(Codec::H264, true)).is_some());
        assert_eq!(gate.pass(&Frame { data: Vec::new(), ..frame(Codec::H264, true) }), None);
        assert_eq!(gate.pass(&frame(Codec::H264, false)), pass(false, false, true));
    }
}
