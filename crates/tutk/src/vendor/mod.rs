//! The vendor's library: what it answers, and why it could not be loaded.
//!
//! The library is closed and foreign: loading it runs its code in this process. It is loaded at run time, from a file
//! that the user names or, where [`Backend::Vendor`](crate::Backend::Vendor) asks for it and none is named, under its usual
//! name from where the system's loader looks; never from the current directory. It keeps one state for the process, so
//! only one library can be in use at a time; it is initialised with the first session and undone with the last one. What
//! the library was built for comes with it: P2P and relay through the vendor's servers, and cameras of generations that
//! the protocol in Rust does not speak.
//!
//! The library asks the networks that it chooses, so an [`address`](crate::SessionOptions::address) means nothing to it.

mod api;
mod blocking;
mod connect;
mod controls;
mod errors;
mod library;
mod pacer;
mod receiver;
mod search;
mod session;
mod talk;

pub use errors::Code;
pub(crate) use search::search;
pub(crate) use session::{Events, Session, connect};
pub(crate) use talk::Talk;
pub use tutk_sys::{Attempt, LoadError};
