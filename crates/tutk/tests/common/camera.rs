//! A camera in this process.

use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tutk::{
    AvEvent, Camera, CameraEvent, CameraOptions, ConnectError, DisconnectReason, Events, Session, SessionError,
    SessionOptions, Uid, ViewerEvent, ViewerId, io_control,
};

/// Far more than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A UID that no other test uses, in this process or another.
pub(crate) fn uid() -> Uid {
    let mut random = getrandom::u64().unwrap();
    let letters = (0..Uid::LEN).map(|_| {
        let letter = b"ABCDEFGHIJKLMNOPQRST123456789UVW"[(random % 32) as usize];
        random = (random / 32).wrapping_add(random.rotate_left(17));
        letter as char
    });
    letters.collect::<String>().parse().unwrap()
}

pub(crate) struct Running {
    pub(crate) camera: Camera,
    pub(crate) uid: Uid,
    events: Receiver<CameraEvent>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// A camera that is called “in process”.
    pub(crate) fn new(password: &str) -> Self {
        Self::start(CameraOptions::new(uid()).with_name("in process").with_login("admin", password))
    }

    pub(crate) fn start(options: CameraOptions) -> Self {
        let uid = options.uid;
        let (camera, mut serving) = Camera::open(options).unwrap();
        let (sender, events) = channel();
        let thread = thread::spawn(move || {
            while let Ok(event) = serving.next_event() {
                let _ = sender.send(event);
            }
        });
        Self { camera, uid, events, thread: Some(thread) }
    }

    pub(crate) fn wait<T>(&self, mut wanted: impl FnMut(CameraEvent) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(self.events.recv_timeout(LONG).expect("the camera has no event")) {
                return found;
            }
        }
    }

    /// The viewer that asks for video next.
    pub(crate) fn wait_for_viewer(&self) -> ViewerId {
        self.wait(|event| match event {
            CameraEvent::IoControl { viewer, kind: io_control::START_VIDEO, .. } => Some(viewer),
            _ => None,
        })
    }

    /// Why the viewer is gone that has said last what a session says: to stop the video.
    pub(crate) fn wait_for_end(&self) -> DisconnectReason {
        self.wait(|event| matches!(event, CameraEvent::IoControl { kind: io_control::STOP_VIDEO, .. }).then_some(()));
        self.wait(|event| match event {
            CameraEvent::ViewerRemoved { reason, .. } => Some(reason),
            _ => None,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.camera.close();
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Connects.
pub(crate) fn connect(options: SessionOptions) -> Result<(Session, Events), ConnectError> {
    Session::connect(options)?.wait()
}

/// What happens next in the session's channel.
pub(crate) fn receive(events: &mut Events) -> Result<AvEvent, SessionError> {
    loop {
        if let ViewerEvent::Av { channel: 0, event } = events.next_event()? {
            return Ok(event);
        }
    }
}

/// What the session receives next, but for confirmations.
pub(crate) fn next(events: &mut Events) -> AvEvent {
    loop {
        match receive(events).unwrap() {
            AvEvent::IoControlConfirmed { .. } => {}
            event => return event,
        }
    }
}
