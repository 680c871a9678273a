use std::sync::Arc;
use std::time::Instant;

use crate::encryption::{self, Passwords};
use crate::native::{Camera, Session};
use crate::proto::security::Identity;
use crate::proto::{Credentials, Link, ViewerId};
use crate::{ChannelError, CipherSuite, Encryption, Secret};

/// One channel of a session, for applications that log in, or let others log in, by themselves.
///
/// A channel has a client at one end, which logs in and receives media, and a server at the other. Channel 0 has the
/// viewer's client; others carry, for instance, the viewer's speech to the camera, with the roles the other way round. What
/// happens in a channel comes with the session's or the camera's events.
///
/// A handle is cheap, may be used by any thread, and outlives the session: then each call fails with
/// [`ChannelError::Ended`].
#[derive(Clone, Debug)]
pub struct Channel {
    peer: Peer,
    number: u8,
}

#[derive(Clone, Debug)]
enum Peer {
    /// This side is a viewer.
    Camera(Arc<Session>),
    /// This side is the camera.
    Viewer(Camera, ViewerId),
}

impl Channel {
    pub(crate) fn of_session(session: Arc<Session>, number: u8) -> Self {
        Self { peer: Peer::Camera(session), number }
    }

    pub(crate) fn of_camera(camera: Camera, viewer: ViewerId, number: u8) -> Self {
        Self { peer: Peer::Viewer(camera, viewer), number }
    }

    /// Its number in the session.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Decides for the session whether it is encrypted, where no channel of it is started; default: a viewer's is where both ends
    /// can, a camera's is not. Call [`start_client`](Self::start_client) or [`start_server`](Self::start_server) next.
    ///
    /// Returns whether the session is as asked for; with [`Encryption::Required`](crate::Encryption::Required) it is not where one
    /// of both ends cannot encrypt, or where the session is plain already.
    pub fn choose_encryption(&self, encryption: Encryption) -> Result<bool, ChannelError> {
        self.command(|link| link.choose_encryption(encryption))
    }

    /// Whom the servers of an encrypted session let in that are started from now on: `find` returns the password of an account,
    /// or the token of an identity. It is called by the thread that has the session's or camera's events, and must neither block
    /// nor call this library. Without this, a viewer's servers let in with the credentials of its own client.
    ///
    /// Fails with [`ChannelError::EncryptionUnavailable`] if this host cannot encrypt.
    pub fn set_passwords<F>(&self, find: F) -> Result<(), ChannelError>
    where
        F: Fn(Identity<'_>) -> Option<Secret> + Send + Sync + 'static,
    {
        let provider = encryption::provider().map_err(|_| ChannelError::EncryptionUnavailable)?;
        let keys = Arc::new(Passwords { provider, find });
        self.command(|link| link.set_keys(keys))
    }

    /// How the channel is encrypted, once it is.
    pub fn cipher_suite(&self) -> Option<CipherSuite> {
        self.look(|link| link.cipher_suite(self.number)).flatten()
    }

    /// Whether the other end has said nothing to what a wrong password would make unreadable, for so often that the password is
    /// probably the wrong one.
    pub fn is_password_doubtful(&self) -> bool {
        self.look(|link| link.is_password_doubtful(self.number)).unwrap_or_default()
    }

    /// Starts a client, in the place of whatever was there: it logs in until it has an answer. `resend` asks for lost
    /// datagrams to be sent again.
    pub fn start_client(&self, credentials: Credentials, resend: bool) -> Result<(), ChannelError> {
        self.command(|link| link.log_in(Instant::now(), self.number, credentials, resend))
    }

    /// Starts a server, in the place of whatever was there. Its clients learn the number `service` when they are let in.
    /// `resend` offers to send lost datagrams again.
    pub fn start_server(&self, service: u32, resend: bool) -> Result<(), ChannelError> {
        self.command(|link| {
            link.start_server(self.number, resend);
            link.set_service(self.number, service);
        })
    }

    /// Stops the client or the server.
    pub fn stop(&self) -> Result<(), ChannelError> {
        self.command(|link| link.stop(self.number))
    }

    /// Answers a [`Login`](crate::AvEvent::Login). Returns whether resend is granted, if the client is let in.
    pub fn answer_login(&self, grant: bool) -> Result<Option<bool>, ChannelError> {
        self.command(|link| link.answer_login(self.number, grant))
    }

    /// Sends a frame of video to the client, `info` being its frame info of 16 to 256 bytes.
    ///
    /// Fails if the client is not logged in, has too many frames that it did not acknowledge, or needs a key frame first;
    /// and if the frame is too large.
    pub fn send_video(&self, media: &[u8], info: &[u8], key: bool) -> Result<(), ChannelError> {
        self.command(|link| {
            if !link.is_open(self.number) {
                return Err(ChannelError::NotLoggedIn);
            }
            if link.is_full(self.number) {
                return Err(ChannelError::Full);
            }
            if link.send_video(self.number, media, info, key)? { Ok(()) } else { Err(ChannelError::KeyFrameNeeded) }
        })?
    }

    /// Sends a block of audio to the client, `info` being its frame info of 16 to 256 bytes.
    ///
    /// Fails if the client is not logged in, and if the block is too large: in the classic AV style it has to fit into a datagram.
    pub fn send_audio(&self, media: &[u8], info: &[u8]) -> Result<(), ChannelError> {
        self.command(|link| {
            if !link.is_open(self.number) {
                return Err(ChannelError::NotLoggedIn);
            }
            Ok(link.send_audio(self.number, media, info)?)
        })?
    }

    /// Sends an IO control; it is repeated until the other side confirms that it came.
    ///
    /// Fails if the login is not done, and if `body` has more than [`MAX_BODY`](crate::io_control::MAX_BODY) bytes.
    pub fn send_io_control(&self, kind: u32, body: Vec<u8>) -> Result<(), ChannelError> {
        self.command(|link| {
            if !link.is_open(self.number) {
                return Err(ChannelError::NotLoggedIn);
            }
            Ok(link.send_io_control(self.number, kind, body)?)
        })?
    }

    /// Forgets the media of the server that is not sent yet, and what it keeps to send again.
    pub fn clear(&self) -> Result<(), ChannelError> {
        self.command(|link| link.clear(self.number))
    }

    /// Whether the login is done.
    pub fn is_open(&self) -> bool {
        self.look(|link| link.is_open(self.number)).unwrap_or_default()
    }

    /// The number that the server gave the client when it was let in.
    pub fn service(&self) -> Option<u32> {
        self.look(|link| link.service(self.number)).flatten()
    }

    /// Bytes of video that the server keeps until the client acknowledges them; up to
    /// [`RESEND_STORE`](crate::proto::RESEND_STORE) and one frame.
    pub fn unacknowledged(&self) -> usize {
        self.look(|link| link.unconfirmed(self.number)).unwrap_or_default()
    }

    fn command<T>(&self, act: impl FnOnce(&mut Link) -> T) -> Result<T, ChannelError> {
        let result = match &self.peer {
            Peer::Camera(session) => session.command(act),
            Peer::Viewer(camera, viewer) => camera.command(*viewer, act),
        };
        result.ok_or(ChannelError::Ended)
    }

    fn look<T>(&self, look: impl FnOnce(&mut Link) -> T) -> Option<T> {
        match &self.peer {
            Peer::Camera(session) => session.look(look),
            Peer::Viewer(camera, viewer) => camera.look(*viewer, look),
        }
    }
}
