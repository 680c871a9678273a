use tutk::AudioFormat;

use super::{Encoding, template};

/// What caps of a camera's stream have beyond the codec, and speech to it may have otherwise.
const OF_STREAM: [&str; 6] =
    ["bitrate", "block_align", "channel-mapping-family", "codec_data", "framed", "streamheader"];

impl Encoding {
    /// The caps of speech in the codec of these blocks.
    pub(crate) fn speech_caps(self) -> gst::Caps {
        let mut caps = self.caps();
        for fields in caps.make_mut().iter_mut() {
            OF_STREAM.iter().for_each(|field| fields.remove_field(*field));
        }
        caps
    }
}

/// The caps of a pad that takes speech: what [`from_caps`](super::from_caps) reads.
pub(crate) fn speech_template() -> gst::Caps {
    let rates = gst::List::new(AudioFormat::RATES.map(|rate| i32::try_from(rate).unwrap_or_default()));
    let mut caps = template();
    for fields in caps.make_mut().iter_mut() {
        fields.set("rate", rates.clone());
        fields.set("channels", gst::IntRange::new(1, 2));
    }
    caps
}
