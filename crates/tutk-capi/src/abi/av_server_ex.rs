//! `avServStartEx`: the server of 4.x, with structs that say their size.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_uchar, c_uint, c_void};
use std::mem::offset_of;

use tutk::wire::MAX_CREDENTIAL;

use super::av_server::start;
use super::pointer::{array, put_sized, sized};
use super::version::set_newer;
use super::{DTLS, PLAIN, av, no_dtls};
use crate::codes::*;

/// Writes the password of an account, with room for as many bytes as it says. Returns 0 if there is such an account.
type PasswordAuth = unsafe extern "C" fn(*const c_char, *mut c_char, c_uint) -> c_int;

/// `struct st_AVServStartInConfig`, as far as plain sessions need it: after the first function come those for tokens, identities,
/// abilities, changes of the password and JSON requests.
#[repr(C)]
#[derive(Clone, Copy)]
struct InConfig {
    size: c_uint,
    session: c_uint,
    channel: c_uchar,
    seconds: c_uint,
    service: c_uint,
    resend: c_int,
    security: c_uint,
    password_auth: Option<PasswordAuth>,
    token_auth: *const c_void,
}

/// `struct st_AVServStartOutConfig`.
#[repr(C)]
#[derive(Clone, Copy)]
struct OutConfig {
    size: c_uint,
    resend: c_int,
    two_way: c_int,
    auth_type: c_int,
    account: [c_char; 256],
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(offset_of!(InConfig, password_auth) == 32);
const _: () = assert!(size_of::<OutConfig>() == 272);

/// Waits for a client whose password is the one that the application has for its account. The session is plain: DTLS is refused,
/// and “either” is no mode of a server.
#[unsafe(no_mangle)]
unsafe extern "C" fn avServStartEx(input: *const InConfig, output: *mut OutConfig) -> c_int {
    av(|| {
        set_newer();
        // SAFETY: C's side of the contract; all fields may be zeros.
        let configs =
            unsafe { (sized(input, offset_of!(InConfig, token_auth)), sized(output, offset_of!(OutConfig, account))) };
        let (Some(input), Some(out)) = configs else { return Err(AV_ER_INVALID_ARG) };
        match input.security {
            PLAIN => {}
            DTLS => return Err(no_dtls("avServStartEx")),
            _ => return Err(AV_ER_INVALID_ARG),
        }
        let password_auth = input.password_auth.ok_or(AV_ER_INVALID_ARG)?;
        let session = c_int::try_from(input.session).map_err(|_| AV_ER_INVALID_ARG)?;
        let client = RefCell::new([0; 256]);
        let may = |account: &[u8], password: &[u8]| {
            *client.borrow_mut() = array(account);
            let (name, mut right) = (array::<{ MAX_CREDENTIAL + 1 }>(account), [0 as c_char; MAX_CREDENTIAL + 1]);
            // SAFETY: a text with its NUL, and as many bytes as the size says, that both outlive the call.
            let has_account = unsafe { password_auth(name.as_ptr(), right.as_mut_ptr(), right.len() as c_uint) } == 0;
            let right: Vec<u8> = right.iter().map(|c| *c as u8).take_while(|byte| *byte != 0).collect();
            has_account && password == right
        };
        let (seconds, service) = (input.seconds.into(), input.service.into());
        let (index, resend) = start(session, may, seconds, input.channel, input.resend != 0, service)?;
        let answer = OutConfig { resend: resend.into(), two_way: 0, auth_type: 0, account: client.into_inner(), ..out };
        // SAFETY: the struct has the size that it says, which is C's side of the contract.
        unsafe { put_sized(output, out.size as usize, answer) };
        Ok(index)
    })
}
