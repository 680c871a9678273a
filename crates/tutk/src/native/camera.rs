use std::sync::Mutex;
use std::time::Duration;

use super::socket::{Sockets, lock};
use super::udp::Udp;
use super::{CameraEvent, Cancel, VideoFrame, ViewerId};
use crate::error::check_credential;
use crate::proto::{self, Access, CameraConfig, Link};
use crate::wire::{MAX_NAME, SEARCH_PORT};
use crate::{CameraError, Field, IoError, Operation, OptionError, Secret, SendError, Uid, io_control};

/// What a camera is called and whom it lets in.
#[derive(Clone, Debug)]
pub struct CameraOptions {
    /// The camera's UID.
    pub uid: Uid,
    /// The name that searches show, at most 131 bytes; empty unless told.
    pub name: String,
    /// The account that may log in; `admin` unless told. At most 256 bytes.
    pub account: String,
    /// Its password; empty unless told. At most 256 bytes.
    pub password: Secret,
    /// The UDP port of sessions; 0, any, unless told.
    pub port: u16,
    /// Most viewers at once, at least 1; 16 unless told.
    pub max_viewers: usize,
    /// Whether lost datagrams are sent again; true unless told.
    pub resend: bool,
    /// No datagram from a viewer for this long: it is gone; 15 s unless told.
    pub idle_timeout: Duration,
}

impl CameraOptions {
    /// The defaults for this UID.
    pub fn new(uid: Uid) -> Self {
        Self {
            uid,
            name: String::new(),
            account: "admin".into(),
            password: Secret::default(),
            port: 0,
            max_viewers: 16,
            resend: true,
            idle_timeout: Duration::from_secs(15),
        }
    }
}

/// A camera on this host: answers searches and serves viewers.
///
/// [`next_event`](Self::next_event) belongs to one thread, which serves the viewers with it; the rest may be called
/// from any.
#[derive(Debug)]
pub struct Camera {
    sockets: Sockets,
    machine: Mutex<proto::Camera>,
    cancel: Cancel,
    port: u16,
}

impl Camera {
    /// Binds the session port and the port of searches, which other cameras on this host may share.
    ///
    /// The handle ends [`next_event`](Self::next_event); it belongs to this camera alone.
    pub fn open(options: CameraOptions, cancel: &Cancel) -> Result<Self, CameraError> {
        check_credential(Field::Account, &options.account)?;
        check_credential(Field::Password, options.password.reveal())?;
        let access = Access::Account { account: options.account.clone(), password: options.password.clone() };
        Self::open_with(options, access, cancel)
    }

    /// [`open`](Self::open) where the application decides on logins: account and password of the options mean nothing.
    pub fn open_for_application(options: CameraOptions, cancel: &Cancel) -> Result<Self, CameraError> {
        Self::open_with(options, Access::Application, cancel)
    }

    fn open_with(options: CameraOptions, access: Access, cancel: &Cancel) -> Result<Self, CameraError> {
        check_name(&options.name)?;
        let sessions = Udp::bind(options.port, false)
            .map_err(|error| IoError::new(Operation::OpenViewerPort(options.port), error))?;
        let searches = Udp::bind(SEARCH_PORT, true).map_err(|error| IoError::new(Operation::OpenSearchPort, error))?;
        let sockets = Sockets::new(vec![sessions, searches]);
        let port = sockets.port().map_err(|error| IoError::new(Operation::ReadViewerPort, error))?;
        let machine = Mutex::new(proto::Camera::new(
            CameraConfig::new(options.uid, access)
                .with_name(options.name)
                .with_max_viewers(options.max_viewers)
                .with_resend(options.resend)
                .with_idle_timeout(options.idle_timeout),
        ));
        Ok(Self { sockets, machine, cancel: cancel.clone(), port })
    }

    /// What searches show from now on; fails as [`open`](Self::open) does on a name that does not fit.
    pub fn set_name(&self, name: String) -> Result<(), OptionError> {
        check_name(&name)?;
        lock(&self.machine).set_name(name);
        Ok(())
    }

    /// The UDP port of sessions.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the next event and serves the viewers meanwhile.
    ///
    /// Fails with [`CameraError::Closed`] once it is cancelled, or if the network cannot be used any more.
    pub fn next_event(&self) -> Result<CameraEvent, CameraError> {
        Ok(self.sockets.run(&self.machine, &self.cancel, proto::Camera::poll_event)?)
    }

    /// Sends a frame of video to these viewers, and returns to how many: [`proto::Camera::send_video`] says which are
    /// passed over.
    ///
    /// Fails if the frame has more than 16 MiB.
    pub fn send_video(&self, viewers: &[ViewerId], frame: VideoFrame<'_>) -> Result<usize, SendError> {
        self.send(|machine| machine.send_video(viewers, frame))
    }

    /// Sends an IO control to a viewer; it is repeated until the viewer confirms that it came.
    ///
    /// Fails if `body` has more than [`MAX_BODY`](crate::io_control::MAX_BODY) bytes.
    pub fn send_io_control(&self, viewer: ViewerId, kind: u32, body: &[u8]) -> Result<(), SendError> {
        io_control::check(body)?;
        self.send(|machine| machine.send_io_control(viewer, kind, body.to_vec()));
        self.cancel.wake();
        Ok(())
    }

    /// Does something with the channels of a viewer, if it is still there, and sends what follows from it.
    pub fn with_link<T>(&self, viewer: ViewerId, act: impl FnOnce(&mut Link) -> T) -> Option<T> {
        let result = self.send(|machine| machine.link(viewer).map(act));
        self.cancel.wake();
        result
    }

    /// Ends the session with a viewer.
    pub fn close_viewer(&self, viewer: ViewerId) {
        self.send(|machine| machine.close_viewer(viewer));
        self.cancel.wake();
    }

    fn send<T>(&self, act: impl FnOnce(&mut proto::Camera) -> T) -> T {
        let mut machine = lock(&self.machine);
        let result = act(&mut machine);
        self.sockets.flush(&mut *machine);
        result
    }
}

fn check_name(name: &str) -> Result<(), OptionError> {
    if name.len() > MAX_NAME || name.contains('\0') {
        return Err(OptionError::CameraName);
    }
    Ok(())
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.send(proto::Camera::close);
    }
}
