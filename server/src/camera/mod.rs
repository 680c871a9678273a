//! A camera that the user has named: one session while somebody watches, whoever that is and however many.

mod driver;
mod session;
mod status;
mod stream;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use driver::drive;
pub(crate) use session::Session;
pub(crate) use status::{State, Status};
pub(crate) use stream::{APPSRC, Feed, Stream, Timeline};
use tokio::sync::watch;

use crate::config::{CameraConfig, Encryption};
use crate::memory::Encrypted;
use crate::snapshot::LastPicture;

/// How long a viewer waits for a camera that is not connected yet.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) struct Camera {
    pub(crate) name: String,
    pub(crate) config: CameraConfig,
    encrypted: Arc<Encrypted>,
    status: watch::Sender<Status>,
    viewers: watch::Sender<usize>,
    /// Whether the user has taken it out of the settings, or changed them.
    closed: watch::Sender<bool>,
    session: Mutex<Option<Arc<Session>>>,
    pub(crate) last_picture: LastPicture,
    /// How many parts of speech it was sent.
    pub(crate) parts_said: AtomicUsize,
}

impl Camera {
    pub(crate) fn new(name: String, config: CameraConfig, encrypted: Arc<Encrypted>) -> Self {
        Self {
            name,
            config,
            encrypted,
            status: watch::Sender::default(),
            viewers: watch::Sender::default(),
            closed: watch::Sender::default(),
            session: Mutex::default(),
            last_picture: LastPicture::default(),
            parts_said: AtomicUsize::default(),
        }
    }

    /// Whether it has to be encrypted because it was before.
    fn must_be_encrypted(&self) -> bool {
        self.config.encryption != Some(Encryption::Off) && self.encrypted.has(self.config.uid)
    }

    pub(crate) fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    pub(crate) fn status_changes(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    pub(crate) fn viewers(&self) -> usize {
        *self.viewers.borrow()
    }

    /// The session, while there is a pipeline.
    pub(crate) fn session(&self) -> Option<Arc<Session>> {
        self.lock_session().clone()
    }

    /// Ends all that goes on with it, for good.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    pub(crate) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Returns when it is closed.
    pub(crate) async fn closes(&self) {
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Keeps the camera connected until what is returned is dropped.
    pub(crate) fn watch(self: &Arc<Self>) -> Watch {
        self.viewers.send_modify(|viewers| *viewers += 1);
        Watch(self.clone())
    }

    /// Something is new beside its status.
    pub(crate) fn announce(&self) {
        self.status.send_modify(|_| {});
    }

    fn lock_session(&self) -> MutexGuard<'_, Option<Arc<Session>>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the status, and says so where the user reads it.
    fn update(&self, change: impl FnOnce(&mut Status)) {
        let mut line = None;
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            let news = (status.state, &status.reason) != (before.state, &before.reason);
            line = match (status.state, &status.reason) {
                (_, Some(reason)) if news => Some(format!("Camera {}: {reason}", self.name)),
                (State::Playing, None) if news => Some(format!("Camera {} is connected", self.name)),
                _ => None,
            };
            *status != before
        });
        if let Some(line) = line {
            eprintln!("{line}");
        }
    }
}

/// Somebody who watches a camera.
pub(crate) struct Watch(Arc<Camera>);

impl Watch {
    /// The session as soon as it has pictures; why not, if it has none within [`PATIENCE`].
    pub(crate) async fn playing(&self) -> Result<Arc<Session>, NotPlaying> {
        let camera = &self.0;
        let mut status = camera.status_changes();
        // What is said of the last try is no answer, unless it is final.
        let settled = |status: &Status| matches!(status.state, State::Playing | State::Failed);
        let settled = tokio::time::timeout(PATIENCE, status.wait_for(settled)).await;
        let status = match settled {
            Ok(Ok(status)) => status.clone(),
            _ => camera.status(),
        };
        match (status.state, camera.session()) {
            (State::Playing, Some(session)) => Ok(session),
            _ => Err(NotPlaying { camera: camera.name.clone(), reason: status.reason }),
        }
    }
}

impl Watch {
    /// Returns when the session that played is lost.
    pub(crate) async fn lost(&self) {
        let mut status = self.0.status_changes();
        let _ = status.wait_for(|status| status.state != State::Playing).await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.viewers.send_modify(|viewers| *viewers = viewers.saturating_sub(1));
    }
}

/// A camera gives no pictures.
#[derive(Clone, Debug)]
pub(crate) struct NotPlaying {
    camera: String,
    reason: Option<String>,
}

impl std::fmt::Display for NotPlaying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.reason {
            Some(reason) => write!(f, "Camera {}: {reason}", self.camera),
            None => write!(f, "Camera {} has not sent a picture yet. Try again in some seconds", self.camera),
        }
    }
}
