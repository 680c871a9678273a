//! What other systems do for several datagrams at once, by quinn-udp.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::slice::ChunksMut;

use mio::net::UdpSocket;
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};

use super::MAX_JOINED;

/// What a socket does for several datagrams at once.
#[derive(Debug)]
pub(in super::super) struct Offload(UdpSocketState);

/// What receiving needs. One is enough for all sockets of a thread.
#[derive(Debug)]
pub(in super::super) struct RecvBuffer(Vec<u8>);

impl RecvBuffer {
    pub(in super::super) fn new() -> Self {
        Self(vec![0; MAX_JOINED])
    }
}

impl Offload {
    pub(super) fn new(socket: &socket2::Socket) -> io::Result<Self> {
        Ok(Self(UdpSocketState::new(socket.into())?))
    }

    pub(super) fn overflowed(&self) -> u32 {
        0
    }

    #[cfg(test)]
    pub(super) fn cut_nothing(&self) {}

    pub(super) fn receive<'a>(
        &self,
        socket: &UdpSocket,
        RecvBuffer(bytes): &'a mut RecvBuffer,
    ) -> io::Result<(SocketAddr, ChunksMut<'a, u8>)> {
        let mut meta = [RecvMeta::default()];
        socket.try_io(|| self.0.recv(socket.into(), &mut [IoSliceMut::new(bytes)], &mut meta))?;
        let [RecvMeta { addr, len, stride, .. }] = meta;
        Ok((addr, bytes.get_mut(..len).unwrap_or_default().chunks_mut(stride.max(1))))
    }

    pub(super) fn send(
        &self,
        socket: &UdpSocket,
        destination: SocketAddr,
        size: usize,
        datagrams: &[u8],
        sent: &mut usize,
    ) -> io::Result<()> {
        while let Some(left) = datagrams.get(*sent..).filter(|left| !left.is_empty()) {
            let segments = self.0.max_gso_segments();
            let contents = left.get(..size.saturating_mul(segments)).unwrap_or(left);
            let segment_size = (contents.len() > size).then_some(size);
            let transmit = Transmit { destination, ecn: None, contents, segment_size, src_ip: None };
            match socket.try_io(|| self.0.try_send(socket.into(), &transmit)) {
                Ok(()) => *sent += contents.len(),
                // This network cannot cut them up.
                Err(_) if self.0.max_gso_segments() < segments => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
