//! A camera in this process, the server in one of its own, and clients.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use gst::prelude::*;
use serde_json::Value;

use crate::port::port;

/// Far longer than anything takes that works.
pub const LONG: Duration = Duration::from_secs(20);
/// Of cameras and of the login; no output of the server has it.
pub const PASSWORD: &str = "kanarienvogel";

const PICTURE: &str = "videotestsrc pattern=smpte100 is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=15/1 \
                       ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse config-interval=-1";
const SOUND: &str = "audiotestsrc is-live=true samplesperbuffer=320 ! audio/x-raw,rate=8000,channels=1 ! mulawenc";

pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        gst::init().unwrap();
        gsttutk::plugin_register_static().unwrap();
    });
}

/// A word that no other test has.
pub fn unique() -> String {
    let mut random = [0; 20];
    getrandom::fill(&mut random).unwrap();
    random.iter().map(|byte| char::from(b'A' + byte % 26)).collect()
}

/// A pipeline that is stopped when it goes out of scope.
pub struct Launched(pub gst::Pipeline);

impl Launched {
    pub fn play(description: &str) -> Self {
        init();
        let launched = Self(gst::parse::launch(description).unwrap().downcast().unwrap());
        launched.0.set_state(gst::State::Playing).unwrap();
        launched
    }

    /// The next sample of this `appsink`; none at its end.
    pub fn pull(&self, name: &str) -> Option<gst::Sample> {
        let sink = self.0.by_name(name).unwrap().downcast::<gst_app::AppSink>().unwrap();
        let sample = sink.try_pull_sample(gst::ClockTime::try_from(LONG).unwrap());
        if sample.is_none() && !sink.is_eos() {
            panic!("nothing came; the bus says {:?}", self.0.bus().unwrap().pop_filtered(&[gst::MessageType::Error]));
        }
        sample
    }

    /// Waits for the error that ends it.
    pub fn error(&self) -> String {
        let timeout = gst::ClockTime::try_from(LONG).unwrap();
        let message = self.0.bus().unwrap().timed_pop_filtered(timeout, &[gst::MessageType::Error]);
        match message.expect("no error came").view() {
            gst::MessageView::Error(error) => format!("{} {}", error.error(), error.debug().unwrap_or_default()),
            _ => unreachable!(),
        }
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        let _ = self.0.set_state(gst::State::Null);
    }
}

/// A camera with picture and sound, and a password.
pub struct Camera {
    pub uid: String,
    pub pipeline: Launched,
}

impl Camera {
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// With more properties of `tutksink`.
    pub fn start_with(more: &str) -> Self {
        Self::build(more, &format!("{PICTURE} ! queue ! mux.video"), SOUND)
    }

    /// With another sound.
    pub fn sounding(sound: &str) -> Self {
        Self::build("", &format!("{PICTURE} ! queue ! mux.video"), sound)
    }

    /// With another picture.
    pub fn seeing(picture: &str) -> Self {
        Self::build("speaker=true", &format!("{picture} ! queue ! mux.video"), SOUND)
    }

    /// Without a picture.
    pub fn blind() -> Self {
        Self::build("", "", SOUND)
    }

    fn build(more: &str, picture: &str, sound: &str) -> Self {
        let uid = unique();
        let pipeline = Launched::play(&format!(
            "tutkmux name=mux ! tutksink name=sink sync=false uid={uid} port={} password={PASSWORD} {more} {picture} \
             {sound} ! valve name=sound ! queue ! mux.audio",
            port()
        ));
        Self { uid, pipeline }
    }

    pub fn sink(&self) -> gst::Element {
        self.pipeline.0.by_name("sink").unwrap()
    }

    /// Where it is. Other tests' cameras do not hear of it.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.sink().property::<u32>("current-port"))
    }

    /// How many sessions it has.
    pub fn on_viewer(&self) -> Receiver<()> {
        let (sender, viewers) = channel();
        let sender = std::sync::Mutex::new(sender);
        self.sink().connect("viewer-added", false, move |_| {
            let _ = sender.lock().unwrap().send(());
            None
        });
        viewers
    }

    /// The types of the IO controls that it gets.
    pub fn on_io_control(&self) -> Receiver<(u32, Vec<u8>)> {
        let (sender, controls) = channel();
        let sender = std::sync::Mutex::new(sender);
        self.sink().connect("io-control", false, move |args| {
            let body = args[3].get::<gst::glib::Bytes>().unwrap().to_vec();
            let _ = sender.lock().unwrap().send((args[2].get().unwrap(), body));
            Some(None::<gst::glib::Bytes>.to_value())
        });
        controls
    }

    /// What it hears through a speaker.
    pub fn on_speech(&self) -> Receiver<Vec<u8>> {
        let (sender, heard) = channel();
        let sender = std::sync::Mutex::new(sender);
        self.sink().connect("talk-sample", false, move |args| {
            let sample = args[2].get::<gst::Sample>().unwrap();
            let _ = sender.lock().unwrap().send(sample.buffer().unwrap().map_readable().unwrap().to_vec());
            None
        });
        heard
    }

    /// Whether its microphone works.
    pub fn set_sound(&self, works: bool) {
        self.pipeline.0.by_name("sound").unwrap().set_property("drop", !works);
    }

    /// Switches it off; viewers are told.
    pub fn stop(&self) -> u32 {
        let port = self.sink().property("current-port");
        self.pipeline.0.set_state(gst::State::Null).unwrap();
        port
    }

    /// Switches it on where it was.
    pub fn restart(&self, port: u32) {
        self.sink().set_property("port", port);
        self.pipeline.0.set_state(gst::State::Playing).unwrap();
    }

    /// Its section in the settings.
    pub fn section(&self, name: &str, password: &str) -> String {
        format!(
            "[cameras.{name}]\nuid = \"{}\"\naddress = \"{}\"\npassword = \"{password}\"\n",
            self.uid,
            self.address()
        )
    }
}

/// The server as a process.
pub struct Server {
    process: Child,
    pub out: Receiver<String>,
    pub log: Receiver<String>,
    settings: PathBuf,
    state: PathBuf,
    host: &'static str,
    pub http: u16,
    pub rtsp: u16,
}

impl Server {
    /// With these settings, on ports of its own.
    pub fn start(settings: &str) -> Self {
        Self::start_with(settings, "")
    }

    /// With more in the section `[http]`.
    pub fn start_with(settings: &str, http: &str) -> Self {
        Self::start_with_both(settings, http, "")
    }

    /// With more in the sections `[http]` and `[rtsp]`.
    pub fn start_with_both(settings: &str, http: &str, rtsp: &str) -> Self {
        Self::start_at("127.0.0.1", settings, http, rtsp)
    }

    /// At another address of this host.
    pub fn start_at(host: &'static str, settings: &str, http: &str, rtsp: &str) -> Self {
        init();
        let file = env::temp_dir().join(format!("tutk-server-{}.toml", unique()));
        let text = format!("[http]\nlisten = \"{host}:0\"\n{http}\n[rtsp]\nlisten = \"{host}:0\"\n{rtsp}\n{settings}");
        fs::write(&file, text).unwrap();
        let state = file.with_extension("state");
        let mut process = Command::new(env!("CARGO_BIN_EXE_tutk-server"))
            .arg("--config")
            .arg(&file)
            .arg("--state")
            .arg(&state)
            .env_remove("CREDENTIALS_DIRECTORY")
            // Whatever it holds is for nobody here.
            .env("TUTK_PASSWORD", "wrong")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (out, log) = (lines(process.stdout.take().unwrap()), lines(process.stderr.take().unwrap()));
        let mut server = Self { process, out, log, settings: file, state, host, http: 0, rtsp: 0 };
        server.http = port_of(&server.line("http"));
        server.rtsp = port_of(&server.line("RTSP: "));
        server
    }

    /// The next line of its output with this in it.
    pub fn line(&self, text: &str) -> String {
        line_with(&self.out, text, &self.log)
    }

    /// The next line of its log with this in it.
    pub fn logged(&self, text: &str) -> String {
        line_with(&self.log, text, &self.out)
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// Has it read other settings.
    pub fn reload(&self, change: impl FnOnce(&str) -> String) {
        let text = fs::read_to_string(&self.settings).unwrap();
        fs::write(&self.settings, change(&text)).unwrap();
        let process = nix::unistd::Pid::from_raw(self.process.id().try_into().unwrap());
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGHUP).unwrap();
    }

    /// Ends it as systemd does.
    pub fn end(&mut self) {
        let process = nix::unistd::Pid::from_raw(self.process.id().try_into().unwrap());
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(self.process.wait().unwrap().success());
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n"), "")
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(&format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n"), body)
    }

    /// Sends this head, with what each request needs.
    pub fn ask(&self, head: &str, body: &str) -> Answer {
        ask((self.host, self.http), head, body)
    }

    /// Where its page is.
    pub fn page(&self) -> (&'static str, u16) {
        (self.host, self.http)
    }

    /// The camera's state, as soon as it is one of these.
    pub fn wait_for_state(&self, camera: &str, states: &[&str]) -> Value {
        let deadline = Instant::now() + LONG;
        loop {
            let status = self.get(&format!("/api/cameras/{camera}")).json();
            if states.contains(&status["state"].as_str().unwrap()) {
                return status;
            }
            assert!(Instant::now() < deadline, "{status}");
            thread::yield_now();
        }
    }

    /// The list of cameras, whenever it changes.
    pub fn events(&self) -> Events {
        let mut client = TcpStream::connect(("127.0.0.1", self.http)).unwrap();
        client.set_read_timeout(Some(LONG)).unwrap();
        write!(client, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        Events(BufReader::new(client))
    }

    /// Watches a camera by RTSP; pictures come out of `video`, sound out of `audio`.
    pub fn watch(&self, camera: &str, login: &str, more: &str) -> Launched {
        self.watch_by("rtsp", camera, login, more)
    }

    /// The same by another scheme.
    pub fn watch_by(&self, scheme: &str, camera: &str, login: &str, more: &str) -> Launched {
        init();
        let pipeline = gst::parse::launch(&format!(
            "rtspsrc location={scheme}://{login}{}:{}/{camera} latency=0 {more} name=source \
             rtph264depay name=to-video ! h264parse ! avdec_h264 ! appsink name=video sync=false async=false \
             rtppcmudepay name=to-audio ! mulawdec ! appsink name=audio sync=false async=false",
            self.host, self.rtsp
        ));
        let launched = Launched(pipeline.unwrap().downcast().unwrap());
        // Links of a description with filters get into each other's way where two pads come at the same time.
        let pipeline = launched.0.downgrade();
        launched.0.by_name("source").unwrap().connect_pad_added(move |_, pad| {
            let (Some(pipeline), Some(caps)) = (pipeline.upgrade(), pad.current_caps()) else { return };
            let media = caps.structure(0).unwrap().get::<&str>("media").unwrap();
            let element = pipeline.by_name(&format!("to-{media}")).unwrap();
            pad.link(&element.static_pad("sink").unwrap()).unwrap();
        });
        launched.0.set_state(gst::State::Playing).unwrap();
        launched
    }
}

/// Sends this head to this server, with what each request needs.
pub fn ask(server: (&str, u16), head: &str, body: &str) -> Answer {
    let mut client = TcpStream::connect(server).unwrap();
    client.set_read_timeout(Some(LONG)).unwrap();
    write!(client, "{head}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    Answer::parse(&answer)
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_file(&self.settings);
        let _ = fs::remove_dir_all(&self.state);
    }
}

/// Server-sent events.
pub struct Events(BufReader<TcpStream>);

impl Events {
    /// What is said of a camera as soon as it is in this state.
    pub fn wait_for(&mut self, camera: &str, state: &str) -> Value {
        let mut line = String::new();
        let mut seen = Vec::new();
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap_or_else(|error| panic!("never {state} ({error}): {seen:#?}"));
            assert!(!line.contains(PASSWORD), "a password is shown");
            let Some(list) = line.strip_prefix("data: ") else { continue };
            let mut list: Value = serde_json::from_str(list).unwrap();
            let all = list["cameras"].as_array_mut().unwrap();
            if let Some(found) = all.iter_mut().find(|found| found["name"] == camera) {
                if found["state"] == state {
                    return found.take();
                }
                seen.push(found.take());
            }
        }
    }
}

/// An answer of HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(!head.contains(PASSWORD));
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    pub fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        assert!(!text.contains(PASSWORD), "a password is shown: {text}");
        text
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// What is written there, line by line; none has a password.
pub fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            assert!(!line.contains(PASSWORD), "a password is shown");
            let _ = sender.send(line);
        }
    });
    lines
}

fn line_with(lines: &Receiver<String>, text: &str, others: &Receiver<String>) -> String {
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(LONG) {
            Ok(line) if line.contains(text) => return line,
            Ok(line) => seen.push(line),
            Err(error) => {
                panic!("no line has “{text}” ({error}): {seen:#?}, {:#?}", others.try_iter().collect::<Vec<_>>())
            }
        }
    }
}

/// The number at the end of this line.
fn port_of(line: &str) -> u16 {
    let digits = line.trim_end_matches('/').rsplit(':').next().unwrap();
    digits.trim().parse().unwrap_or_else(|_| panic!("no port is in {line}"))
}
