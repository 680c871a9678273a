//! Sessions that stand, and their channels.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_ushort};

use super::pointer::{array, put};
use super::{guard, iotc};
use crate::codes::*;
use crate::session::OnEnd;
use crate::state::REGISTRY;

/// `struct st_SInfo`.
#[repr(C)]
struct SessionInfo {
    mode: c_uchar,
    is_device: c_char,
    uid: [c_char; 21],
    remote_ip: [c_char; 17],
    remote_port: c_ushort,
    sent: c_uint,
    received: c_uint,
    version: c_uint,
    vendor: c_ushort,
    product: c_ushort,
    group: c_ushort,
    nat: c_uchar,
    is_secure: c_uchar,
}

const _: () = assert!(size_of::<SessionInfo>() == 64);

/// Neither P2P nor over a relay.
const LAN: c_uchar = 2;

#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Session_Check(id: c_int, info: *mut SessionInfo) -> c_int {
    iotc(|| {
        let session = REGISTRY.session(id)?;
        session.check()?;
        if info.is_null() {
            return Err(IOTC_ER_INVALID_ARG);
        }
        let value = SessionInfo {
            mode: LAN,
            is_device: session.is_camera.into(),
            uid: array(session.uid.as_bytes()),
            remote_ip: array(session.remote.ip().to_string().as_bytes()),
            remote_port: session.remote.port(),
            sent: 0,
            received: 0,
            version: IOTC_VERSION,
            vendor: 0,
            product: 0,
            group: 0,
            nat: 0,
            is_secure: 0,
        };
        // SAFETY: C's side of the contract.
        unsafe { put(info, value) };
        Ok(OK)
    })
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Session_Check_ByCallBackFn(
    id: c_int,
    callback: Option<unsafe extern "C" fn(c_int, c_int)>,
) -> c_int {
    iotc(|| {
        let session = REGISTRY.session(id)?;
        let on_end = callback.map(|callback| -> OnEnd {
            // SAFETY: C's side of the contract: a function of this type, to be called from any thread.
            Box::new(move |id, code| unsafe { callback(id, code) })
        });
        session.tell(on_end).map(|()| OK)
    })
}

/// Returns 0 although the vendor's header has it `void`: programs exist that look at the result.
#[unsafe(no_mangle)]
extern "C" fn IOTC_Session_Close(id: c_int) -> c_int {
    iotc(|| {
        REGISTRY.close(id);
        Ok(OK)
    })
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Session_Get_Free_Channel(id: c_int) -> c_int {
    iotc(|| REGISTRY.session(id)?.free_channel().map(Code::from))
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Session_Channel_ON(id: c_int, channel: c_uchar) -> c_int {
    iotc(|| REGISTRY.session(id)?.switch(channel, true).map(|()| OK))
}

#[unsafe(no_mangle)]
extern "C" fn IOTC_Session_Channel_OFF(id: c_int, channel: c_uchar) -> c_int {
    iotc(|| REGISTRY.session(id)?.switch(channel, false).map(|()| OK))
}

/// What the other side is behind is not known, and does not matter on a LAN.
#[unsafe(no_mangle)]
extern "C" fn IOTC_Get_Nat_Type() -> c_int {
    guard(OK, || OK)
}
