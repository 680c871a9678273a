//! Makes of samples what a camera takes.

use std::time::Duration;

use tutk::{AudioFormat, Codec};

/// Bytes of a block that fit into any datagram.
const MAX_BLOCK: usize = 1280;
/// How long a block plays, if it fits.
const BLOCK: u32 = 40;

/// What is to be sent at once.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) data: Vec<u8>,
    pub(super) duration: Duration,
}

/// Encodes, and changes the sample rate.
#[derive(Debug)]
pub(super) struct Encoder {
    format: AudioFormat,
    /// The last sample that came, and how far the next one to be made is behind it, in parts of the output's rate.
    last: i16,
    phase: u64,
    samples: Vec<i16>,
}

impl Encoder {
    /// None if it cannot be encoded here.
    pub(super) fn new(format: AudioFormat) -> Option<Self> {
        let is_known = matches!(format.codec, Codec::Pcm | Codec::Mulaw | Codec::Alaw);
        is_known.then_some(Self { format, last: 0, phase: 0, samples: Vec::new() })
    }

    /// Takes samples of this rate.
    pub(super) fn push(&mut self, rate: u32, samples: &[i16]) {
        let (step, unit) = (u64::from(rate), u64::from(self.format.rate));
        for sample in samples {
            while self.phase < unit {
                // Between the two, in proportion.
                let (a, b) = (i64::from(self.last), i64::from(*sample));
                let made = a + (b - a) * self.phase as i64 / unit as i64;
                self.samples.push(made as i16);
                self.phase += step;
            }
            self.phase -= unit;
            self.last = *sample;
        }
    }

    /// The next block that is complete; at the `end` the rest, too.
    pub(super) fn next(&mut self, end: bool) -> Option<Block> {
        let frame = self.size_of_sample() * usize::from(self.format.channels);
        let of_time = self.format.rate * BLOCK / 1_000;
        let count = usize::try_from(of_time).unwrap_or(usize::MAX).min(MAX_BLOCK / frame).max(1);
        if self.samples.is_empty() || (self.samples.len() < count && !end) {
            return None;
        }
        let count = count.min(self.samples.len());
        let samples: Vec<_> = self.samples.drain(..count).collect();
        let channels = usize::from(self.format.channels);
        let all = samples.iter().flat_map(|sample| std::iter::repeat_n(*sample, channels));
        let data = match self.format.codec {
            Codec::Mulaw => all.map(mulaw).collect(),
            Codec::Alaw => all.map(alaw).collect(),
            _ if self.format.bits == 8 => all.map(|sample| ((sample >> 8) + 128) as u8).collect(),
            _ => all.flat_map(i16::to_le_bytes).collect(),
        };
        let duration = Duration::from_secs(1) * u32::try_from(count).unwrap_or_default() / self.format.rate;
        Some(Block { data, duration })
    }

    fn size_of_sample(&self) -> usize {
        if self.format.codec == Codec::Pcm && self.format.bits == 16 { 2 } else { 1 }
    }
}

/// ITU-T G.711.
pub(super) fn mulaw(sample: i16) -> u8 {
    const BIAS: u16 = 0x84;
    const MAX: u16 = 32_635;
    let magnitude = sample.unsigned_abs().min(MAX) + BIAS;
    let exponent = (magnitude >> 7).ilog2() as u8;
    let mantissa = (magnitude >> (exponent + 3)) as u8 & 15;
    !(if sample < 0 { 0x80 } else { 0 } | exponent << 4 | mantissa)
}

/// ITU-T G.711.
pub(super) fn alaw(sample: i16) -> u8 {
    // Of 13 bits; a negative value counts from -1.
    let sample = sample >> 3;
    let magnitude = if sample < 0 { !sample } else { sample } as u16;
    let exponent = (magnitude >> 4).checked_ilog2().unwrap_or_default() as u8;
    let mantissa = (magnitude >> exponent.max(1)) as u8 & 15;
    (if sample < 0 { 0 } else { 0x80 } | exponent << 4 | mantissa) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(encoder: &mut Encoder) -> Vec<Block> {
        std::iter::from_fn(|| encoder.next(false).or_else(|| encoder.next(true))).collect()
    }

    #[test]
    fn blocks_are_of_40_ms_where_they_fit() {
        for (codec, rate, channels, lens, duration) in [
            (Codec::Mulaw, 8_000, 1, [320, 320], 40_000),
            (Codec::Pcm, 16_000, 1, [1280, 1280], 40_000),
            (Codec::Pcm, 16_000, 2, [1280, 1280], 20_000),
            (Codec::Alaw, 48_000, 1, [1280, 1280], 26_666),
        ] {
            let format = AudioFormat::new(codec, rate).with_channels(channels);
            let mut encoder = Encoder::new(format).unwrap();
            encoder.push(rate, &[1; 4_000]);
            let blocks = all(&mut encoder);
            assert_eq!([blocks[0].data.len(), blocks[1].data.len()], lens);
            assert_eq!(blocks[0].duration.as_micros(), duration);
            let played: Duration = blocks.iter().map(|block| block.duration).sum();
            assert!(played.abs_diff(Duration::from_secs(4_000) / rate) < Duration::from_micros(10));
        }
        assert!(Encoder::new(AudioFormat::new(Codec::AacRaw, 8_000)).is_none());
    }

    #[test]
    fn other_rates_keep_the_tone() {
        for (from, to) in [(44_100, 8_000), (8_000, 48_000), (16_000, 16_000)] {
            let wave =
                |n: usize, rate: u32| (f64::from(n as u32) * 440.0 * std::f64::consts::TAU / f64::from(rate)).sin();
            let samples: Vec<_> = (0..from as usize).map(|n| (wave(n, from) * 10_000.0) as i16).collect();
            let mut encoder = Encoder::new(AudioFormat::new(Codec::Pcm, to)).unwrap();
            for piece in samples.chunks(777) {
                encoder.push(from, piece);
            }
            let made: Vec<u8> = all(&mut encoder).into_iter().flat_map(|block| block.data).collect();
            let made: Vec<_> =
                made.as_chunks::<2>().0.iter().map(|word| f64::from(i16::from_le_bytes(*word))).collect();
            assert!(made.len().abs_diff(to as usize) < 3, "{}", made.len());
            let rises = made.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
            assert!(rises.abs_diff(440) < 3, "{from} {to}: {rises}");
        }
    }

    #[test]
    fn laws_of_known_samples() {
        let known = [
            (0, 0xFF, 0xD5),
            (-1, 0x7F, 0x55),
            (1_000, 0xCE, 0xFA),
            (-1_000, 0x4E, 0x7A),
            (32_767, 0x80, 0xAA),
            (-32_768, 0, 0x2A),
        ];
        for (sample, of_mulaw, of_alaw) in known {
            assert_eq!((mulaw(sample), alaw(sample)), (of_mulaw, of_alaw), "{sample}");
        }
    }
}
