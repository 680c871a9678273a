//! A camera that sends each datagram by itself, and of which the network loses some: the protocol without the driver of
//! [`tutk::Camera`].

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Socket, Type};
use tutk::proto::{Access, Camera, CameraConfig};
use tutk::wire::{FrameInfo, SEARCH_PORT};
use tutk::{Encryption, Uid};
use tutk_dtls::OpenSsl;

use crate::Failure;
use crate::camera::{MAX_VIEWERS, Spec};
use crate::load::block;
use crate::pacer::Pacer;

pub(crate) struct PlainCamera {
    camera: Camera,
    pacer: Pacer,
    sessions: UdpSocket,
    searches: UdpSocket,
    loss: f64,
    /// Of the numbers that decide what is lost; begins with the same one in each run.
    random: u64,
}

/// Only datagrams over this size are lost, so that all subjects lose video alone.
const VIDEO: usize = 200;

impl PlainCamera {
    pub(crate) fn open(spec: Spec, uid: Uid, loss: f64) -> io::Result<Self> {
        let mut config =
            CameraConfig::new(uid, Access::Account { account: "admin".into(), password: Default::default() })
                .with_max_viewers(MAX_VIEWERS)
                .with_idle_timeout(Duration::from_secs(15))
                .with_generation(spec.generation)
                .with_encryption(spec.encryption);
        if spec.encryption != Encryption::Off {
            config.provider = Some(Arc::new(OpenSsl));
        }
        let (sessions, searches) = (bind(0)?, bind(SEARCH_PORT)?);
        Ok(Self { camera: Camera::new(config), pacer: Pacer::new(spec.load), sessions, searches, loss, random: 1 })
    }

    pub(crate) fn port(&self) -> io::Result<u16> {
        self.sessions.local_addr().map(|address| address.port())
    }

    pub(crate) fn serve(&mut self) -> Result<(), Failure> {
        loop {
            self.read()?;
            let now = Instant::now();
            if self.camera.poll_timeout().is_some_and(|at| at <= now) {
                self.camera.handle_timeout(now);
            }
            while let Some(event) = self.camera.poll_event() {
                self.pacer.handle(now, &event);
            }
            let camera = &mut self.camera;
            self.pacer.send(now, |viewer, frame| camera.send_video(&[viewer], frame).is_ok_and(|sent| sent > 0));
            self.speak(now);
            self.flush()?;
            self.wait();
        }
    }

    fn speak(&mut self, now: Instant) {
        for viewer in self.pacer.hearers(now) {
            let (format, timestamp, data) = block();
            let flags = format.flags().unwrap_or_default();
            let info = FrameInfo { codec: format.codec, flags, camera: 0, viewers: 1, timestamp }.encode();
            if let Some(link) = self.camera.link(viewer) {
                // One that is about to leave gets none.
                let _ = link.send_audio(0, &data, &info);
            }
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let mut datagram = [0; 2048];
        for socket in [&self.sessions, &self.searches] {
            loop {
                match socket.recv_from(&mut datagram) {
                    Ok((len, from)) => {
                        self.camera.handle_input(Instant::now(), from, &mut datagram[..len]);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // The viewer has gone.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut datagram = Vec::new();
        while let Some(transmit) = self.camera.poll_transmit(Instant::now(), 1, &mut datagram) {
            if datagram.len() > VIDEO && self.is_lost() {
                continue;
            }
            self.send(&datagram, transmit.destination)?;
        }
        Ok(())
    }

    fn send(&self, datagram: &[u8], to: SocketAddr) -> io::Result<()> {
        loop {
            match self.sessions.send_to(datagram, to) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ppoll(&mut [PollFd::new(self.sessions.as_fd(), PollFlags::POLLOUT)], None, None)?;
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Ok(()),
                result => return result.map(drop),
            }
        }
    }

    fn is_lost(&mut self) -> bool {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        ((self.random >> 11) as f64) < self.loss * (1_u64 << 53) as f64
    }

    fn wait(&self) {
        let until = [self.camera.poll_timeout(), self.pacer.due()].into_iter().flatten().min();
        let left = until.map(|until| TimeSpec::from(until.saturating_duration_since(Instant::now())));
        let mut fds = [&self.sessions, &self.searches].map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN));
        // Interrupted by a signal: the loop looks again.
        let _ = ppoll(&mut fds, left, None);
    }
}

/// A UDP port of all addresses; cameras on one host share that of searches.
fn bind(port: u16) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(port != 0)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    Ok(socket.into())
}
