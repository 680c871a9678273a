//! Starting and stopping, and properties in between.

use gst::State;
use gst::prelude::*;

use crate::common::{Camera, Event, H264, Viewer, bytes, unit};

/// Both play until a frame has come through.
fn check(camera: &Camera, viewer: &Viewer) {
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    assert!(bytes(&viewer.pull().0) == unit(0, true));
}

#[test]
fn it_starts_and_stops_fifty_times() {
    let camera = Camera::start(H264);
    let viewer = Viewer::of(&camera);
    for round in 0..50 {
        viewer.play();
        check(&camera, &viewer);
        viewer.pipeline.set_state(if round % 2 == 0 { State::Ready } else { State::Null }).unwrap();
        camera.wait(|event| matches!(event, Event::Removed(..)).then_some(()));
    }
}

#[test]
fn what_is_set_while_stopped_counts_from_the_next_start() {
    let cameras = [Camera::start(H264), Camera::new(H264)];
    cameras[1].sink.set_property("username", "guest");
    cameras[1].sink.set_property("password", "secret");
    cameras[1].play();
    let viewer = Viewer::of(&cameras[0]);
    for (camera, account, password) in [(&cameras[0], "admin", ""), (&cameras[1], "guest", "secret")].repeat(2) {
        viewer.src.set_property("uid", &camera.uid);
        viewer.src.set_property("address", camera.address());
        viewer.src.set_property("username", account);
        viewer.src.set_property("password", password);
        viewer.play();
        check(camera, &viewer);
        viewer.pipeline.set_state(State::Ready).unwrap();
    }
}

#[test]
fn what_is_set_while_playing_counts_from_the_next_start() {
    let cameras = [Camera::start(H264), Camera::start(H264)];
    let viewer = Viewer::of(&cameras[0]);
    viewer.play();
    check(&cameras[0], &viewer);

    viewer.src.set_property("uid", &cameras[1].uid);
    viewer.src.set_property("address", cameras[1].address());
    assert_eq!(viewer.src.property::<String>("uid"), cameras[1].uid);
    cameras[0].push(unit(1, false), false);
    assert!(bytes(&viewer.pull().0) == unit(1, false));

    viewer.pipeline.set_state(State::Ready).unwrap();
    viewer.play();
    check(&cameras[1], &viewer);
}

#[test]
fn what_needs_a_stop_is_marked_so() {
    crate::common::init();
    let src = gst::ElementFactory::make("tutksrc").build().unwrap();
    for name in [
        "uid",
        "username",
        "password",
        "address",
        "backend",
        "library",
        "timeout",
        "idle-timeout",
        "frame-timeout",
        "retry-timeout",
    ] {
        let flags = src.find_property(name).unwrap().flags();
        assert!(flags.contains(gst::PARAM_FLAG_MUTABLE_READY), "{name}");
    }
}
