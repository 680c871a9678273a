//! The way to the speaker: whose session it is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tutk::{Canceller, SessionOptions};

use super::own::{OwnSession, Report};
use crate::TalkSession;
use crate::talk::{Sessions, Speaker};

/// How often is looked what others have done.
const LOOK: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) enum Way {
    Shared(Arc<Speaker>),
    Own(OwnSession),
}

/// Why there is no way.
#[derive(Debug)]
pub(super) enum NoWay {
    Cancelled,
    /// No `tutksrc` with this UID has come.
    NotShared,
    Io(tutk::IoError),
}

impl Way {
    pub(super) fn speaker(&self) -> &Arc<Speaker> {
        match self {
            Self::Shared(speaker) => speaker,
            Self::Own(session) => session.speaker(),
        }
    }

    /// For the log.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Shared(_) => "the session of a tutksrc",
            Self::Own(_) => "a session of its own",
        }
    }

    /// Decides. Waits only for a `tutksrc` that must come.
    pub(super) fn choose(
        session: TalkSession,
        sessions: &Sessions,
        options: &SessionOptions,
        cancel: &Canceller,
        report: impl Fn(Report) + Send + 'static,
    ) -> Result<Self, NoWay> {
        let end = Instant::now() + options.timeout;
        loop {
            let shared = if session == TalkSession::Own { None } else { sessions.speaker(options.uid.as_str()) };
            match shared {
                Some(speaker) => return Ok(Self::Shared(speaker)),
                None if session != TalkSession::Shared => {
                    return OwnSession::start(options.clone(), report).map(Self::Own).map_err(NoWay::Io);
                }
                None if Instant::now() >= end => return Err(NoWay::NotShared),
                None => {}
            }
            if !cancel.wait(LOOK) {
                return Err(NoWay::Cancelled);
            }
        }
    }
}

/// Waits until `done` has something, for so long; none if that has passed. Fails if it is cancelled.
pub(super) fn wait_for<T>(
    time: Duration,
    cancel: &Canceller,
    mut done: impl FnMut() -> Option<T>,
) -> Result<Option<T>, NoWay> {
    let end = Instant::now() + time;
    loop {
        if let Some(done) = done() {
            return Ok(Some(done));
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        if !cancel.wait(LOOK) {
            return Err(NoWay::Cancelled);
        }
    }
}
