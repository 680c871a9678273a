use std::fmt;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;

use crate::error::Cancelled;
use crate::{IoError, Operation};

/// Cancels one session, search or browser from another thread.
///
/// Once [`cancel`](Self::cancel) was called, every wait in it fails at once, those under way and those to come, until
/// [`reset`](Self::reset). What is not waited for any more goes on: a session that was cancelled in
/// [`Events::next_event`](crate::Events::next_event) is still there.
///
/// A clone is the same handle.
#[derive(Clone, Debug)]
pub struct CancelHandle(Waker);

impl CancelHandle {
    pub(crate) fn new(waker: &Waker) -> Self {
        Self(waker.clone())
    }

    /// Ends the wait under way and those to come. Does not block.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Lets calls wait again.
    pub fn reset(&self) {
        self.0.cancelled().store(false, Ordering::Release);
        self.0.drain();
    }

    /// Whether [`cancel`](Self::cancel) was called since the last [`reset`](Self::reset).
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// Wakes the one thread that drives a session, a search, a browser or a camera, and keeps whether it is cancelled.
///
/// It is never shared by two of them: they would take each other's wake-ups.
#[derive(Clone)]
pub(crate) struct Waker(Arc<Inner>);

struct Inner {
    cancelled: AtomicBool,
    event: EventFd,
}

impl Waker {
    /// Fails if the process has no file descriptor left.
    pub(crate) fn new() -> Result<Self, IoError> {
        let event = EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .map_err(|errno| IoError::new(Operation::MakeWaker, errno))?;
        Ok(Self(Arc::new(Inner { cancelled: AtomicBool::new(false), event })))
    }

    pub(crate) fn cancel(&self) {
        self.cancelled().store(true, Ordering::Release);
        self.wake();
    }

    fn cancelled(&self) -> &AtomicBool {
        &self.0.cancelled
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled().load(Ordering::Acquire)
    }

    /// Waits until this moment.
    pub(crate) fn wait_until(&self, end: Instant) -> Result<(), Cancelled> {
        while Instant::now() < end {
            self.wait_for(None, end)?;
        }
        self.check()
    }

    /// Waits until `deadline`, a wake-up, or until `event` is written. Fails as soon as [`cancel`](Self::cancel) is called.
    pub(crate) fn wait_for(&self, event: Option<&EventFd>, deadline: Instant) -> Result<(), Cancelled> {
        self.check()?;
        let left = TimeSpec::from(deadline.saturating_duration_since(Instant::now()));
        let own = PollFd::new(self.event().as_fd(), PollFlags::POLLIN);
        let other = event.map(|event| PollFd::new(event.as_fd(), PollFlags::POLLIN));
        let mut fds: Vec<_> = std::iter::once(own).chain(other).collect();
        // Interrupted by a signal: the caller looks again, as after any other return.
        let _ = ppoll(&mut fds, Some(left), None);
        self.check()?;
        self.drain();
        Ok(())
    }

    /// Fails if so.
    pub(crate) fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Makes a waiting call look again, without ending it.
    pub(crate) fn wake(&self) {
        // A full counter means that a wake-up is pending already.
        let _ = self.0.event.write(1);
    }

    /// Takes back wake-ups. A cancellation keeps its own, for the next to wait.
    pub(crate) fn drain(&self) {
        let _ = self.0.event.read();
        if self.is_cancelled() {
            self.wake();
        }
    }

    pub(crate) fn event(&self) -> &EventFd {
        &self.0.event
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").field("cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_reset_takes_no_later_cancellation_away() {
        let cancel = Waker::new().unwrap();
        // What the two at once can come to.
        cancel.cancel();
        cancel.drain();
        let mut fds = [PollFd::new(cancel.event().as_fd(), PollFlags::POLLIN)];
        assert_eq!(ppoll(&mut fds, Some(Duration::ZERO.into()), None), Ok(1));
    }
}
