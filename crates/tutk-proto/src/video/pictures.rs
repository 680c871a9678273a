use super::nal::walk;
use super::order::{Declared, Order, Told, Tracker};
use super::{h264, h265, mpeg4};
use crate::Codec;

/// Follows the pictures of one stream.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    h264: h264::Sets,
    h265: h265::Sets,
    h264_count: h264::Count,
    h265_count: h265::Count,
    tracker: Tracker,
}

/// What the slice at the begin of a picture, or inside of it, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slice {
    /// The parameter sets that it needs are not known, or the codec has none.
    Unread,
    /// The first one of its picture.
    First,
    /// It continues a picture.
    Next,
}

impl Pictures {
    /// Another stream begins.
    pub(super) fn restart(&mut self) {
        self.tracker.restart();
    }

    /// Takes the parameter sets out of a frame.
    pub(super) fn learn(&mut self, codec: Codec, data: &[u8]) {
        let _ = walk(codec, data, |kind, unit| match codec {
            Codec::H264 => self.h264.put(kind, unit),
            Codec::H265 => self.h265.put(kind, unit),
            _ => {}
        });
    }

    /// Whether a frame that begins with this slice begins a picture.
    pub(super) fn begins(&self, codec: Codec, slice: &[u8]) -> Slice {
        let is_first = match codec {
            Codec::H264 => self.h264.slice(slice).map(|slice| slice.is_first),
            Codec::H265 => self.h265.slice(slice).map(|slice| slice.is_first),
            _ => None,
        };
        match is_first {
            Some(true) => Slice::First,
            Some(false) => Slice::Next,
            None => Slice::Unread,
        }
    }

    /// When the picture that begins with this slice is shown. `restarts`: pictures before it are missing.
    pub(super) fn order(&mut self, codec: Codec, slice: &[u8], restarts: bool) -> Order {
        if restarts {
            (self.h264_count, self.h265_count) = Default::default();
        }
        let nothing = Told {
            declared: Declared::Nothing,
            count: None,
            step: 1,
            interval: None,
            is_bidirectional: false,
            restarts,
        };
        let told = match codec {
            Codec::H264 => match self.h264.slice(slice) {
                Some(read) => Told {
                    declared: read.sps.declared,
                    count: self.h264_count.next(slice, &read),
                    // Each frame has two fields.
                    step: 2,
                    interval: read.sps.interval,
                    is_bidirectional: h264::is_bidirectional(slice),
                    restarts: restarts || h264::is_idr(slice),
                },
                None => nothing,
            },
            Codec::H265 => match self.h265.slice(slice) {
                Some(read) => Told {
                    declared: Declared::Depth(read.sps.depth),
                    count: self.h265_count.next(slice, &read),
                    restarts: restarts || h265::is_idr(slice),
                    ..nothing
                },
                None => nothing,
            },
            Codec::Mpeg4 => Told { is_bidirectional: mpeg4::is_bidirectional(slice), ..nothing },
            _ => nothing,
        };
        self.tracker.next(&told)
    }
}
