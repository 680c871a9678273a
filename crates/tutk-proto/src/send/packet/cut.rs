use std::ops::Range;

use crate::wire::CHUNK;

/// How a frame is cut into chunks: the media in pieces of 1,024 bytes, and the frame info, which is never cut, behind the
/// last piece or, where there is no room, as a chunk of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    media_len: usize,
    info_len: usize,
    pub(super) count: u16,
}

impl Cut {
    /// Of at most [`MAX_FRAME`](crate::MAX_FRAME) bytes, with no more than 1,024 of frame info.
    pub(super) fn new(media_len: usize, info_len: usize) -> Self {
        let pieces = media_len.div_ceil(CHUNK).max(1);
        let apart = media_len - (pieces - 1) * CHUNK + info_len > CHUNK;
        Self { media_len, info_len, count: (pieces + usize::from(apart)) as u16 }
    }

    /// Which bytes of media and frame info together are in a chunk.
    pub(super) fn range(self, index: u16) -> Range<usize> {
        let start = (usize::from(index) * CHUNK).min(self.media_len);
        if self.is_last(index) {
            start..self.media_len + self.info_len
        } else {
            start..(start + CHUNK).min(self.media_len)
        }
    }

    pub(super) fn is_last(self, index: u16) -> bool {
        index + 1 == self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_info_is_never_cut() {
        for info_len in [16, 24, 40, 256] {
            for media_len in (0..3 * CHUNK + 2).chain([crate::MAX_FRAME - 256]) {
                let cut = Cut::new(media_len, info_len);
                let mut end = 0;
                for index in 0..cut.count {
                    let range = cut.range(index);
                    assert_eq!(range.start, end);
                    assert!((1..=CHUNK).contains(&range.len()), "{media_len} {info_len} {range:?}");
                    end = range.end;
                    assert!(cut.is_last(index) || range.end <= media_len);
                }
                assert_eq!(end, media_len + info_len);
                assert!(cut.range(cut.count - 1).len() >= info_len);
            }
        }
    }
}
