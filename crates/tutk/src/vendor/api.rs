//! The library's functions, made safe: lengths, numbers and text are checked on their way in and out.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_ulong};
use std::path::Path;

use tutk_sys::codes::{
    AV_ER_BUFPARA_MAXSIZE_INSUFF, AV_ER_DATA_NOREADY, AV_ER_INCOMPLETE_FRAME, AV_ER_LOSED_THIS_FRAME,
};
use tutk_sys::security::{AV_SECURITY_AUTO, AV_SECURITY_DTLS, AV_SECURITY_SIMPLE};
use tutk_sys::{
    Av, Library, LoadError, st_AVClientStartInConfig, st_AVClientStartOutConfig, st_IOTCConnectInput,
    st_LanSearchInfo2, st_SInfo,
};

use super::Code;
use crate::{AuthKey, Encryption};

/// `IOTC_ER_NOT_SUPPORT`: the library lacks a function.
const NOT_SUPPORT: c_int = -63;
/// `AV_ER_NOT_INITIALIZED`.
const NOT_INITIALIZED: c_int = -20019;
/// Most devices that a search lists.
const MAX_FOUND: usize = 256;
/// Frame info of all generations fits.
const INFO: usize = 64;
/// What may be written behind the pointer to a session's info: more than any version of the library does.
const SESSION_INFO: usize = 1024;

/// A loaded library.
#[derive(Debug)]
pub(super) struct Api(Library);

/// A device that answered a search; text as the device sent it.
pub(super) struct Device {
    pub(super) uid: Vec<u8>,
    pub(super) ip: Vec<u8>,
    pub(super) port: u16,
    pub(super) name: Vec<u8>,
}

/// What the library says of a session.
pub(super) struct SessionState {
    pub(super) mode: u8,
    pub(super) ip: Vec<u8>,
    pub(super) port: u16,
}

/// Where and as whom to log in.
#[derive(Clone, Copy)]
pub(super) struct Login<'a> {
    /// The channel of the session.
    pub(super) channel: u8,
    pub(super) account: &'a CStr,
    pub(super) password: &'a CStr,
    /// How long that may take.
    pub(super) seconds: u32,
}

/// A channel whose login is done.
pub(super) struct LoggedIn {
    pub(super) channel: c_int,
    pub(super) encrypted: bool,
}

/// What came of asking for a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// A frame: its bytes are at the start of the buffer.
    Frame { len: usize, info: [u8; INFO], info_len: usize, number: u32 },
    /// Nothing yet.
    Nothing,
    /// A frame is there, and does not fit into the buffer.
    NoRoom,
    /// A frame was lost; its number, if the library said it.
    Lost(Option<u32>),
}

fn check(result: c_int) -> Result<c_int, Code> {
    if result < 0 { Err(Code(result)) } else { Ok(result) }
}

fn size(len: usize) -> c_int {
    c_int::try_from(len).unwrap_or(c_int::MAX)
}

/// The text in a field, up to its NUL or its end.
fn text(field: &[u8]) -> Vec<u8> {
    field.iter().copied().take_while(|byte| *byte != 0).collect()
}

/// What the library wrote behind a pointer to `unsigned long`: it may have written only 32 bits of it.
fn low(value: c_ulong) -> u32 {
    if cfg!(target_endian = "big") && size_of::<c_ulong>() == 8 && value >> 16 >> 16 != 0 {
        (value >> 16 >> 16) as u32
    } else {
        value as u32
    }
}

impl Api {
    /// Runs the constructors of the library that `path` names, or of the system's.
    pub(super) fn load(path: Option<&Path>) -> Result<Self, LoadError> {
        // SAFETY: the user names the library as one of the vendor's, or has installed one under its name. That it then
        // does what its interface says cannot be checked.
        unsafe { Library::load(path) }.map(Self)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Whether `path` names this library.
    pub(super) fn is_named_by(&self, path: &Path) -> bool {
        self.0.is_named_by(path)
    }

    pub(super) fn iotc_version(&self) -> u32 {
        let mut version: c_ulong = 0;
        // SAFETY: the pointer is to a whole `unsigned long`, which is initialised.
        unsafe { self.0.iotc().IOTC_Get_Version(&mut version) };
        low(version)
    }

    /// Loads the functions of channels.
    pub(super) fn load_channels(&self) -> Result<(), LoadError> {
        self.0.av().map(drop)
    }

    /// The functions of channels, which [`load_channels`](Self::load_channels) has loaded.
    fn av(&self) -> Result<&Av, Code> {
        self.0.av().map_err(|_| Code(NOT_INITIALIZED))
    }

    pub(super) fn av_version(&self) -> Option<u32> {
        let av = self.av().ok()?;
        av.avGetAVApiVer.as_ref().ok()?;
        // SAFETY: no arguments, and the function is there.
        Some(unsafe { av.avGetAVApiVer() } as u32)
    }

    /// False if the library has no such function.
    pub(super) fn set_license_key(&self, key: &CStr) -> Result<bool, Code> {
        if self.0.iotc().TUTK_SDK_Set_License_Key.is_err() {
            return Ok(false);
        }
        // SAFETY: the key is a string with a NUL at its end, and the function is there.
        check(unsafe { self.0.iotc().TUTK_SDK_Set_License_Key(key.as_ptr()) }).map(|_| true)
    }

    pub(super) fn initialize(&self) -> Result<(), Code> {
        // SAFETY: the argument is a number.
        check(unsafe { self.0.iotc().IOTC_Initialize2(0) }).map(|_| ())
    }

    pub(super) fn deinitialize(&self) {
        // SAFETY: no arguments; without an initialisation it returns an error.
        unsafe { self.0.iotc().IOTC_DeInitialize() };
    }

    pub(super) fn initialize_channels(&self, channels: c_int) -> Result<(), Code> {
        // SAFETY: the argument is a number.
        check(unsafe { self.av()?.avInitialize(channels) }).map(|_| ())
    }

    pub(super) fn deinitialize_channels(&self) {
        let Ok(av) = self.av() else { return };
        // SAFETY: no arguments; without an initialisation it returns an error.
        unsafe { av.avDeInitialize() };
    }

    pub(super) fn search(&self, milliseconds: c_int) -> Result<Vec<Device>, Code> {
        if self.0.iotc().IOTC_Lan_Search2.is_err() {
            return Err(Code(NOT_SUPPORT));
        }
        // SAFETY: a struct of numbers and arrays of them may be all zeros.
        let mut found: Vec<st_LanSearchInfo2> = vec![unsafe { std::mem::zeroed() }; MAX_FOUND];
        // SAFETY: the pointer is to `MAX_FOUND` structs, and the function is there.
        let count =
            check(unsafe { self.0.iotc().IOTC_Lan_Search2(found.as_mut_ptr(), size(found.len()), milliseconds) })?;
        found.truncate(usize::try_from(count).unwrap_or(0));
        Ok(found
            .iter()
            .map(|found| Device {
                uid: text(&found.UID.map(|c| c as u8)),
                ip: text(&found.IP.map(|c| c as u8)),
                port: found.port,
                name: text(&found.DeviceName.map(|c| c as u8)),
            })
            .collect())
    }

    /// Takes a session number.
    pub(super) fn session_number(&self) -> Result<c_int, Code> {
        // SAFETY: no arguments.
        check(unsafe { self.0.iotc().IOTC_Get_SessionID() })
    }

    /// Blocks; with a key, for up to `seconds`. The session has the number `session` then.
    pub(super) fn connect(
        &self,
        uid: &CStr,
        session: c_int,
        auth_key: Option<&AuthKey>,
        seconds: u32,
    ) -> Result<(), Code> {
        if let Some(key) = auth_key {
            if self.0.iotc().IOTC_Connect_ByUIDEx.is_err() {
                return Err(Code(NOT_SUPPORT));
            }
            let input = st_IOTCConnectInput {
                cb: size_of::<st_IOTCConnectInput>() as u32,
                authentication_type: 0,
                auth_key: key.reveal().map(|byte| byte as c_char),
                timeout: seconds,
            };
            // SAFETY: the UID is a string with a NUL at its end, the struct says its own size, and both outlive the call. The
            // function is there.
            return check(unsafe { self.0.iotc().IOTC_Connect_ByUIDEx(uid.as_ptr(), session, &input) }).map(|_| ());
        }
        // SAFETY: the UID is a string with a NUL at its end, and it outlives the call.
        check(unsafe { self.0.iotc().IOTC_Connect_ByUID_Parallel(uid.as_ptr(), session) }).map(|_| ())
    }

    pub(super) fn stop_connect(&self, session: c_int) {
        if self.0.iotc().IOTC_Connect_Stop_BySID.is_ok() {
            // SAFETY: the argument is a number, and the function is there.
            unsafe { self.0.iotc().IOTC_Connect_Stop_BySID(session) };
        }
    }

    pub(super) fn session_state(&self, session: c_int) -> Result<SessionState, Code> {
        // Aligned for the struct, and larger than it, for newer versions write more.
        let mut room = [0_u64; SESSION_INFO / 8];
        // SAFETY: the pointer is to more bytes than any version of the struct has, and aligned to 8.
        check(unsafe { self.0.iotc().IOTC_Session_Check(session, room.as_mut_ptr().cast::<st_SInfo>()) })?;
        let bytes: Vec<u8> = room.iter().flat_map(|word| word.to_ne_bytes()).collect();
        macro_rules! read {
            ($info:ty) => {{
                let ip = std::mem::offset_of!($info, RemoteIP);
                let port = std::mem::offset_of!($info, RemotePort);
                let mode = bytes[std::mem::offset_of!($info, Mode)];
                let port_bytes = [bytes[port], bytes[port + 1]];
                SessionState { mode, ip: text(&bytes[ip..port]), port: u16::from_ne_bytes(port_bytes) }
            }};
        }
        Ok(if self.iotc_version() >> 24 >= 3 { read!(tutk_sys::st_SInfo3) } else { read!(st_SInfo) })
    }

    pub(super) fn close(&self, session: c_int) {
        // SAFETY: the argument is a number.
        unsafe { self.0.iotc().IOTC_Session_Close(session) };
    }

    /// Whether it has sessions that are encrypted (DTLS): those of 4.x do.
    pub(super) fn can_encrypt(&self) -> bool {
        self.av().is_ok_and(|av| av.avClientStartEx.is_ok())
    }

    /// Blocks for up to `seconds`. With [`Encryption::Auto`] the session is encrypted if the camera does that.
    pub(super) fn log_in(&self, session: c_int, login: Login<'_>, encryption: Encryption) -> Result<LoggedIn, Code> {
        if !self.can_encrypt() {
            return self.log_in_plain(session, login);
        }
        let mode = match encryption {
            Encryption::Required => AV_SECURITY_DTLS,
            Encryption::Off => AV_SECURITY_SIMPLE,
            _ => AV_SECURITY_AUTO,
        };
        match self.log_in_as(session, login, mode) {
            // It was built without.
            Err(code) if encryption == Encryption::Auto && code.is_about_dtls() => {
                self.log_in_as(session, login, AV_SECURITY_SIMPLE)
            }
            logged_in => logged_in,
        }
    }

    fn log_in_plain(&self, session: c_int, login: Login<'_>) -> Result<LoggedIn, Code> {
        let av = self.av()?;
        let (mut server_type, mut resend): (c_ulong, c_int) = (0, 0);
        let (account, password) = (login.account.as_ptr(), login.password.as_ptr());
        let (number, seconds) = (login.channel, c_ulong::from(login.seconds));
        // SAFETY: the strings end with a NUL, and all pointers outlive the call. One of the two logins is there, and it is not the
        // other one.
        let channel =
            unsafe { av.avClientStart2(session, account, password, seconds, &mut server_type, number, &mut resend) };
        Ok(LoggedIn { channel: check(channel)?, encrypted: false })
    }

    fn log_in_as(&self, session: c_int, login: Login<'_>, security_mode: u32) -> Result<LoggedIn, Code> {
        let av = self.av()?;
        let config = st_AVClientStartInConfig {
            cb: size_of::<st_AVClientStartInConfig>() as u32,
            iotc_session_id: session as u32,
            iotc_channel_id: login.channel,
            timeout_sec: login.seconds,
            account_or_identity: login.account.as_ptr(),
            password_or_token: login.password.as_ptr(),
            resend: 1,
            security_mode,
            auth_type: 0,
            sync_recv_data: 0,
        };
        // SAFETY: a struct of numbers may be all zeros.
        let mut answer: st_AVClientStartOutConfig = unsafe { std::mem::zeroed() };
        answer.cb = size_of::<st_AVClientStartOutConfig>() as u32;
        // SAFETY: both pointers are to whole structs that say their own size, and the function is there.
        let channel = check(unsafe { av.avClientStartEx(&config, &mut answer) })?;
        Ok(LoggedIn { channel, encrypted: answer.security_mode == AV_SECURITY_DTLS })
    }

    /// The first function of those that speech needs that the library lacks, if any.
    pub(super) fn lacks_for_talk(&self) -> Option<&'static str> {
        let Ok(av) = self.av() else { return Some("avInitialize") };
        let functions = [
            ("IOTC_Session_Get_Free_Channel", self.0.iotc().IOTC_Session_Get_Free_Channel.is_ok()),
            ("avServStart3", av.avServStart3.is_ok()),
            ("avServStop", av.avServStop.is_ok()),
            ("avSendAudioData", av.avSendAudioData.is_ok()),
        ];
        functions.into_iter().find(|(_, is_there)| !is_there).map(|(name, _)| name)
    }

    /// Takes a channel of the session that is free.
    pub(super) fn free_channel(&self, session: c_int) -> Result<u8, Code> {
        if self.0.iotc().IOTC_Session_Get_Free_Channel.is_err() {
            return Err(Code(NOT_SUPPORT));
        }
        // SAFETY: the argument is a number, and the function is there.
        let channel = check(unsafe { self.0.iotc().IOTC_Session_Get_Free_Channel(session) })?;
        u8::try_from(channel).map_err(|_| Code(NOT_SUPPORT))
    }

    /// Frees it.
    pub(super) fn leave_channel(&self, session: c_int, channel: u8) {
        if self.0.iotc().IOTC_Session_Channel_OFF.is_ok() {
            // SAFETY: the arguments are numbers, and the function is there.
            unsafe { self.0.iotc().IOTC_Session_Channel_OFF(session, channel) };
        }
    }

    /// Waits in this channel until the camera has logged in there, for up to `seconds`. Whoever has the session is let in. Returns
    /// the AV channel.
    pub(super) fn serve(&self, session: c_int, channel: u8, seconds: u32) -> Result<c_int, Code> {
        unsafe extern "C" fn let_in(_account: *mut c_char, _password: *mut c_char) -> c_int {
            1
        }
        let av = self.av()?;
        if av.avServStart3.is_err() {
            return Err(Code(NOT_SUPPORT));
        }
        let mut resend = 0;
        // SAFETY: the pointer is to a whole integer, which outlives the call; the function that lets in is one of this program; the
        // function is there.
        check(unsafe { av.avServStart3(session, Some(let_in), c_ulong::from(seconds), 0, channel, &mut resend) })
    }

    pub(super) fn stop_serving(&self, session: c_int, channel: u8) {
        if let Ok(av) = self.av()
            && av.avServExit.is_ok()
        {
            // SAFETY: the arguments are numbers, and the function is there.
            unsafe { av.avServExit(session, channel) };
        }
    }

    /// Ends an AV channel of [`serve`](Self::serve).
    pub(super) fn end_serving(&self, channel: c_int) {
        if let Ok(av) = self.av()
            && av.avServStop.is_ok()
        {
            // SAFETY: the argument is a number, and the function is there.
            unsafe { av.avServStop(channel) };
        }
    }

    pub(super) fn send_audio(&self, channel: c_int, data: &[u8], info: &[u8]) -> Result<(), Code> {
        let av = self.av()?;
        if av.avSendAudioData.is_err() {
            return Err(Code(NOT_SUPPORT));
        }
        let (audio, length) = (data.as_ptr().cast::<c_char>(), size(data.len()));
        // SAFETY: the pointers are to as many bytes as the sizes say, and the function is there.
        check(unsafe { av.avSendAudioData(channel, audio, length, info.as_ptr().cast(), size(info.len())) }).map(|_| ())
    }

    pub(super) fn stop_log_in(&self, session: c_int, channel: u8) {
        if let Ok(av) = self.av()
            && av.avClientExit.is_ok()
        {
            // SAFETY: the arguments are numbers, and the function is there.
            unsafe { av.avClientExit(session, channel) };
        }
    }

    pub(super) fn log_out(&self, channel: c_int) {
        let Ok(av) = self.av() else { return };
        // SAFETY: the argument is a number.
        unsafe { av.avClientStop(channel) };
    }

    /// Blocks until the camera confirms.
    pub(super) fn send_io_control(&self, channel: c_int, kind: u32, body: &[u8]) -> Result<(), Code> {
        // SAFETY: the pointer is to as many bytes as the size says.
        check(unsafe { self.av()?.avSendIOCtrl(channel, kind, body.as_ptr().cast::<c_char>(), size(body.len())) })
            .map(|_| ())
    }

    pub(super) fn stop_send_io_control(&self, channel: c_int) {
        if let Ok(av) = self.av()
            && av.avSendIOCtrlExit.is_ok()
        {
            // SAFETY: the argument is a number, and the function is there.
            unsafe { av.avSendIOCtrlExit(channel) };
        }
    }

    /// The type and the size of an IO control, whose body is then in `buffer`. Does not wait.
    pub(super) fn receive_io_control(&self, channel: c_int, buffer: &mut [u8]) -> Result<(u32, usize), Code> {
        let mut kind: c_uint = 0;
        let room = size(buffer.len());
        // SAFETY: the pointer is to as many bytes as the size says.
        let result =
            unsafe { self.av()?.avRecvIOCtrl(channel, &mut kind, buffer.as_mut_ptr().cast::<c_char>(), room, 0) };
        let len = usize::try_from(check(result)?).unwrap_or(0);
        Ok((kind, len.min(buffer.len())))
    }

    pub(super) fn receive_video(&self, channel: c_int, buffer: &mut [u8]) -> Result<Taken, Code> {
        let room = size(buffer.len());
        let mut info = [0; INFO];
        let (mut len, mut expected, mut info_len, mut number): (c_int, c_int, c_int, c_uint) =
            (-1, -1, -1, c_uint::MAX);
        // SAFETY: the buffers have as many bytes as their sizes say, and the other pointers are to whole integers.
        let result = unsafe {
            self.av()?.avRecvFrameData2(
                channel,
                buffer.as_mut_ptr().cast::<c_char>(),
                room,
                &mut len,
                &mut expected,
                info.as_mut_ptr().cast::<c_char>(),
                size(INFO),
                &mut info_len,
                &mut number,
            )
        };
        let number = (number != c_uint::MAX).then_some(number);
        let info_len = usize::try_from(info_len).unwrap_or(0).min(INFO);
        taken(result, buffer.len(), info, info_len, number)
    }

    pub(super) fn receive_audio(&self, channel: c_int, buffer: &mut [u8]) -> Result<Taken, Code> {
        let (mut info, mut number) = ([0; INFO], c_uint::MAX);
        let room = size(buffer.len());
        let (data, room_info) = (buffer.as_mut_ptr().cast::<c_char>(), size(INFO));
        // SAFETY: the buffers have as many bytes as their sizes say, and the last pointer is to a whole integer.
        let result = unsafe {
            self.av()?.avRecvAudioData(channel, data, room, info.as_mut_ptr().cast::<c_char>(), room_info, &mut number)
        };
        // Its size is not reported; 16 bytes are the least that there is.
        taken(result, buffer.len(), info, 16, (number != c_uint::MAX).then_some(number))
    }
}

fn taken(result: c_int, room: usize, info: [u8; INFO], info_len: usize, number: Option<u32>) -> Result<Taken, Code> {
    match result {
        AV_ER_DATA_NOREADY => Ok(Taken::Nothing),
        AV_ER_BUFPARA_MAXSIZE_INSUFF => Ok(Taken::NoRoom),
        AV_ER_INCOMPLETE_FRAME | AV_ER_LOSED_THIS_FRAME => Ok(Taken::Lost(number)),
        result => {
            let len = usize::try_from(check(result)?).unwrap_or(0);
            // A frame without its info, or one that claims more bytes than there is room for, is not whole.
            Ok(match number {
                Some(number) if info_len >= 16 && len <= room => Taken::Frame { len, info, info_len, number },
                number => Taken::Lost(number),
            })
        }
    }
}

/// Text for the library, which ends strings at a NUL.
pub(super) fn c_string(text: &str) -> Option<CString> {
    CString::new(text).ok()
}
