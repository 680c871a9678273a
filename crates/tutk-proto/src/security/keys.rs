use std::fmt;

use zeroize::Zeroizing;

use super::Provider;
use crate::Secret;

/// A pre-shared key, made of a password or a token. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Psk(Zeroizing<[u8; Self::LEN]>);

impl Psk {
    /// Bytes of every key.
    pub const LEN: usize = 32;

    /// The key of a password or token: its SHA-256, in which all is 0 from the first zero byte on. The vendor's library 4.2 copies
    /// the hash as a string of C.
    pub fn new(provider: &dyn Provider, secret: &Secret) -> Self {
        let mut key = Zeroizing::new(provider.sha256(secret.reveal().as_bytes()));
        let end = key.iter().position(|byte| *byte == 0).unwrap_or(Self::LEN);
        key.iter_mut().skip(end).for_each(|byte| *byte = 0);
        Self(key)
    }

    /// The key itself, for the one place that hands it to the cryptography.
    pub fn reveal(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Debug for Psk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// Who a client says it is, in its handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Identity<'a> {
    /// An account, whose key is made of its password: `AUTHPWD_` and the account.
    Account(&'a str),
    /// An identity, whose key is made of its token: `AUTHTKN_` and the identity.
    Token(&'a str),
}

impl<'a> Identity<'a> {
    /// What the bytes in a handshake say; `None` if they are of no kind that is known, or no text.
    pub fn from_bytes(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let account = text.strip_prefix("AUTHPWD_").map(Self::Account);
        account.or_else(|| text.strip_prefix("AUTHTKN_").map(Self::Token))
    }

    /// The bytes in the handshake.
    pub fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::Account(account) => format!("AUTHPWD_{account}"),
            Self::Token(identity) => format!("AUTHTKN_{identity}"),
        }
        .into_bytes()
    }
}

/// Whom a server lets in.
pub trait Keys: fmt::Debug + Send + Sync {
    /// The key of a client that gives this identity, [`Identity::to_bytes`]; none refuses it.
    fn find(&self, identity: &[u8]) -> Option<Psk>;
}

/// A list of accounts and tokens.
#[derive(Clone, Debug, Default)]
pub struct Logins(Vec<(Vec<u8>, Psk)>);

impl Logins {
    /// Adds one; of two with the same identity the first counts.
    #[must_use]
    pub fn with(mut self, identity: Identity<'_>, psk: Psk) -> Self {
        self.0.push((identity.to_bytes(), psk));
        self
    }
}

impl Keys for Logins {
    fn find(&self, identity: &[u8]) -> Option<Psk> {
        self.0.iter().find(|(known, _)| known == identity).map(|(_, psk)| psk.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::super::{Association, ProviderError};
    use super::*;

    #[derive(Debug)]
    struct Fixed([u8; 32]);

    impl Provider for Fixed {
        fn sha256(&self, _data: &[u8]) -> [u8; 32] {
            self.0
        }

        fn hmac_sha1(&self, _: &[u8], _: &[u8]) -> Option<[u8; 20]> {
            None
        }

        fn client(&self, _: Instant, _: &[u8], _: Psk) -> Result<Box<dyn Association>, ProviderError> {
            Err(ProviderError("none".into()))
        }

        fn server(&self, _: Arc<dyn Keys>, _: Option<Vec<u8>>) -> Result<Box<dyn Association>, ProviderError> {
            Err(ProviderError("none".into()))
        }
    }

    #[test]
    fn a_key_is_zero_from_its_first_zero_byte_on() {
        let secret = Secret::from("canary");
        let mut hash = [7; 32];
        assert_eq!(Psk::new(&Fixed(hash), &secret).reveal(), &[7; 32]);
        hash[5] = 0;
        let psk = Psk::new(&Fixed(hash), &secret);
        assert_eq!((&psk.reveal()[..5], &psk.reveal()[5..]), (&[7; 5][..], &[0; 27][..]));
        hash[0] = 0;
        assert_eq!(Psk::new(&Fixed(hash), &secret).reveal(), &[0; 32]);
        assert_eq!(format!("{psk:?}"), "•••");
    }

    #[test]
    fn identities_are_read() {
        for identity in [Identity::Account("admin"), Identity::Token("phone"), Identity::Account("")] {
            assert_eq!(Identity::from_bytes(&identity.to_bytes()), Some(identity));
        }
        for bytes in [&b""[..], b"admin", b"AUTHPWD", b"AUTHPWD_\xff"] {
            assert_eq!(Identity::from_bytes(bytes), None);
        }
    }

    #[test]
    fn accounts_and_tokens_are_told_apart() {
        let [a, b] = [[1; 32], [2; 32]].map(|key| Psk(key.into()));
        let logins = Logins::default()
            .with(Identity::Account("admin"), a.clone())
            .with(Identity::Token("admin"), b.clone())
            .with(Identity::Account("admin"), b.clone());
        assert_eq!(logins.find(b"AUTHPWD_admin"), Some(a));
        assert_eq!(logins.find(b"AUTHTKN_admin"), Some(b));
        assert_eq!(logins.find(b"AUTHPWD_Admin"), None);
    }
}
