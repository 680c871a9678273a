mod config;
mod encryption;
mod event;
mod stats;
mod talk;

pub use config::{CredentialKind, Credentials, ViewerConfig};
pub use event::{CloseReason, Step, ViewerEvent};
pub use stats::ViewerStats;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use crate::channel::AvEvent;
use crate::discovery::Responder;
use crate::outbox::Outbox;
use crate::security::Encryption;
use crate::session::Seal;
use crate::session::handshake::{Progress, v1, v2, v3};
use crate::viewer::talk::Talk;
use crate::wire::{self, Message, Role, SearchResult, SessionRequest};
use crate::{Answers, Generation, Link, MAX_TIMEOUT, Profile, Search, SessionId, Transmit};

/// The viewer's side of the protocol: finds a camera, connects, logs in, receives.
#[derive(Debug)]
pub struct Viewer {
    config: ViewerConfig,
    /// The session that cameras of 0x10 and later are asked for.
    request: SessionRequest,
    /// Of the framing 0xCC51. What a camera seals with is not known: its HMACs are not looked at.
    seal: Option<Seal>,
    state: State,
    /// When the step that is under way must be done.
    deadline: Instant,
    link: Link,
    events: VecDeque<ViewerEvent>,
    /// Other addresses that answered for the camera, and how many of them were reported.
    others: (Vec<SocketAddr>, usize),
    /// Speech to the camera.
    talk: Option<Talk>,
    /// Who answered a search in vain.
    answers: Answers,
    stats: ViewerStats,
    outbox: Outbox,
}

#[derive(Debug)]
enum State {
    Finding(Box<Search>),
    Handshaking {
        camera: SocketAddr,
        handshake: Handshake,
    },
    Established {
        camera: SocketAddr,
        /// The last message of the handshake, which is to be sent, and the generation that it is encoded in.
        last: Option<(Message<'static>, Generation)>,
        logging_in: bool,
        /// The handshake of encryption goes on in channel 0.
        encrypting: bool,
    },
    Ended {
        camera: Option<SocketAddr>,
    },
}

/// For each framing.
#[derive(Debug)]
enum Handshake {
    Cookie(v1::Viewer),
    Block(v2::Viewer),
    Hmac(v3::Viewer),
}

/// Addresses over this number that answer for the camera are only counted.
const MAX_OTHERS: usize = 16;

impl Viewer {
    /// A viewer that begins to search.
    pub fn new(now: Instant, mut config: ViewerConfig) -> Self {
        config.timeout = config.timeout.min(MAX_TIMEOUT);
        let generation = config.generation;
        let request = SessionRequest::ask(generation, v2::session_id(config.seed), config.auth_key.as_ref());
        let (uid, targets) = (config.uid, config.targets.clone());
        let search = Search::for_session(now, uid, targets, config.timeout, generation, request);
        let seal = config.seal();
        let search = if seal.is_some() { search.with_ticket(request.id) } else { search };
        let cookie = v1::session_id(config.seed);
        Self {
            seal,
            state: State::Finding(search.into()),
            deadline: now + config.timeout,
            // Until the camera is found.
            link: Link::new(now, Role::Viewer, Generation::G09, Profile::V1, cookie, config.idle_timeout),
            config,
            request,
            events: VecDeque::new(),
            others: (Vec::new(), 0),
            talk: None,
            answers: Answers::default(),
            stats: ViewerStats::default(),
            outbox: Outbox::default(),
        }
    }

    /// Takes a datagram and descrambles it in its place.
    pub fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8]) {
        wire::from_wire(datagram);
        let message = Message::decode(datagram);
        if let Some(camera) = self.camera()
            && from != camera
        {
            match message {
                Ok(Message::Found(found)) if found.uid == self.config.uid => self.conflicting_responders(camera, from),
                _ => self.stats.foreign += 1,
            }
            return;
        }
        let Ok(message) = message else {
            self.stats.malformed += 1;
            return;
        };
        if let State::Finding(search) = &mut self.state {
            // There is no session, and so nobody who could speak of it.
            match message {
                Message::Found(_) | Message::Ticket { .. } => self.stats.datagrams += 1,
                _ => self.stats.foreign += 1,
            }
            search.handle_message(from, &message);
            return self.connect(now);
        }
        match message {
            Message::Handshake { step, uid, session, full, .. } if uid == self.config.uid => {
                if let State::Handshaking { handshake: Handshake::Cookie(handshake), .. } = &mut self.state {
                    let progress = handshake.handle_input(now, step, session, full);
                    self.progress(now, progress);
                }
            }
            Message::Found(found) if found.uid == self.config.uid => {
                if let State::Handshaking { handshake: Handshake::Block(handshake), .. } = &self.state {
                    let progress = handshake.handle_input(found.grant);
                    self.progress(now, progress);
                }
            }
            Message::Ticket { step, id, .. } => {
                if let State::Handshaking { handshake: Handshake::Hmac(handshake), .. } = &self.state {
                    let progress = handshake.handle_input(step, id);
                    self.progress(now, progress);
                }
            }
            Message::Alive(session) | Message::Close(session) | Message::Data { session, .. } => {
                if !self.link.owns(session) {
                    self.stats.foreign += 1;
                } else if let Message::Close(_) = message {
                    if !matches!(self.state, State::Ended { .. }) {
                        self.take_events();
                        self.state = State::Ended { camera: None };
                        self.events.push_back(ViewerEvent::Ended(CloseReason::ClosedByCamera));
                    }
                } else if let State::Established { .. } = self.state {
                    let result = self.link.handle_input(now, &message);
                    self.take_security(now);
                    self.take_events();
                    if result.is_err() {
                        self.stats.malformed += 1;
                        return;
                    }
                }
            }
            _ => {}
        }
        self.stats.datagrams += 1;
    }

    /// Goes on to the first camera that was found.
    fn connect(&mut self, now: Instant) {
        let State::Finding(search) = &mut self.state else { return };
        let Some(Responder { camera: found, asker, grant, ticket }) = search.poll_responder() else { return };
        let (camera, generation) = (found.address, Generation(found.generation));
        self.deadline = now + self.config.timeout;
        // It may be in upper case.
        self.config.uid = found.uid;
        self.events.push_back(ViewerEvent::Found(found));
        let (uid, own, idle_timeout) = (self.config.uid, self.config.generation, self.config.idle_timeout);
        if let Some(ticket) = ticket {
            let id = SessionId::Hmac(ticket.id);
            self.link = Link::new(now, Role::Viewer, generation, Profile::HMAC, id, idle_timeout);
            self.link.set_ticket(ticket.number);
            self.encrypt(generation);
            self.state = State::Handshaking { camera, handshake: Handshake::Hmac(v3::Viewer::new(now, ticket)) };
        } else if grant.is_none() || !own.has_block() {
            let id = v1::session_id(self.config.seed);
            // An old camera may know no generation but its own.
            self.link = Link::new(now, Role::Viewer, Generation::G09, Profile::V1, id, idle_timeout);
            let handshake = v1::Viewer::new(now, uid, id, asker);
            self.state = State::Handshaking { camera, handshake: Handshake::Cookie(handshake) };
        } else {
            let (profile, id) = (Profile::between(own, generation), SessionId::Block(self.request.id));
            self.link = Link::new(now, Role::Viewer, own, profile, id, idle_timeout);
            self.encrypt(generation);
            let handshake = v2::Viewer::new(now, uid, self.request, camera);
            let progress = handshake.handle_input(grant);
            self.state = State::Handshaking { camera, handshake: Handshake::Block(handshake) };
            self.progress(now, progress);
        }
        if !generation.is_spoken() {
            self.end(CloseReason::Generation(generation.0));
        } else if self.config.encryption == Encryption::Required {
            if self.config.provider.is_none() {
                self.end(CloseReason::EncryptionUnavailable);
            } else if !self.may_encrypt(generation) {
                self.end(CloseReason::CameraIsPlain);
            }
        }
    }

    /// Goes on with what the handshake has come to.
    fn progress(&mut self, now: Instant, progress: Progress) {
        match progress {
            Progress::Pending => {}
            Progress::Established => self.establish(now),
            Progress::Full => self.end(CloseReason::Full),
            Progress::Refused(SearchResult::WrongKey) => self.end(CloseReason::WrongAuthKey),
            Progress::Refused(SearchResult::NoKey) => self.end(CloseReason::AuthKeyNotWanted),
            Progress::Refused(result) => self.end(CloseReason::SearchResult(result.into())),
            Progress::Foreign => self.stats.foreign += 1,
        }
    }

    fn establish(&mut self, now: Instant) {
        let State::Handshaking { camera, handshake } = &self.state else { return };
        let (camera, uid) = (*camera, self.config.uid);
        let last = match handshake {
            Handshake::Cookie(handshake) => Some((handshake.confirm(), Generation::G09)),
            Handshake::Block(_) => Some((v2::begin(uid, self.request), self.config.generation)),
            Handshake::Hmac(_) => None,
        };
        self.link.heard(now);
        self.deadline = now + self.config.timeout;
        let credentials = self.config.credentials.take();
        let logging_in = credentials.is_some();
        let encrypting = logging_in && self.link.is_secure();
        self.state = State::Established { camera, last, logging_in, encrypting };
        self.events.push_back(ViewerEvent::Connected);
        if let Some(credentials) = credentials {
            self.link.log_in(now, self.config.channel, credentials, true);
        }
        self.take_security(now);
    }

    fn conflicting_responders(&mut self, camera: SocketAddr, from: SocketAddr) {
        self.stats.conflicting_responders += 1;
        let (others, _) = &mut self.others;
        let is_this_host = camera.ip().is_loopback() || from.ip().is_loopback();
        if !is_this_host && others.len() < MAX_OTHERS && !others.contains(&from) {
            others.push(from);
        }
    }

    fn take_events(&mut self) {
        while let Some((channel, event)) = self.link.poll_event() {
            if self.is_talk(channel) {
                self.take_talk_event(&event);
                continue;
            }
            if let State::Established { logging_in, .. } = &mut self.state
                && *logging_in
            {
                match event {
                    AvEvent::LoggedIn { .. } => *logging_in = false,
                    AvEvent::LoginRefused(3) => return self.end(CloseReason::Refused),
                    AvEvent::LoginRefused(number) => return self.end(CloseReason::LoginResult(number)),
                    _ => {}
                }
            }
            self.events.push_back(ViewerEvent::Av { channel, event });
        }
    }

    /// The camera's address, once it is found.
    pub fn camera(&self) -> Option<SocketAddr> {
        match self.state {
            State::Finding(_) => None,
            State::Handshaking { camera, .. } | State::Established { camera, .. } => Some(camera),
            State::Ended { camera } => camera,
        }
    }

    /// The session, while it is established.
    pub fn link(&mut self) -> Option<&mut Link> {
        matches!(self.state, State::Established { .. }).then_some(&mut self.link)
    }

    /// Ends the session. A close is sent to the camera.
    pub fn close(&mut self) {
        if !matches!(self.state, State::Ended { .. }) {
            self.end(CloseReason::Closed);
        }
    }

    /// Ends the session, and sends a close if the camera knows of it.
    fn end(&mut self, end: CloseReason) {
        let camera = match self.state {
            State::Established { camera, .. } => Some(camera),
            _ => None,
        };
        self.link.close();
        self.state = State::Ended { camera };
        self.events.push_back(ViewerEvent::Ended(end));
    }

    /// To be called at the time that [`poll_timeout`](Self::poll_timeout) returns.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let State::Finding(search) = &mut self.state {
            search.handle_timeout(now);
            if search.is_over(now) {
                self.answers = search.answers();
            }
            self.connect(now);
        }
        let step = match self.state {
            State::Finding(_) => Step::Find,
            State::Handshaking { .. } => Step::Connect,
            State::Established { .. } => {
                self.link.handle_timeout(now);
                self.take_security(now);
                self.take_events();
                let State::Established { logging_in, encrypting, .. } = self.state else { return };
                if let Some(silence) = self.link.silence(now) {
                    return self.end(CloseReason::Silent(silence));
                }
                if encrypting && self.deadline <= now {
                    return self.end(self.unanswered());
                }
                if !logging_in {
                    return;
                }
                Step::LogIn
            }
            State::Ended { .. } => return,
        };
        if self.deadline <= now {
            self.end(CloseReason::NoAnswer(step));
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) and [`poll_transmit`](Self::poll_transmit) next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Finding(ref search) => Some(search.poll_timeout().min(self.deadline)),
            State::Handshaking { ref handshake, .. } => {
                let first = match handshake {
                    Handshake::Cookie(handshake) => handshake.poll_timeout(),
                    Handshake::Block(handshake) => handshake.poll_timeout(),
                    Handshake::Hmac(handshake) => handshake.poll_timeout(),
                };
                Some(first.min(self.deadline))
            }
            State::Established { logging_in, .. } => {
                let first = self.link.poll_timeout();
                Some(if logging_in { first.min(self.deadline) } else { first })
            }
            State::Ended { .. } => None,
        }
    }

    /// Writes the next datagrams, at most `max_datagrams`, over what `out` holds.
    #[must_use]
    pub fn poll_transmit(&mut self, now: Instant, max_datagrams: usize, out: &mut Vec<u8>) -> Option<Transmit> {
        let mut outbox = std::mem::take(&mut self.outbox);
        let transmit = outbox.fill(max_datagrams, out, |out| {
            let start = out.len();
            let to = self.poll_datagram(now, out)?;
            if let (Some(seal), Some(datagram)) = (&self.seal, out.get_mut(start..)) {
                seal.seal(datagram);
            }
            Some(to)
        });
        self.outbox = outbox;
        transmit
    }

    /// Appends the next plain datagram; returns where it goes.
    fn poll_datagram(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        match &mut self.state {
            State::Finding(search) => search.poll_datagram(now, out),
            State::Handshaking { camera, handshake: Handshake::Cookie(handshake) } => {
                handshake.poll_transmit(now)?.encode(Generation::G09, out);
                Some(*camera)
            }
            State::Handshaking { camera, handshake: Handshake::Hmac(handshake) } => {
                handshake.poll_transmit(now)?.encode(Generation::G1D, out);
                Some(*camera)
            }
            State::Handshaking { handshake: Handshake::Block(handshake), .. } => {
                let (message, to) = handshake.poll_transmit(now)?;
                message.encode(self.config.generation, out);
                Some(to)
            }
            State::Established { camera, last, .. } => {
                let to = *camera;
                if let Some((message, generation)) = last.take() {
                    message.encode(generation, out);
                    return Some(to);
                }
                self.link.poll_datagram(now, out).then_some(to)
            }
            State::Ended { camera } => {
                let to = (*camera)?;
                self.link.poll_datagram(now, out).then_some(to)
            }
        }
    }

    /// What has happened.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<ViewerEvent> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        let State::Established { logging_in: false, .. } = self.state else { return None };
        let (others, reported) = &mut self.others;
        let other = others.get(*reported)?;
        *reported += 1;
        Some(ViewerEvent::ConflictingResponder(*other))
    }

    /// Who answered the search for the camera, after [`CloseReason::NoAnswer`] of [`Step::Find`].
    pub fn take_answers(&mut self) -> Answers {
        std::mem::take(&mut self.answers)
    }

    /// What was counted.
    pub fn stats(&self) -> ViewerStats {
        let mut stats = self.stats;
        self.link.add_stats(&mut stats);
        stats
    }

    /// Bytes of video that are held, no more than [`MAX_ASSEMBLY`](crate::MAX_ASSEMBLY); the events that wait in
    /// [`poll_event`](Self::poll_event) come on top.
    pub fn memory(&self) -> usize {
        self.link.received_memory()
    }
}
