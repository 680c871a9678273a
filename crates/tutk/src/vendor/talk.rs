//! Speech: this side is the server of a channel, and the camera logs in there.

use std::collections::VecDeque;
use std::ffi::c_int;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use tutk_sys::codes::AV_ER_TIMEOUT;

use super::Code;
use super::connect::Channel;
use super::session::Session;
use crate::proto::SendError;
use crate::sync::lock;
use crate::wake::Waker;
use crate::{IoError, LibraryOperation, Operation, SessionError, TalkError};

/// Blocks that wait until the camera has logged in.
const MAX_WAITING: usize = 32;
/// How long a call of the library waits for the camera, in seconds. Then the next one does.
const WAIT: u32 = 5;
/// `AV_ER_EXCEED_MAX_SIZE`: the block is larger than the library sends, or too much is on its way.
const TOO_LARGE: Code = Code(-20006);

/// Speech to the camera, until this is dropped.
#[derive(Debug)]
pub(crate) struct Talk {
    session: Arc<Session>,
    line: Arc<Line>,
}

/// What the speaker's thread shares with those that speak.
#[derive(Debug)]
pub(super) struct Line {
    channel: u8,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
enum State {
    /// The camera has not logged in yet: blocks with their frame info.
    Calling(VecDeque<(Vec<u8>, Vec<u8>)>),
    /// It has, in this AV channel. The event is to come.
    Started {
        av: c_int,
        reported: bool,
    },
    Failed(Code),
    Ended,
}

impl Talk {
    pub(crate) fn start(session: &Arc<Session>) -> Result<Self, TalkError> {
        let line = session.start_talk()?;
        Ok(Self { session: session.clone(), line })
    }

    pub(crate) fn channel(&self) -> u8 {
        self.line.channel
    }

    pub(crate) fn is_started(&self) -> bool {
        matches!(*lock(&self.line.state), State::Started { .. })
    }

    pub(crate) fn send_frame(&self, info: &[u8], data: &[u8]) -> Result<(), TalkError> {
        self.session.check()?;
        if !(16..=256).contains(&info.len()) {
            return Err(SendError::FrameInfo { len: info.len() }.into());
        }
        let library = self.session.library()?;
        let mut state = lock(&self.line.state);
        let sent = match &mut *state {
            State::Calling(waiting) => {
                if waiting.len() == MAX_WAITING {
                    waiting.pop_front();
                }
                waiting.push_back((data.into(), info.into()));
                Ok(())
            }
            State::Started { av, .. } => library.connection.library.send_audio(*av, data, info),
            State::Failed(code) => Err(*code),
            State::Ended => return Err(SessionError::Closed.into()),
        };
        match sent {
            Err(TOO_LARGE) => Err(SendError::AudioTooLarge { len: data.len() }.into()),
            Err(code) => Err(self.session.failed(LibraryOperation::Speak, code).into()),
            Ok(()) => Ok(()),
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.session.stop_talk(&self.line);
    }
}

impl Line {
    /// Serves a free channel of the session, in a thread.
    pub(super) fn open(channel: Arc<Channel>, waker: Waker) -> Result<Arc<Self>, TalkError> {
        let library = &channel.connection.library;
        if let Some(function) = library.lacks_for_talk() {
            return Err(TalkError::LibraryLacks { function });
        }
        if channel.encrypted {
            return Err(TalkError::LibraryEncrypts);
        }
        let number = library.free_channel(channel.connection.number).map_err(|_| TalkError::Busy)?;
        let state = Mutex::new(State::Calling(VecDeque::new()));
        let line = Arc::new(Self { channel: number, state, changed: Condvar::new() });
        let its = line.clone();
        thread::Builder::new()
            .name("tutk-talk".into())
            .spawn(move || its.run(&channel, &waker))
            .map_err(|error| SessionError::from(IoError::new(Operation::StartThread, error)))?;
        Ok(line)
    }

    pub(super) fn channel(&self) -> u8 {
        self.channel
    }

    /// Ends it. The thread may go on for a moment.
    pub(super) fn close(&self, channel: Option<&Channel>) {
        let before = std::mem::replace(&mut *lock(&self.state), State::Ended);
        self.changed.notify_all();
        if let (State::Calling(_), Some(channel)) = (before, channel) {
            channel.connection.library.stop_serving(channel.connection.number, self.channel);
        }
    }

    /// Whether the camera has just logged in.
    pub(super) fn take_started(&self) -> bool {
        match &mut *lock(&self.state) {
            State::Started { reported, .. } => !std::mem::replace(reported, true),
            _ => false,
        }
    }

    fn run(&self, channel: &Channel, waker: &Waker) {
        let (library, session) = (&channel.connection.library, channel.connection.number);
        while matches!(*lock(&self.state), State::Calling(_)) {
            match library.serve(session, self.channel, WAIT) {
                Ok(av) => {
                    self.serve(channel, av, waker);
                    library.end_serving(av);
                }
                Err(Code(AV_ER_TIMEOUT)) => {}
                Err(code) => {
                    let mut state = lock(&self.state);
                    if matches!(*state, State::Calling(_)) {
                        *state = State::Failed(code);
                    }
                }
            }
        }
        library.leave_channel(session, self.channel);
    }

    /// Sends what has waited, and waits for the end.
    fn serve(&self, channel: &Channel, av: c_int, waker: &Waker) {
        let mut state = lock(&self.state);
        let State::Calling(waiting) = &mut *state else { return };
        for (data, info) in std::mem::take(waiting) {
            // What is too large cannot be sent.
            let _ = channel.connection.library.send_audio(av, &data, &info);
        }
        *state = State::Started { av, reported: false };
        waker.wake();
        while matches!(*state, State::Started { .. }) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
