use serde::Serialize;

/// How a camera fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Nobody watches, and so there is no session.
    #[default]
    Idle,
    /// A session is being established.
    Connecting,
    /// Pictures come.
    Playing,
    /// The camera does not answer, or was lost; it is tried again.
    Away,
    /// What is wrong does not mend itself: the password, for instance.
    Failed,
}

impl State {
    pub(crate) const ALL: [Self; 5] = [Self::Idle, Self::Connecting, Self::Playing, Self::Away, Self::Failed];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Playing => "playing",
            Self::Away => "away",
            Self::Failed => "failed",
        }
    }
}

/// A camera's state, and what is known of its session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) state: State,
    /// Why it is away or has failed, in words for its owner.
    pub(crate) reason: Option<String>,
    /// While there is a session.
    pub(crate) connection: Option<Connection>,
}

/// What `tutk-connected` says of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Connection {
    pub(crate) address: Option<String>,
    pub(crate) encrypted: bool,
    pub(crate) generation: Option<u32>,
}

impl Connection {
    pub(super) fn from_message(message: &gst::StructureRef) -> Self {
        Self {
            address: message.get("address").ok(),
            encrypted: message.get("encrypted").unwrap_or_default(),
            generation: message.get("generation").ok(),
        }
    }
}
