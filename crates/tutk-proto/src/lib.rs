//! The IOTC/AV protocol of ThroughTek's IP cameras ("TUTK", "Kalay") as sans-IO state machines.
//!
//! Nothing in here has a socket, a clock or a thread: the caller brings datagrams and the time, and takes datagrams and events
//! away. The crate `tutk` does so over UDP sockets; tests do it over a simulated network in virtual time.
//!
//! * [`Viewer`] finds a camera, establishes a session, logs in and receives;
//! * [`Camera`] answers searches and serves viewers;
//! * [`Search`] and [`Browser`] find cameras.
//!
//! # How to drive a state machine
//!
//! Time comes in as [`Instant`](std::time::Instant) and never goes back. After each call that may change something, the
//! caller
//!
//! 1. takes what is to be sent with `poll_transmit` until there is no more,
//! 2. takes what has happened with `poll_event` until there is no more,
//! 3. calls `handle_timeout` (a browser's `search`) when the time of `poll_timeout` has come, and `handle_input` when a
//!    datagram has.
//!
//! Datagrams go in as the socket gave them, and come out as it takes them. Randomness comes in as a seed, so that a run can
//! be repeated.
//!
//! Two machines, and no socket between them:
//!
//! ```
//! use std::net::SocketAddr;
//! use std::time::Instant;
//!
//! use tutk_proto::{
//!     Access, AvEvent, Camera, CameraConfig, CameraEvent, Codec, Credentials, VideoFrame, Viewer, ViewerConfig, ViewerEvent,
//! };
//!
//! let uid = "ABCDEFGHJKLMNPQRST12".parse()?;
//! let (viewer_address, camera_address): (SocketAddr, SocketAddr) =
//!     ("10.0.0.1:40000".parse()?, "10.0.0.2:32761".parse()?);
//! let now = Instant::now();
//! let access = Access::Account { account: "admin".into(), password: "secret".into() };
//! let mut camera = Camera::new(CameraConfig::new(uid, access).with_name("porch"));
//! let seed = 4; // Random, outside of examples.
//! let config = ViewerConfig::new(uid, vec![camera_address], seed).with_credentials(Credentials::new("admin", "secret"));
//! let mut viewer = Viewer::new(now, config);
//!
//! let mut out = Vec::new();
//! let mut frame = None;
//! while frame.is_none() {
//!     // The network: what one sends, the other gets.
//!     while let Some(transmit) = viewer.poll_transmit(now, 64, &mut out) {
//!         for datagram in out.chunks_mut(transmit.segment_size.unwrap_or(transmit.size)) {
//!             camera.handle_input(now, viewer_address, datagram);
//!         }
//!     }
//!     while let Some(transmit) = camera.poll_transmit(now, 64, &mut out) {
//!         for datagram in out.chunks_mut(transmit.segment_size.unwrap_or(transmit.size)) {
//!             viewer.handle_input(now, camera_address, datagram);
//!         }
//!     }
//!     // The two applications.
//!     while let Some(event) = camera.poll_event() {
//!         if let CameraEvent::ViewerAdded { viewer, .. } = event {
//!             let frame = VideoFrame::new(Codec::H264, &[7; 5000]).with_key(true);
//!             camera.send_video(&[viewer], frame)?;
//!         }
//!     }
//!     while let Some(event) = viewer.poll_event() {
//!         if let ViewerEvent::Av { event: AvEvent::Video(received), .. } = event {
//!             frame = Some(received);
//!         }
//!     }
//! }
//! assert_eq!(frame.map(|frame| frame.data), Some(vec![7; 5000]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Sessions differ
//!
//! A [`Profile`] says how a session speaks: how datagrams name their session ([`Framing`]), how AV messages look ([`AvStyle`]),
//! and what protects them ([`Security`]). Discovery and the handshake decide; the application need not know.
//!
//! # Memory
//!
//! A viewer's session holds at most [`MAX_ASSEMBLY`] bytes of frames that are not complete yet or wait for an earlier one,
//! and at most [`MAX_WINDOW`] frame numbers in flight. A camera holds at most [`RESEND_STORE`] bytes of sent frames and
//! one frame more for each viewer. In packet style a viewer's channel keeps another 90 kB of chunks for their parity, and
//! each end at most 1 MiB of IO controls that are not acknowledged.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod camera;
mod channel;
mod discovery;
mod error;
pub mod io_control;
mod machine;
mod media;
mod outbox;
mod profile;
mod recv;
mod secret;
pub mod security;
mod send;
mod session;
mod uid;
pub mod video;
mod viewer;
#[doc(hidden)]
pub mod wire;

pub use camera::{Access, Camera, CameraConfig, CameraEvent, DisconnectReason, ViewerId};
pub use channel::AvEvent;
pub use discovery::{Answers, Browser, BrowserEvent, DiscoveredCamera, MAX_CAMERAS, Search};
pub use error::{ParseAuthKeyError, ParseEncryptionError, ParseUidError, SendError};
pub use machine::Machine;
pub use media::{AudioFormat, Codec, Frame, Gate, Lost, Media};
pub use outbox::Transmit;
pub use profile::{AvStyle, Framing, Generation, Profile, Security, SessionId};
pub use secret::{AuthKey, Secret};
pub use send::VideoFrame;
pub use session::Link;
pub use uid::Uid;
pub use viewer::{CloseReason, CredentialKind, Credentials, Step, Viewer, ViewerConfig, ViewerEvent, ViewerStats};

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
pub const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);
/// How often a close is sent.
const CLOSES: u8 = 3;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
