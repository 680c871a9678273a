//! Reads WAV files.

use std::io::{ErrorKind, Read};

/// How samples are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Samples {
    U8,
    S16,
    S24,
    S32,
    F32,
    Alaw,
    Mulaw,
}

/// A file whose samples are next.
#[derive(Debug)]
pub(super) struct Wav<R> {
    reader: R,
    samples: Samples,
    channels: usize,
    /// In Hz.
    pub(super) rate: u32,
    /// Bytes that are left of the samples.
    left: u64,
}

/// Why a file is not read.
pub(super) type Reason = String;

impl<R: Read> Wav<R> {
    /// Reads up to the samples.
    pub(super) fn open(mut reader: R) -> Result<Self, Reason> {
        let mut head = [0; 12];
        read(&mut reader, &mut head)?;
        let [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E'] = head else {
            return Err("it is not a WAV file".into());
        };
        let mut format = None;
        loop {
            let mut head = [0; 8];
            read(&mut reader, &mut head)?;
            let [a, b, c, d, len @ ..] = head;
            let len = u32::from_le_bytes(len);
            match &[a, b, c, d] {
                b"fmt " => format = Some(read_format(&mut reader, len)?),
                b"data" => {
                    let (samples, channels, rate) = format.ok_or("its samples come before their format")?;
                    // Programs that write to a pipe do not know how much it will be.
                    let left = if len == 0 || len == u32::MAX { u64::MAX } else { len.into() };
                    return Ok(Self { reader, samples, channels, rate, left });
                }
                _ => skip(&mut reader, u64::from(len) + u64::from(len % 2))?,
            }
        }
    }

    /// The next samples of one channel, the mean of all, up to so many; none at the end.
    pub(super) fn next(&mut self, count: usize) -> Result<Vec<i16>, Reason> {
        let size = self.samples.size();
        let frame = size * self.channels;
        let wanted = u64::try_from(count * frame).unwrap_or(u64::MAX).min(self.left);
        let mut bytes = Vec::new();
        let fail = |error: std::io::Error| format!("it cannot be read: {error}");
        self.reader.by_ref().take(wanted).read_to_end(&mut bytes).map_err(fail)?;
        self.left = if u64::try_from(bytes.len()).is_ok_and(|len| len < wanted) { 0 } else { self.left - wanted };
        let mean = |frame: &[u8]| {
            let sum: i32 = frame.chunks_exact(size).map(|sample| i32::from(self.samples.read(sample))).sum();
            i16::try_from(sum / i32::try_from(self.channels).unwrap_or(1)).unwrap_or_default()
        };
        Ok(bytes.chunks_exact(frame).map(mean).collect())
    }
}

fn read(reader: &mut impl Read, bytes: &mut [u8]) -> Result<(), Reason> {
    reader.read_exact(bytes).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => "it ends before its samples begin".into(),
        _ => format!("it cannot be read: {error}"),
    })
}

fn skip(reader: &mut impl Read, len: u64) -> Result<(), Reason> {
    let skipped = std::io::copy(&mut reader.take(len), &mut std::io::sink());
    skipped.map(drop).map_err(|error| format!("it cannot be read: {error}"))
}

fn read_format(reader: &mut impl Read, len: u32) -> Result<(Samples, usize, u32), Reason> {
    let mut bytes = [0; 40];
    let known = bytes.len().min(usize::try_from(len).unwrap_or(usize::MAX));
    read(reader, bytes.get_mut(..known).unwrap_or_default())?;
    skip(reader, u64::from(len + len % 2) - known as u64)?;
    let [tag0, tag1, channels0, channels1, r0, r1, r2, r3, _, _, _, _, _, _, bits, _, rest @ ..] = bytes;
    // Extensible: the format is the begin of a GUID.
    let tag = match (u16::from_le_bytes([tag0, tag1]), rest) {
        (0xFFFE, [_, _, _, _, _, _, _, _, tag0, tag1, ..]) => u16::from_le_bytes([tag0, tag1]),
        (tag, _) => tag,
    };
    let samples = match (tag, bits) {
        (1, 8) => Samples::U8,
        (1, 16) => Samples::S16,
        (1, 24) => Samples::S24,
        (1, 32) => Samples::S32,
        (3, 32) => Samples::F32,
        (6, _) => Samples::Alaw,
        (7, _) => Samples::Mulaw,
        _ => return Err(format!("its format {tag} with {bits} bits is not read here: convert it to PCM")),
    };
    let (channels, rate) = (u16::from_le_bytes([channels0, channels1]), u32::from_le_bytes([r0, r1, r2, r3]));
    if !(1..=32).contains(&channels) || !(1_000..=400_000).contains(&rate) {
        return Err(format!("it has {channels} channels and {rate} samples a second"));
    }
    Ok((samples, channels.into(), rate))
}

impl Samples {
    fn size(self) -> usize {
        match self {
            Self::U8 | Self::Alaw | Self::Mulaw => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
        }
    }

    fn read(self, bytes: &[u8]) -> i16 {
        match (self, bytes) {
            (Self::U8, [byte]) => (i16::from(*byte) - 128) << 8,
            (Self::Alaw, [byte]) => alaw(*byte),
            (Self::Mulaw, [byte]) => mulaw(*byte),
            (Self::S16, [a, b]) | (Self::S24, [_, a, b]) | (Self::S32, [_, _, a, b]) => i16::from_le_bytes([*a, *b]),
            // Out of range is cut off.
            (Self::F32, [a, b, c, d]) => (f32::from_le_bytes([*a, *b, *c, *d]) * 32_767.0) as i16,
            _ => 0,
        }
    }
}

/// ITU-T G.711.
fn mulaw(byte: u8) -> i16 {
    let byte = !byte;
    let (exponent, mantissa) = (byte >> 4 & 7, i16::from(byte & 15));
    let magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84;
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}

/// ITU-T G.711.
fn alaw(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = (byte >> 4 & 7, i16::from(byte & 15));
    let magnitude = match exponent {
        0 => (mantissa << 4) + 8,
        exponent => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    if byte & 0x80 == 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::encode;
    use super::*;

    /// A file with these samples, as they are written there.
    pub(in super::super) fn file(tag: u16, bits: u16, channels: u16, rate: u32, data: &[u8]) -> Vec<u8> {
        let frame = channels * bits / 8;
        let mut bytes = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        bytes.extend(tag.to_le_bytes());
        bytes.extend(channels.to_le_bytes());
        bytes.extend(rate.to_le_bytes());
        bytes.extend((rate * u32::from(frame)).to_le_bytes());
        bytes.extend(frame.to_le_bytes());
        bytes.extend(bits.to_le_bytes());
        bytes.extend(b"data");
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
        // Something behind the samples is none.
        bytes.extend(b"LIST\x04\0\0\0abcd");
        bytes
    }

    fn samples(bytes: &[u8]) -> Vec<i16> {
        let mut wav = Wav::open(bytes).unwrap();
        let mut all = Vec::new();
        loop {
            let next = wav.next(3).unwrap();
            if next.is_empty() {
                return all;
            }
            all.extend(next);
        }
    }

    #[test]
    fn all_formats_read_as_the_same() {
        let wanted = [0, 256, -256, 32_512];
        let of = |bytes: fn(i16) -> Vec<u8>| wanted.iter().flat_map(|sample| bytes(*sample)).collect::<Vec<_>>();
        for (tag, bits, data) in [
            (1, 8, of(|sample| vec![((sample >> 8) + 128) as u8])),
            (1, 16, of(|sample| sample.to_le_bytes().to_vec())),
            (1, 24, of(|sample| [&[9][..], &sample.to_le_bytes()].concat())),
            (1, 32, of(|sample| [&[9, 9][..], &sample.to_le_bytes()].concat())),
        ] {
            assert_eq!(samples(&file(tag, bits, 1, 8_000, &data)), wanted, "{bits}");
        }
        let floats = [0.0f32, 1.0, -1.0, 7.0].map(f32::to_le_bytes).concat();
        assert_eq!(samples(&file(3, 32, 1, 8_000, &floats)), [0, 32_767, -32_767, 32_767]);
    }

    #[test]
    fn channels_become_one_and_pipes_have_no_length() {
        let stereo: Vec<u8> = [100i16, 300, -7, -9].iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let mut bytes = file(1, 16, 2, 44_100, &stereo);
        assert_eq!(samples(&bytes), [200, -8]);
        assert_eq!(Wav::open(&bytes[..]).unwrap().rate, 44_100);
        let at = bytes.windows(4).position(|window| window == b"data").unwrap() + 4;
        bytes[at..at + 4].fill(0xFF);
        bytes.truncate(at + 4 + stereo.len());
        assert_eq!(samples(&bytes), [200, -8]);
    }

    #[test]
    fn laws_are_the_inverse_of_the_encoders() {
        for byte in 0..=u8::MAX {
            // Zero has two forms.
            assert!(encode::mulaw(mulaw(byte)) == byte || byte == 0x7F, "{byte}");
            assert_eq!(encode::alaw(alaw(byte)), byte);
        }
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let good = file(1, 16, 1, 8_000, &[0; 8]);
        for bytes in [
            &b"OggS"[..],
            &good[..40],
            &file(2, 4, 1, 8_000, &[]),
            &file(1, 16, 0, 8_000, &[]),
            &file(1, 16, 1, 7, &[]),
            b"RIFF\0\0\0\0WAVEdata\0\0\0\0",
        ] {
            assert!(Wav::open(bytes).is_err());
        }
    }
}
