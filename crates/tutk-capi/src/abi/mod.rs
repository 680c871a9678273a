//! The functions that C calls.
//!
//! Behind a pointer, what the vendor's headers call `unsigned long` has 32 bits, as it has in the vendor's libraries
//! (1.13.7, 2.1.8, 3.1.4 and 3.1.5 for x86-64): programs whose header says `unsigned int` have no more room.

mod av_client;
mod av_client_ex;
mod av_control;
mod av_server;
mod av_server_ex;
mod connect;
mod device;
mod pointer;
mod search;
mod session;
mod unsupported;
mod version;

use std::cell::Cell;
use std::ffi::{c_uint, c_ulong};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use tutk::Encryption;

use crate::codes::*;

thread_local! {
    /// This thread asks the application for a password, in the middle of a handshake.
    static IS_ASKING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a function of the application that must not call this library: while it runs, calls from it fail.
fn asking<T>(body: impl FnOnce() -> T) -> T {
    IS_ASKING.set(true);
    let result = body();
    IS_ASKING.set(false);
    result
}

/// Runs the body of an entry point; a panic ends here, as `code`, and so does a call from within [`asking`].
fn guard<T>(code: T, body: impl FnOnce() -> T) -> T {
    if IS_ASKING.get() {
        return code;
    }
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(code)
}

/// An entry point that returns a code of the IOTC module.
fn iotc(body: impl FnOnce() -> Result<Code, Code>) -> Code {
    guard(IOTC_ER_RESOURCE_ERROR, || flat(body()))
}

/// An entry point that returns a code of the AV module.
fn av(body: impl FnOnce() -> Result<Code, Code>) -> Code {
    guard(AV_ER_MEM_INSUFF, || flat(body()))
}

/// Security modes of `avClientStartEx` and `avServStartEx`.
const PLAIN: c_uint = 0;
const DTLS: c_uint = 1;
const EITHER: c_uint = 2;

/// What a security mode means, if this library has it: built without DTLS it refuses that, and a line on the program's standard error
/// says so once.
fn encryption(mode: c_uint) -> Result<Encryption, Code> {
    static SAID: Once = Once::new();
    match mode {
        PLAIN => Ok(Encryption::Off),
        EITHER => Ok(Encryption::Auto),
        DTLS if tutk::can_encrypt() => Ok(Encryption::Required),
        DTLS => {
            SAID.call_once(|| {
                eprintln!("libIOTCAPIs_ALL: asked for DTLS (security mode 1), which this library cannot do")
            });
            Err(AV_ER_LOCAL_NOT_SUPPORT_DTLS)
        }
        _ => Err(AV_ER_INVALID_ARG),
    }
}

/// Seconds: longer timeouts than this are taken for this.
const MAX_TIMEOUT: u64 = 365 * 24 * 3600;

/// A number of the type that has 32 or 64 bits, as C has it there.
#[allow(clippy::unnecessary_cast)]
fn wide(number: c_ulong) -> u64 {
    number as u64
}
