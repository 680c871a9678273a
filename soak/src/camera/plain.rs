use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tutk::{Camera, CameraEvent, CameraOptions, Codec, VideoFrame, ViewerId, io_control};

use super::Sender;
use crate::Failure;
use crate::fleet::{self, Kind};
use crate::sound;

/// A camera without GStreamer: what `tutksink` does not offer, which is other codecs, and no resending.
pub(super) struct Plain {
    camera: Camera,
    codec: Codec,
    viewers: Arc<Mutex<Viewers>>,
}

/// Those that watch: first with a key frame, then with all.
#[derive(Default)]
struct Viewers {
    new: BTreeSet<ViewerId>,
    watching: BTreeSet<ViewerId>,
    listening: BTreeSet<ViewerId>,
}

impl Plain {
    pub(super) fn open(index: usize, kind: Kind) -> Result<Self, Failure> {
        let options = CameraOptions::new(fleet::uid(index).parse()?)
            .with_login("admin", fleet::password(index).unwrap_or_default())
            .with_resend(kind.resend);
        let (camera, mut events) = Camera::open(options)?;
        let viewers = Arc::new(Mutex::new(Viewers::default()));
        let shared = viewers.clone();
        thread::spawn(move || {
            loop {
                match events.next_event() {
                    Ok(event) => shared.lock().unwrap().handle(&event),
                    Err(error) => {
                        eprintln!("the camera ends: {error}");
                        std::process::exit(1);
                    }
                }
            }
        });
        Ok(Self { camera, codec: kind.codec, viewers })
    }
}

impl Viewers {
    fn handle(&mut self, event: &CameraEvent) {
        match *event {
            CameraEvent::IoControl { viewer, kind: io_control::START_VIDEO, .. }
            | CameraEvent::KeyFrameWanted { viewer } => {
                self.new.insert(viewer);
            }
            CameraEvent::IoControl { viewer, kind: io_control::STOP_VIDEO, .. } => {
                self.new.remove(&viewer);
                self.watching.remove(&viewer);
            }
            CameraEvent::IoControl { viewer, kind: io_control::START_AUDIO, .. } => {
                self.listening.insert(viewer);
            }
            CameraEvent::IoControl { viewer, kind: io_control::STOP_AUDIO, .. } => {
                self.listening.remove(&viewer);
            }
            CameraEvent::ViewerRemoved { viewer, .. } => {
                self.new.remove(&viewer);
                self.watching.remove(&viewer);
                self.listening.remove(&viewer);
            }
            _ => {}
        }
    }
}

impl Sender for Plain {
    fn send(&mut self, frame: Vec<u8>, key: bool, taken: Duration) -> Result<(), Failure> {
        let viewers: Vec<_> = {
            let viewers = &mut *self.viewers.lock().unwrap();
            if key {
                viewers.watching.append(&mut viewers.new);
            }
            viewers.watching.iter().copied().collect()
        };
        let frame = VideoFrame::new(self.codec, &frame).with_key(key).with_timestamp(taken.as_millis() as u32);
        self.camera.send_video(&viewers, frame)?;
        Ok(())
    }

    fn speak(&mut self, block: Vec<u8>, taken: Duration) -> Result<(), Failure> {
        let listening: Vec<_> = self.viewers.lock().unwrap().listening.iter().copied().collect();
        self.camera.send_audio(&listening, sound::format(), taken.as_millis() as u32, &block)?;
        Ok(())
    }

    fn wants_key(&mut self) -> bool {
        !self.viewers.lock().unwrap().new.is_empty()
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let viewers = std::mem::take(&mut *self.viewers.lock().unwrap());
        for viewer in viewers.watching {
            self.camera.close_viewer(viewer);
        }
    }
}
