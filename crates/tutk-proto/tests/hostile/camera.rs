//! Viewers and strangers at a camera.

use std::net::SocketAddr;
use std::time::Duration;

use tutk_proto::Codec;
use tutk_proto::SessionId;
use tutk_proto::wire::{Av, CHUNK, Feedback, Message, Role, Session, Step};
use tutk_proto::{CameraEvent, RESEND_STORE, VideoFrame};

use crate::target::Target;
use crate::{COOKIE, ID, address, payload, uid};

#[test]
fn ten_thousand_knocks_leave_room_for_a_viewer() {
    let mut target = Target::new(4);
    for port in 0..10_000 {
        let from = SocketAddr::from(([10, 1, 0, 1], port + 1));
        for step in [Step::Propose, Step::Accept] {
            let message = Message::Handshake { step, uid: uid(), session: Some(ID), first: false, full: false };
            target.say(from, message);
        }
        // Each datagram has one answer at most.
        assert!(target.drain() <= 2);
    }
    assert!(target.log_in(address(1)).is_some());
    assert_eq!(target.camera.viewers(), 1);
}

#[test]
fn a_silent_viewer_holds_no_more_than_its_store() {
    let mut target = Target::new(4);
    let silent = target.log_in(address(1)).unwrap();
    let good = target.log_in(address(2)).unwrap();
    let mut taken = 0;
    for number in 0..500 {
        taken += target.send(silent, 10_000, number == 0);
        assert_eq!(target.send(good, 10_000, number == 0), 1, "frame {number}");
        target.drain();
        target.data(address(2), Av::Feedback(Feedback::Ack { frame: number, clock: 0, echo: 0, clean: 0 }));
        target.drain();
        assert!(target.camera.memory() <= RESEND_STORE + 10_016);
    }
    assert_eq!(taken, RESEND_STORE / 10_016 + 1);
    // Once it confirms, a key frame is wanted, and nothing else goes.
    target.data(address(1), Av::Feedback(Feedback::Ack { frame: 0, clock: 0, echo: 0, clean: 0 }));
    assert_eq!(target.camera.poll_event(), Some(CameraEvent::KeyFrameWanted { viewer: silent }));
    assert_eq!(
        (target.send(silent, 10, false), target.send(silent, 10, true), target.send(silent, 10, false)),
        (0, 1, 1)
    );
}

#[test]
fn a_storm_of_resend_requests_is_bounded() {
    let mut target = Target::new(1);
    let viewer = target.log_in(address(1)).unwrap();
    target.send(viewer, 1_000_000, true);
    let sent = target.drain_for(Duration::from_secs(1));
    for _ in 0..1_000 {
        target.data(address(1), Av::Feedback(Feedback::Nack { frame: 0, chunks: &[] }));
        target.data(address(1), Av::Feedback(Feedback::Nack { frame: 0, chunks: &[[0xFF; 2]; 500] }));
        target.data(address(1), Av::Feedback(Feedback::Nack { frame: 7, chunks: &[[0; 2]; 500] }));
    }
    // And no more than 64 of the frame that is not there.
    let again = target.drain_for(Duration::from_secs(1));
    assert!((1_000..=RESEND_STORE / CHUNK + 64).contains(&again), "{again} after {sent}");
}

#[test]
fn a_frame_of_16_mib_goes_and_a_larger_one_does_not() {
    let mut target = Target::new(1);
    let viewer = target.log_in(address(1)).unwrap();
    assert_eq!(target.send(viewer, (16 << 20) - 16, true), 1);
    // It takes a second, and so long a keep-alive datagram.
    assert_eq!(target.drain_for(Duration::from_secs(2)), (16 << 10) + 1);
    let data = vec![0; (16 << 20) - 15];
    let frame = VideoFrame::new(Codec::H264, &data).with_key(true);
    assert!(target.camera.send_video(&[viewer], frame).is_err());
}

/// What strangers say to a camera under this cookie.
fn messages(cookie: u16, mut each: impl FnMut(Message<'_>)) {
    let session = Session {
        from: Role::Viewer,
        id: SessionId::Cookie(cookie),
        channel: 0,
        partial: false,
        secure: false,
        ticket: 0,
    };
    let avs = [
        Av::Login { account: "admin".into(), password: "right".into(), resend: true, version: 3, echo: [0; 6] },
        Av::IoControl { number: 1, kind: 0x1FF, body: &[0; 8], version: 0, echo: [0; 6] },
        Av::IoControlAck { number: 1, version: 3, echo: [0; 6] },
        Av::Feedback(Feedback::Nack { frame: 0, chunks: &[] }),
        Av::Feedback(Feedback::Ack { frame: 0, clock: 0, echo: 0, clean: 0 }),
    ];
    for av in avs {
        each(Message::Data { session, sequence: 0, payload: &payload(&av) });
    }
    each(Message::Alive(session));
    each(Message::Close(session));
}

#[test]
fn other_addresses_and_other_cookies_are_not_heard() {
    let mut target = Target::new(1);
    let viewer = target.log_in(address(1)).unwrap();
    target.send(viewer, 10_000, true);
    target.drain();
    let held = target.camera.memory();
    for (from, cookie) in [(address(2), COOKIE), (address(1), COOKIE + 1), (address(1), 0)] {
        for _ in 0..1_000 {
            messages(cookie, |message| target.say(from, message));
        }
    }
    assert_eq!((target.drain(), target.camera.poll_event()), (0, None));
    assert_eq!((target.camera.viewers(), target.camera.memory()), (1, held));
}

#[test]
fn one_host_cannot_crowd_out_a_viewer_that_logs_in() {
    let mut target = Target::new(4);
    target.connect(address(1), COOKIE);
    for cookie in 1..=10_000 {
        target.connect(address(2), cookie);
        target.drain();
    }
    assert!(target.show(address(1), "right").is_some());
}

/// Each wrong password is answered, once.
#[test]
fn a_flood_of_wrong_passwords_is_answered_one_for_one() {
    let mut target = Target::new(4);
    let viewer = target.log_in(address(1)).unwrap();
    let mut refused = 0;
    for attempt in 0..10_000 {
        let from = SocketAddr::from(([10, 0, 1, (attempt % 50) as u8], 1000));
        target.connect(from, COOKIE);
        target.drain();
        let password = format!("guess {attempt}");
        target.data(
            from,
            Av::Login {
                account: "admin".into(),
                password: password.as_str().into(),
                resend: true,
                version: 3,
                echo: [0; 6],
            },
        );
        assert!(target.drain() <= 1);
        while let Some(event) = target.camera.poll_event() {
            assert_eq!(event, CameraEvent::LoginRefused { address: from });
            refused += 1;
        }
    }
    assert_eq!((refused, target.camera.viewers()), (10_000, 1));
    assert_eq!(target.send(viewer, 100, true), 1);
}

#[test]
fn searches_are_answered_one_for_one() {
    let mut target = Target::new(4);
    for port in 0..10_000 {
        target.say(SocketAddr::from(([10, 1, 0, 1], port)), Message::Search { uid: None, request: None });
        assert!(target.drain() <= 1);
    }
    // Where they come faster than they are answered, some are not.
    for port in 0..10_000 {
        target.say(SocketAddr::from(([10, 1, 0, 1], port)), Message::Search { uid: Some(uid()), request: None });
    }
    assert_eq!(target.drain(), 64);
}

/// Requests that come slowly enough to be served one by one are bounded too.
#[test]
fn what_is_sent_again_has_a_rate() {
    let mut target = Target::new(1);
    let viewer = target.log_in(address(1)).unwrap();
    target.send(viewer, 1_000_000, true);
    target.drain();
    let mut again = 0;
    for _ in 0..10_000 {
        target.data(address(1), Av::Feedback(Feedback::Nack { frame: 0, chunks: &[] }));
        again += target.drain();
        target.now += Duration::from_millis(1);
    }
    let store = RESEND_STORE / CHUNK;
    assert!((store..=store * 41).contains(&again), "{again} datagrams in 10 s");
}

/// An application answers each IO control, and the viewer confirms no answer.
#[test]
fn answers_that_are_never_confirmed_do_not_pile_up() {
    let mut target = Target::new(1);
    let viewer = target.log_in(address(1)).unwrap();
    let (mut answered, mut unconfirmed) = (0, 0);
    for number in 1..=10_000 {
        target.data(address(1), Av::IoControl { number, kind: 0x330, body: &[], version: 0, echo: [0; 6] });
        while let Some(event) = target.camera.poll_event() {
            match event {
                CameraEvent::IoControl { kind, .. } => {
                    target.camera.send_io_control(viewer, kind + 1, vec![0; 1000]).unwrap();
                    answered += 1;
                }
                CameraEvent::IoControlUnconfirmed { kind: 0x331, .. } => unconfirmed += 1,
                other => panic!("{other:?}"),
            }
        }
        target.drain();
    }
    assert_eq!(answered, 10_000);
    assert!(unconfirmed > 9_000, "{unconfirmed} of them were not taken");
}
