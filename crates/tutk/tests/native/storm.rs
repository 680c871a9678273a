//! Calls from many threads at once: nothing hangs, no frame is lost, no place at a camera stays taken. `scripts/test race`
//! runs them under the thread sanitizer.

use std::collections::HashSet;
use std::fs;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tutk::{
    AvEvent, Browser, BrowserEvent, CameraEvent, CameraOptions, CancelHandle, Codec, ConnectError, DisconnectReason,
    DiscoverError, DiscoverOptions, Error, Events, Frame, Session, SessionError, SessionOptions, VideoFrame,
};

use crate::common::camera::{LONG, Running, receive, uid};
use crate::{open, search, this_host, viewer};

const VIEWERS: u32 = 3;
const FRAMES: u32 = 100;
/// IO controls to each side: fewer than may wait to be confirmed.
const KINDS: Range<u32> = 0x1000..0x1064;
/// After how many waits of growing length something ends.
const MOMENTS: u32 = 60;

/// Ends a storm when it is dropped, after a failure too: the threads of a scope are waited for.
struct Storm<'a>(&'a AtomicBool);

impl Drop for Storm<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does this again and again until the storm is over.
fn repeat(end: &AtomicBool, step: impl Fn()) {
    while !end.load(Ordering::Relaxed) {
        step();
        pause(4);
    }
}

/// Leaves the cores to others, and no moment is like another.
fn pause(number: u32) {
    thread::sleep(Duration::from_micros(u64::from(number) * 50));
}

/// Drives a session until the storm is over and it is cancelled.
fn serve(events: &mut Events, end: &AtomicBool, seen: &Sender<AvEvent>) {
    loop {
        match receive(events) {
            Ok(event) => seen.send(event).unwrap(),
            Err(SessionError::Cancelled) if end.load(Ordering::Relaxed) => return,
            Err(SessionError::Cancelled) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// What a viewer has received.
#[derive(Default)]
struct Seen {
    controls: HashSet<u32>,
    confirmed: HashSet<u32>,
}

impl Seen {
    /// Takes what comes, up to a frame.
    fn frame(&mut self, received: &Receiver<AvEvent>) -> Frame {
        loop {
            match received.recv_timeout(LONG).expect("nothing comes") {
                AvEvent::Video(frame) => return frame,
                other => self.control(other),
            }
        }
    }

    fn control(&mut self, received: AvEvent) {
        let is_new = match &received {
            AvEvent::IoControl { kind, body } => *body == kind.to_le_bytes() && self.controls.insert(*kind),
            AvEvent::IoControlConfirmed { kind } => self.confirmed.insert(*kind),
            _ => false,
        };
        assert!(is_new, "{received:?}");
    }
}

#[test]
fn calls_from_all_sides_disturb_no_frame() {
    let camera = Running::new("");
    let mut viewers: Vec<_> = (0..VIEWERS).map(|_| open(camera.uid, "")).collect();
    let ids: Vec<_> = viewers
        .iter()
        .map(|(session, _)| {
            session.start_video().unwrap();
            camera.wait_for_viewer()
        })
        .collect();
    let (end, ids, serving) = (&AtomicBool::new(false), &ids, &camera.camera);
    thread::scope(|scope| {
        let _storm = Storm(end);
        let mut received = Vec::new();
        for (session, events) in &mut viewers {
            let (session, handle) = (&*session, events.cancel_handle());
            let (seen, receiver) = channel();
            received.push((Seen::default(), receiver));
            scope.spawn(move || serve(events, end, &seen));
            scope.spawn(move || {
                repeat(end, || {
                    handle.cancel();
                    handle.reset();
                });
                handle.cancel();
            });
            scope.spawn(move || {
                repeat(end, || {
                    assert_eq!(session.stats().lost, 0);
                    assert_eq!(session.info().remote, session.camera().address);
                });
            });
            scope.spawn(move || {
                for kind in KINDS {
                    session.send_io_control(kind, &kind.to_le_bytes()).unwrap();
                    pause(2);
                }
            });
        }
        scope.spawn(|| {
            for kind in KINDS {
                for id in ids {
                    serving.send_io_control(*id, kind, &kind.to_le_bytes()).unwrap();
                }
                pause(2);
            }
        });
        scope.spawn(|| {
            repeat(end, || {
                serving.set_name("stormy".into()).unwrap();
                assert!(ids.iter().all(|id| serving.channel(*id, 0).is_open()));
            });
        });
        for number in 0..FRAMES {
            let data = vec![number as u8; (number * 997 % 60_000) as usize];
            let frame = VideoFrame::new(Codec::H264, &data).with_key(number == 0).with_timestamp(number);
            assert_eq!(serving.send_video(ids, frame).unwrap(), ids.len());
            for (seen, received) in &mut received {
                let frame = seen.frame(received);
                assert_eq!((frame.number, frame.timestamp), (number, number));
                assert!(frame.data == data, "frame {number}");
            }
        }
        for (mut seen, received) in received {
            // One for the start of the video.
            while seen.controls.len() < KINDS.len() || seen.confirmed.len() <= KINDS.len() {
                seen.control(received.recv_timeout(LONG).expect("IO controls are missing"));
            }
        }
    });
    let mut controls = HashSet::new();
    while controls.len() < ids.len() * KINDS.len() {
        let (viewer, kind, body) = camera.wait(|event| match event {
            CameraEvent::IoControl { viewer, kind, body } => Some((viewer, kind, body)),
            CameraEvent::IoControlUnconfirmed { kind, .. } => panic!("{kind:#x} was never confirmed"),
            _ => None,
        });
        assert_eq!(body, kind.to_le_bytes());
        assert!(controls.insert((viewer, kind)), "{kind:#x} came twice");
    }
}

/// Opens a session that another thread cancels at some moment, before or after it is open; threads that share it use it
/// until then, and it ends with its events, before some of them notice.
fn open_for_a_moment(options: SessionOptions, moment: u32) {
    let connecting = Session::connect(options).unwrap();
    let (handle, (opened, open)) = (&connecting.cancel_handle(), channel());
    thread::scope(move |scope| {
        scope.spawn(move || {
            if moment % 2 == 1 {
                // Fails if it could not be opened, which the other thread tells.
                let _ = open.recv();
            }
            pause(moment);
            handle.cancel();
        });
        let (session, mut events) = match connecting.wait() {
            Ok(connected) => connected,
            Err(ConnectError::Cancelled) => return,
            Err(error) => panic!("{error}"),
        };
        let _ = opened.send(());
        for _ in 0..2 {
            let session = session.clone();
            scope.spawn(move || {
                while !handle.is_cancelled() {
                    // It may be cancelled, and over, since.
                    match session.start_video() {
                        Err(SessionError::Closed) if handle.is_cancelled() => break,
                        result => result.unwrap(),
                    }
                    session.stats();
                    pause(1);
                }
            });
        }
        let error = loop {
            if let Err(error) = events.next_event() {
                break error;
            }
        };
        assert!(matches!(error, SessionError::Cancelled), "{error}");
    });
}

#[test]
fn sessions_that_end_at_any_moment_leave_their_places() {
    let camera = Running::start(CameraOptions::new(uid()).with_max_viewers(VIEWERS as usize));
    let uid = camera.uid;
    let port = camera.camera.port();
    let addresses = [
        None,
        Some(format!("127.0.0.1:{port}").parse().unwrap()),
        Some(format!("{}:{port}", this_host()).parse().unwrap()),
    ];
    thread::scope(|scope| {
        for address in addresses {
            scope.spawn(move || {
                for moment in 0..MOMENTS {
                    let mut options = viewer(uid, "");
                    options.address = address.clone();
                    open_for_a_moment(options, moment);
                }
            });
        }
    });
    // All places are free, so that nobody is told that there is none.
    let last: Vec<_> = (0..VIEWERS).map(|_| open(uid, "")).collect();
    drop(last);
    let (mut inside, mut opened) = (HashSet::new(), 0);
    camera.wait(|event| {
        match event {
            CameraEvent::ViewerAdded { viewer, .. } => {
                opened += 1;
                assert!(inside.insert(viewer));
            }
            CameraEvent::ViewerRemoved { viewer, reason } => {
                assert_eq!(reason, DisconnectReason::ByViewer);
                assert!(inside.remove(&viewer));
            }
            _ => {}
        }
        (inside.is_empty() && opened >= VIEWERS * (MOMENTS / 2 + 1)).then_some(())
    });
    // A name is resolved by a thread of its own, which a cancelled call does not wait for.
    let resolves = || {
        let tasks = fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
        names.into_iter().any(|name| name.trim_end() == "tutk-resolve")
    };
    while resolves() {
        thread::yield_now();
    }
}

#[test]
fn a_camera_goes_while_viewers_log_in() {
    for moment in 0..MOMENTS {
        let camera = Running::new("");
        let uid = camera.uid;
        let ends = AtomicBool::new(false);
        let handles: Vec<Mutex<Option<CancelHandle>>> = (0..VIEWERS).map(|_| Mutex::default()).collect();
        thread::scope(|scope| {
            for handle in &handles {
                let ends = &ends;
                scope.spawn(move || {
                    let error = loop {
                        let connecting = Session::connect(viewer(uid, "")).unwrap();
                        *handle.lock().unwrap() = Some(connecting.cancel_handle());
                        if ends.load(Ordering::Acquire) {
                            connecting.cancel();
                        }
                        let (_session, mut events) = match connecting.wait() {
                            Ok(connected) => connected,
                            Err(error) => break Error::from(error),
                        };
                        if let Err(error) = events.next_event() {
                            break error.into();
                        }
                    };
                    let is_closed = matches!(
                        error,
                        Error::Session(SessionError::ClosedByCamera)
                            | Error::Connect(ConnectError::Session(SessionError::ClosedByCamera))
                    );
                    assert!(is_closed || error.is_cancelled(), "{error}");
                });
            }
            pause(moment);
            // Those that it did not know yet search on.
            drop(camera);
            ends.store(true, Ordering::Release);
            for handle in &handles {
                if let Some(handle) = &*handle.lock().unwrap() {
                    handle.cancel();
                }
            }
        });
    }
}

#[test]
fn browsers_come_and_go_while_cameras_change_their_names() {
    let cameras = [Running::new(""), Running::new("")];
    let end = &AtomicBool::new(false);
    thread::scope(|scope| {
        let storm = Storm(end);
        let uids = cameras.each_ref().map(|camera| camera.uid);
        for Running { camera, uid, .. } in &cameras {
            scope.spawn(move || {
                repeat(end, || {
                    for name in ["gate", "garden"] {
                        camera.set_name(name.into()).unwrap();
                    }
                });
            });
            scope.spawn(move || {
                let options = DiscoverOptions::new().with_uid(*uid).with_timeout(LONG);
                repeat(end, || assert_eq!(search(&options)[0].uid, *uid));
            });
        }
        let browse = move || {
            for _ in 0..20 {
                let mut browser = Browser::new(Duration::from_millis(100)).unwrap();
                let handle = browser.cancel_handle();
                let mut missing = HashSet::from(uids);
                while !missing.is_empty() {
                    // Other tests' cameras are events, too.
                    match browser.next_event_until(Some(Instant::now() + LONG)).unwrap().expect("no event") {
                        BrowserEvent::Appeared(found) => missing.remove(&found.uid),
                        _ => false,
                    };
                }
                thread::scope(|scope| {
                    scope.spawn(|| handle.cancel());
                    while browser.next_event().is_ok() {}
                });
                assert!(matches!(browser.next_event(), Err(DiscoverError::Cancelled)));
            }
        };
        let browsing = [scope.spawn(browse), scope.spawn(browse)];
        for thread in browsing {
            thread.join().unwrap();
        }
        drop(storm);
    });
}
