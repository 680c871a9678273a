#[cfg(feature = "vendor")]
use std::{fmt, path::PathBuf};

#[cfg(feature = "vendor")]
use crate::{
    Uid,
    vendor::{Code, LoadError},
};

/// Why the vendor's library did not do its part.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// This build has no vendor backend.
    #[error("this build cannot use the vendor's library: it was built without the feature “vendor”")]
    NotBuilt,
    /// None could be loaded.
    #[cfg(feature = "vendor")]
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The process can use one library of the vendor at a time.
    #[cfg(feature = "vendor")]
    #[error("{} cannot be used while sessions use {}: the vendor's library works once in a process",
        wanted.display(), used.display())]
    InUse {
        /// The library that was asked for.
        wanted: PathBuf,
        /// The library that is in use.
        used: PathBuf,
    },
    /// It answered with a code that has no other place here.
    #[cfg(feature = "vendor")]
    #[error("the vendor's library could not {operation}: {code}")]
    Failed {
        /// What it was to do.
        operation: LibraryOperation,
        /// What it answered.
        code: Code,
    },
}

/// What the vendor's library was to do.
#[cfg(feature = "vendor")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LibraryOperation {
    /// Start.
    Start,
    /// Take the licence key.
    TakeLicenseKey,
    /// Search the local networks.
    Search,
    /// Connect to this camera.
    Connect(Uid),
    /// Log in to this camera.
    LogIn(Uid),
    /// Go on with the session of this camera.
    Continue(Uid),
    /// Send speech to this camera.
    Speak(Uid),
}

#[cfg(feature = "vendor")]
impl fmt::Display for LibraryOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::TakeLicenseKey => f.write_str("take the licence key"),
            Self::Search => f.write_str("search the local networks"),
            Self::Connect(uid) => write!(f, "connect to camera {uid}"),
            Self::LogIn(uid) => write!(f, "log in to camera {uid}"),
            Self::Continue(uid) => write!(f, "go on with the session of camera {uid}"),
            Self::Speak(uid) => write!(f, "send speech to camera {uid}"),
        }
    }
}

impl LibraryError {
    /// As [`Error::is_transient`](crate::Error::is_transient).
    pub fn is_transient(&self) -> bool {
        match self {
            #[cfg(feature = "vendor")]
            Self::Failed { code, .. } => code.is_transient(),
            _ => false,
        }
    }

    /// The code that the library answered with, if it was one.
    #[cfg(feature = "vendor")]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Failed { code, .. } => Some(*code),
            _ => None,
        }
    }
}
