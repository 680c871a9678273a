//! A camera on the LAN, and its viewers' arrival.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uint, c_ulong};
use std::sync::Arc;
use std::time::Duration;

use super::connect::{auth_key, mode, uid};
use super::pointer::{prefix, put, sized};
use super::version::set_newer;
use super::{guard, iotc, wide};
use crate::codes::*;
use crate::state::{OnLogin, REGISTRY};

/// Most bytes of a camera's name, so that `struct st_LanSearchInfo2` holds it with its NUL.
const MAX_NAME: usize = 128;

/// A name, cut to what fits.
///
/// # Safety
/// `name` is null, or bytes can be read from it up to a NUL or for 128 bytes.
unsafe fn name(name: *const c_char) -> String {
    // SAFETY: vouched for by the caller.
    let name = unsafe { prefix(name, MAX_NAME) }.unwrap_or_default();
    let mut name = String::from_utf8_lossy(name).into_owned();
    name.truncate(name.floor_char_boundary(MAX_NAME));
    name
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Set_Device_Name(text: *const c_char) {
    // SAFETY: C's side of the contract.
    guard((), || REGISTRY.set_name(unsafe { name(text) }));
}

/// There is no server to log in to: the camera is on the LAN, and that is all an application needs to know.
#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Device_Login(device: *const c_char, text: *const c_char, _password: *const c_char) -> c_int {
    // SAFETY: C's side of the contract.
    iotc(|| REGISTRY.log_in(unsafe { uid(device) }, unsafe { name(text) }, None).map(|()| OK))
}

/// `struct st_DeviceLoginInput`.
#[repr(C)]
#[derive(Clone, Copy)]
struct DeviceLoginInput {
    size: c_uint,
    authentication_type: c_uint,
    auth_key: [c_char; 8],
}

/// As [`IOTC_Device_Login`], for viewers that show the key.
#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Device_LoginEx(device: *const c_char, input: *const DeviceLoginInput) -> c_int {
    iotc(|| {
        set_newer();
        REGISTRY.check()?;
        // SAFETY: C's side of the contract; all fields are integers.
        let input = unsafe { sized(input, size_of::<DeviceLoginInput>()) }.ok_or(IOTC_ER_INVALID_ARG)?;
        let key = auth_key(input.authentication_type, input.auth_key)?;
        // SAFETY: C's side of the contract.
        REGISTRY.log_in(unsafe { uid(device) }, String::new(), Some(key)).map(|()| OK)
    })
}

/// Returns how often logging in to servers failed.
#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Get_Login_Info(info: *mut c_uint) -> c_int {
    iotc(|| {
        REGISTRY.check()?;
        // SAFETY: C's side of the contract.
        unsafe { put(info, REGISTRY.login_info()) };
        Ok(0)
    })
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Get_Login_Info_ByCallBackFn(callback: Option<unsafe extern "C" fn(c_ulong)>) {
    guard((), || {
        REGISTRY.on_login(callback.map(|callback| -> OnLogin {
            // SAFETY: C's side of the contract: a function of this type, to be called from any thread.
            Arc::new(move |info| unsafe { callback(info.into()) })
        }));
    });
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Listen(milliseconds: c_ulong) -> c_int {
    iotc(|| REGISTRY.listen((milliseconds > 0).then(|| Duration::from_millis(wide(milliseconds)))))
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Listen2(milliseconds: c_ulong, _key: *const c_char, wanted: c_int) -> c_int {
    iotc(|| {
        REGISTRY.check()?;
        mode(wanted)?;
        REGISTRY.listen((milliseconds > 0).then(|| Duration::from_millis(wide(milliseconds))))
    })
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Listen_Exit() {
    guard((), || REGISTRY.exit_listen());
}
