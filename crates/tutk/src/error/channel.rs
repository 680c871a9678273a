use tutk_proto::SendError;

/// Why a command to a [`Channel`](crate::Channel) did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The session is over.
    #[error("the session is over")]
    Ended,
    /// The login in this channel is not done.
    #[error("the login in this channel is not done")]
    NotLoggedIn,
    /// The client has too many frames that it did not acknowledge.
    #[error("the client has too many frames that it did not acknowledge")]
    Full,
    /// The client missed frames, and goes on with a key frame only.
    #[error("the client missed frames, and needs a key frame")]
    KeyFrameNeeded,
    /// This host cannot encrypt.
    #[error("this host cannot encrypt sessions")]
    EncryptionUnavailable,
    /// The protocol cannot carry it.
    #[error(transparent)]
    Send(#[from] SendError),
}
