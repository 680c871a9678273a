//! What is known of the camera's motors, and the stop that is due.

use std::time::Duration;

use gst::prelude::*;

use crate::PtzDirection;

/// The last command that the camera got, and when it is to stop by itself.
#[derive(Default)]
pub(super) struct Motor {
    direction: PtzDirection,
    timer: Option<gst::SingleShotClockId>,
    /// Rises with every change, so that a stop that was due before it does nothing.
    order: u64,
}

impl Motor {
    pub(super) fn direction(&self) -> PtzDirection {
        self.direction
    }

    pub(super) fn is_moving(&self) -> bool {
        self.direction != PtzDirection::Stop
    }

    /// The camera has a new command.
    pub(super) fn moves(&mut self, direction: PtzDirection) {
        self.go_on();
        self.direction = direction;
    }

    /// It is not to stop by itself.
    pub(super) fn go_on(&mut self) {
        self.order += 1;
        if let Some(timer) = self.timer.take() {
            timer.unschedule();
        }
    }

    /// Whether the stop of this order is still wanted.
    pub(super) fn is_due(&self, order: u64) -> bool {
        self.order == order
    }

    /// Calls `stop` with its order after the delay, on a thread of the system's clock.
    pub(super) fn stop_later(&mut self, delay: Duration, stop: impl FnOnce(u64) + Send + 'static) {
        self.go_on();
        let order = self.order;
        let clock = gst::SystemClock::obtain();
        let delay = gst::ClockTime::try_from(delay).unwrap_or(gst::ClockTime::MAX);
        let timer = clock.new_single_shot_id(clock.time().saturating_add(delay));
        if timer.wait_async(move |_, _, _| stop(order)).is_ok() {
            self.timer = Some(timer);
        }
    }
}

impl Drop for Motor {
    fn drop(&mut self) {
        self.go_on();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvError, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_stop_comes_by_itself() {
        gst::init().unwrap();
        let (mut motor, (sender, stops)) = (Motor::default(), channel());
        motor.moves(PtzDirection::Left);
        motor.stop_later(Duration::from_millis(1), move |order| sender.send(order).unwrap());
        assert!(motor.is_due(stops.recv().unwrap()));
        motor.moves(PtzDirection::Right);
        assert!(!motor.is_due(motor.order - 1));
    }

    #[test]
    fn a_new_command_takes_back_the_stop() {
        gst::init().unwrap();
        let changes: [fn(&mut Motor); 4] = [
            |motor| motor.moves(PtzDirection::Right),
            |motor| motor.go_on(),
            |motor| motor.stop_later(LONG, drop),
            |motor| *motor = Motor::default(),
        ];
        for change in changes {
            let (mut motor, (sender, stops)) = (Motor::default(), channel());
            motor.moves(PtzDirection::Left);
            motor.stop_later(LONG, move |order| sender.send(order).unwrap());
            change(&mut motor);
            // What would have sent is gone.
            assert_eq!(stops.recv(), Err(RecvError));
        }
    }
}
