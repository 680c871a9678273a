//! IO controls of the session: commands that go to the camera, and answers that calls wait for.

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread::{self, ThreadId};
use std::time::Duration;

use gst::glib;
use tutk::{Error, Session, io_control};

use super::motor::Motor;
use crate::PtzDirection;

/// How long a camera goes on turning when its key is up: window systems repeat a key that is held by releasing and
/// pressing it.
const KEY_UP: Duration = Duration::from_millis(50);

/// The commands' side of a session; the other side is the thread that receives.
#[derive(Default)]
pub(super) struct Controls {
    link: Mutex<Link>,
    // Locked before the link, so that commands reach the camera in the order of what is known of it.
    motor: Mutex<Motor>,
}

#[derive(Default)]
struct Link {
    /// The session that stands. It ends without regard to this.
    session: Weak<Session>,
    receiver: Option<ThreadId>,
    /// Calls that wait, the oldest first: a camera answers in the order that it is asked.
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    /// The type of the answer.
    kind: u32,
    call: ThreadId,
    sender: Sender<Vec<u8>>,
}

/// Why nothing was sent.
#[derive(Debug)]
pub(super) enum Unsent {
    NoSession,
    /// The thread that would wait is the one that receives answers.
    InReceiver,
    Failed(Error),
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSession => f.write_str("there is no session with the camera"),
            Self::InReceiver => f.write_str("the thread that receives answers cannot wait for one"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl Controls {
    /// A session stands. A camera that was turning when the last one was lost stops.
    pub(super) fn attach(&self, session: &Arc<Session>) {
        let mut motor = self.motor();
        {
            let mut link = self.link();
            link.waiting.clear();
            link.session = Arc::downgrade(session);
        }
        self.stop(&mut motor);
    }

    /// The session is about to end: the camera stops turning, and calls that wait return.
    pub(super) fn detach(&self) {
        self.stop(&mut self.motor());
        let mut link = self.link();
        link.session = Weak::new();
        link.waiting.clear();
    }

    /// The element stops, and may have another camera next.
    pub(super) fn reset(&self) {
        self.motor().moves(PtzDirection::Stop);
    }

    /// The calling thread is the one that receives.
    pub(super) fn receive_here(&self) {
        self.link().receiver = Some(thread::current().id());
    }

    /// Calls that wait return without an answer.
    pub(super) fn interrupt(&self) {
        self.link().waiting.clear();
    }

    /// Hands an IO control to the call that waits for it. It comes back if there is none.
    pub(super) fn received(&self, kind: u32, body: Vec<u8>) -> Option<Vec<u8>> {
        let waiting = &mut self.link().waiting;
        let Some(call) = waiting.iter().position(|waiting| waiting.kind == kind).and_then(|at| waiting.remove(at))
        else {
            return Some(body);
        };
        call.sender.send(body).err().map(|unsent| unsent.0)
    }

    pub(super) fn send(&self, kind: u32, body: &[u8]) -> Result<(), Unsent> {
        self.link().send(kind, body)
    }

    /// Sends an IO control and waits for its answer; none if none came in time, or the session ended.
    pub(super) fn call(&self, kind: u32, body: &[u8], timeout: Duration) -> Result<Option<Vec<u8>>, Unsent> {
        let (sender, receiver) = channel();
        let call = thread::current().id();
        {
            // Sent under the lock, so that calls wait in the order that they were sent.
            let mut link = self.link();
            if link.receiver == Some(call) {
                return Err(Unsent::InReceiver);
            }
            link.send(kind, body)?;
            link.waiting.push_back(Waiting { kind: kind.wrapping_add(1), call, sender });
        }
        match receiver.recv_timeout(timeout) {
            Ok(answer) => Ok(Some(answer)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                self.link().waiting.retain(|waiting| waiting.call != call);
                // It may have come at the last moment.
                Ok(receiver.try_recv().ok())
            }
        }
    }

    /// Sets the camera's clock to this host's local time.
    pub(super) fn sync_time(&self) -> Result<(), Unsent> {
        let now = glib::DateTime::now_local().ok();
        let seconds = now.and_then(|now| u32::try_from(now.to_unix() + now.utc_offset().as_seconds()).ok());
        let Some(seconds) = seconds else {
            return Err(Unsent::Failed(Error::InvalidArgument("cameras know no time such as this computer's".into())));
        };
        self.send(io_control::SET_TIME, &io_control::set_time(seconds))
    }

    /// Turns the camera, and stops it after `step` if there is one.
    pub(super) fn turn(
        self: &Arc<Self>,
        direction: PtzDirection,
        speed: u8,
        step: Option<Duration>,
    ) -> Result<(), Unsent> {
        let mut motor = self.motor();
        self.command(&mut motor, direction, speed)?;
        if let (true, Some(step)) = (motor.is_moving(), step) {
            self.stop_later(&mut motor, step);
        }
        Ok(())
    }

    /// Turns the camera as the keys say that are held.
    pub(super) fn steer(self: &Arc<Self>, direction: PtzDirection, speed: u8) -> Result<(), Unsent> {
        let mut motor = self.motor();
        if direction == PtzDirection::Stop {
            if motor.is_moving() {
                self.stop_later(&mut motor, KEY_UP);
            }
            Ok(())
        } else if direction == motor.direction() {
            motor.go_on();
            Ok(())
        } else {
            self.command(&mut motor, direction, speed)
        }
    }

    fn command(&self, motor: &mut Motor, direction: PtzDirection, speed: u8) -> Result<(), Unsent> {
        self.send(io_control::PTZ, &io_control::ptz(direction.into(), speed))?;
        motor.moves(direction);
        Ok(())
    }

    fn stop_later(self: &Arc<Self>, motor: &mut Motor, delay: Duration) {
        let controls = Arc::downgrade(self);
        motor.stop_later(delay, move |order| {
            if let Some(controls) = controls.upgrade() {
                let mut motor = controls.motor();
                if motor.is_due(order) {
                    controls.stop(&mut motor);
                }
            }
        });
    }

    /// Stops the camera if it moves. Without a session, the next one does.
    fn stop(&self, motor: &mut Motor) {
        motor.go_on();
        if motor.is_moving() {
            let _ = self.command(motor, PtzDirection::Stop, 0);
        }
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap()
    }

    fn motor(&self) -> MutexGuard<'_, Motor> {
        self.motor.lock().unwrap()
    }
}

impl Link {
    fn send(&self, kind: u32, body: &[u8]) -> Result<(), Unsent> {
        let session = self.session.upgrade().ok_or(Unsent::NoSession)?;
        session.send_io_control(kind, body).map_err(Unsent::Failed)
    }
}
