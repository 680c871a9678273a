//! DTLS for the sessions of [`tutk_proto`], by OpenSSL.
//!
//! [`OpenSsl`] is a [`Provider`] of encryption: DTLS 1.2 with pre-shared keys, in either role, with the suites of
//! [`CipherSuite`](tutk_proto::security::CipherSuite). It opens no socket. Records that cannot be read, come twice or in another
//! order cost nothing but themselves. What a handshake sends is sent again after 250 ms, then each 500 ms;
//! OpenSSL measures that by the system's clock.
//!
//! OpenSSL comes from the system, or is built from source with the feature `vendored`.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod association;
mod context;
mod datagrams;
mod records;
mod timer;

use std::sync::Arc;
use std::time::Instant;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use tutk_proto::security::{Association, Keys, Provider, ProviderError, Psk};

use association::{Openssl, Role};

/// OpenSSL as a provider of encryption.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenSsl;

impl OpenSsl {
    /// Loads what OpenSSL needs for both roles. Fails where the system's OpenSSL cannot do what the protocol wants, as where
    /// its configuration forbids it.
    pub fn new() -> Result<Self, ProviderError> {
        context::client().and(context::server()).and(context::server_with_cookies()).map_err(describe)?;
        Ok(Self)
    }
}

impl Provider for OpenSsl {
    fn sha256(&self, data: &[u8]) -> [u8; 32] {
        openssl::sha::sha256(data)
    }

    fn hmac_sha1(&self, key: &[u8], data: &[u8]) -> Option<[u8; 20]> {
        let key = PKey::hmac(key).ok()?;
        let mut tag = [0; 20];
        let len = Signer::new(MessageDigest::sha1(), &key).ok()?.sign_oneshot(&mut tag, data).ok()?;
        (len == tag.len()).then_some(tag)
    }

    fn client(&self, now: Instant, identity: &[u8], psk: Psk) -> Result<Box<dyn Association>, ProviderError> {
        let role = Role::Client { identity: identity.to_vec(), psk };
        Ok(Box::new(Openssl::new(now, role).map_err(describe)?))
    }

    fn server(&self, keys: Arc<dyn Keys>, cookie: Option<Vec<u8>>) -> Result<Box<dyn Association>, ProviderError> {
        let role = Role::Server { keys, address: cookie };
        // A server has no timer before a client has said something.
        Ok(Box::new(Openssl::new(Instant::now(), role).map_err(describe)?))
    }
}

fn describe(error: ErrorStack) -> ProviderError {
    ProviderError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second test case of RFC 2202.
    #[test]
    fn hmacs_are_those_of_the_rfc() {
        let tag = OpenSsl.hmac_sha1(b"Jefe", b"what do ya want for nothing?").unwrap();
        let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
