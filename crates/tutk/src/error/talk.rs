use tutk_proto::SendError;

use super::SessionError;

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
    /// The session goes through the vendor's library.
    #[error("speech to a camera does not go through the vendor's library")]
    Library,
    /// The protocol cannot carry it.
    #[error(transparent)]
    Send(#[from] SendError),
}
