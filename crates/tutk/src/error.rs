use std::io;
use std::net::SocketAddr;
#[cfg(feature = "vendor")]
use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "vendor")]
use tutk_sys::LoadError;

use crate::proto::Answers;
#[cfg(feature = "vendor")]
use crate::vendor::Code;
use tutk_proto::{ParseUidError, SendError, Uid};

/// Why there is no session, or no longer one.
///
/// The texts are sentences for the person who owns the camera; none holds a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The camera did not answer the search.
    #[error("no camera {uid} answered within {} ms; asked: {target}{}", timeout.as_millis(), others(answers, *uid))]
    NotFound {
        /// The camera that was searched.
        uid: Uid,
        /// Who was asked: the local networks, or an address.
        target: String,
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
    /// The camera was found, but did not go on to a session.
    #[error("camera {uid} at {address} was found, but did not answer to {step} within {} ms", timeout.as_millis())]
    NoAnswer {
        /// The camera.
        uid: Uid,
        /// Where it was found.
        address: SocketAddr,
        /// What it did not answer: “connect” or “log in”.
        step: &'static str,
        /// How long the step was tried.
        timeout: Duration,
    },
    /// The session would not be encrypted, and it has to be.
    #[error("a session with camera {uid} would not be encrypted")]
    NotEncrypted {
        /// The camera.
        uid: Uid,
    },
    /// The camera serves as many viewers as it can.
    #[error("camera {uid} at {address} has as many viewers as it serves")]
    Full {
        /// The camera.
        uid: Uid,
        /// Where it was found.
        address: SocketAddr,
    },
    /// The camera ended the session.
    #[error("the camera closed the session")]
    ClosedByCamera,
    /// The session stood, and then no datagram came from the camera for the idle timeout.
    #[error("nothing was heard from the camera for {} ms", silence.as_millis())]
    TimedOut {
        /// How long the camera was silent.
        silence: Duration,
    },
    /// The camera answers and sends no video: a [`FrameWatchdog`](crate::FrameWatchdog) gave the session up.
    #[error("the camera sent no video for {} ms, although it answers", silence.as_millis())]
    NoFrames {
        /// How long no frame came that can be decoded.
        silence: Duration,
    },
    /// [`Cancel::cancel`](crate::Cancel::cancel) was called.
    #[error("cancelled")]
    Cancelled,
    /// The camera speaks another generation of the protocol.
    #[error(
        "camera {uid} at {address} speaks generation 0x{generation:02x} of the protocol, which only the vendor's library \
         plays so far; the protocol itself is spoken up to 0x{:02x}",
        tutk_proto::Generation::G09.0
    )]
    Generation {
        /// The camera.
        uid: Uid,
        /// Where it was found.
        address: SocketAddr,
        /// The generation in its answer.
        generation: u8,
    },
    /// The other side broke the protocol.
    #[error("the other side broke the protocol: {0}")]
    Protocol(String),
    /// An argument is out of its range; the text says which and why.
    #[error("{0}")]
    InvalidArgument(String),
    /// The session was to go through the vendor's library, and this build has no vendor backend.
    #[error("this build cannot use the vendor's library: it was built without the feature “vendor”")]
    NoVendorBackend,
    /// The vendor's library answered with a code that has no other place here.
    #[cfg(feature = "vendor")]
    #[error("the vendor's library could not {what}: {code}")]
    Library {
        /// What it was to do.
        what: String,
        /// What it answered.
        code: Code,
    },
    /// No library of the vendor could be loaded.
    #[cfg(feature = "vendor")]
    #[error(transparent)]
    LibraryLoad(#[from] LoadError),
    /// The process can use one library of the vendor at a time.
    #[cfg(feature = "vendor")]
    #[error("{} cannot be used while sessions use {}: the vendor's library works once in a process",
        wanted.display(), used.display())]
    LibraryInUse {
        /// The library that was asked for.
        wanted: PathBuf,
        /// The library that is in use.
        used: PathBuf,
    },
    /// The operating system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's answer.
        source: io::Error,
    },
}

/// What the answers say, behind a text.
fn others(answers: &Answers, wanted: Uid) -> String {
    match answers.explain(wanted).as_str() {
        "" => String::new(),
        text => format!(". {text}"),
    }
}

impl Error {
    /// Whether this may be over by itself: the camera or the network comes back, or a place at the camera becomes free.
    /// Otherwise somebody has to change a setting or install something.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotFound { .. }
            | Self::NoAnswer { .. }
            | Self::LoginResult { .. }
            | Self::Full { .. }
            | Self::ClosedByCamera
            | Self::TimedOut { .. }
            | Self::NoFrames { .. }
            | Self::Io { .. }
            | Self::Protocol(_) => true,
            #[cfg(feature = "vendor")]
            Self::Library { code, .. } => code.is_transient(),
            _ => false,
        }
    }

    pub(crate) fn io(what: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Io { what: what.into(), source: source.into() }
    }
}

impl From<ParseUidError> for Error {
    fn from(error: ParseUidError) -> Self {
        Self::InvalidArgument(error.to_string())
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        Self::InvalidArgument(error.to_string())
    }
}
