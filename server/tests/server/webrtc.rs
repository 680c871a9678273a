//! WebRTC, watched by GStreamer: `scripts/test browser`.

use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Instant;
use std::{env, fs, thread};

use gst::prelude::*;
use gst_sdp::SDPMessage;
use gst_webrtc::{
    WebRTCICEGatheringState, WebRTCRTPTransceiver, WebRTCRTPTransceiverDirection, WebRTCSDPType,
    WebRTCSessionDescription,
};

use crate::common::{Camera, LONG, Launched, PASSWORD, Server, ask, init, lines};
use crate::rtsp::pull_pictures;

/// Somebody who watches by WHEP; pictures come out of `video`, sound out of `audio`.
pub struct Viewer {
    pub pipeline: Launched,
    /// What the server has answered.
    pub answer: String,
    /// What it is ended with.
    location: String,
}

impl Viewer {
    /// Asks with these headers, by a client whose audio goes through `audio`.
    pub fn start(server: &Server, camera: &str, headers: &str, audio: &str) -> Self {
        let elements = format!(
            "rtph264depay name=to-video ! h264parse ! avdec_h264 ! appsink name=video sync=false async=false \
             {audio} ! appsink name=audio sync=false async=false"
        );
        Self::with(server, camera, headers, &elements)
    }

    /// With other elements behind `to-video` and `to-audio`.
    pub fn with(server: &Server, camera: &str, headers: &str, elements: &str) -> Self {
        Self::at(server.page(), camera, headers, elements)
    }

    fn at(server: (&str, u16), camera: &str, headers: &str, elements: &str) -> Self {
        init();
        let pipeline = Launched::play(&format!("webrtcbin name=rtc bundle-policy=max-bundle {elements}"));
        let rtc = pipeline.0.by_name("rtc").unwrap();
        let of = |text: &str| text.parse::<gst::Caps>().unwrap();
        for caps in [
            of(
                "application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000,packetization-mode=(string)1",
            ),
            of(
                "application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,encoding-params=(string)2; \
                application/x-rtp,media=audio,encoding-name=PCMU,payload=0,clock-rate=8000",
            ),
        ] {
            let direction = WebRTCRTPTransceiverDirection::Recvonly;
            rtc.emit_by_name::<WebRTCRTPTransceiver>("add-transceiver", &[&direction, &caps]);
        }
        let to = pipeline.0.downgrade();
        rtc.connect_pad_added(move |_, pad| {
            let (Some(pipeline), Some(caps)) = (to.upgrade(), pad.current_caps()) else { return };
            let media = caps.structure(0).unwrap().get::<&str>("media").unwrap();
            let element = pipeline.by_name(&format!("to-{media}")).unwrap();
            pad.link(&element.static_pad("sink").unwrap()).unwrap();
        });
        let offer = offer(&rtc);
        let answer = ask(server, &format!("POST /whep/{camera} HTTP/1.1\r\nHost: localhost\r\n{headers}"), &offer);
        assert_eq!(answer.status, 201, "{answer:?} to {offer}");
        let location = answer.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap().to_owned();
        let answer = answer.text();
        let sdp = SDPMessage::parse_buffer(answer.as_bytes()).unwrap();
        let sdp = WebRTCSessionDescription::new(WebRTCSDPType::Answer, sdp);
        promised(|promise| rtc.emit_by_name::<()>("set-remote-description", &[&sdp, promise]));
        Self { pipeline, answer, location }
    }

    /// Leaves as a page does.
    pub fn leave(self, server: &Server) {
        let answer = server.ask(&format!("DELETE {} HTTP/1.1\r\nHost: localhost\r\n", self.location), "");
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Where the server says that it can be reached.
    fn candidates(&self) -> Vec<IpAddr> {
        let lines = self.answer.lines().filter_map(|line| line.strip_prefix("a=candidate:"));
        lines.map(|line| line.split(' ').nth(4).unwrap().parse().unwrap()).collect()
    }
}

/// What is offered, with all addresses of the client.
fn offer(rtc: &gst::Element) -> String {
    let (gathered, gathering) = channel();
    rtc.connect_notify(Some("ice-gathering-state"), move |rtc, _| {
        if rtc.property::<WebRTCICEGatheringState>("ice-gathering-state") == WebRTCICEGatheringState::Complete {
            let _ = gathered.send(());
        }
    });
    let offer = promised(|promise| rtc.emit_by_name::<()>("create-offer", &[&None::<gst::Structure>, promise]));
    let offer: WebRTCSessionDescription = offer.unwrap().get("offer").unwrap();
    promised(|promise| rtc.emit_by_name::<()>("set-local-description", &[&offer, promise]));
    gathering.recv_timeout(LONG).unwrap();
    rtc.property::<WebRTCSessionDescription>("local-description").sdp().as_text().unwrap()
}

fn promised(act: impl FnOnce(&gst::Promise)) -> Option<gst::Structure> {
    let promise = gst::Promise::new();
    act(&promise);
    assert_eq!(promise.wait(), gst::PromiseResult::Replied);
    promise.get_reply().map(|reply| reply.to_owned())
}

/// The addresses of the server's UDP sockets.
fn udp_addresses(server: &Server) -> Vec<IpAddr> {
    let process = Path::new("/proc").join(server.process().to_string());
    let sockets = fs::read_dir(process.join("fd")).unwrap().flatten().filter_map(|fd| {
        let link = fs::read_link(fd.path()).ok()?.display().to_string();
        Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    });
    let sockets: Vec<_> = sockets.collect();
    let of_file = |name: &str| fs::read_to_string(process.join("net").join(name)).unwrap_or_default();
    let (udp, udp6) = (of_file("udp"), of_file("udp6"));
    let lines = udp.lines().skip(1).chain(udp6.lines().skip(1)).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let ours = lines.filter(|line| sockets.iter().any(|socket| Some(&socket.as_str()) == line.get(9)));
    // Words of 32 bits in the order of this host.
    let address = |hex: &str| match hex.len() {
        8 => IpAddr::from(u32::from_str_radix(hex, 16).unwrap().to_ne_bytes()),
        _ => IpAddr::from(u128::from_str_radix(hex, 16).unwrap().to_be_bytes()),
    };
    let mut all: Vec<_> = ours.map(|line| address(line[1].split(':').next().unwrap())).collect();
    all.sort_unstable();
    all
}

const OPUS: &str = "rtpopusdepay name=to-audio ! opusdec ! audioconvert ! audio/x-raw,format=S16LE";
/// Sounds of cameras that no browser plays.
pub const PCM: &str = "audiotestsrc is-live=true samplesperbuffer=320 ! audio/x-raw,format=S16LE,rate=8000,channels=1";
pub const AAC: &str = "audiotestsrc is-live=true samplesperbuffer=1024 ! audio/x-raw,rate=16000,channels=1 ! avenc_aac ! aacparse \
                       ! audio/mpeg,stream-format=adts";
const MULAW: &str = "rtppcmudepay name=to-audio ! mulawdec";

#[test]
#[ignore = "needs gstreamer1.0-nice: scripts/test browser"]
fn webrtc_is_where_the_page_is_and_nowhere_else() {
    let camera = Camera::start();
    let login = format!("[login]\nuser = \"me\"\npassword = \"{PASSWORD}\"\n");
    let settings = camera.section("door", PASSWORD) + &login;
    let authorization = gst::glib::base64_encode(format!("me:{PASSWORD}").as_bytes());
    let headers = format!("Authorization: Basic {authorization}\r\n");
    // The address of the test network's veth; where no network could be made there is none.
    let lan = "10.77.0.1";
    let has_lan = std::net::UdpSocket::bind((lan, 0)).is_ok();
    for host in ["127.0.0.1", lan].into_iter().take(if has_lan { 2 } else { 1 }) {
        let server = Server::start_at(host, &settings, "", "");
        pull_pictures(&server.watch("door", &format!("me:{PASSWORD}@"), "protocols=tcp"), 1);
        let before = udp_addresses(&server);
        let viewer = Viewer::start(&server, "door", &headers, MULAW);
        let host: IpAddr = host.parse().unwrap();
        let candidates = viewer.candidates();
        assert!(!candidates.is_empty() && candidates.iter().all(|address| *address == host), "{}", viewer.answer);
        pull_pictures(&viewer.pipeline, 3);
        viewer.pipeline.pull("audio").unwrap();
        let sockets = udp_addresses(&server);
        // Those of the camera's session and of discovery were there before.
        let others = before.iter().filter(|address| **address != host);
        assert!(sockets.iter().filter(|address| **address != host).eq(others), "{before:?} {sockets:?}");
        assert!(sockets.len() > before.len(), "{before:?} {sockets:?}");
        drop(viewer);
        drop(server);
    }
}

/// What browsers do not play comes as Opus.
#[test]
#[ignore = "needs gstreamer1.0-nice: scripts/test browser"]
fn other_sound_is_opus() {
    for sound in [PCM, AAC] {
        let camera = Camera::sounding(sound);
        let server = Server::start(&camera.section("door", PASSWORD));
        let viewer = Viewer::start(&server, "door", "", OPUS);
        pull_pictures(&viewer.pipeline, 3);
        // A decoder of Opus begins softly.
        let is_loud = (0..200).any(|_| {
            let sample = viewer.pipeline.pull("audio").expect("the sound ended");
            let bytes = sample.buffer().unwrap().map_readable().unwrap();
            bytes.chunks_exact(2).any(|two| i16::from_le_bytes([two[0], two[1]]).unsigned_abs() > 5_000)
        });
        assert!(is_loud, "{sound}");
    }
}

#[test]
#[ignore = "takes long: scripts/test browser"]
fn a_camera_can_send_sound_alone() {
    let camera = Camera::blind();
    let server = Server::start(&camera.section("door", PASSWORD));
    let player = server.watch("door", "", "protocols=tcp");
    player.pull("audio").expect("no sound by RTSP");
    let status = server.get("/api/cameras/door").json();
    assert_eq!((&status["video"], status["audio"].is_string()), (&serde_json::Value::Null, true), "{status}");
    let viewer = Viewer::start(&server, "door", "", MULAW);
    viewer.pipeline.pull("audio").expect("no sound by WebRTC");
    let refused = server.get("/api/cameras/door/snapshot.jpg");
    assert!(refused.status == 503 && refused.text().contains("sound alone"), "{refused:?}");
    // No session was given up for want of a picture.
    player.pull("audio").expect("the sound ended");
    assert_eq!(server.get("/api/cameras/door").json()["stats"]["reconnects"], 0);
}

/// The port of the page that another process watches.
const VICTIM: &str = "TUTK_TEST_VICTIM";

#[test]
#[ignore = "is run by the next one"]
fn victim() {
    let Ok(port) = env::var(VICTIM) else { return };
    let elements =
        "rtph264depay name=to-video ! fakesink async=false rtppcmudepay name=to-audio ! fakesink async=false";
    let viewer = Viewer::at(("127.0.0.1", port.parse().unwrap()), "door", "", elements);
    println!("\nwatches");
    viewer.pipeline.error();
}

#[test]
#[ignore = "needs gstreamer1.0-nice: scripts/test browser"]
fn a_viewer_that_vanishes_is_none_any_more() {
    use nix::sys::signal::{Signal, kill};
    let camera = Camera::start();
    let server = Server::start(&camera.section("door", PASSWORD));
    let viewers = || server.get("/api/cameras/door").json()["viewers"].as_u64().unwrap();
    // A process that is gone, and a computer that does not answer any more.
    for signal in [Signal::SIGKILL, Signal::SIGSTOP] {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "webrtc::victim"])
            .env(VICTIM, server.http.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = lines(process.stdout.take().unwrap());
        while out.recv_timeout(LONG).expect("it never watches") != "watches" {}
        server.wait_for_state("door", &["playing"]);
        assert_eq!(viewers(), 1);
        kill(nix::unistd::Pid::from_raw(process.id().try_into().unwrap()), signal).unwrap();
        let begin = Instant::now();
        while viewers() > 0 && begin.elapsed() < 2 * LONG {
            thread::yield_now();
        }
        let (left, elapsed) = (viewers(), begin.elapsed());
        let _ = process.kill();
        process.wait().unwrap();
        assert_eq!(left, 0, "{signal}");
        println!("gone {} s after {signal}", elapsed.as_secs());
    }
}
