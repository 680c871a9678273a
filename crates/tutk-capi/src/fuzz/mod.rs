//! Body of the fuzz target: calls of any order, with numbers of nothing, sizes of nothing and null pointers.
//!
//! The functions are named as C names them. Pointers are null or good, for that is C's side of the contract.
#![allow(unsafe_code)]

mod newer;

use std::ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_ulong, c_ushort, c_void};
use std::panic;
use std::ptr::{null, null_mut};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

unsafe extern "C" {
    safe fn IOTC_Initialize2(port: c_ushort) -> c_int;
    safe fn IOTC_DeInitialize() -> c_int;
    safe fn IOTC_Setup_LANConnection_Timeout(milliseconds: c_uint);
    safe fn IOTC_Set_Max_Session_Number(most: c_ulong);
    safe fn IOTC_Get_SessionID() -> c_int;
    safe fn IOTC_Connect_Stop();
    safe fn IOTC_Connect_Stop_BySID(id: c_int) -> c_int;
    safe fn IOTC_Listen(milliseconds: c_ulong) -> c_int;
    safe fn IOTC_Listen_Exit();
    safe fn IOTC_Session_Close(id: c_int) -> c_int;
    safe fn IOTC_Session_Get_Free_Channel(id: c_int) -> c_int;
    safe fn IOTC_Session_Channel_ON(id: c_int, channel: c_uchar) -> c_int;
    safe fn IOTC_Session_Channel_OFF(id: c_int, channel: c_uchar) -> c_int;
    safe fn avInitialize(most: c_int) -> c_int;
    safe fn avDeInitialize() -> c_int;
    safe fn avClientStop(index: c_int);
    safe fn avServStop(index: c_int);
    safe fn avClientExit(session: c_int, channel: c_uchar);
    safe fn avClientCleanBuf(index: c_int) -> c_int;
    safe fn avClientSetMaxBufSize(kibibytes: c_ulong);
    safe fn avCheckAudioBuf(index: c_int) -> c_int;
    safe fn avSendIOCtrlExit(index: c_int) -> c_int;
    safe fn avResendBufUsageRate(index: c_int) -> f32;
    safe fn IOTC_Set_Partial_Encryption(id: c_int, on: c_uchar) -> c_int;
    safe fn IOTC_Session_Channel_Check_ON_OFF(id: c_int, channel: c_uchar) -> c_int;
    safe fn IOTC_Search_Device_Start(time: c_int, interval: c_int) -> c_int;
    safe fn IOTC_Search_Device_Stop() -> c_int;
    safe fn IOTC_Setup_Session_Alive_Timeout(seconds: c_uint);
    safe fn avClientSetRecvBufMaxSize(index: c_int, kibibytes: c_uint) -> c_int;
    safe fn avClientRecvBufUsageRate(index: c_int) -> f32;

    fn IOTC_Device_Login(uid: *const c_char, name: *const c_char, password: *const c_char) -> c_int;
    fn IOTC_Set_Device_Name(name: *const c_char);
    fn IOTC_Connect_ByUID_Parallel(uid: *const c_char, id: c_int) -> c_int;
    fn IOTC_Session_Check(id: c_int, info: *mut c_void) -> c_int;
    fn IOTC_Session_Check_Ex(id: c_int, info: *mut c_uint) -> c_int;
    fn IOTC_Search_Device_Result(infos: *mut c_void, len: c_int, all: c_int) -> c_int;
    fn IOTC_Connect_ByUIDEx(uid: *const c_char, id: c_int, input: *const c_void) -> c_int;
    fn IOTC_Device_LoginEx(uid: *const c_char, input: *const c_void) -> c_int;
    fn IOTC_Get_Login_Info(info: *mut c_uint) -> c_int;
    fn avClientStart2(
        session: c_int,
        account: *const c_char,
        password: *const c_char,
        seconds: c_ulong,
        service: *mut c_uint,
        channel: c_uchar,
        resend: *mut c_int,
    ) -> c_int;
    fn avServStart(
        session: c_int,
        account: *const c_char,
        password: *const c_char,
        seconds: c_ulong,
        service: c_ulong,
        channel: c_uchar,
    ) -> c_int;
    fn avSendFrameData(index: c_int, data: *const c_char, size: c_int, info: *const c_void, info_size: c_int) -> c_int;
    fn avSendAudioData(index: c_int, data: *const c_char, size: c_int, info: *const c_void, info_size: c_int) -> c_int;
    fn avRecvFrameData2(
        index: c_int,
        data: *mut c_char,
        room: c_int,
        size: *mut c_int,
        expected: *mut c_int,
        info: *mut c_char,
        info_room: c_int,
        info_size: *mut c_int,
        number: *mut c_uint,
    ) -> c_int;
    fn avRecvAudioData(
        index: c_int,
        data: *mut c_char,
        room: c_int,
        info: *mut c_char,
        info_room: c_int,
        number: *mut c_uint,
    ) -> c_int;
    fn avRecvIOCtrl(index: c_int, kind: *mut c_uint, body: *mut c_char, room: c_int, milliseconds: c_uint) -> c_int;
}

/// A panic never reaches C, so that it must be looked for.
static PANICKED: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Bytes behind each pointer that is not null.
const ROOM: usize = 2048;
/// Calls that one input may have.
const MAX_CALLS: usize = 64;
/// Calls of one input that may wait for a second.
const MAX_WAITS: u8 = 2;
/// The camera.
const UID: &CStr = c"FUZZEDFUZZEDFUZZED00";

/// Calls of the library, most of them while a camera and a viewer of this process have a session.
pub fn capi(data: &[u8]) {
    HOOK.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICKED.store(true, Ordering::SeqCst);
            hook(info);
        }));
    });
    let mut input = Input(data.iter());
    let mut calls = Calls { data: [b'A' as c_char; ROOM], info: [1; ROOM], number: 0, waits: 0 };
    // What outlives the end of the modules: no input depends on the one before it.
    IOTC_Set_Max_Session_Number(128);
    avClientSetMaxBufSize(8192);
    match input.byte() {
        settings if settings & 1 != 0 => {}
        settings if settings < 0x80 => open(),
        _ => {
            assert_eq!((IOTC_Initialize2(0), avInitialize(8)), (0, 8));
            newer::connect(UID);
        }
    }
    for _ in 0..MAX_CALLS {
        if input.0.as_slice().is_empty() {
            break;
        }
        calls.step(&mut input);
    }
    avDeInitialize();
    IOTC_DeInitialize();
    assert!(!PANICKED.load(Ordering::SeqCst), "it panicked");
}

/// A camera and a viewer, with session 0 and channel 0 of one and session 1 and channel 1 of the other.
fn open() {
    let uid = UID.as_ptr();
    let (account, password) = (c"admin", c"right");
    assert_eq!((IOTC_Initialize2(0), avInitialize(8)), (0, 8));
    // SAFETY: all texts end with a NUL, and no other pointer is given.
    unsafe {
        IOTC_Device_Login(uid, null(), null());
        let id = IOTC_Get_SessionID();
        if IOTC_Connect_ByUID_Parallel(uid, id) != id {
            return;
        }
        let server = thread::spawn(move || {
            avServStart(IOTC_Listen(1000), account.as_ptr(), password.as_ptr(), 1, 0, 0);
        });
        avClientStart2(id, account.as_ptr(), password.as_ptr(), 1, null_mut(), 0, null_mut());
        let _ = server.join();
    }
}

struct Input<'a>(std::slice::Iter<'a, u8>);

impl Input<'_> {
    /// 0 at the end.
    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or_default()
    }

    /// Most often one that is in use.
    fn number(&mut self) -> c_int {
        match self.byte() {
            low @ 0..=200 => c_int::from(low % 4),
            201..=220 => -1,
            221..=240 => c_int::MAX,
            241..=250 => c_int::MIN,
            high => c_int::from(high),
        }
    }

    /// No larger than what is behind a pointer.
    fn size(&mut self) -> c_int {
        c_int::from(i16::from_le_bytes([self.byte(), self.byte()])).min(ROOM as c_int)
    }

    fn is_null(&mut self) -> bool {
        self.byte() >= 224
    }
}

/// What the pointers are to.
#[repr(align(8))]
struct Calls {
    data: [c_char; ROOM],
    info: [c_char; ROOM],
    number: c_uint,
    waits: u8,
}

impl Calls {
    fn step(&mut self, input: &mut Input<'_>) {
        let data = if input.is_null() { null_mut() } else { self.data.as_mut_ptr() };
        let info = if input.is_null() { null_mut() } else { self.info.as_mut_ptr() };
        let number: *mut c_uint = if input.is_null() { null_mut() } else { &mut self.number };
        let (index, size, info_size) = (input.number(), input.size(), input.size());
        // SAFETY: pointers are null, or to as many bytes as any size says, and aligned for what they are cast to.
        // Text ends at the latest with the buffer.
        let _code: c_int = unsafe {
            // The functions of 4.x came later: what seeds say before stays what it was.
            match input.byte() {
                238..=246 if self.waits < MAX_WAITS => {
                    self.waits += 1;
                    newer::start(input);
                    0
                }
                247..=251 => newer::log_in(input, if data.is_null() { null() } else { UID.as_ptr() }),
                252..=255 if self.waits < MAX_WAITS => {
                    self.waits += 1;
                    newer::connect_any(input, UID.as_ptr(), index)
                }
                byte => self.call(byte % 34, index, [data, info], number, [size, info_size]),
            }
        };
    }

    /// One of the functions that 1.13 has, and some others.
    ///
    /// # Safety
    /// Pointers are null or to `ROOM` bytes, and no size is larger.
    unsafe fn call(
        &mut self,
        which: u8,
        index: c_int,
        [data, info]: [*mut c_char; 2],
        number: *mut c_uint,
        [size, info_size]: [c_int; 2],
    ) -> c_int {
        // SAFETY: vouched for by the caller.
        unsafe {
            match which {
                0 | 1 => avSendFrameData(index, data, size, info.cast(), info_size),
                2 => avSendAudioData(index, data, size, info.cast(), info_size),
                3 | 4 => {
                    let (size_of_frame, number) = (number.cast(), number.cast());
                    avRecvFrameData2(index, data, size, size_of_frame, null_mut(), info, info_size, null_mut(), number)
                }
                5 => avRecvAudioData(index, data, size, info, info_size, number.cast()),
                6 => avRecvIOCtrl(index, number.cast(), data, size, c_uint::from(info_size & 1 == 0)),
                7 => {
                    avClientStop(index);
                    0
                }
                8 => {
                    avServStop(index);
                    0
                }
                9 => avClientCleanBuf(index),
                10 => {
                    avClientSetMaxBufSize(size as c_ulong);
                    0
                }
                11 => avCheckAudioBuf(index),
                12 => avResendBufUsageRate(index) as c_int + avSendIOCtrlExit(index),
                13 => {
                    avClientExit(index, size as c_uchar);
                    0
                }
                14 => IOTC_Session_Check(index, info.cast()),
                15 => IOTC_Session_Close(index),
                16 => IOTC_Session_Get_Free_Channel(index),
                17 => IOTC_Session_Channel_ON(index, size as c_uchar),
                18 => IOTC_Session_Channel_OFF(index, size as c_uchar),
                19 => IOTC_Listen(1),
                20 => {
                    IOTC_Listen_Exit();
                    IOTC_Connect_Stop();
                    IOTC_Connect_Stop_BySID(index)
                }
                21 => {
                    IOTC_Set_Device_Name(text(data));
                    IOTC_Get_Login_Info(number)
                }
                22 => {
                    IOTC_Setup_LANConnection_Timeout(1);
                    IOTC_Get_SessionID();
                    IOTC_Connect_ByUID_Parallel(text(data), index)
                }
                23 => {
                    IOTC_Set_Max_Session_Number(size as c_ulong);
                    IOTC_Initialize2(0);
                    avInitialize(index)
                }
                24 => IOTC_Device_Login(text(data), text(info), null()),
                25 => IOTC_Device_LoginEx(text(data), sized(info, size)),
                26 => IOTC_Connect_ByUIDEx(text(data), index, sized(info, size)),
                27 => {
                    let info = sized(info, size).cast_mut().cast();
                    IOTC_Session_Check_Ex(index, info)
                }
                28 => IOTC_Set_Partial_Encryption(index, size as c_uchar),
                29 => IOTC_Session_Channel_Check_ON_OFF(index, size as c_uchar),
                30 => {
                    IOTC_Search_Device_Start(size.clamp(-1, 2), index);
                    IOTC_Search_Device_Result(data.cast(), size.min(8), info_size)
                }
                31 => IOTC_Search_Device_Stop(),
                32 => {
                    IOTC_Setup_Session_Alive_Timeout(0);
                    avClientSetRecvBufMaxSize(index, size as c_uint) + avClientRecvBufUsageRate(index) as c_int
                }
                _ => {
                    avDeInitialize();
                    IOTC_DeInitialize()
                }
            }
        }
    }
}

/// A struct that says a size, with a key in its place.
///
/// # Safety
/// It is null, or to `ROOM` bytes.
unsafe fn sized(place: *mut c_char, size: c_int) -> *const c_void {
    if !place.is_null() {
        // SAFETY: vouched for by the caller.
        unsafe {
            place.cast::<c_int>().write_unaligned(size);
            place.add(4).write_bytes(0, 4);
        }
    }
    place.cast()
}

/// Text that ends.
///
/// # Safety
/// It is null, or to `ROOM` bytes.
unsafe fn text(place: *mut c_char) -> *const c_char {
    if !place.is_null() {
        // SAFETY: vouched for by the caller.
        unsafe { place.add(ROOM - 1).write(0) };
    }
    place
}

#[cfg(test)]
mod tests {
    #[test]
    fn capi() {
        tutk_fuzzing::replay("capi", super::capi);
    }
}
