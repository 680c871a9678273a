//! Sessions with IP cameras that speak ThroughTek's IOTC/AV protocol ("TUTK", "Kalay").
//!
//! The protocol itself, in safe Rust, both as a viewer ([`Session`]) and as a camera ([`Camera`]):
//!
//! * [`proto`]: the crate `tutk-proto`, state machines without sockets, clocks or threads;
//! * [`native`]: drives [`proto`] over UDP sockets;
//! * `vendor`: drives the vendor's library, if there is one (feature `vendor`, on by default).
//!
//! A [`Session`] goes through either, as [`Backend`] says. A [`VideoParser`] makes of its frames what a decoder can use.
//!
//! ```no_run
//! use tutk::{Cancel, Received, Session, SessionOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cancel = Cancel::new()?;
//! let session = Session::open(SessionOptions::new("ABCDEFGHJKLMNPQRST12".parse()?), &cancel)?;
//! session.start_video()?;
//! loop {
//!     match session.receive()? {
//!         Received::Video(frame) => println!("frame {}: {} bytes", frame.number, frame.data.len()),
//!         Received::Lost(lost) => println!("{lost}"),
//!         _ => {}
//!     }
//! }
//! # }
//! ```
//!
//! # Memory
//!
//! A viewer's session holds at most [`proto::MAX_ASSEMBLY`] bytes of frames that are not whole yet or wait for an
//! earlier one, and at most [`proto::MAX_WINDOW`] frame numbers in flight. A camera holds at most
//! [`proto::RESEND_STORE`] bytes of sent frames and one frame more for each viewer.

#![deny(unsafe_code)]

mod backend;
mod error;
mod info;
pub mod native;
mod scan;
mod session;
#[cfg(feature = "vendor")]
pub mod vendor;
mod watchdog;

pub use backend::Backend;
#[cfg(feature = "vendor")]
pub use error::LibraryOperation;
pub use error::{
    AddressProblem, Asked, CameraError, CommandError, ConnectError, DiscoverError, Error, Field, IoError, LibraryError,
    Operation, OptionError, ParseAddressError, ParseBackendError, ParseLocalPortsError, SessionError,
};
pub use info::{LibraryInfo, Mode, SessionInfo};
pub use native::{
    Address, Answers, Browser, BrowserEvent, Camera, CameraEvent, CameraOptions, Cancel, DisconnectReason,
    DiscoveredCamera, LocalPorts, Search, Unnamed, VideoFrame, ViewerId, search,
};
pub use scan::{ScanOptions, scan};
pub use session::{Received, Session, SessionOptions};
pub use tutk_proto::video::{Alignment, DropReason, Dropped, Order, Place, Unit, VideoParser};
#[doc(hidden)]
pub use tutk_proto::wire;
pub use tutk_proto::{
    self as proto, Codec, Frame, Gate, Lost, Media, ParseUidError, Secret, SendError, Step, Uid, io_control,
};
#[cfg(feature = "vendor")]
pub use tutk_sys::{Attempt as LoadAttempt, LoadError};
pub use watchdog::FrameWatchdog;
