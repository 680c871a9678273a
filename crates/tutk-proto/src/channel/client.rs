use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::channel::AvEvent;
use crate::channel::classic::ClassicClient;
use crate::channel::packet::PacketMedia;
use crate::channel::pending::Pending;
use crate::recv::{Counts, Repeat};
use crate::wire::packet::{Login, LoginForm, Packet};
use crate::wire::{Av, LoginResult};
use crate::{AvStyle, CredentialKind, Credentials};

/// The end of a channel that logs in and receives media.
///
/// Where the session may have the packet style, it logs in so that servers of both styles understand, and the server's
/// answer decides.
#[derive(Debug)]
pub(crate) struct Client {
    credentials: Credentials,
    resend: bool,
    /// The style that the session may have.
    style: AvStyle,
    /// Our AV version.
    version: u16,
    /// Tells this login from others.
    tag: u32,
    /// What the server calls itself.
    pub(crate) service: u32,
    state: State,
    /// IO controls that wait for the login.
    pending: Pending,
    events: VecDeque<AvEvent>,
}

#[derive(Debug)]
enum State {
    LoggingIn {
        repeat: Repeat,
        /// The second of two forms is to be sent.
        second: bool,
    },
    Classic(Box<ClassicClient>),
    Packet(Box<PacketMedia>),
    Refused,
}

const LOGIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(100));
/// How many tags before this login's are those of earlier ones: those of a server that repeats no tag are elsewhere.
const EARLIER: u32 = 64;

impl Client {
    /// One that begins to log in; `tag` differs from that of the client before, by 2 or more.
    pub(crate) fn new(
        now: Instant,
        credentials: Credentials,
        resend: bool,
        style: AvStyle,
        version: u16,
        tag: u32,
    ) -> Self {
        Self {
            credentials,
            resend,
            style,
            version,
            tag,
            service: 0,
            state: State::LoggingIn { repeat: Repeat::new(now), second: false },
            pending: Pending::default(),
            events: VecDeque::new(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Classic(_) | State::Packet(_))
    }

    /// What the next message is to be read as.
    pub(crate) fn style(&self) -> AvStyle {
        match self.state {
            State::Classic(_) => AvStyle::Classic,
            State::Packet(_) => AvStyle::Packet,
            State::LoggingIn { .. } | State::Refused => self.style,
        }
    }

    pub(crate) fn send_io_control(&mut self, kind: u32, body: Vec<u8>) {
        match &mut self.state {
            State::Classic(media) => media.controls.send(kind, body),
            State::Packet(media) => media.send_io_control(kind, &body),
            State::LoggingIn { .. } | State::Refused => self.events.extend(self.pending.push(kind, body)),
        }
    }

    pub(crate) fn handle(&mut self, now: Instant, av: &Av<'_>) {
        // A server may answer each repetition of a login, the last ones after the next login began.
        let tag = self.tag;
        let is_to_this = |answered: u32| !(1..=EARLIER).contains(&tag.wrapping_sub(answered));
        match (&mut self.state, *av) {
            (State::LoggingIn { .. }, Av::LoginAnswer { result, resend, service, echo: [_, _, tag @ ..] })
                if is_to_this(u32::from_le_bytes(tag)) =>
            {
                self.answered(now, result, resend, service, None);
            }
            (State::LoggingIn { .. }, Av::Packet(packet @ Packet::LoginAnswer(answer))) if is_to_this(answer.tag) => {
                self.answered(now, answer.result, answer.resend, answer.service, Some(&packet));
            }
            (State::Classic(media), _) => media.handle(now, av),
            (State::Packet(media), Av::Packet(packet)) => media.handle(now, &packet),
            _ => {}
        }
    }

    /// The server answers; with a `packet`, in packet style.
    fn answered(&mut self, now: Instant, result: LoginResult, resend: bool, service: u32, packet: Option<&Packet<'_>>) {
        let number = match result {
            LoginResult::Granted => {
                self.service = service;
                self.events.push_back(AvEvent::LoggedIn { resend });
                self.state = match packet {
                    None => State::Classic(Box::new(ClassicClient::new(now, resend))),
                    Some(packet) => {
                        let mut media = Box::new(PacketMedia::client(now, resend));
                        media.handle(now, packet);
                        State::Packet(media)
                    }
                };
                for (kind, body) in self.pending.drain() {
                    self.send_io_control(kind, body);
                }
                return;
            }
            LoginResult::Refused => 3,
            LoginResult::Other(number) => number,
        };
        self.state = State::Refused;
        self.events.push_back(AvEvent::LoginRefused(number));
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Classic(media) => media.handle_timeout(now),
            State::Packet(media) => media.handle_timeout(now),
            State::LoggingIn { .. } | State::Refused => {}
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::LoggingIn { repeat, .. } => Some(repeat.due()),
            State::Classic(media) => media.poll_timeout(),
            State::Packet(media) => media.poll_timeout(),
            State::Refused => None,
        }
    }

    pub(crate) fn poll_transmit<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        let (repeat, second) = match &mut self.state {
            State::LoggingIn { repeat, second } => (repeat, second),
            State::Classic(media) => return media.poll_transmit(now, send),
            State::Packet(media) => return media.poll_transmit(now, send),
            State::Refused => return None,
        };
        let Credentials { account, password, kind } = &self.credentials;
        let token = u32::from(*kind == CredentialKind::Token);
        let (account, password) = (account.as_str().into(), password.reveal().into());
        let is_second = std::mem::take(second);
        if !is_second {
            if !repeat.is_due(now) {
                return None;
            }
            repeat.sent(now, LOGIN.0, LOGIN.1);
        }
        if self.style == AvStyle::Classic {
            let [a, b, c, d] = self.tag.to_le_bytes();
            return Some(send(Av::Login {
                account,
                password,
                resend: self.resend,
                version: 0,
                echo: [0, 0, a, b, c, d],
            }));
        }
        // Without resend the first form is enough, as the vendor's viewer has it.
        *second = !is_second && self.resend;
        let (form, tag) = match is_second {
            false => (LoginForm::Any { paired: self.resend }, self.tag),
            true => (LoginForm::Packet, self.tag.wrapping_add(1)),
        };
        let (version, resend) = (self.version, self.resend.into());
        let login = Login { form, version, tag, account, password, resend, token, extended: 0 };
        Some(send(Av::Packet(Packet::Login(login))))
    }

    /// Gives the next IO control that was never sent to `send`; no other is sent any more.
    pub(crate) fn flush<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        match &mut self.state {
            State::Classic(media) => media.controls.flush(send),
            State::Packet(media) => media.flush(now, send),
            State::LoggingIn { .. } | State::Refused => None,
        }
    }

    pub(crate) fn poll_event(&mut self) -> Option<AvEvent> {
        self.events.pop_front().or_else(|| match &mut self.state {
            State::Classic(media) => media.poll_event(),
            State::Packet(media) => media.poll_event(),
            State::LoggingIn { .. } | State::Refused => None,
        })
    }

    /// What was counted, duplicates of audio among them.
    pub(crate) fn counts(&self) -> Counts {
        match &self.state {
            State::Classic(media) => media.counts(),
            State::Packet(media) => media.counts(),
            State::LoggingIn { .. } | State::Refused => Counts::default(),
        }
    }

    /// The smoothed time from a datagram to its answer.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        match &self.state {
            State::Classic(media) => media.round_trip(),
            State::Packet(media) => media.round_trip(),
            State::LoggingIn { .. } | State::Refused => None,
        }
    }

    /// Bytes of media that are held.
    pub(crate) fn memory(&self) -> usize {
        match &self.state {
            State::Classic(media) => media.memory(),
            State::Packet(media) => media.memory(),
            State::LoggingIn { .. } | State::Refused => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::packet::LoginAnswer;

    #[test]
    fn the_answer_to_an_earlier_login_is_none_to_this_one() {
        let now = Instant::now();
        let [earlier, this] = [0x1234_5678_u32, 0x1234_567a];
        let answers: [fn(u32) -> Av<'static>; 2] = [
            |tag| {
                let [a, b, c, d] = tag.to_le_bytes();
                Av::LoginAnswer { result: LoginResult::Refused, resend: true, service: 1, echo: [0, 0, a, b, c, d] }
            },
            |tag| {
                let result = LoginResult::Refused;
                Av::Packet(Packet::LoginAnswer(LoginAnswer { result, resend: true, service: 1, tag, last: 0 }))
            },
        ];
        for (style, answer) in [AvStyle::Classic, AvStyle::Packet].into_iter().zip(answers) {
            // A server that does not repeat the tag is believed.
            for tag in [this, this + 1, 0] {
                let mut client = Client::new(now, Credentials::new("admin", "right"), true, style, 0x0b, this);
                for tag in [earlier, earlier + 1] {
                    client.handle(now, &answer(tag));
                    assert_eq!(client.poll_event(), None, "{style:?}");
                }
                client.handle(now, &answer(tag));
                assert_eq!(client.poll_event(), Some(AvEvent::LoginRefused(3)), "{style:?} {tag}");
            }
        }
    }
}
