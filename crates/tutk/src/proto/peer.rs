use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::camera::{CameraConfig, CameraEvent, Removed, ViewerId};
use super::channel::Channel;
use super::controls::ControlEvent;
use super::sent::{FrameBytes, Sent};
use crate::wire::{Av, LoginResult, Message, Role, Session};

/// A viewer, as the camera sees it: its session stands; it may be logged in.
#[derive(Debug)]
pub(super) struct Peer {
    address: SocketAddr,
    cookie: u16,
    channel: Channel,
    sent: Sent,
    logged_in: bool,
    /// A login to be answered.
    answer: Option<LoginResult>,
    resend: bool,
    /// When it must have logged in.
    deadline: Instant,
    removed: Option<Removed>,
    removal_told: bool,
    starved: Option<Starved>,
}

/// Why a viewer gets no video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Starved {
    /// It has not confirmed what it got.
    Full,
    /// It missed frames, and can go on with a key frame only.
    NeedsKey,
}

/// What a message of the viewer led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PeerEvent {
    LoggedIn,
    Refused,
    KeyFrameWanted,
}

/// How long a session may stand without a login.
const LOGIN: Duration = Duration::from_secs(10);

impl Peer {
    pub(super) fn new(now: Instant, address: SocketAddr, cookie: u16, config: &CameraConfig) -> Self {
        let session = Session { from: Role::Camera, cookie, channel: 0 };
        Self {
            address,
            cookie,
            channel: Channel::new(now, session, config.idle_timeout),
            sent: Sent::new(false),
            logged_in: false,
            answer: None,
            resend: false,
            deadline: now + LOGIN,
            removed: None,
            removal_told: false,
            starved: None,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn is(&self, from: SocketAddr, cookie: u16) -> bool {
        self.address == from && self.cookie == cookie && self.removed.is_none()
    }

    /// Whether it is logged in.
    pub(super) fn is_viewer(&self) -> bool {
        self.logged_in && self.removed.is_none()
    }

    /// Why a viewer is no longer one, told once.
    pub(super) fn take_removal(&mut self) -> Option<Removed> {
        let told = std::mem::replace(&mut self.removal_told, self.removed.is_some());
        self.removed.filter(|_| self.logged_in && !told)
    }

    /// Whether nothing is left to be said to it.
    pub(super) fn is_gone(&self) -> bool {
        self.removed == Some(Removed::ByViewer) || (self.removed.is_some() && self.channel.is_closed())
    }

    pub(super) fn heard(&mut self, now: Instant) {
        self.channel.heard(now);
    }

    pub(super) fn handle_input(
        &mut self,
        now: Instant,
        message: &Message<'_>,
        config: &CameraConfig,
        full: bool,
    ) -> Option<PeerEvent> {
        match *message {
            Message::Alive(session) if self.channel.owns(session) => self.channel.heard(now),
            Message::Close(session) if self.channel.owns(session) => self.removed = Some(Removed::ByViewer),
            Message::Data { session, ref av, .. } if self.channel.owns(session) => {
                self.channel.heard(now);
                return self.handle_av(now, av, config, full);
            }
            _ => {}
        }
        None
    }

    fn handle_av(&mut self, now: Instant, av: &Av<'_>, config: &CameraConfig, full: bool) -> Option<PeerEvent> {
        match *av {
            Av::Login { .. } if self.logged_in => self.answer = Some(LoginResult::Granted),
            Av::Login { account, password, resend } => {
                let right = same(account.as_bytes(), config.account.as_bytes())
                    & same(password.as_bytes(), config.password.reveal().as_bytes());
                if !right {
                    self.answer = Some(LoginResult::Refused);
                    return Some(PeerEvent::Refused);
                }
                if !full {
                    self.resend = resend && config.resend;
                    self.sent = Sent::new(self.resend);
                    self.logged_in = true;
                    self.answer = Some(LoginResult::Granted);
                    return Some(PeerEvent::LoggedIn);
                }
            }
            _ if !self.logged_in => {}
            Av::Resend { frame, chunks } => self.sent.handle_resend(frame, chunks),
            Av::FrameDone { frame } => {
                self.sent.handle_done(frame);
                if self.starved == Some(Starved::Full) && !self.sent.is_full() {
                    self.starved = Some(Starved::NeedsKey);
                    return Some(PeerEvent::KeyFrameWanted);
                }
            }
            _ => {
                self.channel.handle(now, av);
            }
        }
        None
    }

    pub(super) fn poll_control(&mut self, viewer: ViewerId) -> Option<CameraEvent> {
        Some(match self.channel.poll_control()? {
            ControlEvent::Received { kind, body } => CameraEvent::IoControl { viewer, kind, body },
            ControlEvent::Unconfirmed { kind } => CameraEvent::IoControlUnconfirmed { viewer, kind },
        })
    }

    /// Returns whether it takes the frame.
    pub(super) fn send_video(&mut self, bytes: &FrameBytes, key: bool) -> bool {
        if !self.is_viewer() {
            return false;
        }
        if self.sent.is_full() {
            self.starved = Some(Starved::Full);
        } else if key {
            self.starved = None;
        }
        if self.starved.is_none() {
            self.sent.push(bytes);
        }
        self.starved.is_none()
    }

    pub(super) fn send_control(&mut self, kind: u32, body: Vec<u8>) {
        self.channel.send_control(kind, body);
    }

    pub(super) fn close(&mut self, reason: Removed) {
        self.channel.close();
        self.removed = self.removed.or(Some(reason));
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.channel.handle_timeout(now);
        if self.channel.silence(now).is_some() || (!self.logged_in && self.deadline <= now) {
            self.close(Removed::Silent);
        }
    }

    pub(super) fn poll_timeout(&self) -> Instant {
        let first = self.channel.poll_timeout();
        if self.logged_in { first } else { first.min(self.deadline) }
    }

    pub(super) fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        if let Some(result) = self.answer.take() {
            self.channel.encode(Av::LoginAnswer { result, resend: self.resend }, out);
            return Some(self.address);
        }
        let wrote = self.channel.poll_transmit(now, out)
            || (self.removed.is_none() && self.sent.poll_transmit(|av| self.channel.encode(av, out)).is_some());
        wrote.then_some(self.address)
    }

    pub(super) fn memory(&self) -> usize {
        self.sent.bytes()
    }
}

/// Compares in a time that does not tell where the two differ.
fn same(given: &[u8], right: &[u8]) -> bool {
    given.len() == right.len() && given.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}
