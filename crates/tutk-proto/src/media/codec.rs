use std::fmt;

/// What a frame is encoded with: the codec id of its frame info.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// MPEG-4 part 2 video, 0x4C.
    Mpeg4,
    /// H.263 video, 0x4D.
    H263,
    /// H.264 video, 0x4E.
    H264,
    /// Motion JPEG, 0x4F.
    Mjpeg,
    /// H.265 video, 0x50.
    H265,
    /// AAC without headers, 0x86.
    AacRaw,
    /// AAC in ADTS, 0x87.
    AacAdts,
    /// AAC in LATM in some firmware and ADTS in others, 0x88.
    AacLatm,
    /// G.711 µ-law, 0x89.
    Mulaw,
    /// G.711 A-law, 0x8A.
    Alaw,
    /// ADPCM, 0x8B.
    Adpcm,
    /// PCM, 0x8C.
    Pcm,
    /// Speex, 0x8D.
    Speex,
    /// MP3, 0x8E.
    Mp3,
    /// G.726, 0x8F.
    G726,
    /// Opus, 0x92. Source: public programs that play Wyze's cameras.
    Opus,
    /// Any other codec id.
    Unknown(u16),
}

const IDS: [(u16, Codec, &str); 16] = [
    (0x4C, Codec::Mpeg4, "MPEG-4 part 2"),
    (0x4D, Codec::H263, "H.263"),
    (0x4E, Codec::H264, "H.264"),
    (0x4F, Codec::Mjpeg, "MJPEG"),
    (0x50, Codec::H265, "H.265"),
    (0x86, Codec::AacRaw, "AAC"),
    (0x87, Codec::AacAdts, "AAC (ADTS)"),
    (0x88, Codec::AacLatm, "AAC (LATM)"),
    (0x89, Codec::Mulaw, "G.711 µ-law"),
    (0x8A, Codec::Alaw, "G.711 A-law"),
    (0x8B, Codec::Adpcm, "ADPCM"),
    (0x8C, Codec::Pcm, "PCM"),
    (0x8D, Codec::Speex, "Speex"),
    (0x8E, Codec::Mp3, "MP3"),
    (0x8F, Codec::G726, "G.726"),
    (0x92, Codec::Opus, "Opus"),
];

impl Codec {
    /// The codec with this id.
    pub fn from_id(id: u16) -> Self {
        IDS.iter().find(|known| known.0 == id).map_or(Self::Unknown(id), |known| known.1)
    }

    /// The codec's id.
    pub fn id(self) -> u16 {
        match self {
            Self::Unknown(id) => id,
            _ => IDS.iter().find(|known| known.1 == self).map_or(0, |known| known.0),
        }
    }

    /// Whether it is a codec of video that is known.
    pub fn is_video(self) -> bool {
        matches!(self, Self::Mpeg4 | Self::H263 | Self::H264 | Self::Mjpeg | Self::H265)
    }

    /// Whether it is a codec of audio that is known.
    pub fn is_audio(self) -> bool {
        !self.is_video() && !matches!(self, Self::Unknown(_))
    }

    /// Whether each frame can be decoded without any other.
    pub fn is_intra_only(self) -> bool {
        self == Self::Mjpeg
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(id) => write!(f, "codec 0x{id:02X}"),
            _ => f.write_str(IDS.iter().find(|known| known.1 == *self).map_or("", |known| known.2)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip() {
        for id in 0..=u16::MAX {
            assert_eq!(Codec::from_id(id).id(), id);
        }
        assert_eq!(Codec::from_id(0x50), Codec::H265);
    }
}
