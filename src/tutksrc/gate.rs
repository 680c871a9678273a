//! Which units go downstream.

use tutk::{Alignment, Codec, Unit};

/// Lets units through that a decoder can use after those that have gone downstream.
///
/// [`tutk::VideoParser`] has seen to it where the camera's frames are missing; others are dropped on their way through the
/// queue or by a flush.
#[derive(Debug, Default)]
pub(super) struct Gate {
    gate: tutk::proto::Gate,
    /// Of the last unit that went through.
    caps: Option<(Codec, Alignment)>,
}

/// How a unit goes downstream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pass {
    /// It is the first one with these caps.
    pub(super) new_caps: bool,
    /// Frames are missing before it.
    pub(super) discont: bool,
}

impl Gate {
    /// Units were dropped: the next one does not follow the last one.
    pub(super) fn lost(&mut self) {
        self.gate.lost();
    }

    /// The caps of the last unit were not taken downstream: the next unit has new ones.
    pub(super) fn caps_refused(&mut self) {
        self.caps = None;
    }

    /// Whether and how this unit goes downstream.
    pub(super) fn pass(&mut self, unit: &Unit, alignment: Alignment) -> Option<Pass> {
        if unit.discont {
            self.gate.lost();
        }
        let discont = self.gate.is_broken();
        let codec = unit.frame.codec;
        let passes = if unit.begins_picture { self.gate.passes(codec, unit.frame.key) } else { !discont };
        let caps = (codec, alignment);
        passes.then(|| Pass { new_caps: self.caps.replace(caps) != Some(caps), discont })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tutk::{Frame, Order};

    use super::*;

    fn unit(codec: Codec, key: bool) -> Unit {
        let frame = Frame::new(codec, vec![1], Instant::now()).with_key(key);
        let order = Order::Decoding(None);
        Unit { frame, first: 0, frames: 1, announced: codec, discont: false, begins_picture: true, order }
    }

    fn pass(gate: &mut Gate, unit: &Unit) -> Option<(bool, bool)> {
        gate.pass(unit, Alignment::Au).map(|Pass { new_caps, discont }| (new_caps, discont))
    }

    #[test]
    fn begins_with_a_key_frame_and_goes_on_with_one_after_a_loss() {
        let mut gate = Gate::default();
        let (key, other) = (unit(Codec::H264, true), unit(Codec::H264, false));
        assert_eq!(pass(&mut gate, &other), None);
        assert_eq!(pass(&mut gate, &key), Some((true, true)));
        assert_eq!(pass(&mut gate, &other), Some((false, false)));
        gate.lost();
        assert_eq!(pass(&mut gate, &other), None);
        assert_eq!(pass(&mut gate, &key), Some((false, true)));
        assert_eq!(pass(&mut gate, &Unit { discont: true, ..key }), Some((false, true)));
        assert_eq!(pass(&mut gate, &other), Some((false, false)));
    }

    #[test]
    fn the_rest_of_a_picture_goes_with_its_begin() {
        let mut gate = Gate::default();
        let key = unit(Codec::H264, true);
        let rest = Unit { begins_picture: false, ..key.clone() };
        assert_eq!(pass(&mut gate, &rest), None);
        assert_eq!(pass(&mut gate, &key), Some((true, true)));
        assert_eq!(pass(&mut gate, &rest), Some((false, false)));
        gate.lost();
        assert_eq!(pass(&mut gate, &rest), None);
    }

    #[test]
    fn another_codec_or_another_cut_has_other_caps() {
        let mut gate = Gate::default();
        assert_eq!(pass(&mut gate, &unit(Codec::H264, true)), Some((true, true)));
        assert_eq!(pass(&mut gate, &unit(Codec::H265, true)), Some((true, false)));
        let nal = gate.pass(&unit(Codec::H265, false), Alignment::Nal).unwrap();
        assert_eq!(nal, Pass { new_caps: true, discont: false });
        assert!(!gate.pass(&unit(Codec::H265, false), Alignment::Nal).unwrap().new_caps);
        gate.caps_refused();
        assert!(gate.pass(&unit(Codec::H265, false), Alignment::Nal).unwrap().new_caps);
    }
}
