use gst_sdp::{SDPMediaRef, SDPMessage};

/// What a browser offers to receive.
pub(super) struct Offer {
    pub(super) sdp: SDPMessage,
    pub(super) video: Line,
    pub(super) audio: Option<Line>,
}

/// A section of an offer.
pub(super) struct Line {
    /// Which one it is.
    pub(super) index: u32,
    formats: Vec<Format>,
}

/// A format in it.
struct Format {
    payload: u8,
    /// In lower case, as `opus/48000/2`.
    name: String,
    parameters: String,
}

impl Offer {
    /// Reads an offer; what is wrong with it is said in words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("There is no offer".into());
        }
        let sdp = SDPMessage::parse_buffer(text.as_bytes()).map_err(|_| "This is no SDP")?;
        let line = |kind: &str| {
            let (index, media) = (0..).zip(sdp.medias()).find(|(_, media)| media.media() == Some(kind))?;
            Some(Line { index, formats: formats(media) })
        };
        let (video, audio) = (line("video").ok_or("The offer has no video")?, line("audio"));
        Ok(Self { video, audio, sdp })
    }
}

impl Line {
    /// The payload type of this format, as `pcmu/8000`.
    pub(super) fn payload(&self, name: &str) -> Option<u8> {
        Some(self.formats.iter().find(|format| format.name == name)?.payload)
    }

    /// The payload type of H.264 in packets that may hold a part of a frame.
    pub(super) fn h264(&self) -> Option<u8> {
        let is_h264 =
            |format: &&Format| format.name == "h264/90000" && format.parameters.contains("packetization-mode=1");
        // Browsers decode each profile that they know, whatever was agreed on; all of them offer this one.
        let is_usual = |format: &&Format| format.parameters.to_ascii_lowercase().contains("profile-level-id=42e0");
        let formats = || self.formats.iter().filter(is_h264);
        Some(formats().find(is_usual).or_else(|| formats().next())?.payload)
    }
}

fn formats(media: &SDPMediaRef) -> Vec<Format> {
    let attributes = |wanted: &'static str| {
        let attributes = media.attributes().filter(move |attribute| attribute.key() == wanted);
        attributes.filter_map(|attribute| {
            let (payload, text) = attribute.value()?.split_once(' ')?;
            Some((payload.parse::<u8>().ok()?, text.to_owned()))
        })
    };
    let parameters: Vec<_> = attributes("fmtp").collect();
    attributes("rtpmap")
        .map(|(payload, name)| {
            let parameters = parameters.iter().find(|(of, _)| *of == payload);
            let parameters = parameters.map(|(_, text)| text.clone()).unwrap_or_default();
            Format { payload, name: name.to_ascii_lowercase(), parameters }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96 102 103 104\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 VP8/90000\r\n\
        a=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1;profile-level-id=640032\r\n\
        a=rtpmap:103 H264/90000\r\na=fmtp:103 packetization-mode=0;profile-level-id=42e01f\r\n\
        a=rtpmap:104 H264/90000\r\na=fmtp:104 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n";

    #[test]
    fn formats_are_found_by_name() {
        gst::init().unwrap();
        let offer = Offer::parse(OFFER).unwrap();
        let audio = offer.audio.unwrap();
        assert_eq!((audio.index, audio.payload("pcmu/8000"), audio.payload("pcma/8000")), (0, Some(0), None));
        assert_eq!(audio.payload("opus/48000/2"), Some(111));
        assert_eq!((offer.video.index, offer.video.h264()), (1, Some(104)));
    }

    #[test]
    fn nonsense_is_refused() {
        gst::init().unwrap();
        for text in ["", "hello", "v=0\r\n", "{\"type\":\"offer\"}"] {
            assert!(Offer::parse(text).is_err(), "{text}");
        }
    }
}
