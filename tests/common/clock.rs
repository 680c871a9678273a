//! A clock that a test sets.

use std::sync::Mutex;
use std::time::Instant;

use gst::ClockTime;
use gst::glib;
use gst::subclass::prelude::*;

mod imp {
    use super::*;

    #[derive(Default)]
    pub struct Clock(pub(super) Mutex<State>);

    #[derive(Default)]
    pub(super) struct State {
        pub(super) time: ClockTime,
        /// When it was set to that; none: it stands still so far.
        pub(super) since: Option<Instant>,
    }

    impl State {
        pub(super) fn now(&self) -> ClockTime {
            let passed = self.since.map(|since| since.elapsed()).unwrap_or_default();
            self.time + ClockTime::try_from(passed).unwrap()
        }
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Clock {
        const NAME: &'static str = "TestedClock";
        type Type = super::Clock;
        type ParentType = gst::Clock;
    }

    impl ObjectImpl for Clock {}
    impl GstObjectImpl for Clock {}

    impl ClockImpl for Clock {
        fn internal_time(&self) -> ClockTime {
            self.0.lock().unwrap().now()
        }
    }
}

glib::wrapper! {
    /// Stands still until it is set, and then goes on from there: a machine that takes its time is a slow network, and
    /// not one from which frames arrive before they were sent.
    pub struct Clock(ObjectSubclass<imp::Clock>) @extends gst::Clock, gst::Object;
}

impl Clock {
    pub fn new(time: ClockTime) -> Self {
        let clock: Self = glib::Object::new();
        clock.imp().0.lock().unwrap().time = time;
        clock
    }

    /// What it shows.
    pub fn now(&self) -> ClockTime {
        self.imp().0.lock().unwrap().now()
    }

    /// Stands still until it is set again. Returns its time.
    pub fn hold(&self) -> ClockTime {
        let mut state = self.imp().0.lock().unwrap();
        state.time = state.now();
        state.since = None;
        state.time
    }

    /// Sets it to this time, or leaves it where that has passed.
    pub fn set_time(&self, time: ClockTime) {
        let mut state = self.imp().0.lock().unwrap();
        if time >= state.now() {
            state.time = time;
            state.since = Some(Instant::now());
        }
    }
}
