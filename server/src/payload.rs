//! RTP packets of what a camera sends.

/// What makes RTP packets of video with these caps, or why nothing does.
pub(crate) fn video(caps: &gst::CapsRef) -> Result<&'static str, String> {
    // With each key frame come the parameter sets, so that who joins later can decode.
    Ok(match name(caps) {
        "video/x-h264" => "rtph264pay config-interval=-1",
        "video/x-h265" => "rtph265pay config-interval=-1",
        "video/mpeg" => "rtpmp4vpay config-interval=-1",
        "image/jpeg" => "rtpjpegpay",
        "video/x-h263" => "rtph263pay",
        other => return Err(format!("there is no RTP payload for {other}")),
    })
}

/// What makes RTP packets of audio with these caps. What players do not have is decoded.
pub(crate) fn audio(caps: &gst::CapsRef) -> &'static str {
    match name(caps) {
        "audio/x-mulaw" => "rtppcmupay",
        "audio/x-alaw" => "rtppcmapay",
        "audio/x-opus" => "rtpopuspay",
        "audio/mpeg" if caps.structure(0).and_then(|caps| caps.get("mpegversion").ok()) == Some(4) => {
            "aacparse ! audio/mpeg,stream-format=raw ! rtpmp4gpay"
        }
        "audio/x-raw" => "audioconvert ! rtpL16pay",
        _ => "decodebin ! audioconvert ! rtpL16pay",
    }
}

/// The media type that the caps begin with.
pub(crate) fn name(caps: &gst::CapsRef) -> &str {
    caps.structure(0).map_or("nothing", |caps| caps.name().as_str())
}
