//! A channel of a session: login, IO controls, and media in one direction.

mod av;
mod classic;
mod client;
mod controls;
mod packet;
mod pending;
mod server;

pub use av::AvEvent;
pub(crate) use av::Channel;
pub(crate) use client::Client;
pub(crate) use controls::Controls;
pub(crate) use server::Server;
