//! Sound as AAC, which players expect in MP4.

use gst::ElementFactory;

/// FFmpeg's, the better one.
const FFMPEG: &str = "avenc_aac";
/// Of a small library, for systems without FFmpeg. Its own choice for a camera's sound is 10 kbit/s.
const SMALL: &str = "voaacenc bitrate=32000";

/// What encodes sound that is decoded.
pub(super) fn encoder() -> &'static str {
    let small_alone = ElementFactory::find(FFMPEG).is_none() && ElementFactory::find("voaacenc").is_some();
    if small_alone { SMALL } else { FFMPEG }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::Launched;

    /// Each takes what cameras send, and what Opus becomes.
    #[test]
    fn sound_becomes_aac() {
        gst::init().unwrap();
        for encoder in [FFMPEG, SMALL] {
            for format in ["rate=8000,channels=1", "rate=16000,channels=1", "rate=48000,channels=2"] {
                let pipeline = Launched::new(&format!(
                    "audiotestsrc num-buffers=20 ! audio/x-raw,{format} ! audioconvert ! audioresample ! {encoder} ! aacparse \
                     ! appsink name=out sync=false"
                ));
                let pipeline = pipeline.unwrap();
                let out: gst_app::AppSink = pipeline.element("out").unwrap();
                pipeline.play().unwrap();
                let sample = out.try_pull_sample(gst::ClockTime::from_seconds(20)).expect(encoder);
                let caps = sample.caps().unwrap().structure(0).unwrap();
                assert_eq!(caps.get("mpegversion"), Ok(4), "{encoder} of {format}");
            }
        }
    }
}
