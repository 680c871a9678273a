//! How long a block plays.

use gst::prelude::*;

use super::{Adts, Encoding, Kind};

impl Encoding {
    /// How long this block plays; none if it cannot be known.
    pub(crate) fn duration(self, data: &[u8]) -> Option<gst::ClockTime> {
        let bytes = data.len() as u64;
        let channels = u64::from(self.channels.max(1));
        let (samples, rate) = match self.kind {
            Kind::Pcm => (bytes / channels / if self.bits == 8 { 1 } else { 2 }, self.rate),
            Kind::Mulaw | Kind::Alaw => (bytes / channels, self.rate),
            // Four bits a sample, and where there is a header, one sample in it.
            Kind::AdpcmIma | Kind::G726 => (2 * bytes / channels, self.rate),
            Kind::AdpcmDvi { .. } => (2 * (bytes / channels).saturating_sub(4) + 1, self.rate),
            Kind::AacRaw => (1024, self.rate),
            Kind::AacAdts => (adts(data), self.rate),
            // One frame in a block, of 20 ms in all modes.
            Kind::Speex => (20, 1_000),
            Kind::Mp3 => mp3(data)?,
            Kind::Opus => (opus(data)?, 48_000),
            Kind::AacLoas => (loas(data), self.rate),
            Kind::AacLatm => return None,
        };
        gst::ClockTime::SECOND.mul_div_floor(samples, rate.into()).filter(|duration| !duration.is_zero())
    }
}

fn adts(mut data: &[u8]) -> u64 {
    let mut samples = 0;
    while let Some(Adts { len, blocks, .. }) = Adts::read(data) {
        samples += 1024 * blocks;
        // A length of 0 is none.
        data = data.get(len.max(7)..).unwrap_or_default();
    }
    samples
}

/// Samples of all frames (ISO/IEC 14496-3, 1.7.2): 11 bits of sync word, 13 bits of length, and a frame of AAC-LC.
fn loas(mut data: &[u8]) -> u64 {
    let mut samples = 0;
    while let [0x56, second, third, ..] = *data {
        if second & 0xE0 != 0xE0 {
            break;
        }
        samples += 1024;
        let len = usize::from(second & 0x1F) << 8 | usize::from(third);
        data = data.get(3 + len..).unwrap_or_default();
    }
    samples
}

/// Samples and rate of all frames (ISO/IEC 11172-3, 2.4.2.3, and 13818-3).
fn mp3(mut data: &[u8]) -> Option<(u64, u32)> {
    const KBITS_1: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const KBITS_2: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let mut all = None;
    while let [0xFF, second, third, ..] = *data {
        // Layer III, of version 1, 2 or 2.5.
        let (kbits, samples, divisor) = match second & 0xFE {
            0xFA => (KBITS_1, 1152, 1),
            0xF2 => (KBITS_2, 576, 2),
            0xE2 => (KBITS_2, 576, 4),
            _ => break,
        };
        let Some(rate) = [44_100, 48_000, 32_000].get(usize::from(third >> 2 & 3)).map(|rate| rate / divisor) else {
            break;
        };
        let (sum, _) = all.unwrap_or_default();
        all = Some((sum + u64::from(samples), rate));
        let Some(kbits) = kbits.get(usize::from(third >> 4)).filter(|kbits| **kbits > 0) else { break };
        let len = samples / 8 * kbits * 1000 / rate + u32::from(third >> 1 & 1);
        data = data.get(len as usize..).unwrap_or_default();
    }
    all
}

/// Samples of a packet, at 48 kHz (RFC 6716, section 3.1).
fn opus(data: &[u8]) -> Option<u64> {
    let (toc, rest) = data.split_first()?;
    let samples = match toc >> 3 {
        mode @ 0..12 => [480, 960, 1920, 2880][usize::from(mode & 3)],
        mode @ 12..16 => [480, 960][usize::from(mode & 1)],
        mode => [120, 240, 480, 960][usize::from(mode & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(rest.first()? & 0x3F),
    };
    Some(samples * frames)
}
