//! The example `rtsp_server`, as a process of its own.

mod common;
// The server's main function is this test program's.
#[allow(dead_code, unreachable_pub, missing_docs, reason = "it is a program")]
#[path = "../examples/rtsp_server/main.rs"]
mod program;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use common::pictures::{Launched, TestPictureCamera};
use common::{Camera, Event, H264};
use gst::prelude::*;

/// A lost camera is noticed after half a minute, and the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(180);
const PASSWORD: &str = "kanarienvogel";
const WRONG: &str = "kanarienvogel-wrong";

#[test]
#[ignore = "the server itself; the tests start it as a process of its own"]
fn server() {
    let arguments = env::var("SERVER_ARGUMENTS").unwrap();
    let _ = program::run(arguments.split_whitespace().map(String::from));
}

struct Server {
    process: Child,
    out: Receiver<String>,
    log: Receiver<String>,
    /// The folder of passwords.
    passwords: PathBuf,
}

impl Server {
    /// With these arguments, passwords of cameras in files, and a password in the environment.
    fn start(arguments: &str, files: &[(&str, &str)], password: Option<&str>) -> Self {
        let passwords = env::temp_dir().join(format!("tutk-rtsp-{}", common::uid()));
        fs::create_dir(&passwords).unwrap();
        for (uid, password) in files {
            fs::write(passwords.join(format!("password_{uid}")), format!("{password}\n")).unwrap();
        }
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--ignored", "--exact", "server", "--nocapture"])
            .env("SERVER_ARGUMENTS", arguments)
            .env("CREDENTIALS_DIRECTORY", &passwords)
            .env_remove("TUTK_PASSWORD")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(password) = password {
            command.env("TUTK_PASSWORD", password);
        }
        let mut process = command.spawn().unwrap();
        let (out, log) = (lines(process.stdout.take().unwrap()), lines(process.stderr.take().unwrap()));
        Self { process, out, log, passwords }
    }

    /// Its port, which it has told with the address of this camera.
    fn port(&self, uid: &str) -> u16 {
        let url = line_with(&self.out, uid);
        url.split(['/', ':']).find_map(|part| part.parse().ok()).unwrap_or_else(|| panic!("no port is in {url}"))
    }

    /// All that is in its log, when the server has ended.
    fn ended_log(self) -> Vec<String> {
        self.log.iter().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.passwords);
    }
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            assert!(!line.contains(PASSWORD), "a password is shown");
            let _ = sender.send(line);
        }
    });
    lines
}

/// The next line with this in it.
fn line_with(lines: &Receiver<String>, text: &str) -> String {
    let mut others = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) if line.contains(text) => return line,
            Ok(line) => others.push(line),
            Err(error) => panic!("no line has “{text}” ({error}): {others:#?}"),
        }
    }
}

/// Asks as a client does that wants to watch; the answer comes when the camera has been connected.
fn ask(port: u16, uid: &str) -> BufReader<TcpStream> {
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(client, "DESCRIBE rtsp://127.0.0.1:{port}/{uid} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n")
        .unwrap();
    BufReader::new(client)
}

/// The first line of the answer.
fn answer(client: &mut BufReader<TcpStream>) -> String {
    let mut answer = String::new();
    client.read_line(&mut answer).unwrap();
    answer.trim_end().into()
}

fn watch(port: u16, uid: &str) -> Launched {
    Launched::play(&format!(
        "rtspsrc location=rtsp://127.0.0.1:{port}/{uid} protocols=tcp latency=0 \
         ! rtph264depay ! h264parse ! avdec_h264 ! appsink name=out sync=false"
    ))
}

/// Waits until the server ends this client.
fn wait_for_end(client: &Launched) {
    let pictures = client.element("out").downcast::<gst_app::AppSink>().unwrap();
    let bus = client.bus().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !pictures.is_eos() && bus.pop_filtered(&[gst::MessageType::Error]).is_none() {
        let _ = pictures.try_pull_sample(gst::ClockTime::from_mseconds(100));
        assert!(Instant::now() < deadline, "the client still waits for pictures");
    }
}

#[test]
fn it_says_how_it_is_used() {
    let server = Server::start("--help", &[], None);
    for wanted in ["usage: rtsp_server [PORT] [UID]...", "TUTK_PASSWORD", "password_UID"] {
        line_with(&server.out, wanted);
    }
    let log = Server::start("8554 ABC", &[], None).ended_log();
    assert!(matches!(&log[..], [line] if line.contains("“ABC”") && line.contains("--help")), "{log:#?}");
}

#[test]
fn a_port_in_use_is_one_line() {
    let other = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let log = Server::start(&port, &[], None).ended_log();
    assert!(matches!(&log[..], [line] if line.contains(&port) && line.contains("in use")), "{log:#?}");
}

#[test]
fn passwords_go_to_named_cameras_only() {
    let by_file = TestPictureCamera::with_login("admin", PASSWORD);
    let by_argument = TestPictureCamera::with_login("admin", "another");
    let not_named = Camera::start(H264);
    let server = Server::start(&format!("0 {}", by_argument.uid), &[(&by_file.uid, PASSWORD)], Some("another"));
    let port = server.port("rtsp://");
    let found = line_with(&server.out, &not_named.uid);
    assert!(found.contains("not served") && found.contains("--help"), "{found}");
    assert_eq!(answer(&mut ask(port, &not_named.uid)), "RTSP/1.0 404 Not Found");

    let watchers: Vec<_> = [&by_file, &by_argument].iter().map(|camera| watch(port, &camera.uid)).collect();
    for watcher in watchers {
        watcher.pull_pictures(10);
    }
    // A login would have been told.
    assert!(not_named.events.try_iter().all(|event| event == Event::KeyAsked));
}

/// The description that a client gets.
fn description(port: u16, uid: &str, camera: &str) -> Vec<String> {
    let mut client = ask(port, uid);
    assert_eq!(answer(&mut client), "RTSP/1.0 200 OK", "{camera}");
    let mut lines = client.lines().map(Result::unwrap);
    let length = lines.by_ref().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok()).unwrap();
    let mut read = 0;
    let begin = lines.skip_while(|line| !line.is_empty()).skip(1);
    let body = begin.take_while(|line| {
        read += line.len() + 2;
        read < length
    });
    body.collect()
}

#[test]
fn a_camera_without_a_microphone_is_described_without_one() {
    let camera = TestPictureCamera::start();
    let server = Server::start(&format!("0 {}", camera.uid), &[], None);
    let description = description(server.port(&camera.uid), &camera.uid, "without audio");
    let media: Vec<_> = description.iter().filter(|line| line.starts_with("m=")).collect();
    assert!(matches!(&media[..], [line] if line.starts_with("m=video")), "{description:#?}");
}

#[test]
fn audio_is_served_as_the_camera_sends_it_if_rtp_has_it() {
    const MONO: &str = "audioconvert ! audio/x-raw,rate=16000,channels=1";
    let telephone = MONO.replace("16000", "8000");
    for (elements, map, is_transcoded) in [
        (format!("{telephone} ! mulawenc"), "PCMU/8000", false),
        (format!("{telephone} ! alawenc"), "PCMA/8000", false),
        (format!("{MONO} ! mulawenc"), "PCMU/8000", true),
        (format!("{MONO} ! avenc_aac ! aacparse ! audio/mpeg,stream-format=adts"), "MPEG4-GENERIC/16000", false),
        (format!("{MONO} ! avenc_aac ! audio/mpeg,stream-format=raw"), "MPEG4-GENERIC/16000", false),
        (format!("{MONO},format=S16LE"), "L16/16000", false),
        (format!("{telephone} ! adpcmenc layout=dvi blockalign=256"), "PCMU/8000", true),
        (format!("{MONO} ! speexenc"), "PCMU/8000", true),
        ("audio/x-raw,rate=48000,channels=1 ! audioconvert ! opusenc".into(), "OPUS/48000", false),
    ] {
        let uid = common::uid();
        let camera = Launched::play(&format!(
            "tutkmux name=mux ! tutksink uid={uid} videotestsrc is-live=true ! video/x-raw,format=I420,framerate=30/1 \
             ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse config-interval=-1 ! queue \
             ! mux.video audiotestsrc is-live=true samplesperbuffer=320 ! {elements} ! queue ! mux.audio"
        ));
        let server = Server::start(&format!("0 {uid}"), &[], None);
        let port = server.port(&uid);
        let description = description(port, &uid, &elements);
        assert!(description.iter().any(|line| line.contains(map)), "{elements}: {description:#?}");
        if is_transcoded {
            line_with(&server.log, "G.711");
        }
        let client = Launched::new(&format!(
            "rtspsrc location=rtsp://127.0.0.1:{port}/{uid} protocols=tcp latency=0 name=src \
             rtph264depay name=video ! h264parse ! appsink name=out sync=false \
             decodebin name=audio ! appsink name=sound sync=false"
        ));
        // Links of a description with filters get into each other's way where two pads come at the same time.
        let targets = ["video", "audio"].map(|media| (media, client.element(media).static_pad("sink").unwrap()));
        client.element("src").connect_pad_added(move |_, pad| {
            let caps = pad.current_caps().unwrap();
            let media = caps.structure(0).unwrap().get::<&str>("media").unwrap();
            let (_, target) = targets.iter().find(|(name, _)| *name == media).unwrap();
            pad.link(target).unwrap();
        });
        client.set_state(gst::State::Playing).unwrap();
        client.pull().unwrap();
        let sound = client.element("sound").downcast::<gst_app::AppSink>().unwrap();
        let sample = sound.try_pull_sample(gst::ClockTime::try_from(common::LONG).unwrap());
        assert!(
            sample.is_some(),
            "{elements}: no sound, but {:?}",
            client.bus().unwrap().pop_filtered(&[gst::MessageType::Error])
        );
        drop((client, camera));
    }
}

#[test]
fn one_session_serves_all_clients() {
    let camera = TestPictureCamera::start();
    let server = Server::start(&format!("0 {}", camera.uid), &[], None);
    let port = server.port(&camera.uid);
    let first = watch(port, &camera.uid);
    first.pull_pictures(10);
    let second = watch(port, &camera.uid);
    // It begins between two key frames.
    second.pull_until_shown();
    second.pull_pictures(10);
    drop(second);
    first.pull_pictures(30);
}

#[test]
fn a_client_that_comes_when_the_last_one_leaves_is_served() {
    let camera = TestPictureCamera::start();
    let server = Server::start(&format!("0 {}", camera.uid), &[], None);
    let port = server.port(&camera.uid);
    // As a recorder does, which looks first at what there is. GStreamer's server can refuse one in the moment between that
    // it finds a pipeline and uses it, but not each second one, all the time that a pipeline takes to stop.
    let answers: Vec<_> = (0..30).map(|_| answer(&mut ask(port, &camera.uid))).collect();
    let refused = answers.iter().filter(|answer| *answer != "RTSP/1.0 200 OK").count();
    assert!(refused < 5, "{answers:#?}");
}

#[test]
fn a_wrong_password_is_one_line() {
    let camera = TestPictureCamera::with_login("admin", PASSWORD);
    let server = Server::start("0", &[(&camera.uid, WRONG)], Some(PASSWORD));
    let port = server.port(&camera.uid);
    // Clients come again and again.
    for _ in 0..3 {
        let answer = answer(&mut ask(port, &camera.uid));
        assert!(answer.starts_with("RTSP/1.0 5"), "{answer}");
    }
    let line = line_with(&server.log, &camera.uid);
    let file = server.passwords.join(format!("password_{}", camera.uid));
    assert!(line.contains("refused the password") && line.contains(file.to_str().unwrap()), "{line}");
    assert_eq!(server.log.try_iter().collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_file_of_a_password_can_have_properties_in_its_second_line() {
    const ENR: &str = "kanarienvogel-enr-012345";
    let camera = TestPictureCamera::with_login("admin", ENR);
    camera.stop();
    camera.sink().set_property_from_str("brand", "wyze");
    camera.sink().set_property("mac", "AABBCCDDEEFF");
    camera.restart(0);
    let server = Server::start("0", &[(&camera.uid, &format!("{ENR}\nbrand=wyze&mac=AABBCCDDEEFF"))], None);
    let client = watch(server.port(&camera.uid), &camera.uid);
    client.pull_until_shown();
    drop((client, server));
    // The MAC address of another one.
    let uid = &camera.uid;
    let server = Server::start(&format!("0 {uid}?brand=wyze&mac=AABBCCDDEE00"), &[], Some(ENR));
    let answer = answer(&mut ask(server.port(uid), uid));
    assert!(answer.starts_with("RTSP/1.0 5"), "{answer}");
    let line = line_with(&server.log, uid);
    assert!(line.contains("ENR and its MAC"), "{line}");
}

#[test]
fn a_client_that_comes_before_the_camera_waits() {
    let camera = TestPictureCamera::start();
    camera.stop();
    let server = Server::start("0", &[(&camera.uid, "")], None);
    let port = server.port(&camera.uid);
    let mut client = ask(port, &camera.uid);
    // The camera is missed, once, and then it is switched on.
    let line = line_with(&server.log, &camera.uid);
    assert!(line.contains("was not found") && line.contains("switched on"), "{line}");
    camera.restart(0);
    let answer = loop {
        match answer(&mut client) {
            // No server lets a client wait for longer than 20 s; this one comes again.
            refusal if refusal.starts_with("RTSP/1.0 503") => client = ask(port, &camera.uid),
            answer => break answer,
        }
    };
    assert_eq!(answer, "RTSP/1.0 200 OK");
    watch(port, &camera.uid).pull_pictures(10);
}

#[test]
fn a_camera_that_is_gone_ends_its_clients() {
    let (camera, other) = (TestPictureCamera::start(), TestPictureCamera::start());
    let server = Server::start(&format!("0 {} {}", camera.uid, other.uid), &[], None);
    let port = server.port("rtsp://");
    let (client, clients_of_other) = (watch(port, &camera.uid), watch(port, &other.uid));
    client.pull_pictures(10);
    clients_of_other.pull_pictures(10);
    // It says that it knows this camera, and never asks for the picture.
    let mut idle = ask(port, &camera.uid);
    camera.stop();
    wait_for_end(&client);
    let line = line_with(&server.log, &camera.uid);
    assert!(line.contains("closed the session"), "{line}");

    camera.restart(0);
    watch(port, &camera.uid).pull_pictures(10);
    clients_of_other.pull_pictures(10);
    assert_eq!(answer(&mut idle), "RTSP/1.0 200 OK");
}

#[test]
fn a_camera_that_stalls_ends_its_clients() {
    let camera = TestPictureCamera::start();
    let server = Server::start(&format!("0 {}", camera.uid), &[], None);
    let port = server.port(&camera.uid);
    let client = watch(port, &camera.uid);
    client.pull_pictures(10);
    camera.stall();
    wait_for_end(&client);
    line_with(&server.log, &camera.uid);
    assert!(matches!(server.log.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout)));
}
