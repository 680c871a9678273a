use std::sync::Arc;

use crate::channel::Channel;
use crate::connecting::Connecting;
use crate::io_control::{self, Ptz, Quality};
use crate::native;
use crate::proto::{DiscoveredCamera, ViewerStats};
#[cfg(feature = "vendor")]
use crate::vendor;
use crate::{CommandError, ConnectError, Mode, SessionError, SessionInfo, SessionOptions, Talk, TalkError};

/// The handle of a session with a camera, through either backend: for commands, from any thread. A clone is a handle of the
/// same session.
///
/// Commands go out, and are repeated until the camera confirms them, while a thread waits in the session's
/// [`Events`](crate::Events).
#[derive(Clone, Debug)]
pub struct Session(pub(crate) Inner);

#[derive(Clone, Debug)]
pub(crate) enum Inner {
    Native(Arc<native::Session>),
    #[cfg(feature = "vendor")]
    Vendor(Arc<vendor::Session>),
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
    /// An attempt to get a session. Nothing is sent before [`Connecting::wait`].
    ///
    /// Fails if the process has no file descriptor left.
    pub fn connect(options: SessionOptions) -> Result<Connecting, ConnectError> {
        Connecting::new(options)
    }

    /// Asks the camera to send video.
    pub fn start_video(&self) -> Result<(), SessionError> {
        either!(self, session => session.start_video())
    }

    /// Asks the camera to send no more video.
    pub fn stop_video(&self) -> Result<(), SessionError> {
        either!(self, session => session.stop_video())
    }

    /// Asks the camera to send audio.
    pub fn start_audio(&self) -> Result<(), SessionError> {
        either!(self, session => session.start_audio())
    }

    /// Asks the camera to send no more audio.
    pub fn stop_audio(&self) -> Result<(), SessionError> {
        either!(self, session => session.stop_audio())
    }

    /// Begins to speak to the camera. Whether it listens, a [`ViewerEvent::TalkStarted`](crate::ViewerEvent::TalkStarted) says, or a
    /// [`ViewerEvent::TalkFailed`](crate::ViewerEvent::TalkFailed); a camera without a speaker says nothing. What codecs it takes it does
    /// not say: as a rule the one that it sends.
    ///
    /// Fails if there is a [`Talk`] in this session already, if the vendor's library cannot do it, and once the session is over.
    pub fn start_talk(&self) -> Result<Talk, TalkError> {
        Talk::start(&self.0)
    }

    /// Asks the camera for another quality of its video. The answer is an event, of type 0x0321; of [`Brand::Wyze`](crate::Brand) one
    /// of its messages.
    pub fn set_quality(&self, quality: Quality) -> Result<(), SessionError> {
        either!(self, session => session.set_quality(quality))
    }

    /// Turns the camera or moves its lens. What `speed` means, and whether it means anything, is up to the camera.
    pub fn ptz(&self, command: Ptz, speed: u8) -> Result<(), SessionError> {
        self.send(io_control::PTZ, &io_control::ptz(command, speed))
    }

    /// Sets the camera's clock: seconds since 1970, counted in local time.
    pub fn set_time(&self, local_seconds: u32) -> Result<(), SessionError> {
        self.send(io_control::SET_TIME, &io_control::set_time(local_seconds))
    }

    /// Sends an IO control; it is repeated until the camera confirms that it came, which is an event.
    ///
    /// Fails if `body` has more than [`MAX_BODY`](io_control::MAX_BODY) bytes, and, as
    /// [`Events::next_event`](crate::Events::next_event) did, once the session is over.
    pub fn send_io_control(&self, kind: u32, body: &[u8]) -> Result<(), CommandError> {
        either!(self, session => session.send_io_control(kind, body))
    }

    /// Sends an IO control whose body fits.
    fn send(&self, kind: u32, body: &[u8; 8]) -> Result<(), SessionError> {
        either!(self, session => session.send(kind, body))
    }

    /// Sets whether only the first 64 bytes of what goes to the camera are scrambled, which costs less; default: all bytes. The
    /// scramble is no encryption either way. The camera decides for what it sends. Does nothing through the vendor's library.
    pub fn set_partial_scramble(&self, partial: bool) {
        match &self.0 {
            Inner::Native(session) => {
                // Where the session is over, nothing is sent any more.
                let _ = session.command(|link| link.set_partial_scramble(partial));
            }
            #[cfg(feature = "vendor")]
            Inner::Vendor(_) => {}
        }
    }

    /// A channel of the session. None through the vendor's library, which has its own.
    pub fn channel(&self, number: u8) -> Option<Channel> {
        match &self.0 {
            Inner::Native(session) => Some(Channel::of_session(session.clone(), number)),
            #[cfg(feature = "vendor")]
            Inner::Vendor(_) => None,
        }
    }

    /// The camera, as it answered the search. The vendor's library reports only its address: then the name is empty and
    /// the generation 0.
    pub fn camera(&self) -> &DiscoveredCamera {
        either!(self, session => session.camera())
    }

    /// How the camera is reached.
    pub fn info(&self) -> SessionInfo {
        match &self.0 {
            Inner::Native(session) => {
                let cipher_suite = session.cipher_suite();
                SessionInfo {
                    mode: Mode::Lan,
                    remote: session.camera().address,
                    encrypted: cipher_suite.is_some(),
                    cipher_suite,
                    encryption_declined: session.is_encryption_declined(),
                    library: None,
                }
            }
            #[cfg(feature = "vendor")]
            Inner::Vendor(session) => session.info(),
        }
    }

    /// What was counted so far; through the vendor's library, only frames and losses.
    pub fn stats(&self) -> ViewerStats {
        either!(self, session => session.stats())
    }

    /// Ends the session, and sends the camera a close, so that it frees the place. The events end with [`SessionError::Closed`].
    pub fn close(&self) {
        either!(self, session => session.close());
    }
}
