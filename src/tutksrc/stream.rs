//! What `tutksrc` keeps while it is started.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tutk::{Session, SessionOptions};

use super::gate::Gate;
use super::reconnect::Backoff;
use super::timing::Timing;
use crate::TimestampMode;

#[derive(Default)]
#[allow(clippy::large_enum_variant, reason = "there is one for each element")]
pub(super) enum State {
    #[default]
    Stopped,
    Started {
        /// Which session to open; none if no camera is named.
        options: Option<SessionOptions>,
        /// The session that stands. The streaming thread opens it; state changes close it, too.
        session: Option<Arc<Session>>,
        stream: Stream,
    },
}

/// What the streaming thread keeps over sessions.
pub(super) struct Stream {
    pub(super) gate: Gate,
    pub(super) timing: Timing,
    /// What the latency query answers.
    pub(super) latency: gst::ClockTime,
    /// Until when downstream has heard of the time, once it has.
    pub(super) position: Option<gst::ClockTime>,
    /// Whether the next buffer is the first one of a session.
    pub(super) resync: bool,
    /// When the first session was tried, until it stands.
    pub(super) connecting: Option<Instant>,
    /// Whether a session stood.
    pub(super) was_connected: bool,
    pub(super) backoff: Backoff,
    /// How far apart the camera's frames are at most, over all sessions.
    pub(super) longest_interval: Duration,
}

impl Stream {
    pub(super) fn new(mode: TimestampMode) -> Self {
        let timing = Timing::new(mode);
        Self {
            gate: Gate::default(),
            latency: timing.latency(),
            timing,
            position: None,
            resync: false,
            connecting: None,
            was_connected: false,
            backoff: Backoff::default(),
            longest_interval: Duration::ZERO,
        }
    }
}
