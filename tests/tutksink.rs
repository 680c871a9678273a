//! `tutksink` is a camera for several viewers.

mod common;

use common::{Camera, Event, H264, Viewer, bytes, has, unit};
use gst::BufferFlags as Flags;
use gst::glib;
use gst::prelude::*;
use tutk::{AvEvent, Backend, Events, Frame, Session, SessionOptions, ViewerEvent};

/// A session with this camera without a pipeline around it.
fn session(camera: &Camera) -> (Session, Events) {
    let options = SessionOptions::new(camera.uid.parse().unwrap()).with_address(camera.address().parse().unwrap());
    Session::connect(options.with_backend(Backend::Native)).unwrap().wait().unwrap()
}

/// The next frame of video.
fn video(events: &mut Events) -> Frame {
    loop {
        if let ViewerEvent::Av { event: AvEvent::Video(frame), .. } = events.next_event().unwrap() {
            return frame;
        }
    }
}

#[test]
fn the_port_reads_as_it_was_set_and_the_current_one_as_it_was_bound() {
    let camera = Camera::new(H264);
    camera.sink.set_property("port", 0u32);
    let ports = |sink: &gst::Element| ["port", "current-port"].map(|name| sink.property::<u32>(name));
    assert_eq!(ports(&camera.sink), [0, 0]);
    let (sender, notified) = std::sync::mpsc::channel();
    camera.sink.connect_notify(Some("current-port"), move |sink, _| {
        let _ = sender.send(sink.property::<u32>("current-port"));
    });
    camera.play();
    let current = notified.recv().unwrap();
    assert_ne!(current, 0);
    assert_eq!(ports(&camera.sink), [0, current]);
    camera.stop();
    assert_eq!((notified.recv().unwrap(), ports(&camera.sink)), (0, [0, 0]));
    let other = common::port();
    camera.restart(other);
    assert_eq!(ports(&camera.sink), [other, other]);
}

/// Waits until a handler of this signal has stopped the camera, which `provoke` makes a viewer cause.
fn stops_in_a_handler(signal: &str, provoke: impl FnOnce(Session, Events) -> Option<Events>) {
    let camera = Camera::new(H264);
    let (sender, stopped) = std::sync::mpsc::channel();
    let (pipeline, answers) = (camera.pipeline.downgrade(), signal == "io-control");
    let handler = camera.sink.connect(signal, false, move |_| {
        let result = pipeline.upgrade().unwrap().set_state(gst::State::Null);
        let _ = sender.send(result);
        answers.then(|| None::<glib::Bytes>.to_value())
    });
    camera.play();
    let (session, events) = session(&camera);
    let events = provoke(session, events);
    assert_eq!(stopped.recv_timeout(common::LONG), Ok(Ok(gst::StateChangeSuccess::Success)), "{signal}");
    if let Some(mut events) = events {
        let end = std::iter::repeat_with(|| events.next_event()).find_map(Result::err);
        assert!(matches!(end, Some(tutk::SessionError::ClosedByCamera)), "{signal}: {end:?}");
    }

    // It is a camera again, whatever is left of the one before.
    camera.sink.disconnect(handler);
    camera.play();
    let viewer = Viewer::watch(&camera);
    camera.push(unit(0, true), true);
    assert!(bytes(&viewer.pull().0) == unit(0, true), "{signal}");
}

#[test]
fn a_handler_may_stop_the_element() {
    stops_in_a_handler("viewer-added", |_, events| Some(events));
    stops_in_a_handler("viewer-removed", |session, _events| {
        session.close();
        None
    });
    stops_in_a_handler("io-control", |session, events| {
        session.send_io_control(0x0330, &[]).unwrap();
        Some(events)
    });
}

#[test]
fn after_a_gap_all_viewers_wait_for_a_key_frame() {
    let camera = Camera::start(H264);
    let viewers = [Viewer::watch(&camera), Viewer::watch(&camera)];
    let all_get = |data: &[u8]| viewers.iter().all(|viewer| bytes(&viewer.pull().0) == data);
    camera.push(unit(0, true), true);
    assert!(all_get(&unit(0, true)));
    let _ = camera.events.try_iter().count();
    camera.push_after_gap(unit(1, false));
    camera.wait(|event| (event == Event::KeyAsked).then_some(()));
    camera.push(unit(2, false), false);
    camera.push(unit(3, true), true);
    assert!(all_get(&unit(3, true)));
    camera.push(unit(4, false), false);
    assert!(all_get(&unit(4, false)));
}

#[test]
fn two_viewers_watch_one_camera() {
    let camera = Camera::start(H264);
    let first = Viewer::watch(&camera);
    for number in 0..5 {
        camera.push(unit(number, number == 0), number == 0);
        assert!(bytes(&first.pull().0) == unit(number, number == 0));
    }
    let second = Viewer::watch(&camera);
    // The second one waits for a key frame, the first one continues.
    camera.push(unit(5, false), false);
    assert!(bytes(&first.pull().0) == unit(5, false));
    for number in 6..30 {
        camera.push(unit(number, number == 6), number == 6);
        for viewer in [&first, &second] {
            assert!(bytes(&viewer.pull().0) == unit(number, number == 6));
        }
    }
    drop(second);
    camera.push(unit(30, false), false);
    assert!(bytes(&first.pull().0) == unit(30, false));
}

#[test]
fn two_cameras_are_on_one_host() {
    let cameras = [Camera::start(H264), Camera::start(H264)];
    // Both receive what is sent to every camera of this host.
    let viewers = cameras.each_ref().map(|camera| {
        let viewer = Viewer::new(|src| {
            src.set_property("uid", &camera.uid);
            src.set_property("address", "127.255.255.255");
        });
        viewer.play();
        camera.wait_for_watcher();
        viewer
    });
    for number in 0..10 {
        for (index, (camera, viewer)) in cameras.iter().zip(&viewers).enumerate() {
            let data = unit(number * 2 + index as u64, number == 0);
            camera.push(data.clone(), number == 0);
            assert!(bytes(&viewer.pull().0) == data);
        }
    }
}

#[test]
fn max_viewers_is_the_most() {
    let camera = Camera::new(H264);
    camera.sink.set_property("max-viewers", 1u32);
    camera.play();
    let first = Viewer::watch(&camera);
    let second = Viewer::of(&camera);
    second.src.set_property("reconnect", false);
    second.play();
    let (error, _) = second.error();
    assert!(error.matches(gst::ResourceError::Busy), "{error}");
    assert!(error.message().contains(&camera.uid), "{error}");
    drop(second);

    // The first one has not noticed, and its place is free when it goes.
    camera.push(unit(0, true), true);
    first.pull();
    drop(first);
    camera.wait(|event| matches!(event, Event::Removed(..)).then_some(()));
    let third = Viewer::watch(&camera);
    camera.push(unit(0, true), true);
    third.pull();
}

#[test]
fn a_slow_viewer_does_not_disturb_another() {
    let camera = Camera::start(H264);
    // It does not read what comes: tutksrc always does.
    let (slow, mut slow_events) = session(&camera);
    slow.start_video().unwrap();
    camera.wait_for_watcher();
    let quick = Viewer::watch(&camera);
    for number in 0..300 {
        camera.push(unit(number, number % 50 == 0), number % 50 == 0);
        assert!(bytes(&quick.pull().0) == unit(number, number % 50 == 0));
    }
    assert!(video(&mut slow_events).data == unit(0, true));
}

#[test]
fn a_slow_viewer_that_catches_up_goes_on_with_a_key_frame() {
    let camera = Camera::start(H264);
    let (slow, mut slow_events) = session(&camera);
    slow.start_video().unwrap();
    camera.wait_for_watcher();
    let quick = Viewer::watch(&camera);
    for number in 0..300 {
        camera.push(unit(number, number % 50 == 0), number % 50 == 0);
        quick.pull();
    }
    // It has missed more than is kept for it, and is passed over.
    let _ = camera.events.try_iter().count();
    std::thread::scope(|scope| {
        let caught_up = scope.spawn(|| while video(&mut slow_events).data != unit(300, true) {});
        camera.wait(|event| (event == Event::KeyAsked).then_some(()));
        camera.push(unit(300, true), true);
        caught_up.join().unwrap();
    });
}

#[test]
fn upstream_is_asked_for_a_key_frame() {
    let camera = Camera::start(H264);
    for _ in 0..2 {
        let viewer = Viewer::of(&camera);
        viewer.play();
        camera.wait(|event| (event == Event::KeyAsked).then_some(()));
        camera.push(unit(0, true), true);
        let (buffer, _) = viewer.pull();
        assert!(!has(&buffer, Flags::DELTA_UNIT));
    }
}

#[test]
fn an_io_control_is_answered_by_the_handler() {
    let camera = Camera::new(H264);
    camera.sink.connect("io-control", false, |args| {
        let (kind, body) = (args[2].get::<u32>().unwrap(), args[3].get::<glib::Bytes>().unwrap());
        let answer = (kind == 0x0330).then(|| glib::Bytes::from_owned([&body[..], b" and back"].concat()));
        Some(answer.to_value())
    });
    camera.play();
    let (session, mut events) = session(&camera);
    session.send_io_control(0x0330, b"there").unwrap();
    let answer = loop {
        if let ViewerEvent::Av { event: AvEvent::IoControl { kind, body }, .. } = events.next_event().unwrap() {
            break (kind, body);
        }
    };
    assert_eq!(answer, (0x0331, b"there and back".to_vec()));
    assert!(camera.wait(|event| match event {
        Event::IoControl(_, 0x0330, body) => Some(body == b"there"),
        _ => None,
    }));
}

#[test]
fn viewers_come_and_go() {
    let camera = Camera::start(H264);
    let (session, _events) = session(&camera);
    let id = camera.wait(|event| match event {
        Event::Added(id) => Some(id),
        _ => None,
    });
    session.close();
    let gone = camera.wait(|event| match event {
        Event::Removed(id, reason) => Some((id, reason)),
        _ => None,
    });
    assert_eq!(gone, (id, "closed-by-viewer".into()));

    let _viewer = Viewer::watch(&camera);
    camera.pipeline.set_state(gst::State::Null).unwrap();
    let reason = camera.wait(|event| match event {
        Event::Removed(_, reason) => Some(reason),
        _ => None,
    });
    assert_eq!(reason, "closed-by-camera");
}

#[test]
fn a_frame_that_is_too_large_is_dropped_with_a_warning() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    camera.push(unit(0, true), true);
    viewer.pull();
    camera.push(vec![0; (16 << 20) + 1], false);
    let timeout = gst::ClockTime::try_from(common::LONG).unwrap();
    let warning = camera.pipeline.bus().unwrap().timed_pop_filtered(timeout, &[gst::MessageType::Warning]);
    assert!(warning.is_some());
    // What refers to the lost frame is not sent either.
    camera.push(unit(1, false), false);
    camera.push(unit(2, true), true);
    assert!(bytes(&viewer.pull().0) == unit(2, true));
}
