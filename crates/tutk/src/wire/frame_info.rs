use super::Error;
use super::reader::Reader;
use crate::Codec;

/// What a camera says of a frame, behind the media of video and before that of audio.
///
/// Newer cameras send more than these 16 bytes (24, 40, 48); the first 16 mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    /// The codec.
    pub codec: Codec,
    /// Video: 1 key frame, 0 other. Audio: sample rate index << 2 | 16-bit << 1 | stereo.
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

    /// Reads the first 16 bytes of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let codec = Codec::from_id(reader.u16()?);
        let flags = reader.u8()?;
        let camera = reader.u8()?;
        let viewers = reader.u8()?;
        reader.bytes(7)?;
        Ok(Self { codec, flags, camera, viewers, timestamp: reader.u32()? })
    }

    /// The 16 bytes that say this.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let [codec0, codec1] = self.codec.id().to_le_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_le_bytes();
        [codec0, codec1, self.flags, self.camera, self.viewers, 0, 0, 0, 0, 0, 0, 0, t0, t1, t2, t3]
    }
}
