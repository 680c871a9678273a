mod config;
mod event;
mod keys;
mod talk;

pub use config::{Access, CameraConfig};
pub use event::{CameraEvent, DisconnectReason, ViewerId};

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use keys::CameraKeys;

use crate::channel::AvEvent;
use crate::outbox::Outbox;
use crate::secret::same;
use crate::security::{Encryption, Failure};
use crate::session::handshake::{v1, v2, v3};
use crate::session::secure::{Secure, SecurityEvent};
use crate::session::{Peer, Peers, Seal};
use crate::wire::{self, AddressBlock, Grant, Message, SearchAnswer, SearchResult, Session, SessionRequest, Step};
use crate::{AuthKey, Framing, Generation, Link, Profile, SendError, SessionId, Transmit, VideoFrame};

/// The camera's side of the protocol: answers searches, serves viewers.
///
/// Nothing is kept of a viewer before its session is established, and of established sessions without a login no more than
/// 64 are, and 8 of each host: the oldest goes first.
#[derive(Debug)]
pub struct Camera {
    config: CameraConfig,
    /// Of the framing 0xCC51, where the camera has it.
    seal: Option<Seal>,
    peers: Peers,
    grants: v2::Grants,
    answers: VecDeque<(SocketAddr, Answer)>,
    events: VecDeque<CameraEvent>,
    /// Who sent last, and how many datagrams in a row.
    turn: (ViewerId, usize),
    outbox: Outbox,
}

#[derive(Debug)]
enum Answer {
    /// To a search of 0x09, with the asker's address.
    Found(AddressBlock),
    /// To a later one, with its session id.
    Grant([u8; 8], SearchResult),
    /// Of the handshake with a cookie.
    Handshake(v1::Answer),
    /// To a viewer that has begun its session and hears nothing.
    Confirm([u8; 8]),
    /// In the framing 0xCC51.
    Ticket(Message<'static>),
}

const MAX_ANSWERS: usize = 64;
const MAX_STRANGERS: usize = 64;
const MAX_STRANGERS_OF_HOST: usize = 8;
/// Datagrams that a viewer gets in a row before it is the next one's turn: as many as can be sent in one piece.
const TURN: usize = 60;

/// Bytes of frame info for viewers in packet style without resend: go2rtc's client takes so many off each frame, and the
/// vendor's viewer goes by the length that is sent.
const LONG_INFO: usize = 32;

impl Camera {
    /// A camera without viewers.
    pub fn new(config: CameraConfig) -> Self {
        Self {
            seal: config.seal(),
            config,
            peers: Peers::default(),
            grants: v2::Grants::default(),
            answers: VecDeque::new(),
            events: VecDeque::new(),
            turn: (ViewerId(0), 0),
            outbox: Outbox::default(),
        }
    }

    /// What searches show from now on; at most 131 bytes of it.
    pub fn set_name(&mut self, name: String) {
        self.config.name = name;
    }

    /// Takes a datagram, from the port of searches or of sessions, and descrambles it in its place. What is not for this
    /// camera is passed over.
    pub fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8]) {
        wire::from_wire(datagram);
        if wire::is_hmac(datagram) && !self.seal.as_ref().is_some_and(|seal| seal.is_intact(datagram)) {
            return;
        }
        let Ok(message) = Message::decode(datagram) else { return };
        match message {
            Message::Ticket { step, ticket, id, .. } => self.handle_ticket(now, from, step, ticket, id),
            Message::Search { uid, request } if uid.is_none_or(|uid| uid == self.config.uid) => {
                self.handle_search(now, from, uid.is_none(), request);
            }
            Message::Hello { uid, .. } if uid == self.config.uid && self.takes_cookies() => {
                let full = self.is_full();
                self.answer(from, Answer::Handshake(v1::Answer::hello(full)));
            }
            Message::Handshake { step, uid, session: Some(id), .. } if uid == self.config.uid => match id {
                SessionId::Cookie(_) if self.takes_cookies() => self.handle_handshake(now, from, step, id),
                SessionId::Block(block) if step == Step::Accept && self.knows(now, from, id) => {
                    self.answer(from, Answer::Confirm(block));
                }
                _ => {}
            },
            Message::Alive(session) | Message::Close(session) | Message::Data { session, .. } => {
                if matches!(message, Message::Data { .. }) {
                    self.begin(now, from, session);
                }
                let Some(id) = self.peers.find(from, session.id) else { return };
                if let Some(peer) = self.peers.get_mut(id) {
                    peer.handle_input(now, &message);
                }
                self.take_events(id);
                self.begin_talk(now, id);
            }
            _ => {}
        }
    }

    fn take_events(&mut self, viewer: ViewerId) {
        let full = self.is_full();
        let Some(peer) = self.peers.get_mut(viewer) else { return };
        while let Some((channel, event)) = peer.poll_security() {
            let failure = match event {
                SecurityEvent::Failed(failure) => failure,
                SecurityEvent::PeerIsPlain if matches!(self.config.access, Access::Application) => {
                    self.events.push_back(CameraEvent::Av { viewer, channel, event: AvEvent::PeerIsPlain });
                    continue;
                }
                _ => continue,
            };
            if let Access::Application = self.config.access {
                let event = AvEvent::EncryptionFailed(failure);
                self.events.push_back(CameraEvent::Av { viewer, channel, event });
            }
            if channel == 0 {
                if let Failure::UnknownIdentity | Failure::WrongKey = failure {
                    self.events.push_back(CameraEvent::LoginRefused { address: peer.address() });
                }
                // Its alert goes out before.
                peer.close(match failure {
                    Failure::Closed => DisconnectReason::ByViewer,
                    _ => DisconnectReason::ByCamera,
                });
            }
        }
        while let Some((channel, event)) = peer.poll_event() {
            let Access::Account { account, password } = &self.config.access else {
                self.events.push_back(CameraEvent::Av { viewer, channel, event });
                continue;
            };
            if peer.talk == Some(channel) {
                if let AvEvent::LoggedIn { .. } | AvEvent::Audio(_) | AvEvent::Lost(_) = event {
                    self.events.push_back(CameraEvent::Talk { viewer, event });
                }
                continue;
            }
            match event {
                AvEvent::Login { account: given, password: word } => {
                    let address = peer.address();
                    // In an encrypted session the key has proved it, and viewers write what they like.
                    let right = peer.link.cipher_suite(channel).is_some()
                        || same(&given, account.as_bytes())
                            & same(word.reveal().as_bytes(), password.reveal().as_bytes());
                    if !right {
                        peer.link.answer_login(channel, false);
                        self.events.push_back(CameraEvent::LoginRefused { address });
                    } else if full {
                        peer.link.ignore_login(channel);
                    } else if peer.link.answer_login(channel, true).is_some() {
                        peer.set_viewer();
                        self.events.push_back(CameraEvent::ViewerAdded { viewer, address });
                    }
                }
                AvEvent::IoControl { kind, body } => {
                    if self.config.speaker {
                        peer.speaker_command(kind, &body);
                    }
                    self.events.push_back(CameraEvent::IoControl { viewer, kind, body });
                }
                AvEvent::IoControlUnconfirmed { kind } => {
                    self.events.push_back(CameraEvent::IoControlUnconfirmed { viewer, kind });
                }
                AvEvent::KeyFrameWanted => self.events.push_back(CameraEvent::KeyFrameWanted { viewer }),
                _ => {}
            }
        }
        if let Some(reason) = peer.take_removal() {
            self.events.push_back(CameraEvent::ViewerRemoved { viewer, reason });
        }
        peer.bound_talk();
        self.peers.update(viewer);
    }

    fn handle_ticket(&mut self, now: Instant, from: SocketAddr, step: u16, ticket: u16, id: [u8; 8]) {
        let session = SessionId::Hmac(id);
        let is_known = self.knows(now, from, session);
        let Some((is_granted, message)) = v3::answer(step, ticket, id, is_known, self.is_full()) else { return };
        if is_granted {
            self.grants.insert(now, from, session, Generation::G1D);
        }
        self.answer(from, Answer::Ticket(message));
    }

    fn handle_search(&mut self, now: Instant, from: SocketAddr, any: bool, request: Option<SessionRequest>) {
        if self.config.generation >= Generation::G1D {
            return;
        }
        match request.filter(|_| self.config.generation.has_block()) {
            None if self.takes_cookies() => self.answer(from, Answer::Found(from.into())),
            None => {}
            Some(request) if any => self.answer(from, Answer::Grant(request.id, SearchResult::NotAsked)),
            Some(request) if request.is_asking() => {
                let result = self.decide(from, &request);
                if result == SearchResult::Granted {
                    self.grants.insert(now, from, SessionId::Block(request.id), request.generation);
                }
                self.answer(from, Answer::Grant(request.id, result));
            }
            // The session begins.
            Some(_) => {}
        }
    }

    /// Whether viewers of 0x09 may have sessions: they know neither authentication keys nor encryption.
    fn takes_cookies(&self) -> bool {
        self.config.auth_key.is_none() && self.config.takes_plain() && self.config.generation < Generation::G1D
    }

    /// Whether a viewer gets the session that it asks for.
    fn decide(&self, from: SocketAddr, request: &SessionRequest) -> SearchResult {
        let given = request.more.map_or([0; AuthKey::LEN], |more| more.auth_key);
        match &self.config.auth_key {
            Some(key) if !same(&given, &key.reveal()) => SearchResult::WrongKey,
            None if given != [0; AuthKey::LEN] => SearchResult::NoKey,
            _ if self.is_full() && self.peers.find(from, SessionId::Block(request.id)).is_none() => SearchResult::Full,
            _ => SearchResult::Granted,
        }
    }

    /// Whether a viewer was granted this session, or has it.
    fn knows(&self, now: Instant, from: SocketAddr, id: SessionId) -> bool {
        self.grants.find(now, from, id).is_some() || self.peers.find(from, id).is_some()
    }

    /// The first data of a session that was granted begins it.
    fn begin(&mut self, now: Instant, from: SocketAddr, session: Session) {
        let (id, is_secure) = (session.id, session.secure);
        if let Some(generation) = self.grants.find(now, from, id) {
            self.grants.remove(from, id);
            if self.peers.find(from, id).is_none() {
                let (own, profile) = match id {
                    SessionId::Hmac(_) => (Generation::G1D, Profile::HMAC),
                    _ => (self.config.generation, Profile::between(self.config.generation, generation)),
                };
                if !self.config.takes_plain() && self.config.provider.is_none() {
                    return;
                }
                let secure = self.secure(from, is_secure);
                self.add_peer(now, from, id, own, profile, secure);
                if let Some(peer) = self.peers.find(from, id).and_then(|id| self.peers.get_mut(id)) {
                    peer.link.set_ticket(session.ticket);
                }
            }
        }
    }

    fn handle_handshake(&mut self, now: Instant, from: SocketAddr, step: Step, id: SessionId) {
        let known = self.peers.find(from, id);
        let reaction = v1::react(step, id, known.is_some(), self.is_full());
        if reaction.establish {
            match known.and_then(|viewer| self.peers.get_mut(viewer)) {
                Some(peer) => peer.link.heard(now),
                None => self.add_peer(now, from, id, Generation::G09, Profile::V1, None),
            }
        }
        if let Some(answer) = reaction.answer {
            self.answer(from, Answer::Handshake(answer));
        }
    }

    /// What is to encrypt a session whose first datagram is encrypted or not.
    fn secure(&self, from: SocketAddr, is_secure: bool) -> Option<Secure> {
        let provider = self.config.provider.clone()?;
        let is_wanted = match self.config.encryption {
            Encryption::Auto => is_secure || self.leaves_encryption(),
            Encryption::Required => true,
            Encryption::Off => false,
        };
        is_wanted.then(|| {
            let access = self.config.access.clone();
            let keys = CameraKeys { access, more: self.config.keys.clone(), provider: provider.clone() };
            Secure::new(provider).with_keys(Arc::new(keys)).with_cookie(from.to_string().into_bytes())
        })
    }

    /// Whether the application decides for each session: it decides on logins, and gave no keys.
    fn leaves_encryption(&self) -> bool {
        let Access::Application = self.config.access else { return false };
        self.config.encryption == Encryption::Auto && self.config.keys.is_none()
    }

    fn add_peer(
        &mut self,
        now: Instant,
        from: SocketAddr,
        id: SessionId,
        own: Generation,
        profile: Profile,
        secure: Option<Secure>,
    ) {
        self.make_room(from.ip());
        let mut peer = Peer::new(now, from, own, profile, id, self.config.idle_timeout);
        match secure {
            Some(secure) if self.leaves_encryption() && profile.framing != Framing::Hmac => peer.link.offer(secure),
            Some(secure) => peer.link.encrypt(secure),
            None => {}
        }
        match self.config.access {
            Access::Account { .. } => peer.link.start_server(0, self.config.resend),
            Access::Application => peer.set_viewer(),
        }
        let is_viewer = peer.is_viewer();
        let viewer = self.peers.insert(peer);
        if is_viewer {
            self.events.push_back(CameraEvent::ViewerAdded { viewer, address: from });
        }
    }

    /// An established session without a login is evicted, if there are too many: one of the same host, so that a host evicts
    /// no others.
    fn make_room(&mut self, host: IpAddr) {
        let of_host = || self.peers.unauthenticated().filter(|(_, address)| address.ip() == host);
        let oldest = if of_host().count() >= MAX_STRANGERS_OF_HOST {
            of_host().next()
        } else if self.peers.unauthenticated().count() >= MAX_STRANGERS {
            self.peers.unauthenticated().next()
        } else {
            None
        };
        if let Some((oldest, _)) = oldest {
            self.peers.remove(oldest);
        }
    }

    fn answer(&mut self, to: SocketAddr, answer: Answer) {
        if self.answers.len() < MAX_ANSWERS {
            self.answers.push_back((to, answer));
        }
    }

    fn is_full(&self) -> bool {
        self.viewers() >= self.config.max_viewers
    }

    /// Viewers that are logged in.
    pub fn viewers(&self) -> usize {
        self.peers.viewers()
    }

    /// Sends a frame of video to these viewers, and returns to how many.
    ///
    /// Passed over are viewers that are gone, and those that have not confirmed [`RESEND_STORE`](crate::RESEND_STORE)
    /// bytes of earlier frames: they get nothing until they have, and then a key frame first, which
    /// [`CameraEvent::KeyFrameWanted`] asks for.
    ///
    /// Fails if the frame has more than 16 MiB, frame info included.
    pub fn send_video(&mut self, viewers: &[ViewerId], frame: VideoFrame<'_>) -> Result<usize, SendError> {
        let key = frame.key || frame.codec.is_intra_only();
        let frame = frame.to_outgoing(self.viewers())?;
        let mut with_long_info = None;
        let mut takes = |viewer: &&ViewerId| {
            let Some(peer) = self.peers.get_mut(**viewer).filter(|peer| peer.is_viewer()) else { return false };
            let frame = if peer.link.is_packet_without_resend(0) {
                with_long_info.get_or_insert_with(|| frame.with_info_len(LONG_INFO))
            } else {
                &frame
            };
            peer.link.send_outgoing(0, frame, key)
        };
        Ok(viewers.iter().filter(|viewer| takes(viewer)).count())
    }

    /// Sends an IO control to a viewer, if it is still there.
    ///
    /// Fails if the body has more bytes than the viewer's session takes.
    pub fn send_io_control(&mut self, viewer: ViewerId, kind: u32, body: Vec<u8>) -> Result<(), SendError> {
        self.link(viewer).map_or(Ok(()), |link| link.send_io_control(0, kind, body))
    }

    /// The session with a viewer, if it is still there.
    pub fn link(&mut self, viewer: ViewerId) -> Option<&mut Link> {
        self.peers.get_mut(viewer).filter(|peer| peer.is_viewer()).map(|peer| &mut peer.link)
    }

    /// Ends the session with a viewer.
    pub fn close_viewer(&mut self, viewer: ViewerId) {
        if let Some(peer) = self.peers.get_mut(viewer) {
            peer.close(DisconnectReason::ByCamera);
            self.take_events(viewer);
        }
    }

    /// Ends all sessions.
    pub fn close(&mut self) {
        for id in self.peers.ids().collect::<Vec<_>>() {
            self.close_viewer(id);
        }
    }

    /// To be called at the time that [`poll_timeout`](Self::poll_timeout) returns.
    pub fn handle_timeout(&mut self, now: Instant) {
        for id in self.peers.due(now) {
            if let Some(peer) = self.peers.get_mut(id) {
                peer.handle_timeout(now);
                self.take_events(id);
                self.begin_talk(now, id);
            }
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) and [`poll_transmit`](Self::poll_transmit) next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.peers.poll_timeout()
    }

    /// Writes the next datagrams, at most `max_datagrams` to one viewer, over what `out` holds. Viewers take turns, of up
    /// to 60 datagrams each.
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
        if let Some((to, answer)) = self.answers.pop_front() {
            self.encode_answer(answer, out);
            return Some(to);
        }
        let (last, count) = self.turn;
        let from = if count < TURN { Bound::Included(last) } else { Bound::Excluded(last) };
        let (id, to) = self.peers.poll_datagram(now, from, out)?;
        self.turn = (id, if id == last && count < TURN { count + 1 } else { 1 });
        Some(to)
    }

    fn encode_answer(&self, answer: Answer, out: &mut Vec<u8>) {
        let (uid, own, name) = (self.config.uid, self.config.generation, self.config.name.as_str().into());
        let found = |generation, asker, grant| Message::Found(SearchAnswer { generation, uid, asker, name, grant });
        match answer {
            Answer::Found(asker) => found(Generation::G09, asker, None).encode(Generation::G09, out),
            Answer::Grant(id, result) => {
                let grant = Some(Grant { version: own.library_version(), id, result });
                found(own, AddressBlock::NONE, grant).encode(own, out);
            }
            Answer::Handshake(answer) => answer.message(uid).encode(Generation::G09, out),
            Answer::Ticket(message) => message.encode(Generation::G1D, out),
            Answer::Confirm(id) => {
                let session = Some(SessionId::Block(id));
                let step = Step::Confirm;
                Message::Handshake { step, uid, session, first: false, full: false }.encode(own, out);
            }
        }
    }

    /// What has happened.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<CameraEvent> {
        self.events.pop_front()
    }

    /// Bytes of sent frames that are held for all viewers, a frame counted for each viewer that it is held for, and of what viewers say
    /// that is not complete: no more than 1 MiB of each.
    pub fn memory(&self) -> usize {
        self.peers.memory()
    }
}
