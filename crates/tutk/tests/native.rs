//! Viewer and camera over real sockets of this host.

mod common;

use std::net::{ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tutk::wire::{Message, Role, scramble};
use tutk::{
    Address, Backend, Browser, BrowserEvent, Camera, CameraEvent, CameraOptions, Cancel, Codec, Error, Received,
    Removed, Search, Session, SessionOptions, Uid, VideoFrame, io_control, search,
};

/// Far more than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// A UID that no other test uses, in this process or another.
fn uid() -> Uid {
    let mut random = getrandom::u64().unwrap();
    let letters = (0..Uid::LEN).map(|_| {
        let letter = b"ABCDEFGHIJKLMNOPQRST123456789UVW"[(random % 32) as usize];
        random = (random / 32).wrapping_add(random.rotate_left(17));
        letter as char
    });
    letters.collect::<String>().parse().unwrap()
}

struct Running {
    camera: Arc<Camera>,
    cancel: Cancel,
    events: Receiver<CameraEvent>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(options: CameraOptions) -> Self {
        let cancel = Cancel::new().unwrap();
        let camera = Arc::new(Camera::open(options, &cancel).unwrap());
        let (sender, events) = channel();
        let serving = camera.clone();
        let thread = thread::spawn(move || {
            while let Ok(event) = serving.next_event() {
                let _ = sender.send(event);
            }
        });
        Self { camera, cancel, events, thread: Some(thread) }
    }

    fn with_password(password: &str) -> (Uid, Self) {
        let mut options = CameraOptions::new(uid());
        options.password = password.into();
        options.name = "in process".into();
        (options.uid, Self::start(options))
    }

    fn wait<T>(&self, mut wanted: impl FnMut(CameraEvent) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(self.events.recv_timeout(LONG).expect("the camera has no event")) {
                return found;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn viewer(uid: Uid, password: &str) -> SessionOptions {
    let mut options = SessionOptions::new(uid);
    options.password = password.into();
    options.timeout = LONG;
    // cargo's tests have this workspace's own library with the vendor's interface in reach of the loader.
    options.backend = Backend::Native;
    options
}

fn open(uid: Uid, password: &str) -> (Session, Cancel) {
    let cancel = Cancel::new().unwrap();
    (Session::open(viewer(uid, password), &cancel).unwrap(), cancel)
}

/// What the session receives next, but for confirmations.
fn next(session: &Session) -> Received {
    loop {
        match session.receive().unwrap() {
            Received::IoControlConfirmed { .. } => {}
            received => return received,
        }
    }
}

#[test]
fn frames_and_controls_go_both_ways() {
    let (uid, camera) = Running::with_password("right");
    let (session, _cancel) = open(uid, "right");
    assert_eq!(session.camera().name, "in process");
    session.start_video().unwrap();
    let id = camera.wait(|event| match event {
        CameraEvent::IoControl { viewer, kind: io_control::START_VIDEO, body } if body == [0; 8] => Some(viewer),
        _ => None,
    });
    // From an empty frame to 300 kB, which does not fit into the socket's buffer.
    for (number, len) in [(0, 0), (1, 1), (2, 1008), (3, 1009), (4, 300_000), (5, 40_000)] {
        let data: Vec<u8> = (0..len).map(|i: u32| (i * 31 + number) as u8).collect();
        let frame = VideoFrame { data: &data, codec: Codec::H265, key: number == 0, timestamp: number * 40 };
        assert_eq!(camera.camera.send_video(&[id], frame).unwrap(), 1);
        let Received::Video(frame) = next(&session) else { panic!("no frame") };
        assert!(frame.data == data, "frame {number}");
        assert_eq!((frame.number, frame.codec, frame.key), (number, Codec::H265, number == 0));
        assert_eq!(frame.timestamp, number * 40);
    }
    camera.camera.send_io_control(id, 0x331, b"model").unwrap();
    let Received::IoControl { kind, body } = next(&session) else { panic!("no IO control") };
    assert_eq!((kind, body.as_slice()), (0x331, &b"model"[..]));
    assert!(matches!(session.send_io_control(1, &[0; 1021]), Err(Error::InvalidArgument(_))));
    session.close();
    // What a session says last: stop, and close.
    camera.wait(|event| matches!(event, CameraEvent::IoControl { kind: io_control::STOP_VIDEO, .. }).then_some(()));
    let reason = camera.wait(|event| match event {
        CameraEvent::ViewerRemoved { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(reason, Removed::ByViewer);
}

#[test]
fn the_camera_closes() {
    let (uid, camera) = Running::with_password("");
    let (session, _cancel) = open(uid, "");
    drop(camera);
    assert!(matches!(session.receive(), Err(Error::ClosedByCamera)));
    assert!(matches!(session.receive(), Err(Error::ClosedByCamera)), "final");
    assert!(matches!(session.start_video(), Err(Error::ClosedByCamera)));
}

#[test]
fn a_wrong_password_is_refused() {
    let (uid, camera) = Running::with_password("right");
    let error = Session::open(viewer(uid, "canary"), &Cancel::new().unwrap()).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"));
    camera.wait(|event| matches!(event, CameraEvent::LoginRefused { .. }).then_some(()));
    // The camera is none the worse for it.
    let _session = open(uid, "right");
}

#[test]
fn a_full_camera_says_so() {
    let mut options = CameraOptions::new(uid());
    options.max_viewers = 1;
    let uid = options.uid;
    let _camera = Running::start(options);
    let first = open(uid, "");
    let error = Session::open(viewer(uid, ""), &Cancel::new().unwrap()).unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error}");
    drop(first);
    let _second = open(uid, "");
}

#[test]
fn nobody_answers() {
    let mut options = viewer(uid(), "");
    options.timeout = Duration::from_millis(100);
    let error = Session::open(options.clone(), &Cancel::new().unwrap()).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    // A host that is asked and says nothing.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    options.address = Some(silent.local_addr().unwrap().to_string().parse().unwrap());
    let error = Session::open(options, &Cancel::new().unwrap()).unwrap_err();
    assert!(error.to_string().contains(&silent.local_addr().unwrap().to_string()), "{error}");
}

#[test]
fn a_search_finds_all_or_one() {
    let cancel = Cancel::new().unwrap();
    let (one, camera) = Running::with_password("");
    let (two, _two) = Running::with_password("");
    let all = Search { uid: None, address: None, timeout: Duration::from_millis(500) };
    let found = search(&all, &cancel).unwrap();
    for uid in [one, two] {
        assert!(found.iter().any(|found| found.uid == uid && found.name == "in process"), "{uid} in {found:?}");
    }
    let only = Search { uid: Some(one), address: None, timeout: LONG };
    assert!(search(&only, &cancel).unwrap().iter().all(|found| found.uid == one));
    // A camera hears searches on its session port, too.
    // A minimal root may lack the name, and then only its resolution goes without a test.
    let has_name = ("localhost", 0).to_socket_addrs().is_ok_and(|mut found| found.any(|found| found.is_ipv4()));
    let host = if has_name { "localhost" } else { "127.0.0.1" }.into();
    let address = Address { host, port: Some(camera.camera.port()) };
    let found = search(&Search { uid: Some(one), address: Some(address), timeout: LONG }, &cancel).unwrap();
    assert_eq!((found[0].uid, found[0].address.port()), (one, camera.camera.port()));
}

#[test]
fn a_browser_keeps_up_with_a_camera() {
    let (uid, camera) = Running::with_password("");
    let cancel = Cancel::new().unwrap();
    let mut browser = Browser::new(Duration::from_millis(500));
    let mut next = || loop {
        let event = browser.next_event(Some(Instant::now() + LONG), &cancel).unwrap().expect("no event");
        match &event {
            BrowserEvent::Appeared(found) | BrowserEvent::Changed(found) if found.uid == uid => return event,
            BrowserEvent::Vanished(gone) if *gone == uid => return event,
            _ => {}
        }
    };
    let BrowserEvent::Appeared(found) = next() else { panic!("not there") };
    assert_eq!((found.name.as_str(), found.address.port()), ("in process", camera.camera.port()));
    camera.camera.set_name("moved".into()).unwrap();
    let BrowserEvent::Changed(changed) = next() else { panic!("not changed") };
    assert_eq!((changed.name.as_str(), changed.address), ("moved", found.address));
    drop(camera);
    assert_eq!(next(), BrowserEvent::Vanished(uid));
}

/// How long a blocked call takes to return after the cancellation.
fn cancelled_after<T>(
    prepare: impl FnOnce(&Cancel) -> T + Send + 'static,
    call: impl FnOnce(&T, &Cancel) -> Result<(), Error> + Send + 'static,
) -> Duration {
    let cancel = Cancel::new().unwrap();
    let (canceller, (started, start)) = (cancel.clone(), channel());
    let thread = thread::spawn(move || {
        let prepared = prepare(&cancel);
        started.send(common::this_thread()).unwrap();
        let result = call(&prepared, &cancel);
        (Instant::now(), result)
    });
    common::wait_until_blocked(&start.recv().unwrap());
    let begin = Instant::now();
    canceller.cancel();
    let (end, result) = thread.join().unwrap();
    assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    end.saturating_duration_since(begin)
}

#[test]
fn every_blocking_call_can_be_cancelled() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (uid, _camera) = Running::with_password("");
    let silent_address: Address = silent.local_addr().unwrap().to_string().parse().unwrap();
    let mut finding = viewer(uid, "");
    finding.address = Some(silent_address.clone());
    let took = [
        cancelled_after(|_| (), move |(), cancel| Session::open(finding, cancel).map(drop)),
        cancelled_after(
            move |cancel| Session::open(viewer(uid, ""), cancel).unwrap(),
            |session, _| session.receive().map(drop),
        ),
        cancelled_after(
            |_| Search { uid: None, address: None, timeout: LONG },
            |options, cancel| search(options, cancel).map(drop),
        ),
        cancelled_after(
            |_| (),
            |(), cancel| {
                let mut browser = Browser::new(LONG);
                // Other tests' cameras are events, too.
                while browser.next_event(None, cancel)?.is_some() {}
                Ok(())
            },
        ),
        cancelled_after(
            |cancel| Camera::open(CameraOptions::new(self::uid()), cancel).unwrap(),
            |camera, _| camera.next_event().map(drop),
        ),
    ];
    println!("{took:?}");
    assert!(took.iter().all(|took| *took < Duration::from_secs(2)), "{took:?}");
}

#[test]
fn a_cancelled_session_goes_on_after_a_reset() {
    let (uid, camera) = Running::with_password("");
    let (session, cancel) = open(uid, "");
    session.start_video().unwrap();
    let id = camera.wait(|event| match event {
        CameraEvent::IoControl { viewer, .. } => Some(viewer),
        _ => None,
    });
    cancel.cancel();
    assert!(matches!(session.receive(), Err(Error::Cancelled)));
    assert!(matches!(session.receive(), Err(Error::Cancelled)));
    cancel.reset();
    let frame = VideoFrame { data: &[1], codec: Codec::Mjpeg, key: true, timestamp: 0 };
    camera.camera.send_video(&[id], frame).unwrap();
    assert!(matches!(next(&session), Received::Video(frame) if frame.data == [1]));
}

#[test]
fn strangers_are_counted_and_passed_over() {
    let (uid, camera) = Running::with_password("");
    let (session, _cancel) = open(uid, "");
    session.start_video().unwrap();
    let (id, address) = camera.wait(|event| match event {
        CameraEvent::ViewerAdded { viewer, address } => Some((viewer, address)),
        _ => None,
    });
    // A stranger's close with every cookie reaches neither end.
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut out = Vec::new();
    for cookie in (1..=u16::MAX).step_by(199) {
        for (from, port) in [(Role::Camera, address.port()), (Role::Viewer, camera.camera.port())] {
            Message::Close(tutk::wire::Session { from, cookie, channel: 0 }).encode(&mut out);
            scramble(&mut out);
            stranger.send_to(&out, ("127.0.0.1", port)).unwrap();
        }
    }
    let frame = VideoFrame { data: &[7; 5000], codec: Codec::H264, key: true, timestamp: 0 };
    assert_eq!(camera.camera.send_video(&[id], frame).unwrap(), 1);
    assert!(matches!(next(&session), Received::Video(frame) if frame.data == [7; 5000]));
    assert!(session.stats().foreign > 0);
}

#[test]
fn bad_arguments_are_named() {
    let cancel = Cancel::new().unwrap();
    for password in ["x".repeat(257), "a\0b".into()] {
        let error = Session::open(viewer(uid(), &password), &cancel).unwrap_err();
        assert!(matches!(&error, Error::InvalidArgument(text) if text.contains("password")), "{error}");
    }
    let mut options = CameraOptions::new(uid());
    options.name = "x".repeat(132);
    assert!(matches!(Camera::open(options, &cancel), Err(Error::InvalidArgument(_))));
    let taken = UdpSocket::bind("0.0.0.0:0").unwrap();
    let mut options = CameraOptions::new(uid());
    options.port = taken.local_addr().unwrap().port();
    let error = Camera::open(options, &cancel).unwrap_err();
    assert!(error.to_string().contains(&taken.local_addr().unwrap().port().to_string()), "{error}");
}
