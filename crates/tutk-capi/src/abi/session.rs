//! Sessions that stand, and their channels.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_ushort, c_void};
use std::mem::offset_of;

use super::pointer::{array, put, put_sized, sized};
use super::version::is_newer;
use super::{guard, iotc};
use crate::codes::*;
use crate::session::{OnEnd, Session};
use crate::state::REGISTRY;

/// `struct st_SInfo`: up to 2.1 with room for an IPv4 address, from 3.1 on for IPv6.
#[repr(C)]
#[derive(Clone, Copy)]
struct SessionInfo<const IP: usize> {
    mode: c_uchar,
    is_device: c_char,
    uid: [c_char; 21],
    remote_ip: [c_char; IP],
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

/// `struct st_SInfoEx` likewise.
#[repr(C)]
#[derive(Clone, Copy)]
struct SessionInfoEx<const IP: usize> {
    size: c_uint,
    mode: c_uchar,
    is_device: c_char,
    uid: [c_char; 21],
    remote_ip: [c_char; IP],
    remote_port: c_ushort,
    sent: c_uint,
    received: c_uint,
    version: c_uint,
    vendor: c_ushort,
    product: c_ushort,
    group: c_ushort,
    is_secure: c_uchar,
    local_nat: c_uchar,
    remote_nat: c_uchar,
    relay: c_uchar,
    net_state: c_uint,
    wan_ip: [c_char; IP],
    wan_port: c_ushort,
    is_nebula: c_uchar,
}

const _: () = assert!(size_of::<SessionInfo<17>>() == 64 && size_of::<SessionInfo<47>>() == 92);
// The last field came with 3.1.
const _: () = assert!(offset_of!(SessionInfoEx<17>, is_nebula) == 96 && size_of::<SessionInfoEx<47>>() == 156);

/// Neither P2P nor over a relay.
const LAN: c_uchar = 2;

/// The vendor's library of the other side's generation; 0 if that is not known.
fn version(session: &Session) -> c_uint {
    session.generation.map_or(0, |generation| c_uint::from_le_bytes(generation.library_version()))
}

/// The other side's address, as text; 0.0.0.0 for an IPv6 address that is longer than the field.
fn remote_ip<const IP: usize>(session: &Session) -> [c_char; IP] {
    let text = session.remote.ip().to_string();
    array(if text.len() < IP { text.as_bytes() } else { b"0.0.0.0" })
}

impl<const IP: usize> SessionInfo<IP> {
    fn of(session: &Session) -> Self {
        Self {
            mode: LAN,
            is_device: session.is_camera.into(),
            uid: array(session.uid.as_bytes()),
            remote_ip: remote_ip(session),
            remote_port: session.remote.port(),
            sent: 0,
            received: 0,
            version: version(session),
            vendor: 0,
            product: 0,
            group: 0,
            nat: 0,
            is_secure: 0,
        }
    }
}

impl<const IP: usize> SessionInfoEx<IP> {
    fn of(session: &Session, size: c_uint) -> Self {
        Self {
            size,
            mode: LAN,
            is_device: session.is_camera.into(),
            uid: array(session.uid.as_bytes()),
            remote_ip: remote_ip(session),
            remote_port: session.remote.port(),
            sent: 0,
            received: 0,
            version: version(session),
            vendor: 0,
            product: 0,
            group: 0,
            is_secure: 0,
            local_nat: 0,
            remote_nat: 0,
            relay: 0,
            net_state: 0,
            wan_ip: array(b"0.0.0.0"),
            wan_port: 0,
            is_nebula: 0,
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Session_Check(id: c_int, info: *mut c_void) -> c_int {
    iotc(|| {
        let session = REGISTRY.session(id)?;
        session.check()?;
        if info.is_null() {
            return Err(IOTC_ER_INVALID_ARG);
        }
        // SAFETY: C's side of the contract, which has the struct of its version.
        unsafe {
            if is_newer() {
                put(info.cast(), SessionInfo::<47>::of(&session));
            } else {
                put(info.cast(), SessionInfo::<17>::of(&session));
            }
        }
        Ok(OK)
    })
}

/// The struct says by its size of which version it is: 96 or, without its end, 64 up to 2.1, 156 or 92 from 3.1 on.
#[unsafe(no_mangle)]
unsafe extern "C" fn IOTC_Session_Check_Ex(id: c_int, info: *mut c_uint) -> c_int {
    iotc(|| {
        let session = REGISTRY.session(id)?;
        session.check()?;
        // SAFETY: C's side of the contract; all bytes are integers.
        let size = unsafe { sized(info.cast_const(), size_of::<c_uint>()) }.ok_or(IOTC_ER_INVALID_ARG)?;
        let len = size as usize;
        // SAFETY: the struct has the size that it says, which is C's side of the contract.
        unsafe {
            match size {
                64 | 96 => put_sized(info.cast(), len, SessionInfoEx::<17>::of(&session, size)),
                92 | 156 => put_sized(info.cast(), len, SessionInfoEx::<47>::of(&session, size)),
                _ => return Err(IOTC_ER_INVALID_ARG),
            }
        }
        Ok(OK)
    })
}

/// Of what this side sends, only the first 64 bytes of each datagram are scrambled. The other side decides for itself.
#[unsafe(no_mangle)]
extern "C" fn IOTC_Set_Partial_Encryption(id: c_int, on: c_uchar) -> c_int {
    iotc(|| REGISTRY.session(id)?.set_partial_scramble(on != 0).map(|()| OK))
}

/// Returns 1 if the channel is on, else 0.
#[unsafe(no_mangle)]
extern "C" fn IOTC_Session_Channel_Check_ON_OFF(id: c_int, channel: c_uchar) -> c_int {
    iotc(|| REGISTRY.session(id)?.is_on(channel).map(Code::from))
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
