//! Pictures that really are encoded and decoded, in pipelines as users write them.

use std::env;
use std::ops::Deref;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use gst::prelude::*;
use gst_video::prelude::*;

use super::LONG;

const SIZE: &str = "width=320,height=240";

/// A pipeline that is stopped when it goes out of scope.
pub struct Launched(gst::Pipeline);

impl Deref for Launched {
    type Target = gst::Pipeline;

    fn deref(&self) -> &gst::Pipeline {
        &self.0
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        let _ = self.0.set_state(gst::State::Null);
    }
}

impl Launched {
    pub fn new(description: &str) -> Self {
        super::init();
        Self(gst::parse::launch(description).unwrap().downcast().unwrap())
    }

    /// A pipeline that plays.
    pub fn play(description: &str) -> Self {
        let launched = Self::new(description);
        launched.set_state(gst::State::Playing).unwrap();
        launched
    }

    pub fn element(&self, name: &str) -> gst::Element {
        self.by_name(name).unwrap()
    }

    /// The next message of this type; an error is none that this can wait for.
    pub fn wait_for(&self, kind: gst::MessageType) -> gst::Message {
        let types = [kind, gst::MessageType::Error];
        let message = self.bus().unwrap().timed_pop_filtered(gst::ClockTime::try_from(LONG).unwrap(), &types);
        let message = message.unwrap_or_else(|| panic!("no message {kind:?} came"));
        assert_eq!(message.type_(), kind, "{message:?}");
        message
    }

    /// The next sample of the element `appsink name=out`; none at the end.
    pub fn pull(&self) -> Option<gst::Sample> {
        let out = self.element("out").downcast::<gst_app::AppSink>().unwrap();
        let sample = out.try_pull_sample(gst::ClockTime::try_from(LONG).unwrap());
        if sample.is_none() && !out.is_eos() {
            panic!("nothing came; the bus says {:?}", self.bus().unwrap().pop_filtered(&[gst::MessageType::Error]));
        }
        sample
    }

    /// Pulls this many pictures, each of which must show the test picture and be no earlier than the one before.
    pub fn pull_pictures(&self, count: usize) {
        let mut last = None;
        for number in 0..count {
            let sample = self.pull().unwrap_or_else(|| panic!("only {number} pictures came"));
            assert!(is_test_picture(&sample), "picture {number} is another one");
            let pts = sample.buffer().unwrap().pts();
            assert!(pts >= last, "picture {number} is at {pts:?}, the one before it at {last:?}");
            last = pts;
        }
    }

    /// Pulls pictures until one shows the test picture.
    pub fn pull_until_shown(&self) {
        let deadline = Instant::now() + LONG;
        while !is_test_picture(&self.pull().unwrap()) {
            assert!(Instant::now() < deadline);
        }
    }

    /// Plays to the end, where each picture must show the test picture; returns their number.
    pub fn count_pictures(&self) -> usize {
        let pictures = std::iter::from_fn(|| self.pull());
        pictures.inspect(|picture| assert!(is_test_picture(picture), "{:?}", picture.buffer())).count()
    }
}

/// A camera that sees the test picture and encodes it as H.264, with two key frames a second.
pub struct TestPictureCamera {
    pub uid: String,
    pipeline: Launched,
}

fn camera_description(uid: &str) -> String {
    format!(
        "videotestsrc pattern=smpte100 is-live=true ! video/x-raw,format=I420,{SIZE},framerate=30/1 \
         ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse config-interval=-1 \
         ! valve name=frames ! tutksink name=sink uid={uid}"
    )
}

impl TestPictureCamera {
    pub fn start() -> Self {
        Self::with_login("admin", "")
    }

    pub fn with_login(account: &str, password: &str) -> Self {
        let uid = super::uid();
        let pipeline = Launched::new(&camera_description(&uid));
        let sink = pipeline.element("sink");
        sink.set_property("port", super::port());
        sink.set_property("username", account);
        sink.set_property("password", password);
        pipeline.set_state(gst::State::Playing).unwrap();
        Self { uid, pipeline }
    }

    pub fn sink(&self) -> gst::Element {
        self.pipeline.element("sink")
    }

    pub fn port(&self) -> u32 {
        self.sink().property("current-port")
    }

    pub fn stop(&self) {
        self.pipeline.set_state(gst::State::Null).unwrap();
    }

    /// From now on it sends no frame, and goes on with everything else, as one whose encoder hangs.
    pub fn stall(&self) {
        self.pipeline.element("frames").set_property("drop", true);
    }

    /// Starts again at this port, or at any.
    pub fn restart(&self, port: u32) {
        self.pipeline.element("sink").set_property("port", port);
        self.pipeline.set_state(gst::State::Playing).unwrap();
    }

    /// The `tutksrc` that plays it, for a description of a pipeline.
    pub fn source(&self) -> String {
        format!("tutksrc name=src backend=native uid={} address=127.0.0.1:{}", self.uid, self.port())
    }
}

/// Such a camera in a process of its own, which is killed when this goes out of scope: no viewer is told.
pub struct CameraProcess(Child);

impl CameraProcess {
    pub fn start(uid: &str) -> Self {
        Self(gst_launch().args(camera_description(uid).split_whitespace()).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for CameraProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `gst-launch-1.0` that knows this plugin.
pub fn gst_launch() -> Command {
    let mut command = Command::new("gst-launch-1.0");
    let plugin = env::current_exe().unwrap().with_file_name("libgsttutk.so");
    command.arg(format!("--gst-plugin-load={}", plugin.display()));
    command
}

/// The brightness of the test picture, as it was before it was encoded.
fn test_picture() -> &'static [u8] {
    static PICTURE: OnceLock<Vec<u8>> = OnceLock::new();
    PICTURE.get_or_init(|| {
        let pipeline = Launched::play(&format!(
            "videotestsrc pattern=smpte100 num-buffers=1 ! video/x-raw,format=I420,{SIZE} ! appsink name=out"
        ));
        brightness(&pipeline.pull().unwrap())
    })
}

/// The brightness of each of its pixels.
pub fn brightness(sample: &gst::Sample) -> Vec<u8> {
    let info = gst_video::VideoInfo::from_caps(sample.caps().unwrap()).unwrap();
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(sample.buffer().unwrap(), &info).unwrap();
    let rows = frame.plane_data(0).unwrap().chunks(frame.plane_stride()[0] as usize);
    rows.take(frame.height() as usize).flat_map(|row| &row[..frame.width() as usize]).copied().collect()
}

/// Whether this is the test picture; what has been encoded differs a little.
fn is_test_picture(sample: &gst::Sample) -> bool {
    let (wanted, got) = (test_picture(), brightness(sample));
    let difference: usize = wanted.iter().zip(&got).map(|(a, b)| usize::from(a.abs_diff(*b))).sum();
    got.len() == wanted.len() && difference < 5 * got.len()
}
