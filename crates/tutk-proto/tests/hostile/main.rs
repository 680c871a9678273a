//! What a hostile or broken other side can do: nothing outside of the stated bounds.

mod camera;
mod frames;
mod stranger;
mod target;
mod victim;

use std::net::SocketAddr;

use tutk_proto::wire::Av;
use tutk_proto::{AvStyle, Generation, SessionId, Uid};

const COOKIE: u16 = 8;
const ID: SessionId = SessionId::Cookie(COOKIE);

/// The payload of a datagram that says this.
fn payload(av: &Av<'_>) -> Vec<u8> {
    av.to_payload(AvStyle::Classic, Generation::G09)
}

fn uid() -> Uid {
    "HOSTILEHOSTILEHOSTIL".parse().unwrap()
}

fn address(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], 5000))
}
