//! Codecs of the protocol and caps of GStreamer.

use tutk::{Alignment, Codec};

/// What a camera can send as video.
pub(crate) const VIDEO: [Codec; 5] = [Codec::H264, Codec::H265, Codec::Mjpeg, Codec::Mpeg4, Codec::H263];

/// What `tutksink` sends of it.
pub(crate) const SENT: [Codec; 3] = [Codec::H264, Codec::H265, Codec::Mjpeg];

/// The caps of this video codec, as cameras send it; none if it is not a video codec that is known.
pub(crate) fn from_codec(codec: Codec) -> Option<gst::Caps> {
    aligned(codec, Alignment::Au)
}

/// As [`from_codec`], cut into units like this.
pub(crate) fn aligned(codec: Codec, alignment: Alignment) -> Option<gst::Caps> {
    let alignment = match alignment {
        Alignment::Au => "au",
        Alignment::Nal => "nal",
    };
    let units = |name: &str| {
        gst::Caps::builder(name).field("stream-format", "byte-stream").field("alignment", alignment).build()
    };
    Some(match codec {
        Codec::H264 => units("video/x-h264"),
        Codec::H265 => units("video/x-h265"),
        Codec::Mjpeg => gst::Caps::builder("image/jpeg").build(),
        Codec::Mpeg4 => {
            gst::Caps::builder("video/mpeg").field("mpegversion", 4i32).field("systemstream", false).build()
        }
        Codec::H263 => gst::Caps::builder("video/x-h263").build(),
        _ => return None,
    })
}

/// The codec of these caps.
pub(crate) fn to_codec(caps: &gst::CapsRef) -> Option<Codec> {
    VIDEO.into_iter().find(|codec| from_codec(*codec).is_some_and(|known| caps.is_subset(&known)))
}

/// The caps of a pad that takes any of these codecs.
pub(crate) fn template(codecs: &[Codec]) -> gst::Caps {
    codecs.iter().filter_map(|codec| from_codec(*codec)).collect()
}

/// The caps of a pad that gives what cameras send.
pub(crate) fn source_template() -> gst::Caps {
    let alignments = |mut caps: gst::Caps| {
        for structure in caps.make_mut().iter_mut().filter(|structure| structure.has_field("alignment")) {
            structure.set("alignment", gst::List::new(["au", "nal"]));
        }
        caps
    };
    VIDEO.iter().filter_map(|codec| from_codec(*codec)).map(alignments).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_round_trip() {
        gst::init().unwrap();
        for codec in VIDEO {
            assert_eq!(to_codec(&from_codec(codec).unwrap()), Some(codec));
        }
        assert_eq!(from_codec(Codec::Pcm), None);
        assert_eq!(from_codec(Codec::Unknown(7)), None);
        assert_eq!(template(&VIDEO).size(), VIDEO.len());
    }

    #[test]
    fn caps_with_more_fields_are_known() {
        gst::init().unwrap();
        let caps = gst::Caps::builder("video/x-h264")
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .field("width", 640i32)
            .build();
        assert_eq!(to_codec(&caps), Some(Codec::H264));
    }
}
