//! What the bytes of a frame are, as far as start codes and types of NAL units tell it.

use super::{h264, h265, mpeg4};
use crate::Codec;

/// How far the units before the first picture are read: far beyond any that an encoder writes.
const MAX_HEAD: usize = 256 << 10;
/// How far parameter sets are looked for that show what a frame is; the whole of it would take long in each frame.
const MAX_PROOF: usize = 4 << 10;
/// Zero bytes that may precede a start code.
const MAX_ZEROS: usize = 64;

/// What a NAL unit, or what a start code of MPEG-4 begins, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A slice of a picture; the picture itself (VOP) in MPEG-4.
    Slice,
    /// A sequence parameter set; the header of a video object layer in MPEG-4.
    Sps,
    Pps,
    /// Anything else that precedes the picture that it belongs to: SEI, access unit delimiter, VPS.
    Prefix,
    /// What follows the picture that it belongs to: filler, end of sequence, suffix SEI.
    Suffix,
    /// None that this codec has, as far as this project reads it.
    Foreign,
}

/// The units of a frame up to the first slice of a picture.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head<'a> {
    /// From the header of the first slice to the end of the frame.
    pub(super) slice: Option<&'a [u8]>,
    pub(super) sps: bool,
    pub(super) pps: bool,
    /// H.264: a decoder can start here, though this may be no IDR picture (recovery point SEI).
    pub(super) recovers: bool,
    /// There is something that belongs to the picture to come.
    pub(super) prefix: bool,
    /// There is something that belongs to the picture before.
    pub(super) suffix: bool,
}

impl<'a> Head<'a> {
    /// None for bytes that do not begin with a start code, and for codecs without them.
    pub(super) fn of(codec: Codec, data: &'a [u8]) -> Option<Self> {
        let mut head = Self::default();
        walk(codec, data, |kind, unit| match kind {
            Kind::Slice => head.slice = Some(unit),
            Kind::Sps => (head.sps, head.prefix) = (true, true),
            Kind::Pps => (head.pps, head.prefix) = (true, true),
            Kind::Prefix => {
                head.prefix = true;
                head.recovers |= codec == Codec::H264 && h264::is_recovery_point(unit);
            }
            Kind::Suffix => head.suffix = true,
            Kind::Foreign => {}
        })?;
        Some(head)
    }

    /// The head of the access unit that begins with this one, in a frame of its own.
    pub(super) fn join(self, next: Self) -> Self {
        Self {
            slice: next.slice,
            sps: self.sps || next.sps,
            pps: self.pps || next.pps,
            recovers: self.recovers || next.recovers,
            prefix: self.prefix || next.prefix,
            suffix: self.suffix || next.suffix,
        }
    }

    /// Whether a decoder can start at this access unit; none where the bytes do not tell. `flagged`: the camera says so.
    pub(super) fn is_key(&self, codec: Codec, flagged: bool) -> Option<bool> {
        let Some(slice) = self.slice else {
            return (self.prefix || self.suffix).then_some(false);
        };
        Some(match codec {
            Codec::H264 => {
                // Cameras that never send an IDR picture send parameter sets with those that stand alone.
                let stands_alone = (self.sps && self.pps) || flagged;
                h264::is_idr(slice) || self.recovers || (stands_alone && h264::is_intra(slice))
            }
            Codec::H265 => h265::is_irap(slice),
            _ => mpeg4::is_intra(slice),
        })
    }
}

/// Whether a decoder can start at this frame. `flagged`: the camera says so, which only counts where the bytes do not tell.
///
/// Cameras set the flags of the frame info (0 other, 1 key frame in the vendor's header, 2 motion, 3 alarm) as they like.
pub fn is_key(codec: Codec, data: &[u8], flagged: bool) -> bool {
    let told = |codec| Head::of(codec, data).and_then(|head| head.is_key(codec, flagged));
    codec.is_intra_only() || told(actual(codec, data).unwrap_or(codec)).unwrap_or(flagged)
}

/// What these bytes are, H.264 or H.265, if they hold a parameter set that shows it and the camera says that they are one of both.
pub(super) fn actual(announced: Codec, data: &[u8]) -> Option<Codec> {
    let other = match announced {
        Codec::H264 => Codec::H265,
        Codec::H265 => Codec::H264,
        _ => return None,
    };
    [announced, other].into_iter().find(|codec| proves(*codec, data))
}

/// Whether these bytes hold a header that only a stream of this codec has.
pub(super) fn proves(codec: Codec, data: &[u8]) -> bool {
    let mut found = false;
    let look = |kind, unit: &[u8]| {
        found |= match codec {
            Codec::H264 => kind == Kind::Sps && h264::Sps::parse(unit).is_some(),
            Codec::H265 => h265::is_vps(unit) || (kind == Kind::Sps && h265::Sps::parse(unit).is_some()),
            // The start code of a video object layer.
            _ => kind == Kind::Sps,
        };
    };
    walk(codec, data.get(..MAX_PROOF).unwrap_or(data), look).is_some() && found
}

/// Whether no picture that follows this one in the stream refers to one before it.
pub(super) fn is_idr(codec: Codec, slice: &[u8]) -> bool {
    match codec {
        Codec::H264 => h264::is_idr(slice),
        Codec::H265 => h265::is_idr(slice),
        _ => true,
    }
}

/// Whether this frame holds more than one slice.
pub(super) fn has_several_slices(codec: Codec, data: &[u8]) -> bool {
    let mut slices = 0;
    let mut rest = begin(data);
    while let Some(unit) = rest {
        slices += u32::from(kind(codec, unit) == Kind::Slice);
        if slices > 1 {
            return true;
        }
        rest = next_start(unit).and_then(|(_, next)| unit.get(next..));
    }
    false
}

/// Hands each unit to `visit`, up to and with the first slice, which goes on to the end of the frame. None for bytes that
/// do not begin with a start code, and for codecs without them.
pub(super) fn walk<'a>(codec: Codec, data: &'a [u8], mut visit: impl FnMut(Kind, &'a [u8])) -> Option<()> {
    if !matches!(codec, Codec::H264 | Codec::H265 | Codec::Mpeg4) {
        return None;
    }
    let mut unit = begin(data)?;
    loop {
        let kind = kind(codec, unit);
        if kind == Kind::Slice {
            visit(kind, unit);
            return Some(());
        }
        let head = unit.get(..MAX_HEAD).unwrap_or(unit);
        let Some((end, next)) = next_start(head) else {
            visit(kind, head);
            return Some(());
        };
        visit(kind, unit.get(..end).unwrap_or_default());
        unit = unit.get(next..).unwrap_or_default();
    }
}

fn kind(codec: Codec, unit: &[u8]) -> Kind {
    match codec {
        Codec::H264 => h264::kind(unit),
        Codec::H265 => h265::kind(unit),
        _ => mpeg4::kind(unit),
    }
}

/// What follows the start code at the begin of a frame.
fn begin(data: &[u8]) -> Option<&[u8]> {
    let zeros = data.iter().take(MAX_ZEROS).take_while(|byte| **byte == 0).count();
    (zeros >= 2 && data.get(zeros) == Some(&1)).then(|| data.get(zeros + 1..).unwrap_or_default())
}

/// Where the next start code begins, and what follows it.
fn next_start(unit: &[u8]) -> Option<(usize, usize)> {
    let follows_zeros = |one: &usize| unit.get(..*one).is_some_and(|before| before.ends_with(&[0, 0]));
    memchr::memchr_iter(1, unit).find(follows_zeros).map(|one| (one - 2, one + 1))
}
