use std::time::Instant;

use super::driver::Driver;
use super::target::targets;
use super::{DiscoveredCamera, LocalPorts};
use crate::proto::{self, Answers, MAX_TIMEOUT};
use crate::wake::Waker;
use crate::{DiscoverError, DiscoverOptions};

/// A search that is under way.
#[derive(Debug)]
pub(crate) struct Finder {
    driver: Driver<proto::Search>,
    only_this_host: bool,
    /// It ends with the first answer: one camera is searched.
    is_for_one: bool,
    has_found: bool,
}

impl Finder {
    /// Resolves the address and opens a socket.
    pub(crate) fn open(options: &DiscoverOptions, waker: &Waker) -> Result<Self, DiscoverError> {
        let begin = Instant::now();
        let targets = targets(options.address.as_ref(), begin + options.timeout.min(MAX_TIMEOUT), waker)?;
        let socket = LocalPorts::bind(options.local_ports, targets.family())?;
        let machine = proto::Search::new(begin, options.uid, targets.addresses, options.timeout);
        Ok(Self {
            driver: Driver::new(machine, vec![socket], waker)?,
            only_this_host: targets.only_this_host,
            is_for_one: options.uid.is_some(),
            has_found: false,
        })
    }

    /// Waits for the next camera; none if the search is over.
    pub(crate) fn next(&mut self) -> Result<Option<DiscoveredCamera>, DiscoverError> {
        if self.is_for_one && self.has_found {
            return Ok(self.driver.look(proto::Search::poll_found));
        }
        let found = self.driver.run(|search| match search.poll_found() {
            None if search.is_over(Instant::now()) => Some(None),
            None => None,
            found => Some(found),
        })?;
        self.has_found |= found.is_some();
        Ok(found)
    }

    /// Searches to the end. With a UID, other cameras are among the answers, too, and in any case those that do not tell
    /// theirs.
    pub(crate) fn answers(mut self) -> Result<Answers, DiscoverError> {
        let mut cameras = Vec::new();
        while let Some(camera) = self.next()? {
            cameras.push(camera);
        }
        let mut answers = self.driver.look(|search| search.answers());
        cameras.append(&mut answers.cameras);
        answers.cameras = cameras;
        answers.only_this_host = self.only_this_host;
        Ok(answers)
    }
}
