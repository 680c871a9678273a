//! IO controls of the session: commands that go to the camera, and answers that calls wait for.

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, ThreadId};
use std::time::Duration;

use gst::glib;
use tutk::proto::ViewerStats;
use tutk::{CommandError, io_control};

use super::motor::Motor;
use super::navigation::Keys;
use super::session::Session;
use crate::talk::Speaker;
use crate::{PtzDirection, Streams};

/// How long a camera keeps turning after its key is up: window systems repeat a key that is held by releasing and
/// pressing it.
const KEY_UP: Duration = Duration::from_millis(50);
/// How fast keys turn the camera, of 255: slow enough to aim.
const KEY_SPEED: u8 = 8;

/// The commands' side of a session, for all threads; the other side is the thread that receives.
///
/// Lock order: `steering`, `link`, so that commands reach the camera in the order of what is known of it.
#[derive(Default)]
pub(super) struct Controls {
    steering: Mutex<Steering>,
    link: Mutex<Link>,
    /// For speech; others may have it.
    speaker: Arc<Speaker>,
}

/// What turns the camera.
#[derive(Default)]
struct Steering {
    motor: Motor,
    keys: Keys,
}

#[derive(Default)]
struct Link {
    /// The session, once it is established.
    session: Option<Arc<Session>>,
    /// What to ask the camera for, if anything.
    quality: Option<io_control::Quality>,
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
    /// This computer's time cannot be sent.
    NoTime,
    Failed(CommandError),
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSession => f.write_str("there is no session with the camera"),
            Self::InReceiver => f.write_str("the thread that receives answers cannot wait for one"),
            Self::NoTime => f.write_str("cameras know no time such as this computer's"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl Controls {
    /// A session is established, which asks for these streams. A camera that was turning when the last one was lost stops.
    pub(super) fn attach(&self, session: &Arc<Session>, streams: Streams) {
        let mut steering = self.steering();
        {
            let mut link = self.link();
            link.waiting.clear();
            link.session = Some(session.clone());
        }
        self.speaker.attach(session.handle(), streams.contains(Streams::AUDIO));
        self.stop(&mut steering.motor);
    }

    /// The session is about to end: the camera stops turning, and calls that wait return. Returns the session, which the
    /// caller drops without a lock.
    pub(super) fn detach(&self) -> Option<Arc<Session>> {
        self.stop(&mut self.steering().motor);
        self.speaker.detach();
        let mut link = self.link();
        link.waiting.clear();
        link.session.take()
    }

    /// The element stops, and may have another camera next.
    pub(super) fn reset(&self) {
        let mut steering = self.steering();
        steering.keys = Keys::default();
        steering.motor.moves(PtzDirection::Stop);
        self.speaker.reset();
    }

    /// What the session has counted, if there is one.
    pub(super) fn stats(&self) -> Option<ViewerStats> {
        let session = self.link().session.clone();
        session.map(|session| session.stats())
    }

    pub(super) fn speaker(&self) -> &Arc<Speaker> {
        &self.speaker
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

    /// What to ask the camera for: now, if there is a session, and at the start of each.
    pub(super) fn set_quality(&self, quality: Option<io_control::Quality>) -> Result<(), Unsent> {
        let mut link = self.link();
        link.quality = quality;
        if link.session.is_some() { link.ask_for_quality() } else { Ok(()) }
    }

    /// Asks for the quality that is set.
    pub(super) fn ask_for_quality(&self) -> Result<(), Unsent> {
        self.link().ask_for_quality()
    }

    /// Sets the camera's clock to this host's local time.
    pub(super) fn sync_time(&self) -> Result<(), Unsent> {
        let now = glib::DateTime::now_local().ok();
        let seconds = now.and_then(|now| u32::try_from(now.to_unix() + now.utc_offset().as_seconds()).ok());
        let Some(seconds) = seconds else {
            return Err(Unsent::NoTime);
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
        let mut steering = self.steering();
        let motor = &mut steering.motor;
        self.command(motor, direction, speed)?;
        if let (true, Some(step)) = (motor.is_moving(), step) {
            self.stop_later(motor, step);
        }
        Ok(())
    }

    /// Turns the camera if the event is about a key that does; none if it is not.
    pub(super) fn navigate(self: &Arc<Self>, event: &gst::EventRef) -> Option<Result<(), Unsent>> {
        let mut steering = self.steering();
        let direction = steering.keys.handle(event)?;
        Some(self.steer(&mut steering.motor, direction))
    }

    /// No key turns the camera any longer.
    pub(super) fn release_keys(self: &Arc<Self>) {
        let mut steering = self.steering();
        if std::mem::take(&mut steering.keys).direction() != PtzDirection::Stop {
            let _ = self.steer(&mut steering.motor, PtzDirection::Stop);
        }
    }

    /// Turns the camera as the keys say that are held.
    fn steer(self: &Arc<Self>, motor: &mut Motor, direction: PtzDirection) -> Result<(), Unsent> {
        if direction == PtzDirection::Stop {
            if motor.is_moving() {
                self.stop_later(motor, KEY_UP);
            }
            Ok(())
        } else if direction == motor.direction() {
            motor.go_on();
            Ok(())
        } else {
            self.command(motor, direction, KEY_SPEED)
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
                let mut steering = controls.steering();
                if steering.motor.is_due(order) {
                    controls.stop(&mut steering.motor);
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

    fn steering(&self) -> MutexGuard<'_, Steering> {
        self.steering.lock().unwrap()
    }
}

impl Link {
    fn send(&self, kind: u32, body: &[u8]) -> Result<(), Unsent> {
        let session = self.session.as_ref().ok_or(Unsent::NoSession)?;
        session.send_io_control(kind, body).map_err(Unsent::Failed)
    }

    fn ask_for_quality(&self) -> Result<(), Unsent> {
        let Some(quality) = self.quality else { return Ok(()) };
        let session = self.session.as_ref().ok_or(Unsent::NoSession)?;
        session.set_quality(quality).map_err(|error| Unsent::Failed(error.into()))
    }
}
