use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::socket::Sockets;
use super::target::{Targets, broadcasts};
use super::udp::{Family, Udp};
use crate::error::Interrupted;
use crate::proto::{self, BrowserEvent, Machine, Transmit};
use crate::wake::{CancelHandle, Waker};
use crate::{DiscoverError, IoError, Operation};

/// Keeps up with which cameras are on the local networks, by a broadcast every so often. Networks may come and go.
#[derive(Debug)]
pub struct Browser {
    machine: proto::Browser,
    waker: Waker,
    /// None before the first search and after a failure.
    sockets: Option<Sockets>,
}

impl Browser {
    /// A browser that searches every `period`, of at least 100 ms, while its events are waited for; its first three searches
    /// come within 200 ms.
    ///
    /// Fails if the process has no file descriptor left.
    pub fn new(period: Duration) -> Result<Self, DiscoverError> {
        let machine = proto::Browser::new(Instant::now(), period);
        Ok(Self { machine, waker: Waker::new()?, sockets: None })
    }

    /// A handle by which another thread ends the waits.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle::new(&self.waker)
    }

    /// Waits for the next event, as [`next_event_until`](Self::next_event_until) does.
    pub fn next_event(&mut self) -> Result<BrowserEvent, DiscoverError> {
        loop {
            if let Some(event) = self.next_event_until(None)? {
                return Ok(event);
            }
        }
    }

    /// Waits for the next event and searches meanwhile; none if none comes before `deadline`.
    ///
    /// No error is final: after [`DiscoverError::Cancelled`] the browser goes on once the handle is reset, and after another
    /// one, which says that a network could not be asked, with the next search.
    pub fn next_event_until(&mut self, deadline: Option<Instant>) -> Result<Option<BrowserEvent>, DiscoverError> {
        let sockets = match self.sockets.take() {
            Some(sockets) => sockets,
            None => self.open(deadline)?,
        };
        let search = Mutex::new(Searches { machine: &mut self.machine, deadline, failure: None });
        let event = sockets.run(&search, &self.waker, |search| {
            if let Some(error) = search.failure.take().or_else(|| sockets.take_send_error()) {
                return Some(Err(error));
            }
            match search.machine.poll_event() {
                None if deadline.is_none_or(|deadline| Instant::now() < deadline) => None,
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
    fn open(&mut self, deadline: Option<Instant>) -> Result<Sockets, Interrupted> {
        let due = self.machine.poll_timeout();
        self.waker.wait_until(deadline.map_or(due, |deadline| deadline.min(due)))?;
        let opened = Udp::bind(Family::Ipv4, 0, false)
            .map_err(|error| IoError::new(Operation::OpenSocket, error))
            .and_then(|socket| Sockets::new(vec![socket], &self.waker));
        Ok(opened.map_err(|error| self.failed(error))?)
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
    deadline: Option<Instant>,
    /// Why the last search was not sent.
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
        Some(self.deadline.map_or(due, |deadline| deadline.min(due)))
    }

    fn poll_transmit(&mut self, _now: Instant, _max_datagrams: usize, out: &mut Vec<u8>) -> Option<Transmit> {
        self.machine.poll_transmit(out)
    }
}
