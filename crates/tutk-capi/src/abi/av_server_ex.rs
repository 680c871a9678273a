//! `avServStartEx`: the server of 4.x, with structs that say their size.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_void};
use std::mem::offset_of;
use std::sync::{Arc, Mutex};

use tutk::wire::MAX_CREDENTIAL;
use tutk::{Encryption, Identity, Secret};
use zeroize::Zeroizing;

use super::av_server::start;
use super::pointer::{array, put_sized, sized};
use super::version::set_newer;
use super::{EITHER, asking, av, encryption};
use crate::av::Av;
use crate::codes::*;
use crate::session::lock;

/// Writes the password of an account, or the token of an identity, with room for as many bytes as it says. Returns 0 if there is
/// one.
type FindSecret = unsafe extern "C" fn(*const c_char, *mut c_char, c_uint) -> c_int;

/// `struct st_AVServStartInConfig`, as far as it is needed: after the first two functions come those for new tokens, identities,
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
    password_auth: Option<FindSecret>,
    token_auth: Option<FindSecret>,
    token_request: *const c_void,
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

/// By account and password, or by identity and token.
const PASSWORD: c_int = 0;
const TOKEN: c_int = 1;

/// What the application has for this account or identity.
///
/// # Safety
/// The function takes a text with its NUL, and a buffer with its size in bytes.
unsafe fn find(function: FindSecret, name: &[u8]) -> Option<Secret> {
    let name = array::<{ MAX_CREDENTIAL + 1 }>(name);
    let mut secret = Zeroizing::new([0u8; MAX_CREDENTIAL + 1]);
    // SAFETY: vouched for by the caller; both outlive the call.
    let found = unsafe { function(name.as_ptr(), secret.as_mut_ptr().cast(), MAX_CREDENTIAL as c_uint + 1) } == 0;
    let secret = secret.split(|byte| *byte == 0).next().filter(|_| found)?;
    std::str::from_utf8(secret).ok().map(Secret::from)
}

/// Waits for a client whose password or token is the one that the application has. In an encrypted session the application is asked
/// in the midst of the handshake, by the thread of the session, and must not call this library then. “Either” is no mode of a
/// server.
#[unsafe(no_mangle)]
unsafe extern "C" fn avServStartEx(input: *const InConfig, output: *mut OutConfig) -> c_int {
    av(|| {
        set_newer();
        // SAFETY: C's side of the contract; all fields may be zeros.
        let configs =
            unsafe { (sized(input, offset_of!(InConfig, token_auth)), sized(output, offset_of!(OutConfig, account))) };
        let (Some(input), Some(out)) = configs else { return Err(AV_ER_INVALID_ARG) };
        if input.security == EITHER {
            return Err(AV_ER_INVALID_ARG);
        }
        let encryption = encryption(input.security)?;
        let (password_auth, token_auth) = (input.password_auth.ok_or(AV_ER_INVALID_ARG)?, input.token_auth);
        let session = c_int::try_from(input.session).map_err(|_| AV_ER_INVALID_ARG)?;
        let client = Arc::new(Mutex::new((PASSWORD, [0; 256])));
        let known = client.clone();
        let passwords = move |identity: Identity<'_>| {
            let (kind, function, name) = match identity {
                Identity::Account(account) => (PASSWORD, password_auth, account),
                Identity::Token(identity) => (TOKEN, token_auth?, identity),
                _ => return None,
            };
            // SAFETY: a function of this type, which is C's side of the contract, to be called from any thread.
            let secret = asking(|| unsafe { find(function, name.as_bytes()) })?;
            *lock(&known) = (kind, array(name.as_bytes()));
            Some(secret)
        };
        let may = |account: &[u8], password: &[u8]| {
            *lock(&client) = (PASSWORD, array(account));
            // SAFETY: a function of this type, which is C's side of the contract.
            let right = unsafe { find(password_auth, account) };
            right.is_some_and(|right| right.reveal().as_bytes() == password)
        };
        let prepare = |channel: &Av| {
            channel.choose_encryption(encryption)?;
            if encryption == Encryption::Required { channel.set_passwords(passwords) } else { Ok(()) }
        };
        let (seconds, service) = (input.seconds.into(), input.service.into());
        let (index, resend) = start(session, prepare, may, seconds, input.channel, input.resend != 0, service)?;
        let (auth_type, account) = *lock(&client);
        let answer = OutConfig { resend: resend.into(), two_way: 0, auth_type, account, ..out };
        // SAFETY: the struct has the size that it says, which is C's side of the contract.
        unsafe { put_sized(output, out.size as usize, answer) };
        Ok(index)
    })
}
