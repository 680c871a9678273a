//! The camera's part: one camera in the process, and its viewers on their way to `IOTC_Listen`.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tutk::{
    Access, AuthKey, Camera, CameraError, CameraEvent, CameraEvents, CameraOptions, DisconnectReason, Uid, ViewerId,
};

use crate::codes::*;
use crate::session::Session;

/// A camera that answers searches and takes viewers, with the thread that drives it.
pub(crate) struct Host {
    pub(crate) uid: Uid,
    camera: Camera,
    thread: Option<JoinHandle<()>>,
}

/// What the application chooses.
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) max_viewers: usize,
    /// No datagram for this long: a viewer is gone.
    pub(crate) silence: Duration,
    pub(crate) auth_key: Option<AuthKey>,
}

impl Host {
    /// Puts a camera on the LAN. Its viewers go to `arrived`, from the camera's own thread.
    pub(crate) fn open(
        uid: Uid,
        settings: Settings,
        arrived: impl Fn(Arc<Session>) + Send + 'static,
    ) -> Result<Self, Code> {
        let mut options = CameraOptions::new(uid)
            .with_access(Access::Application)
            .with_name(settings.name)
            .with_port(settings.port)
            .with_max_viewers(settings.max_viewers)
            .with_idle_timeout(settings.silence);
        options.auth_key = settings.auth_key;
        let (camera, events) = Camera::open(options).map_err(|error| match error {
            CameraError::Option(_) => IOTC_ER_INVALID_ARG,
            CameraError::Io(error) if error.source.kind() == std::io::ErrorKind::AddrInUse => IOTC_ER_FAIL_SOCKET_BIND,
            _ => IOTC_ER_FAIL_CREATE_SOCKET,
        })?;
        let driven = camera.clone();
        let thread = thread::Builder::new()
            .name("tutk-camera".into())
            .spawn(move || drive(uid, &driven, events, arrived))
            .map_err(|_| IOTC_ER_RESOURCE_ERROR)?;
        Ok(Self { uid, camera, thread: Some(thread) })
    }

    /// What searches show from now on.
    pub(crate) fn set_name(&self, name: String) {
        let _ = self.camera.set_name(name);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.camera.close();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn drive(uid: Uid, camera: &Camera, mut events: CameraEvents, arrived: impl Fn(Arc<Session>)) {
    let mut sessions: HashMap<ViewerId, Arc<Session>> = HashMap::new();
    while let Ok(event) = events.next_event() {
        match event {
            CameraEvent::ViewerAdded { viewer, address } => {
                let session = Session::camera(uid, address, camera.clone(), viewer);
                sessions.insert(viewer, session.clone());
                arrived(session);
            }
            CameraEvent::ViewerRemoved { viewer, reason } => {
                if let Some(session) = sessions.remove(&viewer) {
                    session.end(match reason {
                        DisconnectReason::ByViewer => End::ByRemote,
                        DisconnectReason::Silent => End::Silent,
                        _ => End::Closed,
                    });
                }
            }
            CameraEvent::Av { viewer, channel, event } => {
                if let Some(session) = sessions.get(&viewer) {
                    session.deliver(channel, event);
                }
            }
            _ => {}
        }
    }
    for session in sessions.into_values() {
        session.end(End::Closed);
    }
}
