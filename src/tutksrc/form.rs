//! In which form the camera goes downstream.

use crate::{Streams, caps, container};

/// What the pad gives, from start to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Video alone, with the caps of its codec.
    #[default]
    Video,
    /// These streams, as `application/x-tutk`.
    Container(Streams),
}

impl Form {
    /// The form that downstream takes. `wanted`: the streams that the application allows. `by_uri`: the element was made from a
    /// URI, by a player which finds the demuxer where downstream takes both.
    pub(super) fn choose(downstream: &gst::CapsRef, wanted: Streams, by_uri: bool) -> Self {
        let takes_video = downstream.can_intersect(&caps::source_template());
        let takes_container = downstream.can_intersect(&container::caps());
        match (takes_video, takes_container) {
            (true, true) if wanted.contains(Streams::VIDEO) && !by_uri => Self::Video,
            (_, true) => Self::Container(wanted),
            (_, false) => Self::Video,
        }
    }

    /// What is asked of the camera.
    pub(super) fn streams(self) -> Streams {
        match self {
            Self::Video => Streams::VIDEO,
            Self::Container(streams) => streams,
        }
    }

    pub(super) fn is_container(self) -> bool {
        self != Self::Video
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(downstream: &str, wanted: Streams, by_uri: bool) -> Form {
        gst::init().unwrap();
        Form::choose(&downstream.parse::<gst::Caps>().unwrap(), wanted, by_uri)
    }

    #[test]
    fn downstream_decides() {
        let both = Form::Container(Streams::all());
        for (downstream, form, form_by_uri) in [
            ("application/x-tutk", both, both),
            ("video/x-h264", Form::Video, Form::Video),
            ("image/jpeg; audio/x-raw", Form::Video, Form::Video),
            ("ANY", Form::Video, both),
            ("audio/x-raw", Form::Video, Form::Video),
        ] {
            assert_eq!(choose(downstream, Streams::all(), false), form, "{downstream}");
            assert_eq!(choose(downstream, Streams::all(), true), form_by_uri, "{downstream}");
        }
    }

    #[test]
    fn sound_alone_is_never_video() {
        for downstream in ["application/x-tutk", "ANY"] {
            assert_eq!(choose(downstream, Streams::AUDIO, false), Form::Container(Streams::AUDIO));
        }
    }
}
