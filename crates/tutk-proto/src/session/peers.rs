use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::ops::Bound;
use std::time::Instant;

use super::Peer;
use crate::{SessionId, ViewerId};

/// The sessions of a camera, with what a datagram needs to know of all of them at hand: none costs a look at each.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    table: BTreeMap<ViewerId, Entry>,
    last_id: u64,
    /// Those that are not over, by address and id.
    ids: BTreeMap<(SocketAddr, SessionId), ViewerId>,
    viewers: usize,
    /// Those without a login; the oldest has the lowest id.
    unauthenticated: BTreeSet<ViewerId>,
    /// Those that may have something to send. Their timers may be behind.
    ready: BTreeSet<ViewerId>,
    timers: BTreeSet<(Instant, ViewerId)>,
}

#[derive(Debug)]
struct Entry {
    peer: Peer,
    is_viewer: bool,
    timer: Option<Instant>,
}

impl Peers {
    pub(crate) fn insert(&mut self, peer: Peer) -> ViewerId {
        self.last_id += 1;
        let id = ViewerId(self.last_id);
        self.ids.insert(peer.key(), id);
        self.unauthenticated.insert(id);
        self.table.insert(id, Entry { peer, is_viewer: false, timer: None });
        self.ready.insert(id);
        self.update(id);
        id
    }

    /// The session with this address and id, unless it is over.
    pub(crate) fn find(&self, from: SocketAddr, id: SessionId) -> Option<ViewerId> {
        self.ids.get(&(from, id)).copied()
    }

    /// A session, to change it. Where that may have logged it in or ended it, [`update`](Self::update) follows.
    pub(crate) fn get_mut(&mut self, id: ViewerId) -> Option<&mut Peer> {
        let entry = self.table.get_mut(&id)?;
        self.ready.insert(id);
        Some(&mut entry.peer)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = ViewerId> {
        self.table.keys().copied()
    }

    /// Sessions without a login, the oldest first, with their addresses.
    pub(crate) fn unauthenticated(&self) -> impl Iterator<Item = (ViewerId, SocketAddr)> {
        self.unauthenticated.iter().filter_map(|id| Some((*id, self.table.get(id)?.peer.address())))
    }

    /// Sessions with a login.
    pub(crate) fn viewers(&self) -> usize {
        self.viewers
    }

    /// Sessions whose time has come.
    pub(crate) fn due(&self, now: Instant) -> Vec<ViewerId> {
        self.timers.range(..=(now, ViewerId(u64::MAX))).map(|(_, id)| *id).collect()
    }

    /// The first time that a session waits for, once what is ready has been sent.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Appends the next plain datagram of the first session from this bound on that has one, in a circle; returns whose it is.
    pub(crate) fn poll_datagram(
        &mut self,
        now: Instant,
        from: Bound<ViewerId>,
        out: &mut Vec<u8>,
    ) -> Option<(ViewerId, SocketAddr)> {
        loop {
            let next = self.ready.range((from, Bound::Unbounded)).next().or_else(|| self.ready.first());
            let id = *next?;
            let entry = self.table.get_mut(&id);
            let sent = entry.and_then(|entry| entry.peer.poll_datagram(now, out));
            if sent.is_none() {
                self.rest(id);
            }
            if let Some(to) = sent {
                return Some((id, to));
            }
        }
    }

    /// The session has sent what it had.
    fn rest(&mut self, id: ViewerId) {
        self.ready.remove(&id);
        let Some(entry) = self.table.get_mut(&id) else { return };
        if entry.peer.is_gone() {
            return self.remove(id);
        }
        let timer = Some(entry.peer.poll_timeout());
        if timer != entry.timer {
            let old = std::mem::replace(&mut entry.timer, timer);
            self.timers.extend(timer.map(|at| (at, id)));
            if let Some(old) = old {
                self.timers.remove(&(old, id));
            }
        }
    }

    /// Takes note of a login, and of an end; a session that is gone is removed.
    pub(crate) fn update(&mut self, id: ViewerId) {
        let Some(entry) = self.table.get_mut(&id) else { return };
        let is_viewer = entry.peer.is_viewer();
        if is_viewer != entry.is_viewer {
            entry.is_viewer = is_viewer;
            self.viewers = if is_viewer { self.viewers + 1 } else { self.viewers.saturating_sub(1) };
        }
        if is_viewer || entry.peer.is_over() {
            self.unauthenticated.remove(&id);
        }
        if entry.peer.is_over() {
            let key = entry.peer.key();
            let is_gone = entry.peer.is_gone();
            self.forget_key(key, id);
            if is_gone {
                self.remove(id);
            }
        }
    }

    /// Another session may have the address and id of one that is over.
    fn forget_key(&mut self, key: (SocketAddr, SessionId), id: ViewerId) {
        if self.ids.get(&key) == Some(&id) {
            self.ids.remove(&key);
        }
    }

    pub(crate) fn remove(&mut self, id: ViewerId) {
        let Some(entry) = self.table.remove(&id) else { return };
        self.forget_key(entry.peer.key(), id);
        self.unauthenticated.remove(&id);
        self.ready.remove(&id);
        if let Some(at) = entry.timer {
            self.timers.remove(&(at, id));
        }
        if entry.is_viewer {
            self.viewers = self.viewers.saturating_sub(1);
        }
    }

    /// Bytes of sent frames that are held for all.
    pub(crate) fn memory(&self) -> usize {
        self.table.values().map(|entry| entry.peer.link.sent_memory() + entry.peer.link.received_memory()).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{DisconnectReason, Generation, Profile};

    const IDLE: Duration = Duration::from_secs(15);

    fn address(port: u16) -> SocketAddr {
        ([10, 0, 0, 1], port).into()
    }

    fn add(peers: &mut Peers, now: Instant, port: u16, cookie: u16) -> ViewerId {
        peers.insert(Peer::new(now, address(port), Generation::G09, Profile::V1, SessionId::Cookie(cookie), IDLE))
    }

    fn drain(peers: &mut Peers, now: Instant) -> Vec<ViewerId> {
        let mut out = Vec::new();
        let next = || peers.poll_datagram(now, Bound::Unbounded, &mut out).map(|(id, _)| id);
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn a_session_is_found_until_it_is_over() {
        let (now, mut peers) = (Instant::now(), Peers::default());
        let ids = [(1, 7), (1, 8), (2, 7)].map(|(port, cookie)| add(&mut peers, now, port, cookie));
        assert_eq!(peers.find(address(1), SessionId::Cookie(8)), Some(ids[1]));
        assert_eq!(peers.find(address(2), SessionId::Cookie(8)), None);
        peers.get_mut(ids[1]).unwrap().close(DisconnectReason::ByCamera);
        peers.update(ids[1]);
        assert_eq!(peers.find(address(1), SessionId::Cookie(8)), None);
        // Another one may have its address and cookie before its closes are out.
        let next = add(&mut peers, now, 1, 8);
        assert!(drain(&mut peers, now).contains(&ids[1]));
        assert_eq!(peers.find(address(1), SessionId::Cookie(8)), Some(next));
        assert_eq!(peers.ids().collect::<Vec<_>>(), [ids[0], ids[2], next]);
    }

    #[test]
    fn logins_are_counted_once() {
        let (now, mut peers) = (Instant::now(), Peers::default());
        let ids = [1, 2, 3].map(|port| add(&mut peers, now, port, 7));
        for id in [ids[0], ids[2], ids[2]] {
            peers.get_mut(id).unwrap().set_viewer();
            peers.update(id);
        }
        assert_eq!(peers.viewers(), 2);
        assert_eq!(peers.unauthenticated().collect::<Vec<_>>(), [(ids[1], address(2))]);
        for id in ids {
            peers.get_mut(id).unwrap().close(DisconnectReason::Silent);
            peers.update(id);
        }
        assert_eq!((peers.viewers(), peers.unauthenticated().count()), (0, 0));
        drain(&mut peers, now);
        assert_eq!(peers.ids().count() + peers.timers.len() + peers.ready.len(), 0);
    }

    #[test]
    fn only_sessions_with_something_to_send_or_a_time_are_looked_at() {
        let (mut now, mut peers) = (Instant::now(), Peers::default());
        let ids = [1, 2, 3].map(|port| add(&mut peers, now, port, 7));
        for id in ids {
            peers.get_mut(id).unwrap().set_viewer();
            peers.update(id);
        }
        assert_eq!(drain(&mut peers, now), []);
        assert!(peers.ready.is_empty() && peers.due(now).is_empty());
        now = peers.poll_timeout().unwrap();
        assert_eq!(peers.due(now), ids);
        for id in peers.due(now) {
            peers.get_mut(id).unwrap().handle_timeout(now);
        }
        // Each says that it is alive.
        assert_eq!(drain(&mut peers, now), ids);
        assert!(peers.poll_timeout().is_some_and(|next| next > now));
        peers.get_mut(ids[1]).unwrap().close(DisconnectReason::ByCamera);
        peers.update(ids[1]);
        assert_eq!(peers.ready, [ids[1]].into());
    }
}
