//! A lost session is followed by another one.

mod common;

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use common::relay::Relay;
use common::{Camera, H264, JPEG, LONG, Viewer, has, unit};
use gst::BufferFlags as Flags;
use gst::ResourceError;
use gst::prelude::*;

/// The gaps that come out of the source: begin and end.
fn gaps(viewer: &Viewer) -> Receiver<(gst::ClockTime, gst::ClockTime)> {
    let (sender, gaps) = channel();
    viewer.src.static_pad("src").unwrap().add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::EventView::Gap(gap)) = info.event().map(|event| event.view()) {
            let (from, duration) = gap.get();
            let _ = sender.send((from, from + duration.unwrap()));
        }
        gst::PadProbeReturn::Ok
    });
    gaps
}

#[test]
fn a_camera_that_restarts_is_reconnected() {
    let camera = Camera::start(H264);
    let port = camera.sink.property("current-port");
    let viewer = Viewer::watch(&camera);
    let gaps = gaps(&viewer);
    let connected = viewer.message("tutk-connected");
    assert_eq!(connected.get("uid"), Ok(camera.uid.as_str()));
    assert_eq!(connected.get("address"), Ok(camera.address().as_str()));
    assert_eq!(connected.get("mode"), Ok("lan"));
    assert_eq!(connected.get("backend"), Ok("native"));
    assert_eq!(connected.get("generation"), Ok(0x1au32));

    let mut last = None;
    for round in 0..3 {
        for (number, key) in [(1, true), (2, false), (3, false)] {
            camera.push(unit(number, key), key);
            let (buffer, _) = viewer.pull();
            assert_eq!(has(&buffer, Flags::DISCONT), key);
            assert_eq!(has(&buffer, Flags::RESYNC), key);
            assert_eq!(has(&buffer, Flags::DELTA_UNIT), !key);
            assert!(buffer.pts() > last, "round {round}: {:?} after {last:?}", buffer.pts());
            last = buffer.pts();
        }
        camera.stop();
        let disconnected = viewer.message("tutk-disconnected");
        assert_eq!(disconnected.get("reason"), Ok("closed-by-camera"));
        assert_eq!(disconnected.get("attempt"), Ok(1u32));
        assert!(disconnected.get::<u64>("next-try").unwrap() >= 500_000_000);
        // While there is none, downstream gets gap events: without holes, and without overlaps.
        let (from, to) = gaps.recv_timeout(LONG).unwrap();
        assert!(Some(from) == last && from < to);
        last = Some(to);
        camera.restart(port);
        viewer.message("tutk-connected");
        camera.wait_for_watcher();
        for (from, to) in gaps.try_iter() {
            assert!(Some(from) == last && from < to);
            last = Some(to);
        }
    }
    assert_eq!(viewer.pipeline.current_state(), gst::State::Playing);
    let stats = viewer.src.property::<gst::Structure>("stats");
    assert_eq!(stats.get("reconnects"), Ok(3u64));
    assert_eq!(stats.get("frames-received"), Ok(9u64));
    assert_eq!(
        stats.get("bytes"),
        Ok(3 * [1, 2, 3].map(|number| unit(number, number == 1).len() as u64).iter().sum::<u64>())
    );
}

#[test]
fn a_camera_that_changes_its_codec_meanwhile_is_reconnected() {
    let camera = Camera::start(H264);
    let port = camera.sink.property("current-port");
    let viewer = Viewer::watch(&camera);
    for caps in [H264, JPEG] {
        camera.set_caps(caps);
        camera.push(unit(0, true), true);
        if caps != H264 {
            // One frame of another codec is no change of the stream.
            camera.push(unit(1, true), true);
        }
        let (buffer, got) = viewer.pull();
        assert_eq!(got, caps.parse::<gst::Caps>().unwrap());
        assert!(has(&buffer, Flags::DISCONT) && has(&buffer, Flags::RESYNC));
        camera.stop();
        camera.restart(port);
        camera.wait_for_watcher();
    }
}

#[test]
fn a_silent_camera_is_searched_again() {
    let camera = Camera::start(H264);
    let relay = Relay::new(&camera);
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("address", relay.address());
    viewer.src.set_property("idle-timeout", 5_000u32);
    // Enough for the first session on a busy machine as well.
    viewer.src.set_property("timeout", 2_000u32);
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    viewer.pull();

    relay.cut(true);
    let warning = viewer.warning();
    assert!(warning.contains("still switched on") && warning.ends_with("until there is a session."), "{warning}");
    assert_eq!(viewer.message("tutk-disconnected").get("reason"), Ok("silent"));
    let again = viewer.message("tutk-disconnected");
    assert_eq!((again.get("reason"), again.get("attempt")), (Ok("not-found"), Ok(2u32)));
    relay.cut(false);
    viewer.message("tutk-connected");
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    let (buffer, _) = viewer.pull();
    assert!(has(&buffer, Flags::DISCONT) && has(&buffer, Flags::RESYNC));
}

#[test]
fn a_camera_that_moved_is_found() {
    let camera = Camera::start(H264);
    let viewer = Viewer::new(|src| src.set_property("uid", &camera.uid));
    viewer.play();
    let before: String = viewer.message("tutk-connected").get("address").unwrap();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    viewer.pull();
    camera.stop();
    // Any port but the one it had.
    let taken = std::net::UdpSocket::bind(("0.0.0.0", before.rsplit(':').next().unwrap().parse().unwrap()));
    camera.restart(0);
    let after: String = viewer.message("tutk-connected").get("address").unwrap();
    assert_ne!(before, after);
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    viewer.pull();
    drop(taken);
}

#[test]
fn a_refused_password_is_not_tried_again() {
    let camera = Camera::start(H264);
    let port = camera.sink.property("current-port");
    let viewer = Viewer::watch(&camera);
    camera.push(unit(0, true), true);
    viewer.pull();
    camera.stop();
    camera.sink.set_property("password", "new-canary");
    camera.restart(port);
    let (error, debug) = viewer.error();
    assert!(error.matches(ResourceError::NotAuthorized), "{error}");
    assert!(!format!("{error}{debug}").contains("canary"), "{error}: {debug}");
}

#[test]
fn a_full_camera_is_tried_again() {
    let camera = Camera::new(H264);
    camera.sink.set_property("max-viewers", 1u32);
    camera.play();
    // As after a crash: the camera counts a viewer that is gone.
    let first = Viewer::watch(&camera);
    let second = Viewer::of(&camera);
    second.play();
    let warning = second.warning();
    assert!(warning.contains("Close another one") && warning.ends_with("again for 60 s."), "{warning}");
    let disconnected = second.message("tutk-disconnected");
    assert_eq!((disconnected.get("reason"), disconnected.get("attempt")), (Ok("full"), Ok(1u32)));
    drop(first);
    second.message("tutk-connected");
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    second.pull();
}

/// A camera that has stopped, and the port that it will have.
fn stopped_camera() -> (Camera, u32) {
    let camera = Camera::start(H264);
    let port = camera.sink.property("current-port");
    camera.stop();
    (camera, port)
}

/// A viewer of a camera at this port.
fn viewer_at(camera: &Camera, port: u32) -> Viewer {
    Viewer::new(|src| {
        src.set_property("uid", &camera.uid);
        src.set_property("address", format!("127.0.0.1:{port}"));
        src.set_property("timeout", 200u32);
    })
}

#[test]
fn a_camera_that_starts_after_its_viewer_is_found() {
    for retry_timeout in [60, -1] {
        let (camera, port) = stopped_camera();
        let viewer = viewer_at(&camera, port);
        viewer.src.set_property("retry-timeout", retry_timeout);
        viewer.play();
        let warning = viewer.warning();
        let until = if retry_timeout > 0 { "again for 60 s." } else { "again until there is a session." };
        assert!(warning.contains(&camera.uid) && warning.ends_with(until), "{warning}");
        for attempt in [1u32, 2] {
            let disconnected = viewer.message("tutk-disconnected");
            assert_eq!((disconnected.get("reason"), disconnected.get("attempt")), (Ok("not-found"), Ok(attempt)));
        }
        camera.restart(port);
        viewer.message("tutk-connected");
        camera.wait_for_watcher();
        camera.push(unit(0, true), true);
        let (buffer, _) = viewer.pull();
        assert!(has(&buffer, Flags::DISCONT) && has(&buffer, Flags::RESYNC));
        assert_eq!(viewer.src.property::<gst::Structure>("stats").get("reconnects"), Ok(0u64));
    }
}

/// How many messages say that another try follows, until this time limit of the first connect ends the tries.
fn tries_until_the_error(retry_timeout: i32) -> usize {
    let (camera, port) = stopped_camera();
    let viewer = viewer_at(&camera, port);
    viewer.src.set_property("retry-timeout", retry_timeout);
    viewer.play();
    let kinds = [gst::MessageType::Element, gst::MessageType::Error];
    let messages = viewer.pipeline.bus().unwrap();
    let mut messages = messages.iter_timed_filtered(gst::ClockTime::try_from(LONG).unwrap(), &kinds);
    let tries = messages.by_ref().take_while(|message| message.type_() == gst::MessageType::Element).count();
    // The next start has its own time limit.
    viewer.pipeline.set_state(gst::State::Null).unwrap();
    viewer.src.set_property("timeout", u32::try_from(LONG.as_millis()).unwrap());
    camera.restart(port);
    viewer.play();
    camera.wait_for_watcher();
    tries
}

#[test]
fn a_camera_that_never_starts_is_an_error() {
    assert_eq!(tries_until_the_error(0), 0);
    // On a busy machine the first try may take longer than all may.
    let tries = [1, 4, 16].into_iter().map(tries_until_the_error).find(|tries| *tries > 0);
    assert!(tries.is_some_and(|tries| tries < 40), "{tries:?} tries were followed by another one");
}

#[test]
fn without_reconnect_a_full_camera_is_an_error() {
    let camera = Camera::new(H264);
    camera.sink.set_property("max-viewers", 1u32);
    camera.play();
    let _first = Viewer::watch(&camera);
    let second = Viewer::of(&camera);
    second.src.set_property("reconnect", false);
    second.play();
    let (error, _) = second.error();
    assert!(error.matches(ResourceError::Busy), "{error}");
}

#[test]
fn a_pipeline_stops_at_once_while_the_camera_is_gone() {
    let camera = Camera::start(H264);
    for state in [gst::State::Paused, gst::State::Null] {
        let port = camera.sink.property("current-port");
        let viewer = Viewer::watch(&camera);
        camera.push(unit(0, true), true);
        viewer.pull();
        camera.stop();
        viewer.message("tutk-disconnected");
        viewer.pipeline.set_state(state).unwrap();
        camera.restart(port);
        viewer.play();
        camera.wait_for_watcher();
        camera.push(unit(0, true), true);
        assert!(has(&viewer.pull().0, Flags::DISCONT));
    }
}

#[test]
fn the_log_has_a_few_lines_for_each_session() {
    let camera = Camera::start(H264);
    let port = camera.sink.property("current-port");
    let viewer = Viewer::of(&camera);
    gst::log::remove_default_log_function();
    gst::log::set_active(true);
    gst::log::set_threshold_for_name("tutksrc", gst::DebugLevel::Info);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let (to, src) = (lines.clone(), viewer.src.name());
    let log = gst::log::add_log_function(move |category, _, _, _, _, object, message| {
        let is_its = object.is_some_and(|object| object.to_string().contains(src.as_str()));
        if category.name() == "tutksrc" && is_its {
            to.lock().unwrap().push(message.get().unwrap().to_string());
        }
    });
    viewer.play();
    for round in 0..2 {
        camera.wait_for_watcher();
        camera.push(unit(0, true), true);
        viewer.pull();
        if round == 0 {
            camera.stop();
            viewer.message("tutk-disconnected");
            camera.restart(port);
        }
    }
    viewer.pipeline.set_state(gst::State::Null).unwrap();
    gst::log::remove_log_function(log);

    let lines = lines.lock().unwrap();
    println!("{lines:#?}");
    let lost = lines.iter().position(|line| line.contains("closed the session")).unwrap();
    let connected: Vec<_> = (0..lines.len()).filter(|line| lines[*line].starts_with("Connected to")).collect();
    assert!(connected.len() == 2 && connected[0] < lost && lost < connected[1], "{lines:#?}");
    assert!(lines.len() < 10 && lines.last().unwrap().contains(&camera.uid), "{lines:#?}");
}
