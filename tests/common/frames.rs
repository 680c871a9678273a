//! A camera that cuts its stream into frames as it likes.

use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};

use gst::prelude::*;
use tutk::wire::FrameInfo;
use tutk::{AudioFormat, Camera, CameraEvent, CameraOptions, Codec, VideoFrame, ViewerId, io_control};

use super::pictures::Launched;
use super::{LONG, Viewer};

pub struct FrameCamera {
    pub uid: String,
    camera: Camera,
    events: Receiver<CameraEvent>,
    thread: Option<JoinHandle<()>>,
}

/// A frame of it: what the camera says that it is, and its bytes.
#[derive(Clone, Debug)]
pub struct Cut {
    pub codec: Codec,
    pub key: bool,
    /// The camera's clock in milliseconds.
    pub timestamp: u32,
    pub data: Vec<u8>,
}

impl Cut {
    /// A frame that the camera flags as one that no decoder can start with.
    pub fn new(codec: Codec, timestamp: u32, data: &[u8]) -> Self {
        Self { codec, key: false, timestamp, data: data.to_vec() }
    }
}

impl FrameCamera {
    pub fn start() -> Self {
        super::init();
        let uid = super::uid();
        let (camera, mut serving) = Camera::open(CameraOptions::new(uid.parse().unwrap())).unwrap();
        let (sender, events) = channel();
        let serve = move || {
            while let Ok(event) = serving.next_event() {
                let _ = sender.send(event);
            }
        };
        Self { uid, camera, events, thread: Some(thread::spawn(serve)) }
    }

    /// The `tutksrc` that plays it, for a description of a pipeline.
    pub fn source(&self) -> String {
        format!("tutksrc name=src backend=native uid={} address=127.0.0.1:{}", self.uid, self.camera.port())
    }

    /// A viewer that has asked for video, and its id.
    pub fn watch(&self) -> (Viewer, ViewerId) {
        let viewer = Viewer::new(|src| {
            src.set_property("uid", &self.uid);
            src.set_property("address", format!("127.0.0.1:{}", self.camera.port()));
        });
        viewer.play();
        (viewer, self.wait_for_watcher())
    }

    pub fn wait_for_watcher(&self) -> ViewerId {
        loop {
            let event = self.events.recv_timeout(LONG).expect("nobody asks for video");
            if let CameraEvent::IoControl { viewer, kind: io_control::START_VIDEO, .. } = event {
                return viewer;
            }
        }
    }

    pub fn send(&self, viewer: ViewerId, cut: &Cut) {
        let Cut { codec, key, timestamp, ref data } = *cut;
        self.camera
            .send_video(&[viewer], VideoFrame::new(codec, data).with_key(key).with_timestamp(timestamp))
            .unwrap();
    }
}

impl FrameCamera {
    pub fn send_audio(&self, viewer: ViewerId, format: AudioFormat, timestamp: u32, data: &[u8]) {
        let flags = format.flags().unwrap();
        let info = FrameInfo { codec: format.codec, flags, camera: 0, viewers: 1, timestamp };
        self.camera.channel(viewer, 0).send_audio(data, &info.encode()).unwrap();
    }

    /// Ends the session of this viewer.
    pub fn close(&self, viewer: ViewerId) {
        self.camera.close_viewer(viewer);
    }
}

impl Drop for FrameCamera {
    fn drop(&mut self) {
        self.camera.close();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// An encoder of the test picture, 25 times a second by its time stamps.
pub struct Encoder {
    pipeline: Launched,
    first: Option<gst::ClockTime>,
}

/// What an encoder gives.
pub struct Encoded {
    pub data: Vec<u8>,
    /// When the picture was taken, in milliseconds.
    pub taken: u32,
}

impl Encoder {
    /// As fast as it goes; `elements` stand between the test picture and this.
    pub fn fast(frames: usize, elements: &str) -> Self {
        Self::of("smpte100", frames, elements)
    }

    /// As [`fast`](Self::fast), of another picture than the usual one.
    pub fn of(pattern: &str, frames: usize, elements: &str) -> Self {
        let pipeline = Launched::play(&format!(
            "videotestsrc pattern={pattern} num-buffers={frames} \
             ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! {elements} ! appsink name=out sync=false"
        ));
        Self { pipeline, first: None }
    }
}

impl Iterator for Encoder {
    type Item = Encoded;

    fn next(&mut self) -> Option<Encoded> {
        let sample = self.pipeline.pull()?;
        let buffer = sample.buffer().unwrap();
        // A parser gives some pictures no PTS.
        let pts = buffer.pts().or(buffer.dts()).unwrap();
        // Encoders leave room for DTS before zero.
        let first = *self.first.get_or_insert(pts);
        Some(Encoded {
            data: buffer.map_readable().unwrap().to_vec(),
            taken: pts.saturating_sub(first).mseconds() as u32,
        })
    }
}

/// The NAL units of these bytes, each with its start code.
pub fn units(data: &[u8]) -> Vec<&[u8]> {
    let codes = data.windows(3).enumerate().filter(|(_, code)| *code == [0, 0, 1]);
    let mut starts: Vec<_> = codes.map(|(at, _)| at).collect();
    starts.push(data.len());
    starts.windows(2).map(|pair| &data[pair[0]..pair[1]]).collect()
}
