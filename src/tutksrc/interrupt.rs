//! Ends what the streaming thread waits for: for a flush, a pause, or a stop.

use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use tutk::Canceller;

/// Has a lock of its own, so that `unlock()` never waits for `create()`.
#[derive(Debug, Default)]
pub(super) struct Interrupt(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// None while the element is stopped.
    cancel: Option<Canceller>,
    flushing: bool,
    /// The session is to end: the handle stays cancelled, and gets a successor.
    paused: bool,
    flushed: Option<Instant>,
}

impl Interrupt {
    pub(super) fn start(&self) {
        *self.state() = State { cancel: Some(Canceller::default()), ..State::default() };
    }

    pub(super) fn stop(&self) {
        let state = std::mem::take(&mut *self.state());
        if let Some(cancel) = state.cancel {
            cancel.cancel();
        }
    }

    pub(super) fn flush(&self) {
        let mut state = self.state();
        state.flushing = true;
        state.cancel();
    }

    /// A flush has ended, or the element begins.
    pub(super) fn flush_ended(&self, now: Instant) {
        let mut state = self.state();
        state.flushing = false;
        state.flushed = Some(now);
        if let (false, Some(cancel)) = (state.paused, &state.cancel) {
            cancel.reset();
        }
    }

    pub(super) fn pause(&self) {
        let mut state = self.state();
        state.paused = true;
        state.cancel();
    }

    /// Whether a pause, and no flush, is the interruption.
    pub(super) fn is_paused(&self) -> bool {
        let state = self.state();
        state.paused && !state.flushing
    }

    /// After a pause, lets the streaming thread wait again.
    pub(super) fn resume(&self) {
        let mut state = self.state();
        if state.cancel.is_some() {
            state.cancel = Some(Canceller::default());
        }
        state.paused = false;
    }

    /// What ends a wait of the streaming thread; none while the element is stopped.
    pub(super) fn cancel(&self) -> Option<Canceller> {
        self.state().cancel.clone()
    }

    /// When the last flush ended.
    pub(super) fn flushed(&self) -> Option<Instant> {
        self.state().flushed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn cancel(&self) {
        if let Some(cancel) = &self.cancel {
            cancel.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_cancelled(interrupt: &Interrupt) -> bool {
        interrupt.cancel().unwrap().is_cancelled()
    }

    #[test]
    fn a_flush_ends_waits_until_it_is_over() {
        let interrupt = Interrupt::default();
        interrupt.flush();
        interrupt.start();
        assert!(!is_cancelled(&interrupt) && interrupt.flushed().is_none());
        interrupt.flush();
        assert!(is_cancelled(&interrupt) && !interrupt.is_paused());
        let now = Instant::now();
        interrupt.flush_ended(now);
        assert!(!is_cancelled(&interrupt) && interrupt.flushed() == Some(now));
    }

    #[test]
    fn a_pause_ends_waits_until_the_streaming_thread_has_seen_it() {
        let interrupt = Interrupt::default();
        interrupt.start();
        let session = interrupt.cancel().unwrap();
        interrupt.pause();
        interrupt.flush();
        assert!(!interrupt.is_paused());
        interrupt.flush_ended(Instant::now());
        assert!(interrupt.is_paused() && session.is_cancelled());
        interrupt.resume();
        assert!(!interrupt.is_paused() && !is_cancelled(&interrupt) && session.is_cancelled());
    }

    #[test]
    fn a_stop_is_final() {
        let interrupt = Interrupt::default();
        interrupt.start();
        let cancel = interrupt.cancel().unwrap();
        interrupt.stop();
        assert!(cancel.is_cancelled() && interrupt.cancel().is_none());
        interrupt.resume();
        assert!(interrupt.cancel().is_none());
    }
}
