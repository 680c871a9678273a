use std::sync::Arc;
use std::time::Duration;

use crate::security::{Encryption, Keys, Provider};
use crate::session::Seal;
use crate::{AuthKey, Generation, Secret, Uid};

/// What a camera is called and whom it lets in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CameraConfig {
    /// The camera's UID.
    pub uid: Uid,
    /// The name that searches show; at most 131 bytes of it.
    pub name: String,
    /// Who decides on logins.
    pub access: Access,
    /// Most viewers that are logged in at once.
    pub max_viewers: usize,
    /// Whether lost datagrams are sent again.
    pub resend: bool,
    /// No datagram from a viewer for this long: it is gone.
    pub idle_timeout: Duration,
    /// The camera's own generation; viewers of 0x09 are spoken to in theirs. One of 0x1d has
    /// [`Framing::Hmac`](crate::Framing::Hmac) alone, and answers nobody where it cannot encrypt.
    pub generation: Generation,
    /// What viewers must show to be given a session; those of 0x09 cannot, and are refused where there is one.
    pub auth_key: Option<AuthKey>,
    /// Whether the camera listens to viewers who speak, with [`Access::Account`]: it logs in to the channel that
    /// [`START_SPEAKER`](crate::io_control::START_SPEAKER) names.
    pub speaker: bool,
    /// Whether sessions are encrypted.
    pub encryption: Encryption,
    /// What encrypts; without it no session is encrypted.
    pub provider: Option<Arc<dyn Provider>>,
    /// Whom encrypted sessions let in besides the account of [`Access::Account`]: tokens, or the application's accounts.
    pub keys: Option<Arc<dyn Keys>>,
}

impl CameraConfig {
    /// A camera without a name and without a speaker, for up to 16 viewers, that sends lost datagrams again and drops viewers after 15 s without a
    /// datagram.
    pub fn new(uid: Uid, access: Access) -> Self {
        Self {
            uid,
            name: String::new(),
            access,
            max_viewers: 16,
            resend: true,
            idle_timeout: Duration::from_secs(15),
            generation: Generation::NEWEST,
            auth_key: None,
            speaker: false,
            encryption: Encryption::Auto,
            provider: None,
            keys: None,
        }
    }

    /// Sets [`name`](Self::name).
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Sets [`max_viewers`](Self::max_viewers).
    #[must_use]
    pub fn with_max_viewers(self, max_viewers: usize) -> Self {
        Self { max_viewers, ..self }
    }

    /// Sets [`resend`](Self::resend).
    #[must_use]
    pub fn with_resend(self, resend: bool) -> Self {
        Self { resend, ..self }
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

    /// Sets [`speaker`](Self::speaker).
    #[must_use]
    pub fn with_speaker(self, speaker: bool) -> Self {
        Self { speaker, ..self }
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

    /// Sets [`keys`](Self::keys).
    #[must_use]
    pub fn with_keys(self, keys: Arc<dyn Keys>) -> Self {
        Self { keys: Some(keys), ..self }
    }

    /// What seals datagrams of 0xCC51, if the camera has that framing.
    pub(super) fn seal(&self) -> Option<Seal> {
        let has_framing = self.generation >= Generation::G1D;
        let provider = self.provider.clone().filter(|_| has_framing && self.encryption != Encryption::Off)?;
        Some(Seal::new(provider, self.uid, self.auth_key.as_ref()))
    }

    /// Whether viewers may have plain sessions.
    pub(super) fn takes_plain(&self) -> bool {
        self.encryption != Encryption::Required
    }
}

/// Who decides whether a viewer may log in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Access {
    /// The camera does: one account may. It has a server in channel 0 for each viewer, and a viewer is added once it is
    /// logged in.
    Account {
        /// The account.
        account: String,
        /// Its password.
        password: Secret,
    },
    /// The application does. A viewer is added once its session is established; the application starts servers and clients
    /// with [`Camera::link`](crate::Camera::link), and all that happens there comes as [`CameraEvent::Av`](crate::CameraEvent::Av).
    Application,
}
