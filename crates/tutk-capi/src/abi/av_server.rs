//! AV servers: letting clients in, and sending video and audio.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_ulong, c_ushort, c_void};
use std::time::{Duration, Instant};

use tutk::wire::MAX_CREDENTIAL;

use super::av_client::credential;
use super::pointer::{array, bytes, put};
use super::{MAX_TIMEOUT, av, guard, wide};
use crate::av::{Av, Role};
use crate::codes::*;
use crate::state::REGISTRY;

/// Says with 1 whether account and password are right.
type Auth = unsafe extern "C" fn(*mut c_char, *mut c_char) -> c_int;

/// Waits for a client, once the channel is prepared; returns the AV channel, and whether resend is granted.
pub(super) fn start(
    session: c_int,
    prepare: impl FnOnce(&Av) -> Result<(), Code>,
    may: impl Fn(&[u8], &[u8]) -> bool,
    seconds: c_ulong,
    channel: c_uchar,
    resend: bool,
    service: c_ulong,
) -> Result<(c_int, bool), Code> {
    let until = (seconds > 0).then(|| Instant::now() + Duration::from_secs(wide(seconds).min(MAX_TIMEOUT)));
    let started = REGISTRY.start_av(session, channel, Role::Server, |channel| {
        prepare(channel)?;
        channel.let_in(may, resend, wide(service) as u32, until)
    });
    // An unknown session is an invalid argument to these functions, as it is to the vendor's.
    started.map_err(|code| if code == IOTC_ER_INVALID_SID { AV_ER_INVALID_ARG } else { code })
}

/// The same where the application's function decides.
///
/// # Safety
/// The function takes two texts with room for 257 bytes each.
unsafe fn start_with(
    session: c_int,
    auth: Option<Auth>,
    seconds: c_ulong,
    channel: c_uchar,
    resend: bool,
    service: c_ulong,
) -> Result<(c_int, bool), Code> {
    let auth = auth.ok_or(AV_ER_INVALID_ARG)?;
    let may = move |account: &[u8], password: &[u8]| {
        let (mut account, mut password) =
            (array::<{ MAX_CREDENTIAL + 1 }>(account), array::<{ MAX_CREDENTIAL + 1 }>(password));
        // SAFETY: two texts with their NUL, that outlive the call.
        unsafe { auth(account.as_mut_ptr(), password.as_mut_ptr()) == 1 }
    };
    start(session, |_| Ok(()), may, seconds, channel, resend, service)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn avServStart(
    session: c_int,
    account: *const c_char,
    password: *const c_char,
    seconds: c_ulong,
    service: c_ulong,
    channel: c_uchar,
) -> c_int {
    av(|| {
        // SAFETY: C's side of the contract.
        let (right, word) = unsafe { (credential(account)?, credential(password)?) };
        let may = |account: &[u8], password: &[u8]| account == right.as_bytes() && password == word.as_bytes();
        start(session, |_| Ok(()), may, seconds, channel, false, service).map(|(index, _)| index)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn avServStart2(
    session: c_int,
    auth: Option<Auth>,
    seconds: c_ulong,
    service: c_ulong,
    channel: c_uchar,
) -> c_int {
    // SAFETY: C's side of the contract.
    av(|| unsafe { start_with(session, auth, seconds, channel, false, service) }.map(|(index, _)| index))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn avServStart3(
    session: c_int,
    auth: Option<Auth>,
    seconds: c_ulong,
    service: c_ulong,
    channel: c_uchar,
    resend: *mut c_int,
) -> c_int {
    av(|| {
        // SAFETY: C's side of the contract.
        let (index, granted) = unsafe { start_with(session, auth, seconds, channel, true, service) }?;
        // SAFETY: C's side of the contract.
        unsafe { put(resend, granted.into()) };
        Ok(index)
    })
}

#[unsafe(no_mangle)]
extern "C" fn avServExit(session: c_int, channel: c_uchar) {
    guard((), || REGISTRY.exit_start(session, channel));
}

#[unsafe(no_mangle)]
extern "C" fn avServStop(index: c_int) {
    guard((), || REGISTRY.stop_av(index));
}

/// Media and frame info, neither of them empty.
///
/// # Safety
/// As of [`bytes`].
unsafe fn media<'a>(
    data: *const c_char,
    size: c_int,
    info: *const c_void,
    info_size: c_int,
) -> Result<(&'a [u8], &'a [u8]), Code> {
    // SAFETY: vouched for by the caller.
    let both = unsafe { (bytes(data, size), bytes(info, info_size)) };
    match both {
        (Some(data), Some(info)) if !data.is_empty() && (16..=256).contains(&info.len()) => Ok((data, info)),
        _ => Err(AV_ER_INVALID_ARG),
    }
}

/// An unknown channel is no server's, as the vendor's library says it.
fn server(index: c_int) -> Result<std::sync::Arc<crate::av::Av>, Code> {
    REGISTRY.av(index).map_err(|code| if code == AV_ER_INVALID_ARG { code } else { AV_ER_CLIENT_NOT_SUPPORT })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn avSendFrameData(
    index: c_int,
    data: *const c_char,
    size: c_int,
    info: *const c_void,
    info_size: c_int,
) -> c_int {
    av(|| {
        let channel = server(index)?;
        // SAFETY: C's side of the contract.
        let (data, info) = unsafe { media(data, size, info, info_size) }?;
        channel.send_video(data, info).map(|()| OK)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn avSendAudioData(
    index: c_int,
    data: *const c_char,
    size: c_int,
    info: *const c_void,
    info_size: c_int,
) -> c_int {
    av(|| {
        let channel = server(index)?;
        // SAFETY: C's side of the contract.
        let (data, info) = unsafe { media(data, size, info, info_size) }?;
        channel.send_audio(data, info).map(|()| OK)
    })
}

/// How full the store of unconfirmed frames is, from 0 to 1 and a little more.
#[unsafe(no_mangle)]
extern "C" fn avResendBufUsageRate(index: c_int) -> f32 {
    guard(AV_ER_MEM_INSUFF as f32, || match REGISTRY.av(index) {
        Ok(channel) => channel.fullness(),
        Err(code) => code as f32,
    })
}

/// The store has a fixed size.
#[unsafe(no_mangle)]
extern "C" fn avServSetResendSize(_index: c_int, _kibibytes: c_ulong) {}

/// See [`avServSetResendSize`].
#[unsafe(no_mangle)]
extern "C" fn avServSetMaxBufSize(_kibibytes: c_ulong) {}

/// Frames go out at once.
#[unsafe(no_mangle)]
extern "C" fn avServSetDelayInterval(index: c_int, _packets: c_ushort, _milliseconds: c_ushort) -> c_int {
    av(|| REGISTRY.av(index).map(|_| OK).map_err(|_| AV_ER_INVALID_ARG))
}

/// A frame that has its number must reach the client, which waits for it: nothing is taken back.
#[unsafe(no_mangle)]
extern "C" fn avServResetBuffer(index: c_int, _target: c_int, _milliseconds: c_uint) -> c_int {
    av(|| REGISTRY.av(index).map(|_| OK))
}
