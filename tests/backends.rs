//! Viewers of a `tutksink` through the protocol in Rust, and through a library with the vendor's interface.
//!
//! The library is the one that `TUTK_TEST_LIBRARY` names; without one those tests say so and pass. A library finds its
//! cameras by broadcast, so that these cameras and those of other tests hear of each other.

mod common;

use std::env;
use std::path::PathBuf;

use common::frames::{Cut, FrameCamera};
use common::{Camera, Event, H264, LONG, Viewer, bytes, has, unit};
use gst::glib;
use gst::prelude::*;
use tutk::io_control::{self, Ptz};
use tutk::{AvEvent, Backend, Codec, ConnectError, Events, Session, SessionError, SessionOptions, ViewerEvent};

fn native() -> Option<SessionOptions> {
    let options = SessionOptions::new(common::uid().parse().unwrap());
    Some(options.with_backend(Backend::Native).with_timeout(LONG))
}

fn library() -> Option<SessionOptions> {
    let path = env::var_os("TUTK_TEST_LIBRARY").filter(|path| !path.is_empty()).map(PathBuf::from);
    if path.is_none() {
        println!("TUTK_TEST_LIBRARY names no library: not tested");
    }
    Some(native()?.with_backend(Backend::Vendor).with_library(path?))
}

/// A session with this camera.
fn open(options: &SessionOptions, camera: &Camera, password: &str) -> Result<(Session, Events), ConnectError> {
    let mut options = options.clone().with_login("admin", password);
    options.uid = camera.uid.parse().unwrap();
    Session::connect(options)?.wait()
}

fn next(events: &mut Events) -> AvEvent {
    match events.next_event().unwrap() {
        ViewerEvent::Av { event, .. } => event,
        event => panic!("{event:?}"),
    }
}

fn next_frame(events: &mut Events) -> tutk::Frame {
    loop {
        match next(events) {
            AvEvent::Video(frame) => return frame,
            AvEvent::Lost(lost) => panic!("{lost}"),
            _ => {}
        }
    }
}

fn plays_every_frame(options: SessionOptions) {
    let camera = Camera::start(H264);
    let (session, mut events) = open(&options, &camera, "").unwrap();
    session.start_video().unwrap();
    camera.wait_for_watcher();
    for number in 0..50 {
        let key = number % 10 == 0;
        camera.push(unit(number, key), key);
        let frame = next_frame(&mut events);
        assert!(frame.data == unit(number, key), "frame {number}");
        assert_eq!((u64::from(frame.number), frame.key), (number, key));
    }
}

fn the_bytes_tell_key_frames_and_not_the_flag(options: SessionOptions) {
    let camera = FrameCamera::start();
    let mut options = options;
    options.uid = camera.uid.parse().unwrap();
    let (session, mut events) = Session::connect(options).unwrap().wait().unwrap();
    session.start_video().unwrap();
    let viewer = camera.wait_for_watcher();
    for number in 0..10 {
        let is_key = number % 5 == 0;
        // An IDR picture or a predicted one, flagged the wrong way.
        let data: &[u8] = if is_key { &[0, 0, 0, 1, 0x65, 0x88, 7] } else { &[0, 0, 0, 1, 0x41, 0x9A, 7] };
        camera.send(viewer, &Cut { key: !is_key, ..Cut::new(Codec::H264, number * 40, data) });
        let frame = next_frame(&mut events);
        assert_eq!((frame.key, frame.flags), (is_key, u8::from(!is_key)), "frame {number}");
    }
}

fn a_wrong_password_is_refused(options: SessionOptions) {
    let camera = Camera::new(H264);
    camera.sink.set_property("password", "right");
    camera.play();
    let error = open(&options, &camera, "wrong").unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
    open(&options, &camera, "right").unwrap();
}

fn an_io_control_is_answered(options: SessionOptions) {
    let camera = Camera::new(H264);
    camera.sink.connect("io-control", false, |args| {
        let kind = args[2].get::<u32>().unwrap();
        Some((kind == 0x0330).then(|| glib::Bytes::from_static(b"a model")).to_value())
    });
    camera.play();
    let (session, mut events) = open(&options, &camera, "").unwrap();
    session.send_io_control(0x0330, &[0; 8]).unwrap();
    let answer = loop {
        if let AvEvent::IoControl { kind, body } = next(&mut events) {
            break (kind, body);
        }
    };
    assert_eq!(answer, (0x0331, b"a model".to_vec()));
}

fn a_camera_that_goes_away_is_noticed(options: SessionOptions) {
    let camera = Camera::start(H264);
    let (_session, mut events) = open(&options, &camera, "").unwrap();
    drop(camera);
    assert!(matches!(events.next_event(), Err(SessionError::ClosedByCamera)));
}

fn a_session_that_ends_frees_the_place(options: SessionOptions) {
    let camera = Camera::new(H264);
    camera.sink.set_property("max-viewers", 1u32);
    camera.play();
    for _ in 0..3 {
        drop(open(&options, &camera, "").unwrap());
        let reason = camera.wait(|event| match event {
            Event::Removed(_, reason) => Some(reason),
            _ => None,
        });
        assert_eq!(reason, "closed-by-viewer");
    }
}

fn viewer(options: &SessionOptions, camera: &Camera) -> Viewer {
    Viewer::new(|src| {
        src.set_property("uid", &camera.uid);
        src.set_property_from_str("backend", &options.backend.to_string());
        if let Some(library) = &options.library {
            src.set_property("library", library.to_str());
        }
    })
}

fn tutksrc_plays(options: SessionOptions) {
    let camera = Camera::start(H264);
    let viewer = viewer(&options, &camera);
    viewer.play();
    camera.wait_for_watcher();
    for number in 0..20 {
        camera.push(unit(number, number == 0), number == 0);
        let (buffer, caps) = viewer.pull();
        assert!(bytes(&buffer) == unit(number, number == 0), "frame {number}");
        assert_eq!((buffer.offset(), has(&buffer, gst::BufferFlags::DISCONT)), (number, number == 0));
        assert!(caps.can_intersect(&H264.parse::<gst::Caps>().unwrap()));
    }
}

fn tutksrc_sends_commands(options: SessionOptions) {
    let camera = Camera::new(H264);
    camera.sink.connect("io-control", false, |args| {
        Some((args[2].get::<u32>().unwrap() == 0x0330).then(|| args[3].get::<glib::Bytes>().unwrap()).to_value())
    });
    camera.play();
    let viewer = viewer(&options, &camera);
    viewer.play();
    camera.wait_for_watcher();
    let (body, timeout) = (glib::Bytes::from_static(b"there and back"), LONG.as_millis() as u32);
    for _ in 0..3 {
        let answer: Option<glib::Bytes> = viewer.src.emit_by_name("io-control", &[&0x0330u32, &body, &timeout]);
        assert_eq!(answer.as_ref(), Some(&body));
    }
    assert!(viewer.src.emit_by_name::<bool>("ptz", &[&gsttutk::PtzDirection::Left, &8u32, &1u32]));
    for command in [Ptz::Left, Ptz::Stop] {
        let turn = camera.wait(|event| match event {
            Event::IoControl(_, io_control::PTZ, body) => Some(body[0]),
            _ => None,
        });
        assert_eq!(turn, command as u8);
    }
}

macro_rules! backends {
    ($($test:ident),* $(,)?) => {
        mod by_native {
            $(#[test]
            fn $test() {
                super::native().map(super::$test);
            })*
        }
        mod by_library {
            $(#[test]
            fn $test() {
                super::library().map(super::$test);
            })*
        }
    };
}

backends![
    plays_every_frame,
    the_bytes_tell_key_frames_and_not_the_flag,
    a_wrong_password_is_refused,
    an_io_control_is_answered,
    a_camera_that_goes_away_is_noticed,
    a_session_that_ends_frees_the_place,
    tutksrc_plays,
    tutksrc_sends_commands,
];
