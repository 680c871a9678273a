use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::secret::same;
use crate::security::Provider;
use crate::wire;
use crate::{AuthKey, Uid};

/// The HMACs of datagrams in [`Framing::Hmac`](crate::Framing::Hmac): whoever makes them knows the camera's UID and its
/// authentication key.
#[derive(Debug)]
pub(crate) struct Seal {
    provider: Arc<dyn Provider>,
    key: Key,
}

struct Key(Zeroizing<Vec<u8>>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl Seal {
    /// Of the camera with this UID, in upper case as those of all cameras that are known, and this authentication key.
    pub(crate) fn new(provider: Arc<dyn Provider>, uid: Uid, auth_key: Option<&AuthKey>) -> Self {
        let mut key = Zeroizing::new(Vec::with_capacity(Uid::LEN + AuthKey::LEN));
        key.extend_from_slice(uid.to_upper_case().as_bytes());
        if let Some(auth_key) = auth_key {
            key.extend_from_slice(&auth_key.reveal());
        }
        Self { provider, key: Key(key) }
    }

    /// Writes its HMAC into a plain datagram; one of another framing stays as it is.
    pub(crate) fn seal(&self, datagram: &mut [u8]) {
        let Some((bytes, tag)) = wire::split(datagram) else { return };
        if let Some(right) = self.provider.hmac_sha1(&self.key.0, bytes) {
            *tag = right;
        }
    }

    /// Whether a datagram of this framing has the right HMAC.
    pub(crate) fn is_intact(&self, datagram: &mut [u8]) -> bool {
        let Some((bytes, tag)) = wire::split(datagram) else { return false };
        self.provider.hmac_sha1(&self.key.0, bytes).is_some_and(|right| same(tag, &right))
    }
}
