/// How good a stream is. What each level means (size, frame rate, bit rate) is up to the camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Quality {
    /// The best.
    Max = 1,
    /// Good.
    High = 2,
    /// In the middle.
    Middle = 3,
    /// Poor.
    Low = 4,
    /// The poorest.
    Min = 5,
}

/// The body of [`SET_QUALITY`](super::SET_QUALITY): u32 channel, u8 quality, 3 reserved bytes.
pub fn set_quality(quality: Quality) -> [u8; 8] {
    [0, 0, 0, 0, quality as u8, 0, 0, 0]
}

/// The quality in the body of the answer to [`GET_QUALITY`](super::GET_QUALITY), if it is one that is known.
pub fn quality(answer: &[u8]) -> Option<Quality> {
    Some(match answer.get(4)? {
        1 => Quality::Max,
        2 => Quality::High,
        3 => Quality::Middle,
        4 => Quality::Low,
        5 => Quality::Min,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_can_be_read() {
        for level in [Quality::Max, Quality::High, Quality::Middle, Quality::Low, Quality::Min] {
            assert_eq!(quality(&set_quality(level)), Some(level));
        }
        assert_eq!(set_quality(Quality::Min), [0, 0, 0, 0, 5, 0, 0, 0]);
        for answer in [&[0; 8][..], &[9; 8], &[1; 4], &[]] {
            assert_eq!(quality(answer), None);
        }
    }
}
