use tutk::{AudioFormat, Codec};

/// What a frame info says of audio with these caps; none if it is no audio that a camera sends, or a rate or number of
/// channels that a frame info cannot say.
pub(crate) fn from_caps(caps: &gst::CapsRef) -> Option<AudioFormat> {
    let fields = caps.structure(0)?;
    let text = |name: &str| fields.get::<&str>(name).ok();
    let number = |name: &str| fields.get::<i32>(name).ok();
    let (codec, bits) = match fields.name().as_str() {
        "audio/mpeg" => match (number("mpegversion")?, text("stream-format")) {
            (1, _) => (Codec::Mp3, 16),
            (2 | 4, Some("raw")) => (Codec::AacRaw, 16),
            (2 | 4, Some("adts")) => (Codec::AacAdts, 16),
            (2 | 4, Some("loas" | "latm")) => (Codec::AacLatm, 16),
            _ => return None,
        },
        "audio/x-mulaw" => (Codec::Mulaw, 16),
        "audio/x-alaw" => (Codec::Alaw, 16),
        "audio/x-adpcm" => match text("layout")? {
            "dvi" | "ima" => (Codec::Adpcm, 16),
            "g726" => (Codec::G726, 16),
            _ => return None,
        },
        "audio/x-raw" => match text("format")? {
            "S16LE" => (Codec::Pcm, 16),
            "U8" => (Codec::Pcm, 8),
            _ => return None,
        },
        "audio/x-speex" => (Codec::Speex, 16),
        "audio/x-opus" => (Codec::Opus, 16),
        _ => return None,
    };
    // Where caps leave them out, the stream has them.
    let rate = number("rate").and_then(|rate| u32::try_from(rate).ok());
    let channels = number("channels").and_then(|channels| u8::try_from(channels).ok());
    let rate = rate.unwrap_or(if codec == Codec::Opus { 48_000 } else { 8_000 });
    let format = AudioFormat::new(codec, rate).with_bits(bits).with_channels(channels.unwrap_or(1));
    format.flags().is_some().then_some(format)
}
