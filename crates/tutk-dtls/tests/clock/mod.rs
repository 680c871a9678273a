//! OpenSSL's clock in virtual time: it asks `gettimeofday`, which is defined here for the whole test program.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::time::{Duration, Instant};

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::from_secs(1_000_000)) };
}

/// Virtual time of this thread, as both ends and OpenSSL have it.
pub(crate) struct Clock {
    start: Instant,
    offset: Duration,
    begin: Duration,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), offset: Duration::ZERO, begin: NOW.get() }
    }

    pub(crate) fn now(&self) -> Instant {
        self.start + self.offset
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.offset
    }

    /// Goes on to this time, never back.
    pub(crate) fn set(&mut self, now: Instant) {
        self.offset = self.offset.max(now.saturating_duration_since(self.start));
        NOW.set(self.begin + self.offset);
    }
}

#[repr(C)]
struct TimeVal {
    seconds: std::ffi::c_long,
    microseconds: std::ffi::c_long,
}

/// What OpenSSL's timers ask for the time.
#[unsafe(no_mangle)]
unsafe extern "C" fn gettimeofday(time: *mut TimeVal, _: *mut c_void) -> c_int {
    let now = NOW.get();
    let value = TimeVal { seconds: now.as_secs() as _, microseconds: now.subsec_micros().into() };
    // SAFETY: the caller gives a timeval to be written, as the function of the C library of this name wants.
    unsafe { time.write(value) };
    0
}
