//! The AV module's start and end, and IO controls.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uint};
use std::time::Duration;

use super::av;
use super::pointer::{bytes, fill, put};
use crate::codes::*;
use crate::state::REGISTRY;

#[unsafe(no_mangle)]
extern "C" fn avInitialize(most: c_int) -> c_int {
    av(|| Ok(REGISTRY.av_initialize(most)))
}

#[unsafe(no_mangle)]
extern "C" fn avDeInitialize() -> c_int {
    av(|| REGISTRY.av_deinitialize().map(|()| OK))
}

/// A body that is null is empty, whatever its size.
#[unsafe(no_mangle)]
unsafe extern "C" fn avSendIOCtrl(index: c_int, kind: c_uint, body: *const c_char, size: c_int) -> c_int {
    av(|| {
        let channel = REGISTRY.av(index)?;
        if size < 0 {
            return Err(AV_ER_INVALID_ARG);
        }
        // SAFETY: C's side of the contract.
        let body = unsafe { bytes(body, size) }.unwrap_or_default().to_vec();
        channel.send_control(kind, body).map(|()| OK)
    })
}

#[unsafe(no_mangle)]
extern "C" fn avSendIOCtrlExit(index: c_int) -> c_int {
    av(|| {
        match REGISTRY.av(index) {
            Ok(channel) => channel.exit_send(),
            // Nobody waits there.
            Err(AV_ER_INVALID_SID) => {}
            Err(code) => return Err(code),
        }
        Ok(OK)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn avRecvIOCtrl(
    index: c_int,
    kind: *mut c_uint,
    body: *mut c_char,
    room: c_int,
    milliseconds: c_uint,
) -> c_int {
    av(|| {
        let channel = REGISTRY.av(index)?;
        let room = usize::try_from(room).map_err(|_| AV_ER_INVALID_ARG)?;
        if kind.is_null() || body.is_null() {
            return Err(AV_ER_INVALID_ARG);
        }
        let (came, bytes) = channel.receive_control(room, Duration::from_millis(milliseconds.into()))?;
        // SAFETY: C's side of the contract.
        unsafe {
            put(kind, came);
            fill(body, room, &bytes);
        }
        Ok(bytes.len() as c_int)
    })
}
