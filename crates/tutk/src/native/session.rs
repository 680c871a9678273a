use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::DiscoveredCamera;
use super::driver::Driver;
use crate::proto::{CloseReason, Link, Viewer, ViewerEvent, ViewerStats};
use crate::wake::Waker;
use crate::{CipherSuite, CommandError, SessionError, io_control};

/// A viewer's session with a camera, by the protocol itself.
#[derive(Debug)]
pub(crate) struct Session {
    driver: Driver<Viewer>,
    camera: DiscoveredCamera,
    ended: OnceLock<CloseReason>,
    /// How the login was encrypted.
    cipher_suite: Option<CipherSuite>,
    is_encryption_declined: bool,
    /// Whether the camera was asked for video.
    plays: AtomicBool,
}

impl Session {
    /// A session that is established.
    pub(super) fn new(
        driver: Driver<Viewer>,
        camera: DiscoveredCamera,
        cipher_suite: Option<CipherSuite>,
        is_encryption_declined: bool,
    ) -> Self {
        let (ended, plays) = (OnceLock::new(), AtomicBool::new(false));
        Self { driver, camera, ended, cipher_suite, is_encryption_declined, plays }
    }

    /// How the session is encrypted: its login, or later the client of channel 0.
    pub(crate) fn cipher_suite(&self) -> Option<CipherSuite> {
        self.cipher_suite.or_else(|| self.look(|link| link.cipher_suite(0)).flatten())
    }

    pub(crate) fn is_encryption_declined(&self) -> bool {
        self.is_encryption_declined
    }

    pub(crate) fn start_video(&self) -> Result<(), SessionError> {
        self.plays.store(true, Ordering::Relaxed);
        self.send(io_control::START_VIDEO, &[0; 8])
    }

    pub(crate) fn stop_video(&self) -> Result<(), SessionError> {
        self.plays.store(false, Ordering::Relaxed);
        self.send(io_control::STOP_VIDEO, &[0; 8])
    }

    pub(crate) fn send_io_control(&self, kind: u32, body: &[u8]) -> Result<(), CommandError> {
        self.check()?;
        // Where the session is over, and the events have not said so yet, they will.
        let sent = self.command(|link| link.send_io_control(0, kind, body.to_vec()));
        Ok(sent.unwrap_or(Ok(()))?)
    }

    /// As [`send_io_control`](Self::send_io_control), with a body that fits into any session.
    pub(crate) fn send(&self, kind: u32, body: &[u8; 8]) -> Result<(), SessionError> {
        self.check()?;
        self.command(|link| link.send_io_control(0, kind, body.to_vec()));
        Ok(())
    }

    /// Why the session is over, if that is known.
    fn check(&self) -> Result<(), SessionError> {
        self.ended.get().map_or(Ok(()), |reason| Err(session_error(*reason)))
    }

    /// Changes the channels, if the session is established.
    pub(crate) fn command<T>(&self, act: impl FnOnce(&mut Link) -> T) -> Option<T> {
        self.driver.command(|viewer| viewer.link().map(act))
    }

    /// Reads from the channels, if the session is established.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&mut Link) -> T) -> Option<T> {
        self.driver.look(|viewer| viewer.link().map(look))
    }

    pub(crate) fn camera(&self) -> &DiscoveredCamera {
        &self.camera
    }

    pub(crate) fn stats(&self) -> ViewerStats {
        let mut stats = self.driver.look(|viewer| viewer.stats());
        stats.overflowed = self.driver.overflowed();
        stats
    }

    /// Stops the video, and sends the close three times, so that the camera frees the place.
    pub(crate) fn close(&self) {
        let plays = self.plays.swap(false, Ordering::Relaxed);
        self.driver.command(|viewer| {
            if plays && let Some(link) = viewer.link() {
                // It always fits.
                let _ = link.send_io_control(0, io_control::STOP_VIDEO, vec![0; 8]);
            }
            viewer.close();
        });
        let _ = self.ended.set(CloseReason::Closed);
    }
}

/// The events of a session, which drive it.
#[derive(Debug)]
pub(crate) struct Events(pub(crate) Arc<Session>);

impl Events {
    pub(crate) fn next_event_until(&mut self, deadline: Option<Instant>) -> Result<Option<ViewerEvent>, SessionError> {
        let Self(session) = self;
        session.check()?;
        let event = session.driver.run_until(deadline, |viewer| {
            loop {
                match viewer.poll_event()? {
                    ViewerEvent::Ended(reason) => return Some(Err(reason)),
                    ViewerEvent::Found(_) | ViewerEvent::Connected => {}
                    event => return Some(Ok(event)),
                }
            }
        })?;
        event.transpose().map_err(|reason| session_error(*session.ended.get_or_init(|| reason)))
    }

    pub(crate) fn waker(&self) -> &Waker {
        self.0.driver.waker()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.0.close();
    }
}

pub(super) fn session_error(reason: CloseReason) -> SessionError {
    match reason {
        CloseReason::ClosedByCamera => SessionError::ClosedByCamera,
        CloseReason::Silent(silence) => SessionError::TimedOut { silence },
        CloseReason::Closed => SessionError::Closed,
        reason => SessionError::Other(reason),
    }
}
