//! The protocol over UDP sockets: [`Session`] is a viewer's, [`Camera`] is a camera, [`search`] lists cameras
//! and [`Browser`] keeps up with them.
//!
//! There is no thread in here: [`Session::receive_until`], [`Camera::next_event`] and [`Browser::next_event`] do the work while
//! they block, so one thread of the program has to stay in them. All other calls may come from any thread.

#![forbid(unsafe_code)]

mod address;
mod browser;
mod camera;
mod cancel;
mod connection;
mod local_ports;
mod search;
mod session;
mod socket;
mod target;
mod udp;

pub use crate::proto::{
    Answers, BrowserEvent, CameraEvent, DisconnectReason, DiscoveredCamera, Unnamed, VideoFrame, ViewerId,
};
pub use address::Address;
pub use browser::Browser;
pub use camera::{Camera, CameraOptions};
pub use cancel::Cancel;
pub use connection::{Connection, ConnectionOptions};
pub use local_ports::LocalPorts;
pub(crate) use search::answers;
pub use search::{Search, search};
pub use session::Session;
