//! Receives what the camera sends, on a thread of its own.
//!
//! Elements downstream may hold up the streaming thread for as long as they like, as a sink does until a frame's time has
//! come. Meanwhile the session continues, and the measured delays of the network are true.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tutk::{IoError, Operation, SessionError};

use super::controls::Controls;
use super::frame_queue::{Consumer, Item};
use super::notice::Notice;
use super::reception::{Reception, Video};
use super::session::Session;

/// Reports a notice, on the thread that receives.
pub(super) type Report = Arc<dyn Fn(Notice) + Send + Sync>;

/// The streaming thread's side. Its drop waits for the thread, which ends with the session or with its cancel handle.
#[derive(Debug)]
pub(super) struct Receiver {
    frames: Consumer,
    thread: Option<JoinHandle<Video>>,
}

impl Receiver {
    /// Begins to receive. `frames` is the other side of the reception's queue.
    pub(super) fn start(
        session: Arc<Session>,
        reception: Reception,
        frames: Consumer,
        controls: Arc<Controls>,
        report: Report,
    ) -> Result<Self, IoError> {
        let run = move || {
            controls.receive_here();
            run(session, reception, &report)
        };
        let thread = thread::Builder::new().name("tutksrc-receive".into()).spawn(run);
        let thread = thread.map_err(|source| IoError::new(Operation::StartThread, source))?;
        Ok(Self { frames, thread: Some(thread) })
    }

    /// As [`Consumer::next`].
    pub(super) fn next(&self, gap: Duration) -> Result<Option<Item>, SessionError> {
        self.frames.next(gap)
    }

    /// As [`Consumer::is_stalled`].
    pub(super) fn is_stalled(&self) -> bool {
        self.frames.is_stalled()
    }

    /// Waits for the thread, and returns what is kept for the next session.
    pub(super) fn join(&mut self) -> Video {
        match self.thread.take() {
            // A handler of a signal runs on that thread, and may be what stops the element.
            Some(thread) if thread.thread().id() != thread::current().id() => thread.join().unwrap_or_default(),
            _ => Video::default(),
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.join();
    }
}

/// Until the session ends, or is cancelled.
fn run(session: Arc<Session>, mut reception: Reception, report: &Report) -> Video {
    let end = loop {
        let result = match session.receive_until(reception.deadline()) {
            Ok(Some(received)) => reception.handle(received, Instant::now()),
            Ok(None) => timeout(&session, &mut reception),
            Err(error) => Err(error),
        };
        reception.deliver(Instant::now(), result.is_err());
        while let Some(notice) = reception.poll_notice() {
            report(notice);
        }
        if let Err(error) = result {
            break error;
        }
    };
    // Whoever waits for the end finds the camera informed, if the session ends with it.
    drop(session);
    reception.end(end)
}

fn timeout(session: &Session, reception: &mut Reception) -> Result<(), SessionError> {
    if reception.timeout(Instant::now())? {
        session.start(reception.streams())?;
    }
    Ok(())
}
