//! The viewer's part: searching cameras and connecting to them.

use std::time::Duration;

use tutk::{
    Backend, ConnectError, Connecting, DiscoverError, DiscoverOptions, DiscoveredCamera, Events, Session, SessionError,
    SessionOptions, Uid, discover,
};

use crate::codes::*;

/// No datagram for this long: the session is lost, as the vendor's header has it.
pub(crate) const SILENCE: Duration = Duration::from_secs(15);

/// An attempt to connect, which logs in to nothing.
pub(crate) fn connecting(uid: Uid, timeout: Duration) -> Result<Connecting, Code> {
    let options = SessionOptions::new(uid).without_login().with_timeout(timeout).with_idle_timeout(SILENCE);
    Session::connect(options.with_backend(Backend::Native)).map_err(|_| IOTC_ER_RESOURCE_ERROR)
}

/// Connects.
pub(crate) fn connect(connecting: Connecting) -> Result<(Session, Events), Code> {
    connecting.wait().map_err(|error| match error {
        ConnectError::NotFound { .. } => IOTC_ER_CAN_NOT_FIND_DEVICE,
        ConnectError::Full { .. } => IOTC_ER_DEVICE_EXCEED_MAX_SESSION,
        ConnectError::Generation { .. } => IOTC_ER_REMOTE_NOT_SUPPORTED,
        ConnectError::Cancelled => IOTC_ER_FAIL_CONNECT_SEARCH,
        ConnectError::Session(SessionError::ClosedByCamera) => IOTC_ER_SESSION_CLOSE_BY_REMOTE,
        ConnectError::Io(error) => of_system(&error.source),
        _ => IOTC_ER_TIMEOUT,
    })
}

/// Lists the cameras on the local networks, each once.
pub(crate) fn search(timeout: Duration) -> Result<Vec<DiscoveredCamera>, Code> {
    let options = DiscoverOptions::new().with_backend(Backend::Native).with_timeout(timeout);
    let all = discover(&options).and_then(|discovery| discovery.collect::<Result<Vec<_>, _>>());
    let all = all.map_err(|error| match error {
        DiscoverError::Io(error) => of_system(&error.source),
        _ => IOTC_ER_FAIL_CREATE_SOCKET,
    })?;
    let mut found: Vec<DiscoveredCamera> = Vec::new();
    for camera in all {
        // One on this host answers over loopback too, where no other host can reach it.
        match found.iter_mut().find(|other| other.uid == camera.uid) {
            Some(other) if other.address.ip().is_loopback() => *other = camera,
            Some(_) => {}
            None => found.push(camera),
        }
    }
    Ok(found)
}

fn of_system(error: &std::io::Error) -> Code {
    match error.kind() {
        std::io::ErrorKind::NetworkDown | std::io::ErrorKind::NetworkUnreachable => IOTC_ER_NETWORK_UNREACHABLE,
        _ => IOTC_ER_FAIL_CREATE_SOCKET,
    }
}
