//! `application/x-tutk`: several streams of a camera, one after the other on one pad.
//!
//! Each buffer has a label, which says of which stream it is: a `GstReferenceTimestampMeta` whose timestamp is the camera's own
//! time, and whose caps are `timestamp/x-tutk-camera` with the fields `media` and `caps`. A meta of its own would need
//! `unsafe`.

use tutk::Media;

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "application/x-tutk";
/// Marks the camera's own time in a buffer's `GstReferenceTimestampMeta`.
pub(crate) const CAMERA_TIME: &str = "timestamp/x-tutk-camera";

/// What a buffer says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) media: Media,
    /// The caps of the stream.
    pub(crate) caps: gst::Caps,
}

/// The caps of pads that take or give this.
pub(crate) fn caps() -> gst::Caps {
    gst::Caps::new_empty_simple(MEDIA_TYPE)
}

/// What labels of a stream have in common: the caps of their meta.
pub(crate) fn reference(media: Media, caps: &gst::Caps) -> gst::Caps {
    gst::Caps::builder(CAMERA_TIME).field("media", media.to_string()).field("caps", caps).build()
}

/// The label of a buffer, if it has one.
pub(crate) fn label(buffer: &gst::BufferRef) -> Option<Label> {
    buffer.iter_meta::<gst::ReferenceTimestampMeta>().find_map(|meta| {
        let fields = meta.reference().structure(0).filter(|fields| fields.name() == CAMERA_TIME)?;
        let media = match fields.get::<&str>("media").ok()? {
            "video" => Media::Video,
            "audio" => Media::Audio,
            _ => return None,
        };
        Some(Label { media, caps: fields.get("caps").ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_reads_as_it_was_written() {
        gst::init().unwrap();
        let caps = gst::Caps::builder("audio/x-mulaw").field("rate", 8_000i32).field("channels", 1i32).build();
        let mut buffer = gst::Buffer::new();
        assert!(label(&buffer).is_none());
        let plain = gst::Caps::new_empty_simple(CAMERA_TIME);
        let time = gst::ClockTime::from_seconds(7);
        gst::ReferenceTimestampMeta::add(buffer.make_mut(), &plain, time, gst::ClockTime::NONE);
        assert!(label(&buffer).is_none());
        let reference = reference(Media::Audio, &caps);
        gst::ReferenceTimestampMeta::add(buffer.make_mut(), &reference, time, gst::ClockTime::NONE);
        let read = label(&buffer).unwrap();
        assert!(read.media == Media::Audio && read.caps == caps);
        // Whoever looks for the camera's time finds it in both.
        assert!(reference.is_subset(&plain));
    }
}
