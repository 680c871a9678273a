//! How long the receiver of either AV style waits for what does not come.

use std::time::Duration;

/// How long a frame of which something is missing is kept without anything new of it.
pub(super) const IDLE_DEADLINE: Duration = Duration::from_secs(1);
/// So often is asked for it at least, however long the way.
pub(super) const ASK_AGAIN: u32 = 8;
/// How long it is kept at all.
pub(super) const FRAME_DEADLINE: Duration = Duration::from_secs(5);
/// [`IDLE_DEADLINE`] without resend: a datagram that was overtaken may still come.
pub(super) const REORDERING: Duration = Duration::from_millis(100);
