use tutk::wire::FrameInfo;
use tutk::{AudioFormat, Codec, Frame};

use crate::audio::{self, Encoding};

/// The audio that a camera sends, which is what it takes as well, as a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) codec: Codec,
    pub(crate) flags: u8,
    /// The same for elements.
    pub(crate) caps: gst::Caps,
}

impl Heard {
    /// None if it is no audio that is known.
    pub(crate) fn of(frame: &Frame) -> Option<Self> {
        let caps = Encoding::of(frame, None)?.speech_caps();
        Some(Self { codec: frame.codec, flags: frame.flags, caps })
    }
}

/// How speech is encoded that elements give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Speech {
    caps: gst::Caps,
    format: AudioFormat,
}

impl Speech {
    /// None if the protocol cannot say it.
    pub(crate) fn from_caps(caps: &gst::Caps) -> Option<Self> {
        Some(Self { caps: caps.clone(), format: audio::from_caps(caps)? })
    }

    /// Whether it is what a camera sends.
    pub(crate) fn is_as(&self, heard: &Heard) -> bool {
        self.caps.can_intersect(&heard.caps)
    }

    /// Cuts a buffer into blocks, each with its frame info. Where the camera sends the same, frame infos say it as the camera does:
    /// firmware has names of its own for some codecs.
    pub(crate) fn blocks<'a>(
        &self,
        heard: Option<&Heard>,
        pts: Option<gst::ClockTime>,
        data: &'a [u8],
    ) -> impl Iterator<Item = ([u8; FrameInfo::LEN], &'a [u8])> {
        let of_camera = heard.filter(|heard| self.is_as(heard)).map(|heard| (heard.codec, heard.flags));
        let (codec, flags) = of_camera.unwrap_or((self.format.codec, self.format.flags().unwrap_or_default()));
        // The protocol's clock has 32 bits and wraps.
        let time = pts.unwrap_or_else(gst::get_timestamp).mseconds() as u32;
        audio::blocks(self.format, data).map(move |(after, block)| {
            let timestamp = time.wrapping_add(after);
            (FrameInfo { codec, flags, camera: 0, viewers: 0, timestamp }.encode(), block)
        })
    }
}
