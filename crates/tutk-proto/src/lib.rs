//! The IOTC/AV protocol of ThroughTek's IP cameras ("TUTK", "Kalay") as sans-IO state machines.
//!
//! Nothing in here has a socket, a clock or a thread: [`Viewer`] and [`Camera`] are the two ends of a session, [`Search`] and
//! [`Browser`] find cameras. Time comes in as [`Instant`](std::time::Instant) and never goes back. After each call that
//! may change something, the caller takes what is to be sent with `poll_transmit` until there is no more, then what has
//! happened with `poll_event`, and calls `handle_timeout` (a browser's `search`) when the time of `poll_timeout` has come.
//!
//! Datagrams are plain in here: [`wire::descramble`] comes before `handle_input`, and [`wire::scramble`] after
//! `poll_transmit`.
//!
//! # Memory
//!
//! A viewer's session holds at most [`MAX_ASSEMBLY`] bytes of frames that are not complete yet or wait for an earlier one,
//! and at most [`MAX_WINDOW`] frame numbers in flight. A camera holds at most [`RESEND_STORE`] bytes of sent frames and
//! one frame more for each viewer.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod camera;
mod channel;
mod discovery;
mod error;
pub mod io_control;
mod machine;
mod media;
mod recv;
mod secret;
mod send;
mod session;
mod uid;
pub mod video;
mod viewer;
#[doc(hidden)]
pub mod wire;

pub use camera::{Access, Camera, CameraConfig, CameraEvent, Removed, ViewerId};
pub use channel::AvEvent;
pub use discovery::{Answers, Browser, BrowserEvent, Found, MAX_CAMERAS, Search, Unnamed};
pub use error::{ParseUidError, SendError};
pub use machine::Machine;
pub use media::{Codec, Frame, Gate, Lost, Media};
pub use secret::Secret;
pub use send::VideoFrame;
pub use session::Link;
pub use uid::Uid;
pub use viewer::{Credentials, End, Step, Viewer, ViewerConfig, ViewerEvent, ViewerStats};

use std::time::Duration;

/// Largest frame, in bytes with its frame info.
pub const MAX_FRAME: usize = 16 << 20;
/// Most bytes of video that a viewer holds: frames that are not complete yet, or that wait for an earlier one.
pub const MAX_ASSEMBLY: usize = 32 << 20;
/// Most frame numbers of video that a viewer has in flight.
pub const MAX_WINDOW: u32 = 1024;
/// Bytes of sent video that a camera keeps for each viewer to send them again, before it takes one more frame.
pub const RESEND_STORE: usize = 1 << 20;

/// How often each side says that it is alive.
const ALIVE: Duration = Duration::from_secs(2);
/// Longer times than this are taken for this.
#[doc(hidden)]
pub const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);
/// How often a close is sent.
const CLOSES: u8 = 3;
