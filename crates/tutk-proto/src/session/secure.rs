use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::Credentials;
use crate::security::{
    Association, AssociationState, CipherSuite, Failure, Identity, Keys, Logins, Provider, ProviderError, Psk,
};
use crate::viewer::CredentialKind;

/// The payload that answers a datagram of the other security: encrypted in a plain session, or plain in an encrypted one. Byte 15
/// of its header says which one its sender has. Seen with the vendor's library 4.2.
pub(crate) const NOTICE: &[u8] = b"recv dtls data!";

/// What encrypts a session: an association in each channel.
#[derive(Debug)]
pub(crate) struct Secure {
    provider: Arc<dyn Provider>,
    /// Whom servers let in, if that was given.
    keys: Option<Arc<dyn Keys>>,
    /// Otherwise who knows what the last client logged in with.
    own: Arc<dyn Keys>,
    /// Names the other end's address where that is to be proved.
    cookie: Option<Vec<u8>>,
    associations: BTreeMap<u8, Entry>,
    plain: Vec<u8>,
}

#[derive(Debug)]
struct Entry {
    association: Box<dyn Association>,
    /// What was reported of it last.
    reported: Option<SecurityEvent>,
}

/// What happens to the security of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecurityEvent {
    /// It is encrypted.
    Established(CipherSuite),
    /// It will not be.
    Failed(Failure),
    /// The other end says that its session is plain, and ours is not.
    PeerIsPlain,
    /// The other end says that its session is encrypted, and ours is not.
    PeerIsEncrypted,
}

impl Secure {
    /// Nobody is let in to servers.
    pub(crate) fn new(provider: Arc<dyn Provider>) -> Self {
        let own = Arc::new(Logins::default());
        Self { provider, keys: None, own, cookie: None, associations: BTreeMap::new(), plain: Vec::new() }
    }

    pub(crate) fn with_keys(self, keys: Arc<dyn Keys>) -> Self {
        Self { keys: Some(keys), ..self }
    }

    pub(crate) fn with_cookie(self, cookie: Vec<u8>) -> Self {
        Self { cookie: Some(cookie), ..self }
    }

    pub(crate) fn set_keys(&mut self, keys: Arc<dyn Keys>) {
        self.keys = Some(keys);
    }

    /// Begins a client's association. Unless [`with_keys`](Self::with_keys) says otherwise, the other end is let in with the
    /// same credentials where it is the client of another channel.
    pub(crate) fn start_client(
        &mut self,
        now: Instant,
        channel: u8,
        credentials: &Credentials,
    ) -> Result<(), ProviderError> {
        let identity = identity(credentials);
        let psk = Psk::new(self.provider.as_ref(), &credentials.password);
        self.own = Arc::new(Logins::default().with(identity, psk.clone()));
        let association = self.provider.client(now, &identity.to_bytes(), psk)?;
        self.associations.insert(channel, Entry { association, reported: None });
        Ok(())
    }

    /// Begins a server's association.
    pub(crate) fn start_server(&mut self, channel: u8) -> Result<(), ProviderError> {
        let keys = self.keys.as_ref().unwrap_or(&self.own).clone();
        let association = self.provider.server(keys, self.cookie.clone())?;
        self.associations.insert(channel, Entry { association, reported: None });
        Ok(())
    }

    pub(crate) fn stop(&mut self, channel: u8) {
        self.associations.remove(&channel);
    }

    /// Says in all channels that nothing more comes.
    pub(crate) fn close(&mut self) {
        self.associations.values_mut().for_each(|entry| entry.association.close());
    }

    pub(crate) fn state(&self, channel: u8) -> Option<AssociationState> {
        Some(self.associations.get(&channel)?.association.state())
    }

    /// Whether the other end of a channel has said nothing in DTLS.
    pub(crate) fn is_unanswered(&self, channel: u8) -> bool {
        matches!(self.state(channel), Some(AssociationState::Handshaking { answered: false, .. }))
    }

    pub(crate) fn is_established(&self, channel: u8) -> bool {
        matches!(self.state(channel), Some(AssociationState::Established(_)))
    }

    pub(crate) fn handle_input(&mut self, now: Instant, channel: u8, datagram: &[u8], mut deliver: impl FnMut(&[u8])) {
        if let Some(entry) = self.associations.get_mut(&channel) {
            entry.association.handle_input(now, datagram, &mut deliver);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        for Entry { association, .. } in self.associations.values_mut() {
            if association.poll_timeout().is_some_and(|due| due <= now) {
                association.handle_timeout(now);
            }
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.associations.values().filter_map(|entry| entry.association.poll_timeout()).min()
    }

    /// Appends the next datagram that is no AV message.
    pub(crate) fn poll_transmit(&mut self, channel: u8, out: &mut Vec<u8>) -> bool {
        self.associations.get_mut(&channel).is_some_and(|entry| entry.association.poll_transmit(out))
    }

    /// Appends what `put` appends, encrypted; returns whether that could be done.
    pub(crate) fn send(&mut self, channel: u8, out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) -> bool {
        self.plain.clear();
        put(&mut self.plain);
        self.associations.get_mut(&channel).is_some_and(|entry| entry.association.send(&self.plain, out))
    }

    pub(crate) fn poll_event(&mut self) -> Option<(u8, SecurityEvent)> {
        self.associations.iter_mut().find_map(|(channel, entry)| {
            let event = match entry.association.state() {
                AssociationState::Handshaking { .. } => return None,
                AssociationState::Established(suite) => SecurityEvent::Established(suite),
                AssociationState::Failed(failure) => SecurityEvent::Failed(failure),
            };
            let is_new = entry.reported.replace(event) != Some(event);
            is_new.then_some((*channel, event))
        })
    }
}

/// Who logs in with these.
pub(crate) fn identity(credentials: &Credentials) -> Identity<'_> {
    match credentials.kind {
        CredentialKind::Password => Identity::Account(&credentials.account),
        CredentialKind::Token => Identity::Token(&credentials.account),
    }
}
