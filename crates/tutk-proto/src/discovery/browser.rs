use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::outbox::Outbox;
use crate::wire::{self, Message, SessionRequest};
use crate::{DiscoveredCamera, Generation, MAX_TIMEOUT, Transmit, Uid};

/// Most cameras that a [`Browser`] knows at once.
pub const MAX_CAMERAS: usize = 1024;

/// What happens to the cameras of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrowserEvent {
    /// A camera is there.
    Appeared(DiscoveredCamera),
    /// A camera that is there has another address, name or generation: these.
    Changed(DiscoveredCamera),
    /// A camera is gone: it left three searches in a row without an answer.
    Vanished(Uid),
    /// [`MAX_CAMERAS`] are there. Others that answer are passed over until one vanishes.
    Full,
}

/// Keeps up with which cameras there are, by a search every so often.
///
/// A camera that answers without its UID is asked for it, at its own address; no more than 64 are in each search.
///
/// Each camera is reported once, with one address. An answer counts once for each search, so that a host that floods this
/// one with answers causes at most [`MAX_CAMERAS`] events a search.
#[derive(Debug)]
pub struct Browser {
    period: Duration,
    /// Searches that follow the first one closely; any may be lost.
    opening: u32,
    due: Instant,
    /// Whom the search that is under way has yet to ask.
    targets: VecDeque<SocketAddr>,
    cameras: BTreeMap<Uid, Known>,
    reported_full: bool,
    events: VecDeque<BrowserEvent>,
}

#[derive(Debug)]
struct Known {
    found: DiscoveredCamera,
    /// Searches since the last answer from its address.
    unanswered: u32,
}

const OPENING: u32 = 2;
const OPENING_PERIOD: Duration = Duration::from_millis(100);
const MIN_PERIOD: Duration = Duration::from_millis(100);
/// Answers may be lost, but not so many in a row.
const UNANSWERED: u32 = 3;

impl Browser {
    /// A browser that searches every `period`, of at least 100 ms; its first three searches come within 200 ms.
    pub fn new(now: Instant, period: Duration) -> Self {
        Self {
            period: period.clamp(MIN_PERIOD, MAX_TIMEOUT),
            opening: OPENING,
            due: now,
            targets: VecDeque::new(),
            cameras: BTreeMap::new(),
            reported_full: false,
            events: VecDeque::new(),
        }
    }

    /// When to call [`search`](Self::search) next.
    #[must_use]
    pub fn poll_timeout(&self) -> Instant {
        self.due
    }

    /// To be called at the time that [`poll_timeout`](Self::poll_timeout) returns: asks these broadcast addresses. With none, the
    /// search counts as one that nobody answered.
    pub fn search(&mut self, now: Instant, targets: Vec<SocketAddr>) {
        self.targets = targets.into();
        if self.opening > 0 {
            self.opening -= 1;
            self.due = now + OPENING_PERIOD;
            return;
        }
        self.due = now + self.period;
        self.cameras.retain(|uid, camera| {
            let is_there = camera.unanswered < UNANSWERED;
            camera.unanswered += 1;
            if !is_there {
                self.reported_full = false;
                self.events.push_back(BrowserEvent::Vanished(*uid));
            }
            is_there
        });
    }

    /// Takes a datagram and descrambles it in its place. What is no answer to a search is passed over.
    pub fn handle_input(&mut self, from: SocketAddr, datagram: &mut [u8]) {
        wire::from_wire(datagram);
        if let Ok(Message::Found(found)) = Message::decode(datagram) {
            self.handle_found(from, &found);
        }
    }

    fn handle_found(&mut self, from: SocketAddr, found: &wire::SearchAnswer<'_>) {
        let is_full = self.cameras.len() >= MAX_CAMERAS;
        match self.cameras.get_mut(&found.uid) {
            Some(camera) => {
                // A camera on this host answers from each of its addresses, always: the first one is it while it
                // answers. Another one is, once a whole search went by without the first.
                let enough = if camera.found.address == from { 1 } else { 2 };
                if camera.unanswered < enough {
                    return;
                }
                camera.unanswered = 0;
                let found = DiscoveredCamera::from_answer(from, found);
                if camera.found != found {
                    camera.found = found.clone();
                    self.events.push_back(BrowserEvent::Changed(found));
                }
            }
            None if !is_full => {
                let found = DiscoveredCamera::from_answer(from, found);
                self.cameras.insert(found.uid, Known { found: found.clone(), unanswered: 0 });
                self.events.push_back(BrowserEvent::Appeared(found));
            }
            None => {
                if !self.reported_full {
                    self.reported_full = true;
                    self.events.push_back(BrowserEvent::Full);
                }
            }
        }
    }

    /// Writes the next datagram over what `out` holds.
    #[must_use]
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        Outbox::default().fill(1, out, |out| {
            let to = self.targets.pop_front()?;
            let request = Some(SessionRequest::any(Generation::NEWEST));
            Message::Search { uid: None, request }.encode(Generation::NEWEST, out);
            Some(to)
        })
    }

    /// What has happened.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<BrowserEvent> {
        self.events.pop_front()
    }
}
