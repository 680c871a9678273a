//! The session with the camera: what this element uses of [`tutk::Session`], in one place.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use tutk::proto::ViewerStats;
use tutk::{Cancel, CommandError, DiscoveredCamera, Error, Received, SessionError, SessionInfo, SessionOptions, Uid};

use super::controls::Controls;
use super::notice::Notice;
use super::stats::Stats;

/// One session. It ends when the last reference to it is dropped: [`Controls`] has one, and the thread that receives.
#[derive(Debug)]
pub(super) struct Session(tutk::Session);

impl Session {
    /// Opens a session, and sends what each begins with. What was not sent is in the notices.
    pub(super) fn open(
        options: SessionOptions,
        cancel: &Cancel,
        controls: &Controls,
        sync_time: bool,
    ) -> Result<(Arc<Self>, Vec<Notice>), Error> {
        let session = Arc::new(Self(tutk::Session::open(options, cancel)?));
        controls.attach(&session);
        let time = if sync_time { controls.sync_time() } else { Ok(()) };
        let quality = controls.ask_for_quality();
        session.start_video().inspect_err(|_| drop(controls.detach()))?;
        let notices = [time.err().map(Notice::ClockNotSet), quality.err().map(Notice::QualityNotAsked)];
        Ok((session, notices.into_iter().flatten().collect()))
    }

    /// Asks the camera to send video.
    pub(super) fn start_video(&self) -> Result<(), SessionError> {
        self.0.start_video().or_else(|error| match error {
            CommandError::Session(error) => Err(error),
            // Its body fits.
            _ => Ok(()),
        })
    }

    pub(super) fn send_io_control(&self, kind: u32, body: &[u8]) -> Result<(), CommandError> {
        self.0.send_io_control(kind, body)
    }

    /// Waits for what the camera sends; none if nothing came until the deadline. One thread at a time receives.
    pub(super) fn receive_until(&self, deadline: Option<Instant>) -> Result<Option<Received>, SessionError> {
        self.0.receive_until(deadline)
    }

    pub(super) fn uid(&self) -> Uid {
        self.camera().uid
    }

    /// The camera, as it answered the search.
    pub(super) fn camera(&self) -> &DiscoveredCamera {
        self.0.camera()
    }

    pub(super) fn info(&self) -> SessionInfo {
        self.0.info()
    }

    pub(super) fn stats(&self) -> ViewerStats {
        self.0.stats()
    }
}

/// Ends the session, as soon as the thread that receives is out of it. Returns whose it was.
pub(super) fn end(controls: &Controls, stats: &Mutex<Stats>) -> Option<Uid> {
    let session = controls.detach();
    let counts = session.as_ref().map(|session| session.stats()).unwrap_or_default();
    stats.lock().unwrap().disconnected(counts);
    // Dropped without a lock, here or by the thread that receives: that stops the video and informs the camera.
    session.map(|session| session.uid())
}
