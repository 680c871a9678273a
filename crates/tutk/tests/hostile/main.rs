//! What a hostile or broken other side can do: nothing outside of the stated bounds.

mod camera;
mod frames;
mod sockets;
mod stranger;
mod target;
mod victim;

use std::net::SocketAddr;

use tutk::Uid;

const COOKIE: u16 = 8;

fn uid() -> Uid {
    "HOSTILEHOSTILEHOSTIL".parse().unwrap()
}

fn address(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], 5000))
}
