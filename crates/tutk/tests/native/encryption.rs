//! Encrypted sessions over real sockets.

use tutk::{
    AvEvent, CameraOptions, CipherSuite, Codec, ConnectError, Credentials, Encryption, SessionOptions, VideoFrame,
    ViewerEvent,
};

use super::common::camera::{LONG, Running, connect, next, uid};

use Encryption::{Auto, Off, Required};

fn camera(encryption: Encryption) -> Running {
    Running::start(CameraOptions::new(uid()).with_login("admin", "canary").with_encryption(encryption))
}

fn options(camera: &Running, encryption: Encryption) -> SessionOptions {
    SessionOptions::new(camera.uid)
        .with_login("admin", "canary")
        .with_timeout(LONG)
        .with_backend(tutk::Backend::Native)
        .with_encryption(encryption)
}

#[test]
fn each_side_may_ask_for_encryption() {
    for (of_camera, of_viewer, encrypted, declined) in [
        (Auto, Auto, true, false),
        (Required, Auto, true, false),
        (Auto, Required, true, false),
        (Off, Auto, false, true),
        (Auto, Off, false, false),
    ] {
        let camera = camera(of_camera);
        let (session, mut events) = connect(options(&camera, of_viewer)).unwrap();
        let info = session.info();
        assert_eq!((info.encrypted, info.encryption_declined), (encrypted, declined), "{of_camera} {of_viewer}");
        assert_eq!(info.cipher_suite, encrypted.then_some(CipherSuite::EcdhePskChaCha20Poly1305));
        session.start_video().unwrap();
        let viewer = {
            // The command goes out while events are waited for.
            let watcher = std::thread::spawn(move || {
                let AvEvent::Video(frame) = next(&mut events) else { panic!("no frame") };
                (frame.data, events)
            });
            let viewer = camera.wait_for_viewer();
            camera.camera.send_video(&[viewer], VideoFrame::new(Codec::H264, &[7; 5_000]).with_key(true)).unwrap();
            assert_eq!(watcher.join().unwrap().0, [7; 5_000]);
            viewer
        };
        camera.camera.close_viewer(viewer);
    }
}

#[test]
fn tokens_log_in_and_are_not_shown() {
    let options = CameraOptions::new(uid()).with_login("admin", "canary").with_token("phone", "token canary");
    assert!(!format!("{options:?}").contains("canary"));
    let camera = Running::start(options);
    assert!(!format!("{:?}", camera.camera).contains("canary"));
    for (token, is_right) in [("token canary", true), ("canary", false)] {
        let (session, mut events) = connect(SessionOptions::new(camera.uid).without_login()).unwrap();
        let channel = session.channel(0).unwrap();
        let credentials = Credentials::token("phone", token);
        assert!(!format!("{credentials:?}").contains("canary"));
        assert_eq!(channel.choose_encryption(Required), Ok(true));
        channel.start_client(credentials, true).unwrap();
        loop {
            match events.next_event() {
                Ok(ViewerEvent::Av { event: AvEvent::LoggedIn { .. }, .. }) => break assert!(is_right),
                Ok(_) => {}
                Err(error) => {
                    assert!(!format!("{error} {error:?} {session:?}").contains("canary"));
                    break assert!(!is_right, "{error}");
                }
            }
        }
        assert_eq!(channel.cipher_suite().is_some(), is_right);
    }
}

#[test]
fn sides_that_disagree_are_told() {
    let plain = camera(Off);
    let error = connect(options(&plain, Required)).unwrap_err();
    assert!(matches!(error, ConnectError::NotEncrypted { .. }), "{error:?}");
    let encrypted = camera(Required);
    let error = connect(options(&encrypted, Off)).unwrap_err();
    assert!(matches!(error, ConnectError::EncryptionWanted { .. }), "{error:?}");
    assert!(!error.is_transient());
}

#[test]
fn wrong_passwords_and_accounts_are_told_without_them() {
    let camera = camera(Auto);
    let wrong = options(&camera, Auto).with_login("admin", "other canary");
    let error = connect(wrong).unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("canary"));
    let error = connect(options(&camera, Auto).with_login("nobody", "canary")).unwrap_err();
    assert!(matches!(error, ConnectError::UnknownAccount { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("canary"));
}
