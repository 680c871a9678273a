//! A camera in this process, and the command that looks for it.

use std::net::UdpSocket;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tutk::{
    AudioFormat, Camera, CameraEvent, CameraOptions, Codec, DisconnectReason, Uid, VideoFrame, ViewerId, io_control,
};

/// Far more than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// What must never be seen; as long as an authentication key.
pub(crate) const CANARY: &str = "canary5f";

/// A camera and its events.
pub(crate) struct Running {
    pub(crate) uid: Uid,
    camera: Camera,
    events: Receiver<CameraEvent>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(name: &str, password: &str) -> Self {
        Self::with(CameraOptions::new(uid()).with_name(name).with_login("admin", password))
    }

    pub(crate) fn with(options: CameraOptions) -> Self {
        let uid = options.uid;
        let (camera, mut serving) = Camera::open(options.with_max_viewers(1)).unwrap();
        let (sender, events) = channel();
        let thread = thread::spawn(move || {
            while let Ok(event) = serving.next_event() {
                let _ = sender.send(event);
            }
        });
        Self { uid, camera, events, thread: Some(thread) }
    }

    /// The option that finds this camera and no other.
    pub(crate) fn address(&self) -> String {
        format!("--address=127.0.0.1:{}", self.camera.port())
    }

    /// `tutk`, a subcommand and this camera.
    pub(crate) fn tutk(&self, subcommand: &str) -> Command {
        let mut command = tutk(&[subcommand, "--timeout=20000", "-d", self.uid.as_str(), &self.address()]);
        command.stdin(Stdio::null());
        command
    }

    /// The next event that is wanted.
    pub(crate) fn wait<T>(&self, mut wanted: impl FnMut(CameraEvent) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(self.events.recv_timeout(LONG).expect("the camera has no event")) {
                return found;
            }
        }
    }

    /// The viewer that starts the video.
    pub(crate) fn wait_for_viewer(&self) -> ViewerId {
        self.wait(|event| match event {
            CameraEvent::IoControl { viewer, kind: io_control::START_VIDEO, .. } => Some(viewer),
            _ => None,
        })
    }

    /// Waits for the end of the session; the viewer has to say it.
    pub(crate) fn wait_for_close(&self) {
        let reason = self.wait(|event| match event {
            CameraEvent::ViewerRemoved { reason, .. } => Some(reason),
            _ => None,
        });
        assert_eq!(reason, DisconnectReason::ByViewer);
    }

    /// The viewer that starts the audio.
    pub(crate) fn wait_for_listener(&self) -> ViewerId {
        self.wait(|event| match event {
            CameraEvent::IoControl { viewer, kind: io_control::START_AUDIO, .. } => Some(viewer),
            _ => None,
        })
    }

    /// Sends a block of audio.
    pub(crate) fn send_audio(&self, viewer: ViewerId, format: AudioFormat, data: &[u8]) {
        self.camera.send_audio(&[viewer], format, 0, data).unwrap();
    }

    /// Sends a frame of H.264; whether the viewer was still there.
    pub(crate) fn send(&self, viewer: ViewerId, data: &[u8], key: bool) -> bool {
        self.send_as(viewer, Codec::H264, data, key)
    }

    /// Sends a frame of this codec, by what the camera says; whether the viewer was still there.
    pub(crate) fn send_as(&self, viewer: ViewerId, codec: Codec, data: &[u8], key: bool) -> bool {
        let frame = VideoFrame::new(codec, data).with_key(key);
        self.camera.send_video(&[viewer], frame).unwrap() == 1
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.camera.close();
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A UID that no other test uses, in this process or another.
pub(crate) fn uid() -> Uid {
    let mut random = [0; Uid::LEN];
    getrandom::fill(&mut random).unwrap();
    let letter = |byte: &u8| b"ABCDEFGHIJKLMNPQRST123456789UVWX"[usize::from(byte % 32)] as char;
    random.iter().map(letter).collect::<String>().parse().unwrap()
}

/// A host that is asked and says nothing, and the option that names it.
pub(crate) fn silent() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let option = format!("--address={}", socket.local_addr().unwrap());
    (socket, option)
}

/// The command with these arguments, and with no environment that changes what it does.
pub(crate) fn tutk(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tutk"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for variable in ["TUTK_PASSWORD", "TUTK_AUTH_KEY", "TUTK_LICENSE_KEY", "TUTK_LIBRARY", "LD_LIBRARY_PATH", "TZ"] {
        command.env_remove(variable);
    }
    command
}

/// Runs the command to its end. The canary is in nothing that it says.
pub(crate) fn run(command: &mut Command) -> Output {
    checked(command.output().unwrap())
}

/// Waits for the end. The canary is in nothing that was said.
pub(crate) fn finish(child: Child) -> Output {
    checked(child.wait_with_output().unwrap())
}

fn checked(output: Output) -> Output {
    assert!(!format!("{}{}", text(&output.stdout), text(&output.stderr)).contains(CANARY));
    output
}

pub(crate) fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Fails with what the command said unless this was its exit code.
pub(crate) fn assert_code(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}: {}", output.status, text(&output.stderr));
}
