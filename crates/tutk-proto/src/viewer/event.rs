use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::DiscoveredCamera;
use crate::channel::AvEvent;
use crate::security::{CipherSuite, Failure};

/// A step on the way to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Search the camera.
    Find,
    /// Agree on a session.
    Connect,
    /// Agree on keys, in an encrypted session.
    Encrypt,
    /// Show account and password.
    LogIn,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Find => "find",
            Self::Connect => "connect",
            Self::Encrypt => "encrypt",
            Self::LogIn => "log in",
        })
    }
}

/// Why there is no session, or no longer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The step was not done in time.
    NoAnswer(Step),
    /// The camera speaks this other generation of the protocol.
    Generation(u8),
    /// The camera has as many viewers as it serves.
    Full,
    /// The camera wants an authentication key, or another one.
    WrongAuthKey,
    /// The camera has no authentication key, and does not take one.
    AuthKeyNotWanted,
    /// The camera refused the session with a number that has no known meaning.
    SearchResult(u32),
    /// Wrong account or password.
    Refused,
    /// The handshake of encryption shows that the password is another one than the camera's. Not `certain` where the camera only
    /// says nothing to what a wrong password would make unreadable.
    WrongPassword {
        /// Whether the camera said so.
        certain: bool,
    },
    /// The camera has no such account; its answer in the handshake of encryption.
    UnknownAccount,
    /// The camera's sessions are not encrypted, and encryption is required.
    CameraIsPlain,
    /// The camera's sessions are encrypted, and the viewer's is not.
    CameraIsEncrypted,
    /// The handshake of encryption failed: the camera's alert of TLS, or none.
    Encryption(Option<u8>),
    /// Encryption is required, and there is no [`Provider`](crate::security::Provider), or it failed.
    EncryptionUnavailable,
    /// The camera answered the login with a number that has no known meaning.
    LoginResult(u32),
    /// The camera closed the session.
    ClosedByCamera,
    /// Nothing was heard for so long.
    Silent(Duration),
    /// [`Viewer::close`](crate::Viewer::close) was called.
    Closed,
}

/// What happens to a viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ViewerEvent {
    /// The camera answered.
    Found(DiscoveredCamera),
    /// The session is established.
    Connected,
    /// The channel that the viewer has logged in to is encrypted.
    Encrypted(CipherSuite),
    /// The camera says that it cannot encrypt, and the session goes on in plain. Somebody else may have said so in its name.
    NotEncrypted,
    /// Something happened in a channel.
    Av {
        /// In which.
        channel: u8,
        /// What.
        event: AvEvent,
    },
    /// The camera is in the channel of [`Viewer::start_talk`](crate::Viewer::start_talk), and listens.
    TalkStarted,
    /// The camera could not log in to that channel.
    TalkFailed(Failure),
    /// Another address answered the search for this camera, too; it is not followed. Reported once for each address, as soon
    /// as the session is open.
    ///
    /// Somebody wants to be taken for the camera, or the camera has several addresses. One on this host answers from
    /// all of the host's; nothing is reported beside a loopback address.
    ConflictingResponder(SocketAddr),
    /// The session is over; nothing follows.
    Ended(CloseReason),
}
