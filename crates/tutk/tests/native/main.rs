//! Viewer and camera over real sockets of this host.

#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "dtls")]
mod encryption;
mod ipv6;
mod storm;
mod talk;
#[cfg(feature = "dtls")]
mod wyze;

use std::net::{ToSocketAddrs, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use common::camera::{LONG, Running, connect, next, receive, uid};
use tutk::proto::{Generation, SessionId};
use tutk::wire::{Message, Role};
use tutk::{
    Address, AuthKey, AvEvent, Backend, Browser, BrowserEvent, Camera, CameraError, CameraEvent, CameraOptions,
    CancelHandle, Codec, CommandError, ConnectError, DisconnectReason, DiscoverOptions, DiscoveredCamera, Error,
    Events, Field, LocalPorts, OptionError, SendError, Session, SessionError, SessionOptions, Uid, VideoFrame,
    discover,
};

/// A name of this host. A minimal root may lack it, and then only its resolution goes without a test.
fn this_host() -> &'static str {
    let has_name = ("localhost", 0).to_socket_addrs().is_ok_and(|mut found| found.any(|found| found.is_ipv4()));
    if has_name { "localhost" } else { "127.0.0.1" }
}

fn viewer(uid: Uid, password: &str) -> SessionOptions {
    let options = SessionOptions::new(uid).with_login("admin", password).with_timeout(LONG);
    // Whatever library the environment names is not what is tested.
    options.with_backend(Backend::Native)
}

fn open(uid: Uid, password: &str) -> (Session, Events) {
    connect(viewer(uid, password)).unwrap()
}

fn search(options: &DiscoverOptions) -> Vec<DiscoveredCamera> {
    discover(options).unwrap().map(Result::unwrap).collect()
}

#[test]
fn frames_and_controls_go_both_ways() {
    let camera = Running::new("right");
    let (session, mut events) = open(camera.uid, "right");
    assert_eq!(session.camera().name, "in process");
    session.start_video().unwrap();
    let id = camera.wait_for_viewer();
    // From an empty frame to 300 kB, which does not fit into the socket's buffer.
    for (number, len) in [(0, 0), (1, 1), (2, 1008), (3, 1009), (4, 300_000), (5, 40_000)] {
        let data: Vec<u8> = (0..len).map(|i: u32| (i * 31 + number) as u8).collect();
        let frame = VideoFrame::new(Codec::H265, &data).with_key(number == 0).with_timestamp(number * 40);
        assert_eq!(camera.camera.send_video(&[id], frame).unwrap(), 1);
        let AvEvent::Video(frame) = next(&mut events) else { panic!("no frame") };
        assert!(frame.data == data, "frame {number}");
        assert_eq!((frame.number, frame.codec, frame.key), (number, Codec::H265, number == 0));
        assert_eq!(frame.timestamp, number * 40);
    }
    camera.camera.send_io_control(id, 0x331, b"model").unwrap();
    let AvEvent::IoControl { kind, body } = next(&mut events) else { panic!("no IO control") };
    assert_eq!((kind, body.as_slice()), (0x331, &b"model"[..]));
    assert!(matches!(
        session.send_io_control(1, &[0; 65_533]),
        Err(CommandError::Send(SendError::BodyTooLarge { len: 65_533, max: 65_532, .. }))
    ));
    session.close();
    assert!(matches!(receive(&mut events), Err(SessionError::Closed)));
    assert!(matches!(session.start_video(), Err(SessionError::Closed)));
    assert_eq!(camera.wait_for_end(), DisconnectReason::ByViewer);
}

#[test]
fn the_camera_closes() {
    let camera = Running::new("");
    let (session, mut events) = open(camera.uid, "");
    drop(camera);
    assert!(matches!(receive(&mut events), Err(SessionError::ClosedByCamera)));
    assert!(matches!(receive(&mut events), Err(SessionError::ClosedByCamera)), "final");
    assert!(matches!(session.start_video(), Err(SessionError::ClosedByCamera)));
}

#[test]
fn a_wrong_password_is_refused() {
    let camera = Running::new("right");
    let error = connect(viewer(camera.uid, "canary")).unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"));
    camera.wait(|event| matches!(event, CameraEvent::LoginRefused { .. }).then_some(()));
    // The camera is none the worse for it.
    let _session = open(camera.uid, "right");
}

#[test]
fn a_full_camera_says_so() {
    let camera = Running::start(CameraOptions::new(uid()).with_max_viewers(1));
    let first = open(camera.uid, "");
    let error = connect(viewer(camera.uid, "")).unwrap_err();
    assert!(matches!(error, ConnectError::Full { .. }), "{error}");
    drop(first);
    let _second = open(camera.uid, "");
}

#[test]
fn a_camera_with_an_authentication_key_wants_to_see_it() {
    let key = |text: &str| text.parse::<AuthKey>().unwrap();
    let camera = Running::start(CameraOptions::new(uid()).with_auth_key(key("canary42")));
    let refused = |options: SessionOptions| {
        let error = connect(options).unwrap_err();
        assert!(!error.is_transient() && error.to_string().contains(camera.uid.as_str()), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
        error
    };
    let error = refused(viewer(camera.uid, ""));
    assert!(matches!(error, ConnectError::WrongAuthKey { given: false, .. }), "{error}");
    let error = refused(viewer(camera.uid, "").with_auth_key(key("canary43")));
    assert!(matches!(error, ConnectError::WrongAuthKey { given: true, .. }), "{error}");
    let options = viewer(camera.uid, "").with_auth_key(key("canary42"));
    assert!(!format!("{options:?}").contains("canary"));
    let _session = connect(options).unwrap();
}

#[test]
fn a_camera_without_an_authentication_key_refuses_one() {
    let camera = Running::new("");
    let error = connect(viewer(camera.uid, "").with_auth_key("canary42".parse().unwrap())).unwrap_err();
    assert!(matches!(error, ConnectError::AuthKeyNotWanted { .. }) && !error.is_transient(), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[test]
fn a_camera_of_the_first_generation_has_no_authentication_key() {
    let options = CameraOptions::new(uid()).with_generation(Generation::G09).with_auth_key("canary42".parse().unwrap());
    let error = Camera::open(options).unwrap_err();
    assert!(matches!(error, CameraError::Option(OptionError::AuthKey { generation: 9, .. })), "{error}");
}

#[test]
fn what_is_scrambled_in_part_arrives_whole() {
    let camera = Running::new("");
    let (session, mut events) = open(camera.uid, "");
    session.set_partial_scramble(true);
    session.start_video().unwrap();
    let id = camera.wait_for_viewer();
    camera.camera.set_partial_scramble(id, true);
    let data: Vec<u8> = (0..100_000u32).map(|at| at as u8).collect();
    camera.camera.send_video(&[id], VideoFrame::new(Codec::H264, &data).with_key(true)).unwrap();
    let AvEvent::Video(frame) = next(&mut events) else { panic!("no frame") };
    assert!(frame.data == data);
}

#[test]
fn nobody_answers() {
    let mut options = viewer(uid(), "");
    options.timeout = Duration::from_millis(100);
    let error = connect(options.clone()).unwrap_err();
    assert!(matches!(error, ConnectError::NotFound { .. }), "{error}");
    // A host that is asked and says nothing.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    options.address = Some(silent.local_addr().unwrap().to_string().parse().unwrap());
    let error = connect(options).unwrap_err();
    assert!(error.to_string().contains(&silent.local_addr().unwrap().to_string()), "{error}");
}

/// It may be the camera with another address; or another host that wants the password.
#[test]
fn a_camera_that_answers_elsewhere_is_named_and_not_logged_in_to() {
    let camera = Running::new("right");
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut options = viewer(camera.uid, "wrong");
    options.timeout = Duration::from_millis(500);
    options.address = Some(silent.local_addr().unwrap().to_string().parse().unwrap());
    // A busy machine may leave it less time than an answer takes.
    let until = Instant::now() + LONG;
    loop {
        let error = connect(options.clone()).unwrap_err();
        let ConnectError::NotFound { answers, .. } = &error else { panic!("{error}") };
        if answers.cameras.iter().any(|found| found.uid == camera.uid) {
            break assert!(error.to_string().contains("It answers at "), "{error}");
        }
        assert!(Instant::now() < until, "{answers:?}");
    }
    // The first that the camera hears of is the viewer that looks for it where it is.
    let _session = open(camera.uid, "right");
    let event = camera.wait(Some);
    assert!(matches!(event, CameraEvent::ViewerAdded { .. }), "{event:?}");
}

#[test]
fn sessions_take_ports_that_were_named() {
    let camera = Running::new("");
    let free = UdpSocket::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port().min(65_000);
    let ports: LocalPorts = format!("{free}-{}", free + 100).parse().unwrap();
    let options = viewer(camera.uid, "").with_local_ports(ports);
    let _sessions = [(); 2].map(|()| connect(options.clone()).unwrap());
    let port = || {
        camera.wait(|event| match event {
            CameraEvent::ViewerAdded { address, .. } => Some(address.port()),
            _ => None,
        })
    };
    let used = [port(), port()];
    assert!(used.iter().all(|port| (free..=free + 100).contains(port)) && used[0] != used[1], "{used:?} of {ports}");
    // All that are allowed are taken.
    let options = options.with_local_ports(used[0].to_string().parse().unwrap());
    let error = connect(options).unwrap_err();
    assert!(
        matches!(&error, ConnectError::Io(error) if error.source.kind() == std::io::ErrorKind::AddrInUse),
        "{error}"
    );
    assert!(error.to_string().contains(&used[0].to_string()), "{error}");
}

#[test]
fn a_search_finds_all_or_one() {
    let camera = Running::new("");
    let other = Running::new("");
    // Not to the end, which a camera on a busy machine may need.
    let mut missing = vec![camera.uid, other.uid];
    for found in discover(&DiscoverOptions::new().with_timeout(LONG)).unwrap().map(Result::unwrap) {
        missing.retain(|uid| found.uid != *uid || found.name != "in process");
        if missing.is_empty() {
            break;
        }
    }
    assert_eq!(missing, []);
    let only = DiscoverOptions::new().with_uid(camera.uid).with_timeout(LONG);
    assert!(search(&only).iter().all(|found| found.uid == camera.uid));
    // A camera hears searches on its session port, too.
    let address = Address { host: this_host().into(), port: Some(camera.camera.port()) };
    let found = search(&only.with_address(address));
    assert_eq!((found[0].uid, found[0].address.port()), (camera.uid, camera.camera.port()));
}

#[test]
fn a_browser_keeps_up_with_a_camera() {
    let camera = Running::new("");
    let uid = camera.uid;
    let mut browser = Browser::new(Duration::from_millis(500)).unwrap();
    let mut next = || loop {
        let event = browser.next_event_until(Some(Instant::now() + LONG)).unwrap().expect("no event");
        match &event {
            BrowserEvent::Appeared(found) | BrowserEvent::Changed(found) if found.uid == uid => return event,
            BrowserEvent::Vanished(gone) if *gone == uid => return event,
            _ => {}
        }
    };
    let BrowserEvent::Appeared(found) = next() else { panic!("not there") };
    assert_eq!((found.name.as_str(), found.address.port()), ("in process", camera.camera.port()));
    camera.camera.set_name("moved".into()).unwrap();
    let changed = loop {
        match next() {
            BrowserEvent::Changed(changed) => break changed,
            // On a busy machine it may miss searches, and come again.
            BrowserEvent::Appeared(again) if again.name == "moved" => break again,
            _ => {}
        }
    };
    assert_eq!((changed.name.as_str(), changed.address.port()), ("moved", found.address.port()));
    drop(camera);
    while next() != BrowserEvent::Vanished(uid) {}
}

/// How long a blocked call takes to return once another thread ends it.
fn ended_after(call: impl FnOnce() -> Result<(), Error> + Send + 'static, end: impl FnOnce()) -> Duration {
    let (started, start) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        started.send(common::this_thread()).unwrap();
        let result = call();
        (Instant::now(), result)
    });
    common::wait_until_blocked(&start.recv().unwrap());
    let begin = Instant::now();
    end();
    let (end, result) = thread.join().unwrap();
    let error = result.unwrap_err();
    assert!(error.is_cancelled() || matches!(error, Error::Camera(CameraError::Closed)), "{error}");
    end.saturating_duration_since(begin)
}

fn cancelled_after(handle: CancelHandle, call: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Duration {
    ended_after(call, || handle.cancel())
}

#[test]
fn every_blocking_call_can_be_cancelled() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let camera = Running::new("");
    let silent_address: Address = silent.local_addr().unwrap().to_string().parse().unwrap();
    let connecting = Session::connect(viewer(camera.uid, "").with_address(silent_address)).unwrap();
    let (_session, mut events) = open(camera.uid, "");
    let mut discovery = discover(&DiscoverOptions::new().with_timeout(LONG)).unwrap();
    let mut browser = Browser::new(LONG).unwrap();
    let (virtual_camera, mut serving) = Camera::open(CameraOptions::new(uid())).unwrap();
    let took = [
        cancelled_after(connecting.cancel_handle(), || Ok(connecting.wait().map(drop)?)),
        cancelled_after(events.cancel_handle(), move || Ok(events.next_event().map(drop)?)),
        // Other tests' cameras are found, too.
        cancelled_after(discovery.cancel_handle(), move || Ok(discovery.try_for_each(|found| found.map(drop))?)),
        cancelled_after(browser.cancel_handle(), move || {
            loop {
                browser.next_event()?;
            }
        }),
        ended_after(move || Ok(serving.next_event().map(drop)?), || virtual_camera.close()),
    ];
    println!("{took:?}");
    // Without a cancellation it would be twice as long.
    assert!(took.iter().all(|took| *took < LONG / 2), "{took:?}");
}

#[test]
fn a_cancellation_comes_before_the_wait_and_meets_one_session_alone() {
    let camera = Running::new("");
    let connecting = Session::connect(viewer(camera.uid, "")).unwrap();
    connecting.cancel();
    assert!(matches!(connecting.wait(), Err(ConnectError::Cancelled)));
    let (first, mut first_events) = open(camera.uid, "");
    let (_second, mut second_events) = open(camera.uid, "");
    first_events.cancel_handle().cancel();
    assert!(matches!(first_events.next_event(), Err(SessionError::Cancelled)));
    let until = Some(Instant::now() + Duration::from_millis(10));
    assert!(matches!(second_events.next_event_until(until), Ok(None)));
    // It is still there, until its events are dropped.
    first.start_video().unwrap();
    drop(first_events);
    assert!(matches!(first.start_video(), Err(SessionError::Closed)));
}

#[test]
fn a_cancelled_session_goes_on_after_a_reset() {
    let camera = Running::new("");
    let (session, mut events) = open(camera.uid, "");
    session.start_video().unwrap();
    let id = camera.wait_for_viewer();
    let handle = events.cancel_handle();
    handle.cancel();
    assert!(matches!(events.next_event(), Err(SessionError::Cancelled)));
    assert!(matches!(events.next_event(), Err(SessionError::Cancelled)));
    handle.reset();
    let frame = VideoFrame::new(Codec::Mjpeg, &[1]).with_key(true);
    camera.camera.send_video(&[id], frame).unwrap();
    assert!(matches!(next(&mut events), AvEvent::Video(frame) if frame.data == [1]));
}

#[test]
fn strangers_are_counted_and_passed_over() {
    let camera = Running::new("");
    let (session, mut events) = open(camera.uid, "");
    session.start_video().unwrap();
    let (id, address) = camera.wait(|event| match event {
        CameraEvent::ViewerAdded { viewer, address } => Some((viewer, address)),
        _ => None,
    });
    // A stranger's close with every cookie reaches neither end.
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    for cookie in (1..=u16::MAX).step_by(199) {
        for (from, port) in [(Role::Camera, address.port()), (Role::Viewer, camera.camera.port())] {
            let close = Message::Close(tutk::wire::Session {
                from,
                id: SessionId::Cookie(cookie),
                channel: 0,
                partial: false,
                secure: false,
                ticket: 0,
            });
            stranger.send_to(&close.to_datagram(Generation::G09), ("127.0.0.1", port)).unwrap();
        }
    }
    let frame = VideoFrame::new(Codec::H264, &[7; 5000]).with_key(true);
    assert_eq!(camera.camera.send_video(&[id], frame).unwrap(), 1);
    assert!(matches!(next(&mut events), AvEvent::Video(frame) if frame.data == [7; 5000]));
    assert!(session.stats().foreign > 0);
}

#[test]
fn bad_arguments_are_named() {
    for password in ["x".repeat(257), "a\0b".into()] {
        let error = connect(viewer(uid(), &password)).unwrap_err();
        assert!(error.to_string().contains("password"), "{error}");
        let field = match error {
            ConnectError::Option(OptionError::TooLong { field, len: 257 } | OptionError::Nul { field }) => field,
            error => panic!("{error}"),
        };
        assert_eq!(field, Field::Password);
    }
    let options = CameraOptions::new(uid()).with_name("x".repeat(132));
    assert!(matches!(Camera::open(options), Err(CameraError::Option(OptionError::CameraName))));
    let taken = UdpSocket::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Camera::open(CameraOptions::new(uid()).with_port(port)).unwrap_err();
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}
