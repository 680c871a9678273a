//! State machines of the protocol, without sockets, clocks or threads: [`Viewer`] and [`Camera`], and to find cameras
//! [`Search`] and [`Browser`].
//!
//! All work alike. Time comes in as [`Instant`](std::time::Instant) and never goes back. After each call that may
//! change something, the caller takes what is to be sent with `poll_transmit` until there is no more, then what has
//! happened with `poll_event`, and calls `handle_timeout` (a browser's `search`) when the time of `poll_timeout` has
//! come.
//!
//! Datagrams are plain in here: [`wire::descramble`](crate::wire::descramble) comes before `handle_input`, and
//! [`wire::scramble`](crate::wire::scramble) after `poll_transmit`.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod acks;
mod answers;
mod assembly;
mod av;
mod browser;
mod budget;
mod camera;
mod client;
mod controls;
mod link;
mod partial;
mod peer;
mod peers;
mod retry;
mod search;
mod sent;
mod server;
mod viewer;

pub use answers::{Answers, Unnamed};
pub use av::AvEvent;
pub use browser::{Browser, BrowserEvent, MAX_CAMERAS};
pub use camera::{Access, Camera, CameraConfig, CameraEvent, Removed, ViewerId};
pub use link::Link;
pub use search::{Found, Search};
pub use sent::VideoFrame;
pub use viewer::{Credentials, End, Step, Viewer, ViewerConfig, ViewerEvent, ViewerStats};

use std::time::Duration;

/// Largest frame, in bytes with its frame info.
pub const MAX_FRAME: usize = 16 << 20;
/// Most bytes of video that a viewer holds: frames that are not whole yet, or that wait for an earlier one.
pub const MAX_ASSEMBLY: usize = 32 << 20;
/// Most frame numbers of video that a viewer has in flight.
pub const MAX_WINDOW: u32 = 1024;
/// Bytes of sent video that a camera keeps for each viewer to send them again, before it takes one more frame.
pub const RESEND_STORE: usize = 1 << 20;

/// How often each side says that it is alive.
const ALIVE: Duration = Duration::from_secs(2);
/// Longer times than this are taken for this.
pub(crate) const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);
/// How often a close is sent.
const CLOSES: u8 = 3;
