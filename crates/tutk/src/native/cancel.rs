use std::fmt;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;

use crate::error::Cancelled;
use crate::{IoError, Operation};

/// Ends blocking calls from another thread.
///
/// A clone is the same handle. Once cancelled, every blocking call that was given the handle returns
/// an error at once, those that wait now and those to come, until [`reset`](Self::reset).
#[derive(Clone)]
pub struct Cancel(Arc<Inner>);

struct Inner {
    cancelled: AtomicBool,
    event: EventFd,
}

impl Cancel {
    /// A handle that nobody has cancelled. Fails if the process has no file descriptor left.
    pub fn new() -> Result<Self, IoError> {
        let event = EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .map_err(|errno| IoError::new(Operation::MakeWaker, errno))?;
        Ok(Self(Arc::new(Inner { cancelled: AtomicBool::new(false), event })))
    }

    /// Ends what waits now and what will wait.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        self.wake();
    }

    /// Lets calls block again.
    pub fn reset(&self) {
        self.0.cancelled.store(false, Ordering::Release);
        self.drain();
    }

    /// Whether [`cancel`](Self::cancel) was called since the last [`reset`](Self::reset).
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// Lets this much time pass. False as soon as [`cancel`](Self::cancel) is called.
    pub fn wait(&self, time: Duration) -> bool {
        self.wait_until(Instant::now() + time).is_ok()
    }

    /// Waits until this moment, as [`wait`](Self::wait) does.
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

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").field("cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_takes_no_later_cancellation_away() {
        let cancel = Cancel::new().unwrap();
        // What the two at once can come to.
        cancel.cancel();
        cancel.drain();
        let mut fds = [PollFd::new(cancel.event().as_fd(), PollFlags::POLLIN)];
        assert_eq!(ppoll(&mut fds, Some(Duration::ZERO.into()), None), Ok(1));
    }
}
