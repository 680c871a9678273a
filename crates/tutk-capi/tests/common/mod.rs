//! The library as C programs see it: loaded at run time, its functions called by pointer.
#![allow(unsafe_code, non_snake_case, dead_code, unreachable_pub)]

use std::ffi::{CString, c_char, c_int, c_uchar, c_uint, c_ulong, c_void};
use std::path::PathBuf;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use libloading::Library;

pub type Auth = Option<unsafe extern "C" fn(*mut c_char, *mut c_char) -> c_int>;

macro_rules! api {
    ($($name:ident($($type:ty),*) $(-> $result:ty)?;)*) => {
        /// One instance of the library with state of its own.
        #[derive(Clone, Copy)]
        pub struct Api { $(pub $name: unsafe extern "C" fn($($type),*) $(-> $result)?,)* }

        impl Api {
            fn new(library: &Library) -> Self {
                // SAFETY: the types are those of the vendor's header.
                unsafe { Self { $($name: *library.get(stringify!($name)).unwrap(),)* } }
            }
        }
    };
}

api! {
    IOTC_Initialize2(u16) -> c_int;
    IOTC_DeInitialize() -> c_int;
    IOTC_Get_Version(*mut c_uint);
    IOTC_Set_Max_Session_Number(c_ulong);
    IOTC_Setup_LANConnection_Timeout(c_uint);
    IOTC_Lan_Search2(*mut Found, c_int, c_int) -> c_int;
    IOTC_Get_SessionID() -> c_int;
    IOTC_Connect_ByUID(*const c_char) -> c_int;
    IOTC_Connect_ByUID_Parallel(*const c_char, c_int) -> c_int;
    IOTC_Connect_ByUIDEx(*const c_char, c_int, *const ConnectInput) -> c_int;
    IOTC_Connect_Stop();
    IOTC_Connect_Stop_BySID(c_int) -> c_int;
    IOTC_Session_Check(c_int, *mut Info) -> c_int;
    IOTC_Session_Check_ByCallBackFn(c_int, Option<unsafe extern "C" fn(c_int, c_int)>) -> c_int;
    IOTC_Session_Close(c_int) -> c_int;
    IOTC_Session_Get_Free_Channel(c_int) -> c_int;
    IOTC_Session_Channel_ON(c_int, c_uchar) -> c_int;
    IOTC_Session_Channel_OFF(c_int, c_uchar) -> c_int;
    IOTC_Session_Read(c_int, *mut c_char, c_int, c_ulong, c_uchar) -> c_int;
    IOTC_Session_Check_Ex(c_int, *mut c_uint) -> c_int;
    IOTC_Session_Channel_Check_ON_OFF(c_int, c_uchar) -> c_int;
    IOTC_Set_Partial_Encryption(c_int, c_uchar) -> c_int;
    IOTC_Search_Device_Start(c_int, c_int) -> c_int;
    IOTC_Search_Device_Result(*mut c_void, c_int, c_int) -> c_int;
    IOTC_Search_Device_Stop() -> c_int;
    IOTC_Get_Version_String() -> *const c_char;
    IOTC_Device_LoginEx(*const c_char, *const DeviceLoginInput) -> c_int;
    IOTC_Set_Device_Name(*const c_char);
    IOTC_Device_Login(*const c_char, *const c_char, *const c_char) -> c_int;
    IOTC_Get_Login_Info(*mut c_uint) -> c_int;
    IOTC_Listen(c_ulong) -> c_int;
    IOTC_Listen_Exit();
    avGetAVApiVer() -> c_int;
    avInitialize(c_int) -> c_int;
    avDeInitialize() -> c_int;
    avClientStart(c_int, *const c_char, *const c_char, c_ulong, *mut c_uint, c_uchar) -> c_int;
    avClientStart2(c_int, *const c_char, *const c_char, c_ulong, *mut c_uint, c_uchar, *mut c_int) -> c_int;
    avClientStartEx(*const ClientIn, *mut ClientOut) -> c_int;
    avClientSetRecvBufMaxSize(c_int, c_uint) -> c_int;
    avClientRecvBufUsageRate(c_int) -> f32;
    avClientCleanLocalBuf(c_int) -> c_int;
    avClientCleanLocalVideoBuf(c_int) -> c_int;
    avClientExit(c_int, c_uchar);
    avClientStop(c_int);
    avServStart(c_int, *const c_char, *const c_char, c_ulong, c_ulong, c_uchar) -> c_int;
    avServStart3(c_int, Auth, c_ulong, c_ulong, c_uchar, *mut c_int) -> c_int;
    avServStartEx(*const ServIn, *mut ServOut) -> c_int;
    avServExit(c_int, c_uchar);
    avServStop(c_int);
    avServSetResendSize(c_int, c_ulong);
    avSendFrameData(c_int, *const c_char, c_int, *const c_void, c_int) -> c_int;
    avSendAudioData(c_int, *const c_char, c_int, *const c_void, c_int) -> c_int;
    avRecvFrameData2(
        c_int, *mut c_char, c_int, *mut c_int, *mut c_int, *mut c_char, c_int, *mut c_int, *mut c_uint
    ) -> c_int;
    avRecvAudioData(c_int, *mut c_char, c_int, *mut c_char, c_int, *mut c_uint) -> c_int;
    avCheckAudioBuf(c_int) -> c_int;
    avClientCleanBuf(c_int) -> c_int;
    avResendBufUsageRate(c_int) -> f32;
    avSendIOCtrl(c_int, c_uint, *const c_char, c_int) -> c_int;
    avSendIOCtrlExit(c_int) -> c_int;
    avRecvIOCtrl(c_int, *mut c_uint, *mut c_char, c_int, c_uint) -> c_int;
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Found {
    pub uid: [c_char; 21],
    pub ip: [c_char; 16],
    pub port: u16,
    pub name: [c_char; 129],
    pub reserved: c_char,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Info {
    pub mode: u8,
    pub is_device: c_char,
    pub uid: [c_char; 21],
    pub remote_ip: [c_char; 17],
    pub remote_port: u16,
    pub sent: c_uint,
    pub received: c_uint,
    pub version: c_uint,
    pub ids: [u16; 3],
    pub nat: u8,
    pub is_secure: u8,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ConnectInput {
    pub size: c_uint,
    pub authentication_type: c_uint,
    pub auth_key: [u8; 8],
    pub seconds: c_uint,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DeviceLoginInput {
    pub size: c_uint,
    pub authentication_type: c_uint,
    pub auth_key: [u8; 8],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ClientIn {
    pub size: c_uint,
    pub session: c_uint,
    pub channel: c_uchar,
    pub seconds: c_uint,
    pub account: *const c_char,
    pub password: *const c_char,
    pub resend: c_int,
    pub security: c_uint,
    pub auth_type: c_uint,
    pub sync_recv_data: c_int,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientOut {
    pub size: c_uint,
    pub service: c_uint,
    pub resend: c_int,
    pub two_way: c_int,
    pub sync_recv_data: c_int,
    pub security: c_uint,
}

/// What a server is asked for.
pub type PasswordAuth = unsafe extern "C" fn(*const c_char, *mut c_char, c_uint) -> c_int;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ServIn {
    pub size: c_uint,
    pub session: c_uint,
    pub channel: c_uchar,
    pub seconds: c_uint,
    pub service: c_uint,
    pub resend: c_int,
    pub security: c_uint,
    pub password_auth: Option<PasswordAuth>,
    pub token_auth: Option<PasswordAuth>,
    pub others: [*const c_void; 6],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ServOut {
    pub size: c_uint,
    pub resend: c_int,
    pub two_way: c_int,
    pub auth_type: c_int,
    pub account: [c_char; 256],
}

impl ClientIn {
    /// The login as `admin` with this password.
    pub fn new(session: c_int, password: &'static std::ffi::CStr) -> Self {
        Self {
            size: size_of::<Self>() as c_uint,
            session: session as c_uint,
            channel: 0,
            seconds: 20,
            account: c"admin".as_ptr(),
            password: password.as_ptr(),
            resend: 1,
            security: 0,
            auth_type: 0,
            sync_recv_data: 0,
        }
    }
}

impl ClientOut {
    pub fn new() -> Self {
        Self { size: 24, service: 7, resend: 7, two_way: 7, sync_recv_data: 7, security: 7 }
    }
}

impl ServIn {
    /// A server for [`password_of_admin`].
    pub fn new(session: c_int) -> Self {
        Self {
            size: size_of::<Self>() as c_uint,
            session: session as c_uint,
            channel: 0,
            seconds: 20,
            service: 0x10,
            resend: 1,
            security: 0,
            password_auth: Some(password_of_admin),
            token_auth: None,
            others: [null(); 6],
        }
    }
}

impl ServOut {
    pub fn new() -> Self {
        Self { size: 272, resend: 7, two_way: 7, auth_type: 7, account: [7; 256] }
    }
}

impl Info {
    pub fn new() -> Self {
        // SAFETY: all fields are integers.
        unsafe { std::mem::zeroed() }
    }
}

impl Found {
    pub fn new() -> Self {
        // SAFETY: all fields are integers.
        unsafe { std::mem::zeroed() }
    }
}

/// The library that cargo built next to this test.
pub fn built() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.with_file_name("libIOTCAPIs_ALL.so")
}

impl Api {
    /// Loads a copy of the library, so that it has its own state, and initialises it.
    pub fn load() -> Self {
        let api = Self::load_only();
        // SAFETY: as the vendor's header has it.
        unsafe {
            assert_eq!((api.IOTC_Initialize2)(0), 0);
            assert_eq!((api.avInitialize)(8), 8);
            (api.IOTC_Setup_LANConnection_Timeout)(20_000);
        }
        api
    }

    pub fn load_only() -> Self {
        static COPIES: AtomicU32 = AtomicU32::new(0);
        let copy = COPIES.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("libIOTCAPIs_ALL-{}-{copy}.so", std::process::id()));
        std::fs::copy(built(), &path).unwrap();
        // SAFETY: the library's initialisation does nothing.
        let library = unsafe { Library::new(&path) }.unwrap();
        std::fs::remove_file(path).unwrap();
        // Its threads may still run when the test ends.
        Self::new(Box::leak(Box::new(library)))
    }

    /// Connects, logs in as `admin` with `password`, and says the session and the AV channel.
    pub fn log_in(&self, uid: &CString) -> (c_int, c_int) {
        // SAFETY: as the vendor's header has it.
        unsafe {
            let session = (self.IOTC_Connect_ByUID_Parallel)(uid.as_ptr(), (self.IOTC_Get_SessionID)());
            assert!(session >= 0, "{session}");
            let mut resend = -1;
            let (admin, password) = (c"admin".as_ptr(), c"password".as_ptr());
            let av = (self.avClientStart2)(session, admin, password, 20, null_mut(), 0, &mut resend);
            assert!(av >= 0, "{av}");
            assert_eq!(resend, 1);
            (session, av)
        }
    }

    /// Waits for a viewer and lets it in.
    pub fn serve(&self) -> (c_int, c_int) {
        // SAFETY: as the vendor's header has it.
        unsafe {
            let session = (self.IOTC_Listen)(20_000);
            assert!(session >= 0, "{session}");
            let mut resend = -1;
            let av = (self.avServStart3)(session, Some(only_admin), 20, 0x10, 0, &mut resend);
            assert!(av >= 0, "{av}");
            (session, av)
        }
    }

    /// Puts a camera on the LAN.
    pub fn be_camera(&self) -> CString {
        let uid = uid();
        // SAFETY: as the vendor's header has it.
        unsafe {
            (self.IOTC_Set_Device_Name)(c"porch".as_ptr());
            assert_eq!((self.IOTC_Device_Login)(uid.as_ptr(), c"other".as_ptr(), null()), 0);
        }
        uid
    }

    /// Fetches a frame of video: its data, its info and its number, or a code.
    pub fn frame(&self, av: c_int, room: usize) -> Result<(Vec<u8>, Vec<u8>, c_uint), c_int> {
        let (mut data, mut info) = (vec![0u8; room], [0u8; 64]);
        let (mut size, mut expected, mut info_size, mut number) = (-1, -1, -1, 0);
        // SAFETY: as the vendor's header has it; all places outlive the call.
        let result = unsafe {
            (self.avRecvFrameData2)(
                av,
                data.as_mut_ptr().cast(),
                room as c_int,
                &mut size,
                &mut expected,
                info.as_mut_ptr().cast(),
                64,
                &mut info_size,
                &mut number,
            )
        };
        if result < 0 {
            return Err(result);
        }
        assert_eq!((size, expected), (result, result));
        data.truncate(result as usize);
        Ok((data, info[..info_size as usize].to_vec(), number))
    }

    /// Fetches a frame of video, once it is there.
    pub fn wait_frame(&self, av: c_int) -> Result<(Vec<u8>, Vec<u8>, c_uint), c_int> {
        until(|| Some(self.frame(av, 4 << 20)).filter(|frame| *frame != Err(-20012)))
    }

    /// Fetches an IO control, once it is there.
    pub fn control(&self, av: c_int) -> Result<(c_uint, Vec<u8>), c_int> {
        let (mut kind, mut body) = (0, [0u8; 1024]);
        // SAFETY: as the vendor's header has it; all places outlive the call.
        let size = unsafe { (self.avRecvIOCtrl)(av, &mut kind, body.as_mut_ptr().cast(), 1024, 20_000) };
        if size < 0 { Err(size) } else { Ok((kind, body[..size as usize].to_vec())) }
    }

    pub fn send_control(&self, av: c_int, kind: c_uint, body: &[u8]) -> c_int {
        // SAFETY: as the vendor's header has it.
        unsafe { (self.avSendIOCtrl)(av, kind, body.as_ptr().cast(), body.len() as c_int) }
    }

    pub fn send_frame(&self, av: c_int, data: &[u8], info: &[u8]) -> c_int {
        // SAFETY: as the vendor's header has it.
        unsafe {
            (self.avSendFrameData)(
                av,
                data.as_ptr().cast(),
                data.len() as c_int,
                info.as_ptr().cast(),
                info.len() as c_int,
            )
        }
    }
}

/// Lets in admin with the password "password".
///
/// # Safety
/// Two texts with their NUL.
pub unsafe extern "C" fn only_admin(account: *mut c_char, password: *mut c_char) -> c_int {
    // SAFETY: the caller's.
    let (account, password) = unsafe { (std::ffi::CStr::from_ptr(account), std::ffi::CStr::from_ptr(password)) };
    (account == c"admin" && password == c"password").into()
}

/// Says that the password of admin is “password”; there is no other account.
///
/// # Safety
/// A text with its NUL, and room for as many bytes as the size says.
pub unsafe extern "C" fn password_of_admin(account: *const c_char, place: *mut c_char, size: c_uint) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        if std::ffi::CStr::from_ptr(account) != c"admin" {
            return -1;
        }
        let password = c"password".to_bytes_with_nul();
        assert!(password.len() <= size as usize);
        place.cast::<u8>().copy_from_nonoverlapping(password.as_ptr(), password.len());
    }
    0
}

/// A UID that no other test has.
pub fn uid() -> CString {
    CString::new(format!("CAPI{:016X}", getrandom::u64().unwrap())).unwrap()
}

/// Frame info of a frame of H.264.
pub fn info(key: bool, timestamp: u32) -> [u8; 16] {
    let mut info = [0; 16];
    (info[0], info[2]) = (0x4e, key.into());
    info[12..].copy_from_slice(&timestamp.to_le_bytes());
    info
}

/// Text of a C array.
pub fn text(array: &[c_char]) -> String {
    array.iter().take_while(|c| **c != 0).map(|c| *c as u8 as char).collect()
}

/// Asks again and again until there is an answer.
pub fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "no answer");
        std::thread::yield_now();
    }
}
