use std::io;
use std::sync::Mutex;
use std::time::Instant;

use super::socket::Sockets;
use super::udp::Udp;
use crate::IoError;
use crate::error::Interrupted;
use crate::proto::Machine;
use crate::sync::lock;
use crate::wake::Waker;

/// A state machine with its sockets. One thread drives it; commands come from any.
#[derive(Debug)]
pub(super) struct Driver<M> {
    machine: Mutex<M>,
    sockets: Sockets,
    waker: Waker,
}

impl<M: Machine> Driver<M> {
    /// The first socket sends.
    pub(super) fn new(machine: M, sockets: Vec<Udp>, waker: &Waker) -> Result<Self, IoError> {
        let sockets = Sockets::new(sockets, waker)?;
        Ok(Self { machine: Mutex::new(machine), sockets, waker: waker.clone() })
    }

    /// Drives the machine until `done` has what it looks for.
    pub(super) fn run<T>(&self, done: impl FnMut(&mut M) -> Option<T>) -> Result<T, Interrupted> {
        self.sockets.run(&self.machine, &self.waker, done)
    }

    /// As [`run`](Self::run); without a result if `deadline` passes before.
    pub(super) fn run_until<T>(
        &self,
        deadline: Option<Instant>,
        done: impl FnMut(&mut M) -> Option<T>,
    ) -> Result<Option<T>, Interrupted> {
        self.sockets.run_until(&self.machine, &self.waker, deadline, done)
    }

    /// Changes the machine, and sends what follows from it. The thread that drives it looks when to repeat that.
    pub(super) fn command<T>(&self, act: impl FnOnce(&mut M) -> T) -> T {
        let result = self.send(act);
        self.waker.wake();
        result
    }

    /// As [`command`](Self::command), where the machine's next timeout stays as it is.
    pub(super) fn send<T>(&self, act: impl FnOnce(&mut M) -> T) -> T {
        let mut machine = lock(&self.machine);
        let result = act(&mut machine);
        self.sockets.flush(&mut *machine);
        result
    }

    /// Reads from the machine.
    pub(super) fn look<T>(&self, look: impl FnOnce(&mut M) -> T) -> T {
        look(&mut lock(&self.machine))
    }

    pub(super) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// The port of the first socket.
    pub(super) fn port(&self) -> io::Result<u16> {
        self.sockets.port()
    }

    /// How many datagrams the system dropped because they were not read in time.
    pub(super) fn overflowed(&self) -> u64 {
        self.sockets.overflowed()
    }

    /// Why a datagram could not be sent, if one could not since this was asked before.
    pub(super) fn take_send_error(&self) -> Option<IoError> {
        self.sockets.take_send_error()
    }
}
