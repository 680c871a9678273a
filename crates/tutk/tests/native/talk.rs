//! Speech to a camera's speaker, over real sockets.

use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};

use tutk::proto::Generation;
use tutk::{
    AudioFormat, AvEvent, Backend, CameraEvent, CameraOptions, CancelHandle, Codec, Encryption, Session, SessionError,
    SessionOptions, TalkError, ViewerEvent, io_control,
};

use super::common::camera::{LONG, Running, connect, uid};

fn format() -> AudioFormat {
    AudioFormat::new(Codec::Mulaw, 8_000)
}

const GENERATIONS: [Generation; 5] =
    [Generation::G09, Generation::G10, Generation::G12, Generation::G14, Generation::G1A];

fn camera(generation: Generation, encryption: Encryption) -> Running {
    let options = CameraOptions::new(uid()).with_login("admin", "canary").with_generation(generation);
    Running::start(options.with_encryption(encryption).with_speaker(true))
}

/// A session, and what happens in it.
struct Viewer {
    session: Session,
    events: Receiver<ViewerEvent>,
    cancel: CancelHandle,
    thread: Option<JoinHandle<()>>,
}

impl Viewer {
    fn of(camera: &Running, encryption: Encryption) -> Self {
        let options = SessionOptions::new(camera.uid).with_login("admin", "canary").with_timeout(LONG);
        Self::open(options.with_idle_timeout(LONG).with_backend(Backend::Native).with_encryption(encryption))
    }

    fn open(options: SessionOptions) -> Self {
        let (session, mut received) = connect(options).unwrap();
        let (sender, events) = channel();
        let cancel = received.cancel_handle();
        let thread = thread::spawn(move || {
            while let Ok(event) = received.next_event() {
                let _ = sender.send(event);
            }
        });
        Self { session, events, cancel, thread: Some(thread) }
    }

    fn wait_for_talk(&self) {
        while self.events.recv_timeout(LONG).expect("the camera does not listen") != ViewerEvent::TalkStarted {}
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.thread.take().unwrap().join().unwrap();
    }
}

/// The next block that the camera hears.
fn heard(camera: &Running) -> (Vec<u8>, Option<AudioFormat>, u32) {
    camera.wait(|event| match event {
        CameraEvent::Talk { event: AvEvent::Audio(frame), .. } => {
            Some((frame.data.clone(), frame.audio_format(), frame.timestamp))
        }
        _ => None,
    })
}

fn speaks(generation: Generation, encryption: Encryption) {
    let camera = camera(generation, encryption);
    let viewer = Viewer::of(&camera, encryption);
    assert_eq!(viewer.session.info().encrypted, encryption == Encryption::Required);
    let talk = viewer.session.start_talk().unwrap();
    // The first words are not lost, whether or not the camera is there.
    for number in 0..10u8 {
        talk.send(format(), number.into(), &[number; 320]).unwrap();
    }
    for number in 0..10 {
        assert_eq!(heard(&camera), (vec![number; 320], Some(format()), number.into()), "{generation:?}");
    }
    viewer.wait_for_talk();
    assert!(talk.is_started());
    assert!(matches!(viewer.session.start_talk(), Err(TalkError::Busy)));
    drop(talk);
    camera.wait(|event| matches!(event, CameraEvent::IoControl { kind: io_control::STOP_SPEAKER, .. }).then_some(()));
    let talk = viewer.session.start_talk().unwrap();
    viewer.wait_for_talk();
    talk.send(format(), 7, &[77; 160]).unwrap();
    assert_eq!(heard(&camera), (vec![77; 160], Some(format()), 7), "{generation:?}");
}

#[test]
fn cameras_of_all_generations_hear_what_is_said() {
    for generation in GENERATIONS {
        speaks(generation, Encryption::Off);
    }
}

#[cfg(feature = "dtls")]
#[test]
fn encrypted_cameras_hear_what_is_said() {
    speaks(Generation::G1A, Encryption::Required);
}

#[test]
fn a_camera_knows_who_speaks() {
    let camera = camera(Generation::G1A, Encryption::Off);
    let viewers = [Viewer::of(&camera, Encryption::Off), Viewer::of(&camera, Encryption::Off)];
    let mut speakers = Vec::new();
    for (number, viewer) in (1u8..).zip(&viewers) {
        let talk = viewer.session.start_talk().unwrap();
        talk.send(format(), 0, &[number; 100]).unwrap();
        speakers.push(camera.wait(|event| match event {
            CameraEvent::Talk { viewer, event: AvEvent::Audio(frame) } => {
                assert_eq!(frame.data, [number; 100]);
                Some(viewer)
            }
            _ => None,
        }));
    }
    assert_ne!(speakers[0], speakers[1]);
}

/// Whose application has commands of its own.
#[cfg(feature = "dtls")]
#[test]
fn a_wyze_camera_hears_what_is_said() {
    let mac = "AA:BB:CC:DD:EE:FF".parse().unwrap();
    let enr = "canaryCANARY0123456789canaryEND!";
    let options = CameraOptions::new(uid()).with_login("admin", enr).with_speaker(true).with_wyze(mac);
    let camera = Running::start(options);
    let options = SessionOptions::new(camera.uid).with_login("admin", enr).with_timeout(LONG);
    let viewer = Viewer::open(options.with_backend(Backend::Native).with_wyze(mac));
    for round in 0..2 {
        let talk = viewer.session.start_talk().unwrap();
        talk.send(format(), 0, &[round; 100]).unwrap();
        // As the vendor's, for applications.
        let started =
            |event| matches!(event, CameraEvent::IoControl { kind: io_control::START_SPEAKER, .. }).then_some(());
        camera.wait(started);
        assert_eq!(heard(&camera).0, [round; 100]);
        viewer.wait_for_talk();
        drop(talk);
        let stopped =
            |event| matches!(event, CameraEvent::IoControl { kind: io_control::STOP_SPEAKER, .. }).then_some(());
        camera.wait(stopped);
    }
}

#[test]
fn speech_ends_with_the_session() {
    let camera = camera(Generation::G1A, Encryption::Off);
    let viewer = Viewer::of(&camera, Encryption::Off);
    let talk = viewer.session.start_talk().unwrap();
    assert!(matches!(talk.send(format(), 0, &vec![0; 17 << 20]), Err(TalkError::Send(_))));
    viewer.session.close();
    let error = talk.send(format(), 0, &[0; 100]).unwrap_err();
    assert!(matches!(error, TalkError::Session(SessionError::Closed)), "{error:?}");
    assert!(!talk.is_started());
    drop(talk);
    assert!(matches!(viewer.session.start_talk(), Err(TalkError::Session(_))));
}
