use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Protocol, Type};

use super::Cancel;
use crate::{Error, wire};

/// A state machine of [`proto`](crate::proto), as the driver sees it.
pub(super) trait Machine {
    fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]);
    fn handle_timeout(&mut self, now: Instant);
    fn poll_timeout(&self) -> Option<Instant>;
    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr>;
}

/// The sockets of a state machine; the first one sends.
#[derive(Debug)]
pub(super) struct Sockets {
    sockets: Vec<UdpSocket>,
    buffers: Mutex<Buffers>,
}

#[derive(Debug)]
struct Buffers {
    input: Vec<u8>,
    output: Vec<u8>,
    /// The last address that could not be sent to, and why.
    send_error: Option<(SocketAddr, io::Error)>,
}

/// Longer datagrams are cut and then say nothing; the longest of this generation has 1,064 bytes.
const LONGEST: usize = 2048;
/// Datagrams that are read before answers are sent.
const BATCH: usize = 64;
/// Room for the burst of a large key frame, as far as the system allows it.
const RECEIVE_BUFFER: usize = 4 << 20;
/// How long to wait for room to send in before what is left counts as lost on the way.
const SEND_WAIT: Duration = Duration::from_millis(100);

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Binds a UDP port of all addresses, for broadcasts too; a shared one may be bound by others as well.
pub(super) fn bind(port: u16, shared: bool) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_broadcast(true)?;
    socket.set_reuse_address(shared)?;
    // The system gives what it allows.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    Ok(socket.into())
}

impl Sockets {
    pub(super) fn new(sockets: Vec<UdpSocket>) -> Self {
        let buffers = Buffers { input: vec![0; LONGEST], output: Vec::with_capacity(LONGEST), send_error: None };
        Self { sockets, buffers: Mutex::new(buffers) }
    }

    /// The port of the first socket.
    pub(super) fn port(&self) -> io::Result<u16> {
        match self.sockets.first() {
            Some(socket) => Ok(socket.local_addr()?.port()),
            None => Ok(0),
        }
    }

    /// Runs a state machine until `done` has what it looks for.
    ///
    /// Waits without a cause for nothing: the next datagram, the machine's next timeout, or a wake-up.
    pub(super) fn run<M: Machine, T>(
        &self,
        machine: &Mutex<M>,
        cancel: &Cancel,
        mut done: impl FnMut(&mut M) -> Option<T>,
    ) -> Result<T, Error> {
        loop {
            cancel.check()?;
            let until = {
                let mut machine = lock(machine);
                if let Some(value) = done(&mut machine) {
                    return Ok(value);
                }
                let read = self.read(&mut *machine)?;
                let now = Instant::now();
                if machine.poll_timeout().is_some_and(|at| at <= now) {
                    machine.handle_timeout(now);
                }
                self.flush(&mut *machine);
                if let Some(value) = done(&mut machine) {
                    return Ok(value);
                }
                if read > 0 {
                    continue;
                }
                machine.poll_timeout()
            };
            self.wait(cancel, until)?;
        }
    }

    /// Gives the machine what has come; returns how many datagrams.
    fn read<M: Machine>(&self, machine: &mut M) -> Result<usize, Error> {
        let input = &mut lock(&self.buffers).input;
        let mut read = 0;
        for socket in &self.sockets {
            while read < BATCH {
                match socket.recv_from(input) {
                    Ok((len, from)) => {
                        if let Some(datagram) = input.get_mut(..len) {
                            wire::descramble(datagram);
                            machine.handle_input(Instant::now(), from, datagram);
                        }
                        read += 1;
                    }
                    Err(error) => match error.kind() {
                        io::ErrorKind::WouldBlock => break,
                        // A datagram of ours came back; a silent camera is noticed by its silence.
                        io::ErrorKind::Interrupted
                        | io::ErrorKind::ConnectionRefused
                        | io::ErrorKind::HostUnreachable
                        | io::ErrorKind::NetworkUnreachable
                        | io::ErrorKind::NetworkDown => read += 1,
                        _ => return Err(Error::io("cannot receive", error)),
                    },
                }
            }
        }
        Ok(read)
    }

    /// Sends what the machine has to send. What cannot be sent counts as lost on the way.
    pub(super) fn flush<M: Machine>(&self, machine: &mut M) {
        let Some(socket) = self.sockets.first() else { return };
        let buffers = &mut *lock(&self.buffers);
        let until = Instant::now() + SEND_WAIT;
        while let Some(to) = machine.poll_transmit(Instant::now(), &mut buffers.output) {
            wire::scramble(&mut buffers.output);
            if let Err(error) = send(socket, &buffers.output, to, until) {
                buffers.send_error = Some((to, error));
            }
        }
    }

    /// Why a datagram could not be sent, if one could not since this was asked before.
    pub(super) fn take_send_error(&self) -> Option<Error> {
        let (to, error) = lock(&self.buffers).send_error.take()?;
        Some(Error::io(format!("cannot send to {to}"), error))
    }

    /// Waits for a datagram, a wake-up, or the time.
    pub(super) fn wait(&self, cancel: &Cancel, until: Option<Instant>) -> Result<(), Error> {
        let mut fds: Vec<_> =
            self.sockets.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
        fds.push(PollFd::new(cancel.event().as_fd(), PollFlags::POLLIN));
        match poll(&mut fds, timeout(until)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::io("cannot wait for datagrams", errno)),
        }
        if fds.last().is_some_and(|fd| fd.any().unwrap_or_default()) {
            cancel.drain();
        }
        Ok(())
    }
}

/// Rounded up, so that the time has come after the wait.
fn timeout(until: Option<Instant>) -> PollTimeout {
    let Some(until) = until else { return PollTimeout::NONE };
    let left = until.saturating_duration_since(Instant::now());
    PollTimeout::try_from(left.as_micros().div_ceil(1000)).unwrap_or(PollTimeout::MAX)
}

fn send(socket: &UdpSocket, datagram: &[u8], to: SocketAddr, until: Instant) -> io::Result<()> {
    loop {
        match socket.send_to(datagram, to) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
                if poll(&mut fds, timeout(Some(until))).is_ok_and(|ready| ready == 0) {
                    return Err(error);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map(drop),
        }
    }
}
