//! One library, initialised once for the process, however many sessions use it.

use std::ffi::c_int;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tutk_sys::codes::IOTC_ER_ALREADY_INITIALIZED;

use super::Code;
use super::api::{Api, c_string};
use crate::sync::lock;
use crate::{ConnectError, DiscoverError, Field, LibraryError, LibraryOperation, OptionError, Secret};

/// As many as the library has sessions.
const CHANNELS: c_int = 128;

/// The library that is in use.
static IN_USE: Mutex<Option<InUse>> = Mutex::new(None);

struct InUse {
    api: Arc<Api>,
    license_key: Option<Secret>,
    /// False if the program itself had initialised it before.
    ours: bool,
    /// Whether its channels are initialised: a search needs none.
    channels: bool,
    users: usize,
}

/// What the library is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Search,
    Session,
}

/// Why the library cannot be used.
#[derive(Debug)]
pub(super) enum AcquireError {
    Option(OptionError),
    Library(LibraryError),
}

/// A use of the library. With the last one its initialisation is undone.
#[derive(Debug)]
pub(super) struct Library(Arc<Api>);

impl Library {
    /// Loads and initialises the library, or shares the one that is in use.
    pub(super) fn acquire(
        path: Option<&Path>,
        license_key: Option<&Secret>,
        purpose: Purpose,
    ) -> Result<Self, AcquireError> {
        let path = path.map(|path| path.canonicalize().unwrap_or_else(|_| path.into()));
        let mut place = lock(&IN_USE);
        let mut in_use = match place.take() {
            Some(in_use) => {
                let shared = in_use.check(path, license_key);
                let in_use = place.insert(in_use);
                shared?;
                return in_use.share(purpose);
            }
            None => InUse::new(path.as_deref(), license_key)?,
        };
        let library = in_use.share(purpose)?;
        *place = Some(in_use);
        Ok(library)
    }
}

impl InUse {
    fn new(path: Option<&Path>, license_key: Option<&Secret>) -> Result<Self, AcquireError> {
        let api = Arc::new(Api::load(path).map_err(LibraryError::Load)?);
        if let Some(key) = license_key {
            let key = c_string(key.reveal()).ok_or(OptionError::Nul { field: Field::LicenseKey })?;
            // A library that knows no keys needs none.
            api.set_license_key(&key).map_err(failed(LibraryOperation::TakeLicenseKey))?;
        }
        let ours = match api.initialize() {
            Err(Code(IOTC_ER_ALREADY_INITIALIZED)) => false,
            result => result.map(|()| true).map_err(failed(LibraryOperation::Start))?,
        };
        Ok(Self { api, license_key: license_key.cloned(), ours, channels: false, users: 0 })
    }

    /// Fails if the library that is asked for is another one, or with another key.
    fn check(&self, path: Option<PathBuf>, license_key: Option<&Secret>) -> Result<(), AcquireError> {
        // Where no library is named, the one in use is meant.
        if let Some(path) = path.filter(|path| !self.api.is_named_by(path)) {
            return Err(LibraryError::InUse { wanted: path, used: self.api.path().into() }.into());
        }
        if license_key.is_some() && license_key != self.license_key.as_ref() {
            return Err(OptionError::LicenseKeyInUse.into());
        }
        Ok(())
    }

    /// Another use of it.
    fn share(&mut self, purpose: Purpose) -> Result<Library, AcquireError> {
        if purpose == Purpose::Session && !self.channels {
            self.api.load_channels().map_err(LibraryError::Load)?;
            self.api.initialize_channels(CHANNELS).map_err(failed(LibraryOperation::Start))?;
            self.channels = true;
        }
        self.users += 1;
        Ok(Library(self.api.clone()))
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        if self.ours {
            if self.channels {
                self.api.deinitialize_channels();
            }
            self.api.deinitialize();
        }
    }
}

fn failed(operation: LibraryOperation) -> impl FnOnce(Code) -> LibraryError {
    move |code| LibraryError::Failed { operation, code }
}

impl Clone for Library {
    fn clone(&self) -> Self {
        if let Some(in_use) = &mut *lock(&IN_USE) {
            in_use.users += 1;
        }
        Self(self.0.clone())
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        let mut guard = lock(&IN_USE);
        let Some(in_use) = &mut *guard else { return };
        in_use.users -= 1;
        if in_use.users == 0 {
            *guard = None;
        }
    }
}

impl Deref for Library {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.0
    }
}

impl From<OptionError> for AcquireError {
    fn from(error: OptionError) -> Self {
        Self::Option(error)
    }
}

impl From<LibraryError> for AcquireError {
    fn from(error: LibraryError) -> Self {
        Self::Library(error)
    }
}

impl From<AcquireError> for ConnectError {
    fn from(error: AcquireError) -> Self {
        match error {
            AcquireError::Option(error) => Self::Option(error),
            AcquireError::Library(error) => Self::Library(error),
        }
    }
}

impl From<AcquireError> for DiscoverError {
    fn from(error: AcquireError) -> Self {
        match error {
            AcquireError::Option(error) => Self::Option(error),
            AcquireError::Library(error) => Self::Library(error),
        }
    }
}
