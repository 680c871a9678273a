//! H.264 (ITU-T H.264, clauses 7.3, 8.2.1 and E.1), as much of it as tells pictures and their order apart.

use std::time::Duration;

use super::bits::Bits;
use super::nal::Kind;
use super::order::Declared;

/// `profile_idc` that exist.
const PROFILES: [u32; 16] = [66, 77, 88, 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
const BASELINE: u32 = 66;
/// 16,384 samples, as no level allows more.
const MAX_MBS: u32 = 1_024;
const MAX_PPS: u32 = 255;

pub(super) fn kind(unit: &[u8]) -> Kind {
    match unit.first() {
        Some(header) if header & 0x80 != 0 => Kind::Foreign,
        Some(header) => match header & 31 {
            1 | 5 => Kind::Slice,
            7 => Kind::Sps,
            8 => Kind::Pps,
            6 | 9 | 13 => Kind::Prefix,
            10..=12 => Kind::Suffix,
            _ => Kind::Foreign,
        },
        None => Kind::Foreign,
    }
}

pub(super) fn is_idr(slice: &[u8]) -> bool {
    slice.first().is_some_and(|header| header & 31 == 5)
}

fn is_reference(slice: &[u8]) -> bool {
    slice.first().is_some_and(|header| header & 0x60 != 0)
}

/// Whether the slice refers to no other picture.
pub(super) fn is_intra(slice: &[u8]) -> bool {
    slice_type(slice).is_some_and(|kind| kind % 5 == 2)
}

pub(super) fn is_bidirectional(slice: &[u8]) -> bool {
    slice_type(slice).is_some_and(|kind| kind % 5 == 1)
}

fn slice_type(slice: &[u8]) -> Option<u32> {
    let mut bits = Bits::new(slice.get(1..)?);
    bits.ue(u32::MAX)?;
    bits.ue(9)
}

/// Whether this unit is an SEI with a recovery point.
pub(super) fn is_recovery_point(unit: &[u8]) -> bool {
    const RECOVERY_POINT: u32 = 6;
    if unit.first().is_none_or(|header| header & 31 != 6) {
        return false;
    }
    let mut bits = Bits::new(unit.get(1..).unwrap_or_default());
    let number = |bits: &mut Bits<'_>| {
        let mut sum = 0u32;
        loop {
            let byte = bits.bits(8)?;
            sum = sum.saturating_add(byte);
            if byte != 255 {
                return Some(sum);
            }
        }
    };
    while let (Some(kind), Some(len)) = (number(&mut bits), number(&mut bits)) {
        if kind == RECOVERY_POINT {
            return true;
        }
        if bits.skip(len.saturating_mul(8)).is_none() {
            return false;
        }
    }
    false
}

/// A sequence parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sps {
    pub(super) id: u32,
    separate_planes: bool,
    frame_num_bits: u32,
    /// Bits of `pic_order_cnt_lsb`; none if the order of pictures is told in another way.
    poc_bits: Option<u32>,
    frame_mbs_only: bool,
    /// Macroblocks of a picture.
    mbs: u32,
    /// What it says of the order of pictures.
    pub(super) declared: Declared,
    /// Between two frames.
    pub(super) interval: Option<Duration>,
}

impl Sps {
    /// None unless this unit is a set that can be.
    pub(super) fn parse(unit: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(unit.get(1..)?);
        let profile = bits.bits(8).filter(|profile| PROFILES.contains(profile))?;
        bits.skip(16)?;
        let id = bits.ue(31)?;
        let mut separate_planes = false;
        if !matches!(profile, 66 | 77 | 88) {
            let chroma = bits.ue(3)?;
            separate_planes = chroma == 3 && bits.flag()?;
            bits.ue(6)?;
            bits.ue(6)?;
            bits.skip(1)?;
            if bits.flag()? {
                skip_scaling_lists(&mut bits, if chroma == 3 { 12 } else { 8 })?;
            }
        }
        let frame_num_bits = bits.ue(12)? + 4;
        let poc_type = bits.ue(2)?;
        let mut poc_bits = None;
        match poc_type {
            0 => poc_bits = Some(bits.ue(12)? + 4),
            1 => {
                bits.skip(1)?;
                bits.se()?;
                bits.se()?;
                for _ in 0..bits.ue(255)? {
                    bits.se()?;
                }
            }
            _ => {}
        }
        bits.ue(32)?;
        bits.skip(1)?;
        let width = bits.ue(MAX_MBS - 1)? + 1;
        let height = bits.ue(MAX_MBS - 1)? + 1;
        let frame_mbs_only = bits.flag()?;
        let height = if frame_mbs_only { height } else { height * 2 };
        if !frame_mbs_only {
            bits.skip(1)?;
        }
        bits.skip(1)?;
        if bits.flag()? {
            for _ in 0..4 {
                bits.ue(u32::MAX)?;
            }
        }
        let vui = if bits.flag()? { Vui::parse(&mut bits) } else { Vui::default() };
        let declared = match vui.reordered {
            _ if poc_type == 2 || profile == BASELINE => Declared::Depth(0),
            Some(depth) => Declared::Depth(depth),
            None => Declared::Nothing,
        };
        let mbs = width * height;
        Some(Self {
            id,
            separate_planes,
            frame_num_bits,
            poc_bits,
            frame_mbs_only,
            mbs,
            declared,
            interval: vui.interval,
        })
    }
}

fn skip_scaling_lists(bits: &mut Bits<'_>, count: u32) -> Option<()> {
    for index in 0..count {
        if !bits.flag()? {
            continue;
        }
        let (mut last, mut next) = (8, 8);
        for _ in 0..if index < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + bits.se()?).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

/// What of the video usability information is of use here.
#[derive(Clone, Copy, Debug, Default)]
struct Vui {
    interval: Option<Duration>,
    /// `max_num_reorder_frames`
    reordered: Option<u32>,
}

impl Vui {
    /// As far as it goes.
    fn parse(bits: &mut Bits<'_>) -> Self {
        let mut vui = Self::default();
        let _ = vui.read(bits);
        vui
    }

    fn read(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        if bits.flag()? && bits.bits(8)? == 255 {
            bits.skip(32)?;
        }
        if bits.flag()? {
            bits.skip(1)?;
        }
        if bits.flag()? {
            bits.skip(4)?;
            if bits.flag()? {
                bits.skip(24)?;
            }
        }
        if bits.flag()? {
            bits.ue(5)?;
            bits.ue(5)?;
        }
        if bits.flag()? {
            let (units, scale) = (bits.bits(32)?, bits.bits(32)?);
            bits.skip(1)?;
            let seconds = 2.0 * f64::from(units) / f64::from(scale);
            self.interval = Duration::try_from_secs_f64(seconds).ok();
        }
        let nal = bits.flag()?;
        if nal {
            skip_hrd(bits)?;
        }
        let vcl = bits.flag()?;
        if vcl {
            skip_hrd(bits)?;
        }
        if nal || vcl {
            bits.skip(1)?;
        }
        bits.skip(1)?;
        if bits.flag()? {
            bits.skip(1)?;
            for _ in 0..4 {
                bits.ue(u32::MAX)?;
            }
            self.reordered = Some(bits.ue(16)?);
        }
        Some(())
    }
}

fn skip_hrd(bits: &mut Bits<'_>) -> Option<()> {
    let count = bits.ue(31)? + 1;
    bits.skip(8)?;
    for _ in 0..count {
        bits.ue(u32::MAX)?;
        bits.ue(u32::MAX)?;
        bits.skip(1)?;
    }
    bits.skip(20)
}

/// The number of a picture parameter set, and that of the sequence parameter set that it belongs to.
pub(super) fn parse_pps(unit: &[u8]) -> Option<(u32, u32)> {
    let mut bits = Bits::new(unit.get(1..)?);
    Some((bits.ue(MAX_PPS)?, bits.ue(31)?))
}

/// The parameter sets of a stream.
#[derive(Debug, Default)]
pub(super) struct Sets {
    sps: Vec<Sps>,
    /// Picture parameter sets and what they belong to.
    pps: Vec<(u32, u32)>,
}

/// What the header of a slice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// It is the first one of its picture.
    pub(super) is_first: bool,
    pub(super) sps: Sps,
    /// `pic_order_cnt_lsb` of a whole frame.
    lsb: Option<u32>,
}

impl Sets {
    pub(super) fn put(&mut self, kind: Kind, unit: &[u8]) {
        match kind {
            Kind::Sps => {
                if let Some(sps) = Sps::parse(unit) {
                    self.sps.retain(|known| known.id != sps.id);
                    self.sps.push(sps);
                }
            }
            Kind::Pps => {
                if let Some(pps) = parse_pps(unit) {
                    self.pps.retain(|known| known.0 != pps.0);
                    self.pps.push(pps);
                }
            }
            _ => {}
        }
    }

    /// None if it refers to a set that is not known, or makes no sense.
    pub(super) fn slice(&self, unit: &[u8]) -> Option<Slice> {
        let mut bits = Bits::new(unit.get(1..)?);
        let first_mb = bits.ue(u32::MAX)?;
        bits.ue(9)?;
        let pps = bits.ue(MAX_PPS)?;
        let (_, id) = self.pps.iter().find(|known| known.0 == pps)?;
        let sps = *self.sps.iter().find(|known| known.id == *id)?;
        if first_mb >= sps.mbs {
            return None;
        }
        let mut lsb = || {
            bits.skip(if sps.separate_planes { 2 } else { 0 })?;
            bits.skip(sps.frame_num_bits)?;
            if !sps.frame_mbs_only && bits.flag()? {
                // A field; which of both is shown first is not of interest.
                return None;
            }
            if is_idr(unit) {
                bits.ue(u32::MAX)?;
            }
            bits.bits(sps.poc_bits?)
        };
        Some(Slice { is_first: first_mb == 0, sps, lsb: lsb() })
    }
}

/// Counts the order in which pictures are shown (clause 8.2.1.1). Memory management operation 5, which starts the count
/// again without an IDR picture, is not read.
#[derive(Debug, Default)]
pub(super) struct Count {
    msb: i64,
    lsb: i64,
}

impl Count {
    /// The place of this picture, in units of half a frame.
    pub(super) fn next(&mut self, unit: &[u8], slice: &Slice) -> Option<i64> {
        let lsb = i64::from(slice.lsb?);
        let wrap = 1 << slice.sps.poc_bits?;
        if is_idr(unit) {
            *self = Self::default();
        }
        let msb = super::order::msb(self.msb, self.lsb, lsb, wrap);
        if is_reference(unit) {
            *self = Self { msb, lsb };
        }
        Some(msb + lsb)
    }
}
