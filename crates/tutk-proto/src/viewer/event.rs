use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::DiscoveredCamera;
use crate::channel::AvEvent;

/// A step on the way to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Search the camera.
    Find,
    /// Agree on a session.
    Connect,
    /// Show account and password.
    LogIn,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Find => "find",
            Self::Connect => "connect",
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
    /// Something happened in a channel.
    Av {
        /// In which.
        channel: u8,
        /// What.
        event: AvEvent,
    },
    /// Another address answered the search for this camera, too; it is not followed. Reported once for each address, as soon
    /// as the session is open.
    ///
    /// Somebody wants to be taken for the camera, or the camera has several addresses. One on this host answers from
    /// all of the host's; nothing is reported beside a loopback address.
    ConflictingResponder(SocketAddr),
    /// The session is over; nothing follows.
    Ended(CloseReason),
}
