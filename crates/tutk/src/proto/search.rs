use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::FOREVER;
use crate::Uid;
use crate::wire::{self, AddressBlock, Message};

/// A camera that answered a search.
///
/// Through the vendor's library a camera's generation is 0, and its name may be empty and the asker's address
/// unspecified: the library does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its UID.
    pub uid: Uid,
    /// Where it answered from: the address for sessions.
    pub address: SocketAddr,
    /// The name that it gives itself; often empty.
    pub name: String,
    /// The generation of the protocol that it speaks; a [`Viewer`](super::Viewer) speaks 9.
    pub generation: u8,
    /// The asker's address as the camera saw it.
    pub asker: AddressBlock,
}

impl Found {
    /// The camera that sent this answer from there.
    pub(super) fn new(from: SocketAddr, found: &wire::Found<'_>) -> Self {
        Self {
            uid: found.uid,
            address: from,
            name: String::from_utf8_lossy(found.name.as_bytes()).into_owned(),
            generation: found.generation,
            asker: found.asker,
        }
    }
}

/// Asks for cameras until the time is over.
#[derive(Debug)]
pub struct Search {
    uid: Option<Uid>,
    targets: Vec<SocketAddr>,
    /// The next target of this round.
    target: usize,
    rounds: u32,
    due: Instant,
    deadline: Instant,
    seen: Vec<(Uid, SocketAddr)>,
    found: VecDeque<Found>,
}

/// The first rounds come soon after each other, the later ones not so often.
const ROUND: Duration = Duration::from_millis(100);
const ROUND_MOST: Duration = Duration::from_millis(1000);
/// Answers over this number are passed over.
const MAX_FOUND: usize = 4096;

impl Search {
    /// A search for one camera, or for any, among `targets`.
    pub fn new(now: Instant, uid: Option<Uid>, targets: Vec<SocketAddr>, timeout: Duration) -> Self {
        Self {
            uid,
            targets,
            target: 0,
            rounds: 0,
            due: now,
            deadline: now + timeout.min(FOREVER),
            seen: Vec::new(),
            found: VecDeque::new(),
        }
    }

    /// Takes a plain datagram. What is no answer to this search is passed over.
    pub fn handle_input(&mut self, from: SocketAddr, datagram: &[u8]) {
        if let Ok(Message::Found(found)) = Message::decode(datagram) {
            self.handle_found(from, &found);
        }
    }

    pub(super) fn handle_found(&mut self, from: SocketAddr, found: &wire::Found<'_>) {
        let known = (found.uid, from);
        // The vendor's camera answers whatever UID is asked for.
        if self.uid.is_some_and(|uid| uid != found.uid) || self.seen.len() == MAX_FOUND || self.seen.contains(&known) {
            return;
        }
        self.seen.push(known);
        self.found.push_back(Found::new(from, found));
    }

    /// The next camera that answered; each address once.
    #[must_use]
    pub fn poll_found(&mut self) -> Option<Found> {
        self.found.pop_front()
    }

    /// Whether the time is over.
    pub fn is_over(&self, now: Instant) -> bool {
        self.deadline <= now
    }

    /// When to call [`poll_transmit`](Self::poll_transmit) next, or when the time is over.
    #[must_use]
    pub fn poll_timeout(&self) -> Instant {
        self.due.min(self.deadline)
    }

    /// Writes the next plain datagram over what `out` holds; returns where it goes.
    #[must_use]
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        if now < self.due || self.is_over(now) {
            return None;
        }
        let to = self.targets.get(self.target).copied();
        self.target += 1;
        if self.target >= self.targets.len() {
            self.target = 0;
            self.rounds += 1;
            self.due = now + (ROUND * self.rounds).min(ROUND_MOST);
        }
        Message::Search { uid: self.uid }.encode(out);
        to
    }
}
