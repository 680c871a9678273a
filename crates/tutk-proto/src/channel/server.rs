use std::collections::VecDeque;
use std::time::Instant;

use crate::channel::AvEvent;
use crate::channel::classic::ClassicServer;
use crate::channel::packet::PacketMedia;
use crate::channel::pending::Pending;
use crate::profile::PACKET_AV_VERSION;
use crate::send::Outgoing;
use crate::wire::packet::{Login, LoginAnswer, LoginForm, MediaKind, Packet};
use crate::wire::{Av, Echo, LoginResult, SERVICE, Text};
use crate::{AvStyle, Secret, SendError};

/// The end of a channel that lets a client in and sends media.
///
/// Where the session may have the packet style, the client's login decides.
#[derive(Debug)]
pub(crate) struct Server {
    /// Whether it grants resend.
    may_resend: bool,
    /// The style that the session may have.
    style: AvStyle,
    /// Its own AV version.
    version: u16,
    /// A number of the application, for its clients.
    pub(crate) service: u32,
    state: State,
    /// The login that is asked for or was granted.
    login: Option<Asked>,
    answer: Option<(LoginResult, Asked)>,
    /// IO controls that wait for the login.
    pending: Pending,
    starved: Option<Starved>,
    events: VecDeque<AvEvent>,
}

#[derive(Debug)]
enum State {
    /// Nobody has asked to be let in, or was refused.
    Waiting,
    /// The application is to answer.
    Asked,
    Classic(Box<ClassicServer>),
    Packet(Box<PacketMedia>),
}

/// A login, as far as its answer depends on it.
#[derive(Clone, Debug)]
struct Asked {
    /// When it came.
    at: Instant,
    /// Of the channel, if it is granted.
    style: AvStyle,
    resend: bool,
    /// The client acknowledges frames that are complete and asks for nothing. So do clients that log in as if they asked for
    /// resend, but do not.
    acks_frames: bool,
    /// The client's AV version.
    version: u16,
    /// What the answer repeats of it.
    echo: Echo,
    form: Option<LoginForm>,
    account: Vec<u8>,
    password: Secret,
}

/// Why a client gets no video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Starved {
    /// It has not confirmed what it got.
    Full,
    /// It missed frames, and can go on with a key frame only.
    NeedsKey,
}

impl Server {
    pub(crate) fn new(resend: bool, style: AvStyle, version: u16) -> Self {
        Self {
            may_resend: resend,
            style,
            version,
            service: SERVICE,
            state: State::Waiting,
            login: None,
            answer: None,
            pending: Pending::default(),
            starved: None,
            events: VecDeque::new(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Classic(_) | State::Packet(_))
    }

    /// What the next message is to be read as.
    pub(crate) fn style(&self) -> AvStyle {
        match self.state {
            State::Classic(_) => AvStyle::Classic,
            State::Packet(_) => AvStyle::Packet,
            State::Waiting | State::Asked => self.style,
        }
    }

    pub(crate) fn send_io_control(&mut self, kind: u32, body: Vec<u8>) {
        match &mut self.state {
            State::Classic(media) => media.controls.send(kind, body),
            State::Packet(media) => media.send_io_control(kind, &body),
            State::Waiting | State::Asked => self.events.extend(self.pending.push(kind, body)),
        }
    }

    pub(crate) fn handle(&mut self, now: Instant, av: &Av<'_>) {
        match *av {
            Av::Login { account, password, resend, version, echo } => {
                let resend = resend && self.may_resend;
                self.asked(Asked { echo, version, ..Asked::new(now, account, password, resend) });
            }
            Av::Packet(packet @ Packet::Login(login)) => {
                if let State::Packet(media) = &mut self.state {
                    media.handle(now, &packet);
                }
                if let Some(style) = self.style_for(&login) {
                    let resend = login.resend == 1 && self.may_resend;
                    let asked = Asked::new(now, login.account, login.password, resend);
                    let (echo, version) = (login.echo(), login.version);
                    let acks_frames = login.form == LoginForm::Packet && login.resend == 0;
                    self.asked(Asked { style, acks_frames, version, echo, form: Some(login.form), ..asked });
                }
            }
            _ => self.handle_media(now, av),
        }
    }

    /// The style that a login leads to; none if the other login that goes with it is the one to be answered.
    fn style_for(&self, login: &Login<'_>) -> Option<AvStyle> {
        let may_be_packet = self.style == AvStyle::Packet && login.version >= PACKET_AV_VERSION;
        match login.form {
            LoginForm::Any { paired: false } | LoginForm::Packet if may_be_packet => Some(AvStyle::Packet),
            LoginForm::Any { .. } if !may_be_packet => Some(AvStyle::Classic),
            LoginForm::Any { .. } | LoginForm::Packet => None,
        }
    }

    /// Somebody asks to be let in.
    fn asked(&mut self, asked: Asked) {
        match &self.state {
            State::Asked => {}
            State::Waiting => {
                let (account, password) = (asked.account.clone(), asked.password.clone());
                self.events.push_back(AvEvent::Login { account, password });
                self.state = State::Asked;
                self.login = Some(asked);
            }
            State::Classic(_) | State::Packet(_) => {
                let Some(login) = &self.login else { return };
                let is_other = asked.style == AvStyle::Packet && !asked.is_same_client(login);
                if login.style != asked.style || is_other {
                    return;
                }
                if asked.is_again(login) {
                    self.answer = Some((LoginResult::Granted, login.clone()));
                } else {
                    // It begins anew, and so do all numbers.
                    self.open(asked);
                }
            }
        }
    }

    /// Lets the client in.
    fn open(&mut self, asked: Asked) {
        self.state = match asked.style {
            AvStyle::Classic => {
                State::Classic(Box::new(ClassicServer::new(asked.resend, asked.version.min(self.version))))
            }
            AvStyle::Packet => {
                let mut media = PacketMedia::server(asked.at, asked.resend);
                if asked.acks_frames {
                    media.expect_frame_acks();
                }
                State::Packet(Box::new(media))
            }
        };
        for (kind, body) in self.pending.drain() {
            self.send_io_control(kind, body);
        }
        self.answer = Some((LoginResult::Granted, asked.clone()));
        self.login = Some(asked);
    }

    fn handle_media(&mut self, now: Instant, av: &Av<'_>) {
        match (&mut self.state, *av) {
            (State::Classic(media), _) => {
                if media.handle(now, av) {
                    self.starved = Some(Starved::NeedsKey);
                    self.events.push_back(AvEvent::KeyFrameWanted);
                }
            }
            (State::Packet(media), Av::Packet(packet)) => {
                media.handle(now, &packet);
                if media.take_cleaned() {
                    self.starved = Some(Starved::NeedsKey);
                    self.events.push_back(AvEvent::KeyFrameWanted);
                }
            }
            _ => return,
        }
        if self.starved == Some(Starved::Full) && !self.is_full() {
            self.starved = Some(Starved::NeedsKey);
            self.events.push_back(AvEvent::KeyFrameWanted);
        }
    }

    /// Answers the login that was asked for last. Returns whether resend is granted, if the client is let in.
    pub(crate) fn answer_login(&mut self, grant: bool) -> Option<bool> {
        let State::Asked = self.state else { return None };
        let asked = self.login.take()?;
        let resend = asked.resend;
        if grant {
            self.open(asked);
        } else {
            self.state = State::Waiting;
            self.answer = Some((LoginResult::Refused, asked));
        }
        grant.then_some(resend)
    }

    /// Leaves the login that was asked for last without an answer: the client asks again.
    pub(crate) fn ignore_login(&mut self) {
        if let State::Asked = self.state {
            self.state = State::Waiting;
        }
    }

    /// Returns whether the client takes the frame.
    pub(crate) fn send_video(&mut self, frame: &Outgoing, key: bool) -> bool {
        if !self.is_open() {
            return false;
        }
        if self.is_full() {
            self.starved = Some(Starved::Full);
        } else if key {
            self.starved = None;
        }
        if self.starved.is_some() {
            return false;
        }
        match &mut self.state {
            State::Classic(media) => media.push_video(frame),
            State::Packet(media) => media.push(if key { MediaKind::Key } else { MediaKind::Delta }, frame),
            State::Waiting | State::Asked => {}
        }
        true
    }

    pub(crate) fn is_packet_without_resend(&self) -> bool {
        matches!(&self.state, State::Packet(media) if !media.has_resend())
    }

    /// Whether a frame of video would be passed over because the client has not confirmed earlier ones.
    pub(crate) fn is_full(&self) -> bool {
        match &self.state {
            State::Classic(media) => media.is_full(),
            State::Packet(media) => media.is_full(),
            State::Waiting | State::Asked => false,
        }
    }

    /// Fails if the style has a limit for blocks of audio and this one is larger.
    pub(crate) fn send_audio(&mut self, media: &[u8], info: &[u8]) -> Result<(), SendError> {
        match &mut self.state {
            State::Packet(packets) => {
                let block = Outgoing::new(media, info)?;
                if !packets.is_full() {
                    packets.push(MediaKind::Audio, &block);
                }
            }
            State::Classic(classic) => classic.push_audio(media, info)?,
            State::Waiting | State::Asked => {}
        }
        Ok(())
    }

    /// Forgets the media that is not sent yet, and what is kept to be sent again.
    pub(crate) fn clear(&mut self) {
        match &mut self.state {
            State::Classic(media) => media.clear(),
            State::Packet(media) => media.clear(),
            State::Waiting | State::Asked => {}
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Classic(media) => media.controls.handle_timeout(now),
            State::Packet(media) => media.handle_timeout(now),
            State::Waiting | State::Asked => {}
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Classic(media) => media.poll_timeout(),
            State::Packet(media) => media.poll_timeout(),
            State::Waiting | State::Asked => None,
        }
    }

    pub(crate) fn poll_transmit<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        if let Some((result, Asked { style, resend, echo, .. })) = self.answer.take() {
            let service = self.service;
            return Some(send(match style {
                AvStyle::Classic => Av::LoginAnswer { result, resend, service, echo },
                AvStyle::Packet => {
                    let [_, _, tag @ ..] = echo;
                    let tag = u32::from_le_bytes(tag);
                    Av::Packet(Packet::LoginAnswer(LoginAnswer { result, resend, service, tag, last: 0 }))
                }
            }));
        }
        match &mut self.state {
            State::Classic(media) => media.poll_transmit(now, send),
            State::Packet(media) => media.poll_transmit(now, send),
            State::Waiting | State::Asked => None,
        }
    }

    /// Gives the next IO control that was never sent to `send`; no other is sent any more.
    pub(crate) fn flush<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        match &mut self.state {
            State::Classic(media) => media.controls.flush(send),
            State::Packet(media) => media.flush(now, send),
            State::Waiting | State::Asked => None,
        }
    }

    pub(crate) fn poll_event(&mut self) -> Option<AvEvent> {
        self.events.pop_front().or_else(|| match &mut self.state {
            State::Classic(media) => media.controls.poll_event(),
            State::Packet(media) => media.poll_event(),
            State::Waiting | State::Asked => None,
        })
    }

    /// Bytes of sent frames that are held.
    pub(crate) fn memory(&self) -> usize {
        match &self.state {
            State::Classic(media) => media.memory(),
            State::Packet(media) => media.memory(),
            State::Waiting | State::Asked => 0,
        }
    }
}

impl Asked {
    fn new(now: Instant, account: Text<'_>, password: Text<'_>, resend: bool) -> Self {
        Self {
            at: now,
            style: AvStyle::Classic,
            resend,
            acks_frames: false,
            version: 0,
            echo: [0; 6],
            form: None,
            account: account.as_bytes().to_vec(),
            password: String::from_utf8_lossy(password.as_bytes()).into_owned().into(),
        }
    }

    /// Whether it is the same login, repeated.
    fn is_again(&self, login: &Self) -> bool {
        self.form.is_none() || (self.echo, self.form) == (login.echo, login.form)
    }

    /// Whether it gives the same account and password.
    fn is_same_client(&self, login: &Self) -> bool {
        self.account == login.account && self.password.reveal() == login.password.reveal()
    }
}
