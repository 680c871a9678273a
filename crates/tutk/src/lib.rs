//! Sessions with IP cameras that speak ThroughTek's IOTC/AV protocol ("TUTK", "Kalay").
//!
//! The protocol itself, in safe Rust, both as a viewer ([`Session`]) and as a camera ([`Camera`]):
//!
//! * [`wire`]: bytes to types and back, nothing else;
//! * [`proto`]: state machines without sockets, clocks or threads;
//! * [`native`]: drives [`proto`] over UDP sockets.
//!
//! ```no_run
//! use tutk::{Cancel, Received, Session, SessionOptions};
//!
//! # fn main() -> Result<(), tutk::Error> {
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

#![forbid(unsafe_code)]

mod codec;
mod error;
mod frame;
pub mod io_control;
pub mod native;
pub mod proto;
mod secret;
mod session;
mod uid;
pub mod wire;

pub use codec::Codec;
pub use error::Error;
pub use frame::{Frame, Lost, Media};
pub use native::{
    Address, Camera, CameraEvent, CameraOptions, Cancel, Found, Removed, Search, VideoFrame, ViewerId, search,
};
pub use secret::Secret;
pub use session::{Received, Session, SessionOptions};
pub use uid::Uid;
