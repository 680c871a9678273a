use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::socket::{Sockets, lock};
use super::target::targets;
use super::{Address, Cancel, DiscoveredCamera, LocalPorts};
use crate::proto::{self, Answers, MAX_TIMEOUT};
use crate::{DiscoverError, Uid};

/// What to search.
#[derive(Clone, Debug)]
pub struct Search {
    /// The camera to search, with this UID or the same in upper case; without it, any.
    pub uid: Option<Uid>,
    /// Whom to ask; without it, every IPv4 network that this host is in, itself included.
    pub address: Option<Address>,
    /// How long to wait for answers. With a UID the search ends at its first answer.
    pub timeout: Duration,
    /// The ports of this host that it may use; without them, any.
    pub local_ports: Option<LocalPorts>,
}

/// Lists the cameras that answer, each once for each address that it answers from.
///
/// Fails with [`DiscoverError::Cancelled`], or if the network cannot be used at all.
pub fn search(search: &Search, cancel: &Cancel) -> Result<Vec<DiscoveredCamera>, DiscoverError> {
    let mut found = answers(search, cancel)?.cameras;
    found.retain(|found| search.uid.is_none_or(|uid| uid == found.uid || uid.to_upper_case() == found.uid));
    Ok(found)
}

/// [`search`] with all that answers: with a UID, other cameras, too, and in any case those that do not tell theirs.
pub(crate) fn answers(search: &Search, cancel: &Cancel) -> Result<Answers, DiscoverError> {
    let begin = Instant::now();
    let targets = targets(search.address.as_ref(), begin + search.timeout.min(MAX_TIMEOUT), cancel)?;
    let sockets = Sockets::new(vec![LocalPorts::bind(search.local_ports)?]);
    let machine = Mutex::new(proto::Search::new(begin, search.uid, targets.addresses, search.timeout));
    let mut found = Vec::new();
    sockets.run(&machine, cancel, |machine| {
        found.extend(std::iter::from_fn(|| machine.poll_found()));
        let is_enough = search.uid.is_some() && !found.is_empty();
        (is_enough || machine.is_over(Instant::now())).then_some(())
    })?;
    let mut answers = lock(&machine).answers();
    found.append(&mut answers.cameras);
    answers.cameras = found;
    answers.only_this_host = targets.only_this_host;
    Ok(answers)
}
