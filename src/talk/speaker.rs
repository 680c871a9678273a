use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tutk::{Frame, Session, Talk, TalkError, ViewerEvent};

use super::{Heard, Speech};

/// The way to a camera's speaker through a session, which comes and goes. For all threads.
///
/// Its lock is held for moments, and while something is sent.
#[derive(Debug, Default)]
pub(crate) struct Speaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    session: Option<Session>,
    /// Whether the session has asked for the camera's audio.
    has_audio: bool,
    /// Audio was asked for to see its codec.
    asked: bool,
    talk: Option<Talk>,
    status: Status,
    heard: Option<Heard>,
}

/// How far speech is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    /// Nothing was said.
    #[default]
    Silent,
    /// The camera has not come to listen yet.
    Calling,
    Started,
    /// The camera came, and could not log in.
    Failed,
}

/// Why something was not said.
#[derive(Debug)]
pub(crate) enum Unspoken {
    NoSession,
    Failed(TalkError),
}

impl fmt::Display for Unspoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSession => f.write_str("there is no session with the camera"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl Speaker {
    /// A session is established. `has_audio`: it asks for the camera's audio.
    pub(crate) fn attach(&self, session: Session, has_audio: bool) {
        let mut state = self.state();
        let heard = state.heard.take();
        *state = State { session: Some(session), has_audio, heard, ..State::default() };
    }

    /// The session is about to end, or has.
    pub(crate) fn detach(&self) {
        let mut state = self.state();
        let heard = state.heard.take();
        let before = std::mem::replace(&mut *state, State { heard, ..State::default() });
        drop(state);
        drop(before);
    }

    /// Another camera may be next.
    pub(crate) fn reset(&self) {
        self.detach();
        self.state().heard = None;
    }

    /// What happens in the session.
    pub(crate) fn event(&self, event: &ViewerEvent) {
        let mut state = self.state();
        match event {
            ViewerEvent::TalkStarted => state.status = Status::Started,
            ViewerEvent::TalkFailed(_) => state.status = Status::Failed,
            _ => {}
        }
    }

    /// The camera has sent this block of audio.
    pub(crate) fn heard(&self, frame: &Frame) {
        let mut state = self.state();
        let is_same = |heard: &Heard| (heard.codec, heard.flags) == (frame.codec, frame.flags);
        if !state.heard.as_ref().is_some_and(is_same) {
            state.heard = Heard::of(frame).or(state.heard.take());
        }
        if state.heard.is_some()
            && std::mem::take(&mut state.asked)
            && let Some(session) = &state.session
        {
            // Where that fails the session is over, which its events say.
            let _ = session.stop_audio();
        }
    }

    /// The audio that the camera sends, if that is known. Otherwise it is asked for some.
    pub(crate) fn ask_what_is_heard(&self) -> Option<Heard> {
        let mut state = self.state();
        if state.heard.is_none()
            && !state.has_audio
            && !state.asked
            && let Some(session) = state.session.clone()
        {
            state.asked = session.start_audio().is_ok();
        }
        state.heard.clone()
    }

    pub(crate) fn has_session(&self) -> bool {
        self.state().session.is_some()
    }

    pub(crate) fn status(&self) -> Status {
        self.state().status
    }

    /// Bytes that the camera has not acknowledged, where it does.
    pub(crate) fn unacknowledged(&self) -> usize {
        self.state().talk.as_ref().map_or(0, Talk::unacknowledged)
    }

    /// Says this. The first words call the camera; up to 32 blocks wait for it.
    pub(crate) fn say(&self, speech: &Speech, pts: Option<gst::ClockTime>, data: &[u8]) -> Result<(), Unspoken> {
        let mut state = self.state();
        let State { session, talk, status, heard, .. } = &mut *state;
        let talk = match talk {
            Some(talk) => talk,
            None => {
                let session = session.as_ref().ok_or(Unspoken::NoSession)?;
                *status = Status::Calling;
                talk.insert(start(session).map_err(Unspoken::Failed)?)
            }
        };
        for (info, block) in speech.blocks(heard.as_ref(), pts, data) {
            talk.send_frame(&info, block).map_err(Unspoken::Failed)?;
        }
        Ok(())
    }

    /// Says no more: the camera's speaker is switched off.
    pub(crate) fn stop(&self) {
        let mut state = self.state();
        state.status = Status::Silent;
        state.talk = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls the camera, by the command of its brand.
fn start(session: &Session) -> Result<Talk, TalkError> {
    session.start_talk()
}
