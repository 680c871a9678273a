use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::DisconnectReason;
use crate::Link;
use crate::channel::AvEvent;
use crate::session::secure::SecurityEvent;
use crate::wire::{Message, Role};
use crate::{Generation, Profile, SessionId};

/// A viewer, as the camera sees it: its session is established.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) link: Link,
    address: SocketAddr,
    id: SessionId,
    /// Whether the application knows of it.
    is_viewer: bool,
    /// When the application must know of it.
    deadline: Instant,
    removed: Option<DisconnectReason>,
    removal_taken: bool,
    /// The channel in which the viewer speaks, and which it is to be from now on.
    pub(crate) talk: Option<u8>,
    pub(crate) talk_wanted: Option<Option<u8>>,
}

/// How long a session may stand without a login.
const LOGIN: Duration = Duration::from_secs(10);

impl Peer {
    pub(crate) fn new(
        now: Instant,
        address: SocketAddr,
        generation: Generation,
        profile: Profile,
        id: SessionId,
        idle_timeout: Duration,
    ) -> Self {
        Self {
            link: Link::new(now, Role::Camera, generation, profile, id, idle_timeout),
            address,
            id,
            is_viewer: false,
            deadline: now + LOGIN,
            removed: None,
            removal_taken: false,
            talk: None,
            talk_wanted: None,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its datagrams are known by.
    pub(crate) fn key(&self) -> (SocketAddr, SessionId) {
        (self.address, self.id)
    }

    /// Whether its datagrams count no longer; the closes may still be to be sent.
    pub(crate) fn is_over(&self) -> bool {
        self.removed.is_some()
    }

    /// The application gets to know of it.
    pub(crate) fn set_viewer(&mut self) {
        self.is_viewer = true;
    }

    /// Whether the application knows of it and it is still there.
    pub(crate) fn is_viewer(&self) -> bool {
        self.is_viewer && self.removed.is_none()
    }

    /// Why a viewer is no longer one, returned once.
    pub(crate) fn take_removal(&mut self) -> Option<DisconnectReason> {
        let taken = std::mem::replace(&mut self.removal_taken, self.removed.is_some());
        self.removed.filter(|_| self.is_viewer && !taken)
    }

    /// Whether nothing is left to be said to it.
    pub(crate) fn is_gone(&self) -> bool {
        self.removed == Some(DisconnectReason::ByViewer) || (self.removed.is_some() && self.link.is_closed())
    }

    pub(crate) fn handle_input(&mut self, now: Instant, message: &Message<'_>) {
        match *message {
            Message::Alive(session) | Message::Data { session, .. } if self.link.owns(session) => {
                // What makes no sense is passed over.
                let _ = self.link.handle_input(now, message);
            }
            Message::Close(session) if self.link.owns(session) => self.removed = Some(DisconnectReason::ByViewer),
            _ => {}
        }
    }

    pub(crate) fn poll_security(&mut self) -> Option<(u8, SecurityEvent)> {
        self.link.poll_security()
    }

    pub(crate) fn poll_event(&mut self) -> Option<(u8, AvEvent)> {
        self.link.poll_event()
    }

    pub(crate) fn close(&mut self, reason: DisconnectReason) {
        self.link.close();
        self.removed = self.removed.or(Some(reason));
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.link.handle_timeout(now);
        if self.link.silence(now).is_some() || (!self.is_viewer && self.deadline <= now) {
            self.close(DisconnectReason::Silent);
        }
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        let first = self.link.poll_timeout();
        if self.is_viewer { first } else { first.min(self.deadline) }
    }

    /// Appends the next plain datagram that is due; returns where it goes.
    pub(crate) fn poll_datagram(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        self.link.poll_datagram(now, out).then_some(self.address)
    }
}
