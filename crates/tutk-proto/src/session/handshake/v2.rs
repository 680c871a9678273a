//! Sessions with a session block: the search asks for the session, and the camera's answer grants it. The viewer begins it with a
//! second search, which has no answer.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Progress;
use crate::recv::Repeat;
use crate::wire::{Grant, Message, SEARCH_PORT, SearchResult, SessionRequest};
use crate::{Generation, SessionId, Uid};

/// How often a viewer repeats its question: the first interval, and the longest.
const INTERVAL: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(100));

/// The viewer's side: asks a camera that was found by a search for any camera, or by another UID's.
#[derive(Debug)]
pub(crate) struct Viewer {
    uid: Uid,
    request: SessionRequest,
    /// Where it answers from.
    camera: SocketAddr,
    repeat: Repeat,
    /// The port of searches is asked by turns: which port of a camera takes the question is only known of some.
    ask_search_port: bool,
}

impl Viewer {
    pub(crate) fn new(now: Instant, uid: Uid, request: SessionRequest, camera: SocketAddr) -> Self {
        Self { uid, request, camera, repeat: Repeat::new(now), ask_search_port: false }
    }

    /// Takes what an answer of the camera says.
    pub(crate) fn handle_input(&self, grant: Option<Grant>) -> Progress {
        match grant {
            Some(Grant { id, result, .. }) if id == self.request.id => match result {
                SearchResult::NotAsked => Progress::Pending,
                SearchResult::Granted => Progress::Established,
                SearchResult::Full => Progress::Full,
                refused => Progress::Refused(refused),
            },
            // An answer to a search for any camera.
            Some(Grant { result: SearchResult::NotAsked, .. }) | None => Progress::Pending,
            Some(_) => Progress::Foreign,
        }
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        self.repeat.due()
    }

    /// The next message and where it goes, if one is due.
    pub(crate) fn poll_transmit(&mut self, now: Instant) -> Option<(Message<'static>, SocketAddr)> {
        if !self.repeat.is_due(now) {
            return None;
        }
        self.repeat.sent(now, INTERVAL.0, INTERVAL.1);
        let mut to = self.camera;
        if self.ask_search_port {
            to.set_port(SEARCH_PORT);
        }
        self.ask_search_port = !self.ask_search_port;
        Some((Message::Search { uid: Some(self.uid), request: Some(self.request) }, to))
    }
}

/// The viewer's last message of the handshake, to the camera that granted the session.
pub(crate) fn begin(uid: Uid, request: SessionRequest) -> Message<'static> {
    Message::Search { uid: Some(uid), request: Some(request.begin()) }
}

/// A viewer's session id made of random bits.
pub(crate) fn session_id(seed: u64) -> [u8; 8] {
    // Zeros stand for no session.
    seed.max(1).to_le_bytes()
}

/// The sessions that a camera has granted and that have not begun: a bounded number, so that searches alone cost no more.
#[derive(Debug, Default)]
pub(crate) struct Grants(VecDeque<Entry>);

#[derive(Debug)]
struct Entry {
    viewer: SocketAddr,
    id: SessionId,
    generation: Generation,
    until: Instant,
}

const MAX_GRANTS: usize = 256;
const MAX_GRANTS_OF_HOST: usize = 16;
/// How long a viewer has for its login after its last search.
const LIFETIME: Duration = Duration::from_secs(10);

impl Grants {
    /// Grants a session. The oldest grant is evicted where there are too many: one of the same host, so that a host evicts no
    /// others.
    pub(crate) fn insert(&mut self, now: Instant, viewer: SocketAddr, id: SessionId, generation: Generation) {
        self.0.retain(|grant| grant.until > now && (grant.viewer, grant.id) != (viewer, id));
        let of_host = |grant: &Entry| grant.viewer.ip() == viewer.ip();
        if self.0.iter().filter(|grant| of_host(grant)).count() >= MAX_GRANTS_OF_HOST {
            let oldest = self.0.iter().position(of_host);
            oldest.and_then(|at| self.0.remove(at));
        } else if self.0.len() >= MAX_GRANTS {
            self.0.pop_front();
        }
        self.0.push_back(Entry { viewer, id, generation, until: now + LIFETIME });
    }

    /// The viewer's generation, if it was granted this session.
    pub(crate) fn find(&self, now: Instant, viewer: SocketAddr, id: SessionId) -> Option<Generation> {
        let grant = self.0.iter().find(|grant| (grant.viewer, grant.id) == (viewer, id) && grant.until > now);
        Some(grant?.generation)
    }

    /// The session has begun.
    pub(crate) fn remove(&mut self, viewer: SocketAddr, id: SessionId) {
        self.0.retain(|grant| (grant.viewer, grant.id) != (viewer, id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(host: u8, port: u16) -> SocketAddr {
        ([10, 0, 0, host], port).into()
    }

    const ID: SessionId = SessionId::Block([7; 8]);

    fn grant(grants: &mut Grants, now: Instant, viewer: SocketAddr) {
        grants.insert(now, viewer, ID, Generation::G14);
    }

    #[test]
    fn a_grant_is_for_one_viewer_and_one_id_and_for_a_while() {
        let (now, mut grants) = (Instant::now(), Grants::default());
        grant(&mut grants, now, viewer(1, 1));
        assert_eq!(grants.find(now, viewer(1, 1), ID), Some(Generation::G14));
        assert_eq!(grants.find(now, viewer(1, 2), ID), None);
        assert_eq!(grants.find(now, viewer(1, 1), SessionId::Hmac([7; 8])), None);
        assert_eq!(grants.find(now + LIFETIME, viewer(1, 1), ID), None);
        grants.remove(viewer(1, 1), ID);
        assert_eq!(grants.find(now, viewer(1, 1), ID), None);
    }

    #[test]
    fn a_host_evicts_its_own_grants_only() {
        let (now, mut grants) = (Instant::now(), Grants::default());
        grant(&mut grants, now, viewer(1, 1));
        for port in 0..1000 {
            grant(&mut grants, now, viewer(2, port));
        }
        assert_eq!(grants.0.len(), 1 + MAX_GRANTS_OF_HOST);
        assert!(grants.find(now, viewer(1, 1), ID).is_some());
        assert!(grants.find(now, viewer(2, 999), ID).is_some());
        for host in 3..=255 {
            for port in 0..2 {
                grant(&mut grants, now, viewer(host, port));
            }
        }
        assert_eq!(grants.0.len(), MAX_GRANTS);
    }
}
