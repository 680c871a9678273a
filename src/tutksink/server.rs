//! The camera that viewers see, and who of them gets which frame.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use tutk::{
    AudioFormat, AvEvent, Camera, CameraError, CameraEvent, CameraEvents, CameraOptions, ChannelError,
    DisconnectReason, SendError, Uid, VideoFrame, ViewerId, io_control,
};

use super::notice::Notice;
use super::viewers::Viewers;
use crate::talk::Ears;

/// A camera from start to stop. One that its own thread has stopped may end while the next has started.
///
/// It has no access to the element. What happened is returned, to be reported without a lock.
#[derive(Debug)]
pub(super) struct Server {
    uid: Uid,
    camera: Camera,
    viewers: Mutex<Viewers>,
    ears: Arc<Ears>,
}

impl Server {
    /// The events are for the thread that calls [`next`](Self::next).
    pub(super) fn open(options: CameraOptions) -> Result<(Self, CameraEvents), CameraError> {
        let uid = options.uid;
        let (camera, events) = Camera::open(options)?;
        Ok((Self { uid, camera, viewers: Mutex::default(), ears: Arc::default() }, events))
    }

    pub(super) fn uid(&self) -> Uid {
        self.uid
    }

    /// For those who listen to the viewers.
    pub(super) fn ears(&self) -> &Arc<Ears> {
        &self.ears
    }

    /// The UDP port of sessions.
    pub(super) fn port(&self) -> u16 {
        self.camera.port()
    }

    /// Serves the viewers until something happens.
    pub(super) fn next(&self, events: &mut CameraEvents) -> Result<Notice, CameraError> {
        let event = events.next_event()?;
        let mut viewers = self.viewers.lock().unwrap();
        Ok(match event {
            CameraEvent::ViewerAdded { viewer, address } => {
                viewers.add(viewer);
                Notice::ViewerAdded { viewer, address }
            }
            CameraEvent::ViewerRemoved { viewer, reason } => {
                viewers.remove(viewer);
                Notice::ViewerRemoved { viewer, reason }
            }
            CameraEvent::IoControl { viewer, kind, body } => {
                match kind {
                    io_control::START_VIDEO => viewers.start(viewer),
                    io_control::STOP_VIDEO => viewers.stop(viewer),
                    io_control::START_AUDIO => viewers.set_audio(viewer, true),
                    io_control::STOP_AUDIO => viewers.set_audio(viewer, false),
                    _ => {}
                }
                Notice::IoControl { viewer, kind, body }
            }
            CameraEvent::KeyFrameWanted { viewer } => {
                viewers.missed(viewer);
                Notice::ViewerSlow(viewer)
            }
            CameraEvent::Talk { viewer, event: AvEvent::Audio(frame) } => {
                self.ears.hear(viewer, &frame);
                Notice::Talk { viewer, frame }
            }
            CameraEvent::LoginRefused { address } => Notice::LoginRefused(address),
            CameraEvent::IoControlUnconfirmed { viewer, kind } => Notice::IoControlUnconfirmed { viewer, kind },
            event => Notice::Debug(format!("{event:?}")),
        })
    }

    /// Ends the camera: [`next`](Self::next) fails with [`CameraError::Closed`].
    pub(super) fn stop(&self) {
        self.camera.close();
    }

    /// Ends the sessions of all viewers.
    pub(super) fn close(&self) -> Vec<Notice> {
        let viewers = self.viewers.lock().unwrap().clear();
        let close = |viewer| {
            self.camera.close_viewer(viewer);
            Notice::ViewerRemoved { viewer, reason: DisconnectReason::ByCamera }
        };
        viewers.into_iter().map(close).collect()
    }

    /// Who gets the next frame. `missing`: frames are missing before it.
    pub(super) fn receivers(&self, key: bool, missing: bool) -> Vec<ViewerId> {
        let mut viewers = self.viewers.lock().unwrap();
        if missing && !key {
            viewers.all_missed();
        }
        viewers.receivers(key)
    }

    /// Sends a frame to these viewers. After a failure they wait for a key frame.
    pub(super) fn send(&self, receivers: &[ViewerId], frame: VideoFrame<'_>) -> Result<(), SendError> {
        let sent = self.camera.send_video(receivers, frame).map(drop);
        sent.inspect_err(|_| {
            let mut viewers = self.viewers.lock().unwrap();
            receivers.iter().for_each(|viewer| viewers.missed(*viewer));
        })
    }

    /// Sends a block of audio, taken at this time of the camera's clock, to those who want it. Fails if it is too large for one of
    /// them.
    pub(super) fn send_audio(&self, format: AudioFormat, timestamp: u32, data: &[u8]) -> Result<(), ChannelError> {
        let listeners = self.viewers.lock().unwrap().listeners();
        self.camera.send_audio(&listeners, format, timestamp, data)
    }

    pub(super) fn send_io_control(&self, viewer: ViewerId, kind: u32, body: &[u8]) -> Result<(), SendError> {
        self.camera.send_io_control(viewer, kind, body)
    }

    /// Whether to ask upstream for a key frame now, because a viewer waits for one and none is under way.
    pub(super) fn needs_key(&self) -> bool {
        self.viewers.lock().unwrap().ask_for_key(Instant::now())
    }
}
