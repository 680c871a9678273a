use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::socket::{Machine, Sockets};
use super::target::targets;
use super::udp::Udp;
use super::{Address, Cancel, Found};
use crate::{Error, Uid, proto};

/// What to search.
#[derive(Clone, Debug)]
pub struct Search {
    /// The camera to search; without it, any.
    pub uid: Option<Uid>,
    /// Whom to ask; without it, every IPv4 network that this host is in, itself included.
    pub address: Option<Address>,
    /// How long to wait for answers. With a UID the search ends at its first answer.
    pub timeout: Duration,
}

/// Lists the cameras that answer, each once for each address that it answers from.
///
/// Fails with [`Error::Cancelled`], or if the network cannot be used at all.
pub fn search(search: &Search, cancel: &Cancel) -> Result<Vec<Found>, Error> {
    let targets = targets(search.address.as_ref(), cancel)?;
    let sockets =
        Sockets::new(vec![Udp::bind(0, false).map_err(|error| Error::io("cannot open a UDP socket", error))?]);
    let machine = Mutex::new(proto::Search::new(Instant::now(), search.uid, targets, search.timeout));
    let mut found = Vec::new();
    sockets.run(&machine, cancel, |machine| {
        found.extend(std::iter::from_fn(|| machine.poll_found()));
        let is_enough = search.uid.is_some() && !found.is_empty();
        (is_enough || machine.is_over(Instant::now())).then_some(())
    })?;
    Ok(found)
}

impl Machine for proto::Search {
    fn handle_input(&mut self, _now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.handle_input(from, datagram);
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn poll_timeout(&self) -> Option<Instant> {
        Some(self.poll_timeout())
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        self.poll_transmit(now, out)
    }
}
