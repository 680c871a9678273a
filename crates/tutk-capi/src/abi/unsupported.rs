//! What is not done, so that programs that name these functions can be linked and told so.
//!
//! | function | returns |
//! | --- | --- |
//! | `IOTC_Session_Read`, `IOTC_Session_Read_Check_Lost`, `IOTC_Session_Write`: data beside AV | `IOTC_ER_NOT_SUPPORT` (-63) |
//! | `IOTC_Connect_ByName`, `IOTC_Connect_ByName2`: cameras without a UID | `IOTC_ER_NOT_SUPPORT` (-63) |
//! | `IOTC_Check_Device_OnlineEx`: asks the vendor's servers | `IOTC_ER_NOT_SUPPORT` (-63) |
//! | `IOTC_Connect_ByUID2`, `IOTC_Listen2` in secure mode | `IOTC_ER_DEVICE_NOT_SECURE_MODE` (-36) |
//! | `avClientStartEx`, `avServStartEx` with DTLS, built without the feature `dtls` | `AV_ER_LOCAL_NOT_SUPPORT_DTLS` (-20049), and a line on the standard error output |
//! | `avSendJSONCtrlRequest`: no camera needs it to play | `AV_ER_NOT_SUPPORT` (-20033), without a response |
//! | `avClientStartEx` with a token in a plain session | `AV_ER_NOT_SUPPORT` (-20033) |
//! | `IOTC_TCPRelayOnly_TurnOn`, `IOTC_Set_Log_Path`, `IOTC_Setup_P2PConnection_Timeout`, `IOTC_Setup_DetectNetwork_Timeout` | nothing, and do nothing |
//! | `TUTK_SDK_Set_License_Key`, `TUTK_SDK_Set_Region`, `TUTK_SDK_Set_Region_Code` | 0: no licence is asked for, no server either |
//! | `IOTC_Set_Log_Attr` | 0, and does nothing |
//!
//! RDT and P2P tunnels are other libraries of the vendor's.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_ulong, c_ushort, c_void};

use super::pointer::put;
use super::version::set_newer;
use crate::codes::*;

#[unsafe(no_mangle)]
extern "C" fn IOTC_Session_Read(_: c_int, _: *mut c_char, _: c_int, _: c_ulong, _: c_uchar) -> c_int {
    IOTC_ER_NOT_SUPPORT
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Session_Read_Check_Lost(
    _: c_int,
    _: *mut c_char,
    _: c_int,
    _: c_ulong,
    _: *mut c_ushort,
    _: *mut c_char,
    _: c_uchar,
) -> c_int {
    IOTC_ER_NOT_SUPPORT
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Session_Write(_: c_int, _: *const c_char, _: c_int, _: c_uchar) -> c_int {
    IOTC_ER_NOT_SUPPORT
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Connect_ByName(_: *const c_char, _: *const c_char) -> c_int {
    IOTC_ER_NOT_SUPPORT
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Connect_ByName2(_: *const c_char, _: *const c_char, _: *const c_char, _: c_int) -> c_int {
    IOTC_ER_NOT_SUPPORT
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_TCPRelayOnly_TurnOn() {}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Set_Log_Path(_: *mut c_char, _: c_int) {}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Setup_P2PConnection_Timeout(_: c_uint) {}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Setup_DetectNetwork_Timeout(_: c_uint) {}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Set_Log_Attr(_: *const c_void) -> c_int {
    set_newer();
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn avSendJSONCtrlRequest(_: c_int, _: *const c_char, response: *mut *mut c_char, _: c_uint) -> c_int {
    set_newer();
    // SAFETY: C's side of the contract.
    unsafe { put(response, std::ptr::null_mut()) };
    AV_ER_NOT_SUPPORT
}

/// There is no response to free.
#[unsafe(no_mangle)]
extern "C" fn avFreeJSONCtrlResponse(_: *mut c_char) {}

#[unsafe(no_mangle)]
extern "C" fn TUTK_SDK_Set_License_Key(_: *const c_char) -> c_int {
    set_newer();
    OK
}

#[unsafe(no_mangle)]
extern "C" fn TUTK_SDK_Set_Region(_: c_int) -> c_int {
    set_newer();
    OK
}

#[unsafe(no_mangle)]
extern "C" fn TUTK_SDK_Set_Region_Code(_: *const c_char) -> c_int {
    set_newer();
    OK
}
