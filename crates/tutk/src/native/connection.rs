use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::socket::{Sockets, lock};
use super::target::{asked, targets};
use super::{Address, Cancel, DiscoveredCamera, LocalPorts};
use crate::error::check_credential;
use crate::proto::{
    AvEvent, CloseReason, Credentials, Link, MAX_TIMEOUT, Step, Viewer, ViewerConfig, ViewerEvent, ViewerStats,
};
use crate::{Asked, ConnectError, Field, IoError, Operation, SessionError, Uid};

/// Which camera to connect to.
#[derive(Clone, Debug)]
pub struct ConnectionOptions {
    /// The camera.
    pub uid: Uid,
    /// Where to ask for the camera; on the local networks if there is none.
    pub address: Option<Address>,
    /// The ports of this host that the connection may use; without them, any.
    pub local_ports: Option<LocalPorts>,
    /// With these, a client is logged in to channel 0 before the connection is open.
    pub credentials: Option<Credentials>,
    /// Find, connect and log in: each must be done in this time. To resolve the address belongs to finding.
    pub timeout: Duration,
    /// No datagram for this long: the session is lost.
    pub idle_timeout: Duration,
}

/// A viewer's connection to a camera, with its channels: what a [`Session`](crate::Session) is built on.
///
/// [`next_event`](Self::next_event) belongs to one thread, which drives the connection with it; the rest may be called
/// from any.
#[derive(Debug)]
pub struct Connection {
    sockets: Sockets,
    viewer: Mutex<Viewer>,
    cancel: Cancel,
    camera: DiscoveredCamera,
    ended: OnceLock<CloseReason>,
}

/// What errors tell of a camera.
#[derive(Debug)]
struct Target {
    uid: Uid,
    account: String,
    asked: Asked,
    timeout: Duration,
}

impl Connection {
    /// Finds the camera and connects; logs in, if there are credentials.
    ///
    /// The handle ends this call and those of [`next_event`](Self::next_event); it belongs to this connection alone.
    pub fn open(options: ConnectionOptions, cancel: &Cancel) -> Result<Self, ConnectError> {
        let ConnectionOptions { uid, address, local_ports, credentials, timeout, idle_timeout } = options;
        let begin = Instant::now();
        if let Some(credentials) = &credentials {
            check_credential(Field::Account, &credentials.account)?;
            check_credential(Field::Password, credentials.password.reveal())?;
        }
        let account = credentials.as_ref().map(|credentials| credentials.account.clone()).unwrap_or_default();
        let target = Target { uid, account, asked: asked(address.as_ref()), timeout };
        let targets = targets(address.as_ref(), begin + timeout.min(MAX_TIMEOUT), cancel)?;
        let socket = LocalPorts::bind(local_ports)?;
        let seed = getrandom::u64()
            .map_err(|error| IoError::new(Operation::Random, std::io::Error::other(error.to_string())))?;
        let logs_in = credentials.is_some();
        let mut config =
            ViewerConfig::new(uid, targets.addresses, seed).with_timeout(timeout).with_idle_timeout(idle_timeout);
        config.credentials = credentials;
        let sockets = Sockets::new(vec![socket]);
        let viewer = Mutex::new(Viewer::new(begin, config));
        let mut camera = None;
        let opened = sockets.run(&viewer, cancel, |viewer| {
            loop {
                match viewer.poll_event()? {
                    ViewerEvent::Found(found) => camera = Some(found),
                    ViewerEvent::Connected if !logs_in => return Some(None),
                    ViewerEvent::Av { event: AvEvent::LoggedIn { .. }, .. } => return Some(None),
                    ViewerEvent::Ended(end) => return Some(Some(end)),
                    _ => {}
                }
            }
        });
        match (opened, camera) {
            (Ok(None), Some(camera)) => {
                let (cancel, ended) = (cancel.clone(), OnceLock::new());
                Ok(Self { sockets, viewer, cancel, camera, ended })
            }
            (Ok(end), camera) => {
                let mut viewer = lock(&viewer);
                sockets.flush(&mut *viewer);
                let mut target = target;
                if targets.only_this_host {
                    target.asked = Asked::ThisHost;
                }
                let mut error = target.connect_error(end.unwrap_or(CloseReason::Closed), camera.as_ref(), &sockets);
                if let ConnectError::NotFound { answers, .. } = &mut error {
                    **answers = viewer.take_answers();
                    answers.only_this_host = targets.only_this_host;
                }
                Err(error)
            }
            (Err(error), _) => {
                // Cancelled half-way: the camera frees the place.
                let mut viewer = lock(&viewer);
                viewer.close();
                sockets.flush(&mut *viewer);
                Err(error.into())
            }
        }
    }

    /// Waits for what happens next: [`ViewerEvent::Av`] or [`ViewerEvent::ConflictingResponder`].
    ///
    /// Errors are final, [`SessionError::Cancelled`] excepted: after it the connection goes on once the handle is reset.
    pub fn next_event(&self) -> Result<ViewerEvent, SessionError> {
        loop {
            if let Some(event) = self.next_event_until(None)? {
                return Ok(event);
            }
        }
    }

    /// As [`next_event`](Self::next_event); without an event if `deadline` passes before one comes.
    pub fn next_event_until(&self, deadline: Option<Instant>) -> Result<Option<ViewerEvent>, SessionError> {
        self.check()?;
        self.sockets
            .run_until(&self.viewer, &self.cancel, deadline, |viewer| {
                loop {
                    match viewer.poll_event()? {
                        ViewerEvent::Ended(end) => return Some(Err(end)),
                        ViewerEvent::Found(_) | ViewerEvent::Connected => {}
                        event => return Some(Ok(event)),
                    }
                }
            })?
            .transpose()
            .map_err(|end| {
                self.sockets.flush(&mut *lock(&self.viewer));
                session_error(*self.ended.get_or_init(|| end))
            })
    }

    /// Why the connection is over, if [`next_event`](Self::next_event) has said so.
    pub fn check(&self) -> Result<(), SessionError> {
        self.ended.get().map_or(Ok(()), |end| Err(session_error(*end)))
    }

    /// Does something with the channels, if the connection still stands, and sends what follows from it.
    pub fn with_link<T>(&self, act: impl FnOnce(&mut Link) -> T) -> Option<T> {
        let mut viewer = lock(&self.viewer);
        let result = viewer.link().map(act);
        self.sockets.flush(&mut *viewer);
        drop(viewer);
        // The driving thread may have to repeat what was sent.
        self.cancel.wake();
        result
    }

    /// The camera, as it answered the search.
    pub fn camera(&self) -> &DiscoveredCamera {
        &self.camera
    }

    /// What was counted so far.
    pub fn stats(&self) -> ViewerStats {
        let mut stats = lock(&self.viewer).stats();
        stats.overflowed = self.sockets.overflowed();
        stats
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut viewer = lock(&self.viewer);
        viewer.close();
        self.sockets.flush(&mut *viewer);
    }
}

impl Target {
    fn connect_error(&self, end: CloseReason, camera: Option<&DiscoveredCamera>, sockets: &Sockets) -> ConnectError {
        let (uid, timeout) = (self.uid, self.timeout);
        match (end, camera.map(|camera| camera.address)) {
            (CloseReason::NoAnswer(step @ (Step::Connect | Step::LogIn)), Some(address)) => {
                ConnectError::NoAnswer { uid, address, step, timeout }
            }
            (CloseReason::Generation(generation), Some(address)) => {
                ConnectError::Generation { uid, address, generation }
            }
            (CloseReason::Full, Some(address)) => ConnectError::Full { uid, address },
            (CloseReason::NoAnswer(_) | CloseReason::Generation(_) | CloseReason::Full, _) => ConnectError::NotFound {
                uid,
                asked: self.asked.clone(),
                send_error: sockets.take_send_error().map(Box::new),
                timeout,
                answers: Box::default(),
            },
            (CloseReason::Refused, _) => ConnectError::Refused { uid, account: self.account.clone() },
            (CloseReason::LoginResult(result), _) => ConnectError::LoginResult { uid, result },
            (CloseReason::Closed, _) => ConnectError::Cancelled,
            (end, _) => ConnectError::Session(session_error(end)),
        }
    }
}

fn session_error(end: CloseReason) -> SessionError {
    match end {
        CloseReason::ClosedByCamera => SessionError::ClosedByCamera,
        CloseReason::Silent(silence) => SessionError::TimedOut { silence },
        CloseReason::Closed => SessionError::Closed,
        end => SessionError::Other(end),
    }
}
