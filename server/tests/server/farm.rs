//! Many cameras that cost little: all send the same pictures, which were encoded once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gst::prelude::*;

use crate::common::{Launched, PASSWORD, init, unique};
use crate::port::port;

/// An ordinary camera: 640×360, 15 fps, 0.6 Mbit/s, a key frame every 4 s, and µ-law.
const PICTURE: &str = "videotestsrc pattern=smpte100 num-buffers=60 ! video/x-raw,format=I420,width=640,height=360,framerate=15/1 \
                       ! timeoverlay font-desc=\"Sans 40\" ! x264enc tune=zerolatency speed-preset=veryfast bitrate=600 key-int-max=60 \
                       ! video/x-h264,profile=constrained-baseline ! h264parse config-interval=-1 \
                       ! video/x-h264,stream-format=byte-stream,alignment=au ! appsink name=video sync=false";
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 15);
/// Blocks of 1/15 s, of silence.
const SOUND: &str =
    "appsrc name=audio is-live=true format=time do-timestamp=true caps=audio/x-mulaw,rate=8000,channels=1";
const BLOCK: usize = 8_000 / 15;

pub struct Farm {
    pub cameras: Vec<Camera>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

pub struct Camera {
    pub uid: String,
    pub pipeline: Launched,
}

impl Camera {
    fn start(caps: &gst::Caps) -> Self {
        let uid = unique();
        let pipeline = Launched::play(&format!(
            "tutkmux name=mux ! tutksink name=sink sync=false max-viewers=8 uid={uid} port={} password={PASSWORD} \
             appsrc name=video is-live=true format=time do-timestamp=true ! h264parse ! queue ! mux.video \
             {SOUND} ! queue ! mux.audio",
            port()
        ));
        let camera = Self { uid, pipeline };
        camera.input("video").set_caps(Some(caps));
        camera
    }

    /// Switches it off; returns its port.
    pub fn stop(&self) -> u32 {
        let port = self.pipeline.0.by_name("sink").unwrap().property("current-port");
        self.pipeline.0.set_state(gst::State::Null).unwrap();
        port
    }

    /// Switches it on where it was.
    pub fn restart(&self, port: u32) {
        self.pipeline.0.by_name("sink").unwrap().set_property("port", port);
        self.pipeline.0.set_state(gst::State::Playing).unwrap();
    }

    fn input(&self, name: &str) -> gst_app::AppSrc {
        self.pipeline.0.by_name(name).unwrap().downcast().unwrap()
    }

    /// Its section in the settings.
    pub fn section(&self, name: &str) -> String {
        let port: u32 = self.pipeline.0.by_name("sink").unwrap().property("current-port");
        let uid = &self.uid;
        format!("[cameras.{name}]\nuid = \"{uid}\"\naddress = \"127.0.0.1:{port}\"\npassword = \"{PASSWORD}\"\n")
    }
}

impl Farm {
    pub fn start(count: usize) -> Self {
        init();
        let encoder = Launched::play(PICTURE);
        let samples: Vec<_> = std::iter::from_fn(|| encoder.pull("video")).collect();
        let cameras: Vec<_> = (0..count).map(|_| Camera::start(&samples[0].caps_owned().unwrap())).collect();
        let frames: Vec<_> = samples.iter().map(|sample| sample.buffer().unwrap().copy()).collect();
        let inputs: Vec<_> = cameras.iter().map(|camera| (camera.input("video"), camera.input("audio"))).collect();
        let over = Arc::new(AtomicBool::default());
        let ends = over.clone();
        let thread = thread::spawn(move || {
            let begin = Instant::now();
            for number in 0_u32.. {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                for (place, (video, audio)) in (0_u32..).zip(&inputs) {
                    // Their key frames are not all at the same time.
                    let frame = &frames[(number + 7 * place) as usize % frames.len()];
                    let mut frame = frame.copy();
                    let times = frame.make_mut();
                    times.set_pts(gst::ClockTime::NONE);
                    times.set_dts(gst::ClockTime::NONE);
                    // One that is switched off takes nothing.
                    let _ = video.push_buffer(frame);
                    let _ = audio.push_buffer(gst::Buffer::from_slice([0xff; BLOCK]));
                }
                thread::sleep((begin + FRAME * number).saturating_duration_since(Instant::now()));
            }
        });
        Self { cameras, over, thread: Some(thread) }
    }

    /// The sections of all, as `camera0` and so on.
    pub fn sections(&self) -> String {
        (0..).zip(&self.cameras).map(|(number, camera)| camera.section(&format!("camera{number}"))).collect()
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
