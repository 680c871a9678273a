use std::time::Duration;

use tutk_proto::{CloseReason, SendError};

use super::{IoError, LibraryError};

/// Why a session is over, or why a wait in it ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The wait was cancelled. Every other error is final, and this one is not: the session goes on after
    /// [`CancelHandle::reset`](crate::CancelHandle::reset).
    #[error("cancelled")]
    Cancelled,
    /// The camera closed the session.
    #[error("the camera closed the session")]
    ClosedByCamera,
    /// This side closed the session.
    #[error("the session is closed")]
    Closed,
    /// No datagram came from the camera for the idle timeout.
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
    /// The session ended for a reason that this version of the crate does not know.
    #[error("the other side broke the protocol: {0:?}")]
    Other(CloseReason),
    /// The operating system refused something.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The vendor's library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

impl SessionError {
    /// As [`Error::is_transient`](crate::Error::is_transient).
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Library(error) => error.is_transient(),
            Self::Cancelled | Self::Closed => false,
            _ => true,
        }
    }
}

/// Why a command to a camera did not go out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The session is over.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The protocol cannot carry it.
    #[error(transparent)]
    Send(#[from] SendError),
}
