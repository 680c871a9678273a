//! The module's start and end, and connecting.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uint, c_ulong, c_ushort};
use std::time::Duration;

use tutk::{AuthKey, Uid};

use super::pointer::{prefix, sized};
use super::version::set_newer;
use super::{guard, iotc, wide};
use crate::codes::*;
use crate::state::REGISTRY;

/// Session modes of `IOTC_Connect_ByUID2` and `IOTC_Listen2`.
const SECURE: c_int = 1;
const ARBITRARY: c_int = 2;

/// Checks a session mode: sessions of this generation on a LAN are plain.
pub(super) fn mode(mode: c_int) -> Result<(), Code> {
    match mode {
        SECURE => Err(IOTC_ER_DEVICE_NOT_SECURE_MODE),
        0 | ARBITRARY => Ok(()),
        _ => Err(IOTC_ER_INVALID_MODE),
    }
}

/// A UID; whatever is none has no licence, as the vendor's library says it. Nothing after its 20 bytes counts.
///
/// # Safety
/// As of [`prefix`], for 20 bytes.
pub(super) unsafe fn uid(uid: *const c_char) -> Result<Uid, Code> {
    // SAFETY: vouched for by the caller.
    let uid = unsafe { prefix(uid, Uid::LEN) };
    uid.and_then(|uid| uid.try_into().ok()).and_then(Uid::from_bytes).ok_or(IOTC_ER_UNLICENSE)
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Set_Max_Session_Number(most: c_ulong) {
    guard((), || REGISTRY.set_max_sessions(wide(most)));
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Initialize2(port: c_ushort) -> c_int {
    iotc(|| REGISTRY.initialize(port).map(|()| OK))
}

/// The hosts are servers on the internet, which nobody asks on a LAN.
#[unsafe(no_mangle)]
extern "C" fn IOTC_Initialize(
    port: c_ushort,
    _: *const c_char,
    _: *const c_char,
    _: *const c_char,
    _: *const c_char,
) -> c_int {
    IOTC_Initialize2(port)
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_DeInitialize() -> c_int {
    iotc(|| REGISTRY.deinitialize().map(|()| OK))
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Setup_LANConnection_Timeout(milliseconds: c_uint) {
    guard((), || REGISTRY.set_connect_timeout(Duration::from_millis(milliseconds.into())));
}

/// No datagram from the other side for this long ends a session; for sessions to come, and for a camera that logs in later.
#[unsafe(no_mangle)]
extern "C" fn IOTC_Setup_Session_Alive_Timeout(seconds: c_uint) {
    guard((), || REGISTRY.set_silence(Duration::from_secs(seconds.into())));
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Get_SessionID() -> c_int {
    iotc(|| REGISTRY.reserve())
}

/// `struct st_IOTCConnectInput`.
#[repr(C)]
#[derive(Clone, Copy)]
struct ConnectInput {
    size: c_uint,
    authentication_type: c_uint,
    auth_key: [c_char; 8],
    seconds: c_uint,
}

/// An authentication key of the only type that there is.
pub(super) fn auth_key(authentication_type: c_uint, key: [c_char; 8]) -> Result<AuthKey, Code> {
    let key = key.map(|c| c as u8);
    let text = std::str::from_utf8(&key).ok().filter(|_| authentication_type == 0);
    text.and_then(|text| text.parse().ok()).ok_or(IOTC_ER_INVALID_ARG)
}

/// The number stays reserved where an argument is wrong.
#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Connect_ByUIDEx(name: *const c_char, id: c_int, input: *const ConnectInput) -> c_int {
    iotc(|| {
        set_newer();
        REGISTRY.check()?;
        // SAFETY: C's side of the contract; all fields are integers.
        let input = unsafe { sized(input, size_of::<ConnectInput>()) }.ok_or(IOTC_ER_INVALID_ARG)?;
        let key = auth_key(input.authentication_type, input.auth_key)?;
        let timeout = (input.seconds > 0).then(|| Duration::from_secs(input.seconds.into()));
        // SAFETY: C's side of the contract.
        REGISTRY.connect(unsafe { uid(name) }, id, Some(key), timeout)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Connect_ByUID(name: *const c_char) -> c_int {
    // SAFETY: C's side of the contract.
    iotc(|| REGISTRY.connect_alone(unsafe { uid(name) }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Connect_ByUID2(name: *const c_char, _key: *const c_char, wanted: c_int) -> c_int {
    iotc(|| {
        REGISTRY.check()?;
        mode(wanted)?;
        // SAFETY: C's side of the contract.
        REGISTRY.connect_alone(unsafe { uid(name) })
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Connect_ByUID_Parallel(name: *const c_char, id: c_int) -> c_int {
    // SAFETY: C's side of the contract.
    iotc(|| REGISTRY.connect(unsafe { uid(name) }, id, None, None))
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Connect_Stop() {
    guard((), || {
        // Without initialisation nothing connects.
        let _ = REGISTRY.stop_connecting(None);
    });
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Connect_Stop_BySID(id: c_int) -> c_int {
    iotc(|| REGISTRY.stop_connecting(Some(id)).map(|()| OK))
}
