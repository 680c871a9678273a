use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;

use mio::event::Source;
use mio::{Events, Interest, Poll, Token};

use crate::error::{Cancelled, Interrupted};
use crate::sync::lock;
use crate::{IoError, Operation};

/// Cancels one session, search or browser from another thread.
///
/// Once [`cancel`](Self::cancel) was called, every wait in it fails at once, those under way and those to come, until
/// [`reset`](Self::reset). What is not waited for any more goes on: a session that was cancelled in
/// [`Events::next_event`](crate::Events::next_event) is still there.
///
/// A clone is the same handle. It may outlive what it cancels, and keeps no file descriptor open.
#[derive(Clone, Debug)]
pub struct CancelHandle {
    cancelled: Arc<AtomicBool>,
    waits: Weak<Inner>,
}

impl CancelHandle {
    pub(crate) fn new(waker: &Waker) -> Self {
        Self { cancelled: waker.0.cancelled.clone(), waits: Arc::downgrade(&waker.0) }
    }

    /// Ends the wait under way and those to come. Does not block.
    pub fn cancel(&self) {
        match self.waits.upgrade() {
            Some(waits) => Waker(waits).cancel(),
            None => self.cancelled.store(true, Ordering::Release),
        }
    }

    /// Lets calls wait again.
    pub fn reset(&self) {
        self.cancelled.store(false, Ordering::Release);
    }

    /// Whether [`cancel`](Self::cancel) was called since the last [`reset`](Self::reset).
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}

/// Where the one thread waits that drives a session, a search, a browser or a camera, what wakes it, and whether it is
/// cancelled.
#[derive(Clone)]
pub(crate) struct Waker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cancelled: Arc<AtomicBool>,
    waker: mio::Waker,
    /// Only the thread that waits locks it.
    waiting: Mutex<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    poll: Poll,
    events: Events,
}

/// Whatever happens, who waits looks at everything, so that all events are alike.
const ANY: Token = Token(0);
/// More than a waker and the sockets of a camera.
const EVENTS: usize = 4;

impl Waker {
    /// Fails if the process has no file descriptor left.
    pub(crate) fn new() -> Result<Self, IoError> {
        let new = || {
            let poll = Poll::new()?;
            let waker = mio::Waker::new(poll.registry(), ANY)?;
            let waiting = Mutex::new(Waiting { poll, events: Events::with_capacity(EVENTS) });
            Ok(Self(Arc::new(Inner { cancelled: Arc::default(), waker, waiting })))
        };
        new().map_err(|error: io::Error| IoError::new(Operation::MakeWaker, error))
    }

    pub(crate) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        self.wake();
    }

    fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// What comes to this socket ends waits until the socket is dropped. A wait is ended once for all that came: who waits has
    /// read everything before.
    pub(crate) fn register(&self, socket: &mut impl Source) -> Result<(), IoError> {
        let registered = lock(&self.0.waiting).poll.registry().register(socket, ANY, Interest::READABLE);
        registered.map_err(|error| IoError::new(Operation::Wait, error))
    }

    /// Waits until this moment.
    pub(crate) fn wait_until(&self, end: Instant) -> Result<(), Interrupted> {
        while Instant::now() < end {
            self.wait(Some(end))?;
        }
        Ok(self.check()?)
    }

    /// Waits until `deadline`, a wake-up or a datagram, and fails as soon as [`cancel`](Self::cancel) is called. It may return without any
    /// of these.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Result<(), Interrupted> {
        self.check()?;
        let Waiting { poll, events } = &mut *lock(&self.0.waiting);
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match poll.poll(events, left) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                Err(IoError::new(Operation::Wait, error).into())
            }
            _ => Ok(self.check()?),
        }
    }

    /// Fails if so.
    pub(crate) fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Makes a waiting call look again, without ending it.
    pub(crate) fn wake(&self) {
        // It fails where the system has no memory left, and then the wait ends with its time.
        let _ = self.0.waker.wake();
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").field("cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use mio::net::UdpSocket;

    use super::*;

    #[test]
    fn a_handle_keeps_nothing_open() {
        let waker = Waker::new().unwrap();
        let handle = CancelHandle::new(&waker);
        let waits = Arc::downgrade(&waker.0);
        drop(waker);
        assert!(waits.upgrade().is_none());
        handle.cancel();
        assert!(handle.is_cancelled());
    }

    #[test]
    fn a_wake_up_before_the_wait_ends_it() {
        let waker = Waker::new().unwrap();
        waker.wake();
        waker.wait(None).unwrap();
    }

    #[test]
    fn a_cancellation_ends_every_wait_until_it_is_reset() {
        let waker = Waker::new().unwrap();
        let handle = CancelHandle::new(&waker);
        handle.cancel();
        for _ in 0..2 {
            assert!(matches!(waker.wait(None), Err(Interrupted::Cancelled)));
        }
        handle.reset();
        waker.wait_until(Instant::now() + Duration::from_millis(1)).unwrap();
        // The next one is no weaker.
        handle.cancel();
        assert!(matches!(waker.wait(None), Err(Interrupted::Cancelled)));
    }

    #[test]
    fn a_datagram_ends_a_wait() {
        let waker = Waker::new().unwrap();
        let mut socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        waker.register(&mut socket).unwrap();
        for byte in 0..3 {
            socket.send_to(&[byte], socket.local_addr().unwrap()).unwrap();
            let mut datagram = [0; 2];
            while socket.recv_from(&mut datagram).is_err() {
                waker.wait(None).unwrap();
            }
            assert_eq!(datagram, [byte, 0]);
            // Whoever waits has read everything before.
            assert!(socket.recv_from(&mut datagram).is_err());
        }
    }
}
