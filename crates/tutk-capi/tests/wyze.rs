//! Wyze's application in a program on the C interface, which scripts may run on the vendor's library as well, and a native viewer.
#![allow(unsafe_code)]
#![cfg(feature = "dtls")]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use tutk::{AvEvent, BrandError, Codec, ConnectError, Mac, Session, SessionOptions, ViewerEvent};

const ENR: &str = "0123456789abcdefABCDEFGHIJKLMNOP";
const MAC: &str = "AABBCCDDEEFF";

/// The program, in a folder of its own, and what it sends.
struct Peer {
    folder: PathBuf,
    program: Option<Child>,
    uid: String,
    units: Vec<Vec<u8>>,
}

impl Peer {
    fn build() -> Self {
        let uid = common::uid().into_string().unwrap();
        let folder = env::temp_dir().join(format!("wyze-{uid}"));
        fs::create_dir(&folder).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/wyze_camera.c");
        let built = Command::new("cc")
            .args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"])
            .args([&folder.join("camera"), &source])
            .args(["-ldl", "-lpthread"])
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        // A delimiter, and a slice of a key frame or another one.
        let unit = |number: u8| {
            let kind = if number == 0 { 0x65 } else { 0x41 };
            [&[0, 0, 0, 1, 9, 0xF0, 0, 0, 0, 1, kind][..], &vec![number + 1; 2_000 * usize::from(number + 1)]].concat()
        };
        let units: Vec<_> = (0..5).map(unit).collect();
        fs::write(folder.join("video.h264"), units.concat()).unwrap();
        Self { folder, program: None, uid, units }
    }

    /// A camera that wants this proof.
    fn run(&mut self, status: u8) {
        self.stop();
        let key = tutk::Brand::Wyze.auth_key(&ENR.into(), MAC.parse().ok()).unwrap().unwrap();
        let program = Command::new(self.folder.join("camera"))
            .args([common::built(), self.uid.as_str().into(), self.folder.join("video.h264")])
            .args([ENR, MAC, str::from_utf8(&key.reveal()).unwrap(), "50", &status.to_string()])
            .stdout(Stdio::null())
            .spawn();
        self.program = Some(program.unwrap());
    }

    fn stop(&mut self) {
        if let Some(mut program) = self.program.take() {
            program.kill().unwrap();
            program.wait().unwrap();
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn options(peer: &Peer, enr: &str) -> SessionOptions {
    let mac: Mac = MAC.parse().unwrap();
    SessionOptions::new(peer.uid.parse().unwrap())
        .with_login("admin", enr)
        .with_backend(tutk::Backend::Native)
        // The program may take its time.
        .with_timeout(Duration::from_secs(20))
        .with_wyze(mac)
        .with_streams(true, true)
}

#[test]
fn a_camera_of_wyze_s_plays() {
    let mut peer = Peer::build();
    for status in [1, 3, 6] {
        peer.run(status);
        let (session, mut events) = Session::connect(options(&peer, ENR)).unwrap().wait().unwrap();
        assert!(session.info().encrypted);
        let (mut video, mut audio) = (Vec::new(), 0);
        while video.len() < 12 || audio < 12 {
            match events.next_event().unwrap() {
                ViewerEvent::Av { event: AvEvent::Video(frame), .. } => {
                    assert_eq!(frame.info.len(), 40);
                    video.push(frame.data);
                }
                ViewerEvent::Av { event: AvEvent::Audio(frame), .. } => {
                    assert_eq!((frame.codec, frame.data.len(), frame.info.len()), (Codec::Pcm, 640, 40));
                    audio += 1;
                }
                _ => {}
            }
        }
        // The program leaves out what its viewer is too slow for.
        for (number, data) in video.iter().enumerate() {
            assert!(peer.units.contains(data), "frame {number}");
        }
    }
}

#[test]
fn a_camera_that_is_off_and_a_wrong_secret_are_told() {
    let mut peer = Peer::build();
    peer.run(5);
    let error = Session::connect(options(&peer, ENR)).unwrap().wait().unwrap_err();
    assert!(matches!(error, ConnectError::Brand { error: BrandError::Off, .. }), "{error:?}");
    let error = Session::connect(options(&peer, "0123456789abcdef0123456789abcdef")).unwrap().wait().unwrap_err();
    assert!(matches!(error, ConnectError::WrongAuthKey { .. }), "{error:?}");
}
