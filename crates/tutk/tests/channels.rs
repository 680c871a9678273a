//! Channels of a session whose application decides on logins: media and speech at once, over real sockets.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tutk::native::{Connection, ConnectionOptions};
use tutk::proto::{AvEvent, ViewerEvent};
use tutk::wire::FrameInfo;
use tutk::{Camera, CameraEvent, CameraOptions, Cancel, Codec, Secret, Uid, ViewerId};

const LONG: Duration = Duration::from_secs(20);

fn uid() -> Uid {
    format!("CHANNELS{:012X}", getrandom::u64().unwrap() >> 16).parse().unwrap()
}

fn info() -> [u8; 16] {
    FrameInfo { codec: Codec::Pcm, flags: 2, camera: 0, viewers: 1, timestamp: 9 }.encode()
}

/// A camera's application: lets in who knows the word on channel 0, sends audio there, and listens on channel 1.
fn application(camera: &Camera) -> Vec<Vec<u8>> {
    let mut heard = Vec::new();
    let mut viewer = None;
    while let Ok(event) = camera.next_event() {
        match event {
            CameraEvent::ViewerAdded { viewer: id, .. } => {
                viewer = Some(id);
                camera.with_link(id, |link| {
                    link.start_server(0, true);
                    link.set_service(0, 77);
                });
            }
            CameraEvent::Av { viewer, channel: 0, event: AvEvent::Login { account, password } } => {
                let right = account == b"somebody" && password == Secret::from("word");
                camera.with_link(viewer, |link| link.answer_login(0, right));
            }
            CameraEvent::Av { viewer, channel: 0, event: AvEvent::IoControl { kind: 0x300, .. } } => {
                for number in 0..3 {
                    camera.with_link(viewer, |link| link.send_audio(0, &[number; 640], &info()).unwrap());
                }
            }
            CameraEvent::Av { viewer, channel: 0, event: AvEvent::IoControl { kind: 0x350, .. } } => {
                camera.with_link(viewer, |link| {
                    link.start_client(std::time::Instant::now(), 1, String::new(), Secret::default(), false);
                });
            }
            CameraEvent::Av { channel: 1, event: AvEvent::Audio(block), .. } => heard.push(block.data),
            CameraEvent::ViewerRemoved { viewer: id, .. } => {
                assert_eq!(Some(id), viewer);
                break;
            }
            _ => {}
        }
    }
    heard
}

#[test]
fn audio_goes_both_ways() {
    let options = CameraOptions::new(uid());
    let (uid, cancel) = (options.uid, Cancel::new().unwrap());
    let camera = Arc::new(Camera::open_for_application(options, &cancel).unwrap());
    let serving = camera.clone();
    let thread = thread::spawn(move || application(&serving));

    let cancel = Cancel::new().unwrap();
    let options = ConnectionOptions {
        uid,
        address: None,
        local_ports: None,
        credentials: None,
        timeout: LONG,
        idle_timeout: LONG,
    };
    let connection = Connection::open(options, &cancel).unwrap();
    let log_in = |word: &str| {
        let now = std::time::Instant::now();
        connection.with_link(|link| link.start_client(now, 0, "somebody".into(), word.into(), true));
        loop {
            if let ViewerEvent::Av { channel: 0, event } = connection.next_event().unwrap() {
                return event;
            }
        }
    };
    // A session outlives a wrong word.
    assert_eq!(log_in("wrong"), AvEvent::LoginRefused(3));
    assert_eq!(log_in("word"), AvEvent::LoggedIn { resend: true });
    assert_eq!(connection.with_link(|link| (link.service(0), link.service(1))), Some((Some(77), None)));

    connection.with_link(|link| link.send_io_control(0, 0x300, vec![0; 8]));
    let mut numbers = Vec::new();
    while numbers.len() < 3 {
        if let ViewerEvent::Av { channel: 0, event: AvEvent::Audio(block) } = connection.next_event().unwrap() {
            assert_eq!((block.data, block.info.as_slice()), (vec![numbers.len() as u8; 640], &info()[..]));
            numbers.push(block.number);
        }
    }
    assert_eq!(numbers, [0, 1, 2]);

    // The other way, the viewer's end of channel 1 is the server.
    connection.with_link(|link| link.start_server(1, false));
    connection.with_link(|link| link.send_io_control(0, 0x350, vec![1; 8]));
    loop {
        if let ViewerEvent::Av { channel: 1, event: AvEvent::Login { .. } } = connection.next_event().unwrap() {
            break;
        }
    }
    connection.with_link(|link| link.answer_login(1, true));
    for number in 0..4 {
        let too_long = connection.with_link(|link| link.send_audio(1, &[0; 1400], &info()));
        assert!(too_long.unwrap().is_err());
        connection.with_link(|link| link.send_audio(1, &[number; 160], &info()));
    }
    drop(connection);
    assert_eq!(thread.join().unwrap(), (0..4).map(|number| vec![number; 160]).collect::<Vec<_>>());
    assert!(camera.with_link(ViewerId(1), |_| ()).is_none());
}
