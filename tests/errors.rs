//! Errors for the owner of a camera, and that teardown waits for nothing.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use common::{Camera, H264, Viewer, error, unit};
use gst::ResourceError;
use gst::prelude::*;
use tutk::proto::Generation;
use tutk::wire::{self, AddressBlock, Message, SearchAnswer};

#[test]
fn a_wrong_password_is_refused() {
    let camera = Camera::new(H264);
    camera.sink.set_property("password", "right-canary");
    camera.play();
    for given in [Some("wrong-canary"), None] {
        let viewer = Viewer::of(&camera);
        viewer.src.set_property("password", given);
        viewer.play();
        let (error, debug) = viewer.error();
        assert!(error.matches(ResourceError::NotAuthorized), "{error}");
        assert!(error.message().contains(&camera.uid), "{error}");
        assert!(error.message().contains("password"), "{error}");
        assert!(!error.message().contains("canary") && !debug.contains("canary"), "{error}: {debug}");
    }
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("password", "right-canary");
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    viewer.pull();
}

#[test]
fn a_wrong_authentication_key_is_refused() {
    let camera = Camera::new(H264);
    camera.sink.set_property("auth-key", "canary42");
    camera.play();
    let viewer = |key: Option<&str>| {
        let viewer = Viewer::of(&camera);
        viewer.src.set_property("auth-key", key);
        viewer.play();
        viewer
    };
    for (key, text) in [(Some("canary43"), "refused the authentication key"), (None, "none was given.")] {
        let (error, debug) = viewer(key).error();
        assert!(error.matches(ResourceError::NotAuthorized), "{error}");
        for part in [camera.uid.as_str(), &camera.address(), text, "“auth-key”"] {
            assert!(error.message().contains(part), "{error}");
        }
        assert!(!error.message().contains("canary") && !debug.contains("canary"), "{error}: {debug}");
    }
    let viewer = viewer(Some("canary42"));
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    viewer.pull();
}

#[test]
fn an_authentication_key_that_is_not_wanted_is_refused() {
    let camera = Camera::start(H264);
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("auth-key", "canary42");
    viewer.play();
    let (error, debug) = viewer.error();
    assert!(error.matches(ResourceError::NotAuthorized), "{error}");
    assert!(error.message().contains(&camera.uid) && error.message().contains("Unset"), "{error}");
    assert!(!error.message().contains("canary") && !debug.contains("canary"), "{error}: {debug}");
}

#[test]
fn a_bad_authentication_key_fails_at_once_and_is_not_shown() {
    let camera = Camera::new(H264);
    camera.sink.set_property("auth-key", "canary");
    let viewer = Viewer::new(|src| {
        src.set_property("uid", common::uid());
        src.set_property("auth-key", "canary");
    });
    for pipeline in [&camera.pipeline, &viewer.pipeline] {
        assert!(pipeline.set_state(gst::State::Paused).is_err());
        let (error, debug) = error(pipeline);
        assert!(error.matches(ResourceError::Settings) && error.message().contains("6 characters"), "{error}");
        assert!(!error.message().contains("canary") && !debug.contains("canary"), "{error}: {debug}");
    }
}

#[test]
fn an_unknown_camera_is_not_found() {
    let camera = Camera::start(H264);
    let unknown = common::uid();
    let viewer = Viewer::new(|src| {
        src.set_property("uid", &unknown);
        src.set_property("address", camera.address());
        src.set_property("timeout", 200u32);
        src.set_property("retry-timeout", 0);
    });
    viewer.play();
    let (error, _) = viewer.error();
    assert!(error.matches(ResourceError::NotFound), "{error}");
    assert!(error.message().contains(&unknown) && error.message().contains(&camera.address()), "{error}");
}

/// The error of a viewer that does not find its camera, which says this: at once, or on a busy machine when it has had time for an
/// answer.
fn not_found(text: &str, configure: impl Fn(&gst::Element)) -> gst::glib::Error {
    for timeout in [500u32, 2_000, 8_000] {
        let viewer = Viewer::new(&configure);
        viewer.src.set_property("timeout", timeout);
        viewer.src.set_property("retry-timeout", 0i32);
        viewer.play();
        let (error, _) = viewer.error();
        assert!(error.matches(ResourceError::NotFound), "{error}");
        if error.message().contains(text) {
            return error;
        }
        println!("{timeout} ms were too short: {error}");
    }
    panic!("no error says “{text}”");
}

#[test]
fn a_mistyped_uid_is_told_from_others() {
    let camera = Camera::new(H264);
    camera.sink.set_property("camera-name", "front door");
    camera.play();
    let last = if camera.uid.ends_with('A') { "B" } else { "A" };
    not_found(&format!("Did you mean {} (“front door”)", camera.uid), |src| {
        src.set_property("uid", format!("{}{last}", &camera.uid[..19]));
        src.set_property("address", camera.address());
    });
}

#[test]
fn a_uid_in_lower_case_plays() {
    let camera = Camera::start(H264);
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("uid", camera.uid.to_lowercase());
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    viewer.pull();
}

#[test]
fn a_camera_that_answers_elsewhere_is_named() {
    let camera = Camera::start(H264);
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let error = not_found("It answers at ", |src| {
        src.set_property("uid", &camera.uid);
        src.set_property("address", silent.local_addr().unwrap().to_string());
    });
    assert!(error.message().contains("“address”"), "{error}");
    // Nobody has tried to log in to it.
    camera.stop();
    assert!(camera.events.try_iter().next().is_none());
}

/// As a camera with the vendor's library 4.2 does it: without its UID to viewers of generation 9, and with it to newer ones.
#[test]
fn a_camera_of_another_generation_is_named_with_it() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (address, uid) = (socket.local_addr().unwrap().to_string(), common::uid());
    let viewer = Viewer::new(|src| {
        src.set_property("uid", &uid);
        src.set_property("address", &address);
    });
    viewer.play();
    let (_, asker) = socket.recv_from(&mut [0; 2_048]).unwrap();
    let (generation, zeros, name) = (Generation(0x1B), AddressBlock([0; 16]), "".into());
    let found = SearchAnswer { generation, uid: uid.parse().unwrap(), asker: zeros, name, grant: None };
    socket.send_to(&Message::Found(found).to_datagram(generation), asker).unwrap();
    let (error, _) = viewer.error();
    for part in [&uid, &address, "0x1b", "“library”"] {
        assert!(error.message().contains(part), "{error}");
    }
}

#[test]
fn a_session_takes_the_port_that_it_is_given() {
    let camera = Camera::start(H264);
    let taken = common::port();
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("local-port", taken.to_string());
    viewer.play();
    camera.wait_for_watcher();
    assert!(UdpSocket::bind(("0.0.0.0", taken as u16)).is_err(), "the session has it");
    // The next one finds it taken.
    let second = Viewer::of(&camera);
    second.src.set_property("local-port", taken.to_string());
    second.src.set_property("retry-timeout", 0i32);
    second.play();
    let (error, _) = second.error();
    assert!(error.matches(ResourceError::Busy), "{error}");
    assert!(error.message().contains(&taken.to_string()) && error.message().contains("“local-port”"), "{error}");
}

#[test]
fn bad_settings_fail_at_once() {
    let uid = common::uid();
    let uid = Some(uid.as_str());
    let bad = [("uid", "HBNASLSCFC1MN4Y9221-", None), ("address", "10.0.0.1:x", uid), ("local-port", "2-1", uid)];
    for (name, value, other) in bad {
        let viewer = Viewer::new(|src| {
            src.set_property("uid", other);
            src.set_property(name, value);
        });
        assert!(viewer.pipeline.set_state(gst::State::Paused).is_err());
        let (error, _) = viewer.error();
        assert!(error.matches(ResourceError::Settings), "{error}");
        assert!(error.message().contains(value), "{error}");
    }
}

#[test]
fn a_camera_needs_a_uid() {
    for (uid, text) in [(None, "uid="), (Some("short"), "short")] {
        let camera = Camera::new(H264);
        camera.sink.set_property("uid", uid);
        assert!(camera.pipeline.set_state(gst::State::Playing).is_err());
        let (error, _) = error(&camera.pipeline);
        assert!(error.matches(ResourceError::Settings), "{error}");
        assert!(error.message().contains(text), "{error}");
    }
}

#[test]
fn a_taken_port_is_named() {
    let taken = UdpSocket::bind("0.0.0.0:0").unwrap();
    let camera = Camera::new(H264);
    camera.sink.set_property("port", u32::from(taken.local_addr().unwrap().port()));
    assert!(camera.pipeline.set_state(gst::State::Playing).is_err());
    let (error, _) = error(&camera.pipeline);
    assert!(error.matches(ResourceError::Busy), "{error}");
    assert!(error.message().contains("port"), "{error}");
}

#[test]
fn without_a_uid_the_cameras_are_listed() {
    let camera = Camera::new(H264);
    camera.sink.set_property("camera-name", "front door");
    camera.play();
    let viewer = Viewer::new(|src| src.set_property("address", camera.address()));
    viewer.play();
    let (error, _) = viewer.error();
    assert!(error.matches(ResourceError::Settings), "{error}");
    assert!(error.message().contains(&camera.uid) && error.message().contains("front door"), "{error}");
}

#[test]
fn without_a_uid_and_a_camera_that_is_said() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let viewer = Viewer::new(|src| src.set_property("address", silent.local_addr().unwrap().to_string()));
    viewer.play();
    let (error, _) = viewer.error();
    assert!(error.matches(ResourceError::Settings), "{error}");
    assert!(error.message().contains("No camera answered"), "{error}");
}

#[test]
fn without_reconnect_a_camera_that_goes_away_is_an_error() {
    let camera = Camera::start(H264);
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("reconnect", false);
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    viewer.pull();
    camera.pipeline.set_state(gst::State::Null).unwrap();
    let (error, _) = viewer.error();
    assert!(error.matches(ResourceError::Read), "{error}");
    assert!(error.message().contains(&camera.uid) && error.message().contains("closed"), "{error}");
}

#[test]
fn downstream_that_takes_another_codec_is_told() {
    let camera = Camera::start(H264);
    let viewer = Viewer::of(&camera);
    viewer.appsink.set_caps(Some(&common::H265.parse().unwrap()));
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    let (error, _) = viewer.error();
    assert!(error.message().contains("H.264"), "{error}");
}

#[test]
fn a_library_that_is_none_is_named() {
    let camera = Camera::start(H264);
    let viewer = Viewer::of(&camera);
    viewer.src.set_property_from_str("backend", "auto");
    viewer.src.set_property("library", "/nowhere/libIOTCAPIs_ALL.so");
    viewer.src.set_property("license-key", "canary");
    viewer.play();
    let (error, debug) = viewer.error();
    assert!(error.matches(ResourceError::Settings), "{error}");
    assert!(error.message().contains("/nowhere/libIOTCAPIs_ALL.so"), "{error}");
    assert!(!error.message().contains("canary") && !debug.contains("canary"), "{error}: {debug}");
    // The next attempt, without it, plays.
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("library", "/nowhere/libIOTCAPIs_ALL.so");
    viewer.src.set_property_from_str("backend", "native");
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    viewer.pull();
}

#[test]
fn encryption_can_be_required() {
    let camera = Camera::new(H264);
    camera.sink.set_property_from_str("encryption", "off");
    camera.play();
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("password", "canary");
    viewer.src.set_property("require-encryption", true);
    viewer.play();
    let (error, debug) = viewer.error();
    assert!(error.matches(ResourceError::NotAuthorized) && error.message().contains("encrypted"), "{error}");
    assert!(!format!("{error}{debug}").contains("canary"), "{error}: {debug}");
    // Nothing of it was sent to the camera.
    camera.stop();
    assert!(camera.events.try_iter().next().is_none());
}

#[test]
fn secrets_cannot_be_read() {
    common::init();
    for element in ["tutksrc", "tutksink"] {
        let element = gst::ElementFactory::make(element).build().unwrap();
        for name in ["password", "auth-key"] {
            element.set_property(name, "canary");
            let flags = element.find_property(name).unwrap().flags();
            assert!(!flags.contains(gst::glib::ParamFlags::READABLE));
        }
    }
    let source = gst::ElementFactory::make("tutksrc").build().unwrap();
    assert!(!source.find_property("license-key").unwrap().flags().contains(gst::glib::ParamFlags::READABLE));
}

/// How long it takes to go to NULL.
fn teardown(viewer: &Viewer, when: &str) {
    let begin = Instant::now();
    viewer.pipeline.set_state(gst::State::Null).unwrap();
    let time = begin.elapsed();
    eprintln!("to NULL while {when}: {time:?}");
    assert!(time < Duration::from_secs(1), "to NULL while {when}: {time:?}");
}

#[test]
fn teardown_while_searching() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    silent.set_read_timeout(Some(common::LONG)).unwrap();
    for uid in [Some(common::uid()), None] {
        let viewer = Viewer::new(|src| {
            src.set_property("uid", &uid);
            src.set_property("address", silent.local_addr().unwrap().to_string());
        });
        viewer.play();
        silent.recv_from(&mut [0; 100]).unwrap();
        teardown(&viewer, "searching");
    }
}

#[test]
fn teardown_while_connecting() {
    // A camera that answers searches and nothing else.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(common::LONG)).unwrap();
    let viewer = Viewer::new(|src| {
        src.set_property("uid", common::uid());
        src.set_property("address", socket.local_addr().unwrap().to_string());
    });
    viewer.play();
    let mut buffer = [0; 2_048];
    loop {
        let (len, viewer) = socket.recv_from(&mut buffer).unwrap();
        wire::descramble(&mut buffer[..len]);
        match (Message::decode(&buffer[..len]).unwrap(), viewer) {
            (Message::Search { uid: Some(uid), .. }, SocketAddr::V4(viewer)) => {
                let asker = AddressBlock::from(viewer);
                let found = SearchAnswer { generation: Generation::G09, uid, asker, name: "".into(), grant: None };
                let answer = Message::Found(found).to_datagram(Generation::G09);
                socket.send_to(&answer, viewer).unwrap();
            }
            (Message::Hello { .. } | Message::Handshake { .. }, _) => break,
            (message, _) => panic!("{message:?}"),
        }
    }
    teardown(&viewer, "connecting");
}

#[test]
fn teardown_while_no_frame_comes() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    teardown(&viewer, "waiting for a frame");
}

#[test]
fn teardown_while_the_next_element_blocks() {
    let camera = Camera::start(H264);
    let viewer = Viewer::of(&camera);
    viewer.appsink.set_max_buffers(1);
    viewer.play();
    camera.wait_for_watcher();
    for number in 0..5 {
        camera.push(unit(number, true), true);
    }
    viewer.pull();
    teardown(&viewer, "blocked downstream");
}
