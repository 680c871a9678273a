//! The tests.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use tutk::{
    AvEvent, Backend, CameraEvent, CameraOptions, Codec, CommandError, ConnectError, DisconnectReason, Field, Mode,
    OptionError, SendError, Session, SessionError, ViewerEvent, io_control,
};

use crate::Through;
use crate::camera::frame;
use crate::common::camera::{LONG, Running, connect, next, receive, uid};
use crate::common::{this_thread, wait_until_blocked};

pub(crate) fn frames_of_all_sizes_come_whole(through: &Through) {
    let camera = Running::new("right");
    let (session, mut events) = through.open(camera.uid, "right");
    session.start_video().unwrap();
    let viewer = camera.wait_for_viewer();
    // Around one datagram, the limit of 128,000 of a program before this one, and more than a session has room for at first;
    // together less than a camera keeps unconfirmed.
    for (number, len) in [1, 1008, 1009, 40_000, 128_001, 300_000, 500_000, 5].into_iter().enumerate() {
        let number = number as u32;
        let data = camera.send(viewer, number, len);
        let frame = frame(&mut events);
        assert!(frame.data == data, "frame {number}: {} bytes of {len}", frame.data.len());
        assert_eq!((frame.number, frame.codec, frame.key), (number, Codec::H264, number == 0));
        assert_eq!(frame.timestamp, number * 40);
        assert!(frame.info.len() >= 16);
    }
    assert_eq!((session.stats().frames, session.stats().lost), (8, 0));
}

pub(crate) fn io_controls_go_both_ways(through: &Through) {
    let camera = Running::new("");
    let (session, mut events) = through.open(camera.uid, "");
    session.start_video().unwrap();
    let viewer = camera.wait_for_viewer();
    let largest = vec![0x5a; io_control::MAX_CLASSIC_BODY];
    for (kind, body) in [(0x330, &[][..]), (0x7001, b"body"), (0x7002, &largest)] {
        session.send_io_control(kind, body).unwrap();
        while !matches!(receive(&mut events).unwrap(), AvEvent::IoControlConfirmed { kind: got } if got == kind) {}
        let got = camera.wait(|event| match event {
            CameraEvent::IoControl { kind, body, .. } => Some((kind, body)),
            _ => None,
        });
        assert!(got == (kind, body.to_vec()), "{:#x}", got.0);
        camera.camera.send_io_control(viewer, kind + 1, body).unwrap();
        let AvEvent::IoControl { kind: got, body: answer } = next(&mut events) else { panic!("no IO control") };
        assert!((got, answer.as_slice()) == (kind + 1, body), "{got:#x}");
    }
    let error = session.send_io_control(1, &[0; io_control::MAX_BODY + 1]).unwrap_err();
    assert!(matches!(error, CommandError::Send(SendError::BodyTooLarge { .. })), "{error}");
    drop(events);
    assert_eq!(camera.wait_for_end(), DisconnectReason::ByViewer);
}

pub(crate) fn a_wrong_password_is_refused(through: &Through) {
    let camera = Running::new("right");
    let error = through.fail(through.options(camera.uid, "canary"));
    assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"));
    // Neither side is the worse for it.
    let _session = through.open(camera.uid, "right");
}

pub(crate) fn an_unknown_camera_is_not_found(through: &Through) {
    let mut options = through.options(uid(), "");
    options.timeout = Duration::from_millis(200);
    let error = through.fail(options);
    assert!(matches!(error, ConnectError::NotFound { .. }), "{error}");
}

pub(crate) fn a_full_camera_says_so(through: &Through) {
    let camera = Running::start(CameraOptions::new(uid()).with_max_viewers(1));
    // Another program's: a library has one port for all its sessions, and the vendor's does not tell two of one camera
    // apart while they are made.
    let first = Through { backend: Backend::Native, library: None }.open(camera.uid, "");
    let error = through.fail(through.options(camera.uid, ""));
    assert!(matches!(error, ConnectError::Full { .. }), "{error}");
    drop(first);
    let _second = through.open(camera.uid, "");
}

pub(crate) fn the_camera_closes(through: &Through) {
    let camera = Running::new("");
    let (session, mut events) = through.open(camera.uid, "");
    drop(camera);
    assert!(matches!(receive(&mut events), Err(SessionError::ClosedByCamera)));
    assert!(matches!(receive(&mut events), Err(SessionError::ClosedByCamera)), "final");
    assert!(matches!(session.start_video(), Err(SessionError::ClosedByCamera)));
}

pub(crate) fn a_cancelled_session_goes_on_after_a_reset(through: &Through) {
    let camera = Running::new("");
    let (session, mut events) = through.open(camera.uid, "");
    session.start_video().unwrap();
    let viewer = camera.wait_for_viewer();
    while !matches!(receive(&mut events).unwrap(), AvEvent::IoControlConfirmed { .. }) {}
    let handle = events.cancel_handle();
    thread::scope(|scope| {
        let receiving = scope.spawn(|| receive(&mut events));
        handle.cancel();
        assert!(matches!(receiving.join().unwrap(), Err(SessionError::Cancelled)));
    });
    assert!(matches!(receive(&mut events), Err(SessionError::Cancelled)));
    handle.reset();
    let data = camera.send(viewer, 0, 100);
    assert!(frame(&mut events).data == data);
}

pub(crate) fn a_deadline_ends_the_wait_and_nothing_else(through: &Through) {
    let camera = Running::new("");
    let (session, mut events) = through.open(camera.uid, "");
    session.start_video().unwrap();
    let viewer = camera.wait_for_viewer();
    while !matches!(receive(&mut events).unwrap(), AvEvent::IoControlConfirmed { .. }) {}
    let deadline = Instant::now() + Duration::from_millis(50);
    assert!(events.next_event_until(Some(deadline)).unwrap().is_none());
    assert!(Instant::now() >= deadline);
    // What comes before it is still received.
    let data = camera.send(viewer, 0, 100);
    let next = events.next_event_until(Some(Instant::now() + LONG)).unwrap();
    let Some(ViewerEvent::Av { event: AvEvent::Video(frame), .. }) = next else { panic!("no frame") };
    assert!(frame.data == data);
}

pub(crate) fn a_cancelled_search_for_the_camera_ends(through: &Through) {
    let connecting = Session::connect(through.options(uid(), "")).unwrap();
    let handle = connecting.cancel_handle();
    thread::scope(|scope| {
        let (started, start) = channel();
        let opening = scope.spawn(move || {
            started.send(this_thread()).unwrap();
            (connecting.wait().map(drop), Instant::now())
        });
        wait_until_blocked(&start.recv().unwrap());
        let begin = Instant::now();
        handle.cancel();
        let (opened, end) = opening.join().unwrap();
        assert!(matches!(opened, Err(ConnectError::Cancelled)), "{opened:?}");
        let took = end.saturating_duration_since(begin);
        println!("{took:?}");
        // Without a cancellation it would be twice as long.
        assert!(took < LONG / 2, "{took:?}");
    });
}

pub(crate) fn several_cameras_at_once(through: &Through) {
    let cameras: Vec<_> = (0..4).map(|_| Running::new("right")).collect();
    thread::scope(|scope| {
        for camera in cameras {
            scope.spawn(move || {
                let (session, mut events) = through.open(camera.uid, "right");
                session.start_video().unwrap();
                let viewer = camera.wait_for_viewer();
                for number in 0..20 {
                    let data = camera.send(viewer, number, 20_000);
                    assert!(frame(&mut events).data == data, "frame {number}");
                }
            });
        }
    });
}

pub(crate) fn many_times_in_a_row(through: &Through) {
    let camera = Running::start(CameraOptions::new(uid()).with_max_viewers(1));
    for _ in 0..10 {
        let (session, mut events) = through.open(camera.uid, "");
        session.start_video().unwrap();
        let viewer = camera.wait_for_viewer();
        let data = camera.send(viewer, 0, 3000);
        assert!(frame(&mut events).data == data);
        drop(events);
        camera.wait(|event| matches!(event, CameraEvent::ViewerRemoved { .. }).then_some(()));
    }
}

pub(crate) fn long_and_odd_credentials(through: &Through) {
    let longest = "p".repeat(256);
    for (account, password) in [("admin", longest.as_str()), ("Zoë", "with spaces & ünicode")] {
        let camera = Running::start(CameraOptions::new(uid()).with_login(account, password));
        connect(through.options(camera.uid, "").with_login(account, password)).unwrap();
    }
    for bad in ["x".repeat(257), "a\0b".into()] {
        let field = |error| match error {
            ConnectError::Option(OptionError::TooLong { field, .. } | OptionError::Nul { field }) => field,
            error => panic!("{error}"),
        };
        let error = through.fail(through.options(uid(), &bad));
        assert!(error.to_string().contains("password"), "{error}");
        assert_eq!(field(error), Field::Password);
        let mut options = through.options(uid(), "");
        options.account = bad;
        let error = through.fail(options);
        assert!(error.to_string().contains("account"), "{error}");
        assert_eq!(field(error), Field::Account);
    }
}

pub(crate) fn the_session_tells_where_it_goes(through: &Through) {
    let camera = Running::new("");
    let (session, _events) = through.open(camera.uid, "");
    let info = session.info();
    assert_eq!((info.mode, info.remote.port()), (Mode::Lan, camera.camera.port()));
    assert_eq!((session.camera().uid, session.camera().address), (camera.uid, info.remote));
    assert_eq!(info.library.is_none(), through.is_native());
    if let Some(library) = info.library {
        assert_eq!(library.iotc.split('.').count(), 4, "{library:?}");
    }
}
