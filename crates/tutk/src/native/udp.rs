use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::slice::ChunksMut;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt, sockopt,
};
use socket2::{Domain, Protocol, Type};

use crate::proto::Transmit;

/// A UDP socket of which a call takes several datagrams that the kernel has joined (GRO), or gives several that it cuts
/// up (GSO), where it can.
#[derive(Debug)]
pub(super) struct Udp {
    socket: UdpSocket,
    family: Family,
    /// Whether what is sent can be cut up.
    cuts: AtomicBool,
    /// What the system dropped because there was no room for it; wraps.
    overflowed: AtomicU32,
}

/// What a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Ipv4,
    Ipv6,
    /// IPv4 by addresses of IPv6 that hold one of IPv4 (RFC 4291), which nobody outside sees.
    Both,
}

/// What [`Udp::receive`] needs. One is enough for all sockets of a thread.
#[derive(Debug)]
pub(super) struct RecvBuffer {
    bytes: Vec<u8>,
    control: Vec<u8>,
}

/// RecvBuffer for the burst of a large key frame, as far as the system allows it.
const RECEIVE_BUFFER: usize = 4 << 20;
/// The largest that the kernel makes of joined datagrams.
const MAX_JOINED: usize = 65_535;

impl RecvBuffer {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; MAX_JOINED], control: cmsg_space!(i32, u32) }
    }
}

impl Udp {
    /// Binds a port of all addresses, for broadcasts too; a shared one may be bound by others as well.
    pub(super) fn bind(family: Family, port: u16, shared: bool) -> io::Result<Self> {
        let (domain, any): (_, SocketAddr) = match family {
            Family::Ipv4 => (Domain::IPV4, (Ipv4Addr::UNSPECIFIED, port).into()),
            Family::Ipv6 | Family::Both => (Domain::IPV6, (Ipv6Addr::UNSPECIFIED, port).into()),
        };
        let socket = socket2::Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        if any.is_ipv6() {
            socket.set_only_v6(family == Family::Ipv6)?;
        }
        socket.set_nonblocking(true)?;
        socket.set_broadcast(true)?;
        socket.set_reuse_address(shared)?;
        // The system gives what it allows and what it knows.
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        let _ = setsockopt(&socket, sockopt::UdpGroSegment, &true);
        let _ = setsockopt(&socket, sockopt::RxqOvfl, &1);
        socket.bind(&any.into())?;
        Ok(Self { socket: socket.into(), family, cuts: AtomicBool::new(true), overflowed: AtomicU32::new(0) })
    }

    /// As [`bind`](Self::bind) for both families, or for IPv4 alone where this system has no IPv6.
    pub(super) fn bind_both(port: u16, shared: bool) -> io::Result<Self> {
        match Self::bind(Family::Both, port, shared) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) => {
                Self::bind(Family::Ipv4, port, shared)
            }
            bound => bound,
        }
    }

    /// What the socket calls this address.
    fn name(&self, address: SocketAddr) -> SocketAddr {
        match address {
            SocketAddr::V4(v4) if self.family == Family::Both => (v4.ip().to_ipv6_mapped(), v4.port()).into(),
            address => address,
        }
    }

    pub(super) fn port(&self) -> io::Result<u16> {
        Ok(self.socket.local_addr()?.port())
    }

    /// How many datagrams the system dropped because they were not taken in time, as far as it has reported.
    pub(super) fn overflowed(&self) -> u32 {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// Takes datagrams of one sender, without waiting.
    pub(super) fn receive<'a>(&self, room: &'a mut RecvBuffer) -> io::Result<(SocketAddr, ChunksMut<'a, u8>)> {
        let RecvBuffer { bytes, control } = room;
        let mut slices = [IoSliceMut::new(bytes)];
        let fd = self.socket.as_raw_fd();
        let message = recvmsg::<SockaddrStorage>(fd, &mut slices, Some(control), MsgFlags::empty())?;
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

    /// Sends the datagrams from byte `sent` on, without waiting; `sent` counts those that went out.
    pub(super) fn send(&self, transmit: &Transmit, datagrams: &[u8], sent: &mut usize) -> io::Result<()> {
        let size = transmit.segment_size.unwrap_or(transmit.size).max(1);
        let to = self.name(transmit.destination);
        if let Ok(segment) = u16::try_from(size)
            && datagrams.len() - *sent > size
            && self.cuts.load(Ordering::Relaxed)
        {
            let (slices, control) = ([IoSlice::new(&datagrams[*sent..])], [ControlMessage::UdpGsoSegments(&segment)]);
            match sendmsg(
                self.socket.as_raw_fd(),
                &slices,
                &control,
                MsgFlags::empty(),
                Some(&SockaddrStorage::from(to)),
            ) {
                Ok(_) => *sent = datagrams.len(),
                // This kernel or this network cannot cut them up.
                Err(Errno::EIO | Errno::EINVAL | Errno::EOPNOTSUPP) => self.cuts.store(false, Ordering::Relaxed),
                Err(errno) => return Err(errno.into()),
            }
        }
        for datagram in datagrams[*sent..].chunks(size) {
            self.socket.send_to(datagram, to)?;
            *sent += datagram.len();
        }
        Ok(())
    }
}

/// An address of IPv6 that holds one of IPv4 is that one; others keep their interface.
fn sender(name: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = name.as_sockaddr_in() {
        return Some(SocketAddrV4::from(*v4).into());
    }
    let v6 = SocketAddrV6::from(*name.as_sockaddr_in6()?);
    Some(v6.ip().to_ipv4_mapped().map_or(v6.into(), |v4| (v4, v6.port()).into()))
}

impl AsFd for Udp {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    fn pair() -> (Udp, Udp, SocketAddr) {
        let [from, to] = [Family::Ipv4; 2].map(|family| Udp::bind(family, 0, false).unwrap());
        let address = (Ipv4Addr::LOCALHOST, to.port().unwrap()).into();
        (from, to, address)
    }

    /// Waits for so many datagrams.
    fn take(socket: &Udp, count: usize) -> Vec<Vec<u8>> {
        let (mut room, mut taken) = (RecvBuffer::new(), Vec::new());
        while taken.len() < count {
            poll(&mut [PollFd::new(socket.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE).unwrap();
            let (_, datagrams) = socket.receive(&mut room).unwrap();
            taken.extend(datagrams.map(|datagram| datagram.to_vec()));
        }
        taken
    }

    #[test]
    fn what_was_joined_comes_apart() {
        let all: Vec<_> = [(1, 700), (2, 700), (3, 700), (4, 20)].map(|(byte, len)| vec![byte; len]).into();
        for cuts in [true, false] {
            let (from, to, address) = pair();
            from.cuts.store(cuts, Ordering::Relaxed);
            let datagrams = all.concat();
            let transmit = Transmit { destination: address, size: datagrams.len(), segment_size: Some(700) };
            let mut sent = 0;
            from.send(&transmit, &datagrams, &mut sent).unwrap();
            assert_eq!(sent, datagrams.len());
            assert_eq!(take(&to, all.len()), all);
        }
    }

    #[test]
    fn what_the_system_drops_is_counted() {
        let (from, to, address) = pair();
        socket2::SockRef::from(&to.socket).set_recv_buffer_size(1).unwrap();
        let send = || from.socket.send_to(&[0; 1000], address).unwrap();
        for _ in 0..100 {
            send();
        }
        let mut room = RecvBuffer::new();
        while to.receive(&mut room).is_ok() {}
        assert_eq!(to.overflowed(), 0, "nothing has come since");
        send();
        take(&to, 1);
        assert!(to.overflowed() > 0);
    }
}
