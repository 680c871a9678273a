use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::socket::Sockets;
use super::target::{Targets, broadcasts};
use super::udp::Udp;
use super::{BrowserEvent, Cancel};
use crate::error::Interrupted;
use crate::proto::{self, Machine, Transmit};
use crate::{DiscoverError, IoError, Operation};

/// Keeps up with which cameras are on the local networks, by a broadcast every so often. Networks may come and go.
#[derive(Debug)]
pub struct Browser {
    machine: proto::Browser,
    /// None before the first search and after a failure.
    sockets: Option<Sockets>,
}

impl Browser {
    /// A browser that searches every `period`, of at least 100 ms, while [`next_event`](Self::next_event) is called;
    /// its first three searches come within 200 ms.
    pub fn new(period: Duration) -> Self {
        Self { machine: proto::Browser::new(Instant::now(), period), sockets: None }
    }

    /// Waits for the next event and searches meanwhile; none if none came until then.
    ///
    /// No error is final: after [`DiscoverError::Cancelled`] the browser goes on once the handle is reset, and after another
    /// one, which tells that a network could not be asked, with the next search.
    pub fn next_event(
        &mut self,
        until: Option<Instant>,
        cancel: &Cancel,
    ) -> Result<Option<BrowserEvent>, DiscoverError> {
        let sockets = match self.sockets.take() {
            Some(sockets) => sockets,
            None => self.open(until, cancel)?,
        };
        let search = Mutex::new(Searches { machine: &mut self.machine, until, failure: None });
        let event = sockets.run(&search, cancel, |search| {
            if let Some(error) = search.failure.take().or_else(|| sockets.take_send_error()) {
                return Some(Err(error));
            }
            match search.machine.poll_event() {
                None if until.is_none_or(|until| Instant::now() < until) => None,
                event => Some(Ok(event)),
            }
        });
        match event {
            Ok(event) => {
                self.sockets = Some(sockets);
                Ok(event?)
            }
            Err(Interrupted::Cancelled) => {
                self.sockets = Some(sockets);
                Err(DiscoverError::Cancelled)
            }
            // The next search takes another socket.
            Err(Interrupted::Io(error)) => Err(self.failed(error).into()),
        }
    }

    /// Opens a socket when the next search is due, or when the time is over.
    fn open(&mut self, until: Option<Instant>, cancel: &Cancel) -> Result<Sockets, Interrupted> {
        let due = self.machine.poll_timeout();
        let until = until.map_or(due, |until| until.min(due));
        cancel.wait_until(until)?;
        let socket = Udp::bind(0, false).map_err(|error| self.failed(IoError::new(Operation::OpenSocket, error)))?;
        Ok(Sockets::new(vec![socket]))
    }

    /// The search that was due is over, so that the next one is in a while and not at once.
    fn failed(&mut self, error: IoError) -> IoError {
        self.machine.search(Instant::now(), Vec::new());
        error
    }
}

/// A browser's searches, for the driver.
struct Searches<'a> {
    machine: &'a mut proto::Browser,
    until: Option<Instant>,
    /// Why the last search asked nobody.
    failure: Option<IoError>,
}

impl Machine for Searches<'_> {
    fn handle_input(&mut self, _now: Instant, from: SocketAddr, datagram: &mut [u8]) {
        self.machine.handle_input(from, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.machine.poll_timeout() <= now {
            let targets = broadcasts().unwrap_or_else(|error| {
                self.failure = Some(error);
                Targets::default()
            });
            self.machine.search(now, targets.addresses);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let due = self.machine.poll_timeout();
        Some(self.until.map_or(due, |until| until.min(due)))
    }

    fn poll_transmit(&mut self, _now: Instant, _max_datagrams: usize, out: &mut Vec<u8>) -> Option<Transmit> {
        self.machine.poll_transmit(out)
    }
}
