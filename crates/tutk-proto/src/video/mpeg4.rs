//! MPEG-4 part 2 (ISO/IEC 14496-2), as much of it as tells pictures apart.

use super::nal::Kind;

pub(super) fn kind(unit: &[u8]) -> Kind {
    match unit.first() {
        Some(0x20..=0x2F) => Kind::Sps,
        // Visual object, its sequence and parts, user data, group of VOPs.
        Some(0x00..=0x1F | 0xB0 | 0xB2 | 0xB3 | 0xB5) => Kind::Prefix,
        Some(0xB1) => Kind::Suffix,
        Some(0xB6) => Kind::Slice,
        _ => Kind::Foreign,
    }
}

/// `vop_coding_type`: 0 I, 1 P, 2 B, 3 S.
fn coding_type(vop: &[u8]) -> Option<u8> {
    vop.get(1).map(|byte| byte >> 6)
}

pub(super) fn is_intra(vop: &[u8]) -> bool {
    coding_type(vop) == Some(0)
}

/// Whether it is shown before a picture that has come already.
pub(super) fn is_bidirectional(vop: &[u8]) -> bool {
    coding_type(vop) == Some(2)
}
