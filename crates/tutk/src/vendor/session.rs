use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::connect::{Channel, Connection, Texts};
use super::controls::Controls;
use super::library::Library;
use super::receiver::Receiver;
use super::{Code, lock};
use crate::native::{Cancel, DiscoveredCamera};
use crate::proto::ViewerStats;
use crate::{
    CommandError, ConnectError, LibraryError, LibraryInfo, LibraryOperation, Media, Received, SessionError,
    SessionInfo, SessionOptions, io_control,
};

/// A viewer's session with a camera, by the vendor's library.
///
/// [`receive_until`](Self::receive_until) belongs to one thread; the rest may be called from any.
#[derive(Debug)]
pub struct Session {
    // In this order: what is to be sent goes out before the channel closes.
    controls: Controls,
    channel: Arc<Channel>,
    receiver: Mutex<Receiver>,
    cancel: Cancel,
    camera: DiscoveredCamera,
    options: SessionOptions,
    ended: OnceLock<Code>,
    heard: Mutex<Heard>,
    video: AtomicBool,
}

/// What came.
#[derive(Debug)]
struct Heard {
    last: Instant,
    frames: u64,
    lost: u64,
}

impl Session {
    /// Loads the library of the options, or the system's, finds the camera, connects and logs in.
    ///
    /// The handle ends this call and those of [`receive_until`](Self::receive_until); it belongs to this session alone. A call of
    /// the library that it stops may go on for a moment in the background; a session that comes of it is closed.
    pub fn open(options: SessionOptions, cancel: &Cancel) -> Result<Self, ConnectError> {
        let texts = Texts::new(&options)?;
        cancel.check()?;
        let library = Library::acquire(options.library.as_deref(), options.license_key.as_ref())?;
        let connection = Connection::open(library, &texts, &options, cancel)?;
        let camera = connection.camera(&options)?;
        let channel = Arc::new(Channel::open(connection, texts, &camera, &options, cancel)?);
        let now = Instant::now();
        Ok(Self {
            controls: Controls::new(channel.clone(), cancel.clone())?,
            channel,
            receiver: Mutex::new(Receiver::new(now)),
            cancel: cancel.clone(),
            camera,
            options,
            ended: OnceLock::new(),
            heard: Mutex::new(Heard { last: now, frames: 0, lost: 0 }),
            video: AtomicBool::new(false),
        })
    }

    /// Asks the camera to send video.
    pub fn start_video(&self) -> Result<(), CommandError> {
        self.video.store(true, Ordering::Relaxed);
        self.send_io_control(io_control::START_VIDEO, &[0; 8])
    }

    /// Asks the camera to send no more video.
    pub fn stop_video(&self) -> Result<(), CommandError> {
        self.video.store(false, Ordering::Relaxed);
        self.send_io_control(io_control::STOP_VIDEO, &[0; 8])
    }

    /// Sends an IO control; the library repeats it until the camera confirms that it came.
    ///
    /// Fails if `body` has more than [`MAX_BODY`](crate::io_control::MAX_BODY) bytes,
    /// or as [`receive_until`](Self::receive_until) did once the session is over.
    pub fn send_io_control(&self, kind: u32, body: &[u8]) -> Result<(), CommandError> {
        if let Some(code) = self.ended.get() {
            return Err(self.error(*code).into());
        }
        io_control::check(body)?;
        self.controls.send(kind, body);
        Ok(())
    }

    /// Waits for what the camera sends next; no longer than until `deadline`, if there is one.
    ///
    /// Errors are final, [`SessionError::Cancelled`] excepted: after it the session goes on once the handle is reset.
    pub fn receive_until(&self, deadline: Option<Instant>) -> Result<Option<Received>, SessionError> {
        let mut receiver = lock(&self.receiver);
        loop {
            self.cancel.check()?;
            if let Some(received) = receiver.pop() {
                self.count(&received);
                return Ok(Some(received));
            }
            if let Some(code) = self.ended.get() {
                return Err(self.error(*code));
            }
            if let Some(answer) = self.controls.poll(Instant::now()) {
                return Ok(Some(answer));
            }
            // What came before the end is still handed out.
            if let Err(code) = receiver.look(&self.channel) {
                let _ = self.ended.set(code);
                continue;
            }
            if let Some(received) = receiver.pop() {
                self.count(&received);
                return Ok(Some(received));
            }
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Ok(None);
            }
            let look = receiver.next_look(now);
            self.cancel.wait_for(None, deadline.map_or(look, |deadline| look.min(deadline)))?;
        }
    }

    fn count(&self, received: &Received) {
        let mut heard = lock(&self.heard);
        heard.last = Instant::now();
        match received {
            Received::Video(_) => heard.frames += 1,
            Received::Lost(lost) if lost.media == Media::Video => heard.lost += u64::from(lost.count),
            _ => {}
        }
    }

    fn error(&self, code: Code) -> SessionError {
        match code.0 {
            -20015 | -22 => SessionError::ClosedByCamera,
            -20016 | -23 => SessionError::TimedOut { silence: lock(&self.heard).last.elapsed().max(ALIVE) },
            _ => LibraryError::Failed { operation: LibraryOperation::Continue(self.options.uid), code }.into(),
        }
    }

    /// The camera; the library does not tell its name (empty), its generation (0), nor this host's address.
    pub fn camera(&self) -> &DiscoveredCamera {
        &self.camera
    }

    /// How the camera is reached now, and the library's versions.
    pub fn info(&self) -> SessionInfo {
        let library = &self.channel.connection.library;
        let unknown = (crate::Mode::Unknown, self.camera.address);
        let (mode, remote) = self.channel.connection.route().unwrap_or(unknown);
        SessionInfo {
            mode,
            remote,
            encrypted: false,
            library: Some(LibraryInfo {
                path: library.path().into(),
                iotc: version(library.iotc_version()),
                av: library.av_version().map(version),
            }),
        }
    }

    /// What was counted so far: frames and losses. The library tells nothing of datagrams.
    pub fn stats(&self) -> ViewerStats {
        let heard = lock(&self.heard);
        let mut stats = ViewerStats::default();
        (stats.frames, stats.lost) = (heard.frames, heard.lost);
        stats
    }

    /// Ends the session; the camera is told. Dropping does the same.
    pub fn close(self) {}
}

impl Drop for Session {
    fn drop(&mut self) {
        if *self.video.get_mut() && self.ended.get().is_none() {
            self.controls.send(io_control::STOP_VIDEO, &[0; 8]);
        }
    }
}

/// How long the library waits for a word of the camera.
const ALIVE: Duration = Duration::from_secs(15);

/// A version, which has a byte for each part.
fn version(number: u32) -> String {
    let [a, b, c, d] = number.to_be_bytes();
    format!("{a}.{b}.{c}.{d}")
}
