use std::ffi::c_int;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use super::api::Device;
use super::blocking;
use super::library::{Library, Purpose};
use crate::proto::DiscoveredCamera;
use crate::wake::Waker;
use crate::{DiscoverError, LibraryError, LibraryOperation, Uid};

/// The longest search.
const MAX_TIMEOUT: Duration = Duration::from_secs(3600);

/// Lists the cameras on the local networks, by the vendor's library; each search takes the whole time.
///
/// The library does not report a camera's generation: 0 here.
pub(crate) fn search(
    library: Option<&Path>,
    timeout: Duration,
    waker: &Waker,
) -> Result<Vec<DiscoveredCamera>, DiscoverError> {
    look(Library::acquire(library, None, Purpose::Search)?, timeout, waker)
}

/// One search.
pub(super) fn look(library: Library, timeout: Duration, waker: &Waker) -> Result<Vec<DiscoveredCamera>, DiscoverError> {
    let timeout = timeout.clamp(Duration::from_millis(1), MAX_TIMEOUT);
    let milliseconds = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
    // The search cannot be stopped. It ends by itself, somewhat after its time.
    let deadline = Instant::now() + timeout + Duration::from_secs(10);
    let found = blocking::run(waker, deadline, move || library.search(milliseconds), || ())?;
    let found = found.unwrap_or(Ok(Vec::new()));
    let found = found.map_err(|code| LibraryError::Failed { operation: LibraryOperation::Search, code })?;
    Ok(found.into_iter().filter_map(camera).collect())
}

fn camera(device: Device) -> Option<DiscoveredCamera> {
    let uid = Uid::from_bytes(device.uid.try_into().ok()?)?;
    let address = address(&device.ip, device.port)?;
    Some(DiscoveredCamera::new(uid, address).with_name(String::from_utf8_lossy(&device.name)))
}

/// The address that the library wrote as text.
pub(super) fn address(ip: &[u8], port: u16) -> Option<SocketAddr> {
    Some((std::str::from_utf8(ip).ok()?.parse::<IpAddr>().ok()?, port).into())
}
