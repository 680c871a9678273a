use super::Error;
use super::reader::Reader;
use crate::Codec;

/// What a camera says of a frame, behind the media of video and before that of audio.
///
/// Newer cameras send more than these 16 bytes (24, 40, 48); the first 16 mean the same. Some send fewer: what is missing
/// reads as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    /// The codec.
    pub codec: Codec,
    /// Video, in the vendor's header: 1 key frame, 0 other, 2 motion, 3 alarm; cameras set it as they like. Audio: sample rate
    /// index << 2 | 16-bit << 1 | stereo.
    pub flags: u8,
    /// Which of the camera's lenses.
    pub camera: u8,
    /// Viewers online.
    pub viewers: u8,
    /// The camera's clock in milliseconds; wraps.
    pub timestamp: u32,
}

impl FrameInfo {
    /// Bytes of frame info in this generation.
    pub const LEN: usize = 16;

    /// Reads the first 16 bytes of `bytes`, or what there is of them.
    pub fn decode(bytes: &[u8]) -> Self {
        let mut field = [0; Self::LEN];
        for (to, from) in field.iter_mut().zip(bytes) {
            *to = *from;
        }
        let [codec0, codec1, flags, camera, viewers, _, _, _, _, _, _, _, t0, t1, t2, t3] = field;
        Self {
            codec: Codec::from_id(u16::from_le_bytes([codec0, codec1])),
            flags,
            camera,
            viewers,
            timestamp: u32::from_le_bytes([t0, t1, t2, t3]),
        }
    }

    /// The 16 bytes that say this.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let [codec0, codec1] = self.codec.id().to_le_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_le_bytes();
        [codec0, codec1, self.flags, self.camera, self.viewers, 0, 0, 0, 0, 0, 0, 0, t0, t1, t2, t3]
    }
}

/// What the camera's clock said when it took a frame: cameras tell it in one of two ways.
///
/// Sources: the vendor's public header of frame infos for the milliseconds; for the seconds the layout that the programs
/// wyzecam (40 and 48 bytes) and go2rtc (40 bytes, counting to 1,000,000) read from Wyze's cameras. The vendor's header
/// also hints at frame infos of 24 bytes that go on with the picture's size and keep the milliseconds, hence no rule by
/// length alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CameraTime {
    /// Milliseconds since an unknown moment; wraps.
    Milliseconds(u32),
    /// Time of day, as longer frame infos tell it.
    Seconds {
        /// Seconds since 1970 in an unknown time zone.
        seconds: u32,
        /// What is past of the second, below 1,000,000. Microseconds, and in milliseconds where it never reaches 1,000.
        fraction: u32,
    },
}

impl CameraTime {
    /// Bytes of the shortest frame info that may tell seconds.
    const WITH_SECONDS: usize = 24;

    /// Reads it from the `bytes` of a frame info.
    ///
    /// Longer frame infos with nothing past of the second cannot be told from those with milliseconds and read as such:
    /// after [`CameraTime::Seconds`] from the same camera, the value are its seconds.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        reader.bytes(8)?;
        let fraction = reader.u32()?;
        let value = reader.u32()?;
        Ok(match fraction {
            1..1_000_000 if bytes.len() >= Self::WITH_SECONDS => Self::Seconds { seconds: value, fraction },
            _ => Self::Milliseconds(value),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(len: usize, fraction: u32, value: u32) -> Vec<u8> {
        let mut bytes = vec![0xff; len];
        bytes[8..12].copy_from_slice(&fraction.to_le_bytes());
        bytes[12..16].copy_from_slice(&value.to_le_bytes());
        bytes
    }

    #[test]
    fn what_is_missing_reads_as_nothing() {
        let whole = FrameInfo { codec: Codec::H264, flags: 1, camera: 2, viewers: 3, timestamp: 0x0102_0304 };
        let bytes = whole.encode();
        assert_eq!(FrameInfo::decode(&bytes), whole);
        assert_eq!(FrameInfo::decode(&bytes[..12]), FrameInfo { timestamp: 0, ..whole });
        assert_eq!(FrameInfo::decode(&bytes[..3]), FrameInfo { camera: 0, viewers: 0, timestamp: 0, ..whole });
        assert_eq!(FrameInfo::decode(&[]).codec, Codec::Unknown(0));
    }

    #[test]
    fn short_frame_infos_tell_milliseconds() {
        assert_eq!(CameraTime::decode(&info(16, 0, 77)), Ok(CameraTime::Milliseconds(77)));
        assert_eq!(CameraTime::decode(&info(16, 500, 77)), Ok(CameraTime::Milliseconds(77)));
        assert_eq!(CameraTime::decode(&[0; 15]), Err(Error::Short));
    }

    #[test]
    fn long_frame_infos_tell_seconds_and_their_fraction() {
        for len in [24, 40, 48] {
            let seconds = CameraTime::Seconds { seconds: 1_700_000_000, fraction: 950_000 };
            assert_eq!(CameraTime::decode(&info(len, 950_000, 1_700_000_000)), Ok(seconds));
        }
    }

    #[test]
    fn long_frame_infos_without_a_fraction_tell_milliseconds() {
        assert_eq!(CameraTime::decode(&info(24, 0, 77)), Ok(CameraTime::Milliseconds(77)));
        assert_eq!(CameraTime::decode(&info(40, 1_000_000, 77)), Ok(CameraTime::Milliseconds(77)));
    }
}
