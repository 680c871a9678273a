use std::ffi::{CString, c_int};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::api::c_string;
use super::library::Library;
use super::search::{self, address};
use super::{Code, blocking};
use crate::native::{Cancel, DiscoveredCamera};
use crate::wire::MAX_CREDENTIAL;
use crate::{Error, Mode, SessionOptions};

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
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        let number = library.session_number().map_err(|code| failed(options, code))?;
        let begin = Instant::now();
        let (stopper, uid) = (library.clone(), texts.uid.clone());
        let connection = Self { library, number, ours: true };
        let connected = blocking::run(
            cancel,
            begin + options.timeout.saturating_mul(2).min(MAX_TIMEOUT),
            move || match connection.library.connect(&uid, number) {
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
            Err(code) if NOT_FOUND.contains(&code.0) => Err(Error::NotFound {
                uid,
                target: format!("the local networks and the vendor's servers, by its library: {code}"),
                timeout: begin.elapsed(),
                answers: Box::default(),
            }),
            Err(Code(FULL)) => {
                // The library does not say where it met the camera.
                let found = search::look(stopper, BRIEF, cancel)?.into_iter().find(|found| found.uid == uid);
                Err(found.map_or(failed(options, Code(FULL)), |found| Error::Full { uid, address: found.address }))
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

    /// The camera; the library tells its address only.
    pub(super) fn camera(&self, options: &SessionOptions) -> Result<DiscoveredCamera, Error> {
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
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        let (stopper, session) = (connection.library.clone(), connection.number);
        let timeout = options.timeout.min(MAX_TIMEOUT);
        let seconds = timeout.as_secs_f64().ceil().max(1.0) as u32;
        let logged_in = blocking::run(
            cancel,
            Instant::now() + timeout,
            move || {
                let library = &connection.library;
                let number = library.log_in(session, &texts.account, &texts.password, seconds)?;
                Ok(Self { connection, number })
            },
            || stopper.stop_log_in(session),
        )?;
        logged_in.unwrap_or(Err(Code(-20011))).map_err(|code| match code.0 {
            -20009 | -20040 | -20041 => Error::Refused { uid: options.uid, account: options.account.clone() },
            -20007 | -20011 => {
                Error::NoAnswer { uid: options.uid, address: camera.address, step: "log in", timeout: options.timeout }
            }
            -20015 => Error::ClosedByCamera,
            code => Error::Library { what: format!("log in to camera {}", options.uid), code: Code(code) },
        })
    }
}

impl Texts {
    pub(super) fn new(options: &SessionOptions) -> Result<Self, Error> {
        Ok(Self {
            uid: c_string(options.uid.as_str()).unwrap_or_default(),
            account: credential("account", &options.account)?,
            password: credential("password", options.password.reveal())?,
        })
    }
}

const TIMEOUT: c_int = -13;
const FULL: c_int = -48;
/// The camera is not to be found, or the way to who knows it.
const NOT_FOUND: [c_int; 11] = [-1, -2, TIMEOUT, -15, -19, -32, -33, -41, -44, -60, -90];
/// For the search of a camera that is known to be on the network.
const BRIEF: Duration = Duration::from_millis(300);

/// Longer times than this are taken for this.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

fn credential(what: &str, text: &str) -> Result<CString, Error> {
    if text.len() > MAX_CREDENTIAL {
        return Err(Error::InvalidArgument(format!("the {what} has {} bytes, and {MAX_CREDENTIAL} fit", text.len())));
    }
    c_string(text)
        .ok_or_else(|| Error::InvalidArgument(format!("the {what} has a NUL in it, and the library ends it there")))
}

fn failed(options: &SessionOptions, code: Code) -> Error {
    Error::Library { what: format!("connect to camera {}", options.uid), code }
}
