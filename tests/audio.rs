//! Sound of a camera.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use common::frames::FrameCamera;
use common::pictures::{Launched, TestPictureCamera};
use common::{Camera, Event, H264, LONG, unit};
use gst::BufferFlags as Flags;
use gst::prelude::*;
use tutk::io_control;

/// Whether a viewer asks for audio before it says anything else than that it wants video.
fn asks_for_audio(camera: &Camera) -> bool {
    // The answer to an IO control comes after what the session begins with.
    camera.wait(|event| match event {
        Event::IoControl(_, io_control::START_AUDIO, _) => Some(true),
        Event::Removed(..) => Some(false),
        _ => None,
    })
}

#[test]
fn audio_is_asked_for_only_where_it_goes() {
    let camera = Camera::start(H264);
    let source = format!("tutksrc backend=native uid={} address={}", camera.uid, camera.address());
    for (rest, wanted) in [
        ("! application/x-tutk ! fakesink", true),
        ("streams=video ! application/x-tutk ! fakesink", false),
        ("! video/x-h264 ! fakesink", false),
        ("! fakesink", false),
        ("streams=audio ! fakesink", true),
    ] {
        let viewer = Launched::play(&format!("{source} {rest}"));
        if wanted {
            assert!(asks_for_audio(&camera), "{rest}");
            viewer.set_state(gst::State::Null).unwrap();
            camera.wait(|event| matches!(event, Event::Removed(..)).then_some(()));
        } else {
            camera.wait_for_watcher();
            viewer.set_state(gst::State::Null).unwrap();
            assert!(!asks_for_audio(&camera), "{rest}");
        }
    }
}

#[test]
fn an_end_before_the_first_frame_is_an_error() {
    let camera = Camera::start(H264);
    let viewer = Launched::play(&format!(
        "tutksrc backend=native uid={} address={} ! tutkdemux name=demux demux.video_0 ! fakesink",
        camera.uid,
        camera.address()
    ));
    camera.wait_for_watcher();
    viewer.send_event(gst::event::Eos::new());
    let message = viewer
        .bus()
        .unwrap()
        .timed_pop_filtered(gst::ClockTime::try_from(LONG).unwrap(), &[gst::MessageType::Eos, gst::MessageType::Error]);
    let Some(gst::MessageView::Error(error)) = message.as_deref().map(gst::MessageRef::view) else {
        panic!("{message:?}")
    };
    assert!(error.error().matches(gst::StreamError::Demux), "{error:?}");
}

#[test]
fn a_camera_that_sends_audio_unasked_plays_its_video() {
    let camera = FrameCamera::start();
    let (viewer, id) = camera.watch();
    let picture = common::frames::Cut { key: true, ..common::frames::Cut::new(tutk::Codec::H264, 0, &unit(0, true)) };
    camera.send_audio(id, tutk::AudioFormat::new(tutk::Codec::Pcm, 8_000), 0, &[0; 640]);
    camera.send(id, &picture);
    let (buffer, caps) = viewer.pull();
    assert_eq!(caps, H264.parse::<gst::Caps>().unwrap());
    assert!(!buffer.flags().contains(Flags::DELTA_UNIT));
}

/// Where a player puts the pictures.
fn video_sink() -> gst::Element {
    gst::parse::bin_from_description("videoconvert ! fakesink name=pictures sync=true", true).unwrap().upcast()
}

#[test]
fn players_start_on_a_camera_without_audio() {
    let camera = TestPictureCamera::start();
    for player in ["playbin3", "playbin"] {
        let player = Launched::new(player);
        player.set_property("uri", format!("tutk://{}?address=127.0.0.1:{}", camera.uid, camera.port()));
        player.set_property("video-sink", video_sink());
        player.set_state(gst::State::Playing).unwrap();
        let (result, state, _) = player.state(gst::ClockTime::try_from(LONG).unwrap());
        result.unwrap();
        assert_eq!(state, gst::State::Playing);
        // Of a live pipeline that is no more than that the sinks are there.
        player.wait_for(gst::MessageType::StreamStart);
    }
}

/// The frequency of the tone, in Hz.
const TONE: f64 = 440.0;
const PICTURE: &str = "videotestsrc pattern=smpte100 is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 \
                       ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse config-interval=-1 ! queue";

/// A camera with a picture and a tone, and the bytes of its audio.
struct ToneCamera {
    uid: String,
    pipeline: Launched,
    sent: Arc<Mutex<Vec<u8>>>,
}

/// All bytes of buffers that pass this pad, but for the headers of streams.
fn collect(pad: &gst::Pad) -> Arc<Mutex<Vec<u8>>> {
    let bytes = Arc::<Mutex<Vec<u8>>>::default();
    let to = bytes.clone();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(buffer) = info.buffer().filter(|buffer| !buffer.flags().contains(Flags::HEADER)) {
            to.lock().unwrap().extend_from_slice(&buffer.map_readable().unwrap());
        }
        gst::PadProbeReturn::Ok
    });
    bytes
}

/// Begin and end of each buffer that passes this pad, and whether it begins anew.
fn times(pad: &gst::Pad) -> Arc<Mutex<Vec<(gst::ClockTime, gst::ClockTime, bool)>>> {
    let times = Arc::<Mutex<Vec<_>>>::default();
    let to = times.clone();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let buffer = info.buffer().unwrap();
        let (pts, duration) = (buffer.pts().unwrap(), buffer.duration().unwrap());
        to.lock().unwrap().push((pts, pts + duration, buffer.flags().contains(Flags::DISCONT)));
        gst::PadProbeReturn::Ok
    });
    times
}

impl ToneCamera {
    /// `elements` encode the tone.
    fn start(elements: &str) -> Self {
        Self::of_generation("0x1a", elements)
    }

    fn of_generation(generation: &str, elements: &str) -> Self {
        Self::with(generation, elements, |_| ())
    }

    /// `prepare` gets the camera before it plays.
    fn with(generation: &str, elements: &str, prepare: impl FnOnce(&Launched)) -> Self {
        let uid = common::uid();
        let pipeline = Launched::new(&format!(
            "tutkmux name=mux ! tutksink name=sink uid={uid} generation={generation} {PICTURE} ! mux.video \
             audiotestsrc is-live=true freq={TONE} samplesperbuffer=320 ! {elements} ! queue ! mux.audio"
        ));
        let sent = collect(&pipeline.element("mux").static_pad("audio").unwrap());
        prepare(&pipeline);
        pipeline.set_state(gst::State::Playing).unwrap();
        Self { uid, pipeline, sent }
    }

    fn source(&self) -> String {
        let port: u32 = self.pipeline.element("sink").property("current-port");
        format!("tutksrc name=src backend=native uid={} address=127.0.0.1:{port}", self.uid)
    }

    fn uri(&self) -> String {
        let port: u32 = self.pipeline.element("sink").property("current-port");
        format!("tutk://{}?address=127.0.0.1:{port}", self.uid)
    }
}

/// How much of the power of these samples is in a tone: 1 for nothing else.
fn purity(samples: &[f64], rate: f64, tone: f64) -> f64 {
    let angle = |number: usize| 2.0 * std::f64::consts::PI * tone * number as f64 / rate;
    let part = |wave: fn(f64) -> f64| samples.iter().enumerate().map(|(n, s)| s * wave(angle(n))).sum::<f64>();
    let (sine, cosine) = (part(f64::sin), part(f64::cos));
    let power: f64 = samples.iter().map(|sample| sample * sample).sum();
    2.0 * (sine * sine + cosine * cosine) / (samples.len() as f64 * power)
}

/// Waits for half a second of audio without a gap that is the tone.
fn wait_for_tone(viewer: &Launched) {
    let deadline = Instant::now() + LONG;
    let mut samples = Vec::new();
    let mut rate = 0;
    loop {
        let sample = viewer.pull().unwrap_or_else(|| panic!("no tone in {} samples at {rate} Hz", samples.len()));
        rate = sample.caps().unwrap().structure(0).unwrap().get::<i32>("rate").unwrap_or(rate);
        let map = sample.buffer().unwrap().map_readable().unwrap();
        let (words, _) = map.as_chunks::<2>();
        samples.extend(words.iter().map(|word| f64::from(i16::from_le_bytes(*word))));
        let half = rate as usize / 2;
        if samples.len() >= half {
            let newest = &samples[samples.len() - half..];
            let found = purity(newest, rate.into(), TONE);
            if found > 0.9 {
                return;
            }
            assert!(Instant::now() < deadline, "only {found} of what is heard is the tone");
        }
    }
}

/// Plays the camera's audio, and compares it with what was sent, byte by byte before it is decoded.
fn plays_tone(elements: &str) {
    plays_tone_of(&ToneCamera::start(elements));
}

fn plays_tone_of(camera: &ToneCamera) {
    let viewer = Launched::new(&format!(
        "{} ! tutkdemux name=demux demux.video_0 ! queue ! fakesink \
         demux.audio_0 ! queue name=audio ! decodebin ! audioconvert ! audio/x-raw,format=S16LE,channels=1 \
         ! appsink name=out sync=false",
        camera.source()
    ));
    let pad = viewer.element("audio").static_pad("sink").unwrap();
    let (received, times) = (collect(&pad), times(&pad));
    viewer.set_state(gst::State::Playing).unwrap();
    wait_for_tone(&viewer);
    viewer.set_state(gst::State::Null).unwrap();
    let times = times.lock().unwrap().clone();
    for pair in times.windows(2) {
        let [(_, end, _), (begin, _, discont)] = [pair[0], pair[1]];
        assert!(discont || begin == end, "{begin} follows {end}");
    }
    assert!(times[0].2);
    let (sent, received) = (camera.sent.lock().unwrap().clone(), received.lock().unwrap().clone());
    assert!(received.len() > 500, "{} bytes", received.len());
    assert!(sent.windows(received.len()).any(|window| window == &received[..]), "other bytes came than were sent");
}

const MONO_8: &str = "audio/x-raw,rate=8000,channels=1";
const MONO_16: &str = "audio/x-raw,rate=16000,channels=1";

#[test]
fn pcm() {
    plays_tone("audioconvert ! audio/x-raw,format=S16LE,rate=16000,channels=1");
}

#[test]
fn mulaw() {
    plays_tone(&format!("{MONO_8} ! mulawenc"));
}

#[test]
fn all_generations_have_sound() {
    // Two thousand bytes of PCM do not fit into a datagram.
    let pcm =
        "audioconvert ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! audiobuffersplit output-buffer-duration=1/48";
    for generation in ["0x09", "0x10", "0x12", "0x14", "0x1a"] {
        plays_tone_of(&ToneCamera::of_generation(generation, pcm));
    }
}

#[test]
fn an_input_that_is_silent_holds_nothing_up() {
    common::init();
    let uid = common::uid();
    let camera = Launched::play(&format!(
        "tutkmux name=mux ! tutksink name=sink uid={uid} {PICTURE} ! mux.video \
         appsrc is-live=true format=time caps=audio/x-mulaw,rate=8000,channels=1 ! mux.audio"
    ));
    let port: u32 = camera.element("sink").property("current-port");
    let viewer = Launched::play(&format!(
        "tutksrc backend=native uid={uid} address=127.0.0.1:{port} ! tutkdemux ! decodebin ! videoconvert \
         ! video/x-raw,format=I420 ! appsink name=out sync=false"
    ));
    viewer.pull_pictures(10);
}

#[test]
fn alaw() {
    plays_tone(&format!("{MONO_8} ! alawenc"));
}

#[test]
fn adpcm() {
    plays_tone(&format!("audioconvert ! {MONO_8} ! adpcmenc layout=dvi blockalign=256"));
}

#[test]
fn g726() {
    plays_tone(&format!("audioconvert ! {MONO_8} ! avenc_g726 bitrate=32000"));
}

#[test]
fn aac_without_headers() {
    plays_tone(&format!("audioconvert ! {MONO_16} ! avenc_aac ! audio/mpeg,stream-format=raw"));
}

#[test]
fn aac_in_adts() {
    plays_tone(&format!("audioconvert ! {MONO_16} ! avenc_aac ! aacparse ! audio/mpeg,stream-format=adts"));
}

/// A frame of AAC-LC, 16 kHz, one channel, in LATM with a sync word (ISO/IEC 14496-3, 1.7.2 and 1.7.3).
fn loas(frame: &[u8]) -> Vec<u8> {
    let mut bits = String::new();
    let mut put = |value: usize, count: usize| bits.push_str(&format!("{value:0count$b}"));
    // Configuration: new, version 0, one framing; no more subframes, programs and layers.
    let _ = [(0, 1), (0, 1), (1, 1), (0, 6), (0, 4), (0, 3)].map(|(value, count)| put(value, count));
    // AudioSpecificConfig: AAC-LC, 16 kHz, one channel. Frames of any length, buffer unknown, no other data, no CRC.
    let _ = [(2, 5), (8, 4), (1, 4), (0, 3), (0, 3), (0xFF, 8), (0, 1), (0, 1)].map(|(value, count)| put(value, count));
    (0..frame.len() / 255).for_each(|_| put(255, 8));
    put(frame.len() % 255, 8);
    frame.iter().for_each(|byte| put((*byte).into(), 8));
    let bytes = bits.as_bytes().chunks(8).map(|byte| {
        let byte = byte.iter().chain(std::iter::repeat(&b'0')).take(8);
        byte.fold(0, |byte, bit| byte << 1 | (bit - b'0'))
    });
    let element: Vec<u8> = bytes.collect();
    [&[0x56, 0xE0 | (element.len() >> 8) as u8, element.len() as u8], &element[..]].concat()
}

#[test]
fn aac_in_latm() {
    let latm = "audio/mpeg,mpegversion=4,stream-format=loas,rate=16000,channels=1";
    let wrapped = |pipeline: &Launched| {
        pipeline.element("latm").static_pad("src").unwrap().add_probe(gst::PadProbeType::BUFFER, |_, info| {
            let frame = info.buffer().unwrap();
            let mut buffer = gst::Buffer::from_mut_slice(loas(&frame.map_readable().unwrap()));
            frame.copy_into(buffer.get_mut().unwrap(), gst::BufferCopyFlags::TIMESTAMPS, ..).unwrap();
            info.data = Some(gst::PadProbeData::Buffer(buffer));
            gst::PadProbeReturn::Ok
        });
    };
    plays_tone_of(&ToneCamera::with(
        "0x1a",
        &format!("audioconvert ! {MONO_16} ! avenc_aac ! capssetter name=latm join=false replace=true caps={latm}"),
        wrapped,
    ));
}

#[test]
fn adts_that_the_camera_calls_latm() {
    let latm = "audio/mpeg,mpegversion=4,stream-format=loas,rate=16000,channels=1";
    plays_tone(&format!(
        "audioconvert ! {MONO_16} ! avenc_aac ! aacparse ! audio/mpeg,stream-format=adts \
         ! capssetter join=false replace=true caps={latm}"
    ));
}

#[test]
fn pcm_of_8_bits() {
    plays_tone(&format!("audioconvert ! {MONO_8},format=U8"));
}

#[test]
fn speex() {
    plays_tone(&format!("audioconvert ! {MONO_16} ! speexenc"));
}

#[test]
fn mp3() {
    plays_tone("audioconvert ! audio/x-raw,rate=32000,channels=1 ! lamemp3enc");
}

#[test]
fn opus() {
    plays_tone("audioconvert ! audio/x-raw,rate=48000,channels=1 ! opusenc");
}

#[test]
fn players_play_both() {
    let camera = ToneCamera::start(&format!("{MONO_8} ! mulawenc"));
    for player in ["playbin3", "playbin"] {
        let player = Launched::new(player);
        player.set_property("uri", camera.uri());
        // Without the element for volume, which playsink of GStreamer 1.22 never drops.
        player.set_property_from_str("flags", "video+audio");
        player.set_property("video-sink", video_sink());
        let audio = "audioconvert ! audio/x-raw,format=S16LE,channels=1 ! appsink name=out sync=false";
        player.set_property("audio-sink", gst::parse::bin_from_description(audio, true).unwrap());
        player.set_state(gst::State::Playing).unwrap();
        player.wait_for(gst::MessageType::StreamStart);
        wait_for_tone(&player);
    }
}

#[test]
fn recordings_have_both() {
    let camera = ToneCamera::start(&format!("audioconvert ! {MONO_16} ! avenc_aac"));
    let folder = std::env::temp_dir().join(common::uid());
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("%02d.mp4");
    let viewer = Launched::play(&format!(
        "{} ! tutkdemux name=demux demux.video_0 ! queue ! h264parse ! sink.video \
         demux.audio_0 ! queue ! aacparse ! sink.audio_0 \
         splitmuxsink name=sink max-size-time=2000000000 location={}",
        camera.source(),
        file.display()
    ));
    // Until the third file is begun.
    for _ in 0..3 {
        loop {
            let message = viewer.wait_for(gst::MessageType::Element);
            if message.structure().unwrap().name() == "splitmuxsink-fragment-opened" {
                break;
            }
        }
    }
    viewer.send_event(gst::event::Eos::new());
    viewer.wait_for(gst::MessageType::Eos);
    viewer.set_state(gst::State::Null).unwrap();
    for number in 0..2 {
        let player = Launched::play(&format!(
            "filesrc location={} ! qtdemux name=demux demux.video_0 ! queue ! decodebin ! fakesink \
             demux.audio_0 ! queue ! decodebin ! audioconvert ! audio/x-raw,format=S16LE,channels=1 ! appsink name=out sync=false",
            folder.join(format!("{number:02}.mp4")).display()
        ));
        wait_for_tone(&player);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
