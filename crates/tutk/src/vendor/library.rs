//! One library, initialised once for the process, however many sessions use it.

use std::ffi::c_int;
use std::ops::Deref;
use std::path::Path;
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
    users: usize,
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
    pub(super) fn acquire(path: Option<&Path>, license_key: Option<&Secret>) -> Result<Self, AcquireError> {
        let path = path.map(|path| path.canonicalize().unwrap_or_else(|_| path.into()));
        let mut in_use = lock(&IN_USE);
        if let Some(in_use) = &mut *in_use {
            // Who names no library takes the one that is there.
            if let Some(path) = path.filter(|path| !in_use.api.is_named_by(path)) {
                return Err(LibraryError::InUse { wanted: path, used: in_use.api.path().into() }.into());
            }
            if license_key.is_some() && license_key != in_use.license_key.as_ref() {
                return Err(OptionError::LicenseKeyInUse.into());
            }
            in_use.users += 1;
            return Ok(Self(in_use.api.clone()));
        }
        let api = Arc::new(Api::load(path.as_deref()).map_err(LibraryError::Load)?);
        let ours = initialize(&api, license_key)?;
        *in_use = Some(InUse { api: api.clone(), license_key: license_key.cloned(), ours, users: 1 });
        Ok(Self(api))
    }
}

fn initialize(api: &Api, license_key: Option<&Secret>) -> Result<bool, AcquireError> {
    let failed = |operation| move |code| LibraryError::Failed { operation, code };
    if let Some(key) = license_key {
        let key = c_string(key.reveal()).ok_or(OptionError::Nul { field: Field::LicenseKey })?;
        // A library that knows no keys needs none.
        api.set_license_key(&key).map_err(failed(LibraryOperation::TakeLicenseKey))?;
    }
    let ours = match api.initialize() {
        Err(Code(IOTC_ER_ALREADY_INITIALIZED)) => false,
        result => result.map(|()| true).map_err(failed(LibraryOperation::Start))?,
    };
    if let Err(code) = api.initialize_channels(CHANNELS) {
        if ours {
            api.deinitialize();
        }
        return Err(failed(LibraryOperation::Start)(code).into());
    }
    Ok(ours)
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
            if in_use.ours {
                in_use.api.deinitialize_channels();
                in_use.api.deinitialize();
            }
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
