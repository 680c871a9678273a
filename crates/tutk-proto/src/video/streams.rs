//! Small streams for tests, written bit by bit.

use std::time::Instant;

use crate::{Codec, Frame};

/// Writes what [`Bits`](super::bits::Bits) reads.
#[derive(Default)]
struct Writer(Vec<bool>);

impl Writer {
    fn bits(mut self, count: u32, value: u32) -> Self {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    fn ue(self, value: u32) -> Self {
        let len = 32 - (value + 1).leading_zeros();
        self.bits(len - 1, 0).bits(len, value + 1)
    }

    fn ues(self, values: &[u32]) -> Self {
        values.iter().fold(self, |writer, value| writer.ue(*value))
    }

    /// The unit behind its start code, with some bytes of noise as its rest.
    fn unit(self, header: &[u8], noise: usize) -> Vec<u8> {
        let mut unit = vec![0, 0, 0, 1];
        unit.extend(header);
        let bits = self.bits(1, 1).0;
        let mut zeros = 0;
        for bits in bits.chunks(8) {
            let byte = bits.iter().enumerate().fold(0u8, |byte, (at, bit)| byte | u8::from(*bit) << (7 - at));
            if zeros >= 2 && byte <= 3 {
                unit.push(3);
                zeros = 0;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            unit.push(byte);
        }
        unit.extend(std::iter::repeat_n(0xA5, noise));
        unit
    }
}

pub(crate) const P: u32 = 5;
pub(crate) const B: u32 = 6;
pub(crate) const I: u32 = 7;

/// A sequence parameter set of H.264: main profile, 320 × 240. `reordered` is `max_num_reorder_frames`, if it is told.
pub(crate) fn h264_sps(reordered: Option<u32>) -> Vec<u8> {
    // Set 0, frame numbers of 4 bits, counts of 6 bits, 4 reference frames, no gaps.
    let writer = Writer::default().bits(24, 0x4D_40_1F).ues(&[0, 0, 0, 2, 4]).bits(1, 0);
    // 20 × 15 macroblocks, frames, direct_8x8, not cropped.
    let writer = writer.ues(&[19, 14]).bits(3, 0b110);
    let Some(reordered) = reordered else { return writer.bits(1, 0).unit(&[0x67], 0) };
    // Of the VUI 25 frames a second, and the restrictions of the bitstream.
    let vui = writer.bits(1, 1).bits(5, 1).bits(32, 1).bits(32, 50).bits(1, 1).bits(3, 0).bits(2, 0b11);
    vui.ues(&[0, 0, 10, 10, reordered, 4]).unit(&[0x67], 0)
}

pub(crate) fn h264_pps() -> Vec<u8> {
    Writer::default().ues(&[0, 0]).bits(2, 0).unit(&[0x68], 0)
}

/// A slice of H.264 of this type, as the sets above let it be.
pub(crate) fn h264_slice(kind: u32, first_mb: u32, count: u32) -> Vec<u8> {
    Writer::default()
        .ues(&[first_mb, kind, 0])
        .bits(4, 1)
        .bits(6, count)
        .unit(&[if kind == B { 0x01 } else { 0x41 }], 50)
}

pub(crate) fn h264_idr(first_mb: u32) -> Vec<u8> {
    Writer::default().ues(&[first_mb, I, 0]).bits(4, 0).ue(0).bits(6, 0).unit(&[0x65], 500)
}

pub(crate) fn h264_delimiter() -> Vec<u8> {
    vec![0, 0, 0, 1, 9, 0xF0]
}

/// An SEI message of H.264 of this type.
pub(crate) fn h264_sei(kind: u8) -> Vec<u8> {
    vec![0, 0, 0, 1, 6, 5, 2, 7, 7, kind, 1, 0xC4, 0x80]
}

pub(crate) fn h265_vps() -> Vec<u8> {
    vec![0, 0, 0, 1, 0x40, 0x01, 0x0C, 0x01, 0xFF, 0xFF]
}

/// A sequence parameter set of H.265: main profile, 320 × 240.
pub(crate) fn h265_sps(reordered: u32) -> Vec<u8> {
    let writer = Writer::default().bits(8, 1).bits(8, 1).bits(32, 0x6000_0000).bits(16, 0x9000).bits(32, 0).bits(8, 93);
    // Set 0, 4:2:0, not cropped, 8 bits, counts of 6 bits, one layer.
    let writer = writer.ues(&[0, 1, 320, 240]).bits(1, 0).ues(&[0, 0, 2]).bits(1, 1).ues(&[4, reordered, 0]);
    writer.ues(&[0, 3, 0, 3, 1, 1]).unit(&[0x42, 0x01], 0)
}

pub(crate) fn h265_pps() -> Vec<u8> {
    Writer::default().ues(&[0, 0]).bits(5, 0).bits(10, 0).unit(&[0x44, 0x01], 0)
}

/// A slice of H.265; `kind` is the type of the unit.
pub(crate) fn h265_slice(kind: u8, first: bool, count: u32) -> Vec<u8> {
    let writer = Writer::default().bits(1, first.into());
    let writer = if matches!(kind, 16..=23) { writer.bits(1, 0) } else { writer };
    let writer = writer.ue(0);
    let writer = if first { writer.ue(1) } else { writer.bits(9, 1) };
    let writer = if matches!(kind, 19 | 20) { writer } else { writer.bits(6, count) };
    writer.unit(&[kind << 1, 0x01], 50)
}

/// Start codes of MPEG-4: a video object layer, and a picture of this coding type.
pub(crate) fn mpeg4_layer() -> Vec<u8> {
    vec![0, 0, 1, 0xB0, 1, 0, 0, 1, 0x00, 0, 0, 1, 0x20, 0x86, 0x84]
}

pub(crate) fn mpeg4_picture(coding_type: u8) -> Vec<u8> {
    vec![0, 0, 1, 0xB6, coding_type << 6 | 0x10, 7, 7, 7]
}

pub(crate) fn frame(codec: Codec, key: bool, data: &[u8]) -> Frame {
    Frame {
        data: data.to_vec(),
        info: Vec::new(),
        codec,
        key,
        number: 0,
        timestamp: 0,
        flags: 0,
        received: Instant::now(),
    }
}
