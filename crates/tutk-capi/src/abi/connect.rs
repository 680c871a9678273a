//! The module's start and end, searching, and connecting.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uint, c_ulong, c_ushort};
use std::time::Duration;

use tutk::Uid;

use super::pointer::{array, prefix, put};
use super::{guard, iotc, wide};
use crate::codes::*;
use crate::state::REGISTRY;
use crate::viewer;

/// `struct st_LanSearchInfo`.
#[repr(C)]
struct LanSearchInfo {
    uid: [c_char; 21],
    ip: [c_char; 16],
    port: c_ushort,
    reserved: c_char,
}

/// `struct st_LanSearchInfo2`.
#[repr(C)]
struct LanSearchInfo2 {
    uid: [c_char; 21],
    ip: [c_char; 16],
    port: c_ushort,
    name: [c_char; 129],
    reserved: c_char,
}

const _: () = assert!(size_of::<LanSearchInfo>() == 42 && size_of::<LanSearchInfo2>() == 170);

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
unsafe extern "C" fn IOTC_Get_Version(version: *mut c_uint) {
    // SAFETY: C's side of the contract.
    guard((), || unsafe { put(version, IOTC_VERSION) });
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

/// Searches, and writes what `make` makes of each camera. Returns how many.
///
/// # Safety
/// `places` is null, or `len` values can be written to it.
unsafe fn search<T>(
    places: *mut T,
    len: c_int,
    milliseconds: c_int,
    make: impl Fn([c_char; 21], [c_char; 16], u16, [c_char; 129]) -> T,
) -> Result<Code, Code> {
    REGISTRY.check()?;
    let milliseconds = u64::try_from(milliseconds).ok().filter(|milliseconds| *milliseconds > 0);
    let len = usize::try_from(len).ok().filter(|len| *len > 0 && !places.is_null());
    let (Some(milliseconds), Some(len)) = (milliseconds, len) else { return Err(IOTC_ER_INVALID_ARG) };
    let found = viewer::search(Duration::from_millis(milliseconds))?;
    let mut count = 0;
    for (at, camera) in found.into_iter().take(len).enumerate() {
        let ip = camera.address.ip().to_string();
        let value = make(
            array(camera.uid.as_bytes()),
            array(ip.as_bytes()),
            camera.address.port(),
            array(camera.name.as_bytes()),
        );
        // SAFETY: `at` is less than `len`, for which the caller vouches.
        unsafe { put(places.add(at), value) };
        count += 1;
    }
    Ok(count)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Lan_Search(infos: *mut LanSearchInfo, len: c_int, milliseconds: c_int) -> c_int {
    let make = |uid, ip, port, _| LanSearchInfo { uid, ip, port, reserved: 0 };
    // SAFETY: C's side of the contract.
    iotc(|| unsafe { search(infos, len, milliseconds, make) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Lan_Search2(infos: *mut LanSearchInfo2, len: c_int, milliseconds: c_int) -> c_int {
    let make = |uid, ip, port, name| LanSearchInfo2 { uid, ip, port, name, reserved: 0 };
    // SAFETY: C's side of the contract.
    iotc(|| unsafe { search(infos, len, milliseconds, make) })
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Get_SessionID() -> c_int {
    iotc(|| REGISTRY.reserve())
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
    iotc(|| REGISTRY.connect(unsafe { uid(name) }, id))
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
