use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use super::Code;
use super::connect::{Channel, Connection, Texts};
use super::controls::Controls;
use super::library::{Library, Purpose};
use super::receiver::Receiver;
use super::talk::Line;
use crate::proto::{AvEvent, DiscoveredCamera, ViewerEvent, ViewerStats};
use crate::sync::lock;
use crate::wake::Waker;
use crate::{
    CommandError, ConnectError, Encryption, LibraryError, LibraryInfo, LibraryOperation, Media, Mode, SessionError,
    SessionInfo, SessionOptions, TalkError, Uid, io_control,
};

/// A viewer's session with a camera, by the vendor's library.
#[derive(Debug)]
pub(crate) struct Session {
    /// Until this side closes the session.
    controls: Mutex<Option<Controls>>,
    /// The events have it, as long as there are any.
    channel: Weak<Channel>,
    waker: Waker,
    camera: DiscoveredCamera,
    /// Which the commands name.
    number: u8,
    encrypted: bool,
    library: LibraryInfo,
    ended: OnceLock<End>,
    heard: Mutex<Heard>,
    /// Whether the camera was asked for video.
    plays: AtomicBool,
    /// Speech to the camera.
    talk: Mutex<Option<Arc<Line>>>,
}

/// The events of a session, which look what has come.
#[derive(Debug)]
pub(crate) struct Events {
    session: Arc<Session>,
    /// Until the session is over.
    channel: Option<Arc<Channel>>,
    receiver: Receiver,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug)]
enum End {
    /// This side closed it.
    Closed,
    /// The library says so.
    Code(Code),
}

/// What came.
#[derive(Debug)]
struct Heard {
    last: Instant,
    frames: u64,
    lost: u64,
}

/// Loads the library of the options, or the system's, finds the camera, connects and logs in.
///
/// A call of the library that is cancelled may go on for a moment in the background; a session that comes of it is closed.
pub(crate) fn connect(options: SessionOptions, waker: &Waker) -> Result<(Arc<Session>, Events), ConnectError> {
    let texts = Texts::new(&options)?;
    waker.check()?;
    let library = Library::acquire(options.library.as_deref(), options.license_key.as_ref(), Purpose::Session)?;
    if options.encryption == Encryption::Required && !library.can_encrypt() {
        return Err(ConnectError::NotEncrypted { uid: options.uid });
    }
    let info = LibraryInfo {
        path: library.path().into(),
        iotc: version(library.iotc_version()),
        av: library.av_version().map(version),
    };
    let connection = Connection::open(library, &texts, &options, waker)?;
    let camera = connection.camera(&options)?;
    let channel = Arc::new(Channel::open(connection, texts, &camera, &options, waker)?);
    let now = Instant::now();
    let session = Arc::new(Session {
        controls: Mutex::new(Some(Controls::new(channel.clone(), waker.clone())?)),
        channel: Arc::downgrade(&channel),
        waker: waker.clone(),
        camera,
        number: options.channel,
        encrypted: channel.encrypted,
        library: info,
        ended: OnceLock::new(),
        heard: Mutex::new(Heard { last: now, frames: 0, lost: 0 }),
        plays: AtomicBool::new(false),
        talk: Mutex::new(None),
    });
    let events = Events { session: session.clone(), channel: Some(channel), receiver: Receiver::new(now) };
    Ok((session, events))
}

impl Session {
    pub(crate) fn start_audio(&self) -> Result<(), SessionError> {
        self.send(io_control::START_AUDIO, &io_control::channel(self.number))
    }

    pub(crate) fn stop_audio(&self) -> Result<(), SessionError> {
        self.send(io_control::STOP_AUDIO, &io_control::channel(self.number))
    }

    pub(crate) fn set_quality(&self, quality: io_control::Quality) -> Result<(), SessionError> {
        self.send(io_control::SET_QUALITY, &io_control::set_quality(quality))
    }

    pub(crate) fn start_video(&self) -> Result<(), SessionError> {
        self.plays.store(true, Ordering::Relaxed);
        self.send(io_control::START_VIDEO, &io_control::channel(self.number))
    }

    pub(crate) fn stop_video(&self) -> Result<(), SessionError> {
        self.plays.store(false, Ordering::Relaxed);
        self.send(io_control::STOP_VIDEO, &io_control::channel(self.number))
    }

    pub(crate) fn send_io_control(&self, kind: u32, body: &[u8]) -> Result<(), CommandError> {
        self.check()?;
        io_control::check(body, io_control::MAX_BODY)?;
        Ok(self.send(kind, body)?)
    }

    pub(crate) fn send(&self, kind: u32, body: &[u8]) -> Result<(), SessionError> {
        self.check()?;
        if let Some(controls) = &*lock(&self.controls) {
            controls.send(kind, body);
        }
        Ok(())
    }

    /// Calls the camera to listen.
    pub(super) fn start_talk(&self) -> Result<Arc<Line>, TalkError> {
        let channel = self.library()?;
        let mut talk = lock(&self.talk);
        if talk.is_some() {
            return Err(TalkError::Busy);
        }
        let line = Line::open(channel, self.waker.clone())?;
        self.send(io_control::START_SPEAKER, &io_control::channel(line.channel()))?;
        Ok(talk.insert(line).clone())
    }

    /// Ends this speech, if it goes on.
    pub(super) fn stop_talk(&self, line: &Arc<Line>) {
        if lock(&self.talk).take_if(|talk| Arc::ptr_eq(talk, line)).is_some() {
            line.close(self.channel.upgrade().as_deref());
            // Where the session is over, so is the talk.
            let _ = self.send(io_control::STOP_SPEAKER, &io_control::channel(line.channel()));
        }
    }

    /// Ends speech with the session.
    fn end_talk(&self) {
        let talk = lock(&self.talk).take();
        if let Some(line) = talk {
            line.close(self.channel.upgrade().as_deref());
        }
    }

    /// The session of the library, as long as there is one.
    pub(super) fn library(&self) -> Result<Arc<Channel>, SessionError> {
        self.check()?;
        self.channel.upgrade().ok_or(SessionError::Closed)
    }

    pub(super) fn failed(&self, operation: fn(Uid) -> LibraryOperation, code: Code) -> LibraryError {
        LibraryError::Failed { operation: operation(self.camera.uid), code }
    }

    /// Why the session is over, if it is.
    pub(super) fn check(&self) -> Result<(), SessionError> {
        let Some(end) = self.ended.get() else { return Ok(()) };
        Err(match *end {
            End::Closed => SessionError::Closed,
            End::Code(Code(-20015 | -22)) => SessionError::ClosedByCamera,
            End::Code(Code(-20016 | -23)) => {
                SessionError::TimedOut { silence: lock(&self.heard).last.elapsed().max(ALIVE) }
            }
            End::Code(code) => self.failed(LibraryOperation::Continue, code).into(),
        })
    }

    fn count(&self, event: &AvEvent) {
        let mut heard = lock(&self.heard);
        heard.last = Instant::now();
        match event {
            AvEvent::Video(_) => heard.frames += 1,
            AvEvent::Lost(lost) if lost.media == Media::Video => heard.lost += u64::from(lost.count),
            _ => {}
        }
    }

    pub(crate) fn camera(&self) -> &DiscoveredCamera {
        &self.camera
    }

    pub(crate) fn info(&self) -> SessionInfo {
        let route = self.channel.upgrade().and_then(|channel| channel.connection.route().ok());
        let (mode, remote) = route.unwrap_or((Mode::Unknown, self.camera.address));
        SessionInfo {
            mode,
            remote,
            encrypted: self.encrypted,
            cipher_suite: None,
            encryption_declined: false,
            library: Some(self.library.clone()),
        }
    }

    pub(crate) fn stats(&self) -> ViewerStats {
        let heard = lock(&self.heard);
        let mut stats = ViewerStats::default();
        (stats.frames, stats.lost) = (heard.frames, heard.lost);
        stats
    }

    pub(crate) fn close(&self) {
        self.end_talk();
        let controls = lock(&self.controls).take();
        if let Some(controls) = controls {
            if self.plays.load(Ordering::Relaxed) && self.ended.get().is_none() {
                controls.send(io_control::STOP_VIDEO, &io_control::channel(self.number));
            }
            // What is to be sent goes out before the channel closes.
            drop(controls);
        }
        let _ = self.ended.set(End::Closed);
        self.waker.wake();
    }
}

impl Events {
    pub(crate) fn next_event_until(&mut self, deadline: Option<Instant>) -> Result<Option<ViewerEvent>, SessionError> {
        let next = self.next_until(deadline);
        if matches!(&next, Err(error) if !matches!(error, SessionError::Cancelled)) {
            self.session.end_talk();
            self.channel = None;
        }
        next
    }

    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<ViewerEvent>, SessionError> {
        let Self { session, channel, receiver } = self;
        let number = session.number;
        let av = |event| Ok(Some(ViewerEvent::Av { channel: number, event }));
        loop {
            session.waker.check()?;
            if let Some(event) = receiver.pop() {
                session.count(&event);
                return av(event);
            }
            session.check()?;
            if lock(&session.talk).as_ref().is_some_and(|line| line.take_started()) {
                return Ok(Some(ViewerEvent::TalkStarted));
            }
            let answer = lock(&session.controls).as_ref().and_then(|controls| controls.poll(Instant::now()));
            if let Some(event) = answer {
                return av(event);
            }
            // What came before the end is still handed out.
            if let Some(channel) = channel
                && let Err(code) = receiver.look(channel)
            {
                let _ = session.ended.set(End::Code(code));
                continue;
            }
            if let Some(event) = receiver.pop() {
                session.count(&event);
                return av(event);
            }
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Ok(None);
            }
            let look = receiver.next_look(now);
            session.waker.wait(Some(deadline.map_or(look, |deadline| look.min(deadline))))?;
        }
    }

    pub(crate) fn waker(&self) -> &Waker {
        &self.session.waker
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.session.close();
    }
}

/// How long the library waits for a word of the camera.
const ALIVE: Duration = Duration::from_secs(15);

/// A version, which has a byte for each part.
fn version(number: u32) -> String {
    let [a, b, c, d] = number.to_be_bytes();
    format!("{a}.{b}.{c}.{d}")
}
