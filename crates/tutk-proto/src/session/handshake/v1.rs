//! The handshake of cookie framing: Hello, Propose, Accept, Confirm. The viewer repeats each until the camera answers; the
//! camera answers each with the same and keeps nothing before Accept.

use std::time::{Duration, Instant};

use super::{Progress, Reaction};
use crate::recv::Repeat;
use crate::wire::{AddressBlock, Message, Step};
use crate::{SessionId, Uid};

/// How often the viewer repeats: the first interval, and the longest.
const INTERVAL: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(100));

/// The viewer's side.
#[derive(Debug)]
pub(crate) struct Viewer {
    uid: Uid,
    id: SessionId,
    /// Copied from the camera's answer to the search.
    asker: AddressBlock,
    step: Step,
    /// A Hello goes before each proposal, and is what is to be sent next.
    hello: bool,
    repeat: Repeat,
}

impl Viewer {
    pub(crate) fn new(now: Instant, uid: Uid, id: SessionId, asker: AddressBlock) -> Self {
        Self { uid, id, asker, step: Step::Propose, hello: true, repeat: Repeat::new(now) }
    }

    /// Takes a [`Message::Handshake`] of the camera.
    pub(crate) fn handle_input(
        &mut self,
        now: Instant,
        step: Step,
        session: Option<SessionId>,
        full: bool,
    ) -> Progress {
        match step {
            _ if full => Progress::Full,
            Step::Propose => Progress::Pending,
            _ if session != Some(self.id) => Progress::Foreign,
            Step::Accept => {
                if self.step == Step::Propose {
                    (self.step, self.hello) = (Step::Accept, false);
                    self.repeat = Repeat::new(now);
                }
                Progress::Pending
            }
            Step::Confirm => Progress::Established,
        }
    }

    /// The last message, sent once when the camera's Confirm has come.
    pub(crate) fn confirm(&self) -> Message<'static> {
        let (uid, session) = (self.uid, Some(self.id));
        Message::Handshake { step: Step::Confirm, uid, session, first: false, full: false }
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        self.repeat.due()
    }

    /// The next message, if one is due.
    pub(crate) fn poll_transmit(&mut self, now: Instant) -> Option<Message<'static>> {
        if !self.repeat.is_due(now) {
            return None;
        }
        if self.hello {
            self.hello = false;
            return Some(Message::Hello { uid: self.uid, asker: self.asker });
        }
        self.repeat.sent(now, INTERVAL.0, INTERVAL.1);
        self.hello = self.step == Step::Propose;
        let first = self.step == Step::Propose;
        Some(Message::Handshake { step: self.step, uid: self.uid, session: Some(self.id), first, full: false })
    }
}

/// A camera's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    step: Step,
    session: Option<SessionId>,
    full: bool,
}

impl Answer {
    /// The answer to a Hello.
    pub(crate) fn hello(full: bool) -> Self {
        Self { step: Step::Propose, session: None, full }
    }

    /// The message of the camera with this UID.
    pub(crate) fn message(self, uid: Uid) -> Message<'static> {
        let Self { step, session, full } = self;
        Message::Handshake { step, uid, session, first: false, full }
    }
}

/// What a camera does that knows the session or not, and is full or not for sessions that it does not know.
pub(crate) fn react(step: Step, id: SessionId, is_known: bool, is_full: bool) -> Reaction {
    let full = is_full && !is_known;
    let answer = |step| Some(Answer { step, session: Some(id), full });
    match step {
        Step::Propose => Reaction { establish: false, answer: answer(Step::Accept) },
        _ if full => Reaction { establish: false, answer: None },
        // The viewer's last message: an answer to it would be answered without end.
        Step::Confirm if is_known => Reaction { establish: true, answer: None },
        Step::Accept | Step::Confirm => Reaction { establish: true, answer: answer(Step::Confirm) },
    }
}

/// A viewer's session id made of random bits.
pub(crate) fn session_id(seed: u64) -> SessionId {
    // Never 0.
    SessionId::Cookie((seed % u64::from(u16::MAX)) as u16 + 1)
}
