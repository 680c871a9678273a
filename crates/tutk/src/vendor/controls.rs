//! IO controls that go out: the library blocks until the camera has confirmed each, so a thread does that.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::Code;
use super::connect::Channel;
use crate::proto::AvEvent;
use crate::sync::lock;
use crate::wake::Waker;
use crate::{IoError, Operation};

/// How long an IO control is repeated.
const IO_CONTROL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the last ones are waited for when the session closes.
const LINGER: Duration = Duration::from_millis(150);

#[derive(Debug)]
pub(super) struct Controls {
    shared: Arc<Shared>,
    channel: Arc<Channel>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    outgoing: VecDeque<(u32, Vec<u8>)>,
    /// Since when the one under way is.
    under_way: Option<Instant>,
    /// What became of those before.
    answers: VecDeque<AvEvent>,
    closing: bool,
    /// The thread has ended; it holds the channel no longer.
    ended: bool,
}

impl Controls {
    pub(super) fn new(channel: Arc<Channel>, waker: Waker) -> Result<Self, IoError> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let (mine, its) = (shared.clone(), channel.clone());
        thread::Builder::new()
            .name("tutk-controls".into())
            .spawn(move || {
                mine.run(&its, &waker);
                drop(its);
                lock(&mine.state).ended = true;
                mine.changed.notify_all();
            })
            .map_err(|error| IoError::new(Operation::StartThread, error))?;
        Ok(Self { shared, channel })
    }

    pub(super) fn send(&self, kind: u32, body: &[u8]) {
        lock(&self.shared.state).outgoing.push_back((kind, body.to_vec()));
        self.shared.changed.notify_all();
    }

    /// What became of the next one. Gives up the one that has been under way for too long.
    pub(super) fn poll(&self, now: Instant) -> Option<AvEvent> {
        let mut state = lock(&self.shared.state);
        if state.under_way.is_some_and(|since| now.saturating_duration_since(since) > IO_CONTROL_TIMEOUT) {
            state.under_way = Some(now);
            self.channel.connection.library.stop_send_io_control(self.channel.number);
        }
        state.answers.pop_front()
    }
}

impl Drop for Controls {
    /// Lets what is queued go out, for a moment.
    fn drop(&mut self) {
        let mut state = lock(&self.shared.state);
        state.closing = true;
        self.shared.changed.notify_all();
        let (wait, waiting) = (&self.shared.changed, |state: &mut State| !state.ended);
        let parted = wait.wait_timeout_while(state, LINGER, waiting);
        state = parted.map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        if !state.ended {
            state.outgoing.clear();
            self.channel.connection.library.stop_send_io_control(self.channel.number);
            // Without that function the thread ends when the library gives up, and the session with it.
            let _ = wait.wait_timeout_while(state, LINGER, waiting);
        }
    }
}

impl Shared {
    fn run(&self, channel: &Channel, waker: &Waker) {
        while let Some((kind, body)) = self.next() {
            let sent = channel.connection.library.send_io_control(channel.number, kind, &body);
            let mut state = lock(&self.state);
            state.under_way = None;
            state.answers.push_back(match sent {
                Ok(()) => AvEvent::IoControlConfirmed { kind },
                // The session is over, which the receiver finds out by itself.
                Err(Code(-20010 | -20015 | -20016 | -20025 | -20026)) => return,
                Err(_) => AvEvent::IoControlUnconfirmed { kind },
            });
            waker.wake();
        }
    }

    /// The next one to send, once there is one.
    fn next(&self) -> Option<(u32, Vec<u8>)> {
        let mut state = lock(&self.state);
        loop {
            if let Some(control) = state.outgoing.pop_front() {
                state.under_way = Some(Instant::now());
                return Some(control);
            }
            if state.closing {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }
}
