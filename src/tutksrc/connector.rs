//! Connects and reconnects, with backoff.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gst::glib;
use tutk::{
    Canceller, ConnectError, DiscoverError, DiscoverOptions, Encryption, Error, IoError, LibraryError, Operation,
    SessionError, SessionOptions, discover,
};

use super::controls::Controls;
use super::messages;
use super::notice::Notice;
use super::reconnect::{Failure, NextTry, Reconnect};
use super::session::Session;
use super::settings::Settings;
use crate::Streams;
use crate::errors::{self, BadSetting};

/// How long to look for cameras when none is named.
const LIST_TIME: Duration = Duration::from_secs(1);

/// Tries to connect until there is a session, or a failure is final. It has no access to the element; the streaming thread
/// drives it with [`poll`](Self::poll).
pub(super) struct Connector {
    /// None if no camera is named.
    options: Option<SessionOptions>,
    discovery: DiscoverOptions,
    sync_time: bool,
    streams: Streams,
    controls: Arc<Controls>,
    reconnect: Reconnect,
    phase: Phase,
    /// It was reported that the camera cannot encrypt.
    is_decline_reported: bool,
}

enum Phase {
    Idle,
    Opening(Opening),
    /// For the next try.
    WaitingUntil(Instant),
}

/// What came of a [`poll`](Connector::poll).
pub(super) enum Progress {
    Connected(Arc<Session>, Vec<Notice>),
    /// Nothing yet.
    Pending,
    Notice(Notice),
    Cancelled,
    Failed(gst::ErrorMessage),
}

type Opened = Result<(Arc<Session>, Vec<Notice>), Error>;

/// A session that is being opened, on a thread of its own.
struct Opening {
    opened: Receiver<Opened>,
    thread: JoinHandle<()>,
}

impl Connector {
    /// Fails if a property has an invalid value.
    pub(super) fn new(settings: &Settings, controls: Arc<Controls>) -> Result<Self, BadSetting> {
        Ok(Self {
            options: settings.session()?,
            discovery: settings.discovery(LIST_TIME),
            sync_time: settings.sync_time,
            streams: Streams::VIDEO,
            controls,
            reconnect: Reconnect::new(settings.reconnect, settings.retry_timeout()),
            phase: Phase::Idle,
            is_decline_reported: false,
        })
    }

    /// What sessions to come ask of the camera; default: video.
    pub(super) fn set_streams(&mut self, streams: Streams) {
        self.streams = streams;
    }

    /// Makes progress. Waits at most for `time`, unless no camera is named.
    pub(super) fn poll(&mut self, cancel: &Canceller, time: Duration) -> Progress {
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Idle => self.open(cancel),
            Phase::Opening(opening) => match opening.opened.recv_timeout(time) {
                Ok(opened) => {
                    let _ = opening.thread.join();
                    match opened {
                        Ok((session, mut notices)) => {
                            self.reconnect.connected();
                            self.require_what_was(&session);
                            notices.extend(self.declined(&session));
                            Progress::Connected(session, notices)
                        }
                        Err(error) => self.failed(&error, Failure::Connect),
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.phase = Phase::Opening(opening);
                    Progress::Pending
                }
                Err(RecvTimeoutError::Disconnected) => Progress::Cancelled,
            },
            Phase::WaitingUntil(end) => {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return self.open(cancel);
                }
                if !cancel.wait(left.min(time)) {
                    return Progress::Cancelled;
                }
                self.phase = Phase::WaitingUntil(end);
                Progress::Pending
            }
        }
    }

    /// There is no session because of this error: decides on what follows.
    pub(super) fn failed(&mut self, error: &Error, failure: Failure) -> Progress {
        if error.is_cancelled() {
            return Progress::Cancelled;
        }
        let Some(options) = &self.options else { return Progress::Failed(errors::of_start(error)) };
        // A library that played this camera accepts its UID and its own key, whatever it says now.
        let by_library = self.reconnect.was_connected() && is_of_library(error);
        // After an encrypted session, somebody else may have answered; a password that was right may have been lost on the way.
        let by_encryption = self.reconnect.was_connected() && is_of_encryption(error);
        let may_pass = error.is_transient() || by_library || by_encryption;
        let next_try = |reconnect: &mut Reconnect| reconnect.next_try(failure, Instant::now(), glib::random_double());
        let next = may_pass.then(|| next_try(&mut self.reconnect)).flatten();
        let Some(NextTry { attempt, wait, limit }) = next else {
            return Progress::Failed(errors::of_viewer(error, options));
        };
        let (_, cause) = errors::explain(error, options);
        let until = limit.map_or("until there is a session".into(), |limit| format!("for {} s", limit.as_secs()));
        self.phase = Phase::WaitingUntil(Instant::now() + wait);
        Progress::Notice(Notice::Disconnected {
            message: messages::disconnected(options.uid, error, attempt, wait),
            error: error.to_string(),
            attempt,
            wait,
            hint: format!("{cause} Trying again {until}."),
        })
    }

    /// A camera that had an encrypted session has no other any more: whoever says so is not the camera.
    fn require_what_was(&mut self, session: &Session) {
        if let Some(options) = self.options.as_mut().filter(|_| session.info().encrypted) {
            options.encryption = Encryption::Required;
        }
    }

    /// Reports the first session that a camera declined to encrypt.
    fn declined(&mut self, session: &Session) -> Option<Notice> {
        let is_first = session.info().encryption_declined && !self.is_decline_reported;
        self.is_decline_reported |= is_first;
        is_first.then(|| Notice::EncryptionDeclined(session.camera().uid))
    }

    /// A frame goes downstream.
    pub(super) fn frame(&mut self) {
        self.reconnect.frame();
    }

    /// A pause has ended the session, or what was done to get one.
    pub(super) fn paused(&mut self) {
        self.reconnect.paused();
    }

    fn open(&mut self, cancel: &Canceller) -> Progress {
        let Some(options) = self.options.clone() else { return self.list_cameras(cancel) };
        self.reconnect.trying(Instant::now());
        let uid = options.uid;
        let (sender, opened) = channel();
        let (controls, cancel, sync_time, streams) =
            (self.controls.clone(), cancel.clone(), self.sync_time, self.streams);
        let run = move || drop(sender.send(Session::open(options, &cancel, &controls, sync_time, streams)));
        match thread::Builder::new().name("tutksrc-open".into()).spawn(run) {
            Ok(thread) => {
                self.phase = Phase::Opening(Opening { opened, thread });
                Progress::Notice(Notice::Connecting(uid))
            }
            Err(source) => {
                let error = IoError::new(Operation::StartThread, source);
                self.failed(&error.into(), Failure::Connect)
            }
        }
    }

    /// No camera is named: says which there are.
    fn list_cameras(&self, cancel: &Canceller) -> Progress {
        let found = discover(&self.discovery).and_then(|discovery| {
            cancel.attach(discovery.cancel_handle());
            discovery.answers()
        });
        match found {
            Err(DiscoverError::Cancelled) => Progress::Cancelled,
            found => Progress::Failed(errors::without_uid(&found)),
        }
    }
}

/// Whether the camera, or somebody else in its name, refused to encrypt, or did not answer.
fn is_of_encryption(error: &Error) -> bool {
    matches!(error, Error::Connect(ConnectError::NotEncrypted { .. } | ConnectError::ProbablyRefused { .. }))
}

/// Whether the vendor's library answered with a code.
fn is_of_library(error: &Error) -> bool {
    matches!(
        error,
        Error::Connect(ConnectError::Library(LibraryError::Failed { .. }))
            | Error::Session(SessionError::Library(LibraryError::Failed { .. }))
    )
}

#[cfg(test)]
mod tests {
    use gst::prelude::*;

    use super::*;
    use crate::login::Properties;

    fn connector(reconnect: bool) -> Connector {
        gst::init().unwrap();
        let mut settings = Settings { reconnect, ..Settings::default() };
        settings.set("uid", &"ABCDEFGHJKLMNPQRST12".to_value());
        Connector::new(&settings, Arc::default()).unwrap()
    }

    #[test]
    fn a_failure_that_may_pass_is_followed_by_another_try() {
        let mut connector = connector(true);
        let Progress::Notice(Notice::Disconnected { message, attempt, hint, .. }) =
            connector.failed(&SessionError::ClosedByCamera.into(), Failure::Connect)
        else {
            panic!("no other try follows")
        };
        assert!(hint.ends_with("Trying again for 60 s."), "{hint}");
        assert_eq!((attempt, message.get("reason")), (1, Ok("closed-by-camera")));
        let cancel = Canceller::default();
        assert!(matches!(connector.poll(&cancel, Duration::ZERO), Progress::Pending));
        cancel.cancel();
        assert!(matches!(connector.poll(&cancel, Duration::ZERO), Progress::Cancelled));
    }

    #[test]
    fn other_failures_are_final() {
        let uid = "ABCDEFGHJKLMNPQRST12".parse().unwrap();
        let refused = || Error::from(ConnectError::Refused { uid, account: "admin".into() });
        let closed = || Error::from(SessionError::ClosedByCamera);
        let is_final = |mut connector: Connector, error: Error| {
            matches!(connector.failed(&error, Failure::Session), Progress::Failed(_))
        };
        assert!(is_final(connector(true), refused()));
        assert!(is_final(connector(false), refused()));
        assert!(is_final(connector(false), closed()));
        assert!(!is_final(connector(true), closed()));
    }
}
