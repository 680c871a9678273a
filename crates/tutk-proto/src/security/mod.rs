//! What encrypts sessions: DTLS 1.2 with pre-shared keys, between the header of a datagram and its AV message.
//!
//! This crate says who is which end, where the keys come from and what failures mean. The cryptography is a [`Provider`]'s, such
//! as the crate `tutk-dtls`; it gets datagrams and the time, and has neither a socket nor a thread.
//!
//! Each channel of an encrypted session has an [`Association`] of its own, whose client is the client of the channel: the viewer
//! in channel 0, the camera where it receives the viewer's speech. Seen with the vendor's library 4.2.

mod keys;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

pub use keys::{Identity, Keys, Logins, Psk};

use crate::ParseEncryptionError;

/// Whether sessions are to be encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encryption {
    /// A viewer encrypts unless the camera answers that it cannot; a camera leaves it to each viewer.
    ///
    /// It protects against those who only listen. Somebody who can also send can make a viewer believe that the camera cannot.
    #[default]
    Auto,
    /// No session without it.
    Required,
    /// No session with it.
    Off,
}

impl Encryption {
    /// Its name for programs: `auto`, `required` or `off`.
    pub fn nick(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Required => "required",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.nick())
    }
}

impl FromStr for Encryption {
    type Err = ParseEncryptionError;

    fn from_str(text: &str) -> Result<Self, ParseEncryptionError> {
        let all = [Self::Auto, Self::Required, Self::Off];
        all.into_iter().find(|encryption| encryption.nick() == text).ok_or(ParseEncryptionError)
    }
}

/// How an encrypted channel encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CipherSuite {
    /// 0xCCAC. Who learns the password later cannot read what was recorded.
    EcdhePskChaCha20Poly1305,
    /// 0x00AE, the only one that cameras on the vendor's library 4.2.1.1 take. Who learns the password can read what was recorded.
    PskAes128CbcSha256,
}

impl CipherSuite {
    /// Its number in the registry of TLS cipher suites.
    pub fn number(self) -> u16 {
        match self {
            Self::EcdhePskChaCha20Poly1305 => 0xCCAC,
            Self::PskAes128CbcSha256 => 0x00AE,
        }
    }

    /// The suite with this number.
    pub fn from_number(number: u16) -> Option<Self> {
        [Self::EcdhePskChaCha20Poly1305, Self::PskAes128CbcSha256].into_iter().find(|suite| suite.number() == number)
    }

    /// Its name in the registry.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdhePskChaCha20Poly1305 => "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256",
            Self::PskAes128CbcSha256 => "TLS_PSK_WITH_AES_128_CBC_SHA256",
        }
    }

    /// Whether what was recorded stays secret from somebody who learns the password later.
    pub fn has_forward_secrecy(self) -> bool {
        self == Self::EcdhePskChaCha20Poly1305
    }
}

impl fmt::Display for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How far an [`Association`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssociationState {
    /// The handshake goes on.
    Handshaking {
        /// Whether the other end has answered.
        answered: bool,
        /// How often a client's last flight was sent again without an answer. Where keys differ, the other end may read
        /// nothing and say nothing.
        repeats: u32,
    },
    /// Messages can be sent.
    Established(CipherSuite),
    /// Nothing more will come of it.
    Failed(Failure),
}

/// Why an [`Association`] failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The other end sent this alert of TLS.
    Alert(u8),
    /// A server: [`Keys`] does not have the client's identity.
    UnknownIdentity,
    /// A server: the client's last flight cannot be read, since its key is another one.
    WrongKey,
    /// The other end has closed an established association (close_notify).
    Closed,
    /// The handshake failed in another way.
    Handshake,
    /// The library behind the [`Provider`] failed.
    Unavailable,
}

/// Makes associations.
///
/// Both ends speak DTLS 1.2 and the suites of [`CipherSuite`], the first one preferred, without encrypt_then_mac: with it the vendor's
/// camera ends the association at one bad record.
pub trait Provider: fmt::Debug + Send + Sync {
    /// SHA-256.
    fn sha256(&self, data: &[u8]) -> [u8; 32];

    /// HMAC-SHA1, for [`Framing::Hmac`](crate::Framing::Hmac); none if the library behind it fails.
    fn hmac_sha1(&self, key: &[u8], data: &[u8]) -> Option<[u8; 20]>;

    /// The client's end. Fails if the library behind it does.
    fn client(&self, now: Instant, identity: &[u8], psk: Psk) -> Result<Box<dyn Association>, ProviderError>;

    /// The server's end. With a `cookie`, clients must first show that they receive what is sent to them; it is made of the bytes
    /// given here, which name the client's address. Fails if the library behind it does.
    fn server(&self, keys: Arc<dyn Keys>, cookie: Option<Vec<u8>>) -> Result<Box<dyn Association>, ProviderError>;
}

/// One end of a DTLS association. Records that cannot be read or come twice are passed over in any state but the handshake.
pub trait Association: fmt::Debug + Send {
    /// How far it is.
    fn state(&self) -> AssociationState;

    /// Takes a datagram of the other end; gives each message in it to `deliver`.
    fn handle_input(&mut self, now: Instant, datagram: &[u8], deliver: &mut dyn FnMut(&[u8]));

    /// The time of [`poll_timeout`](Self::poll_timeout) has come.
    fn handle_timeout(&mut self, now: Instant);

    /// When to call [`handle_timeout`](Self::handle_timeout).
    fn poll_timeout(&self) -> Option<Instant>;

    /// Appends the next datagram of the handshake, or an alert, if there is one.
    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> bool;

    /// Ends an established association: the next datagram says so (close_notify), and nothing more is sent.
    fn close(&mut self);

    /// Appends a datagram with this message, if the association is established.
    fn send(&mut self, message: &[u8], out: &mut Vec<u8>) -> bool;
}

/// A provider's library failed; its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("encryption is not available: {0}")]
pub struct ProviderError(pub String);
