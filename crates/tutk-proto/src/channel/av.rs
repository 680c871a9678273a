use std::time::Instant;

use crate::channel::Client;
use crate::channel::Server;
use crate::recv::Release;
use crate::security::Failure;
use crate::wire::Av;
use crate::{AvStyle, Frame, Lost, Secret};

/// What happens in one channel of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AvEvent {
    /// The other side lets this client in.
    LoggedIn {
        /// Whether it sends lost datagrams again.
        resend: bool,
    },
    /// The other side answered this client's login with another number than 0; 3 is a wrong account or password.
    LoginRefused(u32),
    /// A client wants to log in to this server: to be answered with `answer_login`. Comes again until it is.
    Login {
        /// The account that it gave.
        account: Vec<u8>,
        /// The password that it gave.
        password: Secret,
    },
    /// A complete frame of video. Numbers only rise.
    Video(Frame),
    /// A block of audio. Numbers only rise.
    Audio(Frame),
    /// Frames that will not come.
    Lost(Lost),
    /// A command or an answer.
    IoControl {
        /// Its type.
        kind: u32,
        /// Its body.
        body: Vec<u8>,
    },
    /// The other side has an IO control.
    IoControlConfirmed {
        /// Its type.
        kind: u32,
    },
    /// The other side never confirmed an IO control; whether it has it is not known. Comes at once where 256 earlier ones
    /// are not confirmed yet.
    IoControlUnconfirmed {
        /// Its type.
        kind: u32,
    },
    /// The channel will not be encrypted, where the application decides on logins.
    EncryptionFailed(Failure),
    /// The client's datagrams are not encrypted, and this server takes no others, where the application decides on logins.
    PeerIsPlain,
    /// A client missed frames because it did not confirm earlier ones, and can go on with a key frame now.
    KeyFrameWanted,
}

/// One channel of a session: the end that receives media, or the end that sends it.
#[derive(Debug)]
pub(crate) enum Channel {
    Client(Box<Client>),
    Server(Box<Server>),
}

impl From<Release> for AvEvent {
    fn from(release: Release) -> Self {
        match release {
            Release::Frame(frame) => Self::Video(frame),
            Release::Audio(frame) => Self::Audio(frame),
            Release::Lost(lost) => Self::Lost(lost),
        }
    }
}

impl Channel {
    /// What the next message is to be read as.
    pub(crate) fn style(&self) -> AvStyle {
        match self {
            Self::Client(client) => client.style(),
            Self::Server(server) => server.style(),
        }
    }

    pub(crate) fn handle(&mut self, now: Instant, av: &Av<'_>) {
        match self {
            Self::Client(client) => client.handle(now, av),
            Self::Server(server) => server.handle(now, av),
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Client(client) => client.handle_timeout(now),
            Self::Server(server) => server.handle_timeout(now),
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Client(client) => client.poll_timeout(),
            Self::Server(server) => server.poll_timeout(),
        }
    }

    /// Gives the next message to `send`.
    pub(crate) fn poll_transmit<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        match self {
            Self::Client(client) => client.poll_transmit(now, send),
            Self::Server(server) => server.poll_transmit(now, send),
        }
    }

    pub(crate) fn poll_event(&mut self) -> Option<AvEvent> {
        match self {
            Self::Client(client) => client.poll_event(),
            Self::Server(server) => server.poll_event(),
        }
    }

    pub(crate) fn send_io_control(&mut self, kind: u32, body: Vec<u8>) {
        match self {
            Self::Client(client) => client.send_io_control(kind, body),
            Self::Server(server) => server.send_io_control(kind, body),
        }
    }

    /// Gives the next IO control that was never sent to `send`; no other is sent any more.
    pub(crate) fn flush<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        match self {
            Self::Client(client) => client.flush(now, send),
            Self::Server(server) => server.flush(now, send),
        }
    }
}
