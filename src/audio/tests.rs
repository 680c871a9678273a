use std::time::Instant;

use super::*;

fn block(codec: Codec, rate: u32, data: &[u8]) -> Frame {
    Frame::new(codec, data.to_vec(), Instant::now()).with_flags(AudioFormat::new(codec, rate).flags().unwrap())
}

fn encoding(codec: Codec, rate: u32, data: &[u8]) -> Encoding {
    gst::init().unwrap();
    Encoding::of(&block(codec, rate, data), None).unwrap()
}

fn millis(encoding: Encoding, data: &[u8]) -> Option<u64> {
    encoding.duration(data).map(gst::ClockTime::mseconds)
}

/// An ADTS frame of AAC-LC, 16 kHz, mono, with `payload` bytes.
fn adts(payload: usize) -> Vec<u8> {
    let len = payload + 7;
    let mut frame =
        vec![0xFF, 0xF1, 1 << 6 | 8 << 2, 1 << 6 | (len >> 11) as u8, (len >> 3) as u8, (len << 5) as u8, 0];
    frame.resize(len, 0);
    frame
}

#[test]
fn the_bytes_of_aac_tell_how_it_is_framed() {
    let stream_format = |codec, data: &[u8]| {
        let caps = encoding(codec, 8_000, data).caps();
        caps.structure(0).unwrap().get::<String>("stream-format").unwrap()
    };
    for codec in [Codec::AacRaw, Codec::AacAdts, Codec::AacLatm] {
        assert_eq!(stream_format(codec, &adts(100)), "adts");
        assert_eq!(stream_format(codec, &[0x56, 0xE0, 0x10]), "loas");
    }
    assert_eq!(stream_format(Codec::AacLatm, &[0x20, 0x00]), "latm");
    assert_eq!(stream_format(Codec::AacRaw, &[0x21, 0x00]), "raw");
}

#[test]
fn an_adts_header_knows_its_rate_better_than_the_camera() {
    let frames = [adts(100), adts(3)].concat();
    let encoding = encoding(Codec::AacLatm, 8_000, &frames);
    assert_eq!((encoding.rate, encoding.channels), (16_000, 1));
    assert_eq!(millis(encoding, &frames), Some(128));
}

#[test]
fn aac_without_headers_has_codec_data() {
    let caps = encoding(Codec::AacRaw, 16_000, &[0x21]).caps();
    let config = caps.structure(0).unwrap().get::<gst::Buffer>("codec_data").unwrap();
    assert_eq!(config.map_readable().unwrap()[..], [0x14, 0x08]);
}

#[test]
fn durations() {
    let of = |codec, rate, data: &[u8]| millis(encoding(codec, rate, data), data);
    assert_eq!(of(Codec::Pcm, 8_000, &[0; 640]), Some(40));
    assert_eq!(of(Codec::Mulaw, 8_000, &[0; 160]), Some(20));
    assert_eq!(of(Codec::G726, 8_000, &[0; 160]), Some(40));
    assert_eq!(of(Codec::AacRaw, 16_000, &[0x21; 99]), Some(64));
    assert_eq!(of(Codec::Speex, 16_000, &[1; 30]), Some(20));
    // 20 ms of CELT, three times.
    assert_eq!(of(Codec::Opus, 48_000, &[31 << 3 | 3, 3]), Some(60));
    // MPEG 1, 128 kbit/s, 48 kHz: 384 bytes, 24 ms.
    let mut mp3 = vec![0; 768];
    mp3[..3].copy_from_slice(&[0xFF, 0xFB, 0x94]);
    mp3[384..387].copy_from_slice(&[0xFF, 0xFB, 0x94]);
    assert_eq!(of(Codec::Mp3, 48_000, &mp3), Some(48));
    assert_eq!(of(Codec::AacLatm, 8_000, &[0x20]), None);
    // Two frames of a byte each.
    assert_eq!(of(Codec::AacLatm, 16_000, &[0x56, 0xE0, 1, 0x20, 0x56, 0xE0, 1, 0x80]), Some(128));
}

#[test]
fn latm_begins_with_a_configuration() {
    for (data, can_begin) in [([0x56, 0xE0, 1, 0x20], true), ([0x56, 0xE0, 1, 0x80], false)] {
        assert_eq!(encoding(Codec::AacLatm, 16_000, &data).can_begin_with(&data), can_begin);
    }
    assert!(encoding(Codec::AacLatm, 16_000, &adts(9)).can_begin_with(&adts(9)));
}

#[test]
fn adpcm_without_headers_stays_so() {
    gst::init().unwrap();
    let with_header = block(Codec::Adpcm, 8_000, &[0, 0, 88, 0, 1]);
    let without = block(Codec::Adpcm, 8_000, &[0, 0, 89, 0, 1]);
    let dvi = Encoding::of(&with_header, None).unwrap();
    assert_eq!(dvi.kind, Kind::AdpcmDvi { block: 5 });
    let ima = Encoding::of(&without, Some(dvi)).unwrap();
    assert_eq!(ima.kind, Kind::AdpcmIma);
    assert_eq!(Encoding::of(&with_header, Some(ima)).unwrap().kind, Kind::AdpcmIma);
}

#[test]
fn caps_lead_back_to_the_codec_and_are_of_the_template() {
    let codecs = [
        Codec::AacRaw,
        Codec::AacAdts,
        Codec::AacLatm,
        Codec::Mulaw,
        Codec::Alaw,
        Codec::Adpcm,
        Codec::Pcm,
        Codec::Speex,
        Codec::G726,
        Codec::Mp3,
    ];
    for codec in codecs {
        let data = if codec == Codec::AacAdts { adts(9) } else { vec![1; 40] };
        let caps = encoding(codec, 16_000, &data).caps();
        assert!(caps.is_subset(&template()), "{caps}");
        assert_eq!(from_caps(&caps).map(|format| format.codec), Some(codec), "{caps}");
    }
    let other = gst::Caps::builder("audio/x-raw").field("format", "F32LE").build();
    assert_eq!(from_caps(&other), None);
}

#[test]
fn no_bytes_panic() {
    gst::init().unwrap();
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..20_000 {
        let mut data: Vec<u8> = (0..random.usize(0..24)).map(|_| random.u8(..)).collect();
        if random.bool() {
            data.splice(..0, [0xFF, [0xF1, 0xFB, 0xE2][random.usize(0..3)]]);
        }
        let codec = Codec::from_id(random.u16(0x84..0x94));
        let frame = Frame::new(codec, data, Instant::now()).with_flags(random.u8(..));
        if let Some(encoding) = Encoding::of(&frame, None) {
            encoding.duration(&frame.data);
            encoding.caps();
        }
    }
}
