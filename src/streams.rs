#![expect(missing_docs, reason = "glib::flags drops the comments")]

use gst::glib;

/// The streams that `tutksrc` may ask a camera for.
#[glib::flags(name = "GstTutkStreams")]
pub enum Streams {
    /// The camera's video.
    #[flags_value(name = "The camera's video", nick = "video")]
    VIDEO = 0b01,
    /// The camera's audio.
    #[flags_value(name = "The camera's audio", nick = "audio")]
    AUDIO = 0b10,
}

impl Default for Streams {
    fn default() -> Self {
        Self::all()
    }
}
