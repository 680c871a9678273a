//! Sessions in the framing 0xCC51: the viewer asks, the camera gives it a ticket, the viewer shows the ticket, the camera says that
//! the session is established.

use std::time::{Duration, Instant};

use super::Progress;
use crate::recv::Repeat;
use crate::wire::{Message, Role};

/// How often a viewer repeats its message: the first interval, and the longest.
const INTERVAL: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(100));

const ASK: u16 = 0;
const GIVE: u16 = 1;
const SHOW: u16 = 2;
const CONFIRM: u16 = 3;

/// What a camera gives to a viewer that may have a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) id: [u8; 8],
    pub(crate) number: u16,
}

impl Ticket {
    /// The camera's ticket for this session: it keeps none.
    fn new(id: [u8; 8]) -> Self {
        let [a, b, ..] = id;
        Self { id, number: u16::from_le_bytes([a, b]).max(1) }
    }

    /// What an answer to [`ask`] gives. Public code takes any message of a camera's for that.
    pub(crate) fn from_answer(from: Role, step: u16, number: u16, id: [u8; 8]) -> Option<Self> {
        let is_question = from == Role::Viewer && matches!(step, ASK | SHOW);
        (!is_question).then_some(Self { id, number })
    }
}

/// The viewer's search for a camera, which asks it for a session.
pub(crate) fn ask(id: [u8; 8]) -> Message<'static> {
    Message::Ticket { from: Role::Viewer, step: ASK, ticket: 0, id }
}

/// The viewer's side, once it has a ticket.
#[derive(Debug)]
pub(crate) struct Viewer {
    ticket: Ticket,
    repeat: Repeat,
}

impl Viewer {
    pub(crate) fn new(now: Instant, ticket: Ticket) -> Self {
        Self { ticket, repeat: Repeat::new(now) }
    }

    /// Takes a [`Message::Ticket`].
    pub(crate) fn handle_input(&self, step: u16, id: [u8; 8]) -> Progress {
        match step {
            _ if id != self.ticket.id => Progress::Foreign,
            CONFIRM => Progress::Established,
            _ => Progress::Pending,
        }
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        self.repeat.due()
    }

    /// The next message, if it is due.
    pub(crate) fn poll_transmit(&mut self, now: Instant) -> Option<Message<'static>> {
        if !self.repeat.is_due(now) {
            return None;
        }
        self.repeat.sent(now, INTERVAL.0, INTERVAL.1);
        let Ticket { id, number } = self.ticket;
        Some(Message::Ticket { from: Role::Viewer, step: SHOW, ticket: number, id })
    }
}

/// A camera's answer to a [`Message::Ticket`] that counts for it: whether it grants a session with it, and the message.
pub(crate) fn answer(
    step: u16,
    number: u16,
    id: [u8; 8],
    is_known: bool,
    is_full: bool,
) -> Option<(bool, Message<'static>)> {
    let ticket = Ticket::new(id);
    let message = |step| Message::Ticket { from: Role::Camera, step, ticket: ticket.number, id };
    match step {
        ASK if is_known || !is_full => Some((!is_known, message(GIVE))),
        SHOW if is_known && number == ticket.number => Some((false, message(CONFIRM))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [u8; 8] = [7, 0, 0, 0, 0, 0, 0, 9];

    fn said(message: Message<'_>) -> (Role, u16, u16, [u8; 8]) {
        let Message::Ticket { from, step, ticket, id } = message else { panic!("{message:?}") };
        (from, step, ticket, id)
    }

    #[test]
    fn four_messages_make_a_session() {
        let now = Instant::now();
        let (_, step, number, id) = said(ask(ID));
        let (is_granted, given) = answer(step, number, id, false, false).unwrap();
        let (from, step, number, id) = said(given);
        let ticket = Ticket::from_answer(from, step, number, id).unwrap();
        let mut viewer = Viewer::new(now, ticket);
        assert_eq!((is_granted, viewer.handle_input(step, id)), (true, Progress::Pending));
        let (_, step, number, id) = said(viewer.poll_transmit(now).unwrap());
        assert_eq!(viewer.poll_transmit(now), None);
        let (is_granted, confirmed) = answer(step, number, id, true, false).unwrap();
        let (_, step, _, id) = said(confirmed);
        assert_eq!((is_granted, viewer.handle_input(step, id)), (false, Progress::Established));
        assert_eq!(viewer.handle_input(step, [1; 8]), Progress::Foreign);
    }

    #[test]
    fn a_camera_answers_no_strangers_and_none_when_it_is_full() {
        assert_eq!(answer(ASK, 0, ID, false, true), None);
        assert_eq!(answer(SHOW, 7, ID, false, false), None);
        assert_eq!(answer(SHOW, 8, ID, true, false), None);
        assert_eq!(answer(GIVE, 7, ID, true, false), None);
        assert!(answer(ASK, 0, ID, true, true).is_some_and(|(is_granted, _)| !is_granted));
    }

    #[test]
    fn questions_are_no_answers() {
        assert_eq!(Ticket::from_answer(Role::Viewer, ASK, 7, ID), None);
        let ticket = Some(Ticket { id: ID, number: 7 });
        for (from, step) in [(Role::Camera, GIVE), (Role::Camera, ASK), (Role::Viewer, GIVE)] {
            assert_eq!(Ticket::from_answer(from, step, 7, ID), ticket);
        }
    }
}
