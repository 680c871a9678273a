use std::time::{Duration, Instant};

use super::controls::{ControlEvent, Controls};
use super::{ALIVE, CLOSES, FOREVER};
use crate::wire::{Av, Message, Session};

/// What both sides of a session do alike: count data, carry IO controls, say that they are alive, notice silence, close.
#[derive(Debug)]
pub(super) struct Channel {
    session: Session,
    sequence: u16,
    controls: Controls,
    alive_at: Instant,
    heard_at: Instant,
    idle_timeout: Duration,
    closes: Option<u8>,
}

impl Channel {
    pub(super) fn new(now: Instant, session: Session, idle_timeout: Duration) -> Self {
        Self {
            session,
            sequence: 0,
            controls: Controls::new(),
            alive_at: now + ALIVE,
            heard_at: now,
            idle_timeout: idle_timeout.min(FOREVER),
            closes: None,
        }
    }

    /// Whether a message of the other side belongs to this session.
    pub(super) fn owns(&self, session: Session) -> bool {
        session.from != self.session.from
            && session.cookie == self.session.cookie
            && session.channel == self.session.channel
    }

    pub(super) fn heard(&mut self, now: Instant) {
        self.heard_at = now;
    }

    /// How long nothing was heard, once that is too long.
    pub(super) fn silence(&self, now: Instant) -> Option<Duration> {
        let silence = now.saturating_duration_since(self.heard_at);
        (silence >= self.idle_timeout).then_some(silence)
    }

    pub(super) fn send_control(&mut self, kind: u32, body: Vec<u8>) {
        self.controls.send(kind, body);
    }

    /// Handles IO controls; returns whether `av` was one.
    pub(super) fn handle(&mut self, now: Instant, av: &Av<'_>) -> bool {
        match *av {
            Av::IoControl { number, kind, body } => self.controls.handle(now, number, kind, body),
            Av::IoControlSeen { number } => self.controls.confirmed(number),
            _ => return false,
        }
        true
    }

    pub(super) fn poll_control(&mut self) -> Option<ControlEvent> {
        self.controls.poll_event()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.controls.handle_timeout(now);
    }

    pub(super) fn poll_timeout(&self) -> Instant {
        let idle = self.heard_at + self.idle_timeout;
        let first = self.alive_at.min(idle);
        self.controls.poll_timeout().map_or(first, |control| control.min(first))
    }

    /// Ends the session: from now on only what was never sent goes out, then the closes.
    pub(super) fn close(&mut self) {
        self.closes = self.closes.or(Some(CLOSES));
    }

    /// Whether [`close`](Self::close) was called and all has gone out.
    pub(super) fn is_closed(&self) -> bool {
        self.closes == Some(0)
    }

    pub(super) fn encode(&mut self, av: Av<'_>, out: &mut Vec<u8>) {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        Message::Data { session: self.session, sequence, av }.encode(out);
    }

    /// Writes the next IO control, confirmation, alive or close that is due.
    pub(super) fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        if let Some(left) = self.closes {
            if let Some((number, kind, body)) = self.controls.flush() {
                self.encode(Av::IoControl { number, kind, body: &body }, out);
                return true;
            }
            let Some(rest) = left.checked_sub(1) else { return false };
            self.closes = Some(rest);
            Message::Close(self.session).encode(out);
            return true;
        }
        let (session, sequence) = (self.session, self.sequence);
        if let Some(av) = self.controls.poll_transmit(now) {
            Message::Data { session, sequence, av }.encode(out);
            self.sequence = sequence.wrapping_add(1);
            return true;
        }
        if self.alive_at <= now {
            self.alive_at = now + ALIVE;
            Message::Alive(self.session).encode(out);
            return true;
        }
        false
    }
}
