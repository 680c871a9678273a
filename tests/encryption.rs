//! Encrypted sessions of the elements.

mod common;

use common::{Camera, H264, Viewer, unit};
use gst::ResourceError;
use gst::prelude::*;

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
