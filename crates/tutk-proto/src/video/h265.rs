//! H.265 (ITU-T H.265, clauses 7.3 and 8.3.1), as much of it as tells pictures and their order apart.

use super::bits::Bits;
use super::nal::Kind;

const MAX_SIZE: u32 = 16_384;
const MAX_PPS: u32 = 63;
const MAX_SPS: u32 = 15;

/// The type of this unit; none if its header is not one of the base layer.
fn unit_type(unit: &[u8]) -> Option<u8> {
    let [first, second] = *unit.first_chunk()?;
    let is_base = first & 0x81 == 0 && second & 0xF8 == 0 && second & 7 != 0;
    is_base.then_some(first >> 1)
}

pub(super) fn kind(unit: &[u8]) -> Kind {
    match unit_type(unit) {
        Some(0..=9 | 16..=21) => Kind::Slice,
        Some(33) => Kind::Sps,
        Some(34) => Kind::Pps,
        Some(32 | 35 | 39) => Kind::Prefix,
        Some(36..=38 | 40) => Kind::Suffix,
        _ => Kind::Foreign,
    }
}

/// Whether this unit is a video parameter set, with the 16 bits in it that are always set.
pub(super) fn is_vps(unit: &[u8]) -> bool {
    unit_type(unit) == Some(32) && unit.get(4..6) == Some(&[0xFF; 2])
}

/// Whether a decoder can start at this picture.
pub(super) fn is_irap(slice: &[u8]) -> bool {
    matches!(unit_type(slice), Some(16..=23))
}

/// Whether the count of pictures starts again here: IDR or BLA.
pub(super) fn is_idr(slice: &[u8]) -> bool {
    matches!(unit_type(slice), Some(16..=20))
}

/// A sequence parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sps {
    id: u32,
    separate_planes: bool,
    poc_bits: u32,
    /// How many pictures at most precede a picture in the stream and follow it on the screen.
    pub(super) depth: u32,
}

impl Sps {
    /// None unless this unit is a set that can be.
    pub(super) fn parse(unit: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(unit.get(2..)?);
        bits.skip(4)?;
        let sub_layers = bits.bits(3).filter(|layers| *layers < 7)?;
        bits.skip(1)?;
        skip_profile(&mut bits, sub_layers)?;
        let id = bits.ue(MAX_SPS)?;
        let separate_planes = bits.ue(3)? == 3 && bits.flag()?;
        for _ in 0..2 {
            bits.ue(MAX_SIZE).filter(|size| *size >= 8)?;
        }
        if bits.flag()? {
            for _ in 0..4 {
                bits.ue(MAX_SIZE)?;
            }
        }
        bits.ue(8)?;
        bits.ue(8)?;
        let poc_bits = bits.ue(12)? + 4;
        let listed = if bits.flag()? { sub_layers } else { 0 };
        let mut depth = 0;
        for _ in 0..=listed {
            bits.ue(15)?;
            depth = bits.ue(15)?;
            bits.ue(u32::MAX - 1)?;
        }
        Some(Self { id, separate_planes, poc_bits, depth })
    }
}

/// `profile_tier_level()`; `sub_layers` besides the highest one.
fn skip_profile(bits: &mut Bits<'_>, sub_layers: u32) -> Option<()> {
    // Profile spaces other than 0 are not in use.
    bits.bits(2).filter(|space| *space == 0)?;
    bits.skip(94)?;
    let mut sizes = 0;
    for _ in 0..sub_layers {
        sizes += if bits.flag()? { 88 } else { 0 };
        sizes += if bits.flag()? { 8 } else { 0 };
    }
    if sub_layers > 0 {
        bits.skip(2 * (8 - sub_layers))?;
    }
    bits.skip(sizes)
}

/// A picture parameter set.
#[derive(Clone, Copy, Debug)]
struct Pps {
    id: u32,
    sps: u32,
    output_flag_present: bool,
    extra_bits: u32,
}

impl Pps {
    fn parse(unit: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(unit.get(2..)?);
        let (id, sps) = (bits.ue(MAX_PPS)?, bits.ue(MAX_SPS)?);
        bits.skip(1)?;
        Some(Self { id, sps, output_flag_present: bits.flag()?, extra_bits: bits.bits(3)? })
    }
}

/// The parameter sets of a stream.
#[derive(Debug, Default)]
pub(super) struct Sets {
    sps: Vec<Sps>,
    pps: Vec<Pps>,
}

/// What the header of a slice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// It is the first one of its picture.
    pub(super) is_first: bool,
    pub(super) sps: Sps,
    /// `slice_pic_order_cnt_lsb`
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
                if let Some(pps) = Pps::parse(unit) {
                    self.pps.retain(|known| known.id != pps.id);
                    self.pps.push(pps);
                }
            }
            _ => {}
        }
    }

    /// None if it refers to a set that is not known, or makes no sense.
    pub(super) fn slice(&self, unit: &[u8]) -> Option<Slice> {
        let mut bits = Bits::new(unit.get(2..)?);
        let is_first = bits.flag()?;
        if is_irap(unit) {
            bits.skip(1)?;
        }
        let id = bits.ue(MAX_PPS)?;
        let pps = self.pps.iter().find(|known| known.id == id)?;
        let sps = *self.sps.iter().find(|known| known.id == pps.sps)?;
        let mut lsb = || {
            bits.skip(pps.extra_bits)?;
            bits.ue(2)?;
            bits.skip(u32::from(pps.output_flag_present) + if sps.separate_planes { 2 } else { 0 })?;
            if matches!(unit_type(unit), Some(19 | 20)) { Some(0) } else { bits.bits(sps.poc_bits) }
        };
        Some(Slice { is_first, sps, lsb: if is_first { lsb() } else { None } })
    }
}

/// Counts the order in which pictures are shown (clause 8.3.1).
#[derive(Debug, Default)]
pub(super) struct Count {
    msb: i64,
    lsb: i64,
}

impl Count {
    /// The place of this picture.
    pub(super) fn next(&mut self, unit: &[u8], slice: &Slice) -> Option<i64> {
        let lsb = i64::from(slice.lsb?);
        let msb = match is_idr(unit) {
            true => 0,
            false => super::order::msb(self.msb, self.lsb, lsb, 1 << slice.sps.poc_bits),
        };
        // Pictures of higher temporal layers, leading pictures and those that no other refers to are not counted from.
        let is_base = unit.get(1).is_some_and(|second| second & 7 == 1);
        if is_base && !matches!(unit_type(unit), Some(0 | 2 | 4 | 6..=10 | 12 | 14)) {
            *self = Self { msb, lsb };
        }
        Some(msb + lsb)
    }
}
