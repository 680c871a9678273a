//! The sending side of comparisons without a camera: datagrams as large as a camera's, as fast as they go.

use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::thread;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg};
use tutk::wire::{CHUNK, OVERHEAD};

use crate::Failure;
use crate::camera::wait_for_end;

/// Bytes of a datagram with a whole chunk.
pub(crate) const LEN: usize = OVERHEAD + CHUNK;
/// As many as fit into what the kernel cuts up.
const JOINED: usize = 60;

/// Sends to a port of this host until standard input ends; joined ones are cut up by the kernel.
pub(crate) fn run(port: u16, joined: bool) -> Result<(), Failure> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    thread::spawn(move || send(&socket, port, joined));
    wait_for_end()
}

fn send(socket: &UdpSocket, port: u16, joined: bool) -> io::Result<()> {
    let to = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
    let bytes = vec![0xA5; if joined { LEN * JOINED } else { LEN }];
    let size = LEN as u16;
    let control = [ControlMessage::UdpGsoSegments(&size)];
    let control = if joined { &control[..] } else { &[] };
    loop {
        match sendmsg(socket.as_raw_fd(), &[IoSlice::new(&bytes)], control, MsgFlags::empty(), Some(&to)) {
            // Nobody listens yet.
            Ok(_) | Err(Errno::ECONNREFUSED | Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
