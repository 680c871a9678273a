use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use tutk_proto::{Answers, Generation, Step, Uid};

use super::{BrandError, DiscoverError, IoError, LibraryError, OptionError, SessionError};
use crate::Brand;
use crate::native::Address;

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The attempt was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The camera did not answer the search.
    #[error("no camera {uid} answered within {} ms; asked: {asked}{}{}", timeout.as_millis(), unsent(send_error),
        others(answers, *uid))]
    NotFound {
        /// The camera that was searched.
        uid: Uid,
        /// Of which brand it should be: some answer only where more than the UID is right.
        brand: Brand,
        /// Who was asked.
        asked: Asked,
        /// Why some were not asked, if that is so.
        send_error: Option<Box<IoError>>,
        /// How long the search went on.
        timeout: Duration,
        /// Who answered instead. If an address was asked in vain, the local networks were searched, too: the camera may
        /// be among the answers, where no login was tried.
        answers: Box<Answers>,
    },
    /// The camera does not accept the account or the password.
    #[error("camera {uid} refused the password of “{account}”")]
    Refused {
        /// The camera.
        uid: Uid,
        /// The account that was given.
        account: String,
    },
    /// The camera answered the login with another number than 0 (granted) and 3 ([`Refused`](Self::Refused)). No other is
    /// known: the vendor's viewers report each as AV_ER_SERV_NO_RESPONSE (-20007).
    #[error(
        "camera {uid} answered the login with result {result}; known are 0 (granted) and 3 (wrong account or password)"
    )]
    LoginResult {
        /// The camera.
        uid: Uid,
        /// The number.
        result: u32,
    },
    /// The camera has an authentication key, and the viewer showed none or another one.
    #[error("camera {uid} at {address} refused {}", key(*given))]
    WrongAuthKey {
        /// The camera.
        uid: Uid,
        /// Where it was found.
        address: SocketAddr,
        /// Whether the viewer showed a key.
        given: bool,
    },
    /// The camera has no authentication key, and refuses a viewer that shows one.
    #[error("camera {uid} at {address} has no authentication key, and refused the one that was given")]
    AuthKeyNotWanted {
        /// The camera.
        uid: Uid,
        /// Where it was found.
        address: SocketAddr,
    },
    /// The camera answered the request for a session with another number than 1 (granted), 3 ([`Full`](Self::Full)), 5
    /// ([`WrongAuthKey`](Self::WrongAuthKey)) and 6 ([`AuthKeyNotWanted`](Self::AuthKeyNotWanted)). No other is known.
    #[error(
        "camera {uid} at {address} refused a session with result {result}; known are 1 (granted), 3 (no place for another \
         viewer), 5 (wrong authentication key) and 6 (no authentication key wanted)"
    )]
    SearchResult {
        /// The camera.
        uid: Uid,
        /// Where it was found.
        address: SocketAddr,
        /// The number.
        result: u32,
    },
    /// The camera was found, but did not go on to a session.
    #[error("camera {uid} at {address} was found, but did not answer to {step} within {} ms", timeout.as_millis())]
    NoAnswer {
        /// The camera.
        uid: Uid,
        /// Where it was found.
        address: SocketAddr,
        /// What it did not answer: [`Step::Connect`], [`Step::Encrypt`] or [`Step::LogIn`].
        step: Step,
        /// How long the step was tried.
        timeout: Duration,
    },
    /// The session would not be encrypted, and it has to be.
    #[error("a session with camera {uid} would not be encrypted")]
    NotEncrypted {
        /// The camera.
        uid: Uid,
    },
    /// The camera has encrypted sessions only, and this one would not be.
    #[error("camera {uid} has encrypted sessions only")]
    EncryptionWanted {
        /// The camera.
        uid: Uid,
    },
    /// The camera does not answer what a wrong password would make unreadable: that is how some cameras refuse one.
    #[error("camera {uid} does not answer, probably because the password of “{account}” is another one")]
    ProbablyRefused {
        /// The camera.
        uid: Uid,
        /// The account that was given.
        account: String,
    },
    /// The camera has no such account.
    #[error("camera {uid} has no account “{account}”")]
    UnknownAccount {
        /// The camera.
        uid: Uid,
        /// The account that was given.
        account: String,
    },
    /// The camera and this side do not agree on how to encrypt.
    #[error("the encryption with camera {uid} failed{}", alert.map(|alert| format!(" with alert {alert} of TLS")).unwrap_or_default())]
    Encryption {
        /// The camera.
        uid: Uid,
        /// The camera's reason, a number of TLS, if it gave one.
        alert: Option<u8>,
    },
    /// The session has to be encrypted, and this host cannot.
    #[error("a session with camera {uid} cannot be encrypted: {reason}")]
    EncryptionUnavailable {
        /// The camera.
        uid: Uid,
        /// What is missing.
        reason: String,
    },
    /// The camera serves as many viewers as it can.
    #[error("camera {uid} at {address} has as many viewers as it serves")]
    Full {
        /// The camera.
        uid: Uid,
        /// Where it was found.
        address: SocketAddr,
    },
    /// The camera speaks a generation of the protocol that this crate does not: [`Generation::is_spoken`].
    #[error(
        "camera {uid} at {address} speaks generation 0x{generation:02x} of the protocol, which only the vendor's library \
         plays so far; the protocol itself is spoken from 0x{:02x} to 0x{:02x}",
        Generation::G09.0,
        Generation::NEWEST.0
    )]
    Generation {
        /// The camera.
        uid: Uid,
        /// Where it was found.
        address: SocketAddr,
        /// The generation in its answer.
        generation: u8,
    },
    /// The application of the camera's maker did not let the viewer in.
    #[error("camera {uid} {error}")]
    Brand {
        /// The camera.
        uid: Uid,
        /// Whose application.
        brand: Brand,
        /// Why.
        error: BrandError,
    },
    /// The session ended before the login was done.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// An option cannot be used.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The operating system refused something.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The vendor's library failed, or there is none.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// Who was asked for a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asked {
    /// Every local network, by broadcast.
    LocalNetworks,
    /// This host alone: it is in no IPv4 network.
    ThisHost,
    /// One address.
    Address(Address),
    /// Whom the vendor's library asks: the local networks and the vendor's servers. It answered with this code.
    #[cfg(feature = "vendor")]
    Library(crate::vendor::Code),
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LocalNetworks => f.write_str("every local network, by broadcast"),
            Self::ThisHost => f.write_str("this computer alone"),
            Self::Address(address) => address.fmt(f),
            #[cfg(feature = "vendor")]
            Self::Library(code) => {
                write!(f, "the local networks and the vendor's servers, by its library: {code}")
            }
        }
    }
}

fn unsent(error: &Option<Box<IoError>>) -> String {
    error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default()
}

fn key(given: bool) -> &'static str {
    if given { "the authentication key" } else { "a viewer without its authentication key" }
}

/// What the answers say, behind a text.
fn others(answers: &Answers, wanted: Uid) -> String {
    match answers.explain(wanted).as_str() {
        "" => String::new(),
        text => format!(". {text}"),
    }
}

impl ConnectError {
    /// As [`Error::is_transient`](crate::Error::is_transient).
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotFound { .. }
            | Self::NoAnswer { .. }
            | Self::LoginResult { .. }
            | Self::Encryption { .. }
            | Self::SearchResult { .. }
            | Self::Full { .. }
            | Self::Io(_) => true,
            Self::Brand { error, .. } => error.is_transient(),
            Self::Session(error) => error.is_transient(),
            Self::Library(error) => error.is_transient(),
            _ => false,
        }
    }
}

impl From<DiscoverError> for ConnectError {
    fn from(error: DiscoverError) -> Self {
        match error {
            DiscoverError::Cancelled => Self::Cancelled,
            DiscoverError::Option(error) => Self::Option(error),
            DiscoverError::Io(error) => Self::Io(error),
            DiscoverError::Library(error) => Self::Library(error),
        }
    }
}
