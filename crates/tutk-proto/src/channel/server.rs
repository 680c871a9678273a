use std::collections::VecDeque;
use std::time::Instant;

use crate::channel::AvEvent;
use crate::channel::Controls;
use crate::send::{Outgoing, Sent};
use crate::wire::{Av, Echo, Feedback, LoginResult, SERVICE};

/// The end of a channel that lets a client in and sends media.
#[derive(Debug)]
pub(crate) struct Server {
    /// Whether it grants resend.
    may_resend: bool,
    /// A number of the application, for its clients.
    pub(crate) service: u32,
    state: State,
    answer: Option<LoginResult>,
    /// What the answer repeats of the login.
    echo: Echo,
    pub(crate) controls: Controls,
    sent: Sent,
    audio: VecDeque<(u32, Outgoing)>,
    next_audio: u32,
    starved: Option<Starved>,
    events: VecDeque<AvEvent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nobody has asked to be let in, or was refused.
    Waiting,
    /// The application is to answer; whether resend was asked for.
    Asked(bool),
    /// Whether resend is granted.
    Open(bool),
}

/// Why a client gets no video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Starved {
    /// It has not confirmed what it got.
    Full,
    /// It missed frames, and can go on with a key frame only.
    NeedsKey,
}

/// Blocks of audio over this number go without being sent: nobody fetches what is to be sent.
const MAX_AUDIO: usize = 256;

impl Server {
    pub(crate) fn new(resend: bool) -> Self {
        Self {
            may_resend: resend,
            service: SERVICE,
            state: State::Waiting,
            answer: None,
            echo: [0; 6],
            controls: Controls::new(),
            sent: Sent::new(false),
            audio: VecDeque::new(),
            next_audio: 0,
            starved: None,
            events: VecDeque::new(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    pub(crate) fn handle(&mut self, now: Instant, av: &Av<'_>) {
        match (self.state, *av) {
            (State::Open(_), Av::Login { echo, .. }) => {
                self.echo = echo;
                self.answer = Some(LoginResult::Granted);
            }
            (State::Waiting, Av::Login { account, password, resend, echo }) => {
                self.echo = echo;
                self.state = State::Asked(resend);
                self.events.push_back(AvEvent::Login {
                    account: account.as_bytes().to_vec(),
                    password: String::from_utf8_lossy(password.as_bytes()).into_owned().into(),
                });
            }
            (State::Open(_), Av::Feedback(Feedback::Nack { frame, chunks })) => {
                self.sent.handle_resend(now, frame, chunks)
            }
            (State::Open(_), Av::Feedback(Feedback::Ack { frame, clock, .. })) => {
                self.sent.handle_done(frame, clock);
                if self.starved == Some(Starved::Full) && !self.sent.is_full() {
                    self.starved = Some(Starved::NeedsKey);
                    self.events.push_back(AvEvent::KeyFrameWanted);
                }
            }
            (State::Open(_), _) => self.controls.handle(now, av),
            _ => {}
        }
    }

    /// Answers the login that was asked for last. Returns whether resend is granted, if the client is let in.
    pub(crate) fn answer_login(&mut self, grant: bool) -> Option<bool> {
        let State::Asked(resend) = self.state else { return None };
        let resend = resend && self.may_resend;
        self.answer = Some(if grant { LoginResult::Granted } else { LoginResult::Refused });
        self.state = if grant { State::Open(resend) } else { State::Waiting };
        self.sent = Sent::new(resend);
        grant.then_some(resend)
    }

    /// Leaves the login that was asked for last without an answer: the client asks again.
    pub(crate) fn ignore_login(&mut self) {
        if let State::Asked(_) = self.state {
            self.state = State::Waiting;
        }
    }

    /// Returns whether the client takes the frame.
    pub(crate) fn send_video(&mut self, frame: &Outgoing, key: bool) -> bool {
        if !self.is_open() {
            return false;
        }
        if self.sent.is_full() {
            self.starved = Some(Starved::Full);
        } else if key {
            self.starved = None;
        }
        if self.starved.is_none() {
            self.sent.push(frame);
        }
        self.starved.is_none()
    }

    /// Whether a frame of video would be passed over because the client has not confirmed earlier ones.
    pub(crate) fn is_full(&self) -> bool {
        self.sent.is_full()
    }

    pub(crate) fn send_audio(&mut self, block: Outgoing) {
        if self.is_open() {
            if self.audio.len() < MAX_AUDIO {
                self.audio.push_back((self.next_audio, block));
            }
            self.next_audio = self.next_audio.wrapping_add(1);
        }
    }

    /// Forgets the media that is not sent yet, and what is kept to be sent again.
    pub(crate) fn clear(&mut self) {
        self.audio.clear();
        self.sent.clear();
    }

    pub(crate) fn poll_transmit<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        if let Some(result) = self.answer.take() {
            let resend = match self.state {
                State::Open(resend) | State::Asked(resend) => resend,
                State::Waiting => self.may_resend,
            };
            return Some(send(Av::LoginAnswer { result, resend, service: self.service, echo: self.echo }));
        }
        if let Some(av) = self.controls.poll_transmit(now) {
            return Some(send(av));
        }
        if let Some((frame, block)) = self.audio.pop_front() {
            let (media, info) = block.parts();
            return Some(send(Av::Audio { retransmitted: false, frame, info, media }));
        }
        self.sent.poll_transmit(send)
    }

    pub(crate) fn poll_event(&mut self) -> Option<AvEvent> {
        self.events.pop_front().or_else(|| self.controls.poll_event())
    }

    /// Bytes of sent frames that are held.
    pub(crate) fn memory(&self) -> usize {
        self.sent.bytes()
    }
}
