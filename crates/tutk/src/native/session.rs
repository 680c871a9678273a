use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use super::socket::{Machine, Sockets, bind, lock};
use super::target::{describe, targets};
use super::{Cancel, Found};
use crate::proto::{End, Step, Viewer, ViewerConfig, ViewerEvent, ViewerStats};
use crate::wire::MAX_CREDENTIAL;
use crate::{Error, Received, SessionOptions, io_control};

/// A viewer's session with a camera, by the protocol itself.
///
/// [`receive`](Self::receive) belongs to one thread, which drives the session with it; the rest may be called from any.
#[derive(Debug)]
pub struct Session {
    sockets: Sockets,
    viewer: Mutex<Viewer>,
    cancel: Cancel,
    camera: Found,
    options: SessionOptions,
    ended: OnceLock<End>,
    video: AtomicBool,
}

impl Session {
    /// Finds the camera, connects and logs in.
    ///
    /// The handle ends this call and those of [`receive`](Self::receive); it belongs to this session alone.
    pub fn open(options: SessionOptions, cancel: &Cancel) -> Result<Self, Error> {
        check("account", options.account.as_bytes())?;
        check("password", options.password.reveal().as_bytes())?;
        let targets = targets(options.address.as_ref(), cancel)?;
        let socket = bind(0, false).map_err(|error| Error::io("cannot open a UDP socket", error))?;
        let seed = getrandom::u64().map_err(|error| {
            Error::io("cannot get random bytes from the system", std::io::Error::other(error.to_string()))
        })?;
        let config = ViewerConfig {
            uid: options.uid,
            account: options.account.clone(),
            password: options.password.clone(),
            targets,
            timeout: options.timeout,
            idle_timeout: options.idle_timeout,
            seed,
        };
        let sockets = Sockets::new(vec![socket]);
        let viewer = Mutex::new(Viewer::new(Instant::now(), config));
        let mut camera = None;
        let opened = sockets.run(&viewer, cancel, |viewer| {
            loop {
                match viewer.poll_event()? {
                    ViewerEvent::Found(found) => camera = Some(found),
                    ViewerEvent::Opened { .. } => return Some(None),
                    ViewerEvent::Ended(end) => return Some(Some(end)),
                    _ => {}
                }
            }
        });
        match (opened, camera) {
            (Ok(None), Some(camera)) => {
                let cancel = cancel.clone();
                let (ended, video) = (OnceLock::new(), AtomicBool::new(false));
                Ok(Self { sockets, viewer, cancel, camera, options, ended, video })
            }
            (Ok(end), camera) => {
                sockets.flush(&mut *lock(&viewer));
                Err(error(end.unwrap_or(End::Closed), &options, camera.as_ref(), &sockets))
            }
            (Err(error), _) => {
                // Cancelled half-way: the camera frees the place.
                let mut viewer = lock(&viewer);
                viewer.close();
                sockets.flush(&mut *viewer);
                Err(error)
            }
        }
    }

    /// Asks the camera to send video.
    pub fn start_video(&self) -> Result<(), Error> {
        self.video.store(true, Ordering::Relaxed);
        self.send_io_control(io_control::START_VIDEO, &[0; 8])
    }

    /// Asks the camera to send no more video.
    pub fn stop_video(&self) -> Result<(), Error> {
        self.video.store(false, Ordering::Relaxed);
        self.send_io_control(io_control::STOP_VIDEO, &[0; 8])
    }

    /// Sends an IO control; it is repeated until the camera confirms that it came, while another thread is in
    /// [`receive`](Self::receive).
    ///
    /// Fails with [`Error::InvalidArgument`] if `body` has more than [`MAX_BODY`](crate::io_control::MAX_BODY) bytes,
    /// or as [`receive`](Self::receive) did once the session is over.
    pub fn send_io_control(&self, kind: u32, body: &[u8]) -> Result<(), Error> {
        if let Some(end) = self.ended.get() {
            return Err(self.error(*end));
        }
        io_control::check(body)?;
        let mut viewer = lock(&self.viewer);
        viewer.send_io_control(kind, body.to_vec());
        self.sockets.flush(&mut *viewer);
        drop(viewer);
        self.cancel.wake();
        Ok(())
    }

    /// Waits for what the camera sends next.
    ///
    /// Errors are final, [`Error::Cancelled`] excepted: after it the session goes on once the handle is reset.
    pub fn receive(&self) -> Result<Received, Error> {
        if let Some(end) = self.ended.get() {
            return Err(self.error(*end));
        }
        self.sockets
            .run(&self.viewer, &self.cancel, |viewer| {
                loop {
                    return Some(Ok(match viewer.poll_event()? {
                        ViewerEvent::Video(frame) => Received::Video(frame),
                        ViewerEvent::Audio(frame) => Received::Audio(frame),
                        ViewerEvent::Lost(lost) => Received::Lost(lost),
                        ViewerEvent::IoControl { kind, body } => Received::IoControl { kind, body },
                        ViewerEvent::IoControlUnconfirmed { kind } => Received::IoControlUnconfirmed { kind },
                        ViewerEvent::Ended(end) => return Some(Err(end)),
                        ViewerEvent::Found(_) | ViewerEvent::Opened { .. } => continue,
                    }));
                }
            })?
            .map_err(|end| {
                self.sockets.flush(&mut *lock(&self.viewer));
                self.error(*self.ended.get_or_init(|| end))
            })
    }

    fn error(&self, end: End) -> Error {
        error(end, &self.options, Some(&self.camera), &self.sockets)
    }

    /// The camera, as it answered the search.
    pub fn camera(&self) -> &Found {
        &self.camera
    }

    /// What was counted so far.
    pub fn stats(&self) -> ViewerStats {
        lock(&self.viewer).stats()
    }

    /// Ends the session: the camera is told three times, so that it frees the place. Dropping does the same.
    pub fn close(self) {}
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut viewer = lock(&self.viewer);
        if *self.video.get_mut() {
            viewer.send_io_control(io_control::STOP_VIDEO, vec![0; 8]);
        }
        viewer.close();
        self.sockets.flush(&mut *viewer);
    }
}

impl Machine for Viewer {
    fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.handle_input(now, from, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        self.poll_transmit(now, out)
    }
}

/// An account or a password that the protocol can carry.
pub(super) fn check(what: &str, text: &[u8]) -> Result<(), Error> {
    if text.len() > MAX_CREDENTIAL {
        return Err(Error::InvalidArgument(format!("the {what} has {} bytes, and {MAX_CREDENTIAL} fit", text.len())));
    }
    if text.contains(&0) {
        return Err(Error::InvalidArgument(format!("the {what} has a NUL in it, and the protocol ends it there")));
    }
    Ok(())
}

fn error(end: End, options: &SessionOptions, camera: Option<&Found>, sockets: &Sockets) -> Error {
    let (uid, timeout) = (options.uid, options.timeout);
    match (end, camera.map(|camera| camera.address)) {
        (End::NoAnswer(Step::Connect), Some(address)) => Error::NoAnswer { uid, address, step: "connect", timeout },
        (End::NoAnswer(Step::LogIn), Some(address)) => Error::NoAnswer { uid, address, step: "log in", timeout },
        (End::Generation(generation), Some(address)) => Error::Generation { uid, address, generation },
        (End::Full, Some(address)) => Error::Full { uid, address },
        (End::NoAnswer(_) | End::Generation(_) | End::Full, _) => {
            let mut target = describe(options.address.as_ref());
            if let Some(error) = sockets.send_error() {
                target = format!("{target} ({error})");
            }
            Error::NotFound { uid, target, timeout }
        }
        (End::Refused, _) => Error::Refused { uid, account: options.account.clone() },
        (End::LoginResult(number), _) => Error::Protocol(format!("login answered with {number}")),
        (End::ClosedByCamera, _) => Error::ClosedByCamera,
        (End::Silent(silence), _) => Error::TimedOut { silence },
        (End::Closed, _) => Error::Cancelled,
    }
}
