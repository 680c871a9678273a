use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::CancelHandle;
use crate::sync::lock;

/// Cancels whatever a thread waits for: sessions and searches, one after the other, and time that has to pass.
///
/// Where [`CancelHandle`] belongs to one of them, this belongs to the thread: a signal handler or another thread cancels it, whatever the
/// thread waits for then. A clone is the same.
#[derive(Clone, Debug, Default)]
pub struct Canceller(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    /// What is waited for.
    waits: Option<CancelHandle>,
}

impl Canceller {
    /// Ends the wait under way and those to come.
    pub fn cancel(&self) {
        let mut state = self.state();
        state.cancelled = true;
        if let Some(handle) = &state.waits {
            handle.cancel();
        }
        self.0.changed.notify_all();
    }

    /// Lets the thread wait again.
    pub fn reset(&self) {
        let mut state = self.state();
        state.cancelled = false;
        if let Some(handle) = &state.waits {
            handle.reset();
        }
    }

    /// Whether [`cancel`](Self::cancel) was called since the last [`reset`](Self::reset).
    pub fn is_cancelled(&self) -> bool {
        self.state().cancelled
    }

    /// The thread waits for this from now on, in place of what was attached before. Where it is cancelled already, this is at once.
    pub fn attach(&self, handle: CancelHandle) {
        let mut state = self.state();
        if state.cancelled {
            handle.cancel();
        }
        state.waits = Some(handle);
    }

    /// Lets this much time pass; false if it was cancelled.
    #[must_use]
    pub fn wait(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut state = self.state();
        while !state.cancelled {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_follows_it() {
        let browser = || crate::Browser::new(Duration::from_secs(1)).unwrap().cancel_handle();
        let (canceller, first, second) = (Canceller::default(), browser(), browser());
        canceller.attach(first.clone());
        canceller.cancel();
        assert!(first.is_cancelled() && !canceller.wait(Duration::from_secs(3600)));
        canceller.attach(second.clone());
        assert!(second.is_cancelled());
        canceller.reset();
        assert!(!second.is_cancelled() && canceller.wait(Duration::from_millis(1)));
    }
}
