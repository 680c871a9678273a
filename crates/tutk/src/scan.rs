use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::native::{self, Address, Answers, Cancel, DiscoveredCamera, LocalPorts, Search};
use crate::{Backend, DiscoverError, Uid, backend};

/// Which cameras to look for, and through which backend.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// The camera to look for; any unless told.
    pub uid: Option<Uid>,
    /// Whom to ask; every local network unless told. The vendor's library always asks every local network.
    pub address: Option<Address>,
    /// The ports of this host that the search may use; default: any. The vendor's library chooses its own.
    pub local_ports: Option<LocalPorts>,
    /// How long to wait for answers; 1 s unless told.
    pub timeout: Duration,
    /// What searches; [`Backend::Auto`] unless told, which is native unless a library is named.
    pub backend: Backend,
    /// The vendor's library, a file or a folder; the environment variable `TUTK_LIBRARY`, or none, unless told.
    pub library: Option<PathBuf>,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            uid: None,
            address: None,
            local_ports: None,
            timeout: Duration::from_secs(1),
            backend: Backend::Auto,
            library: None,
        }
    }
}

impl ScanOptions {
    fn is_wanted(&self, camera: &DiscoveredCamera) -> bool {
        self.uid.is_none_or(|uid| uid == camera.uid || uid.to_upper_case() == camera.uid)
    }
}

/// Lists the cameras on the LAN.
pub fn scan(options: &ScanOptions, cancel: &Cancel) -> Result<Answers, DiscoverError> {
    let library = options.library.clone().or_else(backend::library);
    let is_native = match options.backend {
        Backend::Native => true,
        Backend::Vendor => false,
        // Both search the same networks: without a library that is named there is no reason to load one.
        Backend::Auto => library.is_none(),
    };
    if is_native {
        let search = Search {
            uid: options.uid,
            address: options.address.clone(),
            timeout: options.timeout,
            local_ports: options.local_ports,
        };
        let mut answers = native::answers(&search, cancel)?;
        answers.cameras.retain(|camera| options.is_wanted(camera));
        return Ok(answers);
    }
    scan_by_library(library.as_deref(), options, cancel)
}

#[cfg(feature = "vendor")]
fn scan_by_library(library: Option<&Path>, options: &ScanOptions, cancel: &Cancel) -> Result<Answers, DiscoverError> {
    let mut answers = Answers::default();
    answers.cameras = crate::vendor::search(library, options.timeout, cancel)?;
    answers.cameras.retain(|camera| options.is_wanted(camera));
    Ok(answers)
}

#[cfg(not(feature = "vendor"))]
fn scan_by_library(
    _library: Option<&Path>,
    _options: &ScanOptions,
    _cancel: &Cancel,
) -> Result<Answers, DiscoverError> {
    Err(crate::LibraryError::NotBuilt.into())
}
