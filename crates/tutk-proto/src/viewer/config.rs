use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::security::{Encryption, Provider};
use crate::session::Seal;
use crate::{AuthKey, Generation, Secret, Uid};

/// Which camera, and how to get in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ViewerConfig {
    /// The camera.
    pub uid: Uid,
    /// The channel of the client that logs in, and of all that the session is about: 0, but for further lenses and recorders.
    pub channel: u8,
    /// With these, a client logs in to [`channel`](Self::channel) as soon as the session is established, and the session ends if it is not let
    /// in. Without them the application starts clients and servers with [`Viewer::link`](crate::Viewer::link).
    pub credentials: Option<Credentials>,
    /// Whom to ask for the camera: broadcast addresses, or one address of its own.
    pub targets: Vec<SocketAddr>,
    /// Find, connect and log in: each must be done in this time.
    pub timeout: Duration,
    /// No datagram for this long: the session is lost.
    pub idle_timeout: Duration,
    /// The viewer's own generation; older cameras are spoken to in theirs, as far as they need it.
    pub generation: Generation,
    /// What a camera with an authentication key wants to see.
    pub auth_key: Option<AuthKey>,
    /// Whether the session is to be encrypted.
    pub encryption: Encryption,
    /// What encrypts; without it no session is encrypted.
    pub provider: Option<Arc<dyn Provider>>,
    /// Whether the camera is also searched in [`Framing::Hmac`](crate::Framing::Hmac), if the session may be encrypted.
    pub hmac_framing: bool,
    /// Random; the session's id is made of it.
    pub seed: u64,
}

impl ViewerConfig {
    /// A viewer of this camera, which asks `targets` for it. No login; 5 s for each step; lost after 10 s without a datagram.
    pub fn new(uid: Uid, targets: Vec<SocketAddr>, seed: u64) -> Self {
        Self {
            uid,
            channel: 0,
            credentials: None,
            targets,
            timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(10),
            generation: Generation::NEWEST,
            auth_key: None,
            encryption: Encryption::Auto,
            provider: None,
            hmac_framing: false,
            seed,
        }
    }

    /// Sets [`credentials`](Self::credentials).
    #[must_use]
    pub fn with_credentials(self, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..self }
    }

    /// Sets [`channel`](Self::channel).
    #[must_use]
    pub fn with_channel(self, channel: u8) -> Self {
        Self { channel, ..self }
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets [`idle_timeout`](Self::idle_timeout).
    #[must_use]
    pub fn with_idle_timeout(self, idle_timeout: Duration) -> Self {
        Self { idle_timeout, ..self }
    }

    /// Sets [`generation`](Self::generation).
    #[must_use]
    pub fn with_generation(self, generation: Generation) -> Self {
        Self { generation, ..self }
    }

    /// Sets [`auth_key`](Self::auth_key).
    #[must_use]
    pub fn with_auth_key(self, auth_key: AuthKey) -> Self {
        Self { auth_key: Some(auth_key), ..self }
    }

    /// Sets [`encryption`](Self::encryption).
    #[must_use]
    pub fn with_encryption(self, encryption: Encryption) -> Self {
        Self { encryption, ..self }
    }

    /// Sets [`provider`](Self::provider).
    #[must_use]
    pub fn with_provider(self, provider: Arc<dyn Provider>) -> Self {
        Self { provider: Some(provider), ..self }
    }

    /// Sets [`hmac_framing`](Self::hmac_framing).
    #[must_use]
    pub fn with_hmac_framing(self, hmac_framing: bool) -> Self {
        Self { hmac_framing, ..self }
    }

    /// What seals datagrams of 0xCC51, if the camera is searched in that framing.
    pub(super) fn seal(&self) -> Option<Seal> {
        let has_framing = self.hmac_framing && self.encryption != Encryption::Off;
        let provider = self.provider.clone().filter(|_| has_framing)?;
        Some(Seal::new(provider, self.uid, self.auth_key.as_ref()))
    }
}

/// What a login shows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Credentials {
    /// The account.
    pub account: String,
    /// The account's password.
    pub password: Secret,
    /// What the two are.
    pub kind: CredentialKind,
}

/// What [`Credentials`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialKind {
    /// An account and its password.
    Password,
    /// An identity and its token, which some cameras give to applications in place of the password.
    Token,
}

impl Credentials {
    /// An account and its password.
    pub fn new(account: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { account: account.into(), password: password.into(), kind: CredentialKind::Password }
    }

    /// An identity and its token.
    pub fn token(identity: impl Into<String>, token: impl Into<Secret>) -> Self {
        Self { kind: CredentialKind::Token, ..Self::new(identity, token) }
    }
}
