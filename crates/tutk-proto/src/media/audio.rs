use crate::Codec;

/// How a block of audio is encoded.
///
/// The flags of its frame info say so: sample rate index << 2 | 16 bit << 1 | stereo. Source: observation of the vendor's
/// libraries 1.13 to 4.2, and the names of the flags in the vendor's public headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct AudioFormat {
    /// The codec.
    pub codec: Codec,
    /// Samples a second, in Hz: one of [`RATES`](Self::RATES).
    pub rate: u32,
    /// Bits of a sample, 8 or 16. Of codecs that compress, those of a sample before that.
    pub bits: u8,
    /// Channels: 1 or 2.
    pub channels: u8,
}

impl AudioFormat {
    /// The sample rates that a frame info can say, in Hz, by their index.
    pub const RATES: [u32; 9] = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

    /// Mono of 16 bits.
    pub fn new(codec: Codec, rate: u32) -> Self {
        Self { codec, rate, bits: 16, channels: 1 }
    }

    /// Sets [`bits`](Self::bits).
    #[must_use]
    pub fn with_bits(self, bits: u8) -> Self {
        Self { bits, ..self }
    }

    /// Sets [`channels`](Self::channels).
    #[must_use]
    pub fn with_channels(self, channels: u8) -> Self {
        Self { channels, ..self }
    }

    /// Reads the flags of a frame info. `None` if the codec is not one of audio, or the index of the sample rate is not
    /// known.
    pub fn from_flags(codec: Codec, flags: u8) -> Option<Self> {
        let rate = *Self::RATES.get(usize::from(flags >> 2)).filter(|_| codec.is_audio())?;
        let (bits, channels) = (if flags & 2 == 0 { 8 } else { 16 }, 1 + (flags & 1));
        Some(Self { codec, rate, bits, channels })
    }

    /// The flags of a frame info that say this. `None` if it cannot say this rate, these bits or so many channels.
    pub fn flags(&self) -> Option<u8> {
        let index = Self::RATES.iter().position(|rate| *rate == self.rate)?;
        let bits = match self.bits {
            8 => 0,
            16 => 2,
            _ => return None,
        };
        let stereo = self.channels.checked_sub(1).filter(|stereo| *stereo <= 1)?;
        Some(u8::try_from(index).ok()? << 2 | bits | stereo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_round_trip() {
        for flags in 0..=u8::MAX {
            match AudioFormat::from_flags(Codec::Pcm, flags) {
                Some(format) => assert_eq!(format.flags(), Some(flags)),
                None => assert!(flags >> 2 >= 9),
            }
        }
        assert_eq!(AudioFormat::from_flags(Codec::H264, 0), None);
        assert_eq!(AudioFormat::from_flags(Codec::Unknown(7), 0), None);
    }

    #[test]
    fn the_usual_format_reads_as_it_is() {
        // 8 kHz, 16 bit, mono.
        assert_eq!(AudioFormat::from_flags(Codec::Mulaw, 2), Some(AudioFormat::new(Codec::Mulaw, 8_000)));
        let stereo = AudioFormat::new(Codec::AacAdts, 44_100).with_channels(2);
        assert_eq!(AudioFormat::from_flags(Codec::AacAdts, 7 << 2 | 3), Some(stereo));
    }

    #[test]
    fn what_a_frame_info_cannot_say_has_no_flags() {
        let format = AudioFormat::new(Codec::Pcm, 8_000);
        assert_eq!(AudioFormat { rate: 8_001, ..format }.flags(), None);
        assert_eq!(format.with_bits(24).flags(), None);
        assert_eq!(format.with_channels(0).flags(), None);
        assert_eq!(format.with_channels(3).flags(), None);
    }
}
