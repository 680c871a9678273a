//! Encrypted sessions of the elements.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};

use common::relay::Relay;
use common::{Camera, H264, Viewer, unit};
use gst::ResourceError;
use gst::prelude::*;
use tutk::wire::descramble;

fn camera(encryption: &str) -> Camera {
    let camera = Camera::new(H264);
    camera.sink.set_property_from_str("encryption", encryption);
    camera.sink.set_property("password", "canary");
    camera.play();
    camera
}

fn viewer(camera: &Camera, encryption: &str) -> Viewer {
    let viewer = Viewer::of(camera);
    viewer.src.set_property_from_str("encryption", encryption);
    viewer.src.set_property("password", "canary");
    viewer
}

#[test]
fn sessions_are_encrypted_where_both_sides_can() {
    for (of_camera, of_viewer, encrypted, declined) in [
        ("auto", "auto", true, false),
        ("required", "auto", true, false),
        ("auto", "required", true, false),
        ("off", "auto", false, true),
        ("auto", "off", false, false),
    ] {
        let camera = camera(of_camera);
        let viewer = viewer(&camera, of_viewer);
        viewer.play();
        let connected = viewer.message("tutk-connected");
        assert_eq!(connected.get("encrypted"), Ok(encrypted), "{of_camera} {of_viewer}");
        assert_eq!(connected.get("encryption-declined"), Ok(declined), "{of_camera} {of_viewer}");
        camera.wait_for_watcher();
        camera.push(unit(0, true), true);
        assert_eq!(common::bytes(&viewer.pull().0), unit(0, true));
        let stats = viewer.src.property::<gst::Structure>("stats");
        for structure in [connected, stats] {
            let suite = structure.get::<String>("cipher-suite").ok();
            assert_eq!(suite.as_deref(), encrypted.then_some("TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256"));
            assert_eq!(structure.get("forward-secrecy").ok(), encrypted.then_some(true));
            assert_eq!(structure.get("encrypted"), Ok(encrypted));
        }
    }
}

/// The camera, or somebody in its name, answers that it cannot encrypt.
#[test]
fn the_fallback_is_told_once() {
    const TEXT: &str = "answered that it cannot encrypt";
    let camera = camera("off");
    let port: u32 = camera.sink.property("current-port");
    let viewer = viewer(&camera, "auto");
    viewer.play();
    assert_eq!(viewer.message("tutk-connected").get("encryption-declined"), Ok(true));
    assert!(viewer.warning().contains(TEXT));
    camera.stop();
    camera.restart(port);
    // The next session, from its beginning to its end.
    for end in ["tutk-connected", "tutk-disconnected"] {
        loop {
            let kinds = [gst::MessageType::Warning, gst::MessageType::Element];
            let timeout = gst::ClockTime::try_from(common::LONG).unwrap();
            let message = viewer.pipeline.bus().unwrap().timed_pop_filtered(timeout, &kinds).unwrap();
            if let gst::MessageView::Warning(warning) = message.view() {
                assert!(!warning.error().message().contains(TEXT));
            } else if message.structure().is_some_and(|structure| structure.name() == end) {
                break;
            }
        }
        if end == "tutk-connected" {
            camera.stop();
        }
    }
}

#[test]
fn a_camera_that_wants_encryption_says_so() {
    let camera = camera("required");
    let viewer = viewer(&camera, "off");
    viewer.play();
    let (error, debug) = viewer.error();
    assert!(error.matches(ResourceError::NotAuthorized), "{error}");
    assert!(error.message().contains("has encrypted sessions only"), "{error}");
    assert!(!format!("{error}{debug}").contains("canary"), "{error}: {debug}");
}

#[test]
fn wrong_passwords_and_accounts_are_told() {
    let camera = camera("auto");
    for (account, tells) in [("admin", "password"), ("nobody", "no account “nobody”")] {
        let viewer = viewer(&camera, "required");
        viewer.src.set_property("username", account);
        viewer.src.set_property("password", "other canary");
        viewer.play();
        let (error, debug) = viewer.error();
        assert!(error.matches(ResourceError::NotAuthorized) && error.message().contains(tells), "{error}");
        assert!(!format!("{error}{debug}").contains("canary"), "{error}: {debug}");
    }
}

/// Cameras on other libraries say nothing to a last flight that they cannot read.
#[test]
fn silence_after_the_password_is_probably_a_wrong_one() {
    let camera = camera("required");
    let is_silent = AtomicBool::new(false);
    let relay = Relay::losing(&camera, move |datagram| {
        const ALERT: u8 = 21;
        let mut plain = datagram.to_vec();
        descramble(&mut plain);
        let is_alert = plain.get(15) == Some(&1) && plain.get(28) == Some(&ALERT);
        is_silent.fetch_or(is_alert, Ordering::Relaxed) || is_alert
    });
    let viewer = viewer(&camera, "auto");
    viewer.src.set_property("address", relay.address());
    viewer.src.set_property("password", "other canary");
    viewer.play();
    // It is not tried again.
    let (error, debug) = viewer.error();
    assert!(
        error.matches(ResourceError::NotAuthorized) && error.message().contains("probably the wrong one"),
        "{error}"
    );
    assert!(!format!("{error}{debug}").contains("canary"), "{error}: {debug}");
    assert!(viewer.pipeline.bus().unwrap().pop_filtered(&[gst::MessageType::Warning]).is_none());
}

/// Somebody takes the place of the camera, and cannot know its password.
#[test]
fn after_an_encrypted_session_no_other_is_accepted() {
    for (generation, encryption) in [("0x1a", "off"), ("0x14", "auto"), ("0x09", "auto")] {
        let camera = camera("auto");
        let port: u32 = camera.sink.property("current-port");
        let viewer = viewer(&camera, "auto");
        viewer.play();
        assert_eq!(viewer.message("tutk-connected").get("encrypted"), Ok(true));
        camera.stop();
        camera.sink.set_property_from_str("generation", generation);
        camera.sink.set_property_from_str("encryption", encryption);
        camera.restart(port);
        // Until the other one has answered; no session comes of it.
        let reason = || viewer.message("tutk-disconnected").get::<String>("reason").unwrap();
        while reason() != "encryption" {}
    }
}
