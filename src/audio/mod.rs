//! Blocks of audio and caps of GStreamer.

mod blocks;
mod duration;
mod from_caps;
mod speech;
mod speex;

use tutk::{AudioFormat, Codec, Frame};

pub(crate) use blocks::blocks;
pub(crate) use from_caps::from_caps;
pub(crate) use speech::speech_template;

/// How the blocks of a stream are encoded: the camera's word, and what the bytes say where firmware is known to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    kind: Kind,
    rate: u32,
    bits: u8,
    channels: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    AacRaw,
    AacAdts,
    /// LATM with a sync word before each frame (LOAS).
    AacLoas,
    /// LATM without. No decoder of GStreamer takes it.
    AacLatm,
    Mulaw,
    Alaw,
    /// IMA ADPCM in blocks of this many bytes that begin with the decoder's state.
    AdpcmDvi {
        block: u16,
    },
    /// IMA ADPCM without. No decoder of GStreamer takes it.
    AdpcmIma,
    Pcm,
    Speex,
    Mp3,
    G726,
    Opus,
}

/// The sample rates of AAC, in Hz, by their index (ISO/IEC 14496-3, table 1.18).
const AAC_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// The highest step index of IMA ADPCM.
const MAX_STEP_INDEX: u8 = 88;
/// Bits a second of G.726, which no camera says: the usual ones.
const G726_BITRATE: i32 = 32_000;

impl Encoding {
    /// The encoding of this block, after one of `before`. None if it is no audio that is known.
    pub(crate) fn of(frame: &Frame, before: Option<Self>) -> Option<Self> {
        if !frame.codec.is_audio() || frame.data.is_empty() {
            return None;
        }
        // A rate that no frame info can say.
        let unknown = AudioFormat::new(frame.codec, 8_000);
        let AudioFormat { rate, bits, channels, .. } = frame.audio_format().unwrap_or(unknown);
        let kind = match frame.codec {
            Codec::AacRaw | Codec::AacAdts | Codec::AacLatm => aac(frame),
            Codec::Mulaw => Kind::Mulaw,
            Codec::Alaw => Kind::Alaw,
            Codec::Adpcm => adpcm(&frame.data, before),
            Codec::Pcm => Kind::Pcm,
            Codec::Speex => Kind::Speex,
            Codec::Mp3 => Kind::Mp3,
            Codec::G726 => Kind::G726,
            Codec::Opus => Kind::Opus,
            _ => return None,
        };
        let encoding = Self { kind, rate, bits, channels };
        Some(match Adts::read(&frame.data).filter(|_| kind == Kind::AacAdts) {
            Some(Adts { rate, channels, .. }) => Self { rate, channels, ..encoding },
            None => encoding,
        })
    }

    /// Whether decoders can begin with this block: LATM has its configuration in some of them only (ISO/IEC 14496-3, 1.7.3.1), and a
    /// parser that gets another one first fails.
    pub(crate) fn can_begin_with(self, data: &[u8]) -> bool {
        // The bit after sync word and length says that the configuration is the one before.
        self.kind != Kind::AacLoas || data.get(3).is_some_and(|first| first & 0x80 == 0)
    }

    /// What decoders know it by.
    pub(crate) fn caps(self) -> gst::Caps {
        let Self { kind, rate, bits, channels } = self;
        let (rate, channels) = (i32::try_from(rate).unwrap_or_default(), i32::from(channels));
        let audio = |name: &str| gst::Caps::builder(name).field("rate", rate).field("channels", channels);
        let aac = |format: &str| audio("audio/mpeg").field("mpegversion", 4i32).field("stream-format", format);
        match kind {
            Kind::AacRaw => {
                let config = gst::Buffer::from_slice(self.aac_config());
                aac("raw").field("framed", true).field("codec_data", config).build()
            }
            Kind::AacAdts => aac("adts").build(),
            Kind::AacLoas => aac("loas").build(),
            Kind::AacLatm => aac("latm").build(),
            Kind::Mulaw => audio("audio/x-mulaw").build(),
            Kind::Alaw => audio("audio/x-alaw").build(),
            Kind::AdpcmDvi { block } => {
                audio("audio/x-adpcm").field("layout", "dvi").field("block_align", i32::from(block)).build()
            }
            Kind::AdpcmIma => audio("audio/x-adpcm").field("layout", "ima").build(),
            Kind::Pcm => {
                let format = if bits == 8 { "U8" } else { "S16LE" };
                audio("audio/x-raw").field("format", format).field("layout", "interleaved").build()
            }
            Kind::Speex => {
                let headers = speex::headers(self.rate, channels).map(gst::Buffer::from_slice);
                audio("audio/x-speex").field("streamheader", gst::Array::new(headers)).build()
            }
            // Its frames say the rest.
            Kind::Mp3 => gst::Caps::builder("audio/mpeg").field("mpegversion", 1i32).field("layer", 3i32).build(),
            Kind::G726 => audio("audio/x-adpcm").field("layout", "g726").field("bitrate", G726_BITRATE).build(),
            Kind::Opus => gst::Caps::builder("audio/x-opus")
                .field("rate", 48_000i32)
                .field("channels", channels)
                .field("channel-mapping-family", 0i32)
                .build(),
        }
    }

    /// The `AudioSpecificConfig` of AAC-LC (ISO/IEC 14496-3, 1.6.2.1): object type, index of the rate, channels.
    fn aac_config(self) -> [u8; 2] {
        let index = AAC_RATES.iter().position(|rate| *rate == self.rate).unwrap_or_default();
        let config = 2 << 11 | u16::try_from(index).unwrap_or_default() << 7 | u16::from(self.channels) << 3;
        config.to_be_bytes()
    }
}

fn aac(frame: &Frame) -> Kind {
    match frame.data[..] {
        [0xFF, second, ..] if second & 0xF6 == 0xF0 => Kind::AacAdts,
        [0x56, second, ..] if second & 0xE0 == 0xE0 => Kind::AacLoas,
        _ if frame.codec == Codec::AacLatm => Kind::AacLatm,
        _ => Kind::AacRaw,
    }
}

/// Headers can be told from samples only by chance: one block without makes it a stream without.
fn adpcm(data: &[u8], before: Option<Encoding>) -> Kind {
    let is_ima = before.is_some_and(|before| before.kind == Kind::AdpcmIma);
    match data {
        [_, _, index, 0, ..] if *index <= MAX_STEP_INDEX && !is_ima => {
            u16::try_from(data.len()).map_or(Kind::AdpcmIma, |block| Kind::AdpcmDvi { block })
        }
        _ => Kind::AdpcmIma,
    }
}

/// What an ADTS header says (ISO/IEC 13818-7, 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Adts {
    rate: u32,
    channels: u8,
    /// Bytes of the frame, header included.
    len: usize,
    /// Blocks of 1024 samples.
    blocks: u64,
}

impl Adts {
    fn read(data: &[u8]) -> Option<Self> {
        let [0xFF, second, b2, b3, b4, b5, b6, ..] = *data else { return None };
        let rate = *AAC_RATES.get(usize::from(b2 >> 2 & 0xF)).filter(|_| second & 0xF6 == 0xF0)?;
        // 0: the channels are in the stream.
        let channels = ((b2 & 1) << 2 | b3 >> 6).max(1);
        let len = usize::from(b3 & 3) << 11 | usize::from(b4) << 3 | usize::from(b5 >> 5);
        Some(Self { rate, channels, len, blocks: u64::from(b6 & 3) + 1 })
    }
}

/// The caps of a pad that gives what cameras send.
pub(crate) fn template() -> gst::Caps {
    let aac = gst::Caps::builder("audio/mpeg")
        .field("mpegversion", 4i32)
        .field("stream-format", gst::List::new(["raw", "adts", "loas", "latm"]));
    let pcm = gst::Caps::builder("audio/x-raw")
        .field("format", gst::List::new(["S16LE", "U8"]))
        .field("layout", "interleaved");
    let adpcm = gst::Caps::builder("audio/x-adpcm").field("layout", gst::List::new(["dvi", "ima", "g726"]));
    let mp3 = gst::Caps::builder("audio/mpeg").field("mpegversion", 1i32).field("layer", 3i32);
    let plain = ["audio/x-mulaw", "audio/x-alaw", "audio/x-speex", "audio/x-opus"].map(gst::Caps::new_empty_simple);
    [aac, pcm, adpcm, mp3].map(gst::caps::Builder::build).into_iter().chain(plain).collect()
}

#[cfg(test)]
mod tests;
