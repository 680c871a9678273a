//! A camera and a viewer in one process, over real sockets on loopback.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test program uses a part of it")]

pub mod clock;
pub mod frames;
pub mod leaks;
pub mod media;
pub mod pictures;
mod port;
pub mod relay;

use std::hash::{BuildHasher, RandomState};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, Once};
use std::time::Duration;

use gst::glib;
use gst::prelude::*;
pub use port::port;
use tutk::io_control;

/// Far longer than anything takes that works.
pub const LONG: Duration = Duration::from_secs(20);

pub const H264: &str = "video/x-h264,stream-format=byte-stream,alignment=au";
pub const H265: &str = "video/x-h265,stream-format=byte-stream,alignment=au";
pub const JPEG: &str = "image/jpeg";

pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        gst::init().unwrap();
        gsttutk::plugin_register_static().unwrap();
        leaks::init();
    });
    leaks::watch_this_test();
}

/// A UID that no other test has.
pub fn uid() -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let random = |index: u32| RandomState::new().hash_one(index) as usize % DIGITS.len();
    (0..20).map(|index| char::from(DIGITS[random(index)])).collect()
}

/// Bytes that look like an access unit of H.264 from afar: a start code, then noise.
pub fn unit(number: u64, key: bool) -> Vec<u8> {
    let sizes = [1, 700, 1_018, 1_024, 2_048, 5_000, 40_000];
    let size = if key { 60_000 } else { sizes[number as usize % sizes.len()] };
    let mut noise = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let bytes = (0..size).map(|_| {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        noise as u8
    });
    [0, 0, 0, 1, if key { 0x65 } else { 0x41 }].into_iter().chain(bytes).collect()
}

#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    Added(u64),
    Removed(u64, String),
    IoControl(u64, u32, Vec<u8>),
    /// Upstream of the sink was asked for a key frame.
    KeyAsked,
}

/// `appsrc ! tutksink`
pub struct Camera {
    pub uid: String,
    pub pipeline: gst::Pipeline,
    pub sink: gst::Element,
    appsrc: gst_app::AppSrc,
    pub events: Receiver<Event>,
}

impl Camera {
    pub fn new(caps: &str) -> Self {
        init();
        let uid = uid();
        let appsrc = gst_app::AppSrc::builder()
            .caps(&caps.parse().unwrap())
            .format(gst::Format::Time)
            .is_live(true)
            .do_timestamp(true)
            .build();
        let sink = gst::ElementFactory::make("tutksink")
            .property("uid", &uid)
            .property("port", port())
            .property("sync", false)
            .build()
            .unwrap();
        let pipeline = gst::Pipeline::new();
        pipeline.add_many([appsrc.upcast_ref(), &sink]).unwrap();
        appsrc.link(&sink).unwrap();
        let events = watch(&sink);
        Self { uid, pipeline, sink, appsrc, events }
    }

    /// A camera that plays.
    pub fn start(caps: &str) -> Self {
        let camera = Self::new(caps);
        camera.play();
        camera
    }

    /// A camera of this generation that plays.
    pub fn of_generation(generation: &str, caps: &str) -> Self {
        let camera = Self::new(caps);
        camera.sink.set_property_from_str("generation", generation);
        camera.play();
        camera
    }

    pub fn play(&self) {
        self.pipeline.set_state(gst::State::Playing).unwrap();
    }

    /// Where it is, for the property `address`. Other tests' cameras do not hear of it.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.sink.property::<u32>("current-port"))
    }

    /// Stops as a camera does that is switched off properly: viewers are told.
    pub fn stop(&self) {
        self.pipeline.set_state(gst::State::Null).unwrap();
    }

    /// Starts again where it was.
    pub fn restart(&self, port: u32) {
        self.sink.set_property("port", port);
        self.play();
    }

    pub fn push(&self, data: Vec<u8>, key: bool) {
        self.push_at(data, key, None);
    }

    /// Pushes a frame that the camera took at this moment of its own clock.
    pub fn push_at(&self, data: Vec<u8>, key: bool, taken: Option<gst::ClockTime>) {
        let mut buffer = gst::Buffer::from_mut_slice(data);
        buffer.get_mut().unwrap().set_pts(taken);
        if !key {
            buffer.get_mut().unwrap().set_flags(gst::BufferFlags::DELTA_UNIT);
        }
        self.appsrc.push_buffer(buffer).unwrap();
    }

    /// Pushes a frame that refers to earlier ones, after a gap.
    pub fn push_after_gap(&self, data: Vec<u8>) {
        let mut buffer = gst::Buffer::from_mut_slice(data);
        buffer.get_mut().unwrap().set_flags(gst::BufferFlags::DELTA_UNIT | gst::BufferFlags::DISCONT);
        self.appsrc.push_buffer(buffer).unwrap();
    }

    pub fn set_caps(&self, caps: &str) {
        self.appsrc.set_caps(Some(&caps.parse().unwrap()));
    }

    /// The next event that `pick` takes.
    pub fn wait<T>(&self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            let event = self.events.recv_timeout(LONG).expect("the camera says nothing");
            if let Some(picked) = pick(event) {
                return picked;
            }
        }
    }

    /// Waits until one more viewer has asked for video.
    pub fn wait_for_watcher(&self) -> u64 {
        self.wait(|event| match event {
            Event::IoControl(id, io_control::START_VIDEO, _) => Some(id),
            _ => None,
        })
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn watch(sink: &gst::Element) -> Receiver<Event> {
    let (sender, events) = channel();
    let sender = Mutex::new(sender);
    // One sender for all, so that events keep their order. Signals of the sink come from one thread.
    let sender = std::sync::Arc::new(sender);
    let tell = |sender: &Mutex<Sender<Event>>, event| drop(sender.lock().unwrap().send(event));

    let to = sender.clone();
    sink.connect("viewer-added", false, move |args| {
        tell(&to, Event::Added(args[1].get().unwrap()));
        None
    });
    let to = sender.clone();
    sink.connect("viewer-removed", false, move |args| {
        tell(&to, Event::Removed(args[1].get().unwrap(), args[2].get().unwrap()));
        None
    });
    let to = sender.clone();
    sink.connect("io-control", false, move |args| {
        let body = args[3].get::<glib::Bytes>().unwrap().to_vec();
        tell(&to, Event::IoControl(args[1].get().unwrap(), args[2].get().unwrap(), body));
        Some(None::<glib::Bytes>.to_value())
    });
    sink.static_pad("sink").unwrap().add_probe(gst::PadProbeType::EVENT_UPSTREAM, move |_, info| {
        if info.event().is_some_and(|event| gst_video::ForceKeyUnitEvent::is(event)) {
            tell(&sender, Event::KeyAsked);
        }
        gst::PadProbeReturn::Ok
    });
    events
}

/// `tutksrc ! appsink`
pub struct Viewer {
    pub pipeline: gst::Pipeline,
    pub src: gst::Element,
    pub appsink: gst_app::AppSink,
}

impl Viewer {
    pub fn new(configure: impl FnOnce(&gst::Element)) -> Self {
        init();
        // Whatever library the environment names is not what is tested.
        let src = gst::ElementFactory::make("tutksrc").property_from_str("backend", "native").build().unwrap();
        configure(&src);
        let appsink = gst_app::AppSink::builder().sync(false).build();
        let pipeline = gst::Pipeline::new();
        pipeline.add_many([&src, appsink.upcast_ref()]).unwrap();
        src.link(&appsink).unwrap();
        Self { pipeline, src, appsink }
    }

    /// A viewer of this camera that does not play yet.
    pub fn of(camera: &Camera) -> Self {
        Self::new(|src| {
            src.set_property("uid", &camera.uid);
            src.set_property("address", camera.address());
        })
    }

    /// A viewer of this camera that has asked for video.
    pub fn watch(camera: &Camera) -> Self {
        let viewer = Self::of(camera);
        viewer.play();
        camera.wait_for_watcher();
        viewer
    }

    pub fn play(&self) {
        self.pipeline.set_state(gst::State::Playing).unwrap();
    }

    /// The next buffer and its caps.
    pub fn pull(&self) -> (gst::Buffer, gst::Caps) {
        let sample = self.appsink.try_pull_sample(gst::ClockTime::try_from(LONG).unwrap());
        let Some(sample) = sample else { panic!("no frame came; the bus says {:?}", self.pending_error()) };
        (sample.buffer_owned().unwrap(), sample.caps_owned().unwrap())
    }

    /// The next message of this name from the source; panics if an error comes before it.
    pub fn message(&self, name: &str) -> gst::Structure {
        let timeout = gst::ClockTime::try_from(LONG).unwrap();
        let bus = self.pipeline.bus().unwrap();
        loop {
            let kinds = [gst::MessageType::Element, gst::MessageType::Error];
            let message = bus.timed_pop_filtered(timeout, &kinds).unwrap_or_else(|| panic!("no {name} came"));
            if let gst::MessageView::Error(error) = message.view() {
                panic!("{error:?} instead of {name}");
            }
            if let Some(structure) = message.structure().filter(|structure| structure.name() == name) {
                return structure.to_owned();
            }
        }
    }

    /// What the next warning tells a person.
    pub fn warning(&self) -> String {
        let timeout = gst::ClockTime::try_from(LONG).unwrap();
        let kinds = [gst::MessageType::Warning, gst::MessageType::Error];
        let message = self.pipeline.bus().unwrap().timed_pop_filtered(timeout, &kinds).expect("no warning came");
        match message.view() {
            gst::MessageView::Warning(warning) => warning.error().to_string(),
            _ => panic!("{message:?} instead of a warning"),
        }
    }

    fn pending_error(&self) -> Option<gst::Message> {
        self.pipeline.bus().unwrap().pop_filtered(&[gst::MessageType::Error])
    }

    /// The error that ends the pipeline, with text and details.
    pub fn error(&self) -> (glib::Error, String) {
        error(&self.pipeline)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// The error that ends this pipeline, with text and details.
pub fn error(pipeline: &gst::Pipeline) -> (glib::Error, String) {
    let timeout = gst::ClockTime::try_from(LONG).unwrap();
    let message = pipeline.bus().unwrap().timed_pop_filtered(timeout, &[gst::MessageType::Error]);
    match message.expect("no error came").view() {
        gst::MessageView::Error(error) => (error.error(), error.debug().unwrap_or_default().into()),
        _ => unreachable!(),
    }
}

pub fn bytes(buffer: &gst::Buffer) -> Vec<u8> {
    buffer.map_readable().unwrap().to_vec()
}

pub fn has(buffer: &gst::Buffer, flag: gst::BufferFlags) -> bool {
    buffer.flags().contains(flag)
}
