//! Searching the local networks for cameras.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uint, c_ushort};
use std::time::Duration;

use tutk::DiscoveredCamera;

use super::iotc;
use super::pointer::{array, put};
use super::version::is_newer;
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

/// `struct st_SearchDeviceInfo` of 2.1, with room for IPv4 addresses; that of 3.1 has room for IPv6.
#[repr(C)]
struct SearchDeviceInfo<const IP: usize> {
    uid: [c_char; 21],
    ip: [c_char; IP],
    port: c_ushort,
    name: [c_char; 132],
    reserved: c_char,
    is_new: c_int,
}

const _: () = assert!(size_of::<LanSearchInfo>() == 42 && size_of::<LanSearchInfo2>() == 170);
const _: () = assert!(size_of::<SearchDeviceInfo<16>>() == 180 && size_of::<SearchDeviceInfo<47>>() == 208);

/// Writes what `make` makes of each camera, as far as there is room. Returns how many.
///
/// # Safety
/// `len` values can be written to `places`.
unsafe fn list<T>(
    places: *mut T,
    len: usize,
    found: Vec<DiscoveredCamera>,
    make: impl Fn(&DiscoveredCamera, &str) -> T,
) -> Code {
    let mut count = 0;
    for (at, camera) in found.into_iter().take(len).enumerate() {
        // SAFETY: `at` is less than `len`, for which the caller vouches.
        unsafe { put(places.add(at), make(&camera, &camera.address.ip().to_string())) };
        count += 1;
    }
    count
}

/// Places for at least one value.
fn room<T>(places: *mut T, len: c_int) -> Result<usize, Code> {
    usize::try_from(len).ok().filter(|len| *len > 0 && !places.is_null()).ok_or(IOTC_ER_INVALID_ARG)
}

fn milliseconds(milliseconds: c_int) -> Result<Duration, Code> {
    let milliseconds = u64::try_from(milliseconds).ok().filter(|milliseconds| *milliseconds > 0);
    milliseconds.map(Duration::from_millis).ok_or(IOTC_ER_INVALID_ARG)
}

/// Searches, and writes what `make` makes of each camera. Returns how many.
///
/// # Safety
/// `places` is null, or `len` values can be written to it.
unsafe fn search<T>(
    places: *mut T,
    len: c_int,
    time: c_int,
    make: impl Fn(&DiscoveredCamera, &str) -> T,
) -> Result<Code, Code> {
    REGISTRY.check()?;
    let (len, timeout) = (room(places, len)?, milliseconds(time)?);
    // SAFETY: vouched for by the caller.
    Ok(unsafe { list(places, len, viewer::search(timeout)?, make) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Lan_Search(infos: *mut LanSearchInfo, len: c_int, time: c_int) -> c_int {
    let make = |camera: &DiscoveredCamera, ip: &str| LanSearchInfo {
        uid: array(camera.uid.as_bytes()),
        ip: array(ip.as_bytes()),
        port: camera.address.port(),
        reserved: 0,
    };
    // SAFETY: C's side of the contract.
    iotc(|| unsafe { search(infos, len, time, make) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Lan_Search2(infos: *mut LanSearchInfo2, len: c_int, time: c_int) -> c_int {
    let make = |camera: &DiscoveredCamera, ip: &str| LanSearchInfo2 {
        uid: array(camera.uid.as_bytes()),
        ip: array(ip.as_bytes()),
        port: camera.address.port(),
        name: array(camera.name.as_bytes()),
        reserved: 0,
    };
    // SAFETY: C's side of the contract.
    iotc(|| unsafe { search(infos, len, time, make) })
}

/// How often it asks is this library's own.
#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Lan_Search2_Ex(
    infos: *mut LanSearchInfo2,
    len: c_int,
    time: c_int,
    _interval: c_int,
) -> c_int {
    // SAFETY: C's side of the contract.
    unsafe { IOTC_Lan_Search2(infos, len, time) }
}

/// Searches in the background.
#[unsafe(no_mangle)]
extern "C" fn IOTC_Search_Device_Start(time: c_int, _interval: c_int) -> c_int {
    iotc(|| {
        REGISTRY.check()?;
        REGISTRY.start_search(milliseconds(time)?).map(|()| OK)
    })
}

/// Lists the cameras that were not listed before, or all.
#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Search_Device_Result(infos: *mut std::ffi::c_void, len: c_int, all: c_int) -> c_int {
    iotc(|| {
        REGISTRY.check()?;
        let len = room(infos, len)?;
        let found = REGISTRY.search_results(len, all != 0)?;
        // SAFETY: C's side of the contract, which has the struct of its version.
        Ok(unsafe {
            if is_newer() {
                list(infos.cast(), len, found, device_info::<47>)
            } else {
                list(infos.cast(), len, found, device_info::<16>)
            }
        })
    })
}

fn device_info<const IP: usize>(camera: &DiscoveredCamera, ip: &str) -> SearchDeviceInfo<IP> {
    SearchDeviceInfo {
        uid: array(camera.uid.as_bytes()),
        ip: array(ip.as_bytes()),
        port: camera.address.port(),
        name: array(camera.name.as_bytes()),
        reserved: 0,
        is_new: 1,
    }
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Search_Device_Stop() -> c_int {
    iotc(|| REGISTRY.stop_search().map(|()| OK))
}

/// Whether a camera is online is for the vendor's servers to say.
#[unsafe(no_mangle)]
extern "C" fn IOTC_Check_Device_OnlineEx(
    _: *const c_char,
    _: *const std::ffi::c_void,
    _: *mut std::ffi::c_void,
    _: c_uint,
    _: *const std::ffi::c_void,
) -> c_int {
    IOTC_ER_NOT_SUPPORT
}
