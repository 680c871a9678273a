//! AV clients: logging in, and receiving video and audio.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_ulong};
use std::time::{Duration, Instant};

use tutk::wire::MAX_CREDENTIAL;
use tutk::{Credentials, Frame};

use super::pointer::{fill, put, text};
use super::version::set_newer;
use super::{MAX_TIMEOUT, av, guard, wide};
use crate::av::Role;
use crate::codes::*;
use crate::state::{REGISTRY, video_limit};

/// An account or a password. None is an empty one: the vendor's samples give none for speech.
///
/// # Safety
/// As of [`text`], for 256 bytes.
pub(super) unsafe fn credential(place: *const c_char) -> Result<String, Code> {
    if place.is_null() {
        return Ok(String::new());
    }
    // SAFETY: vouched for by the caller.
    let bytes = unsafe { text(place, MAX_CREDENTIAL) }.ok_or(AV_ER_WRONG_ACCPWD_LENGTH)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| AV_ER_INVALID_ARG)
}

/// A timeout of 0 means one try.
const ONE_TRY: Duration = Duration::from_secs(1);

/// How long a login may take.
pub(super) fn timeout(seconds: u64) -> Duration {
    if seconds == 0 { ONE_TRY } else { Duration::from_secs(seconds.min(MAX_TIMEOUT)) }
}

/// Logs in; returns the AV channel, whether resend is granted, and the server's service.
///
/// # Safety
/// Account and password as of [`credential`].
unsafe fn start(
    session: c_int,
    account: *const c_char,
    password: *const c_char,
    seconds: c_ulong,
    channel: c_uchar,
    resend: bool,
) -> Result<(c_int, (bool, u32)), Code> {
    let timeout = timeout(wide(seconds));
    REGISTRY.start_av(session, channel, Role::Client, |channel| {
        // SAFETY: vouched for by the caller.
        let (account, password) = unsafe { (credential(account)?, credential(password)?) };
        channel.log_in(Credentials::new(account, password), resend, Instant::now() + timeout)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn avClientStart(
    session: c_int,
    account: *const c_char,
    password: *const c_char,
    seconds: c_ulong,
    service: *mut c_uint,
    channel: c_uchar,
) -> c_int {
    av(|| {
        // SAFETY: C's side of the contract.
        let (index, (_, number)) = unsafe { start(session, account, password, seconds, channel, false) }?;
        // SAFETY: C's side of the contract.
        unsafe { put(service, number) };
        Ok(index)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn avClientStart2(
    session: c_int,
    account: *const c_char,
    password: *const c_char,
    seconds: c_ulong,
    service: *mut c_uint,
    channel: c_uchar,
    resend: *mut c_int,
) -> c_int {
    av(|| {
        // SAFETY: C's side of the contract.
        unsafe { put(resend, 0) };
        // SAFETY: C's side of the contract.
        let (index, (granted, number)) = unsafe { start(session, account, password, seconds, channel, true) }?;
        // SAFETY: C's side of the contract.
        unsafe {
            put(service, number);
            put(resend, granted.into());
        }
        Ok(index)
    })
}

#[unsafe(no_mangle)]
extern "C" fn avClientExit(session: c_int, channel: c_uchar) {
    guard((), || REGISTRY.exit_start(session, channel));
}

#[unsafe(no_mangle)]
extern "C" fn avClientStop(index: c_int) {
    guard((), || REGISTRY.stop_av(index));
}

/// Where a frame goes to.
struct Place {
    data: *mut c_char,
    room: c_int,
    info: *mut c_char,
    info_room: c_int,
    size: *mut c_int,
    expected: *mut c_int,
    info_size: *mut c_int,
    number: *mut c_uint,
}

impl Place {
    /// Fails unless there is a place for data and info.
    fn check(&self) -> Result<(), Code> {
        let is_good = !self.data.is_null() && !self.info.is_null() && self.room > 0 && self.info_room > 0;
        if is_good { Ok(()) } else { Err(AV_ER_INVALID_ARG) }
    }

    /// Writes a frame, if it fits; of the info `cut` lets as much be written as fits. Returns the size of the data.
    ///
    /// # Safety
    /// [`check`](Self::check) was passed; as many bytes as said can be written, and the rest is null or can be written.
    unsafe fn write(&self, frame: &Frame, cut: bool) -> Result<Code, Code> {
        let size = c_int::try_from(frame.data.len()).map_err(|_| AV_ER_MEM_INSUFF)?;
        let info_size = frame.info.len() as c_int;
        // SAFETY: vouched for by the caller.
        unsafe { put(self.expected, size) };
        if size > self.room || (info_size > self.info_room && !cut) {
            return Err(AV_ER_BUFPARA_MAXSIZE_INSUFF);
        }
        // SAFETY: vouched for by the caller; neither room is negative.
        unsafe {
            fill(self.data, self.room as usize, &frame.data);
            fill(self.info, self.info_room as usize, &frame.info);
            put(self.size, size);
            put(self.info_size, info_size.min(self.info_room));
            put(self.number, frame.number);
        }
        Ok(size)
    }

    /// The code of a frame that was not written, and which one it is.
    ///
    /// # Safety
    /// As of [`write`](Self::write).
    unsafe fn fail(&self, (code, number): (Code, Option<u32>)) -> Code {
        if let Some(number) = number {
            // SAFETY: vouched for by the caller.
            unsafe { put(self.number, number) };
        }
        code
    }
}

/// # Safety
/// As of [`Place::write`].
unsafe fn receive(index: c_int, place: &Place) -> Result<Code, Code> {
    let channel = REGISTRY.av(index)?;
    place.check()?;
    // Info of newer cameras is longer than some programs know; what they know comes first in it.
    let is_enough = place.info_room >= 16;
    // SAFETY: vouched for by the caller.
    channel.video(|frame| unsafe { place.write(frame, is_enough) }).map_err(|why| unsafe { place.fail(why) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn avRecvFrameData2(
    index: c_int,
    data: *mut c_char,
    room: c_int,
    size: *mut c_int,
    expected: *mut c_int,
    info: *mut c_char,
    info_room: c_int,
    info_size: *mut c_int,
    number: *mut c_uint,
) -> c_int {
    let place = Place { data, room, info, info_room, size, expected, info_size, number };
    // SAFETY: C's side of the contract.
    av(|| unsafe { receive(index, &place) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn avRecvFrameData(
    index: c_int,
    data: *mut c_char,
    room: c_int,
    info: *mut c_char,
    info_room: c_int,
    number: *mut c_uint,
) -> c_int {
    let (size, expected, info_size) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    let place = Place { data, room, info, info_room, size, expected, info_size, number };
    // SAFETY: C's side of the contract.
    av(|| unsafe { receive(index, &place) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn avRecvAudioData(
    index: c_int,
    data: *mut c_char,
    room: c_int,
    info: *mut c_char,
    info_room: c_int,
    number: *mut c_uint,
) -> c_int {
    let (size, expected, info_size) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    let place = Place { data, room, info, info_room, size, expected, info_size, number };
    av(|| {
        let channel = REGISTRY.av(index)?;
        place.check()?;
        // SAFETY: C's side of the contract.
        channel.audio(|block| unsafe { place.write(block, true) }).map_err(|why| unsafe { place.fail(why) })
    })
}

#[unsafe(no_mangle)]
extern "C" fn avCheckAudioBuf(index: c_int) -> c_int {
    av(|| REGISTRY.av(index)?.waiting_audio().map(|blocks| blocks as c_int))
}

#[unsafe(no_mangle)]
extern "C" fn avClientCleanBuf(index: c_int) -> c_int {
    av(|| clean(index, true, true))
}

#[unsafe(no_mangle)]
extern "C" fn avClientCleanVideoBuf(index: c_int) -> c_int {
    av(|| clean(index, true, false))
}

#[unsafe(no_mangle)]
extern "C" fn avClientCleanAudioBuf(index: c_int) -> c_int {
    av(|| clean(index, false, true))
}

/// An unknown channel is an invalid argument to these functions, as it is to the vendor's.
fn clean(index: c_int, video: bool, audio: bool) -> Result<Code, Code> {
    let cleaned = REGISTRY.av(index).and_then(|channel| channel.clean(video, audio));
    cleaned.map(|()| OK).map_err(|code| if code == AV_ER_INVALID_SID { AV_ER_INVALID_ARG } else { code })
}

/// Without asking the camera for anything, as the functions above: what it has sent already comes later.
#[unsafe(no_mangle)]
extern "C" fn avClientCleanLocalBuf(index: c_int) -> c_int {
    av(|| clean(index, true, true))
}

#[unsafe(no_mangle)]
extern "C" fn avClientCleanLocalVideoBuf(index: c_int) -> c_int {
    av(|| clean(index, true, false))
}

/// For one channel; 0 is the default.
#[unsafe(no_mangle)]
extern "C" fn avClientSetRecvBufMaxSize(index: c_int, kibibytes: c_uint) -> c_int {
    av(|| {
        set_newer();
        let channel =
            REGISTRY.av(index).map_err(|code| if code == AV_ER_INVALID_SID { AV_ER_INVALID_ARG } else { code })?;
        channel.set_video_limit(video_limit(kibibytes.into()));
        Ok(OK)
    })
}

/// How full the queue of video is, from 0 to 1, and more where a single frame is larger.
#[unsafe(no_mangle)]
extern "C" fn avClientRecvBufUsageRate(index: c_int) -> f32 {
    let fullness = || REGISTRY.av(index)?.video_fullness();
    guard(AV_ER_MEM_INSUFF as f32, || match fullness() {
        Ok(fullness) => fullness,
        Err(AV_ER_INVALID_SID) => AV_ER_INVALID_ARG as f32,
        Err(code) => code as f32,
    })
}

/// For channels to come.
#[unsafe(no_mangle)]
extern "C" fn avClientSetMaxBufSize(kibibytes: c_ulong) {
    guard((), || REGISTRY.set_video_limit(video_limit(wide(kibibytes))));
}
