use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::FOREVER;
use super::assembly::{Assembly, Release};
use super::channel::Channel;
use super::controls::ControlEvent;
use super::search::{Found, Search};
use crate::wire::{AddressBlock, Av, FrameInfo, GENERATION, LoginResult, Message, Phase, Role, Session};
use crate::{Frame, Lost, Media, Secret, Uid};

/// Which camera, and how to get in.
#[derive(Clone, Debug)]
pub struct ViewerConfig {
    /// The camera.
    pub uid: Uid,
    /// The account.
    pub account: String,
    /// The account's password.
    pub password: Secret,
    /// Whom to ask for the camera: broadcast addresses, or one address of its own.
    pub targets: Vec<SocketAddr>,
    /// Find, connect and log in: each must be done in this time.
    pub timeout: Duration,
    /// No datagram for this long: the session is lost.
    pub idle_timeout: Duration,
    /// Random; the session's cookie is made of it.
    pub seed: u64,
}

/// A step on the way to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Search the camera.
    Find,
    /// Agree on a session.
    Connect,
    /// Show account and password.
    LogIn,
}

/// Why there is no session, or no longer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The step was not done in time.
    NoAnswer(Step),
    /// The camera speaks this other generation of the protocol.
    Generation(u8),
    /// The camera has as many viewers as it serves.
    Full,
    /// Wrong account or password.
    Refused,
    /// The camera answered the login with a number that has no known meaning.
    LoginResult(u32),
    /// The camera closed the session.
    ClosedByCamera,
    /// Nothing was heard for so long.
    Silent(Duration),
    /// [`Viewer::close`] was called.
    Closed,
}

/// What happens to a viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ViewerEvent {
    /// The camera answered.
    Found(Found),
    /// The camera lets the viewer in.
    Opened {
        /// Whether it sends lost datagrams again.
        resend: bool,
    },
    /// A whole frame of video. Numbers only rise.
    Video(Frame),
    /// A block of audio. Numbers only rise.
    Audio(Frame),
    /// Frames that will not come.
    Lost(Lost),
    /// A command or an answer.
    IoControl {
        /// Its type.
        kind: u32,
        /// Its body.
        body: Vec<u8>,
    },
    /// The camera never confirmed an IO control; whether it has it is not known.
    IoControlUnconfirmed {
        /// Its type.
        kind: u32,
    },
    /// The session is over; nothing follows.
    Ended(End),
}

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewerStats {
    /// Datagrams from the camera.
    pub datagrams: u64,
    /// Datagrams from another address or of another session; passed over.
    pub foreign: u64,
    /// Datagrams that say nothing in this protocol; passed over.
    pub malformed: u64,
    /// Chunks that had come before.
    pub duplicates: u64,
    /// Chunks that the camera sent again.
    pub again: u64,
    /// Chunks that were asked for.
    pub requested: u64,
    /// Frames of video that came whole.
    pub frames: u64,
    /// Frames of video that were lost.
    pub lost: u64,
    /// The smoothed time from a datagram to its answer, once known.
    pub round_trip: Option<Duration>,
}

/// The viewer's side of the protocol: finds a camera, connects, logs in, receives.
#[derive(Debug)]
pub struct Viewer {
    config: ViewerConfig,
    cookie: u16,
    state: State,
    /// When the step that is under way must be done.
    deadline: Instant,
    repeat: Repeat,
    channel: Channel,
    assembly: Assembly,
    next_audio: Option<u32>,
    events: VecDeque<ViewerEvent>,
    /// Chunk numbers of the request that is being sent.
    request: Vec<[u8; 2]>,
    stats: ViewerStats,
}

#[derive(Debug)]
enum State {
    Finding(Search),
    /// A knock is a hello, too, which goes first.
    Connecting {
        camera: SocketAddr,
        asker: AddressBlock,
        phase: Phase,
        hello: bool,
    },
    LoggingIn {
        camera: SocketAddr,
        stand: bool,
    },
    Open {
        camera: SocketAddr,
    },
    Ended {
        camera: Option<SocketAddr>,
    },
}

/// Something that is sent until it is answered.
#[derive(Debug)]
struct Repeat {
    due: Instant,
    tries: u32,
}

impl Repeat {
    fn new(now: Instant) -> Self {
        Self { due: now, tries: 0 }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.due <= now
    }

    /// It was sent; the next time is due a little later each time.
    fn sent(&mut self, now: Instant, first: Duration, most: Duration) {
        self.tries += 1;
        self.due = now + (first * self.tries).min(most);
    }
}

const CONNECT: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(100));
const LOGIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(100));

impl Viewer {
    /// A viewer that begins to search.
    pub fn new(now: Instant, mut config: ViewerConfig) -> Self {
        config.timeout = config.timeout.min(FOREVER);
        let cookie = (config.seed % u64::from(u16::MAX)) as u16 + 1;
        let session = Session { from: Role::Viewer, cookie, channel: 0 };
        Self {
            state: State::Finding(Search::new(now, Some(config.uid), config.targets.clone(), config.timeout)),
            deadline: now + config.timeout,
            channel: Channel::new(now, session, config.idle_timeout),
            config,
            cookie,
            repeat: Repeat::new(now),
            assembly: Assembly::new(false),
            next_audio: None,
            events: VecDeque::new(),
            request: Vec::new(),
            stats: ViewerStats::default(),
        }
    }

    /// Takes a plain datagram.
    pub fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let message = Message::decode(datagram);
        if let Some(camera) = self.camera()
            && from != camera
        {
            self.stats.foreign += 1;
            return;
        }
        let Ok(message) = message else {
            self.stats.malformed += 1;
            return;
        };
        self.stats.datagrams += 1;
        match message {
            Message::Found(found) => {
                if let State::Finding(search) = &mut self.state {
                    search.handle_found(from, &found);
                    self.connect(now);
                }
            }
            Message::Connect { phase, uid, cookie, full, .. } if uid == self.config.uid => {
                self.handle_connect(now, phase, cookie, full);
            }
            Message::Alive(session) | Message::Close(session) | Message::Data { session, .. }
                if !self.channel.owns(session) =>
            {
                self.stats.foreign += 1;
            }
            Message::Alive(_) => self.channel.heard(now),
            Message::Close(_) if !matches!(self.state, State::Ended { .. }) => {
                self.state = State::Ended { camera: None };
                self.events.push_back(ViewerEvent::Ended(End::ClosedByCamera));
            }
            Message::Data { av, .. } => self.handle_av(now, &av),
            _ => {}
        }
    }

    /// Goes on to the first camera that was found.
    fn connect(&mut self, now: Instant) {
        let State::Finding(search) = &mut self.state else { return };
        let Some(found) = search.poll_found() else { return };
        let (camera, asker, generation) = (found.address, found.asker, found.generation);
        self.enter(now, State::Connecting { camera, asker, phase: Phase::Knock, hello: true });
        self.events.push_back(ViewerEvent::Found(found));
        if generation != GENERATION {
            self.end(End::Generation(generation));
        }
    }

    /// The camera answers a hello with a knock, a knock with an agree, an agree with a stand; any may be lost.
    fn handle_connect(&mut self, now: Instant, answer: Phase, answer_cookie: u16, full: bool) {
        let State::Connecting { camera, phase, hello, .. } = &mut self.state else { return };
        match answer {
            _ if full => self.end(End::Full),
            Phase::Knock => {}
            _ if answer_cookie != self.cookie => self.stats.foreign += 1,
            Phase::Agree if *phase == Phase::Knock => {
                (*phase, *hello) = (Phase::Agree, false);
                self.repeat = Repeat::new(now);
            }
            Phase::Agree => {}
            Phase::Stand => {
                let camera = *camera;
                self.channel.heard(now);
                self.enter(now, State::LoggingIn { camera, stand: true });
            }
        }
    }

    fn enter(&mut self, now: Instant, state: State) {
        self.state = state;
        self.deadline = now + self.config.timeout;
        self.repeat = Repeat::new(now);
    }

    fn handle_av(&mut self, now: Instant, av: &Av<'_>) {
        match (&self.state, av) {
            (State::LoggingIn { camera, .. }, Av::LoginAnswer { result, resend }) => {
                let camera = *camera;
                self.channel.heard(now);
                match *result {
                    LoginResult::Granted => {
                        self.state = State::Open { camera };
                        self.assembly = Assembly::new(*resend);
                        self.events.push_back(ViewerEvent::Opened { resend: *resend });
                    }
                    LoginResult::Refused => self.end(End::Refused),
                    LoginResult::Other(number) => self.end(End::LoginResult(number)),
                }
            }
            (State::Open { .. }, av) => {
                self.channel.heard(now);
                match *av {
                    Av::Video { again, chunk } => {
                        self.assembly.handle_chunk(now, again, &chunk);
                        self.release();
                    }
                    Av::Audio { frame, info, media } => self.handle_audio(now, frame, info, media),
                    Av::FrameDoneSeen { frame } => self.assembly.ack_seen(now, frame),
                    _ => {
                        self.channel.handle(now, av);
                        self.take_controls();
                    }
                }
            }
            _ => {}
        }
    }

    fn handle_audio(&mut self, now: Instant, number: u32, info: &[u8], media: &[u8]) {
        let Ok(info) = FrameInfo::decode(info) else { return };
        let count = number.wrapping_sub(self.next_audio.unwrap_or(number));
        if count > u32::MAX / 2 {
            // Overtaken, or come twice.
            self.stats.duplicates += 1;
            return;
        }
        if count > 0 {
            let first = number.wrapping_sub(count);
            self.events.push_back(ViewerEvent::Lost(Lost { media: Media::Audio, first, count }));
        }
        self.next_audio = Some(number.wrapping_add(1));
        self.events.push_back(ViewerEvent::Audio(Frame {
            data: media.to_vec(),
            codec: info.codec,
            key: true,
            number,
            timestamp: info.timestamp,
            flags: info.flags,
            received: now,
        }));
    }

    fn release(&mut self) {
        while let Some(release) = self.assembly.poll_release() {
            self.events.push_back(match release {
                Release::Frame(frame) => ViewerEvent::Video(frame),
                Release::Lost(lost) => ViewerEvent::Lost(lost),
            });
        }
    }

    fn take_controls(&mut self) {
        while let Some(event) = self.channel.poll_control() {
            self.events.push_back(match event {
                ControlEvent::Received { kind, body } => ViewerEvent::IoControl { kind, body },
                ControlEvent::Unconfirmed { kind } => ViewerEvent::IoControlUnconfirmed { kind },
            });
        }
    }

    /// The camera's address, once it is found.
    pub fn camera(&self) -> Option<SocketAddr> {
        match self.state {
            State::Finding(_) => None,
            State::Connecting { camera, .. } | State::LoggingIn { camera, .. } | State::Open { camera } => Some(camera),
            State::Ended { camera } => camera,
        }
    }

    /// Sends an IO control, once the camera has let the viewer in.
    pub fn send_io_control(&mut self, kind: u32, body: Vec<u8>) {
        self.channel.send_control(kind, body);
    }

    /// Ends the session. What is to be sent then tells the camera.
    pub fn close(&mut self) {
        if !matches!(self.state, State::Ended { .. }) {
            self.end(End::Closed);
        }
    }

    /// Ends the session, and tells the camera if it knows of it.
    fn end(&mut self, end: End) {
        let camera = match self.state {
            State::LoggingIn { camera, .. } | State::Open { camera } => Some(camera),
            _ => None,
        };
        self.channel.close();
        self.state = State::Ended { camera };
        self.events.push_back(ViewerEvent::Ended(end));
    }

    /// The time has come that [`poll_timeout`](Self::poll_timeout) told.
    pub fn handle_timeout(&mut self, now: Instant) {
        let step = match self.state {
            State::Finding(_) => Step::Find,
            State::Connecting { .. } => Step::Connect,
            State::LoggingIn { .. } => Step::LogIn,
            State::Open { .. } => {
                self.assembly.handle_timeout(now);
                self.release();
                self.channel.handle_timeout(now);
                self.take_controls();
                if let Some(silence) = self.channel.silence(now) {
                    self.end(End::Silent(silence));
                }
                return;
            }
            State::Ended { .. } => return,
        };
        if self.deadline <= now {
            self.end(End::NoAnswer(step));
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) and [`poll_transmit`](Self::poll_transmit) next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Open { .. } => self.assembly.poll_timeout().into_iter().chain([self.channel.poll_timeout()]).min(),
            State::Ended { .. } => None,
            State::Finding(ref search) => Some(search.poll_timeout()),
            _ => Some(self.deadline.min(self.repeat.due)),
        }
    }

    /// Writes the next plain datagram over what `out` holds; returns where it goes.
    #[must_use]
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        let uid = self.config.uid;
        match &mut self.state {
            State::Finding(search) => search.poll_transmit(now, out),
            State::Connecting { camera, asker, phase, hello } => {
                if !self.repeat.is_due(now) {
                    return None;
                }
                if *hello {
                    *hello = false;
                    Message::Hello { uid, asker: *asker }.encode(out);
                } else {
                    self.repeat.sent(now, CONNECT.0, CONNECT.1);
                    *hello = *phase == Phase::Knock;
                    let first = *phase == Phase::Knock;
                    Message::Connect { phase: *phase, uid, cookie: self.cookie, first, full: false }.encode(out);
                }
                Some(*camera)
            }
            State::LoggingIn { camera, stand } => {
                if !self.repeat.is_due(now) {
                    return None;
                }
                if *stand {
                    *stand = false;
                    let (phase, cookie) = (Phase::Stand, self.cookie);
                    Message::Connect { phase, uid, cookie, first: false, full: false }.encode(out);
                } else {
                    *stand = true;
                    self.repeat.sent(now, LOGIN.0, LOGIN.1);
                    let account = self.config.account.as_str().into();
                    let password = self.config.password.reveal().into();
                    self.channel.encode(Av::Login { account, password, resend: true }, out);
                }
                Some(*camera)
            }
            State::Open { camera } => {
                let to = *camera;
                if let Some(frame) = self.assembly.poll_request(now, &mut self.request) {
                    self.channel.encode(Av::Resend { frame, chunks: &self.request }, out);
                } else if let Some(frame) = self.assembly.poll_ack(now) {
                    self.channel.encode(Av::FrameDone { frame }, out);
                } else if !self.channel.poll_transmit(now, out) {
                    return None;
                }
                Some(to)
            }
            State::Ended { camera } => {
                let to = (*camera)?;
                self.channel.poll_transmit(now, out).then_some(to)
            }
        }
    }

    /// What has happened.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<ViewerEvent> {
        self.events.pop_front()
    }

    /// What was counted.
    pub fn stats(&self) -> ViewerStats {
        let counts = self.assembly.counts;
        ViewerStats {
            duplicates: self.stats.duplicates + counts.duplicates,
            again: counts.again,
            requested: counts.requested,
            frames: counts.frames,
            lost: counts.lost,
            round_trip: self.assembly.round_trip(),
            ..self.stats
        }
    }

    /// Bytes of video that are held, no more than [`MAX_ASSEMBLY`](super::MAX_ASSEMBLY); the events that wait in
    /// [`poll_event`](Self::poll_event) come on top.
    pub fn memory(&self) -> usize {
        self.assembly.bytes()
    }
}
