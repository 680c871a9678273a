//! Calls back from time to time, as long as the element plays.

use std::sync::Mutex;

use gst::prelude::*;

#[derive(Debug, Default)]
pub(super) struct Reporter(Mutex<Option<gst::PeriodicClockId>>);

impl Reporter {
    /// Calls `report` at this interval, on a thread of the system's clock.
    pub(super) fn start(
        &self,
        interval: gst::ClockTime,
        report: impl Fn() + Send + 'static,
    ) -> Result<(), gst::ClockError> {
        let clock = gst::SystemClock::obtain();
        let id = clock.new_periodic_id(clock.time() + interval, interval);
        id.wait_async(move |_, _, _| report())?;
        *self.0.lock().unwrap() = Some(id);
        Ok(())
    }

    pub(super) fn stop(&self) {
        if let Some(id) = self.0.lock().unwrap().take() {
            id.unschedule();
        }
    }
}
