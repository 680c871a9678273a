//! What encrypts sessions, if anything does.

use std::sync::Arc;

use crate::proto::security::{Provider, ProviderError};

/// DTLS by OpenSSL. Fails where it is left out, or the system's OpenSSL cannot do it.
#[cfg(feature = "dtls")]
pub(crate) fn provider() -> Result<Arc<dyn Provider>, ProviderError> {
    Ok(Arc::new(tutk_dtls::OpenSsl::new()?))
}

#[cfg(not(feature = "dtls"))]
pub(crate) fn provider() -> Result<Arc<dyn Provider>, ProviderError> {
    Err(ProviderError("this program is built without it (the feature “dtls”)".into()))
}
