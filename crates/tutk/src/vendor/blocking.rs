use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use crate::error::Interrupted;
use crate::sync::lock;
use crate::wake::Waker;
use crate::{IoError, Operation};

enum State<T> {
    Running,
    Done(T),
    /// The wait is over.
    Left,
}

/// Runs a call of the library that blocks, in a thread of its own, because the library may take its time to stop.
///
/// If the handle is cancelled (an error) or the time is over (`None`), `stop` asks the library to end the call, and this
/// returns at once. What the call then returns is dropped, so a session that comes of it must end by that.
pub(super) fn run<T: Send + 'static>(
    waker: &Waker,
    deadline: Instant,
    call: impl FnOnce() -> T + Send + 'static,
    stop: impl FnOnce(),
) -> Result<Option<T>, Interrupted> {
    waker.check()?;
    let shared = Arc::new(Mutex::new(State::Running));
    let (called, wake) = (shared.clone(), waker.clone());
    thread::Builder::new()
        .name("tutk-vendor".into())
        .spawn(move || {
            let result = call();
            let mut state = lock(&called);
            if matches!(*state, State::Running) {
                *state = State::Done(result);
                wake.wake();
            } else {
                drop(state);
                drop(result);
            }
        })
        .map_err(|error| IoError::new(Operation::StartThread, error))?;
    loop {
        let waited = waker.wait(Some(deadline));
        let mut state = lock(&shared);
        match std::mem::replace(&mut *state, State::Left) {
            State::Done(result) => return waited.map(|()| Some(result)),
            State::Running if waited.is_ok() && Instant::now() < deadline => *state = State::Running,
            _ => {
                // Under the lock: once the call has returned, its numbers may be those of another session.
                stop();
                return waited.map(|()| None);
            }
        }
    }
}
