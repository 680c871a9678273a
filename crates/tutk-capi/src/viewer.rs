//! The viewer's part: searching cameras and connecting to them.

use std::time::Duration;

use tutk::{
    AuthKey, Backend, ConnectError, Connecting, DiscoverError, DiscoverOptions, DiscoveredCamera, Discovery, Events,
    Session, SessionError, SessionOptions, Uid, discover,
};

use crate::codes::*;

/// No datagram for this long: the session is lost, unless the application sets another time.
pub(crate) const SILENCE: Duration = Duration::from_secs(15);

/// An attempt to connect, which logs in to nothing.
pub(crate) fn connecting(uid: Uid, how: How) -> Result<Connecting, Code> {
    let mut options = SessionOptions::new(uid).without_login().with_timeout(how.timeout).with_idle_timeout(how.silence);
    options.auth_key = how.auth_key;
    Session::connect(options.with_backend(Backend::Native)).map_err(|_| IOTC_ER_RESOURCE_ERROR)
}

/// How to connect.
pub(crate) struct How {
    /// Finding the camera and connecting to it must each be done in this time.
    pub(crate) timeout: Duration,
    /// No datagram for this long: the session is lost.
    pub(crate) silence: Duration,
    pub(crate) auth_key: Option<AuthKey>,
}

/// Connects.
pub(crate) fn connect(connecting: Connecting) -> Result<(Session, Events), Code> {
    connecting.wait().map_err(|error| match error {
        ConnectError::NotFound { .. } => IOTC_ER_CAN_NOT_FIND_DEVICE,
        ConnectError::Full { .. } => IOTC_ER_DEVICE_EXCEED_MAX_SESSION,
        ConnectError::WrongAuthKey { .. } => IOTC_ER_DEVICE_REJECT_BY_WRONG_AUTH_KEY,
        ConnectError::AuthKeyNotWanted { .. } => IOTC_ER_DEVICE_NOT_USE_KEY_AUTHENTICATION,
        ConnectError::Generation { .. } => IOTC_ER_REMOTE_NOT_SUPPORTED,
        ConnectError::Cancelled => IOTC_ER_FAIL_CONNECT_SEARCH,
        ConnectError::Session(SessionError::ClosedByCamera) => IOTC_ER_SESSION_CLOSE_BY_REMOTE,
        ConnectError::Io(error) => of_system(&error.source),
        _ => IOTC_ER_TIMEOUT,
    })
}

/// Lists the cameras on the local networks, each once.
pub(crate) fn search(timeout: Duration) -> Result<Vec<DiscoveredCamera>, Code> {
    let mut found: Vec<DiscoveredCamera> = Vec::new();
    for camera in discovery(timeout)? {
        add(&mut found, camera.map_err(discover_code)?);
    }
    Ok(found)
}

/// A search on the local networks.
pub(crate) fn discovery(timeout: Duration) -> Result<Discovery, Code> {
    let options = DiscoverOptions::new().with_backend(Backend::Native).with_timeout(timeout);
    discover(&options).map_err(discover_code)
}

/// Adds a camera. Returns whether its UID is new.
pub(crate) fn add(found: &mut Vec<DiscoveredCamera>, camera: DiscoveredCamera) -> bool {
    match found.iter_mut().find(|other| other.uid == camera.uid) {
        // One on this host answers over loopback too, where no other host can reach it.
        Some(other) if other.address.ip().is_loopback() => *other = camera,
        Some(_) => {}
        None => {
            found.push(camera);
            return true;
        }
    }
    false
}

fn discover_code(error: DiscoverError) -> Code {
    match error {
        DiscoverError::Io(error) => of_system(&error.source),
        _ => IOTC_ER_FAIL_CREATE_SOCKET,
    }
}

fn of_system(error: &std::io::Error) -> Code {
    match error.kind() {
        std::io::ErrorKind::NetworkDown | std::io::ErrorKind::NetworkUnreachable => IOTC_ER_NETWORK_UNREACHABLE,
        _ => IOTC_ER_FAIL_CREATE_SOCKET,
    }
}
