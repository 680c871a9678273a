use super::{IoError, LibraryError, OptionError};

/// Why cameras could not be searched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// The search was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// An option cannot be used.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The operating system refused something.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The vendor's library failed, or there is none.
    #[error(transparent)]
    Library(#[from] LibraryError),
}
