use tutk_proto::SendError;

use super::{LibraryError, SessionError};

/// Why speech does not go to a camera.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TalkError {
    /// The session is over.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// There is a [`Talk`](crate::Talk) in this session, or no channel is free for one.
    #[error("somebody speaks to the camera through this session already")]
    Busy,
    /// The vendor's library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The vendor's library, through which the session goes, lacks a function: it is one for viewers that do not speak.
    #[error(
        "the vendor's library sends no speech, because it lacks the function {function}; the native backend sends some"
    )]
    LibraryLacks {
        /// Its name.
        function: &'static str,
    },
    /// The session is encrypted, and goes through the vendor's library.
    #[error(
        "speech goes through the vendor's library in sessions that are not encrypted; the native backend sends some in others, too"
    )]
    LibraryEncrypts,
    /// The protocol cannot carry it.
    #[error(transparent)]
    Send(#[from] SendError),
}
