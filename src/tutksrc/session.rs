//! The session with the camera: what this element uses of [`tutk::Session`], in one place.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use tutk::{
    Canceller, CommandError, ConnectError, DiscoveredCamera, Error, Events, Quality, SessionError, SessionInfo,
    SessionOptions, Uid, ViewerEvent, ViewerStats,
};

use super::controls::Controls;
use super::notice::Notice;
use super::stats::Stats;
use crate::Streams;

/// One session. It ends when the last reference to it is dropped: [`Controls`] has one, and the thread that receives.
#[derive(Debug)]
pub(super) struct Session {
    session: tutk::Session,
    /// One thread at a time receives.
    events: Mutex<Events>,
}

impl Session {
    /// Opens a session, and sends what each begins with. What was not sent is in the notices.
    pub(super) fn open(
        options: SessionOptions,
        cancel: &Canceller,
        controls: &Controls,
        sync_time: bool,
        streams: Streams,
    ) -> Result<(Arc<Self>, Vec<Notice>), Error> {
        let options = options.with_streams(streams.contains(Streams::VIDEO), streams.contains(Streams::AUDIO));
        let session = Arc::new(Self::connect(options, cancel)?);
        controls.attach(&session, streams);
        let time = if sync_time { controls.sync_time() } else { Ok(()) };
        let quality = controls.ask_for_quality();
        session.start(streams).inspect_err(|_| drop(controls.detach()))?;
        let notices = [time.err().map(Notice::ClockNotSet), quality.err().map(Notice::QualityNotAsked)];
        Ok((session, notices.into_iter().flatten().collect()))
    }

    fn connect(options: SessionOptions, cancel: &Canceller) -> Result<Self, ConnectError> {
        let connecting = tutk::Session::connect(options)?;
        cancel.attach(connecting.cancel_handle());
        let (session, events) = connecting.wait()?;
        Ok(Self { session, events: Mutex::new(events) })
    }

    /// Asks the camera to send these streams.
    pub(super) fn start(&self, streams: Streams) -> Result<(), SessionError> {
        if streams.contains(Streams::VIDEO) {
            self.session.start_video()?;
        }
        if streams.contains(Streams::AUDIO) {
            self.session.start_audio()?;
        }
        Ok(())
    }

    pub(super) fn send_io_control(&self, kind: u32, body: &[u8]) -> Result<(), CommandError> {
        self.session.send_io_control(kind, body)
    }

    pub(super) fn set_quality(&self, quality: Quality) -> Result<(), SessionError> {
        self.session.set_quality(quality)
    }

    /// Waits for what the camera sends; none if nothing came until the deadline.
    pub(super) fn receive_until(&self, deadline: Option<Instant>) -> Result<Option<ViewerEvent>, SessionError> {
        self.events.lock().unwrap().next_event_until(deadline)
    }

    /// For speech. The session ends whoever has it.
    pub(super) fn handle(&self) -> tutk::Session {
        self.session.clone()
    }

    pub(super) fn uid(&self) -> Uid {
        self.camera().uid
    }

    /// The camera, as it answered the search.
    pub(super) fn camera(&self) -> &DiscoveredCamera {
        self.session.camera()
    }

    pub(super) fn info(&self) -> SessionInfo {
        self.session.info()
    }

    pub(super) fn stats(&self) -> ViewerStats {
        self.session.stats()
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
