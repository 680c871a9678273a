//! What a client may see and do.

use std::collections::BTreeSet;
use std::sync::Arc;

/// What whoever has logged in may see and do.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    /// Everything: the user of the section `[login]`, or anybody where there is no login.
    Full,
    /// Watch these cameras.
    Guest(Arc<BTreeSet<String>>),
}

impl Access {
    /// Whether this camera may be watched.
    pub(crate) fn includes(&self, camera: &str) -> bool {
        match self {
            Self::Full => true,
            Self::Guest(cameras) => cameras.contains(camera),
        }
    }

    /// Whether cameras may be controlled, and what belongs to no camera may be seen.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Full)
    }
}
