//! Viewer and camera with Wyze's application, over real sockets.

use std::thread;
use std::time::Duration;

use tutk::proto::Generation;
use tutk::wyze::Message;
use tutk::{
    AudioFormat, AvEvent, Backend, BrandError, Camera, CameraError, CameraEvent, CameraOptions, Codec, ConnectError,
    Encryption, OptionError, Quality, SessionOptions, VideoFrame, io_control,
};

use super::common::camera::{LONG, Running, connect, next, uid};

const ENR: &str = "canaryCANARY0123456789canaryEND!";
const MAC: &str = "AA:BB:CC:DD:EE:FF";

fn camera(enr: &str) -> Running {
    Running::start(camera_options(enr))
}

fn camera_options(enr: &str) -> CameraOptions {
    CameraOptions::new(uid()).with_login("admin", enr).with_wyze(MAC.parse().unwrap())
}

fn options(camera: &Running, enr: &str) -> SessionOptions {
    SessionOptions::new(camera.uid)
        .with_login("admin", enr)
        .with_timeout(LONG)
        .with_backend(Backend::Native)
        .with_wyze(MAC.parse().unwrap())
}

/// The command of an IO control that is one of Wyze's messages.
fn command(kind: u32, body: &[u8]) -> Option<u16> {
    Message::decode(body).filter(|_| kind == 0x0100).map(|message| message.command)
}

#[test]
fn video_audio_and_commands() {
    let (half, newest) = (&ENR[..16], Generation::NEWEST);
    for (enr, generation) in [(ENR, newest), (half, newest), (ENR, Generation::G1D)] {
        let camera = Running::start(camera_options(enr).with_generation(generation));
        let (session, mut events) = connect(options(&camera, enr).with_streams(true, true)).unwrap();
        assert_eq!((session.info().encrypted, session.camera().generation), (true, generation.0));
        // The login has asked for both.
        let viewer = camera.wait_for_viewer();
        camera
            .wait(|event| matches!(event, CameraEvent::IoControl { kind: io_control::START_AUDIO, .. }).then_some(()));
        session.start_video().unwrap();
        session.set_quality(Quality::Low).unwrap();
        session.stop_audio().unwrap();
        let watcher = thread::spawn(move || {
            let mut seen = Vec::new();
            while seen.len() < 4 {
                seen.push(next(&mut events));
            }
            (seen, events)
        });
        let asked: Vec<_> = (0..2)
            .map(|_| {
                camera.wait(|event| match event {
                    CameraEvent::IoControl { kind, body, .. } => Some((kind, body)),
                    _ => None,
                })
            })
            .collect();
        let quality = Message { command: 10_056, payload: &[2, 0x3C, 0, 0, 0] }.encode();
        assert_eq!(asked, [(0x0100, quality), (io_control::STOP_AUDIO, vec![0; 8])]);
        let frame = VideoFrame::new(Codec::H264, &[7; 5_000]).with_key(true).with_timestamp(2_500);
        camera.camera.send_video(&[viewer], frame).unwrap();
        let format = AudioFormat::new(Codec::Pcm, 16_000);
        camera.camera.send_audio(&[viewer], format, 2_500, &[9; 640]).unwrap();
        let (seen, _events) = watcher.join().unwrap();
        let mut answers = Vec::new();
        for event in seen {
            match event {
                AvEvent::Video(frame) => assert_eq!((frame.data, frame.info.len()), (vec![7; 5_000], 40)),
                AvEvent::Audio(frame) => {
                    assert_eq!((frame.audio_format(), frame.info.len()), (Some(format), 40));
                    assert_eq!(frame.data, [9; 640]);
                }
                AvEvent::IoControl { kind, body } => answers.extend(command(kind, &body)),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(answers, [10_057, 10_011]);
    }
}

#[test]
fn a_login_asks_for_no_more_than_is_wanted() {
    let camera = camera(ENR);
    let (_session, _events) = connect(options(&camera, ENR).with_streams(false, false)).unwrap();
    drop((_session, _events));
    // Not for video either, so that none is stopped.
    camera.wait(|event| match event {
        CameraEvent::IoControl { kind, .. } => panic!("0x{kind:04X} was asked for"),
        CameraEvent::ViewerRemoved { .. } => Some(()),
        _ => None,
    });
}

#[test]
fn another_enr_or_mac_is_refused_and_neither_is_shown() {
    let camera = camera(ENR);
    let show = |error: &ConnectError| {
        let text = format!("{error} {error:?}");
        assert!(!text.to_lowercase().contains("canary") && !error.is_transient(), "{text}");
    };
    for options in
        [options(&camera, &ENR.to_lowercase()), options(&camera, ENR).with_wyze("AABBCCDDEE00".parse().unwrap())]
    {
        let error = connect(options).unwrap_err();
        assert!(matches!(error, ConnectError::WrongAuthKey { given: true, .. }), "{error:?}");
        show(&error);
    }
    // With the right key, the password alone.
    let (enr, mac) = (ENR.into(), Some(MAC.parse().unwrap()));
    let key = tutk::Brand::Wyze.auth_key(&enr, mac).unwrap();
    let other = options(&camera, &ENR.to_lowercase()).with_auth_key(key.unwrap());
    assert!(!format!("{other:?}").to_lowercase().contains("canary"));
    let error = connect(other).unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
    show(&error);
}

/// A camera with the framing 0xCC51 says nothing to who has not its key.
#[test]
fn a_camera_of_the_newest_firmware_is_found_by_its_key_alone() {
    let camera = Running::start(camera_options(ENR).with_generation(Generation::G1D));
    let other = options(&camera, &ENR.to_lowercase()).with_timeout(Duration::from_secs(1));
    let error = connect(other).unwrap_err();
    assert!(matches!(error, ConnectError::NotFound { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").to_lowercase().contains("canary"));
    let generation = Generation::G1D.0;
    let off = camera_options(ENR).with_encryption(Encryption::Off);
    for unreachable in [off, CameraOptions::new(uid())] {
        let error = Camera::open(unreachable.with_generation(Generation::G1D)).unwrap_err();
        assert!(matches!(error, CameraError::Option(OptionError::Unreachable { generation: of }) if of == generation));
    }
}

#[test]
fn what_is_missing_is_said() {
    let camera = camera(ENR);
    let missing = |options| match connect(options).unwrap_err() {
        ConnectError::Option(error) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(options(&camera, "")), OptionError::EnrMissing);
    let mut without_mac = options(&camera, ENR);
    without_mac.mac = None;
    assert_eq!(missing(without_mac), OptionError::MacMissing);
    let brand = tutk::Brand::Wyze;
    let by_library = options(&camera, ENR).with_backend(Backend::Vendor);
    assert_eq!(missing(by_library), OptionError::BrandIsNative { brand });
}

#[test]
fn a_camera_of_another_maker_does_not_answer_the_login() {
    let key = tutk::Brand::Wyze.auth_key(&ENR.into(), Some(MAC.parse().unwrap())).unwrap();
    let generic = CameraOptions::new(uid()).with_login("admin", ENR).with_encryption(Encryption::Required);
    let camera = Running::start(generic.with_auth_key(key.unwrap()));
    // On a busy machine other steps may take as long.
    for tries in 0.. {
        let error = connect(options(&camera, ENR).with_timeout(Duration::from_secs(1))).unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        if let ConnectError::Brand { error: BrandError::NoAnswer, .. } = error {
            break;
        }
        assert!(tries < 20, "{error:?}");
    }
}
