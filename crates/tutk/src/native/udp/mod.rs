use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::slice::ChunksMut;

use mio::net::UdpSocket;
use socket2::{Domain, Protocol, Type};

use crate::IoError;
use crate::proto::Transmit;
use crate::wake::Waker;

// Linux reports what it drops, and quinn-udp does not; `--cfg tutk_portable` has the other one tested there.
#[cfg_attr(all(target_os = "linux", not(tutk_portable)), path = "linux.rs")]
#[cfg_attr(not(all(target_os = "linux", not(tutk_portable))), path = "portable.rs")]
mod offload;

use offload::Offload;
pub(super) use offload::RecvBuffer;

/// A UDP socket of which a call takes several datagrams that the system has joined (GRO), or gives several that it cuts
/// up (GSO), where it can.
#[derive(Debug)]
pub(super) struct Udp {
    socket: UdpSocket,
    family: Family,
    offload: Offload,
}

/// What a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Ipv4,
    Ipv6,
    /// IPv4 by addresses of IPv6 that hold one of IPv4 (RFC 4291), which nobody outside sees.
    Both,
}

/// The buffer for the burst of a large key frame, as far as the system allows it.
const RECEIVE_BUFFER: usize = 4 << 20;
/// The largest that the system makes of joined datagrams.
const MAX_JOINED: usize = 65_535;

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
        // On these systems the other option shares ports of multicasts alone.
        #[cfg(any(
            target_vendor = "apple",
            target_os = "dragonfly",
            target_os = "freebsd",
            target_os = "netbsd",
            target_os = "openbsd"
        ))]
        socket.set_reuse_port(shared)?;
        // The system gives what it allows and what it knows.
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        socket.bind(&any.into())?;
        let offload = Offload::new(&socket)?;
        Ok(Self { socket: UdpSocket::from_std(socket.into()), family, offload })
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

    /// Datagrams end waits of this waker; [`receive`](Self::receive) must have said before that there are none.
    pub(super) fn register(&mut self, waker: &Waker) -> Result<(), IoError> {
        waker.register(&mut self.socket)
    }

    pub(super) fn port(&self) -> io::Result<u16> {
        Ok(self.socket.local_addr()?.port())
    }

    /// How many datagrams the system dropped because they were not taken in time, as far as it has reported; wraps. Linux alone does.
    pub(super) fn overflowed(&self) -> u32 {
        self.offload.overflowed()
    }

    /// Takes datagrams of one sender, without waiting.
    pub(super) fn receive<'a>(&self, buffer: &'a mut RecvBuffer) -> io::Result<(SocketAddr, ChunksMut<'a, u8>)> {
        let (from, datagrams) = self.offload.receive(&self.socket, buffer)?;
        Ok((canonical(from), datagrams))
    }

    /// Sends the datagrams from byte `sent` on, without waiting; `sent` counts those that went out.
    pub(super) fn send(&self, transmit: &Transmit, datagrams: &[u8], sent: &mut usize) -> io::Result<()> {
        let size = transmit.segment_size.unwrap_or(transmit.size).max(1);
        self.offload.send(&self.socket, self.name(transmit.destination), size, datagrams, sent)
    }

    /// What the socket calls this address.
    fn name(&self, address: SocketAddr) -> SocketAddr {
        match address {
            SocketAddr::V4(v4) if self.family == Family::Both => (v4.ip().to_ipv6_mapped(), v4.port()).into(),
            address => address,
        }
    }
}

/// An address of IPv6 that holds one of IPv4 is that one; others keep their interface.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => v6.ip().to_ipv4_mapped().map_or(address, |v4| (v4, v6.port()).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Udp, Udp, SocketAddr) {
        let [from, to] = [Family::Ipv4; 2].map(|family| Udp::bind(family, 0, false).unwrap());
        let address = (Ipv4Addr::LOCALHOST, to.port().unwrap()).into();
        (from, to, address)
    }

    /// Waits for so many datagrams.
    fn take(socket: &mut Udp, count: usize) -> Vec<Vec<u8>> {
        let (mut buffer, mut taken) = (RecvBuffer::new(), Vec::new());
        let waker = Waker::new().unwrap();
        socket.register(&waker).unwrap();
        while taken.len() < count {
            match socket.receive(&mut buffer) {
                Ok((_, datagrams)) => taken.extend(datagrams.map(|datagram| datagram.to_vec())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => waker.wait(None).unwrap(),
                Err(error) => panic!("{error}"),
            }
        }
        taken
    }

    #[test]
    fn what_was_joined_comes_apart() {
        let all: Vec<_> = [(1, 700), (2, 700), (3, 700), (4, 20)].map(|(byte, len)| vec![byte; len]).into();
        for cuts in [true, false] {
            let (from, mut to, address) = pair();
            if !cuts {
                from.offload.cut_nothing();
            }
            let datagrams = all.concat();
            let transmit = Transmit { destination: address, size: datagrams.len(), segment_size: Some(700) };
            let mut sent = 0;
            from.send(&transmit, &datagrams, &mut sent).unwrap();
            assert_eq!(sent, datagrams.len());
            assert_eq!(take(&mut to, all.len()), all);
        }
    }

    #[test]
    fn a_socket_of_both_families_sees_each_by_its_own_address() {
        let Ok(both) = Udp::bind(Family::Both, 0, false) else { return };
        let (port, mut buffer) = (both.port().unwrap(), RecvBuffer::new());
        let waker = Waker::new().unwrap();
        let mut both = both;
        both.register(&waker).unwrap();
        for local in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(peer) = std::net::UdpSocket::bind(local) else { continue };
            let address = peer.local_addr().unwrap();
            peer.send_to(&[1], (address.ip(), port)).unwrap();
            let from = loop {
                match both.receive(&mut buffer) {
                    Ok((from, _)) => break from,
                    Err(_) => waker.wait(None).unwrap(),
                }
            };
            assert_eq!(from, address);
            let transmit = Transmit { destination: from, size: 3, segment_size: Some(2) };
            both.send(&transmit, &[1, 2, 3], &mut 0).unwrap();
            let mut datagram = [0; 4];
            assert_eq!((peer.recv(&mut datagram).unwrap(), peer.recv(&mut datagram).unwrap()), (2, 1));
        }
    }

    #[cfg(all(target_os = "linux", not(tutk_portable)))]
    #[test]
    fn what_the_system_drops_is_counted() {
        let (from, mut to, address) = pair();
        socket2::SockRef::from(&to.socket).set_recv_buffer_size(1).unwrap();
        let send = || from.socket.send_to(&[0; 1000], address).unwrap();
        for _ in 0..100 {
            send();
        }
        let mut buffer = RecvBuffer::new();
        while to.receive(&mut buffer).is_ok() {}
        assert_eq!(to.overflowed(), 0, "nothing has come since");
        send();
        take(&mut to, 1);
        assert!(to.overflowed() > 0);
    }
}
