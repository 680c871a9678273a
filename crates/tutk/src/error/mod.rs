//! Errors, by the operation that fails.
//!
//! The texts are sentences for the person who owns the camera; none holds a password.

mod brand;
mod camera;
mod channel;
mod connect;
mod discover;
mod io;
mod library;
mod option;
mod parse;
mod session;
mod talk;

pub use brand::BrandError;
pub use camera::CameraError;
pub use channel::ChannelError;
pub use connect::{Asked, ConnectError};
pub use discover::DiscoverError;
pub use io::{IoError, Operation};
pub use library::LibraryError;
#[cfg(feature = "vendor")]
pub use library::LibraryOperation;
pub(crate) use option::check_credential;
pub use option::{Field, OptionError};
pub use parse::{
    AddressProblem, ParseAddressError, ParseBackendError, ParseBrandError, ParseLocalPortsError, ParseMacError,
};
pub use session::{CommandError, SessionError};
pub use talk::TalkError;

use tutk_proto::SendError;

/// Any error of this crate, for programs that treat all operations alike.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no session.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A session is over, or a wait in it was cancelled.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A command did not go out.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// Speech does not go to a camera.
    #[error(transparent)]
    Talk(TalkError),
    /// A frame or an IO control cannot be sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// Cameras could not be searched.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// A virtual camera could not be opened, or is over.
    #[error(transparent)]
    Camera(#[from] CameraError),
    /// The operating system refused something.
    #[error(transparent)]
    Io(#[from] IoError),
}

impl From<TalkError> for Error {
    fn from(error: TalkError) -> Self {
        match error {
            TalkError::Session(error) => error.into(),
            TalkError::Send(error) => error.into(),
            error => Self::Talk(error),
        }
    }
}

impl Error {
    /// Whether this may be over by itself: the camera or the network comes back, or a place at the camera becomes free.
    /// Otherwise somebody has to change a setting or install something.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect(error) => error.is_transient(),
            Self::Session(error) | Self::Command(CommandError::Session(error)) => error.is_transient(),
            Self::Discover(DiscoverError::Io(_)) | Self::Camera(CameraError::Io(_)) | Self::Io(_) => true,
            Self::Discover(DiscoverError::Library(error)) => error.is_transient(),
            _ => false,
        }
    }

    /// Whether a wait was cancelled, and nothing failed.
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Connect(ConnectError::Cancelled)
                | Self::Session(SessionError::Cancelled)
                | Self::Discover(DiscoverError::Cancelled)
        )
    }
}

/// A wait was cancelled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cancelled;

/// What ends the work of a driver before it has its result.
#[derive(Debug)]
pub(crate) enum Interrupted {
    Cancelled,
    Io(IoError),
}

impl From<Cancelled> for Interrupted {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<IoError> for Interrupted {
    fn from(error: IoError) -> Self {
        Self::Io(error)
    }
}

/// Lets an error take what ends a wait.
macro_rules! from_interrupted {
    ($($error:ident),*) => {
        $(impl From<$crate::error::Cancelled> for $error {
            fn from(_: $crate::error::Cancelled) -> Self {
                Self::Cancelled
            }
        }

        impl From<$crate::error::Interrupted> for $error {
            fn from(interrupted: $crate::error::Interrupted) -> Self {
                match interrupted {
                    $crate::error::Interrupted::Cancelled => Self::Cancelled,
                    $crate::error::Interrupted::Io(error) => Self::Io(error),
                }
            }
        })*
    };
}
from_interrupted!(ConnectError, DiscoverError, SessionError);
