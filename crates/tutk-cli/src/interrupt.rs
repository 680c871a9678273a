//! SIGINT and SIGTERM end a session in order, so that the camera frees its place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tutk::CancelHandle;

use crate::failure::Failure;

/// Ends what the command waits for: at the first signal, and where another thread asks for it. The second signal ends the
/// process at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
    signalled: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    /// What the command waits for.
    waits: Option<CancelHandle>,
}

impl Interrupt {
    /// Takes the signals over.
    pub(crate) fn new() -> Result<Self, Failure> {
        let interrupt = Self::default();
        let fail = |error| Failure::Other(format!("cannot wait for signals: {error}"));
        // SIGHUP is left alone: nohup ignores it on purpose.
        let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(fail)?;
        let signalled = interrupt.clone();
        let wait = move || {
            for signal in signals.forever() {
                if signalled.0.signalled.swap(true, Ordering::AcqRel) {
                    std::process::exit(128 + signal);
                }
                signalled.cancel();
            }
        };
        thread::Builder::new().name("signals".into()).spawn(wait).map_err(fail)?;
        Ok(interrupt)
    }

    /// Whether a signal came.
    pub(crate) fn came(&self) -> bool {
        self.0.signalled.load(Ordering::Acquire)
    }

    /// Ends what the command waits for.
    pub(crate) fn cancel(&self) {
        let mut state = self.lock();
        state.cancelled = true;
        if let Some(handle) = &state.waits {
            handle.cancel();
        }
        self.0.changed.notify_all();
    }

    /// The command waits for this from now on.
    pub(crate) fn attach(&self, handle: CancelHandle) {
        let mut state = self.lock();
        if state.cancelled {
            handle.cancel();
        }
        state.waits = Some(handle);
    }

    /// Lets this much time pass; false if it was cut short.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut state = self.lock();
        while !state.cancelled {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    #[cfg(test)]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancellation_ends_a_pause_and_what_is_waited_for_later() {
        let interrupt = Interrupt::default();
        assert!(interrupt.pause(Duration::from_millis(1)));
        interrupt.cancel();
        assert!(!interrupt.pause(Duration::from_secs(3600)));
        let browser = tutk::Browser::new(Duration::from_secs(1)).unwrap();
        interrupt.attach(browser.cancel_handle());
        assert!(browser.cancel_handle().is_cancelled());
    }
}
