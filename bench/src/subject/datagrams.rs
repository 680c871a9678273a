//! Loops that receive datagrams and throw them away: what the kernel alone costs.

use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use nix::cmsg_space;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, recvmsg, setsockopt, sockopt,
};

use crate::meter::Meter;

/// As many as the kernel joins in one.
const JOINED: usize = 65535;
/// Datagrams for each `recvmmsg`.
const MANY: usize = 64;

/// Receives with one of the functions below until the process ends.
pub(super) fn start(
    meter: &Arc<Meter>,
    port: u16,
    receive: fn(&Meter, &UdpSocket) -> io::Result<()>,
) -> io::Result<JoinHandle<io::Result<()>>> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    let meter = meter.clone();
    thread::Builder::new().name("receive".into()).spawn(move || receive(&meter, &socket))
}

pub(super) fn recv(meter: &Meter, socket: &UdpSocket) -> io::Result<()> {
    let mut datagram = [0; 2048];
    loop {
        meter.count(1, socket.recv(&mut datagram)?);
    }
}

pub(super) fn recv_many(meter: &Meter, socket: &UdpSocket) -> io::Result<()> {
    let mut datagrams = vec![[0; 2048]; MANY];
    let mut headers = MultiHeaders::<SockaddrIn>::preallocate(MANY, None);
    loop {
        let mut slices: Vec<_> = datagrams.iter_mut().map(|datagram| [IoSliceMut::new(datagram)]).collect();
        let received = recvmmsg(socket.as_raw_fd(), &mut headers, &mut slices, MsgFlags::MSG_WAITFORONE, None)?;
        let (count, bytes) = received.fold((0, 0), |(count, bytes), message| (count + 1, bytes + message.bytes));
        meter.count(count, bytes);
    }
}

pub(super) fn recv_joined(meter: &Meter, socket: &UdpSocket) -> io::Result<()> {
    let mut datagrams = vec![0; JOINED];
    let mut control = cmsg_space!(i32);
    setsockopt(socket, sockopt::UdpGroSegment, &true)?;
    loop {
        let slices = &mut [IoSliceMut::new(&mut datagrams)];
        let received = recvmsg::<SockaddrIn>(socket.as_raw_fd(), slices, Some(&mut control), MsgFlags::empty())?;
        let size = received.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::UdpGroSegments(size) => usize::try_from(size).ok(),
            _ => None,
        });
        meter.count(size.map_or(1, |size| received.bytes.div_ceil(size)) as u64, received.bytes);
    }
}
