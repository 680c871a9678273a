//! Ends what a thread of an element waits for.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tutk::CancelHandle;

/// Cancels whatever a thread waits for: sessions and searches, one after the other, and time that has to pass. A clone is
/// the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Canceller(Arc<Inner>);

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
    pub(crate) fn cancel(&self) {
        let mut state = self.state();
        state.cancelled = true;
        if let Some(handle) = &state.waits {
            handle.cancel();
        }
        self.0.changed.notify_all();
    }

    /// Lets the thread wait again.
    pub(crate) fn reset(&self) {
        let mut state = self.state();
        state.cancelled = false;
        if let Some(handle) = &state.waits {
            handle.reset();
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.state().cancelled
    }

    /// The thread waits for this from now on.
    pub(crate) fn attach(&self, handle: CancelHandle) {
        let mut state = self.state();
        if state.cancelled {
            handle.cancel();
        }
        state.waits = Some(handle);
    }

    /// Lets this much time pass; false if it was cancelled.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut state = self.state();
        while !state.cancelled {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            state = self.0.changed.wait_timeout(state, left).unwrap().0;
        }
        false
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_follows_it() {
        let browser = || tutk::Browser::new(Duration::from_secs(1)).unwrap().cancel_handle();
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
