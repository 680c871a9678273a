use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::udp::{RecvBuffer, Udp};
use crate::error::Interrupted;
use crate::proto::{Machine, Transmit};
use crate::sync::lock;
use crate::wake::Waker;
use crate::{IoError, Operation};

/// The sockets of a state machine; the first one sends.
#[derive(Debug)]
pub(super) struct Sockets {
    sockets: Vec<Udp>,
    buffers: Mutex<Buffers>,
}

#[derive(Debug)]
struct Buffers {
    input: RecvBuffer,
    output: Vec<u8>,
    /// The last address that could not be sent to, and why.
    send_error: Option<(SocketAddr, io::Error)>,
}

/// Datagrams that are read before answers are sent.
const BATCH: usize = 64;
/// Most datagrams that the kernel takes at once.
const MAX_DATAGRAMS: usize = 64;
/// How long to wait for room to send in before what is left counts as lost on the way.
const SEND_WAIT: Duration = Duration::from_millis(100);

impl Sockets {
    pub(super) fn new(sockets: Vec<Udp>) -> Self {
        let buffers = Buffers { input: RecvBuffer::new(), output: Vec::new(), send_error: None };
        Self { sockets, buffers: Mutex::new(buffers) }
    }

    /// The port of the first socket.
    pub(super) fn port(&self) -> io::Result<u16> {
        match self.sockets.first() {
            Some(socket) => socket.port(),
            None => Ok(0),
        }
    }

    /// How many datagrams the system dropped because they were not read in time.
    pub(super) fn overflowed(&self) -> u64 {
        self.sockets.iter().map(|socket| u64::from(socket.overflowed())).sum()
    }

    /// Runs a state machine until `done` has what it looks for.
    ///
    /// Waits without a cause for nothing: the next datagram, the machine's next timeout, or a wake-up.
    pub(super) fn run<M: Machine, T>(
        &self,
        machine: &Mutex<M>,
        waker: &Waker,
        mut done: impl FnMut(&mut M) -> Option<T>,
    ) -> Result<T, Interrupted> {
        loop {
            if let Some(value) = self.run_until(machine, waker, None, &mut done)? {
                return Ok(value);
            }
        }
    }

    /// As [`run`](Self::run); without a result if `deadline` passes before, and all that came until then is handled.
    pub(super) fn run_until<M: Machine, T>(
        &self,
        machine: &Mutex<M>,
        waker: &Waker,
        deadline: Option<Instant>,
        mut done: impl FnMut(&mut M) -> Option<T>,
    ) -> Result<Option<T>, Interrupted> {
        loop {
            waker.check()?;
            let until = {
                let mut machine = lock(machine);
                if let Some(value) = done(&mut machine) {
                    return Ok(Some(value));
                }
                let is_more = self.read(&mut *machine)?;
                let now = Instant::now();
                if machine.poll_timeout().is_some_and(|at| at <= now) {
                    machine.handle_timeout(now);
                }
                self.flush(&mut *machine);
                if let Some(value) = done(&mut machine) {
                    return Ok(Some(value));
                }
                if is_more {
                    continue;
                }
                if deadline.is_some_and(|deadline| deadline <= now) {
                    return Ok(None);
                }
                machine.poll_timeout().into_iter().chain(deadline).min()
            };
            self.wait(waker, until)?;
        }
    }

    /// Gives the machine what has come; returns whether there may be more.
    fn read<M: Machine>(&self, machine: &mut M) -> Result<bool, IoError> {
        let input = &mut lock(&self.buffers).input;
        let mut is_more = false;
        for socket in &self.sockets {
            let mut read = 0;
            is_more |= loop {
                match socket.receive(input) {
                    Ok((from, datagrams)) => {
                        let now = Instant::now();
                        read += datagrams.len();
                        for datagram in datagrams {
                            machine.handle_input(now, from, datagram);
                        }
                    }
                    Err(error) => match error.kind() {
                        io::ErrorKind::WouldBlock => break false,
                        // A datagram of ours came back; a silent camera is noticed by its silence.
                        io::ErrorKind::Interrupted
                        | io::ErrorKind::ConnectionRefused
                        | io::ErrorKind::HostUnreachable
                        | io::ErrorKind::NetworkUnreachable
                        | io::ErrorKind::NetworkDown => read += 1,
                        _ => return Err(IoError::new(Operation::Receive, error)),
                    },
                }
                if read >= BATCH {
                    break true;
                }
            };
        }
        Ok(is_more)
    }

    /// Sends what the machine has to send. What cannot be sent counts as lost on the way.
    pub(super) fn flush<M: Machine>(&self, machine: &mut M) {
        let Some(socket) = self.sockets.first() else { return };
        let Buffers { output, send_error, .. } = &mut *lock(&self.buffers);
        let now = Instant::now();
        while let Some(transmit) = machine.poll_transmit(now, MAX_DATAGRAMS, output) {
            if let Err(error) = send(socket, &transmit, output, now + SEND_WAIT) {
                *send_error = Some((transmit.destination, error));
            }
        }
    }

    /// Why a datagram could not be sent, if one could not since this was asked before.
    pub(super) fn take_send_error(&self) -> Option<IoError> {
        let (to, error) = lock(&self.buffers).send_error.take()?;
        Some(IoError::new(Operation::Send(to), error))
    }

    /// Waits for a datagram, a wake-up, or the time.
    fn wait(&self, waker: &Waker, until: Option<Instant>) -> Result<(), IoError> {
        let mut fds: Vec<_> =
            self.sockets.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
        fds.push(PollFd::new(waker.event().as_fd(), PollFlags::POLLIN));
        match poll(&mut fds, timeout(until)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(IoError::new(Operation::Wait, errno)),
        }
        if fds.last().is_some_and(|fd| fd.any().unwrap_or_default()) {
            waker.drain();
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

fn send(socket: &Udp, transmit: &Transmit, datagrams: &[u8], until: Instant) -> io::Result<()> {
    let mut sent = 0;
    loop {
        match socket.send(transmit, datagrams, &mut sent) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
                if poll(&mut fds, timeout(Some(until))).is_ok_and(|ready| ready == 0) {
                    return Err(error);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
