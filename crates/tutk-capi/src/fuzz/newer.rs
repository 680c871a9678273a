//! The functions of 4.x that take structs which say their size: any contents, and pointers that are null or good.

use std::ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use super::Input;

unsafe extern "C" {
    safe fn IOTC_Listen(milliseconds: std::ffi::c_ulong) -> c_int;
    safe fn IOTC_Listen_Exit();
    safe fn IOTC_Get_SessionID() -> c_int;
    safe fn avClientExit(session: c_int, channel: c_uchar);
    safe fn avServExit(session: c_int, channel: c_uchar);

    fn IOTC_Device_LoginEx(uid: *const c_char, input: *const c_void) -> c_int;
    fn IOTC_Connect_ByUIDEx(uid: *const c_char, id: c_int, input: *const c_void) -> c_int;
    fn avClientStartEx(input: *const ClientInput, output: *mut Output) -> c_int;
    fn avServStartEx(input: *const ServerInput, output: *mut Output) -> c_int;
}

/// Bytes of each struct here: more than any of the library's has.
const STRUCT_LEN: usize = 320;
/// How long an end may take to begin, and the other one to notice.
const POLL: Duration = Duration::from_millis(1);

/// As `struct st_DeviceLoginInput` and `struct st_IOTCConnectInput` begin.
#[repr(C)]
struct KeyInput {
    size: c_uint,
    kind: c_uint,
    key: [u8; 8],
    seconds: c_uint,
}

/// As `struct st_AVClientStartInConfig`.
#[repr(C)]
struct ClientInput {
    size: c_uint,
    session: c_uint,
    channel: c_uchar,
    seconds: c_uint,
    account: *const c_char,
    password: *const c_char,
    resend: c_int,
    security: c_uint,
    auth_type: c_uint,
    sync: c_int,
}

type FindSecret = unsafe extern "C" fn(*const c_char, *mut c_char, c_uint) -> c_int;

/// As `struct st_AVServStartInConfig`.
#[repr(C)]
struct ServerInput {
    size: c_uint,
    session: c_uint,
    channel: c_uchar,
    seconds: c_uint,
    service: c_uint,
    resend: c_int,
    security: c_uint,
    password: Option<FindSecret>,
    token: Option<FindSecret>,
    others: [*const c_void; 6],
}

/// What is written to.
#[repr(C, align(8))]
struct Output {
    size: c_uint,
    rest: [u8; STRUCT_LEN],
}

// SAFETY: the pointers are to what lives as long as the process.
unsafe impl Send for ClientInput {}
// SAFETY: as above.
unsafe impl Send for ServerInput {}

/// The secret of `admin`, which is an account and an identity; there are no others.
///
/// # Safety
/// The identity ends with a NUL, and `place` has `size` bytes.
unsafe extern "C" fn find(identity: *const c_char, place: *mut c_char, size: c_uint) -> c_int {
    // SAFETY: vouched for by the caller.
    let identity = unsafe { CStr::from_ptr(identity) };
    let secret = c"right".to_bytes_with_nul();
    if identity != c"admin" || secret.len() > size as usize {
        return -1;
    }
    // SAFETY: it fits.
    unsafe { place.cast::<u8>().copy_from_nonoverlapping(secret.as_ptr(), secret.len()) };
    0
}

fn text(input: &mut Input<'_>) -> *const c_char {
    match input.byte() {
        0..=99 => c"admin".as_ptr(),
        100..=199 => c"right".as_ptr(),
        200..=219 => c"".as_ptr(),
        220..=239 => c"\xff".as_ptr(),
        _ => null(),
    }
}

/// Most often the right one.
fn size(input: &mut Input<'_>, right: usize) -> c_uint {
    match input.byte() {
        0..=199 => right as c_uint,
        200..=247 => c_uint::from(input.byte()),
        _ => c_uint::MAX,
    }
}

/// Most often one that has a meaning.
fn choice(input: &mut Input<'_>, most: u8) -> c_uint {
    match input.byte() {
        low @ 0..=247 => c_uint::from(low % (most + 1)),
        high => c_uint::from(high) << 24,
    }
}

impl KeyInput {
    fn new(input: &mut Input<'_>) -> Self {
        let (size, kind) = (size(input, 20), choice(input, 0));
        let key = if input.byte() < 128 { *b"AbCd1234" } else { std::array::from_fn(|_| input.byte()) };
        Self { size, kind, key, seconds: 1 }
    }
}

impl ClientInput {
    fn new(input: &mut Input<'_>) -> Self {
        Self {
            size: size(input, size_of::<Self>()),
            session: choice(input, 1),
            channel: choice(input, 2) as c_uchar,
            seconds: 1,
            account: text(input),
            password: text(input),
            resend: choice(input, 1) as c_int,
            security: choice(input, 2),
            auth_type: choice(input, 1),
            sync: 0,
        }
    }
}

impl ServerInput {
    fn new(input: &mut Input<'_>) -> Self {
        let function = |byte| if byte < 224 { Some(find as FindSecret) } else { None };
        Self {
            size: size(input, size_of::<Self>()),
            session: choice(input, 1) ^ 1,
            channel: choice(input, 2) as c_uchar,
            seconds: 1,
            service: choice(input, 1),
            resend: choice(input, 1) as c_int,
            security: choice(input, 2),
            password: function(input.byte()),
            token: function(input.byte()),
            others: [null(); 6],
        }
    }
}

impl Output {
    fn new(input: &mut Input<'_>) -> Self {
        Self { size: size(input, 272), rest: [1; STRUCT_LEN] }
    }
}

/// A camera with an authentication key, and a viewer that shows it. Neither has a channel.
pub(super) fn connect(uid: &CStr) {
    let key = KeyInput { size: 20, kind: 0, key: *b"AbCd1234", seconds: 1 };
    // SAFETY: the structs have the size that they say.
    unsafe {
        let key = (&raw const key).cast();
        IOTC_Device_LoginEx(uid.as_ptr(), key);
        IOTC_Connect_ByUIDEx(uid.as_ptr(), IOTC_Get_SessionID(), key);
    }
}

pub(super) fn log_in(input: &mut Input<'_>, uid: *const c_char) -> c_int {
    let key = KeyInput::new(input);
    let key = if input.is_null() { null() } else { (&raw const key).cast() };
    // SAFETY: no more of the struct is read than what the library knows of.
    unsafe { IOTC_Device_LoginEx(uid, key) }
}

pub(super) fn connect_any(input: &mut Input<'_>, uid: *const c_char, id: c_int) -> c_int {
    let key = KeyInput::new(input);
    let key = if input.is_null() { null() } else { (&raw const key).cast() };
    // SAFETY: as above.
    unsafe { IOTC_Connect_ByUIDEx(uid, id, key) }
}

/// Starts a client and a server at once. If one of them fails, the other one waits no longer.
pub(super) fn start(input: &mut Input<'_>) {
    let (client, mut server) = (ClientInput::new(input), ServerInput::new(input));
    let (mut of_client, mut of_server) = (Output::new(input), Output::new(input));
    let (channel_of_client, channel_of_server) = (client.channel, server.channel);
    let (session_of_client, session_of_server) = (client.session as c_int, AtomicI32::new(server.session as c_int));
    let (what, has_failed) = (input.byte(), AtomicBool::new(false));
    thread::scope(|scope| {
        let client = scope.spawn(|| {
            let client = client;
            let output = if what == 255 { null_mut() } else { &raw mut of_client };
            // SAFETY: no more of a struct is read or written than the library knows of, and each struct here has as many bytes.
            let code = unsafe { avClientStartEx(if what == 254 { null() } else { &client }, output) };
            has_failed.fetch_or(code < 0, Ordering::SeqCst);
        });
        let server = scope.spawn(|| {
            // A session begins with the client's first data.
            if what & 1 == 0 {
                let id = IOTC_Listen(200);
                server.session = id as c_uint;
                session_of_server.store(id, Ordering::SeqCst);
            }
            let output = if what == 253 { null_mut() } else { &raw mut of_server };
            // SAFETY: as above.
            let code = unsafe { avServStartEx(if what == 251 { null() } else { &server }, output) };
            has_failed.fetch_or(code < 0, Ordering::SeqCst);
        });
        while !client.is_finished() || !server.is_finished() {
            if has_failed.load(Ordering::SeqCst) {
                IOTC_Listen_Exit();
                avClientExit(session_of_client, channel_of_client);
                avServExit(session_of_server.load(Ordering::SeqCst), channel_of_server);
            }
            thread::sleep(POLL);
        }
    });
}
