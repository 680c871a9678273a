use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::socket::{Sockets, lock};
use super::target::{describe, targets};
use super::{Address, Cancel, DiscoveredCamera, LocalPorts};
use crate::proto::{
    AvEvent, CloseReason, Credentials, Link, MAX_TIMEOUT, Step, Viewer, ViewerConfig, ViewerEvent, ViewerStats,
};
use crate::wire::MAX_CREDENTIAL;
use crate::{Error, Uid};

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
    target: Target,
    ended: OnceLock<CloseReason>,
}

/// What errors tell of a camera.
#[derive(Debug)]
struct Target {
    uid: Uid,
    account: String,
    asked: String,
    timeout: Duration,
}

impl Connection {
    /// Finds the camera and connects; logs in, if there are credentials.
    ///
    /// The handle ends this call and those of [`next_event`](Self::next_event); it belongs to this connection alone.
    pub fn open(options: ConnectionOptions, cancel: &Cancel) -> Result<Self, Error> {
        let ConnectionOptions { uid, address, local_ports, credentials, timeout, idle_timeout } = options;
        let begin = Instant::now();
        if let Some(credentials) = &credentials {
            check("account", credentials.account.as_bytes())?;
            check("password", credentials.password.reveal().as_bytes())?;
        }
        let account = credentials.as_ref().map(|credentials| credentials.account.clone()).unwrap_or_default();
        let target = Target { uid, account, asked: describe(address.as_ref()), timeout };
        let targets = targets(address.as_ref(), begin + timeout.min(MAX_TIMEOUT), cancel)?;
        let socket = LocalPorts::bind(local_ports)?;
        let seed = getrandom::u64().map_err(|error| {
            Error::io("cannot get random bytes from the system", std::io::Error::other(error.to_string()))
        })?;
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
                Ok(Self { sockets, viewer, cancel, camera, target, ended })
            }
            (Ok(end), camera) => {
                let mut viewer = lock(&viewer);
                sockets.flush(&mut *viewer);
                let mut target = target;
                if targets.only_this_host {
                    target.asked = "this computer alone".into();
                }
                let mut error = target.error(end.unwrap_or(CloseReason::Closed), camera.as_ref(), &sockets);
                if let Error::NotFound { answers, .. } = &mut error {
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
                Err(error)
            }
        }
    }

    /// Waits for what happens next: [`ViewerEvent::Av`] or [`ViewerEvent::ConflictingResponder`].
    ///
    /// Errors are final, [`Error::Cancelled`] excepted: after it the connection goes on once the handle is reset.
    pub fn next_event(&self) -> Result<ViewerEvent, Error> {
        loop {
            if let Some(event) = self.next_event_until(None)? {
                return Ok(event);
            }
        }
    }

    /// As [`next_event`](Self::next_event); without an event if `deadline` passes before one comes.
    pub fn next_event_until(&self, deadline: Option<Instant>) -> Result<Option<ViewerEvent>, Error> {
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
                self.error(*self.ended.get_or_init(|| end))
            })
    }

    /// Why the connection is over, if [`next_event`](Self::next_event) has said so.
    pub fn check(&self) -> Result<(), Error> {
        self.ended.get().map_or(Ok(()), |end| Err(self.error(*end)))
    }

    fn error(&self, end: CloseReason) -> Error {
        self.target.error(end, Some(&self.camera), &self.sockets)
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

impl Target {
    fn error(&self, end: CloseReason, camera: Option<&DiscoveredCamera>, sockets: &Sockets) -> Error {
        let (uid, timeout) = (self.uid, self.timeout);
        match (end, camera.map(|camera| camera.address)) {
            (CloseReason::NoAnswer(Step::Connect), Some(address)) => {
                Error::NoAnswer { uid, address, step: "connect", timeout }
            }
            (CloseReason::NoAnswer(Step::LogIn), Some(address)) => {
                Error::NoAnswer { uid, address, step: "log in", timeout }
            }
            (CloseReason::Generation(generation), Some(address)) => Error::Generation { uid, address, generation },
            (CloseReason::Full, Some(address)) => Error::Full { uid, address },
            (CloseReason::NoAnswer(_) | CloseReason::Generation(_) | CloseReason::Full, _) => {
                let mut target = self.asked.clone();
                if let Some(error) = sockets.take_send_error() {
                    target = format!("{target} ({error})");
                }
                Error::NotFound { uid, target, timeout, answers: Box::default() }
            }
            (CloseReason::Refused, _) => Error::Refused { uid, account: self.account.clone() },
            (CloseReason::LoginResult(number), _) => Error::LoginResult { uid, result: number },
            (CloseReason::ClosedByCamera, _) => Error::ClosedByCamera,
            (CloseReason::Silent(silence), _) => Error::TimedOut { silence },
            (CloseReason::Closed, _) => Error::Cancelled,
            (end, _) => Error::Protocol(format!("{end:?}")),
        }
    }
}
