//! SIGINT and SIGTERM end a session in order, so that the camera frees its place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tutk::Cancel;

use crate::failure::Failure;

/// Cancels at the first signal. The second one ends the process at once.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    pub(crate) cancel: Cancel,
    signalled: Arc<AtomicBool>,
}

impl Interrupt {
    /// Takes the signals over.
    pub(crate) fn new() -> Result<Self, Failure> {
        let interrupt = Self { cancel: Cancel::new()?, signalled: Arc::default() };
        let fail = |error| Failure::Other(format!("cannot wait for signals: {error}"));
        // SIGHUP is left alone: nohup ignores it on purpose.
        let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(fail)?;
        let signalled = interrupt.clone();
        let wait = move || {
            for signal in signals.forever() {
                if signalled.signalled.swap(true, Ordering::AcqRel) {
                    std::process::exit(128 + signal);
                }
                signalled.cancel.cancel();
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
