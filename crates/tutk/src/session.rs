use std::time::Duration;

use crate::native::{Address, Cancel, Found};
use crate::proto::ViewerStats;
use crate::{Error, Frame, Lost, Secret, Uid, native};

/// Which camera, and how to get in.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// The camera.
    pub uid: Uid,
    /// The account; `admin` unless told. At most 256 bytes.
    pub account: String,
    /// The account's password; empty unless told. At most 256 bytes.
    pub password: Secret,
    /// Where to ask for the camera; on the local networks unless told.
    pub address: Option<Address>,
    /// Find, connect and log in: each must be done in this time; 5 s unless told.
    pub timeout: Duration,
    /// No datagram for this long: the session is lost; 10 s unless told.
    pub idle_timeout: Duration,
}

impl SessionOptions {
    /// The defaults for this camera.
    pub fn new(uid: Uid) -> Self {
        Self {
            uid,
            account: "admin".into(),
            password: Secret::default(),
            address: None,
            timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(10),
        }
    }
}

/// What [`Session::receive`] returns.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Received {
    /// A whole frame of video. Numbers only rise.
    Video(Frame),
    /// A block of audio. Numbers only rise.
    Audio(Frame),
    /// A command or an answer from the camera.
    IoControl {
        /// Its type.
        kind: u32,
        /// Its body.
        body: Vec<u8>,
    },
    /// The camera has an IO control.
    IoControlConfirmed {
        /// Its type.
        kind: u32,
    },
    /// The camera never confirmed an IO control; whether it has it is not known.
    IoControlUnconfirmed {
        /// Its type.
        kind: u32,
    },
    /// Frames that will not come.
    Lost(Lost),
}

/// A viewer's session with a camera.
///
/// [`receive`](Self::receive) belongs to one thread, which drives the session with it; the rest may be called from any.
#[derive(Debug)]
pub struct Session(native::Session);

impl Session {
    /// Finds the camera, connects and logs in.
    ///
    /// The handle ends this call and those of [`receive`](Self::receive); it belongs to this session alone.
    pub fn open(options: SessionOptions, cancel: &Cancel) -> Result<Self, Error> {
        native::Session::open(options, cancel).map(Self)
    }

    /// Asks the camera to send video.
    pub fn start_video(&self) -> Result<(), Error> {
        self.0.start_video()
    }

    /// Asks the camera to send no more video.
    pub fn stop_video(&self) -> Result<(), Error> {
        self.0.stop_video()
    }

    /// Sends an IO control; it is repeated until the camera confirms that it came, while another thread is in
    /// [`receive`](Self::receive).
    ///
    /// Fails with [`Error::InvalidArgument`] if `body` has more than [`MAX_BODY`](crate::io_control::MAX_BODY) bytes,
    /// or as [`receive`](Self::receive) did once the session is over.
    pub fn send_io_control(&self, kind: u32, body: &[u8]) -> Result<(), Error> {
        self.0.send_io_control(kind, body)
    }

    /// Waits for what the camera sends next.
    ///
    /// Errors are final, [`Error::Cancelled`] excepted: after it the session goes on once the handle is reset.
    pub fn receive(&self) -> Result<Received, Error> {
        self.0.receive()
    }

    /// The camera, as it answered the search.
    pub fn camera(&self) -> &Found {
        self.0.camera()
    }

    /// What was counted so far.
    pub fn stats(&self) -> ViewerStats {
        self.0.stats()
    }

    /// Ends the session: the camera is told three times, so that it frees the place. Dropping does the same.
    pub fn close(self) {}
}
