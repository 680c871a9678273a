use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::native::{Address, Cancel, DiscoveredCamera, LocalPorts};
use crate::proto::ViewerStats;
#[cfg(feature = "vendor")]
use crate::vendor;
use crate::{
    Backend, CommandError, ConnectError, Frame, Lost, Mode, Secret, SessionError, SessionInfo, Uid, backend, native,
};

/// Which camera, and how to get in.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// The camera; if none with this UID is found, the one whose UID is this in upper case.
    pub uid: Uid,
    /// The account; `admin` unless told. At most 256 bytes.
    pub account: String,
    /// The account's password; empty unless told. At most 256 bytes.
    pub password: Secret,
    /// Where to ask for the camera; on the local networks unless told. The vendor's library asks where it likes.
    pub address: Option<Address>,
    /// The UDP ports of this host that the session may use, so that they can be published or opened; default: any. The
    /// vendor's library chooses its own.
    pub local_ports: Option<LocalPorts>,
    /// Find, connect and log in: each must be done in this time; 5 s unless told. The vendor's library finds and
    /// connects in one step, and has twice the time for it.
    pub timeout: Duration,
    /// No datagram for this long: the session is lost; default: 10 s. A camera sends a keep-alive about every 2 s, so that
    /// less than 5 s loses sessions that live. The vendor's library has its own time, 15 s.
    pub idle_timeout: Duration,
    /// What drives the session; [`Backend::Auto`] unless told.
    pub backend: Backend,
    /// The vendor's library, a file or a folder; default: the one that the environment variable `TUTK_LIBRARY` names.
    /// With [`Backend::Vendor`] and neither, the usual names are tried where the system's loader looks. Loading it runs
    /// foreign code.
    pub library: Option<PathBuf>,
    /// The licence key that some of the vendor's libraries want; none unless told.
    pub license_key: Option<Secret>,
    /// Fail with [`ConnectError::NotEncrypted`], before anything is sent, if the session would not be encrypted; false unless
    /// told. See [`SessionInfo::encrypted`].
    pub require_encryption: bool,
}

impl SessionOptions {
    /// The defaults for this camera.
    pub fn new(uid: Uid) -> Self {
        Self {
            uid,
            account: "admin".into(),
            password: Secret::default(),
            address: None,
            local_ports: None,
            timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(10),
            backend: Backend::Auto,
            library: None,
            license_key: None,
            require_encryption: false,
        }
    }

    /// Whether the session goes through the vendor's library: [`Backend::Vendor`] asks for it, or a library is named here
    /// or by the environment variable `TUTK_LIBRARY`. Otherwise none is loaded, whatever happens.
    pub fn is_through_library(&self) -> bool {
        match self.backend {
            Backend::Native => false,
            Backend::Vendor => true,
            Backend::Auto => self.library.is_some() || backend::library().is_some(),
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
    /// Another address answered the search for this camera, too; it is not followed. Told once for each address.
    ///
    /// Somebody wants to be taken for the camera, or the camera has several addresses. The vendor's library does not tell.
    ConflictingResponder(SocketAddr),
}

/// A viewer's session with a camera, through either backend.
///
/// [`receive`](Self::receive) belongs to one thread, which drives the session with it; the rest may be called from any.
#[derive(Debug)]
pub struct Session(Inner);

#[derive(Debug)]
enum Inner {
    Native(Box<native::Session>),
    #[cfg(feature = "vendor")]
    Vendor(Box<vendor::Session>),
}

/// Calls a method that both have.
macro_rules! either {
    ($session:expr, $inner:ident => $call:expr) => {
        match &$session.0 {
            Inner::Native($inner) => $call,
            #[cfg(feature = "vendor")]
            Inner::Vendor($inner) => $call,
        }
    };
}

impl Session {
    /// Finds the camera, connects and logs in, through the backend that the options ask for and no other.
    ///
    /// The handle ends this call and those of [`receive`](Self::receive); it belongs to this session alone.
    pub fn open(options: SessionOptions, cancel: &Cancel) -> Result<Self, ConnectError> {
        if options.require_encryption {
            return Err(ConnectError::NotEncrypted { uid: options.uid });
        }
        if options.is_through_library() {
            return Self::open_vendor(options, cancel);
        }
        native::Session::open(options, cancel).map(|session| Self(Inner::Native(session.into())))
    }

    #[cfg(feature = "vendor")]
    fn open_vendor(mut options: SessionOptions, cancel: &Cancel) -> Result<Self, ConnectError> {
        options.library = options.library.or_else(backend::library);
        let opened = match vendor::Session::open(options.clone(), cancel) {
            Err(ConnectError::NotFound { uid, .. }) if uid != uid.to_upper_case() => {
                vendor::Session::open(SessionOptions { uid: uid.to_upper_case(), ..options }, cancel)
            }
            opened => opened,
        };
        opened.map(|session| Self(Inner::Vendor(session.into())))
    }

    #[cfg(not(feature = "vendor"))]
    fn open_vendor(_options: SessionOptions, _cancel: &Cancel) -> Result<Self, ConnectError> {
        Err(crate::LibraryError::NotBuilt.into())
    }

    /// Asks the camera to send video.
    pub fn start_video(&self) -> Result<(), CommandError> {
        either!(self, session => session.start_video())
    }

    /// Asks the camera to send no more video.
    pub fn stop_video(&self) -> Result<(), CommandError> {
        either!(self, session => session.stop_video())
    }

    /// Sends an IO control; it is repeated until the camera confirms that it came, while another thread is in
    /// [`receive`](Self::receive).
    ///
    /// Fails if `body` has more than [`MAX_BODY`](crate::io_control::MAX_BODY) bytes,
    /// or as [`receive`](Self::receive) did once the session is over.
    pub fn send_io_control(&self, kind: u32, body: &[u8]) -> Result<(), CommandError> {
        either!(self, session => session.send_io_control(kind, body))
    }

    /// Waits for what the camera sends next.
    ///
    /// Errors are final, [`SessionError::Cancelled`] excepted: after it the session goes on once the handle is reset.
    pub fn receive(&self) -> Result<Received, SessionError> {
        loop {
            if let Some(received) = self.receive_until(None)? {
                return Ok(received);
            }
        }
    }

    /// As [`receive`](Self::receive); nothing if `deadline` passes before something comes.
    pub fn receive_until(&self, deadline: Option<Instant>) -> Result<Option<Received>, SessionError> {
        either!(self, session => session.receive_until(deadline))
    }

    /// The camera, as it answered the search. The vendor's library tells only its address: then the name is empty and
    /// the generation 0.
    pub fn camera(&self) -> &DiscoveredCamera {
        either!(self, session => session.camera())
    }

    /// How the camera is reached.
    pub fn info(&self) -> SessionInfo {
        match &self.0 {
            Inner::Native(session) => {
                SessionInfo { mode: Mode::Lan, remote: session.camera().address, encrypted: false, library: None }
            }
            #[cfg(feature = "vendor")]
            Inner::Vendor(session) => session.info(),
        }
    }

    /// What was counted so far; through the vendor's library, only frames and losses.
    pub fn stats(&self) -> ViewerStats {
        either!(self, session => session.stats())
    }

    /// Ends the session, and the camera is told, so that it frees the place. Dropping does the same.
    pub fn close(self) {}
}
