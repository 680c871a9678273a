//! SIGINT and SIGTERM end a session in order, so that the camera frees its place.

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
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
        let signals = signals().map_err(fail)?;
        let signalled = interrupt.clone();
        let wait = move || {
            for signal in signals {
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

/// Waits for the next signal.
#[cfg(unix)]
fn signals() -> io::Result<impl Iterator<Item = i32> + Send> {
    use signal_hook::iterator::Signals;
    // SIGHUP is left alone: nohup ignores it on purpose.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    Ok(std::iter::from_fn(move || signals.forever().next()))
}

/// Looks for the next signal: nothing here can wait for one.
#[cfg(windows)]
fn signals() -> io::Result<impl Iterator<Item = i32> + Send> {
    use std::sync::atomic::AtomicUsize;
    let last = Arc::new(AtomicUsize::new(0));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_usize(signal, last.clone(), signal as usize)?;
    }
    Ok(std::iter::repeat_with(move || {
        thread::sleep(std::time::Duration::from_millis(50));
        last.swap(0, Ordering::AcqRel) as i32
    })
    .filter(|signal| *signal != 0))
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
