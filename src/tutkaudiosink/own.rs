//! A session of the element's own.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tutk::{AvEvent, Canceller, Error, IoError, Operation, Session, SessionOptions, ViewerEvent};

use crate::talk::Speaker;

/// Between a loss and the first try, and between two tries.
const WAIT: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// What happens to the session; reported on its own thread.
#[derive(Debug)]
pub(super) enum Report {
    /// It was lost, and is opened again after this time.
    Lost(Error, Duration),
    /// There will be none.
    Failed(Error),
}

/// Keeps a session until it is dropped.
#[derive(Debug)]
pub(super) struct OwnSession {
    speaker: Arc<Speaker>,
    cancel: Canceller,
    thread: Option<JoinHandle<()>>,
}

impl OwnSession {
    /// Fails if the system has no thread.
    pub(super) fn start(options: SessionOptions, report: impl Fn(Report) + Send + 'static) -> Result<Self, IoError> {
        let (speaker, cancel) = (Arc::<Speaker>::default(), Canceller::default());
        let run = {
            let (speaker, cancel) = (speaker.clone(), cancel.clone());
            move || run(&options, &speaker, &cancel, &report)
        };
        let thread = thread::Builder::new().name("tutkaudiosink".into()).spawn(run);
        let thread = thread.map_err(|source| IoError::new(Operation::StartThread, source))?;
        Ok(Self { speaker, cancel, thread: Some(thread) })
    }

    pub(super) fn speaker(&self) -> &Arc<Speaker> {
        &self.speaker
    }
}

impl Drop for OwnSession {
    fn drop(&mut self) {
        // The camera's speaker is switched off before the session ends.
        self.speaker.stop();
        self.cancel.cancel();
        match self.thread.take() {
            // A handler of a message runs on that thread, and may be what stops the element.
            Some(thread) if thread.thread().id() != thread::current().id() => drop(thread.join()),
            _ => {}
        }
    }
}

fn run(options: &SessionOptions, speaker: &Speaker, cancel: &Canceller, report: &impl Fn(Report)) {
    let mut was_connected = false;
    let mut wait = WAIT.0;
    loop {
        let (connected, error) = session(options.clone(), speaker, cancel);
        speaker.detach();
        if error.is_cancelled() || cancel.is_cancelled() {
            return;
        }
        was_connected |= connected;
        if !was_connected || !error.is_transient() {
            return report(Report::Failed(error));
        }
        if connected {
            wait = WAIT.0;
        }
        report(Report::Lost(error, wait));
        if !cancel.wait(wait) {
            return;
        }
        wait = (wait * 2).min(WAIT.1);
    }
}

/// One session, to its end. Returns whether there was one, and why it ended.
fn session(options: SessionOptions, speaker: &Speaker, cancel: &Canceller) -> (bool, Error) {
    let connect = || {
        let connecting = Session::connect(options)?;
        cancel.attach(connecting.cancel_handle());
        connecting.wait()
    };
    let (session, mut events) = match connect() {
        Ok(connected) => connected,
        Err(error) => return (false, error.into()),
    };
    speaker.attach(session, false);
    loop {
        match events.next_event() {
            Ok(ViewerEvent::Av { event: AvEvent::Audio(frame), .. }) => speaker.heard(&frame),
            Ok(event) => speaker.event(&event),
            Err(error) => return (true, error.into()),
        }
    }
}
