//! How `tutksrc` gets a session, and another one when that is lost.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use tutk::{Cancel, Error, Session, SessionOptions, Uid, io_control};

use super::imp::{CAT, TutkSrc};
use super::messages;
use super::reconnect::{MAX_WAIT, MAX_WAIT_WITHOUT_FRAMES};
use super::stream::State;
use crate::errors;

/// How long to look for cameras when none is named.
const LIST_TIME: Duration = Duration::from_secs(1);

/// How often downstream is told that time passes while there is no session, or no frame that is due.
pub(super) const GAP: Duration = Duration::from_millis(250);

/// A try to connect that is to come.
struct NextTry {
    uid: Uid,
    attempt: u32,
    wait: Duration,
    /// For the owner of the camera.
    hint: String,
}

impl TutkSrc {
    /// The session that stands, or a new one.
    pub(super) fn session(&self) -> Result<Arc<Session>, gst::FlowError> {
        let options = match &mut *self.state.lock().unwrap() {
            State::Started { session: Some(session), .. } => return Ok(session.clone()),
            State::Started { options, stream, .. } => {
                stream.connecting.get_or_insert_with(Instant::now);
                options.clone()
            }
            State::Stopped => return Err(gst::FlowError::Flushing),
        };
        let Some(cancel) = self.cancel() else { return Err(gst::FlowError::Flushing) };
        let Some(options) = options else { return Err(self.list_cameras(&cancel)) };
        loop {
            gst::info!(CAT, imp = self, "Connecting to camera {}", options.uid);
            match self.connect(&options, &cancel) {
                Ok(session) => return Ok(self.connected(session)),
                Err(error) => self.wait_for_next_try(&error, MAX_WAIT)?,
            }
        }
    }

    /// Opens a session. Where downstream has seen frames, it hears meanwhile that time passes.
    fn connect(&self, options: &SessionOptions, cancel: &Cancel) -> Result<Arc<Session>, Error> {
        if self.with_stream(|stream| stream.position).flatten().is_none() {
            return self.open(options, cancel);
        }
        thread::scope(|scope| {
            let (sender, opened) = channel();
            thread::Builder::new()
                .name("tutksrc-open".into())
                .spawn_scoped(scope, move || drop(sender.send(self.open(options, cancel))))
                .map_err(|source| Error::Io { what: "cannot start a thread".into(), source })?;
            loop {
                match opened.recv_timeout(GAP) {
                    Ok(result) => return result,
                    Err(RecvTimeoutError::Timeout) => self.push_gap(),
                    Err(RecvTimeoutError::Disconnected) => return Err(Error::Cancelled),
                }
            }
        })
    }

    fn open(&self, options: &SessionOptions, cancel: &Cancel) -> Result<Arc<Session>, Error> {
        let session = Arc::new(Session::open(options.clone(), cancel)?);
        self.controls.attach(&session);
        if self.settings.lock().unwrap().sync_time
            && let Err(unsent) = self.controls.sync_time()
        {
            gst::warning!(CAT, imp = self, "The camera's clock is not set: {unsent}");
        }
        self.ask_for_quality();
        session.start_video().inspect_err(|_| self.controls.detach())?;
        Ok(session)
    }

    /// A session stands.
    fn connected(&self, session: Arc<Session>) -> Arc<Session> {
        let info = session.info();
        gst::info!(CAT, imp = self, "Connected to camera {} at {} ({})", session.camera().uid, info.remote, info.mode);
        self.stats.lock().unwrap().connected(info);
        if let State::Started { session: place, stream, .. } = &mut *self.state.lock().unwrap() {
            *place = Some(session.clone());
            stream.gate.lost();
            stream.clock.reset();
            stream.stamper.restart();
            stream.resync = true;
            stream.connecting = None;
            stream.was_connected = true;
        }
        self.post(messages::connected(&session));
        session
    }

    /// The session is over: waits until it is to be taken up again, or fails.
    pub(super) fn lost(&self, error: &Error) -> Result<(), gst::FlowError> {
        if let Error::Cancelled = error {
            return Err(gst::FlowError::Flushing);
        }
        // Errors are final for a session.
        self.end_session();
        let had_frames = self.with_stream(|stream| !stream.resync).unwrap_or_default();
        self.wait_for_next_try(error, if had_frames { MAX_WAIT } else { MAX_WAIT_WITHOUT_FRAMES })
    }

    /// There is no session because of this: waits until the next try to get one, at most for `max_wait`, or fails if there
    /// will be none.
    fn wait_for_next_try(&self, error: &Error, max_wait: Duration) -> Result<(), gst::FlowError> {
        let next = self.next_try(error, max_wait);
        let (Some(cancel), Some(NextTry { uid, attempt, wait, hint })) = (self.cancel(), next) else {
            return Err(self.fail(error));
        };
        gst::info!(CAT, imp = self, "No session: {error}. Try {attempt} to connect follows in {} ms", wait.as_millis());
        if attempt == 1 {
            gst::element_imp_warning!(
                self,
                gst::ResourceError::Read,
                ("{hint}"),
                ["{error}; first try in {} ms", wait.as_millis()]
            );
        }
        self.post(messages::disconnected(uid, error, attempt, wait));
        let end = Instant::now() + wait;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            cancel.wait(left.min(GAP)).map_err(|_| gst::FlowError::Flushing)?;
            self.push_gap();
        }
    }

    /// The next try to connect, if there is one after this error.
    fn next_try(&self, error: &Error, max_wait: Duration) -> Option<NextTry> {
        let (reconnect, retry_timeout) = {
            let settings = self.settings.lock().unwrap();
            (settings.reconnect, settings.retry_timeout())
        };
        let State::Started { options: Some(options), stream, .. } = &mut *self.state.lock().unwrap() else {
            return None;
        };
        // A library that played this camera accepts its UID and its own key, whatever it says now.
        let may_pass = error.is_transient() || (stream.was_connected && matches!(error, Error::Library { .. }));
        let limit = retry_timeout.filter(|_| !stream.was_connected);
        let left = limit.map(|limit| limit.saturating_sub(stream.connecting.map_or(Duration::ZERO, |at| at.elapsed())));
        if !reconnect || !may_pass || left.is_some_and(|left| left.is_zero()) {
            return None;
        }
        let (attempt, wait) = stream.backoff.next(glib::random_double(), max_wait);
        let (_, cause) = errors::explain(error, options);
        let until = limit.map_or("until there is a session".into(), |limit| format!("for {} s", limit.as_secs()));
        let hint = format!("{cause} It is tried again {until}.");
        Some(NextTry { uid: options.uid, attempt, wait: left.map_or(wait, |left| wait.min(left)), hint })
    }

    /// Tells downstream that time has passed without a frame.
    pub(super) fn push_gap(&self) {
        let now = self.obj().current_running_time();
        let from = self.with_stream(|stream| {
            stream.read_running_time(now?);
            let from = stream.position.filter(|from| Some(*from) < now)?;
            stream.stamper.pass(now?);
            stream.position = now;
            Some(from)
        });
        if let (Some(from), Some(now)) = (from.flatten(), now) {
            self.obj().src_pad().push_event(gst::event::Gap::builder(from).duration(now - from).build());
        }
    }

    /// A state change ends the session.
    pub(super) fn close(&self) {
        if let Some(uid) = self.end_session() {
            gst::info!(CAT, imp = self, "Left camera {uid}");
        }
    }

    /// Ends the session that stands, as soon as the thread that receives is out of it; returns whose it was.
    fn end_session(&self) -> Option<Uid> {
        self.controls.detach();
        let session = match &mut *self.state.lock().unwrap() {
            State::Started { session, .. } => session.take(),
            State::Stopped => None,
        };
        let session = session?;
        self.stats.lock().unwrap().disconnected(session.stats());
        // Dropped without a lock, here or by the thread that receives: that stops the video and tells the camera.
        Some(session.camera().uid)
    }

    fn list_cameras(&self, cancel: &Cancel) -> gst::FlowError {
        let options = self.settings.lock().unwrap().scan(LIST_TIME);
        let found = tutk::scan(&options, cancel);
        if let Err(Error::Cancelled) = found {
            return gst::FlowError::Flushing;
        }
        self.post_error_message(errors::without_uid(&found));
        gst::FlowError::Error
    }

    pub(super) fn fail(&self, error: &Error) -> gst::FlowError {
        if let Error::Cancelled = error {
            return gst::FlowError::Flushing;
        }
        let message = match &*self.state.lock().unwrap() {
            State::Started { options: Some(options), .. } => errors::of_viewer(error, options),
            _ => errors::of_start(error),
        };
        self.post_error_message(message);
        gst::FlowError::Error
    }

    /// Asks for the quality that is set, if there is a session.
    pub(super) fn ask_for_quality(&self) {
        let wanted = self.settings.lock().unwrap().quality.wanted();
        if let Some(quality) = wanted
            && let Err(unsent) = self.controls.send(io_control::SET_QUALITY, &io_control::set_quality(quality))
        {
            gst::debug!(CAT, imp = self, "The camera is not asked for a quality now: {unsent}");
        }
    }
}
