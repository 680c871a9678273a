//! How long OpenSSL waits until it sends a flight again. It measures that itself, and looks at its clock whenever it is called.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::c_uint;
use std::time::Duration;

use foreign_types::ForeignTypeRef;
use openssl::ssl::SslRef;
use openssl_sys::SSL;

/// The first interval.
pub(crate) const FIRST_INTERVAL: Duration = Duration::from_millis(250);
/// The longest.
const MAX_INTERVAL: Duration = Duration::from_millis(500);

thread_local! {
    /// The interval that began last.
    static BEGUN: Cell<Option<Duration>> = const { Cell::new(None) };
}

unsafe extern "C" {
    /// Sets the function that says how many microseconds follow the last interval, which is 0 for the first one.
    fn DTLS_set_timer_cb(ssl: *mut SSL, callback: unsafe extern "C" fn(*mut SSL, c_uint) -> c_uint);
}

extern "C" fn next_interval(_: *mut SSL, last: c_uint) -> c_uint {
    let next = (2 * Duration::from_micros(last.into())).clamp(FIRST_INTERVAL, MAX_INTERVAL);
    BEGUN.set(Some(next));
    next.as_micros() as c_uint
}

/// Flights are sent again after 250 ms, then each 500 ms. That is ten times within the usual timeout of 5 s, where OpenSSL's own
/// intervals of 1, 2 and 4 s leave two; at 30 % loss each way, five left one handshake in fifty without an answer.
pub(crate) fn set_intervals(ssl: &mut SslRef) {
    // SAFETY: the pointer is that of a live SSL, borrowed for the call; the function is of the type that OpenSSL wants, does not
    // use its pointer, and is there as long as the program is.
    unsafe { DTLS_set_timer_cb(ssl.as_ptr(), next_interval) }
}

/// Calls OpenSSL; returns also the interval that began meanwhile.
pub(crate) fn observe<T>(call: impl FnOnce() -> T) -> (T, Option<Duration>) {
    BEGUN.set(None);
    let result = call();
    (result, BEGUN.take())
}
