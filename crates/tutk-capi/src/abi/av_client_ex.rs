//! `avClientStartEx`: the login of 4.x, with structs that say their size.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uchar, c_uint};
use std::mem::offset_of;
use std::time::Instant;

use tutk::{Credentials, Encryption};

use super::av_client::{credential, timeout};
use super::pointer::{put, sized};
use super::version::set_newer;
use super::{DTLS, PLAIN, av, encryption};
use crate::av::Role;
use crate::codes::*;
use crate::state::REGISTRY;

/// `struct st_AVClientStartInConfig`.
#[repr(C)]
#[derive(Clone, Copy)]
struct InConfig {
    size: c_uint,
    session: c_uint,
    channel: c_uchar,
    seconds: c_uint,
    account: *const c_char,
    password: *const c_char,
    resend: c_int,
    security: c_uint,
    auth_type: c_uint,
    sync_recv_data: c_int,
}

/// `struct st_AVClientStartOutConfig`.
#[repr(C)]
#[derive(Clone, Copy)]
struct OutConfig {
    size: c_uint,
    service: c_uint,
    resend: c_int,
    two_way: c_int,
    sync_recv_data: c_int,
    security: c_uint,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<InConfig>() == 48 && offset_of!(InConfig, auth_type) == 40);
const _: () = assert!(size_of::<OutConfig>() == 24);

/// Account and password, or identity and token; there are no tokens in plain sessions.
const PASSWORD: c_uint = 0;
const TOKEN: c_uint = 1;

/// Logs in. The first channel of a session decides whether the session is encrypted; the output says what came of it.
#[unsafe(no_mangle)]
unsafe extern "C" fn avClientStartEx(input: *const InConfig, output: *mut OutConfig) -> c_int {
    av(|| {
        set_newer();
        // SAFETY: C's side of the contract; all fields may be zeros.
        let configs = unsafe { (sized(input, offset_of!(InConfig, auth_type)), sized(output, size_of::<OutConfig>())) };
        let (Some(input), Some(out)) = configs else { return Err(AV_ER_INVALID_ARG) };
        let encryption = encryption(input.security)?;
        let has_token = match (input.auth_type, encryption) {
            (PASSWORD, _) => false,
            (TOKEN, Encryption::Off) => return Err(AV_ER_NOT_SUPPORT),
            (TOKEN, _) => true,
            _ => return Err(AV_ER_INVALID_ARG),
        };
        if input.account.is_null() || input.password.is_null() {
            return Err(AV_ER_INVALID_ARG);
        }
        let session = c_int::try_from(input.session).map_err(|_| AV_ER_INVALID_ARG)?;
        let (index, (resend, service, security)) =
            REGISTRY.start_av(session, input.channel, Role::Client, |channel| {
                // SAFETY: C's side of the contract.
                let (account, password) = unsafe { (credential(input.account)?, credential(input.password)?) };
                let until = Instant::now() + timeout(input.seconds.into());
                let make = if has_token { Credentials::token } else { Credentials::new };
                channel.choose_encryption(encryption)?;
                let (resend, service) = channel.log_in(make(account, password), input.resend != 0, until)?;
                Ok((resend, service, if channel.is_encrypted() { DTLS } else { PLAIN }))
            })?;
        // A client sends no media here.
        let two_way = 0;
        let answer = OutConfig { service, resend: resend.into(), two_way, sync_recv_data: 0, security, ..out };
        // SAFETY: the struct has this size, which is C's side of the contract.
        unsafe { put(output, answer) };
        Ok(index)
    })
}
