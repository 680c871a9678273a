use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::answers::Answers;
use crate::outbox::Outbox;
use crate::session::handshake::v3::{self, Ticket};
use crate::wire::{self, AddressBlock, Grant, Message, SessionRequest};
use crate::{Generation, MAX_TIMEOUT, Transmit, Uid};

/// A camera that answered a search.
///
/// Through the vendor's library a camera's generation is 0 and its name may be empty: the library reports neither.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiscoveredCamera {
    /// Its UID.
    pub uid: Uid,
    /// Where it answered from: the address for sessions.
    pub address: SocketAddr,
    /// The name that it gives itself; often empty.
    pub name: String,
    /// The [generation](Generation) of the protocol that it speaks; 0: not known.
    pub generation: u8,
}

impl DiscoveredCamera {
    /// A camera of which no more is known.
    pub fn new(uid: Uid, address: SocketAddr) -> Self {
        Self { uid, address, name: String::new(), generation: 0 }
    }

    /// Sets [`name`](Self::name).
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Sets [`generation`](Self::generation).
    #[must_use]
    pub fn with_generation(self, generation: u8) -> Self {
        Self { generation, ..self }
    }

    /// Whether this crate plays the camera without the vendor's library, by its generation. True where that is not known, since
    /// then the vendor's library has found it.
    pub fn is_playable(&self) -> bool {
        self.generation == 0 || Generation(self.generation).is_spoken()
    }

    /// The camera that sent this answer from there.
    pub(crate) fn from_answer(from: SocketAddr, found: &wire::SearchAnswer<'_>) -> Self {
        Self {
            uid: found.uid,
            address: from,
            name: String::from_utf8_lossy(found.name.as_bytes()).into_owned(),
            generation: found.generation.0,
        }
    }
}

/// A camera that answered, and what the handshake needs of its answer.
#[derive(Debug)]
pub(crate) struct Responder {
    pub(crate) camera: DiscoveredCamera,
    /// The asker's address as the camera saw it.
    pub(crate) asker: AddressBlock,
    /// What it says of the session.
    pub(crate) grant: Option<Grant>,
    /// What it gives for a session in the framing 0xCC51.
    pub(crate) ticket: Option<Ticket>,
}

impl Responder {
    fn new(from: SocketAddr, found: &wire::SearchAnswer<'_>) -> Self {
        let wire::SearchAnswer { asker, grant, .. } = *found;
        Self { camera: DiscoveredCamera::from_answer(from, found), asker, grant, ticket: None }
    }

    /// A ticket names no camera: only the one that was asked gives it.
    fn with_ticket(from: SocketAddr, uid: Uid, ticket: Ticket) -> Self {
        let camera = DiscoveredCamera::new(uid, from).with_generation(Generation::G1D.0);
        Self { camera, asker: AddressBlock::UNSPECIFIED, grant: None, ticket: Some(ticket) }
    }
}

/// Asks for cameras until the time is over.
///
/// One camera is searched by its UID as it is and in upper case. Every other round asks for any camera, so that
/// [`answers`](Self::answers) can say which others are there: the vendor's cameras answer every search, whatever UID it
/// has, and this crate's answer for their own UID or for any.
#[derive(Debug)]
pub struct Search {
    uid: Option<Uid>,
    generation: Generation,
    /// The session that the camera is asked for.
    session: Option<SessionRequest>,
    /// The session in the framing 0xCC51 that it is asked for besides.
    ticket: Option<[u8; 8]>,
    /// Whether this target was asked for the one and has yet to be asked for the other.
    ask_ticket: bool,
    targets: Vec<SocketAddr>,
    /// The next target of this round.
    target: usize,
    rounds: u32,
    due: Instant,
    deadline: Instant,
    seen: Vec<(Uid, SocketAddr)>,
    found: VecDeque<Responder>,
    /// The camera whose UID is that of the search in upper case, and when it is taken.
    upper_case: (Option<Responder>, Instant),
    others: Vec<DiscoveredCamera>,
}

/// The first rounds come soon after each other, the later ones not so often.
const ROUND: Duration = Duration::from_millis(100);
const MAX_ROUND: Duration = Duration::from_millis(1000);
/// How long a camera with the UID as it was typed has before one with the UID in upper case is taken: the first three rounds.
const AS_TYPED: Duration = Duration::from_millis(400);
/// Answers over this number are passed over.
const MAX_FOUND: usize = 4096;
/// Other cameras over this number are passed over while one is searched.
const MAX_OTHERS: usize = 64;

impl Search {
    /// A search for one camera, or for any, among `targets`.
    pub fn new(now: Instant, uid: Option<Uid>, targets: Vec<SocketAddr>, timeout: Duration) -> Self {
        let deadline = now + timeout.min(MAX_TIMEOUT);
        Self {
            uid,
            generation: Generation::NEWEST,
            session: None,
            ticket: None,
            ask_ticket: false,
            targets,
            target: 0,
            rounds: 0,
            due: now,
            deadline,
            seen: Vec::new(),
            found: VecDeque::new(),
            upper_case: (None, deadline.min(now + AS_TYPED)),
            others: Vec::new(),
        }
    }

    /// A search for one camera that asks it for a session at once, if the viewer's generation can.
    pub(crate) fn for_session(
        now: Instant,
        uid: Uid,
        targets: Vec<SocketAddr>,
        timeout: Duration,
        generation: Generation,
        session: SessionRequest,
    ) -> Self {
        let session = generation.has_block().then_some(session);
        Self { generation, session, ..Self::new(now, Some(uid), targets, timeout) }
    }

    /// Asks each target also for this session in the framing 0xCC51; what is sent then needs its HMAC.
    pub(crate) fn with_ticket(self, id: [u8; 8]) -> Self {
        Self { ticket: Some(id), ..self }
    }

    /// Takes a datagram and descrambles it in its place. What is no answer to a search is passed over.
    pub fn handle_input(&mut self, from: SocketAddr, datagram: &mut [u8]) {
        wire::from_wire(datagram);
        if let Ok(message) = Message::decode(datagram) {
            self.handle_message(from, &message);
        }
    }

    pub(crate) fn handle_message(&mut self, from: SocketAddr, message: &Message<'_>) {
        match *message {
            Message::Found(ref found) => self.handle_found(from, found),
            Message::Ticket { from: role, step, ticket, id } => {
                let ticket = Ticket::from_answer(role, step, ticket, id).filter(|_| self.ticket.is_some());
                if let (Some(uid), Some(ticket)) = (self.uid, ticket)
                    && self.found.len() < MAX_FOUND
                {
                    self.found.push_back(Responder::with_ticket(from, uid, ticket));
                }
            }
            _ => {}
        }
    }

    fn handle_found(&mut self, from: SocketAddr, found: &wire::SearchAnswer<'_>) {
        let Some(uid) = self.uid.filter(|uid| *uid != found.uid) else {
            let known = (found.uid, from);
            if self.seen.len() < MAX_FOUND && !self.seen.contains(&known) {
                self.seen.push(known);
                self.found.push_back(Responder::new(from, found));
            }
            return;
        };
        if uid.to_upper_case() == found.uid {
            self.upper_case.0.get_or_insert_with(|| Responder::new(from, found));
        } else if self.others.len() < MAX_OTHERS
            && !self.others.iter().any(|other| (other.uid, other.address) == (found.uid, from))
        {
            self.others.push(DiscoveredCamera::from_answer(from, found));
        }
    }

    /// To be called at the time that [`poll_timeout`](Self::poll_timeout) returns.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.upper_case.1 <= now {
            self.found.extend(self.upper_case.0.take());
        }
    }

    /// The next camera that answered; each address once.
    #[must_use]
    pub fn poll_found(&mut self) -> Option<DiscoveredCamera> {
        Some(self.poll_responder()?.camera)
    }

    /// As [`poll_found`](Self::poll_found).
    pub(crate) fn poll_responder(&mut self) -> Option<Responder> {
        self.found.pop_front()
    }

    /// What else answered so far: cameras with another UID.
    pub fn answers(&self) -> Answers {
        Answers { cameras: self.others.clone(), ..Answers::default() }
    }

    /// Whether the time is over.
    pub fn is_over(&self, now: Instant) -> bool {
        self.deadline <= now
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) and [`poll_transmit`](Self::poll_transmit) next, or when the
    /// time is over.
    #[must_use]
    pub fn poll_timeout(&self) -> Instant {
        let (upper_case, at) = &self.upper_case;
        let next = self.due.min(self.deadline);
        if upper_case.is_some() { next.min(*at) } else { next }
    }

    /// Writes the next datagram over what `out` holds.
    #[must_use]
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        Outbox::default().fill(1, out, |out| self.poll_datagram(now, out))
    }

    /// Appends the next plain datagram; returns where it goes.
    pub(crate) fn poll_datagram(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        if self.is_over(now) {
            return None;
        }
        if now < self.due {
            return None;
        }
        let to = self.targets.get(self.target).copied();
        if let Some(id) = self.ticket.filter(|_| self.ask_ticket) {
            v3::ask(id).encode(self.generation, out);
            self.next_target(now);
            return to;
        }
        // Without a session to ask for, any camera is asked: one of 0x1a takes a search with a UID for the beginning of a session.
        let is_for_any = self.uid.is_none() || self.generation.has_block() && self.session.is_none();
        let uid = self.uid.filter(|_| !is_for_any && self.rounds.is_multiple_of(2));
        let any = self.generation.has_block().then(|| SessionRequest::any(self.generation));
        let request = if uid.is_some() { self.session } else { any };
        Message::Search { uid, request }.encode(self.generation, out);
        match self.ticket {
            Some(_) => self.ask_ticket = true,
            None => self.next_target(now),
        }
        to
    }

    fn next_target(&mut self, now: Instant) {
        self.ask_ticket = false;
        self.target += 1;
        if self.target >= self.targets.len() {
            self.target = 0;
            self.rounds += 1;
            self.due = now + (ROUND * self.rounds).min(MAX_ROUND);
        }
    }
}
