#[cfg(feature = "vendor")]
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use crate::native::{Address, Finder, LocalPorts};
use crate::proto::{Answers, DiscoveredCamera};
use crate::wake::{CancelHandle, Waker};
use crate::{Backend, DiscoverError, Uid, backend};

/// Which cameras to look for, and through which backend.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DiscoverOptions {
    /// The camera to look for, with this UID or the same in upper case; default: any.
    pub uid: Option<Uid>,
    /// Whom to ask; default: every IPv4 network that this host is in, itself included. The vendor's library always asks
    /// every local network.
    pub address: Option<Address>,
    /// The ports of this host that the search may use; default: any. The vendor's library chooses its own.
    pub local_ports: Option<LocalPorts>,
    /// How long to wait for answers; default: 1 s. With a UID, a search by the protocol itself ends at its first answer.
    pub timeout: Duration,
    /// What searches; default: [`Backend::Auto`], which is native where no library is named.
    pub backend: Backend,
    /// The vendor's library, a file or a folder; default: the environment variable `TUTK_LIBRARY`, or none.
    pub library: Option<PathBuf>,
}

impl Default for DiscoverOptions {
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

impl DiscoverOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`uid`](Self::uid).
    #[must_use]
    pub fn with_uid(self, uid: Uid) -> Self {
        Self { uid: Some(uid), ..self }
    }

    /// Sets [`address`](Self::address).
    #[must_use]
    pub fn with_address(self, address: Address) -> Self {
        Self { address: Some(address), ..self }
    }

    /// Sets [`local_ports`](Self::local_ports).
    #[must_use]
    pub fn with_local_ports(self, local_ports: LocalPorts) -> Self {
        Self { local_ports: Some(local_ports), ..self }
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets [`backend`](Self::backend).
    #[must_use]
    pub fn with_backend(self, backend: Backend) -> Self {
        Self { backend, ..self }
    }

    /// Sets [`library`](Self::library).
    #[must_use]
    pub fn with_library(self, library: impl Into<PathBuf>) -> Self {
        Self { library: Some(library.into()), ..self }
    }

    fn is_wanted(&self, camera: &DiscoveredCamera) -> bool {
        self.uid.is_none_or(|uid| uid == camera.uid || uid.to_upper_case() == camera.uid)
    }
}

/// Searches for cameras. Nothing is sent before the first camera is asked for.
///
/// Fails if the process has no file descriptor left.
pub fn discover(options: &DiscoverOptions) -> Result<Discovery, DiscoverError> {
    Ok(Discovery { options: options.clone(), waker: Waker::new()?, state: State::New })
}

/// A search for cameras: an iterator that waits for each, and gives each once for each address that it answers from.
///
/// It ends with the time of the options, or with an error.
#[derive(Debug)]
pub struct Discovery {
    options: DiscoverOptions,
    waker: Waker,
    state: State,
}

#[derive(Debug)]
enum State {
    New,
    Native(Box<Finder>),
    #[cfg(feature = "vendor")]
    Vendor(VecDeque<DiscoveredCamera>),
    Over,
}

impl Discovery {
    /// A handle by which another thread ends the search.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle::new(&self.waker)
    }

    /// Searches to the end. The answers have the cameras that are wanted and that the iterator has not given yet.
    pub fn answers(mut self) -> Result<Answers, DiscoverError> {
        self.begin()?;
        match self.state {
            State::Native(finder) => {
                let mut answers = finder.answers()?;
                answers.cameras.retain(|camera| self.options.is_wanted(camera));
                Ok(answers)
            }
            #[cfg(feature = "vendor")]
            State::Vendor(cameras) => {
                let mut answers = Answers::default();
                answers.cameras = cameras.into();
                Ok(answers)
            }
            State::New | State::Over => Ok(Answers::default()),
        }
    }

    fn begin(&mut self) -> Result<(), DiscoverError> {
        if let State::New = self.state {
            // What has failed once is over.
            self.state = State::Over;
            self.state = self.open()?;
        }
        Ok(())
    }

    fn open(&self) -> Result<State, DiscoverError> {
        let library = self.options.library.clone().or_else(backend::library);
        match self.options.backend {
            Backend::Native => {}
            // Both search the same networks: without a library that is named there is no reason to load one.
            Backend::Auto if library.is_none() => {}
            Backend::Auto | Backend::Vendor => return self.open_vendor(library),
        }
        Ok(State::Native(Finder::open(&self.options, &self.waker)?.into()))
    }

    #[cfg(feature = "vendor")]
    fn open_vendor(&self, library: Option<PathBuf>) -> Result<State, DiscoverError> {
        let mut cameras = crate::vendor::search(library.as_deref(), self.options.timeout, &self.waker)?;
        cameras.retain(|camera| self.options.is_wanted(camera));
        Ok(State::Vendor(cameras.into()))
    }

    #[cfg(not(feature = "vendor"))]
    fn open_vendor(&self, _library: Option<PathBuf>) -> Result<State, DiscoverError> {
        Err(crate::LibraryError::NotBuilt.into())
    }
}

impl Iterator for Discovery {
    type Item = Result<DiscoveredCamera, DiscoverError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.begin().and_then(|()| match &mut self.state {
            State::Native(finder) => finder.next(),
            #[cfg(feature = "vendor")]
            State::Vendor(cameras) => Ok(cameras.pop_front()),
            State::New | State::Over => Ok(None),
        });
        if next.is_err() {
            self.state = State::Over;
        }
        next.transpose()
    }
}
