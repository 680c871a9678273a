//! Whether a session is encrypted, and what becomes of it.

use std::sync::Arc;
use std::time::Instant;

use super::Link;
use crate::security::{AssociationState, CipherSuite, Encryption, Failure, Keys};
use crate::session::secure::{Secure, SecurityEvent};
use crate::wire::{Message, Role, Session};
use crate::{Framing, Security};

/// Most encrypted datagrams that wait for a server, and bytes of each: a first flight in fragments.
const MAX_EARLY: (usize, usize) = (4, 1_500);

/// So many last flights without an answer are a sign of a wrong password.
const SILENT_REPEATS: u32 = 3;

impl Link {
    /// Encrypts the session; before any channel is started.
    pub(crate) fn encrypt(&mut self, secure: Secure) {
        self.profile.security = Security::Dtls;
        // As the vendor's library has it.
        (self.session.secure, self.session.partial) = (true, true);
        self.secure = Some(secure);
    }

    /// Encrypts the session if the application asks for it; before any channel is started.
    pub(crate) fn offer(&mut self, secure: Secure) {
        self.offered = Some(secure);
    }

    /// Whether the session is encrypted or not at all.
    pub(crate) fn is_required(&self) -> bool {
        self.is_required
    }

    /// Decides for the session whether it is encrypted, where no channel is started. By default a viewer's is where both ends can, and
    /// a camera's that leaves logins to the application is not.
    ///
    /// Returns whether the session is as asked for: [`Encryption::Required`] is refused in one that is plain already or cannot be
    /// encrypted, and [`Encryption::Off`] in one that is encrypted already or whose
    /// [`Framing`] has no plain sessions.
    pub fn choose_encryption(&mut self, encryption: Encryption) -> bool {
        let is_wanted = match encryption {
            Encryption::Auto => self.session.from == Role::Viewer,
            Encryption::Required => true,
            Encryption::Off => false,
        };
        if self.channels.is_empty() {
            if is_wanted && let Some(secure) = self.offered.take() {
                self.encrypt(secure);
            } else if encryption == Encryption::Off
                && self.profile.framing != Framing::Hmac
                && let Some(secure) = self.secure.take()
            {
                self.fall_back();
                self.session.partial = false;
                self.offered = Some(secure);
            }
            self.is_required = encryption == Encryption::Required && self.secure.is_some();
        }
        match encryption {
            Encryption::Auto => true,
            Encryption::Required => self.secure.is_some(),
            Encryption::Off => self.secure.is_none(),
        }
    }

    /// Lets in to the servers that are started from now on whom these keys let in. Does nothing in a plain session.
    pub fn set_keys(&mut self, keys: Arc<dyn Keys>) {
        if let Some(secure) = &mut self.secure {
            secure.set_keys(keys);
        }
    }

    /// Goes on in plain: the other end cannot encrypt. Clients log in, which they had not done.
    pub(crate) fn fall_back(&mut self) {
        self.profile.security = Security::Plain;
        self.session.secure = false;
        self.secure = None;
    }

    pub(super) fn unavailable(&mut self, channel: u8) {
        self.security_events.push_back((channel, SecurityEvent::Failed(Failure::Unavailable)));
    }

    /// How a channel is encrypted, once it is.
    pub fn cipher_suite(&self, channel: u8) -> Option<CipherSuite> {
        match self.association(channel)? {
            AssociationState::Established(suite) => Some(suite),
            _ => None,
        }
    }

    /// Whether the other end of a channel has said nothing to what a wrong password would make unreadable, for so often that this is
    /// probably why.
    pub fn is_password_doubtful(&self, channel: u8) -> bool {
        matches!(
            self.association(channel),
            Some(AssociationState::Handshaking { repeats, .. }) if repeats >= SILENT_REPEATS
        )
    }

    /// How far the encryption of a channel is, if it is to be encrypted.
    pub(crate) fn association(&self, channel: u8) -> Option<AssociationState> {
        self.secure.as_ref()?.state(channel)
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.secure.is_some()
    }

    /// Whether a datagram is encrypted and for a server that the application has yet to start. Its sender would wait 250 ms and more
    /// before it sends it again.
    pub(super) fn is_early(&self, session: Session) -> bool {
        session.secure && session.from == Role::Viewer && !self.channels.contains_key(&session.channel)
    }

    pub(super) fn keep_early(&mut self, session: Session, payload: &[u8]) {
        if self.early.len() < MAX_EARLY.0 && payload.len() <= MAX_EARLY.1 {
            self.early.push((session, payload.to_vec()));
        }
    }

    /// Takes what waits for a server that has been started.
    pub(super) fn take_early(&mut self, now: Instant) {
        if self.early.iter().all(|(session, _)| self.is_early(*session)) {
            return;
        }
        for (session, payload) in std::mem::take(&mut self.early) {
            // As where it comes: what makes no sense is passed over.
            let _ = self.handle_input(now, &Message::Data { session, sequence: 0, payload: &payload });
        }
    }

    /// The other end says that a datagram had the other security than its session has.
    pub(super) fn handle_notice(&mut self, number: u8, is_secure: bool) {
        let event = match &self.secure {
            Some(secure) if !is_secure && secure.is_unanswered(number) => SecurityEvent::PeerIsPlain,
            None if is_secure && !self.is_open(number) => SecurityEvent::PeerIsEncrypted,
            _ => return,
        };
        self.push_security(number, event);
    }

    pub(super) fn push_security(&mut self, number: u8, event: SecurityEvent) {
        if !self.security_events.contains(&(number, event)) {
            self.security_events.push_back((number, event));
        }
    }

    /// What has happened to the encryption, and in which channel.
    pub(crate) fn poll_security(&mut self) -> Option<(u8, SecurityEvent)> {
        self.security_events.pop_front().or_else(|| self.secure.as_mut()?.poll_event())
    }
}
