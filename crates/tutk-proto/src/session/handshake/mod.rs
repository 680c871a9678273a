//! How a session is established, for each framing.

pub(crate) mod v1;
pub(crate) mod v2;
pub(crate) mod v3;

use crate::wire::SearchResult;

/// What the handshake has come to, for a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It goes on.
    Pending,
    /// The session is established.
    Established,
    /// The camera serves as many viewers as it can.
    Full,
    /// The camera refuses the session for another reason.
    Refused(SearchResult),
    /// The message belongs to another session.
    Foreign,
}

/// What a camera does about a message of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reaction {
    /// The session is established, if it was not.
    pub(crate) establish: bool,
    /// The message that answers, if one does.
    pub(crate) answer: Option<v1::Answer>,
}
