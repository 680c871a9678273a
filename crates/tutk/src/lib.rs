//! Sessions with IP cameras that speak ThroughTek's IOTC/AV protocol ("TUTK", "Kalay").
//!
//! * [`Session::connect`] gives a [`Connecting`], and that a [`Session`] with its [`Events`];
//! * [`discover`] lists the cameras of the local networks, and a [`Browser`] keeps up with them;
//! * [`Camera::open`] makes this host a camera;
//! * a [`VideoParser`] makes of frames what a decoder can use, and a [`FrameWatchdog`] notices when none come.
//!
//! Sessions go through the protocol itself, the crate `tutk-proto` ([`proto`]), or through the vendor's library, as
//! [`Backend`] says. The library needs the feature `vendor`, which is on by default.
//!
//! # Threads
//!
//! There is no thread in here that drives a session. [`Events`] do the work while they are waited for, and belong to one
//! thread; a [`Session`] is a handle for commands from any. A [`CancelHandle`] ends a wait from another thread, while the
//! session connects and later. Cameras ([`Camera`], [`CameraEvents`]) and browsers work the same way.
//!
//! ```no_run
//! use tutk::{AvEvent, Session, SessionOptions, ViewerEvent};
//!
//! # fn main() -> Result<(), tutk::Error> {
//! # let uid = tutk::Uid::from_bytes(*b"ABCDEFGHJKLMNPQRST12").unwrap();
//! let options = SessionOptions::new(uid).with_login("admin", "password");
//! let (session, mut events) = Session::connect(options)?.wait()?;
//! session.start_video()?;
//! loop {
//!     match events.next_event()? {
//!         ViewerEvent::Av { event: AvEvent::Video(frame), .. } => {
//!             println!("frame {}: {} bytes", frame.number, frame.data.len());
//!         }
//!         ViewerEvent::Av { event: AvEvent::Lost(lost), .. } => println!("{lost}"),
//!         _ => {}
//!     }
//! }
//! # }
//! ```
//!
//! # Errors
//!
//! Each operation has an error of its own; [`Error`] is any of them. Their texts are sentences for the person who owns the
//! camera; none holds a password.
//!
//! # Memory
//!
//! A viewer's session holds at most [`proto::MAX_ASSEMBLY`] bytes of frames that are not whole yet or wait for an
//! earlier one, and at most [`proto::MAX_WINDOW`] frame numbers in flight. A camera holds at most
//! [`proto::RESEND_STORE`] bytes of sent frames and one frame more for each viewer, and 1 MiB of what a viewer says where it has a
//! speaker.

#![deny(unsafe_code)]

mod backend;
mod brand;
mod canceller;
mod channel;
mod connecting;
mod discovery;
mod encryption;
mod error;
mod events;
mod info;
mod mac;
mod native;
mod options;
mod session;
mod sync;
mod talk;
#[cfg(feature = "vendor")]
pub mod vendor;
mod wake;
mod watchdog;

pub use backend::Backend;
pub use brand::Brand;
#[doc(hidden)]
pub use brand::wyze;
pub use canceller::Canceller;
pub use channel::Channel;
pub use connecting::Connecting;
pub use discovery::{DiscoverOptions, Discovery, discover};
pub use encryption::can_encrypt;
#[cfg(feature = "vendor")]
pub use error::LibraryOperation;
pub use error::{
    AddressProblem, Asked, BrandError, CameraError, ChannelError, CommandError, ConnectError, DiscoverError, Error,
    Field, IoError, LibraryError, Operation, OptionError, ParseAddressError, ParseBackendError, ParseBrandError,
    ParseLocalPortsError, ParseMacError, SessionError, TalkError,
};
pub use events::Events;
pub use info::{LibraryInfo, Mode, SessionInfo};
pub use mac::Mac;
pub use native::{Address, Browser, Camera, CameraEvents, CameraOptions, LocalPorts};
pub use options::SessionOptions;
pub use session::Session;
pub use talk::Talk;
pub use tutk_proto::io_control::{self, Ptz, Quality};
pub use tutk_proto::security::{CipherSuite, Encryption, Identity};
pub use tutk_proto::video::{Alignment, DropReason, Dropped, Order, Place, Unit, VideoParser};
#[doc(hidden)]
pub use tutk_proto::wire;
pub use tutk_proto::{
    self as proto, Access, Answers, AudioFormat, AuthKey, AvEvent, BrowserEvent, CameraEvent, Codec, Credentials,
    DisconnectReason, DiscoveredCamera, Frame, Lost, Media, ParseAuthKeyError, ParseUidError, Secret, SendError, Step,
    Uid, VideoFrame, ViewerEvent, ViewerId, ViewerStats,
};
pub use wake::CancelHandle;
pub use watchdog::FrameWatchdog;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
