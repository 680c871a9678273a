//! The same over real sockets: a stranger floods both ends of a session, which goes on.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tutk::proto::{AvStyle, Generation, SessionId};
use tutk::wire::{AddressBlock, Av, Feedback, Message, Role, SearchAnswer, Session as InSession, Step, Text};
use tutk::{
    AvEvent, Backend, Camera, CameraEvent, CameraOptions, Codec, Session, SessionOptions, Uid, VideoFrame, ViewerEvent,
};

const LONG: Duration = Duration::from_secs(20);

fn uid() -> Uid {
    "HOSTILEHOSTILEHOSTIL".parse().unwrap()
}

fn payload(av: Av<'_>) -> Vec<u8> {
    av.to_payload(AvStyle::Classic, Generation::G09)
}

/// Says everything that could do harm, each round under another cookie, until `end`.
fn flood(stranger: &UdpSocket, viewer: SocketAddr, camera: SocketAddr, end: &AtomicBool) {
    let say = |to: SocketAddr, message: Message<'_>| {
        // A full queue loses it, as networks do.
        let _ = stranger.send_to(&message.to_datagram(Generation::G09), to);
    };
    let asker = AddressBlock([0; 16]);
    // Whoever reads nothing for a while misses many rounds.
    for cookie in (1..=u16::MAX).cycle() {
        if end.load(Ordering::Relaxed) {
            return;
        }
        if cookie % 100 == 0 {
            // Without a pause, the session would get no datagram through.
            thread::sleep(Duration::from_millis(1));
        }
        let id = SessionId::Cookie(cookie);
        let from = |role| InSession { from: role, id, channel: 0, partial: false, secure: false, ticket: 0 };
        let (of_camera, of_viewer) = (from(Role::Camera), from(Role::Viewer));
        say(
            viewer,
            Message::Found(SearchAnswer {
                generation: Generation::G09,
                uid: uid(),
                asker,
                name: Text::from("stranger"),
                grant: None,
            }),
        );
        say(viewer, Message::Close(of_camera));
        say(viewer, Message::Alive(of_camera));
        let received = &payload(Av::Feedback(Feedback::AckReceived { frame: 0, clock: 0, clean: 0 }));
        say(viewer, Message::Data { session: of_camera, sequence: 0, payload: received });
        say(camera, Message::Search { uid: None, request: None });
        say(
            camera,
            Message::Handshake { step: Step::Confirm, uid: uid(), session: Some(id), first: false, full: false },
        );
        let (account, password) = (Text::from("admin"), Text::from("guess"));
        let login = &payload(Av::Login { account, password, resend: true, version: 3, echo: [0; 6] });
        say(camera, Message::Data { session: of_viewer, sequence: 0, payload: login });
        say(camera, Message::Close(of_viewer));
    }
}

#[test]
fn a_session_goes_on_while_a_stranger_floods_both_ends() {
    let (camera, mut events) = Camera::open(CameraOptions::new(uid()).with_login("admin", "right")).unwrap();
    let stranger = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 9), 0)).unwrap();
    let camera_address = SocketAddr::from((Ipv4Addr::LOCALHOST, camera.port()));

    let serving = camera.clone();
    let end = Arc::new(AtomicBool::new(false));
    let ends = end.clone();
    let server = thread::spawn(move || {
        let (mut refused, mut flooding) = (0, None);
        loop {
            match events.next_event() {
                Ok(CameraEvent::ViewerAdded { address, .. }) => {
                    let stranger = stranger.try_clone().unwrap();
                    let ends = ends.clone();
                    flooding = Some(thread::spawn(move || flood(&stranger, address, camera_address, &ends)));
                }
                // The viewer has an IO control for each frame.
                Ok(CameraEvent::IoControl { viewer, kind, .. }) => {
                    let data = vec![kind as u8; 5_000];
                    let frame = VideoFrame::new(Codec::H264, &data).with_key(true).with_timestamp(kind);
                    assert_eq!(serving.send_video(&[viewer], frame).unwrap(), 1);
                }
                Ok(CameraEvent::LoginRefused { .. }) => refused += 1,
                Ok(CameraEvent::ViewerRemoved { .. }) | Err(_) => break,
                Ok(_) => {}
            }
        }
        flooding.unwrap().join().unwrap();
        refused
    });

    let options = SessionOptions::new(uid())
        .with_login("admin", "right")
        .with_address("127.0.0.1".parse().unwrap())
        .with_backend(Backend::Native)
        .with_timeout(LONG)
        .with_idle_timeout(LONG);
    let (session, mut events) = Session::connect(options).unwrap().wait().unwrap();
    let mut kind = 0;
    // Frames come for as long as the flood does, and one after it: the camera has read all then.
    while !end.load(Ordering::Relaxed) {
        end.store(session.stats().conflicting_responders >= 100 && kind >= 100, Ordering::Relaxed);
        kind += 1;
        session.send_io_control(kind, &[]).unwrap();
        let frame = loop {
            match events.next_event().unwrap() {
                ViewerEvent::Av { event: AvEvent::Video(frame), .. } => break frame,
                ViewerEvent::Av { event: AvEvent::IoControlConfirmed { .. }, .. } => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((frame.timestamp, frame.data), (kind, vec![kind as u8; 5_000]));
    }
    let stats = session.stats();
    assert_eq!((session.camera().address, stats.lost), (camera_address, 0));
    assert!(stats.foreign > 0);
    drop(events);
    assert!(server.join().unwrap() > 0, "no wrong password came through");
}
