use std::fmt;
use std::time::Instant;

use crate::wire::{CameraTime, FrameInfo};
use crate::{AudioFormat, Codec, video};

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
#[non_exhaustive]
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
    /// The flags of the frame info; [`audio_format`](Self::audio_format) reads those of audio.
    pub flags: u8,
    /// When the last datagram of it was read.
    pub received: Instant,
}

impl Frame {
    /// A frame that is no key frame, has number 0, and says nothing in its frame info.
    pub fn new(codec: Codec, data: Vec<u8>, received: Instant) -> Self {
        Self { data, info: Vec::new(), codec, key: false, number: 0, timestamp: 0, flags: 0, received }
    }

    /// A frame as it was received, with what its frame info says. `is_flagged`: something besides the frame info says that it is a key
    /// frame, which counts where the bytes do not tell.
    pub fn parse(media: Media, number: u32, data: Vec<u8>, info: Vec<u8>, is_flagged: bool, received: Instant) -> Self {
        let FrameInfo { codec, flags, timestamp, .. } = FrameInfo::decode(&info);
        let key = media == Media::Audio || video::is_key(codec, &data, is_flagged || flags & 1 != 0);
        Self { data, info, codec, key, number, timestamp, flags, received }
    }

    /// Sets [`info`](Self::info), and nothing that is read from it.
    #[must_use]
    pub fn with_info(self, info: Vec<u8>) -> Self {
        Self { info, ..self }
    }

    /// Sets [`key`](Self::key).
    #[must_use]
    pub fn with_key(self, key: bool) -> Self {
        Self { key, ..self }
    }

    /// Sets [`number`](Self::number).
    #[must_use]
    pub fn with_number(self, number: u32) -> Self {
        Self { number, ..self }
    }

    /// Sets [`timestamp`](Self::timestamp).
    #[must_use]
    pub fn with_timestamp(self, timestamp: u32) -> Self {
        Self { timestamp, ..self }
    }

    /// Sets [`flags`](Self::flags).
    #[must_use]
    pub fn with_flags(self, flags: u8) -> Self {
        Self { flags, ..self }
    }

    /// How a block of audio is encoded. `None` for video, and where the frame info has a sample rate that is not known.
    #[must_use]
    pub fn audio_format(&self) -> Option<AudioFormat> {
        AudioFormat::from_flags(self.codec, self.flags)
    }

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
#[non_exhaustive]
pub struct Lost {
    /// Of video or of audio.
    pub media: Media,
    /// The number of the first one.
    pub first: u32,
    /// How many, at least 1.
    pub count: u32,
}

impl Lost {
    /// `count` frames from `first` on.
    pub fn new(media: Media, first: u32, count: u32) -> Self {
        Self { media, first, count }
    }
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
