//! Which version of the vendor's library this one stands in for.
//!
//! 1.13.7 until the program calls a function that only 4.x has, 4.2.1 from then on. Structs of the vendor's that do not say
//! their size were larger in 3.1 and later, so that the version decides how much is written to them.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uint};
use std::sync::atomic::{AtomicBool, Ordering};

use super::guard;
use super::pointer::put;

static IS_NEWER: AtomicBool = AtomicBool::new(false);

/// The program knows 4.x.
pub(super) fn set_newer() {
    IS_NEWER.store(true, Ordering::Relaxed);
}

/// Whether the program knows 4.x.
pub(super) fn is_newer() -> bool {
    IS_NEWER.load(Ordering::Relaxed)
}

const NEWER: u32 = 0x0402_0101;
const NEWER_TEXT: &std::ffi::CStr = c"4.2.1.1";

#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Get_Version(version: *mut c_uint) {
    // SAFETY: C's side of the contract.
    guard((), || unsafe { put(version, if is_newer() { NEWER } else { 0x010D_0700 }) });
}

#[unsafe(no_mangle)]
extern "C" fn avGetAVApiVer() -> c_int {
    guard(0, || if is_newer() { NEWER as c_int } else { 0x0105_0600 })
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Get_Version_String() -> *const c_char {
    set_newer();
    NEWER_TEXT.as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn avGetAVApiVersionString() -> *const c_char {
    set_newer();
    NEWER_TEXT.as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn TUTK_Get_Version_String() -> *const c_char {
    set_newer();
    NEWER_TEXT.as_ptr()
}
