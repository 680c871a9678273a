use std::io;
use std::net::SocketAddr;
use std::slice::ChunksMut;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use super::udp::{RecvBuffer, Udp};
use crate::error::Interrupted;
use crate::proto::{Machine, Transmit};
use crate::sync::lock;
use crate::wake::Waker;
use crate::{IoError, Operation};

/// The sockets of a state machine; the first one sends.
///
/// What was sent to the first one is handled before what was sent to another after that: a camera knows that a viewer has closed its
/// session before it answers the search of the next one.
#[derive(Debug)]
pub(super) struct Sockets {
    sockets: Vec<Udp>,
    buffers: Mutex<Buffers>,
}

#[derive(Debug)]
struct Buffers {
    /// For the first socket.
    input: RecvBuffer,
    /// For the others.
    other_input: RecvBuffer,
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
/// Between two attempts to send.
const SEND_RETRY: Duration = Duration::from_millis(1);

impl Sockets {
    /// They end the waits of this waker.
    pub(super) fn new(mut sockets: Vec<Udp>, waker: &Waker) -> Result<Self, IoError> {
        for socket in &mut sockets {
            socket.register(waker)?;
        }
        let (input, other_input) = (RecvBuffer::new(), RecvBuffer::new());
        let buffers = Buffers { input, other_input, output: Vec::new(), send_error: None };
        Ok(Self { sockets, buffers: Mutex::new(buffers) })
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
            waker.wait(until)?;
        }
    }

    /// Gives the machine what has come; returns whether there may be more.
    fn read<M: Machine>(&self, machine: &mut M) -> Result<bool, IoError> {
        let Buffers { input, other_input, .. } = &mut *lock(&self.buffers);
        let Some((first, others)) = self.sockets.split_first() else { return Ok(false) };
        let mut is_more = read_from(first, input, |from, datagrams| {
            handle(machine, from, datagrams);
            Ok(())
        })?;
        for socket in others {
            is_more |= read_from(socket, other_input, |from, datagrams| {
                while read_from(first, input, |from, datagrams| {
                    handle(machine, from, datagrams);
                    Ok(())
                })? {}
                handle(machine, from, datagrams);
                Ok(())
            })?;
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
}

/// Takes datagrams from a socket, about a batch of them; returns whether there may be more.
fn read_from(
    socket: &Udp,
    input: &mut RecvBuffer,
    mut take: impl FnMut(SocketAddr, ChunksMut<'_, u8>) -> Result<(), IoError>,
) -> Result<bool, IoError> {
    let mut read = 0;
    while read < BATCH {
        match socket.receive(input) {
            Ok((from, datagrams)) => {
                read += datagrams.len();
                take(from, datagrams)?;
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => return Ok(false),
                // A datagram of ours came back; a silent camera is noticed by its silence.
                io::ErrorKind::Interrupted
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::NetworkDown => read += 1,
                _ => return Err(IoError::new(Operation::Receive, error)),
            },
        }
    }
    Ok(true)
}

fn handle<M: Machine>(machine: &mut M, from: SocketAddr, datagrams: ChunksMut<'_, u8>) {
    let now = Instant::now();
    for datagram in datagrams {
        machine.handle_input(now, from, datagram);
    }
}

fn send(socket: &Udp, transmit: &Transmit, datagrams: &[u8], until: Instant) -> io::Result<()> {
    let mut sent = 0;
    loop {
        match socket.send(transmit, datagrams, &mut sent) {
            // The waker of the thread that drives the machine does not wait for this.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < until => {
                thread::sleep(SEND_RETRY);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, UdpSocket};

    use super::super::udp::Family;
    use super::*;

    /// Notes what comes. At the first byte 1, another host sends 2 to the first socket, and then 3 to the other one.
    struct Order {
        sender: UdpSocket,
        ports: [u16; 2],
        came: Vec<u8>,
    }

    impl Machine for Order {
        fn handle_input(&mut self, _now: Instant, _from: SocketAddr, datagram: &mut [u8]) {
            self.came.extend_from_slice(datagram);
            if datagram == [1] {
                for (port, byte) in self.ports.into_iter().zip([2, 3]) {
                    self.sender.send_to(&[byte], (Ipv4Addr::LOCALHOST, port)).unwrap();
                }
            }
        }

        fn handle_timeout(&mut self, _now: Instant) {}

        fn poll_timeout(&self) -> Option<Instant> {
            None
        }

        fn poll_transmit(&mut self, _now: Instant, _max_datagrams: usize, _out: &mut Vec<u8>) -> Option<Transmit> {
            None
        }
    }

    #[test]
    fn what_came_to_the_first_socket_before_goes_before() {
        let sockets = [(); 2].map(|()| Udp::bind(Family::Ipv4, 0, false).unwrap());
        let ports = sockets.each_ref().map(|socket| socket.port().unwrap());
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        sender.send_to(&[1], (Ipv4Addr::LOCALHOST, ports[1])).unwrap();
        let machine = Mutex::new(Order { sender, ports, came: Vec::new() });
        let done = |machine: &mut Order| (machine.came.len() == 3).then(|| machine.came.clone());
        let waker = Waker::new().unwrap();
        let came = Sockets::new(sockets.into(), &waker).unwrap().run(&machine, &waker, done).unwrap();
        assert_eq!(came, [1, 2, 3]);
    }
}
