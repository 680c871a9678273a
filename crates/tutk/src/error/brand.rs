/// Why a maker's application did not let a viewer in, after the login of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrandError {
    /// The viewer showed another secret than the camera's.
    #[error("refused the key")]
    Refused,
    /// The camera updates its firmware.
    #[error("is updating its firmware")]
    Updating,
    /// The camera is finding out what its key is.
    #[error("is still checking its key")]
    CheckingKey,
    /// The camera is switched off in its app.
    #[error("is switched off in its app")]
    Off,
    /// The camera answered with a status that has no known meaning.
    #[error("answered the login of its app with status {0}, whose meaning is unknown")]
    Status(u8),
    /// The camera did not answer in time.
    #[error("let the viewer in, but did not answer the login of its app")]
    NoAnswer,
}

impl BrandError {
    /// As [`Error::is_transient`](crate::Error::is_transient).
    pub fn is_transient(self) -> bool {
        self != Self::Refused
    }
}
