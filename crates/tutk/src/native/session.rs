use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::DiscoveredCamera;
use super::driver::Driver;
use crate::brand::{Control, Progress, ViewerApp};
use crate::error::BrandError;
use crate::io_control::Quality;
use crate::proto::{AvEvent, CloseReason, Link, Media, Viewer, ViewerEvent, ViewerStats};
use crate::sync::lock;
use crate::wake::Waker;
use crate::{CipherSuite, CommandError, SessionError, TalkError};

/// A viewer's session with a camera, by the protocol itself.
#[derive(Debug)]
pub(crate) struct Session {
    driver: Driver<Viewer>,
    /// In which the viewer has logged in.
    channel: u8,
    camera: DiscoveredCamera,
    ended: OnceLock<CloseReason>,
    /// How the login was encrypted.
    cipher_suite: Option<CipherSuite>,
    is_encryption_declined: bool,
    /// Whether the camera was asked for video.
    plays: AtomicBool,
    app: Mutex<Box<dyn ViewerApp>>,
}

/// Why the application's login was not done.
#[derive(Debug)]
pub(super) enum AppError {
    Brand(BrandError),
    Session(SessionError),
}

impl Session {
    /// A session that is established.
    pub(super) fn new(
        driver: Driver<Viewer>,
        channel: u8,
        camera: DiscoveredCamera,
        cipher_suite: Option<CipherSuite>,
        is_encryption_declined: bool,
        app: Box<dyn ViewerApp>,
    ) -> Self {
        let (ended, plays, app) = (OnceLock::new(), AtomicBool::new(false), Mutex::new(app));
        Self { driver, channel, camera, ended, cipher_suite, is_encryption_declined, plays, app }
    }

    /// Logs in to the application of the camera's maker, if that is needed. The session is over if that fails.
    pub(super) fn log_in(&self, timeout: Duration) -> Result<(), AppError> {
        let deadline = Instant::now() + timeout;
        let mut progress = lock(&self.app).begin();
        let failed = loop {
            match progress {
                Progress::Done => return Ok(()),
                Progress::Failed(error) => break AppError::Brand(error),
                Progress::Send(control) => self.send_control(control),
                Progress::Pending => {}
            }
            progress = match self.next_event_until(Some(deadline)) {
                Ok(Some(ViewerEvent::Av { channel, event: AvEvent::IoControl { kind, body } }))
                    if channel == self.channel =>
                {
                    lock(&self.app).handle(kind, &body)
                }
                Ok(Some(_)) => Progress::Pending,
                Ok(None) => break AppError::Brand(BrandError::NoAnswer),
                Err(error) => break AppError::Session(error),
            };
        };
        self.close();
        Err(failed)
    }

    /// How the session is encrypted: its login, or later the client of its channel.
    pub(crate) fn cipher_suite(&self) -> Option<CipherSuite> {
        self.cipher_suite.or_else(|| self.look(|link| link.cipher_suite(self.channel)).flatten())
    }

    pub(crate) fn is_encryption_declined(&self) -> bool {
        self.is_encryption_declined
    }

    pub(crate) fn start_video(&self) -> Result<(), SessionError> {
        self.plays.store(true, Ordering::Relaxed);
        self.ask(Media::Video, true)
    }

    pub(crate) fn stop_video(&self) -> Result<(), SessionError> {
        self.plays.store(false, Ordering::Relaxed);
        self.ask(Media::Video, false)
    }

    pub(crate) fn start_audio(&self) -> Result<(), SessionError> {
        self.ask(Media::Audio, true)
    }

    pub(crate) fn stop_audio(&self) -> Result<(), SessionError> {
        self.ask(Media::Audio, false)
    }

    pub(crate) fn set_quality(&self, quality: Quality) -> Result<(), SessionError> {
        self.check()?;
        let control = lock(&self.app).set_quality(quality);
        self.send_control(control);
        Ok(())
    }

    fn ask(&self, media: Media, on: bool) -> Result<(), SessionError> {
        self.check()?;
        if let Some(control) = lock(&self.app).ask(media, on) {
            self.send_control(control);
        }
        Ok(())
    }

    /// Sends what fits into any session.
    fn send_control(&self, (kind, body): Control) {
        self.command(|link| link.send_io_control(self.channel, kind, body));
    }

    pub(crate) fn send_io_control(&self, kind: u32, body: &[u8]) -> Result<(), CommandError> {
        self.check()?;
        // Where the session is over, and the events have not said so yet, they will.
        let sent = self.command(|link| link.send_io_control(self.channel, kind, body.to_vec()));
        Ok(sent.unwrap_or(Ok(()))?)
    }

    /// As [`send_io_control`](Self::send_io_control), with a body that fits into any session.
    pub(crate) fn send(&self, kind: u32, body: &[u8; 8]) -> Result<(), SessionError> {
        self.check()?;
        self.command(|link| link.send_io_control(self.channel, kind, body.to_vec()));
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

    /// Opens a channel for speech, and asks the camera to listen there.
    pub(crate) fn start_talk(&self) -> Result<u8, TalkError> {
        self.check()?;
        let channel = self.driver.command(Viewer::start_talk).ok_or(TalkError::Busy)?;
        let control = lock(&self.app).talk(channel, true);
        self.send_control(control);
        Ok(channel)
    }

    /// Sends speech, if it goes through this channel.
    pub(crate) fn send_talk(&self, channel: u8, data: &[u8], info: &[u8]) -> Result<(), TalkError> {
        self.check()?;
        let send = |viewer: &mut Viewer| match viewer.talk_channel() {
            Some(talk) if talk == channel => viewer.send_talk(data, info),
            _ => Ok(()),
        };
        Ok(self.driver.command(send)?)
    }

    /// Closes the channel for speech, and asks the camera to listen no more.
    pub(crate) fn stop_talk(&self, channel: u8) {
        let (kind, body) = lock(&self.app).talk(channel, false);
        self.driver.command(|viewer| {
            if viewer.talk_channel() == Some(channel) {
                viewer.stop_talk();
            }
            // Where the session is over, so is the talk.
            let _ = viewer.link().map(|link| link.send_io_control(self.channel, kind, body));
        });
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
        let stop = plays.then(|| lock(&self.app).ask(Media::Video, false)).flatten();
        self.driver.command(|viewer| {
            if let (Some((kind, body)), Some(link)) = (stop, viewer.link()) {
                // It always fits.
                let _ = link.send_io_control(self.channel, kind, body);
            }
            viewer.close();
        });
        let _ = self.ended.set(CloseReason::Closed);
    }

    /// Drives the session until something happens; for one thread at a time.
    fn next_event_until(&self, deadline: Option<Instant>) -> Result<Option<ViewerEvent>, SessionError> {
        self.check()?;
        let event = self.driver.run_until(deadline, |viewer| {
            loop {
                match viewer.poll_event()? {
                    ViewerEvent::Ended(reason) => return Some(Err(reason)),
                    ViewerEvent::Found(_) | ViewerEvent::Connected => {}
                    event => return Some(Ok(event)),
                }
            }
        })?;
        event.transpose().map_err(|reason| session_error(*self.ended.get_or_init(|| reason)))
    }
}

/// The events of a session, which drive it.
#[derive(Debug)]
pub(crate) struct Events(pub(crate) Arc<Session>);

impl Events {
    pub(crate) fn next_event_until(&mut self, deadline: Option<Instant>) -> Result<Option<ViewerEvent>, SessionError> {
        self.0.next_event_until(deadline)
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
