use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::connection::{Connection, ConnectionOptions};
use super::{Cancel, DiscoveredCamera, Search};
use crate::proto::{AvEvent, Credentials, ViewerEvent, ViewerStats};
use crate::{CommandError, ConnectError, DiscoverError, Received, SessionError, SessionOptions, io_control};

/// A viewer's session with a camera, by the protocol itself.
///
/// [`receive_until`](Self::receive_until) belongs to one thread, which drives the session with it; the rest may be called from any.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
    /// Whether the camera was asked for video.
    video: AtomicBool,
}

/// How long the local networks are searched for a camera that does not answer at its address.
const ELSEWHERE: Duration = Duration::from_secs(1);

impl Session {
    /// Finds the camera, connects and logs in.
    ///
    /// If the camera does not answer at its address, the error says what a short search of the local networks finds.
    ///
    /// The handle ends this call and those of [`receive_until`](Self::receive_until); it belongs to this session alone.
    pub fn open(options: SessionOptions, cancel: &Cancel) -> Result<Self, ConnectError> {
        // Nothing is told to a camera that answers elsewhere than where it was looked for: it may be another host that
        // wants the password.
        let elsewhere = options.address.as_ref().map(|_| Search {
            uid: Some(options.uid),
            address: None,
            timeout: options.timeout.min(ELSEWHERE),
            local_ports: options.local_ports,
        });
        let options = ConnectionOptions {
            uid: options.uid,
            address: options.address,
            local_ports: options.local_ports,
            credentials: Some(Credentials::new(options.account, options.password)),
            timeout: options.timeout,
            idle_timeout: options.idle_timeout,
        };
        let mut opened = Connection::open(options, cancel);
        if let (Err(ConnectError::NotFound { answers, .. }), Some(elsewhere)) = (&mut opened, elsewhere) {
            match super::answers(&elsewhere, cancel) {
                Ok(found) => answers.add(found),
                Err(DiscoverError::Cancelled) => return Err(ConnectError::Cancelled),
                // The camera is not found, and that is what counts.
                Err(_) => {}
            }
        }
        Ok(Self { connection: opened?, video: AtomicBool::new(false) })
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

    /// Sends an IO control; it is repeated until the camera confirms that it came, while another thread is in
    /// [`receive_until`](Self::receive_until).
    ///
    /// Fails if `body` has more than [`MAX_BODY`](crate::io_control::MAX_BODY) bytes,
    /// or as [`receive_until`](Self::receive_until) did once the session is over.
    pub fn send_io_control(&self, kind: u32, body: &[u8]) -> Result<(), CommandError> {
        self.connection.check()?;
        io_control::check(body)?;
        self.connection.with_link(|link| link.send_io_control(0, kind, body.to_vec()));
        Ok(())
    }

    /// Waits for what the camera sends next; no longer than until `deadline`, if there is one.
    ///
    /// Errors are final, [`SessionError::Cancelled`] excepted: after it the session goes on once the handle is reset.
    pub fn receive_until(&self, deadline: Option<Instant>) -> Result<Option<Received>, SessionError> {
        loop {
            let event = match self.connection.next_event_until(deadline)? {
                Some(ViewerEvent::Av { event, .. }) => event,
                Some(ViewerEvent::ConflictingResponder(address)) => {
                    return Ok(Some(Received::ConflictingResponder(address)));
                }
                Some(_) => continue,
                None => return Ok(None),
            };
            return Ok(Some(match event {
                AvEvent::Video(frame) => Received::Video(frame),
                AvEvent::Audio(frame) => Received::Audio(frame),
                AvEvent::Lost(lost) => Received::Lost(lost),
                AvEvent::IoControl { kind, body } => Received::IoControl { kind, body },
                AvEvent::IoControlConfirmed { kind } => Received::IoControlConfirmed { kind },
                AvEvent::IoControlUnconfirmed { kind } => Received::IoControlUnconfirmed { kind },
                // A client hears none of these once it is logged in.
                AvEvent::LoggedIn { .. } | AvEvent::LoginRefused(_) => continue,
                AvEvent::Login { .. } | AvEvent::KeyFrameWanted => continue,
                // What a later version of the protocol may add.
                _ => continue,
            }));
        }
    }

    /// The camera, as it answered the search.
    pub fn camera(&self) -> &DiscoveredCamera {
        self.connection.camera()
    }

    /// What was counted so far.
    pub fn stats(&self) -> ViewerStats {
        self.connection.stats()
    }
}

impl Drop for Session {
    /// The camera is told to stop the video, and three times that the session ends, so that it frees the place.
    fn drop(&mut self) {
        if *self.video.get_mut() {
            self.connection.with_link(|link| link.send_io_control(0, io_control::STOP_VIDEO, vec![0; 8]));
        }
    }
}
