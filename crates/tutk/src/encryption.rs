//! What encrypts sessions, if anything does.

use std::fmt;
use std::sync::Arc;

use crate::Secret;
use crate::proto::security::{Identity, Keys, Provider, ProviderError, Psk};

/// Whether this library can encrypt sessions: it is built with the feature `dtls`, and the system's OpenSSL works.
pub fn can_encrypt() -> bool {
    provider().is_ok()
}

/// The passwords and tokens that a function knows.
pub(crate) struct Passwords<F> {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) find: F,
}

impl<F: Fn(Identity<'_>) -> Option<Secret> + Send + Sync> Keys for Passwords<F> {
    fn find(&self, identity: &[u8]) -> Option<Psk> {
        let secret = (self.find)(Identity::from_bytes(identity)?)?;
        Some(Psk::new(self.provider.as_ref(), &secret))
    }
}

impl<F> fmt::Debug for Passwords<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

/// DTLS by OpenSSL. Fails where it is left out, or the system's OpenSSL cannot do it.
#[cfg(feature = "dtls")]
pub(crate) fn provider() -> Result<Arc<dyn Provider>, ProviderError> {
    Ok(Arc::new(tutk_dtls::OpenSsl::new()?))
}

#[cfg(not(feature = "dtls"))]
pub(crate) fn provider() -> Result<Arc<dyn Provider>, ProviderError> {
    Err(ProviderError("this program is built without it (the feature “dtls”)".into()))
}
