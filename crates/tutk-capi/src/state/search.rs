//! A search in the background.

use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tutk::{CancelHandle, DiscoveredCamera};

use super::Registry;
use crate::codes::*;
use crate::session::lock;
use crate::viewer;

/// A search, with the thread that does it.
pub(super) struct Searching {
    found: Arc<Mutex<Found>>,
    cancel: CancelHandle,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Found {
    cameras: Vec<DiscoveredCamera>,
    /// How many of them the application has got.
    listed: usize,
}

impl Searching {
    fn start(timeout: Duration) -> Result<Self, Code> {
        let discovery = viewer::discovery(timeout)?;
        let (found, cancel) = (Arc::new(Mutex::new(Found::default())), discovery.cancel_handle());
        let filled = found.clone();
        let thread = thread::Builder::new()
            .name("tutk-search".into())
            .spawn(move || {
                // Whatever ends it, the application sees no more cameras.
                for camera in discovery.map_while(Result::ok) {
                    viewer::add(&mut lock(&filled).cameras, camera);
                }
            })
            .map_err(|_| IOTC_ER_RESOURCE_ERROR)?;
        Ok(Self { found, cancel, thread })
    }

    pub(super) fn stop(self) {
        self.cancel.cancel();
        let _ = self.thread.join();
    }
}

impl Registry {
    /// Begins a search. One that was begun before ends.
    pub(crate) fn start_search(&self, timeout: Duration) -> Result<(), Code> {
        let search = Searching::start(timeout)?;
        let mut inner = lock(&self.inner);
        let unused = match inner.check() {
            Ok(_) => inner.search.replace(search),
            Err(_) => Some(search),
        };
        drop(inner);
        if let Some(unused) = unused {
            unused.stop();
        }
        self.check()
    }

    /// Cameras that the search has found, at most so many: those that were not listed before, or all.
    pub(crate) fn search_results(&self, most: usize, all: bool) -> Result<Vec<DiscoveredCamera>, Code> {
        let inner = lock(&self.inner);
        inner.check()?;
        let search = inner.search.as_ref().ok_or(IOTC_ER_SERVICE_IS_NOT_STARTED)?;
        let found = &mut lock(&search.found);
        let first = if all { 0 } else { found.listed };
        let cameras: Vec<_> = found.cameras.iter().skip(first).take(most).cloned().collect();
        found.listed = found.listed.max(first + cameras.len());
        Ok(cameras)
    }

    /// Ends the search.
    pub(crate) fn stop_search(&self) -> Result<(), Code> {
        let search = {
            let mut inner = lock(&self.inner);
            inner.check()?;
            inner.search.take()
        };
        search.ok_or(IOTC_ER_SERVICE_IS_NOT_STARTED).map(Searching::stop)
    }
}
