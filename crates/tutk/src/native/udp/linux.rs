//! Linux joins datagrams, cuts them up, and reports what it dropped.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::slice::ChunksMut;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use mio::net::UdpSocket;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt, sockopt,
};

use super::MAX_JOINED;

/// What a socket does for several datagrams at once.
#[derive(Debug)]
pub(in super::super) struct Offload {
    /// Whether what is sent can be cut up.
    cuts: AtomicBool,
    /// What the system dropped because its buffer was full; wraps.
    overflowed: AtomicU32,
}

/// What receiving needs. One is enough for all sockets of a thread.
#[derive(Debug)]
pub(in super::super) struct RecvBuffer {
    bytes: Vec<u8>,
    control: Vec<u8>,
}

impl RecvBuffer {
    pub(in super::super) fn new() -> Self {
        Self { bytes: vec![0; MAX_JOINED], control: cmsg_space!(i32, u32) }
    }
}

impl Offload {
    pub(super) fn new(socket: &socket2::Socket) -> io::Result<Self> {
        // The system gives what it knows.
        let _ = setsockopt(socket, sockopt::UdpGroSegment, &true);
        let _ = setsockopt(socket, sockopt::RxqOvfl, &1);
        Ok(Self { cuts: AtomicBool::new(true), overflowed: AtomicU32::new(0) })
    }

    pub(super) fn overflowed(&self) -> u32 {
        self.overflowed.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub(super) fn cut_nothing(&self) {
        self.cuts.store(false, Ordering::Relaxed);
    }

    pub(super) fn receive<'a>(
        &self,
        socket: &UdpSocket,
        buffer: &'a mut RecvBuffer,
    ) -> io::Result<(SocketAddr, ChunksMut<'a, u8>)> {
        let RecvBuffer { bytes, control } = buffer;
        let mut slices = [IoSliceMut::new(bytes)];
        let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut slices, Some(control), MsgFlags::empty())?;
        let from = message.address.as_ref().and_then(sender).unwrap_or((Ipv4Addr::UNSPECIFIED, 0).into());
        let len = message.bytes;
        let mut size = len;
        for control in message.cmsgs()? {
            match control {
                ControlMessageOwned::UdpGroSegments(each) => size = usize::try_from(each).unwrap_or(len),
                ControlMessageOwned::RxqOvfl(count) => self.overflowed.store(count, Ordering::Relaxed),
                _ => {}
            }
        }
        Ok((from, bytes.get_mut(..len).unwrap_or_default().chunks_mut(size.max(1))))
    }

    pub(super) fn send(
        &self,
        socket: &UdpSocket,
        to: SocketAddr,
        size: usize,
        datagrams: &[u8],
        sent: &mut usize,
    ) -> io::Result<()> {
        if let Ok(segment) = u16::try_from(size)
            && datagrams.len() - *sent > size
            && self.cuts.load(Ordering::Relaxed)
        {
            let (slices, control) = ([IoSlice::new(&datagrams[*sent..])], [ControlMessage::UdpGsoSegments(&segment)]);
            let to = SockaddrStorage::from(to);
            match sendmsg(socket.as_raw_fd(), &slices, &control, MsgFlags::empty(), Some(&to)) {
                Ok(_) => *sent = datagrams.len(),
                // This kernel or this network cannot cut them up.
                Err(Errno::EIO | Errno::EINVAL | Errno::EOPNOTSUPP) => self.cuts.store(false, Ordering::Relaxed),
                Err(errno) => return Err(errno.into()),
            }
        }
        for datagram in datagrams[*sent..].chunks(size) {
            socket.send_to(datagram, to)?;
            *sent += datagram.len();
        }
        Ok(())
    }
}

fn sender(name: &SockaddrStorage) -> Option<SocketAddr> {
    match (name.as_sockaddr_in(), name.as_sockaddr_in6()) {
        (Some(v4), _) => Some(SocketAddrV4::from(*v4).into()),
        (None, Some(v6)) => Some(SocketAddrV6::from(*v6).into()),
        _ => None,
    }
}
