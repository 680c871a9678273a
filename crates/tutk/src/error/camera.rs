use super::{Interrupted, IoError, OptionError};

/// Why there is no virtual camera, or no longer one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CameraError {
    /// This side closed the camera.
    #[error("the camera is closed")]
    Closed,
    /// An option cannot be used.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The operating system refused something.
    #[error(transparent)]
    Io(#[from] IoError),
}

impl From<Interrupted> for CameraError {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::Cancelled => Self::Closed,
            Interrupted::Io(error) => Self::Io(error),
        }
    }
}
