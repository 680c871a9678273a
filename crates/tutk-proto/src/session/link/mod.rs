mod counts;
mod encryption;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::channel::{AvEvent, Channel, Client, Server};
use crate::io_control;
use crate::send::Outgoing;
use crate::session::secure::{NOTICE, Secure, SecurityEvent};
use crate::wire::{self, Av, Message, Role, Session};
use crate::{
    ALIVE, AvStyle, CLOSES, Credentials, Framing, Generation, MAX_TIMEOUT, Profile, Secret, SendError, SessionId,
};

/// An established session: says that it is alive, notices silence, closes, and carries channels.
///
/// Each channel has a client at one end, which logs in and receives media, and a server at the other. Channel 0 has the
/// viewer's client; others carry, for instance, the viewer's speech to the camera, with the roles the other way round.
#[derive(Debug)]
pub struct Link {
    /// Our own.
    generation: Generation,
    profile: Profile,
    session: Session,
    /// Of data messages, in each channel.
    sequences: BTreeMap<u8, u16>,
    alive_at: Instant,
    /// Keep-alives in the framing 0xCC51, by twos as public code counts them.
    alives: u32,
    heard_at: Instant,
    idle_timeout: Duration,
    closes: Option<u8>,
    /// Of the last login.
    tag: u32,
    channels: BTreeMap<u8, Channel>,
    /// What encrypts the channels, in an encrypted session.
    secure: Option<Secure>,
    /// What is to encrypt them once the application asks for it.
    offered: Option<Secure>,
    /// The session is encrypted or not at all, whatever the other end says.
    is_required: bool,
    security_events: VecDeque<(u8, SecurityEvent)>,
    /// Channels in which a datagram of the other security is to be answered.
    notices: VecDeque<u8>,
    /// What viewers of encrypted sessions have sent before the application started a server.
    early: Vec<(Session, Vec<u8>)>,
}

/// Most datagrams of the other security that wait for their answers.
const MAX_NOTICES: usize = 8;

impl Link {
    pub(crate) fn new(
        now: Instant,
        from: Role,
        generation: Generation,
        profile: Profile,
        id: SessionId,
        idle_timeout: Duration,
    ) -> Self {
        Self {
            generation,
            profile,
            session: Session::new(from, id),
            sequences: BTreeMap::new(),
            alive_at: now + alive_interval(from, profile),
            alives: 0,
            heard_at: now,
            idle_timeout: idle_timeout.min(MAX_TIMEOUT),
            closes: None,
            tag: first_tag(id),
            channels: BTreeMap::new(),
            secure: None,
            offered: None,
            is_required: false,
            security_events: VecDeque::new(),
            notices: VecDeque::new(),
            early: Vec::new(),
        }
    }

    /// Sets whether only the first 64 bytes of our data messages are scrambled; default: all bytes. The other side takes either,
    /// and decides for itself. Seen with the vendor's libraries 1.13 to 4.2.
    pub fn set_partial_scramble(&mut self, partial: bool) {
        self.session.partial = partial;
    }

    /// Sets the ticket that data messages show in the framing 0xCC51.
    pub(crate) fn set_ticket(&mut self, ticket: u16) {
        self.session.ticket = ticket;
    }

    /// Starts a client in a channel, in the place of whatever was there.
    pub fn start_client(&mut self, now: Instant, channel: u8, account: String, password: Secret, resend: bool) {
        self.log_in(now, channel, Credentials::new(account, password), resend);
    }

    /// [`start_client`](Self::start_client) with an account or a token.
    pub fn log_in(&mut self, now: Instant, channel: u8, credentials: Credentials, resend: bool) {
        self.tag = self.tag.wrapping_add(2);
        if let Some(secure) = &mut self.secure
            && secure.start_client(now, channel, &credentials).is_err()
        {
            self.unavailable(channel);
        }
        let version = self.generation.av_version();
        let client = Client::new(now, credentials, resend, self.profile.av, version, self.tag);
        self.channels.insert(channel, Channel::Client(Box::new(client)));
    }

    /// Starts a server in a channel, in the place of whatever was there.
    pub fn start_server(&mut self, channel: u8, resend: bool) {
        if let Some(secure) = &mut self.secure
            && secure.start_server(channel).is_err()
        {
            self.unavailable(channel);
        }
        let server = Server::new(resend, self.profile.av, self.generation.av_version());
        self.channels.insert(channel, Channel::Server(Box::new(server)));
    }

    /// Gives the server of a channel its service, a number that a login answer carries.
    pub fn set_service(&mut self, channel: u8, service: u32) {
        if let Some(server) = self.server(channel) {
            server.service = service;
        }
    }

    /// The service that the client of a channel was given with the login answer.
    pub fn service(&self, channel: u8) -> Option<u32> {
        match self.channels.get(&channel)? {
            Channel::Client(client) if client.is_open() => Some(client.service),
            _ => None,
        }
    }

    /// Ends a channel.
    pub fn stop(&mut self, channel: u8) {
        self.channels.remove(&channel);
        if let Some(secure) = &mut self.secure {
            secure.stop(channel);
        }
    }

    /// The lowest channel after 0 that is not in use.
    pub(crate) fn free_channel(&self) -> Option<u8> {
        (1..=u8::MAX).find(|number| !self.channels.contains_key(number))
    }

    fn server(&mut self, channel: u8) -> Option<&mut Server> {
        match self.channels.get_mut(&channel)? {
            Channel::Server(server) => Some(server),
            Channel::Client(_) => None,
        }
    }

    /// Answers a [`AvEvent::Login`]. Returns whether resend is granted, if the client is let in.
    pub fn answer_login(&mut self, channel: u8, grant: bool) -> Option<bool> {
        self.server(channel)?.answer_login(grant)
    }

    /// Leaves a [`AvEvent::Login`] unanswered; it comes again.
    pub(crate) fn ignore_login(&mut self, channel: u8) {
        if let Some(server) = self.server(channel) {
            server.ignore_login();
        }
    }

    /// Sends a frame of video with its frame info to the client of a channel, once it is logged in. Returns whether it
    /// takes the frame: it does not while it has too many unconfirmed ones, and after that it takes a key frame first.
    ///
    /// Fails if the frame is too large, or the frame info not of 16 to 256 bytes.
    pub fn send_video(&mut self, channel: u8, media: &[u8], info: &[u8], key: bool) -> Result<bool, SendError> {
        let frame = Outgoing::new(media, info)?;
        Ok(self.send_outgoing(channel, &frame, key))
    }

    pub(crate) fn send_outgoing(&mut self, channel: u8, frame: &Outgoing, key: bool) -> bool {
        self.server(channel).is_some_and(|server| server.send_video(frame, key))
    }

    /// Whether the client of a channel gets media in packet style without resend.
    pub(crate) fn is_packet_without_resend(&mut self, channel: u8) -> bool {
        self.server(channel).is_some_and(|server| server.is_packet_without_resend())
    }

    /// Whether the client of a channel has so many unconfirmed frames that it takes no other.
    pub fn is_full(&mut self, channel: u8) -> bool {
        self.server(channel).is_some_and(|server| server.is_full())
    }

    /// Bytes of video that are kept until the client of a channel confirms them.
    pub fn unconfirmed(&mut self, channel: u8) -> usize {
        self.server(channel).map_or(0, |server| server.memory())
    }

    /// Sends a block of audio with its frame info to the client of a channel, once it is logged in.
    ///
    /// Fails in classic style if both do not fit into a datagram.
    pub fn send_audio(&mut self, channel: u8, media: &[u8], info: &[u8]) -> Result<(), SendError> {
        self.server(channel).map_or(Ok(()), |server| server.send_audio(media, info))
    }

    /// Forgets the media of a server that is not sent yet, and what it keeps to send again.
    pub fn clear(&mut self, channel: u8) {
        if let Some(server) = self.server(channel) {
            server.clear();
        }
    }

    /// Sends an IO control in a channel, once the login is done. No more than 256 wait to be confirmed.
    ///
    /// Fails if the body has more bytes than [`max_body`](Self::max_body).
    pub fn send_io_control(&mut self, channel: u8, kind: u32, body: Vec<u8>) -> Result<(), SendError> {
        io_control::check(&body, self.max_body(channel))?;
        if let Some(channel) = self.channels.get_mut(&channel) {
            channel.send_io_control(kind, body);
        }
        Ok(())
    }

    /// Most bytes in the body of an IO control in a channel.
    pub fn max_body(&self, channel: u8) -> usize {
        match self.channels.get(&channel).map(Channel::style) {
            Some(AvStyle::Packet) => io_control::MAX_BODY,
            Some(AvStyle::Classic) | None => io_control::MAX_CLASSIC_BODY,
        }
    }

    /// Whether the login in a channel is done.
    pub fn is_open(&self, channel: u8) -> bool {
        match self.channels.get(&channel) {
            Some(Channel::Client(client)) => client.is_open(),
            Some(Channel::Server(server)) => server.is_open(),
            None => false,
        }
    }

    pub(crate) fn owns(&self, session: Session) -> bool {
        // 0xCC51 does not say who sends.
        let is_other_end = session.from != self.session.from || self.profile.framing == Framing::Hmac;
        is_other_end && session.id == self.session.id
    }

    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard_at = now;
    }

    /// Takes a message of this session. Fails if its payload makes no sense.
    pub(crate) fn handle_input(&mut self, now: Instant, message: &Message<'_>) -> Result<(), wire::Error> {
        if let Message::Data { session, payload, .. } = message {
            let number = session.channel;
            if *payload == NOTICE {
                self.handle_notice(number, session.secure);
                return Ok(());
            }
            if self.is_early(*session) {
                self.keep_early(*session, payload);
                return Ok(());
            }
            if session.secure != self.secure.is_some() && self.profile.framing == Framing::Block {
                // A server says so; each end would answer the other without end.
                let is_new = self.secure.as_ref().is_none_or(|secure| secure.is_unanswered(number));
                // Before there is a server, nothing is decided.
                let is_server = matches!(self.channels.get(&number), Some(Channel::Server(_)));
                let answers = self.session.from == Role::Camera && is_server;
                if answers && is_new && !self.is_open(number) && self.notices.len() < MAX_NOTICES {
                    self.notices.push_back(number);
                    if self.secure.is_some() {
                        self.push_security(number, SecurityEvent::PeerIsPlain);
                    }
                }
                return Ok(());
            }
            // What makes no sense is no sign of life either.
            if !self.handle_payload(now, number, payload)? {
                return Ok(());
            }
        }
        if let Message::Alive(_) = message
            && answers_alives(self.session.from, self.profile)
        {
            self.alive_at = now;
        }
        self.heard(now);
        Ok(())
    }

    /// Returns whether the other end has sent it, as far as that can be known.
    fn handle_payload(&mut self, now: Instant, number: u8, payload: &[u8]) -> Result<bool, wire::Error> {
        let Self { channels, secure, profile, .. } = self;
        let mut channel = channels.get_mut(&number);
        let mut handle = |payload: &[u8]| {
            let style = channel.as_ref().map_or(profile.av, |channel| channel.style());
            let av = Av::decode(style, payload)?;
            if let Some(channel) = &mut channel {
                channel.handle(now, &av);
            }
            Ok(true)
        };
        let Some(secure) = secure else { return handle(payload) };
        let mut result = Ok(!secure.is_established(number));
        secure.handle_input(now, number, payload, |payload| result = handle(payload));
        result
    }

    /// How long nothing was heard, once that is too long.
    pub(crate) fn silence(&self, now: Instant) -> Option<Duration> {
        let silence = now.saturating_duration_since(self.heard_at);
        (silence >= self.idle_timeout).then_some(silence)
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if let Some(secure) = &mut self.secure {
            secure.handle_timeout(now);
        }
        for channel in self.channels.values_mut() {
            channel.handle_timeout(now);
        }
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        let ready = self.channels.iter().filter(|(number, _)| self.is_ready(**number));
        let channels = ready.filter_map(|(_, channel)| channel.poll_timeout());
        let secure = self.secure.as_ref().and_then(Secure::poll_timeout);
        channels.chain(secure).chain([self.alive_at, self.heard_at + self.idle_timeout]).min().unwrap_or(self.alive_at)
    }

    /// Whether AV messages can be sent in a channel.
    fn is_ready(&self, number: u8) -> bool {
        self.secure.as_ref().is_none_or(|secure| secure.is_established(number))
    }

    /// What has happened, and in which channel.
    pub(crate) fn poll_event(&mut self) -> Option<(u8, AvEvent)> {
        self.channels.iter_mut().find_map(|(number, channel)| Some((*number, channel.poll_event()?)))
    }

    /// Ends the session: from now on only IO controls that were never sent go out, then the closes.
    pub(crate) fn close(&mut self) {
        self.closes = self.closes.or(Some(CLOSES));
    }

    /// Whether [`close`](Self::close) was called and all has gone out.
    pub(crate) fn is_closed(&self) -> bool {
        self.closes == Some(0)
    }

    /// Appends the next plain datagram that is due.
    pub(crate) fn poll_datagram(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        self.take_early(now);
        let (session, generation) = (self.session, self.generation);
        if let Some(number) = self.notices.pop_front() {
            // In plain without the flag of partial scrambling.
            let session = Session { channel: number, partial: session.secure, ..session };
            session.encode_data(generation, 0, out, |out| out.extend_from_slice(NOTICE));
            return true;
        }
        if self.poll_data(now, out) {
            return true;
        }
        if let Some(left) = self.closes {
            let Some(rest) = left.checked_sub(1) else { return false };
            if self.profile.framing == Framing::Hmac {
                // 0xCC51 has no message for that.
                self.closes = Some(0);
                if let Some(secure) = &mut self.secure {
                    secure.close();
                }
                return self.poll_data(now, out);
            }
            self.closes = Some(rest);
            Message::Close(session).encode(generation, out);
            return true;
        }
        if self.alive_at <= now {
            self.alive_at = now + alive_interval(session.from, self.profile);
            self.alives = self.alives.wrapping_add(2);
            session.encode_alive(generation, self.alives, out);
            return true;
        }
        false
    }

    /// Appends the next plain datagram of a channel that is due.
    fn poll_data(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        let Self { session, generation, profile, closes, channels, secure, sequences, .. } = self;
        let (generation, style) = (*generation, profile.av);
        for (number, channel) in channels {
            let session = Session { channel: *number, ..*session };
            let sequence = sequences.entry(*number).or_default();
            let start = out.len();
            let sent = match secure {
                None => {
                    let put = |av: Av<'_>| {
                        session.encode_data(generation, *sequence, out, |out| av.encode(style, generation, out));
                    };
                    next(channel, now, *closes, put).is_some()
                }
                Some(secure) => {
                    let mut sent = false;
                    session.encode_data(generation, *sequence, out, |out| {
                        sent = secure.poll_transmit(*number, out);
                        if !sent && secure.is_established(*number) {
                            let put = |av: Av<'_>| secure.send(*number, out, |out| av.encode(style, generation, out));
                            sent = next(channel, now, *closes, put) == Some(true);
                        }
                    });
                    sent
                }
            };
            if sent {
                *sequence = sequence.wrapping_add(1);
                return true;
            }
            out.truncate(start);
        }
        false
    }
}

/// Whether this end of a session sends a keep-alive for each one of the other end's, and none else.
fn answers_alives(from: Role, profile: Profile) -> bool {
    profile.framing == Framing::Hmac && from == Role::Viewer
}

fn alive_interval(from: Role, profile: Profile) -> Duration {
    if answers_alives(from, profile) { MAX_TIMEOUT } else { ALIVE }
}

/// The next message of a channel; where the session closes, an IO control that was never sent.
fn next<R>(channel: &mut Channel, now: Instant, closes: Option<u8>, put: impl FnOnce(Av<'_>) -> R) -> Option<R> {
    match closes {
        None => channel.poll_transmit(now, put),
        Some(_) => channel.flush(now, put),
    }
}

/// What tells logins of a session from those of others; random where the id is.
fn first_tag(id: SessionId) -> u32 {
    match id {
        SessionId::Cookie(cookie) => u32::from(cookie) << 16,
        SessionId::Block([a, b, c, d, ..]) | SessionId::Hmac([a, b, c, d, ..]) => u32::from_le_bytes([a, b, c, d]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_decides_how_much_it_scrambles() {
        let now = Instant::now();
        for id in [SessionId::Cookie(7), SessionId::Block([7; 8])] {
            let generation = if matches!(id, SessionId::Cookie(_)) { Generation::G09 } else { Generation::G14 };
            let profile = Profile { framing: Profile::between(generation, generation).framing, ..Profile::V1 };
            let mut link = Link::new(now, Role::Viewer, generation, profile, id, MAX_TIMEOUT);
            link.start_client(now, 0, "somebody".into(), Secret::from("word"), true);
            let mut login = |partial, now| {
                link.set_partial_scramble(partial);
                let mut datagram = Vec::new();
                assert!(link.poll_datagram(now, &mut datagram));
                let plain = datagram.clone();
                wire::scramble(&mut datagram);
                let clear = datagram.iter().skip(64).zip(plain.iter().skip(64)).all(|(a, b)| a == b);
                wire::descramble(&mut datagram);
                assert_eq!(datagram, plain);
                let Ok(Message::Data { session, .. }) = Message::decode(&datagram) else { panic!("{datagram:?}") };
                (session.partial, clear)
            };
            assert_eq!(login(false, now), (false, false));
            assert_eq!(login(true, now + Duration::from_secs(1)), (true, true));
        }
    }
}
