use std::fmt;
use std::time::Instant;

use crate::Codec;
use crate::wire::CameraTime;

/// Video or audio: each counts its frames from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Media {
    /// Video.
    Video,
    /// Audio.
    Audio,
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Video => "video",
            Self::Audio => "audio",
        })
    }
}

/// A complete frame, as the camera sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// The media itself: an access unit of video (up to 16 MiB) or a block of audio.
    pub data: Vec<u8>,
    /// The frame info as the camera sent it, 16 bytes or more, in some firmware fewer; the fields below are read from it,
    /// and are 0 where it is too short.
    pub info: Vec<u8>,
    /// What it is encoded with.
    pub codec: Codec,
    /// Video: whether a decoder can start here, as the bytes tell it, and as the camera says it where they do not
    /// (see [`VideoParser`](crate::video::VideoParser), which knows more of the stream). Audio: always true.
    pub key: bool,
    /// Counts up by one with each frame that the camera sends, from 0.
    pub number: u32,
    /// The camera's clock in milliseconds; wraps, and need not be right.
    pub timestamp: u32,
    /// The flags of the frame info. Audio: sample rate index << 2 | 16-bit << 1 | stereo.
    pub flags: u8,
    /// When the last datagram of it was read.
    pub received: Instant,
}

impl Frame {
    /// The camera's clock at this frame, which need not be right: longer frame infos tell more than
    /// [`Frame::timestamp`].
    #[must_use]
    pub fn camera_time(&self) -> CameraTime {
        CameraTime::decode(&self.info).unwrap_or(CameraTime::Milliseconds(self.timestamp))
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("number", &self.number)
            .field("bytes", &self.data.len())
            .field("codec", &self.codec)
            .field("key", &self.key)
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

/// Frames that the camera sent and that will not come: the network lost them for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Of video or of audio.
    pub media: Media,
    /// The number of the first one.
    pub first: u32,
    /// How many, at least 1.
    pub count: u32,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.first.wrapping_add(self.count).wrapping_sub(1);
        match self.count {
            1 => write!(f, "{} frame {} lost", self.media, self.first),
            _ => write!(f, "{} frames {} to {} lost", self.media, self.first, last),
        }
    }
}
