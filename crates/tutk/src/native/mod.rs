//! The protocol over UDP sockets.
//!
//! There is no thread in here: the events of a session, of a camera and of a browser do the work while they block. Commands
//! may come from any thread.

#![forbid(unsafe_code)]

mod address;
mod browser;
mod camera;
mod connect;
mod driver;
mod interfaces;
mod local_ports;
mod search;
mod session;
mod socket;
mod target;
mod udp;

pub(crate) use crate::proto::DiscoveredCamera;
pub use address::Address;
pub use browser::Browser;
pub use camera::{Camera, CameraEvents, CameraOptions};
pub(crate) use connect::connect;
pub use local_ports::LocalPorts;
pub(crate) use search::Finder;
pub(crate) use session::{Events, Session};
