//! SIGINT and SIGTERM end a session in order, so that the camera frees its place.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tutk::Canceller;

use crate::failure::Failure;

/// Ends what the command waits for: at the first signal, and where another thread asks for it. The second signal ends the
/// process at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    canceller: Canceller,
    signalled: Arc<AtomicBool>,
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
                if signalled.signalled.swap(true, Ordering::AcqRel) {
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
        self.signalled.load(Ordering::Acquire)
    }
}

impl Deref for Interrupt {
    type Target = Canceller;

    fn deref(&self) -> &Canceller {
        &self.canceller
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_cancellation_ends_a_pause_and_what_is_waited_for_later() {
        let interrupt = Interrupt::default();
        assert!(interrupt.wait(Duration::from_millis(1)));
        interrupt.cancel();
        assert!(!interrupt.wait(Duration::from_secs(3600)));
        let browser = tutk::Browser::new(Duration::from_secs(1)).unwrap();
        interrupt.attach(browser.cancel_handle());
        assert!(browser.cancel_handle().is_cancelled());
    }
}
