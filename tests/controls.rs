//! Commands of `tutksrc` to the camera, and what the camera says.

mod common;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use common::{Camera, Event, H264, LONG, Viewer, unit};
use gst::glib;
use gst::prelude::*;
use gsttutk::{PtzDirection, Quality};
use tutk::io_control::{self, PTZ, Ptz, SET_QUALITY, SET_TIME, START_VIDEO, ptz, set_quality};

/// Answered with the same body.
const ECHO: u32 = 0x7000;
/// Answered when the test lets it.
const HELD: u32 = 0x7100;
/// Never answered.
const SILENT: u32 = 0x7200;
const MAX_TIMEOUT: u32 = u32::MAX;

/// A camera that answers, and what lets it answer [`HELD`].
fn camera() -> (Camera, Sender<()>) {
    let camera = Camera::new(H264);
    let (let_go, held) = channel();
    let held = Mutex::new(held);
    camera.sink.connect("io-control", false, move |args| {
        let body: glib::Bytes = args[3].get().unwrap();
        let answer = match args[2].get().unwrap() {
            ECHO => Some(body),
            HELD => held.lock().unwrap().recv_timeout(LONG).ok().map(|()| body),
            _ => None,
        };
        Some(answer.to_value())
    });
    camera.play();
    (camera, let_go)
}

fn call(src: &gst::Element, kind: u32, body: &[u8], timeout: u32) -> Option<Vec<u8>> {
    let answer = src.emit_by_name::<Option<glib::Bytes>>("io-control", &[&kind, &glib::Bytes::from(body), &timeout]);
    answer.map(|answer| answer.to_vec())
}

fn turn(src: &gst::Element, direction: PtzDirection, speed: u32, step: u32) -> bool {
    src.emit_by_name("ptz", &[&direction, &speed, &step])
}

/// What the camera has sent and no call waits for.
fn received(src: &gst::Element) -> Receiver<(u32, Vec<u8>)> {
    let (sender, received) = channel();
    src.connect("io-control-received", false, move |args| {
        let body: glib::Bytes = args[2].get().unwrap();
        let _ = sender.send((args[1].get().unwrap(), body.to_vec()));
        None
    });
    received
}

impl Camera {
    /// The next IO control of one of these types.
    fn next(&self, kinds: &[u32]) -> (u32, Vec<u8>) {
        self.wait(|event| match event {
            Event::IoControl(_, kind, body) if kinds.contains(&kind) => Some((kind, body)),
            _ => None,
        })
    }

    fn next_turn(&self) -> Vec<u8> {
        self.next(&[PTZ]).1
    }
}

#[test]
fn each_call_gets_its_own_answer() {
    let (camera, _) = camera();
    let viewer = Viewer::watch(&camera);
    thread::scope(|scope| {
        for caller in 0..8u8 {
            let src = &viewer.src;
            scope.spawn(move || {
                for number in 0..20 {
                    let (kind, body) = (ECHO + 2 * u32::from(caller % 2), [caller, number]);
                    let answer = call(src, kind, &body, if kind == ECHO { MAX_TIMEOUT } else { 1 });
                    assert_eq!(answer, (kind == ECHO).then(|| body.to_vec()));
                }
            });
        }
    });
    // No body is an empty one, and the largest fits.
    let none =
        viewer.src.emit_by_name::<Option<glib::Bytes>>("io-control", &[&ECHO, &None::<glib::Bytes>, &MAX_TIMEOUT]);
    assert_eq!(none.as_deref(), Some(&[][..]));
    let largest = vec![7; io_control::MAX_BODY];
    assert_eq!(call(&viewer.src, ECHO, &largest, MAX_TIMEOUT), Some(largest));
    assert_eq!(call(&viewer.src, ECHO, &[0; io_control::MAX_BODY + 1], MAX_TIMEOUT), None);
}

#[test]
fn what_no_call_waits_for_is_a_signal() {
    let (camera, let_go) = camera();
    let viewer = Viewer::watch(&camera);
    let received = received(&viewer.src);
    assert_eq!(call(&viewer.src, ECHO, b"not waited for", 0), None);
    assert_eq!(received.recv_timeout(LONG), Ok((ECHO + 1, b"not waited for".to_vec())));

    assert_eq!(call(&viewer.src, HELD, b"too late", 1), None);
    let_go.send(()).unwrap();
    assert_eq!(received.recv_timeout(LONG), Ok((HELD + 1, b"too late".to_vec())));

    // An answer that a call has got is no signal.
    assert_eq!(call(&viewer.src, ECHO, b"waited for", MAX_TIMEOUT), Some(b"waited for".to_vec()));
    assert_eq!(call(&viewer.src, ECHO, b"not waited for", 0), None);
    assert_eq!(received.recv_timeout(LONG), Ok((ECHO + 1, b"not waited for".to_vec())));
}

#[test]
fn a_handler_can_send_and_does_not_wait() {
    let (camera, _) = camera();
    let viewer = Viewer::watch(&camera);
    let (sender, answers) = channel();
    viewer.src.connect("io-control-received", false, move |args| {
        let src: gst::Element = args[0].get().unwrap();
        let body: glib::Bytes = args[2].get().unwrap();
        if *body == *b"first" {
            sender.send(call(&src, ECHO, b"waited for", MAX_TIMEOUT)).unwrap();
            call(&src, ECHO, b"second", 0);
        } else {
            sender.send(Some(body.to_vec())).unwrap();
        }
        None
    });
    call(&viewer.src, ECHO, b"first", 0);
    assert_eq!(answers.recv_timeout(LONG), Ok(None));
    assert_eq!(answers.recv_timeout(LONG), Ok(Some(b"second".to_vec())));

    // What is downstream, in the streaming thread, can wait.
    let (sender, answers) = channel();
    let src = viewer.src.downgrade();
    viewer.src.static_pad("src").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        let _ = sender.send(call(&src.upgrade().unwrap(), ECHO, b"waited for", MAX_TIMEOUT));
        gst::PadProbeReturn::Ok
    });
    camera.push(unit(0, true), true);
    viewer.pull();
    assert_eq!(answers.recv_timeout(LONG), Ok(Some(b"waited for".to_vec())));
}

/// What a call returns that the camera has received and does not answer.
fn waiting(viewer: &Viewer, camera: &Camera) -> Receiver<Option<Vec<u8>>> {
    let ((sender, returned), src) = (channel(), viewer.src.clone());
    thread::spawn(move || sender.send(call(&src, SILENT, &[], MAX_TIMEOUT)));
    camera.next(&[SILENT]);
    returned
}

#[test]
fn calls_return_when_the_session_does_not_go_on() {
    let (camera, _) = camera();
    let viewer = Viewer::watch(&camera);
    let ways: [(&str, &dyn Fn()); 4] = [
        ("flush", &|| {
            viewer.src.send_event(gst::event::FlushStart::new());
            viewer.src.send_event(gst::event::FlushStop::new(true));
        }),
        ("pause", &|| assert!(viewer.pipeline.set_state(gst::State::Paused).is_ok())),
        ("stop", &|| assert!(viewer.pipeline.set_state(gst::State::Null).is_ok())),
        ("loss", &|| camera.stop()),
    ];
    for (way, end) in ways {
        let returned = waiting(&viewer, &camera);
        end();
        assert_eq!(returned.recv_timeout(LONG), Ok(None), "{way}");
        if way == "pause" || way == "stop" {
            viewer.play();
            camera.wait_for_watcher();
        }
    }
}

#[test]
fn without_a_session_nothing_is_sent() {
    let viewer = Viewer::new(|_| {});
    for state in [gst::State::Null, gst::State::Ready, gst::State::Paused] {
        viewer.pipeline.set_state(state).unwrap();
        assert_eq!(call(&viewer.src, ECHO, &[], MAX_TIMEOUT), None);
        assert_eq!(call(&viewer.src, ECHO, &[], 0), None);
        assert!(!turn(&viewer.src, PtzDirection::Up, 8, 0));
        assert!(!viewer.src.emit_by_name::<bool>("sync-time", &[]));
        viewer.src.set_property("quality", Quality::High);
    }
}

#[test]
fn the_camera_turns() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    for (direction, command) in [
        (PtzDirection::Up, Ptz::Up),
        (PtzDirection::Down, Ptz::Down),
        (PtzDirection::Left, Ptz::Left),
        (PtzDirection::Right, Ptz::Right),
        (PtzDirection::UpLeft, Ptz::UpLeft),
        (PtzDirection::UpRight, Ptz::UpRight),
        (PtzDirection::DownLeft, Ptz::DownLeft),
        (PtzDirection::DownRight, Ptz::DownRight),
        (PtzDirection::ZoomIn, Ptz::ZoomIn),
        (PtzDirection::ZoomOut, Ptz::ZoomOut),
        (PtzDirection::Stop, Ptz::Stop),
    ] {
        assert!(turn(&viewer.src, direction, 255, 0));
        assert_eq!(camera.next_turn(), ptz(command, 255));
    }
    assert!(!turn(&viewer.src, PtzDirection::Up, 256, 0));

    // A step ends by itself.
    assert!(turn(&viewer.src, PtzDirection::Left, 1, 1));
    assert_eq!(camera.next_turn(), ptz(Ptz::Left, 1));
    assert_eq!(camera.next_turn(), ptz(Ptz::Stop, 0));
    // A program without Rust's types names the direction.
    assert!(
        viewer
            .src
            .emit_by_name_with_values(
                "ptz",
                &[
                    glib::EnumClass::new::<PtzDirection>().to_value_by_nick("zoom-in").unwrap(),
                    3u32.to_value(),
                    0u32.to_value(),
                ]
            )
            .unwrap()
            .get::<bool>()
            .unwrap()
    );
    assert_eq!(camera.next_turn(), ptz(Ptz::ZoomIn, 3));
}

#[test]
fn a_turning_camera_stops_with_the_session() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    for step in [0, MAX_TIMEOUT] {
        assert!(turn(&viewer.src, PtzDirection::Right, 8, step));
        assert_eq!(camera.next_turn(), ptz(Ptz::Right, 8));
        viewer.pipeline.set_state(gst::State::Paused).unwrap();
        assert_eq!(camera.next_turn(), ptz(Ptz::Stop, 0));
        camera.wait(|event| matches!(event, Event::Removed(..)).then_some(()));
        viewer.play();
        // It is still; another stop would come before the video.
        assert_eq!(camera.next(&[PTZ, START_VIDEO]).0, START_VIDEO);
    }

    // One that could not be stopped is stopped by the next session.
    let port = camera.sink.property("current-port");
    assert!(turn(&viewer.src, PtzDirection::Right, 8, MAX_TIMEOUT));
    assert_eq!(camera.next_turn(), ptz(Ptz::Right, 8));
    camera.stop();
    camera.restart(port);
    assert_eq!(camera.next(&[PTZ, START_VIDEO]), (PTZ, ptz(Ptz::Stop, 0).to_vec()));
}

#[test]
fn the_quality_can_be_changed_while_playing() {
    let camera = Camera::start(H264);
    let viewer = Viewer::of(&camera);
    assert_eq!(viewer.src.property::<Quality>("quality"), Quality::Unset);
    viewer.play();
    // Unset asks for nothing.
    assert_eq!(camera.next(&[SET_QUALITY, START_VIDEO]).0, START_VIDEO);
    for (nick, level) in [
        ("max", io_control::Quality::Max),
        ("high", io_control::Quality::High),
        ("middle", io_control::Quality::Middle),
        ("low", io_control::Quality::Low),
        ("min", io_control::Quality::Min),
    ] {
        viewer.src.set_property_from_str("quality", nick);
        assert_eq!(camera.next(&[SET_QUALITY]).1, set_quality(level));
    }
    viewer.src.set_property("quality", Quality::Unset);
    viewer.src.emit_by_name::<bool>("sync-time", &[]);
    assert_eq!(camera.next(&[SET_QUALITY, SET_TIME]).0, SET_TIME);
}

#[test]
fn each_session_begins_with_quality_and_time() {
    let camera = Camera::start(H264);
    let port = camera.sink.property("current-port");
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("quality", Quality::Low);
    viewer.src.set_property("sync-time", true);
    viewer.play();
    for _ in 0..3 {
        let mut kinds = [0; 3].map(|_| camera.next(&[SET_QUALITY, SET_TIME, START_VIDEO]).0);
        assert_eq!(kinds[2], START_VIDEO);
        kinds.sort();
        assert_eq!(kinds, [START_VIDEO, SET_QUALITY, SET_TIME]);
        camera.stop();
        camera.restart(port);
    }
}

#[test]
fn the_time_can_be_set_while_playing() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    let local = || {
        let now = glib::DateTime::now_local().unwrap();
        now.to_unix() + now.utc_offset().as_seconds()
    };
    let before = local();
    assert!(viewer.src.emit_by_name::<bool>("sync-time", &[]));
    let (_, body) = camera.next(&[SET_TIME]);
    let seconds = i64::from(u32::from_le_bytes(body[..4].try_into().unwrap()));
    assert!((before..=local()).contains(&seconds));
    assert_eq!(body[4..], [0; 4]);
}

#[test]
fn arrow_keys_turn_the_camera() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    let key = |kind: &str, key: &str| {
        let event = gst::Structure::builder("application/x-gst-navigation").field("event", kind).field("key", key);
        viewer.appsink.send_event(gst::event::Navigation::new(event.build()))
    };
    // Off until it is asked for.
    assert!(!key("key-press", "Up"));
    viewer.src.set_property("navigation", true);
    assert!(key("key-press", "Left"));
    assert_eq!(camera.next_turn()[0], Ptz::Left as u8);
    // A key that is held is repeated, and the camera keeps turning.
    assert!(key("key-press", "Left"));
    assert!(key("key-press", "Up"));
    assert_eq!(camera.next_turn()[0], Ptz::UpLeft as u8);
    assert!(key("key-release", "Left"));
    assert_eq!(camera.next_turn()[0], Ptz::Up as u8);
    // Other keys and the mouse are others'.
    assert!(!key("key-press", "space"));
    assert!(!key("mouse-move", "Left"));
    assert!(key("key-release", "Up"));
    assert_eq!(camera.next_turn(), ptz(Ptz::Stop, 0));

    // A key that is held when this is turned off is released.
    assert!(key("key-press", "Down"));
    assert_eq!(camera.next_turn()[0], Ptz::Down as u8);
    viewer.src.set_property("navigation", false);
    assert_eq!(camera.next_turn(), ptz(Ptz::Stop, 0));
    assert!(!key("key-release", "Down"));
}

#[test]
fn a_key_that_is_held_at_the_end_is_not_held_in_the_next_session() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    viewer.src.set_property("navigation", true);
    let press = |key: &str| {
        let event =
            gst::Structure::builder("application/x-gst-navigation").field("event", "key-press").field("key", key);
        assert!(viewer.appsink.send_event(gst::event::Navigation::new(event.build())));
    };
    press("Left");
    assert_eq!(camera.next_turn()[0], Ptz::Left as u8);
    // The window is gone before the key is up.
    viewer.pipeline.set_state(gst::State::Null).unwrap();
    assert_eq!(camera.next_turn(), ptz(Ptz::Stop, 0));
    viewer.play();
    camera.wait_for_watcher();
    press("Up");
    assert_eq!(camera.next_turn()[0], Ptz::Up as u8);
}

#[test]
fn handlers_can_use_the_element() {
    let (camera, _) = camera();
    let viewer = Viewer::watch(&camera);
    let turned = Arc::new(Mutex::new(0));
    let count = turned.clone();
    viewer.src.connect("io-control-received", false, move |args| {
        let src: gst::Element = args[0].get().unwrap();
        // None of this waits for the thread that this handler is called in.
        assert!(turn(&src, PtzDirection::Up, 1, 1));
        src.set_property("quality", Quality::Max);
        src.property::<gst::Structure>("stats");
        src.property::<Option<String>>("uri");
        *count.lock().unwrap() += 1;
        None
    });
    for _ in 0..10 {
        call(&viewer.src, ECHO, &[], 0);
    }
    for _ in 0..10 {
        camera.wait(|event| matches!(event, Event::IoControl(_, SET_QUALITY, _)).then_some(()));
    }
    assert!(call(&viewer.src, ECHO, &[], MAX_TIMEOUT).is_some());
    assert_eq!(*turned.lock().unwrap(), 10);
}
