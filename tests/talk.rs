//! Speech to cameras: by the action signal of `tutksrc`, by `tutkaudiosink`, and heard by `tutksink` and `tutktalksrc`.

mod common;

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use common::pictures::Launched;
use common::{Camera, H264, LONG, Viewer, unit};
use gst::prelude::*;
use tutk::io_control;

const MULAW: &str = "audio/x-mulaw,rate=8000,channels=1";

/// What viewers say to a camera: who, the caps and the bytes.
type Heard = Receiver<(u64, gst::Caps, Vec<u8>)>;

fn listen(sink: &gst::Element) -> Heard {
    sink.set_property("speaker", true);
    let (sender, heard) = channel();
    let sender = Mutex::new(sender);
    sink.connect("talk-sample", false, move |args| {
        let sample = args[2].get::<gst::Sample>().unwrap();
        let bytes = sample.buffer().unwrap().map_readable().unwrap().to_vec();
        let _ = sender.lock().unwrap().send((args[1].get().unwrap(), sample.caps_owned().unwrap(), bytes));
        None
    });
    heard
}

fn next(heard: &Heard) -> (gst::Caps, Vec<u8>) {
    let (_, caps, bytes) = heard.recv_timeout(LONG).expect("the camera hears nothing");
    (caps, bytes)
}

fn push(viewer: &Viewer, caps: &str, data: Vec<u8>) -> gst::FlowReturn {
    let buffer = gst::Buffer::from_slice(data);
    let sample = gst::Sample::builder().buffer(&buffer).caps(&caps.parse().unwrap()).build();
    viewer.src.emit_by_name("push-talk-sample", &[&Some(sample)])
}

fn stop_talking(viewer: &Viewer) -> gst::FlowReturn {
    viewer.src.emit_by_name("push-talk-sample", &[&None::<gst::Sample>])
}

/// Waits until the camera sees this.
fn wait_for_command(camera: &Camera, kind: u32) -> Vec<u8> {
    camera.wait(|event| match event {
        common::Event::IoControl(_, seen, body) if seen == kind => Some(body),
        _ => None,
    })
}

/// A camera that plays video and listens, and a viewer that watches.
fn pair(configure: impl Fn(&gst::Element)) -> (Camera, Viewer, Heard) {
    let camera = Camera::new(H264);
    let heard = listen(&camera.sink);
    configure(&camera.sink);
    camera.play();
    let viewer = Viewer::watch(&camera);
    // From here on there is a session.
    camera.push(unit(0, true), true);
    viewer.pull();
    (camera, viewer, heard)
}

fn is_heard(camera: &Camera, viewer: &Viewer, heard: &Heard) {
    let wanted: gst::Caps = MULAW.parse().unwrap();
    for round in 0..2 {
        for number in 0..10u8 {
            assert_eq!(push(viewer, MULAW, vec![number; 320]), gst::FlowReturn::Ok);
        }
        for number in 0..10 {
            let (caps, bytes) = next(heard);
            assert!(caps == wanted && bytes == [number; 320], "round {round}: {caps} {bytes:?}");
        }
        assert_eq!(wait_for_command(camera, io_control::START_SPEAKER), [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(stop_talking(viewer), gst::FlowReturn::Ok);
        wait_for_command(camera, io_control::STOP_SPEAKER);
    }
}

#[test]
fn samples_are_heard_by_cameras_of_all_generations() {
    for generation in ["0x09", "0x10", "0x12", "0x14", "0x1a"] {
        let (camera, viewer, heard) = pair(|sink| {
            sink.set_property_from_str("generation", generation);
            sink.set_property_from_str("encryption", "off");
        });
        is_heard(&camera, &viewer, &heard);
    }
}

#[test]
fn samples_are_heard_by_an_encrypted_camera() {
    let (camera, viewer, heard) = pair(|sink| sink.set_property_from_str("encryption", "required"));
    assert_eq!(viewer.message("tutk-connected").get("encrypted"), Ok(true));
    is_heard(&camera, &viewer, &heard);
}

#[test]
fn samples_that_cannot_be_sent_are_refused() {
    let (camera, viewer, heard) = pair(|sink| sink.set_property_from_str("generation", "0x09"));
    for caps in ["audio/x-raw,format=F32LE,rate=8000,channels=1", "audio/x-mulaw,rate=8001,channels=1", "video/x-h264"]
    {
        assert_eq!(push(&viewer, caps, vec![0; 10]), gst::FlowReturn::NotNegotiated, "{caps}");
    }
    // Samples are cut to fit; a frame of a codec cannot be.
    assert_eq!(push(&viewer, MULAW, vec![7; 3_000]), gst::FlowReturn::Ok);
    let lens: Vec<_> = (0..3).map(|_| next(&heard).1.len()).collect();
    assert_eq!(lens, [1280, 1280, 440]);
    let mp3 = "audio/mpeg,mpegversion=1,layer=3,rate=8000,channels=1";
    assert_eq!(push(&viewer, mp3, vec![0; 4_000]), gst::FlowReturn::Error);
    camera.stop();
    // The session is over in a moment.
    let deadline = Instant::now() + LONG;
    while push(&viewer, MULAW, vec![7; 100]) != gst::FlowReturn::Flushing {
        assert!(Instant::now() < deadline);
    }
    viewer.pipeline.set_state(gst::State::Null).unwrap();
    assert_eq!(push(&viewer, MULAW, vec![7; 100]), gst::FlowReturn::Flushing);
    assert_eq!(stop_talking(&viewer), gst::FlowReturn::Ok);
}

/// A camera with a picture and, if there are elements for it, a microphone.
struct Listening {
    uid: String,
    pipeline: Launched,
    heard: Heard,
    viewers: Receiver<u64>,
}

impl Listening {
    fn start(audio: &str, more: &str) -> Self {
        let uid = common::uid();
        let audio = match audio {
            "" => String::new(),
            audio => format!("audiotestsrc is-live=true samplesperbuffer=320 ! {audio} ! queue ! mux.audio"),
        };
        let pipeline = Launched::new(&format!(
            "tutkmux name=mux ! tutksink name=sink uid={uid} port={} {more} \
             videotestsrc pattern=black is-live=true ! video/x-raw,format=I420,width=64,height=48,framerate=10/1 \
             ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! h264parse config-interval=-1 ! queue ! mux.video {audio}",
            common::port()
        ));
        let sink = pipeline.element("sink");
        let heard = listen(&sink);
        let (sender, viewers) = channel();
        let sender = Mutex::new(sender);
        sink.connect("viewer-added", false, move |args| {
            let _ = sender.lock().unwrap().send(args[1].get().unwrap());
            None
        });
        pipeline.set_state(gst::State::Playing).unwrap();
        Self { uid, pipeline, heard, viewers }
    }

    /// For `tutksrc` and `tutkaudiosink`.
    fn address(&self) -> String {
        let port: u32 = self.pipeline.element("sink").property("current-port");
        format!("uid={} address=127.0.0.1:{port}", self.uid)
    }

    fn source(&self) -> String {
        format!("tutksrc backend=native {}", self.address())
    }

    /// Waits until this was heard for a fifth of a second.
    fn hears(&self, caps: &str) {
        let wanted: gst::Caps = caps.parse().unwrap();
        let mut blocks = 0;
        while blocks < 5 {
            let (caps, _) = next(&self.heard);
            assert!(caps.can_intersect(&wanted), "{caps}");
            blocks += 1;
        }
    }

    fn viewers(&self) -> usize {
        self.viewers.try_iter().count()
    }
}

#[test]
fn a_sink_alone_has_a_session_of_its_own() {
    let camera = Listening::start("audio/x-raw,rate=8000,channels=1 ! mulawenc", "");
    // In the order and as it is, from the first word on.
    let words: Vec<u8> = (0..8_000u32).map(|number| ((number * number) >> 4) as u8).collect();
    let file = std::env::temp_dir().join(common::uid());
    std::fs::write(&file, &words).unwrap();
    let speaker = Launched::play(&format!(
        "filesrc location={} blocksize=320 ! rawaudioparse use-sink-caps=false format=mulaw sample-rate=8000 num-channels=1 \
         ! tutkaudiosink name=speaker {}",
        file.display(),
        camera.address()
    ));
    speaker.wait_for(gst::MessageType::Eos);
    let mut heard = Vec::new();
    while heard.len() < words.len() {
        heard.extend(next(&camera.heard).1);
    }
    assert!(heard == words);
    std::fs::remove_file(file).unwrap();
    assert_eq!(camera.viewers(), 1);
    assert_eq!(
        speaker.element("speaker").static_pad("sink").unwrap().query_caps(None),
        MULAW.parse::<gst::Caps>().unwrap()
    );
}

#[test]
fn a_sink_uses_the_session_of_the_source() {
    for (sink, wanted) in [("", 1), ("session=shared", 1), ("session=own", 2)] {
        let camera = Listening::start("audio/x-raw,rate=8000,channels=1 ! alawenc", "");
        let _intercom = Launched::play(&format!(
            "{} ! h264parse ! fakesink \
             audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! alawenc ! tutkaudiosink {sink} {}",
            camera.source(),
            camera.address()
        ));
        camera.hears("audio/x-alaw");
        assert_eq!(camera.viewers(), wanted, "{sink}");
    }
}

#[test]
fn two_cameras_and_two_sinks_in_a_pipeline_reach_the_right_speakers() {
    let cameras = [
        Listening::start("audio/x-raw,rate=8000,channels=1 ! mulawenc", "max-viewers=1"),
        Listening::start("audio/x-raw,rate=8000,channels=1 ! alawenc", "max-viewers=1"),
    ];
    let _recorder = Launched::play(&format!(
        "{} ! h264parse ! fakesink {} ! tutkdemux ! fakesink \
         audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! tee name=mic \
         mic. ! queue ! alawenc ! tutkaudiosink {} mic. ! queue ! mulawenc ! tutkaudiosink {}",
        cameras[0].source(),
        cameras[1].source(),
        cameras[1].address(),
        cameras[0].address()
    ));
    for (camera, caps) in cameras.iter().zip(["audio/x-mulaw", "audio/x-alaw"]) {
        camera.hears(caps);
        assert_eq!(camera.viewers(), 1);
    }
}

#[test]
fn upstream_gives_what_the_camera_takes() {
    // PCM of the right rate and channels.
    let camera = Listening::start("audioconvert ! audio/x-raw,format=S16LE,rate=16000,channels=1", "");
    let speaker = Launched::play(&format!(
        "audiotestsrc is-live=true ! audioconvert ! audioresample ! tutkaudiosink {}",
        camera.address()
    ));
    camera.hears("audio/x-raw,format=S16LE,rate=16000,channels=1");
    drop(speaker);
    // Another encoder cannot give it, and the element says what would.
    let speaker = Launched::play(&format!(
        "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! tutkaudiosink {}",
        camera.address()
    ));
    let message =
        speaker.bus().unwrap().timed_pop_filtered(gst::ClockTime::try_from(LONG).unwrap(), &[gst::MessageType::Error]);
    assert!(message.is_some());
}

#[test]
fn a_camera_without_a_microphone_takes_what_comes() {
    let camera = Listening::start("", "");
    let _speaker = Launched::play(&format!(
        "audiotestsrc is-live=true ! audio/x-raw,rate=16000,channels=1 ! alawenc ! tutkaudiosink {}",
        camera.address()
    ));
    camera.hears("audio/x-alaw,rate=16000,channels=1");
}

#[test]
fn what_viewers_say_comes_out_of_a_source() {
    let uid = common::uid();
    let camera = Launched::play(&format!(
        "tutksink name=sink uid={uid} speaker=true sync=false async=false \
         videotestsrc pattern=black is-live=true ! video/x-raw,format=I420,width=64,height=48,framerate=10/1 \
         ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! h264parse config-interval=-1 ! queue ! sink. \
         tutktalksrc uid={uid} ! decodebin ! audioconvert ! audio/x-raw,format=S16LE,channels=1 ! appsink name=out sync=false"
    ));
    let port: u32 = camera.element("sink").property("current-port");
    let _speaker = Launched::play(&format!(
        "audiotestsrc is-live=true freq=440 samplesperbuffer=320 ! audio/x-raw,rate=8000,channels=1 ! mulawenc \
         ! tutkaudiosink uid={uid} address=127.0.0.1:{port}"
    ));
    let mut end = None;
    let mut followed = 0;
    while followed < 20 {
        let sample = camera.pull().unwrap();
        let buffer = sample.buffer().unwrap();
        let (pts, duration) = (buffer.pts().unwrap(), buffer.duration().unwrap());
        let loud = buffer.map_readable().unwrap().as_chunks::<2>().0.iter().any(|s| i16::from_le_bytes(*s) > 5_000);
        followed = if loud && end == Some(pts) { followed + 1 } else { 0 };
        end = Some(pts + duration);
    }
}

#[test]
fn speech_goes_on_when_the_source_reconnects() {
    let camera = Listening::start("audio/x-raw,rate=8000,channels=1 ! mulawenc", "");
    let _intercom = Launched::play(&format!(
        "{} ! h264parse ! fakesink audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! tutkaudiosink {}",
        camera.source(),
        camera.address()
    ));
    camera.hears("audio/x-mulaw");
    camera.pipeline.set_state(gst::State::Null).unwrap();
    while camera.heard.try_recv().is_ok() {}
    camera.pipeline.set_state(gst::State::Playing).unwrap();
    camera.hears("audio/x-mulaw");
}

#[test]
fn speech_goes_on_when_its_own_session_was_lost() {
    let camera = Listening::start("audio/x-raw,rate=8000,channels=1 ! mulawenc", "");
    let speaker = Launched::play(&format!(
        "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! tutkaudiosink {}",
        camera.address()
    ));
    camera.hears("audio/x-mulaw");
    camera.pipeline.set_state(gst::State::Null).unwrap();
    speaker.wait_for(gst::MessageType::Warning);
    while camera.heard.try_recv().is_ok() {}
    camera.pipeline.set_state(gst::State::Playing).unwrap();
    camera.hears("audio/x-mulaw");
}

#[test]
fn a_pause_switches_the_speaker_off() {
    let camera = Listening::start("audio/x-raw,rate=8000,channels=1 ! mulawenc", "");
    let (sender, commands) = channel();
    let sender = Mutex::new(sender);
    camera.pipeline.element("sink").connect("io-control", false, move |args| {
        let _ = sender.lock().unwrap().send(args[2].get::<u32>().unwrap());
        Some(None::<gst::glib::Bytes>.to_value())
    });
    let speaker = Launched::play(&format!(
        "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! tutkaudiosink {}",
        camera.address()
    ));
    let wait_for = |kind| while commands.recv_timeout(LONG).expect("no such command") != kind {};
    for _ in 0..2 {
        wait_for(io_control::START_SPEAKER);
        speaker.set_state(gst::State::Paused).unwrap();
        wait_for(io_control::STOP_SPEAKER);
        speaker.set_state(gst::State::Playing).unwrap();
    }
    wait_for(io_control::START_SPEAKER);
    speaker.set_state(gst::State::Null).unwrap();
    wait_for(io_control::STOP_SPEAKER);
}

/// What the bus says of this kind.
fn text(pipeline: &Launched, kind: gst::MessageType) -> String {
    let message = pipeline.wait_for(kind);
    match message.view() {
        gst::MessageView::Error(error) => error.error().to_string(),
        gst::MessageView::Warning(warning) => warning.error().to_string(),
        _ => unreachable!(),
    }
}

const VOICE: &str = "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc";

#[test]
fn what_is_wrong_is_said() {
    let speaker = Launched::new(&format!("{VOICE} ! tutkaudiosink"));
    assert!(speaker.set_state(gst::State::Playing).is_err());
    assert!(text(&speaker, gst::MessageType::Error).contains("“uid” is not set"));

    let uid = common::uid();
    let speaker = Launched::play(&format!("{VOICE} ! tutkaudiosink session=shared timeout=100 uid={uid}"));
    assert!(text(&speaker, gst::MessageType::Error).contains("has no tutksrc with the UID"));

    // A camera that has a microphone, and no speaker.
    let camera = Listening::start("audio/x-raw,rate=8000,channels=1 ! mulawenc", "");
    camera.pipeline.set_state(gst::State::Null).unwrap();
    camera.pipeline.element("sink").set_property("speaker", false);
    camera.pipeline.set_state(gst::State::Playing).unwrap();
    let speaker = Launched::play(&format!("{VOICE} ! tutkaudiosink timeout=2000 {}", camera.address()));
    assert!(text(&speaker, gst::MessageType::Warning).contains("does not listen"));
    drop(speaker);

    camera.pipeline.set_state(gst::State::Null).unwrap();
    camera.pipeline.element("sink").set_property("password", "canary");
    camera.pipeline.set_state(gst::State::Playing).unwrap();
    let speaker = Launched::play(&format!("{VOICE} ! tutkaudiosink password=canaries {}", camera.address()));
    let text = text(&speaker, gst::MessageType::Error);
    assert!(text.contains("refused the password") && !text.contains("canar"), "{text}");
}

/// Waits are over when the state changes.
#[test]
fn a_sink_that_waits_stops_at_once() {
    common::init();
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    for session in ["own", "shared"] {
        let uid = common::uid();
        let speaker = Launched::play(&format!(
            "{VOICE} ! tutkaudiosink session={session} timeout=600000 uid={uid} address={address}"
        ));
        std::thread::sleep(Duration::from_millis(50));
        speaker.set_state(gst::State::Paused).unwrap();
        speaker.set_state(gst::State::Playing).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        // If it waited, the test would not end.
        speaker.set_state(gst::State::Null).unwrap();
    }
}
