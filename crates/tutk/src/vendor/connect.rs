use std::ffi::{CString, c_int};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::api::{LoggedIn, Login, c_string};
use super::library::Library;
use super::search::{self, address};
use super::{Code, blocking};
use crate::error::check_credential;
use crate::proto::DiscoveredCamera;
use crate::wake::Waker;
use crate::{
    Asked, ConnectError, DiscoverError, Encryption, Field, LibraryError, LibraryOperation, Mode, OptionError,
    SessionError, SessionOptions, Step, Uid,
};

/// A session of the library; it ends with this.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) library: Library,
    pub(super) number: c_int,
    /// False once the library has taken the number back.
    ours: bool,
}

/// A session after its login; both end with this.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) connection: Connection,
    pub(super) number: c_int,
    pub(super) encrypted: bool,
}

/// What a session needs, as text for the library.
pub(super) struct Texts {
    uid: CString,
    account: CString,
    password: CString,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.ours {
            self.library.close(self.number);
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.connection.library.log_out(self.number);
    }
}

impl Connection {
    /// Finds the camera and connects.
    ///
    /// The library does both in one step, so it gets the time of both.
    pub(super) fn open(
        library: Library,
        texts: &Texts,
        options: &SessionOptions,
        waker: &Waker,
    ) -> Result<Self, ConnectError> {
        let number = library.session_number().map_err(|code| failed(options, code))?;
        let begin = Instant::now();
        let (stopper, uid, key) = (library.clone(), texts.uid.clone(), options.auth_key.clone());
        let connection = Self { library, number, ours: true };
        let timeout = options.timeout.saturating_mul(2).min(MAX_TIMEOUT);
        let connected = blocking::run(
            waker,
            begin + timeout,
            move || match connection.library.connect(&uid, number, key.as_ref(), seconds(timeout)) {
                Ok(()) => Ok(connection),
                Err(code) => {
                    connection.forget();
                    Err(code)
                }
            },
            || stopper.stop_connect(number),
        )?;
        let uid = options.uid;
        match connected.unwrap_or(Err(Code(TIMEOUT))) {
            Ok(connection) => Ok(connection),
            Err(code) if NOT_FOUND.contains(&code.0) => Err(ConnectError::NotFound {
                uid,
                brand: options.brand,
                asked: Asked::Library(code),
                send_error: None,
                timeout: begin.elapsed(),
                answers: Box::default(),
            }),
            Err(code @ Code(FULL | WRONG_AUTH_KEY | AUTH_KEY_NOT_WANTED)) => {
                let address = address_of(uid, &stopper, waker)?;
                Err(address.map_or_else(
                    || failed(options, code),
                    |address| match code.0 {
                        WRONG_AUTH_KEY => {
                            ConnectError::WrongAuthKey { uid, address, given: options.auth_key.is_some() }
                        }
                        AUTH_KEY_NOT_WANTED => ConnectError::AuthKeyNotWanted { uid, address },
                        _ => ConnectError::Full { uid, address },
                    },
                ))
            }
            Err(code) => Err(failed(options, code)),
        }
    }

    /// The library has taken the number back; it may be another session's by now.
    fn forget(mut self) {
        self.ours = false;
    }

    /// How the camera is reached, and where.
    pub(super) fn route(&self) -> Result<(Mode, SocketAddr), Code> {
        let state = self.library.session_state(self.number)?;
        let mode = match u32::from(state.mode) {
            tutk_sys::modes::IOTC_MODE_P2P => Mode::P2p,
            tutk_sys::modes::IOTC_MODE_RELAY => Mode::Relay,
            tutk_sys::modes::IOTC_MODE_LAN => Mode::Lan,
            _ => Mode::Unknown,
        };
        let unknown = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        Ok((mode, address(&state.ip, state.port).unwrap_or(unknown)))
    }

    /// The camera; the library reports its address only.
    pub(super) fn camera(&self, options: &SessionOptions) -> Result<DiscoveredCamera, ConnectError> {
        let (_, address) = self.route().map_err(|code| failed(options, code))?;
        Ok(DiscoveredCamera::new(options.uid, address))
    }
}

impl Channel {
    /// Logs in.
    pub(super) fn open(
        connection: Connection,
        texts: Texts,
        camera: &DiscoveredCamera,
        options: &SessionOptions,
        waker: &Waker,
    ) -> Result<Self, ConnectError> {
        let (stopper, session) = (connection.library.clone(), connection.number);
        let timeout = options.timeout.min(MAX_TIMEOUT);
        let (seconds, encryption, channel) = (seconds(timeout), options.encryption, options.channel);
        let logged_in = blocking::run(
            waker,
            Instant::now() + timeout,
            move || {
                let library = &connection.library;
                let login = Login { channel, account: &texts.account, password: &texts.password, seconds };
                let LoggedIn { channel: number, encrypted } = library.log_in(session, login, encryption)?;
                Ok(Self { connection, number, encrypted })
            },
            || stopper.stop_log_in(session, channel),
        )?;
        logged_in.unwrap_or(Err(Code(-20011))).map_err(|code| match code.0 {
            -20009 | -20040 | -20041 => ConnectError::Refused { uid: options.uid, account: options.account.clone() },
            -20007 | -20011 => ConnectError::NoAnswer {
                uid: options.uid,
                address: camera.address,
                step: Step::LogIn,
                timeout: options.timeout,
            },
            -20015 => SessionError::ClosedByCamera.into(),
            _ if encryption == Encryption::Required && code.is_about_dtls() => {
                ConnectError::NotEncrypted { uid: options.uid }
            }
            code => LibraryError::Failed { operation: LibraryOperation::LogIn(options.uid), code: Code(code) }.into(),
        })
    }
}

impl Texts {
    pub(super) fn new(options: &SessionOptions) -> Result<Self, ConnectError> {
        Ok(Self {
            uid: c_string(options.uid.as_str()).unwrap_or_default(),
            account: credential(Field::Account, &options.account)?,
            password: credential(Field::Password, options.password.reveal())?,
        })
    }
}

const TIMEOUT: c_int = -13;
const FULL: c_int = -48;
const WRONG_AUTH_KEY: c_int = -68;
const AUTH_KEY_NOT_WANTED: c_int = -69;
/// The camera is not to be found, or the way to who knows it.
const NOT_FOUND: [c_int; 11] = [-1, -2, TIMEOUT, -15, -19, -32, -33, -41, -44, -60, -90];
/// How long to search a camera that is known to be on the network: longer where it is too busy to answer the first time.
const SEARCHES: [Duration; 3] = [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];

/// The longest timeout; longer ones are shortened to it.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// Whole seconds, as the library wants them.
fn seconds(timeout: Duration) -> u32 {
    timeout.as_secs_f64().ceil().max(1.0) as u32
}

fn credential(field: Field, text: &str) -> Result<CString, OptionError> {
    check_credential(field, text)?;
    c_string(text).ok_or(OptionError::Nul { field })
}

/// Where a camera is that the library has met: it does not say so itself.
fn address_of(uid: Uid, library: &Library, waker: &Waker) -> Result<Option<SocketAddr>, DiscoverError> {
    for time in SEARCHES {
        let found = search::look(library.clone(), time, waker)?.into_iter().find(|found| found.uid == uid);
        if let Some(found) = found {
            return Ok(Some(found.address));
        }
    }
    Ok(None)
}

fn failed(options: &SessionOptions, code: Code) -> ConnectError {
    LibraryError::Failed { operation: LibraryOperation::Connect(options.uid), code }.into()
}
