//! The viewer's part: searching cameras and connecting to them.

use std::time::Duration;

use tutk::native::{Connection, ConnectionOptions};
use tutk::{Cancel, ConnectError, DiscoverError, DiscoveredCamera, Search, SessionError, Uid};

use crate::codes::*;

/// No datagram for this long: the session is lost, as the vendor's header has it.
pub(crate) const SILENCE: Duration = Duration::from_secs(15);

/// Connects; logs in to nothing.
pub(crate) fn connect(uid: Uid, timeout: Duration, cancel: &Cancel) -> Result<Connection, Code> {
    let options =
        ConnectionOptions { uid, address: None, local_ports: None, credentials: None, timeout, idle_timeout: SILENCE };
    Connection::open(options, cancel).map_err(|error| match error {
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
    let cancel = Cancel::new().map_err(|_| IOTC_ER_RESOURCE_ERROR)?;
    let all =
        tutk::search(&Search { uid: None, address: None, timeout, local_ports: None }, &cancel).map_err(|error| {
            match error {
                DiscoverError::Io(error) => of_system(&error.source),
                _ => IOTC_ER_FAIL_CREATE_SOCKET,
            }
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
