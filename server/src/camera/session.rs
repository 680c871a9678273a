//! The pipeline of a camera: one session, and its streams.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gst::glib;
use gst::prelude::*;

use super::Stream;
use crate::config::{CameraConfig, Quality};

/// The message of a pipeline that has pictures to show.
pub(super) const PLAYS: &str = "tutk-server-plays";

pub(crate) struct Session {
    pub(super) pipeline: gst::Pipeline,
    source: gst::Element,
    streams: Arc<Streams>,
}

/// What comes from a camera.
struct Streams {
    pipeline: glib::WeakRef<gst::Pipeline>,
    video: Mutex<Option<Arc<Stream>>>,
    audio: Mutex<Option<Arc<Stream>>>,
    /// Whether all streams that the camera has are there.
    complete: AtomicBool,
    /// Whether it was said since the last loss that pictures come.
    plays: AtomicBool,
}

impl Session {
    /// A pipeline that does not play yet.
    pub(super) fn new(config: &CameraConfig) -> Result<Self, glib::BoolError> {
        let source = source(config)?;
        let demux = gst::ElementFactory::make("tutkdemux").build()?;
        let pipeline = gst::Pipeline::new();
        // Viewers have this clock, too, so that times can be carried over.
        pipeline.use_clock(Some(&gst::SystemClock::obtain()));
        pipeline.add_many([&source, &demux])?;
        source.link(&demux)?;
        let streams = Arc::new(Streams {
            pipeline: pipeline.downgrade(),
            video: Mutex::default(),
            audio: Mutex::default(),
            complete: AtomicBool::default(),
            plays: AtomicBool::default(),
        });
        let to = streams.clone();
        demux.connect_pad_added(move |demux, pad| {
            if let Err(error) = to.add(pad) {
                gst::element_warning!(demux, gst::StreamError::WrongType, ("One of its streams is left out: {error}"));
            }
        });
        let to = streams.clone();
        demux.connect_no_more_pads(move |_| to.completed());
        Ok(Self { pipeline, source, streams })
    }

    pub(crate) fn video(&self) -> Option<Arc<Stream>> {
        self.streams.video()
    }

    pub(crate) fn audio(&self) -> Option<Arc<Stream>> {
        self.streams.audio()
    }

    /// What `tutksrc` has counted.
    pub(crate) fn stats(&self) -> Option<gst::Structure> {
        self.source.property("stats")
    }

    /// Turns the camera; false if the command was not sent.
    pub(crate) fn ptz(&self, direction: gsttutk::PtzDirection, speed: u32, step: u32) -> bool {
        self.source.emit_by_name("ptz", &[&direction, &speed, &step])
    }

    /// Asks for another quality, for all who watch, until the session is over.
    pub(crate) fn set_quality(&self, quality: Quality) {
        self.source.set_property_from_str("quality", quality.nick());
    }

    /// What is asked for.
    pub(crate) fn quality(&self) -> String {
        let quality = self.source.property_value("quality");
        quality.serialize().map_or_else(|_| String::new(), |nick| nick.to_string())
    }

    /// Says this through the camera's speaker: audio with its caps. None: that was all.
    pub(crate) fn say(&self, sample: Option<&gst::Sample>) -> gst::FlowReturn {
        self.source.emit_by_name("push-talk-sample", &[&sample])
    }

    /// Sends an IO control, and waits up to `timeout` ms for its answer; 0: does not wait.
    pub(crate) fn io_control(&self, kind: u32, body: &[u8], timeout: u32) -> Option<glib::Bytes> {
        self.source.emit_by_name("io-control", &[&kind, &glib::Bytes::from(body), &timeout])
    }

    /// Whether pictures have come since the last loss.
    pub(super) fn plays(&self) -> bool {
        self.streams.plays.load(Ordering::SeqCst)
    }

    /// Ends what is given to viewers: the next session may have other streams.
    pub(super) fn end_consumers(&self) {
        self.streams.plays.store(false, Ordering::SeqCst);
        for stream in self.video().into_iter().chain(self.audio()) {
            stream.end();
        }
    }
}

impl Streams {
    fn video(&self) -> Option<Arc<Stream>> {
        self.video.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn audio(&self) -> Option<Arc<Stream>> {
        self.audio.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn completed(&self) {
        self.complete.store(true, Ordering::SeqCst);
        self.announce();
    }

    /// Whether a viewer that comes now finds a picture, and the sound that belongs to it; or the sound of a camera that sends
    /// nothing else.
    fn is_ready(&self) -> bool {
        let (video, audio) = (self.video(), self.audio());
        self.complete.load(Ordering::SeqCst)
            && (video.is_some() || audio.is_some())
            && video.is_none_or(|video| video.has_key_frame())
            && audio.is_none_or(|audio| audio.caps().is_some())
    }

    /// Says once that a viewer finds all of it here.
    fn announce(&self) {
        if !self.plays.load(Ordering::SeqCst)
            && self.is_ready()
            && let Some(pipeline) = self.pipeline.upgrade()
            && !self.plays.swap(true, Ordering::SeqCst)
        {
            let message = gst::message::Application::new(gst::Structure::new_empty(PLAYS));
            let _ = pipeline.post_message(message);
        }
    }

    fn add(self: &Arc<Self>, pad: &gst::Pad) -> Result<(), Box<dyn std::error::Error>> {
        let pipeline = self.pipeline.upgrade().ok_or("the pipeline is gone")?;
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let name = caps.structure(0).ok_or("it has no caps")?.name();
        let is_video = !name.starts_with("audio/");
        let stream = Arc::new(Stream::new(is_video));
        let description = format!("{} appsink name=out sync=false async=false", parser(name));
        let bin = gst::parse::bin_from_description(&description, true)?;
        let out = bin.by_name("out").and_downcast::<gst_app::AppSink>().ok_or("there is no appsink")?;
        let (to, streams) = (stream.clone(), Arc::downgrade(self));
        let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            let base_time = sink.base_time().ok_or(gst::FlowError::Flushing)?;
            to.push(&sample, base_time);
            if let Some(streams) = streams.upgrade() {
                streams.announce();
            }
            Ok(gst::FlowSuccess::Ok)
        });
        out.set_callbacks(callbacks.build());
        pipeline.add(&bin)?;
        bin.sync_state_with_parent()?;
        pad.link(&bin.static_pad("sink").ok_or("there is no pad")?)?;
        let place = if is_video { &self.video } else { &self.audio };
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
        Ok(())
    }
}

/// What makes each key frame one that a decoder can start with, alone.
fn parser(caps: &str) -> &'static str {
    match caps {
        "video/x-h264" => "h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au !",
        "video/x-h265" => "h265parse config-interval=-1 ! video/x-h265,stream-format=byte-stream,alignment=au !",
        "video/mpeg" => "mpeg4videoparse config-interval=-1 !",
        "audio/mpeg" => "parsebin ! audio/mpeg !",
        _ => "identity !",
    }
}

fn source(config: &CameraConfig) -> Result<gst::Element, glib::BoolError> {
    let source = gst::ElementFactory::make("tutksrc")
        .property("uid", config.uid.to_string())
        .property("username", &config.username)
        // An empty one, too: one in the environment could be meant for another camera.
        .property("password", config.password.reveal())
        .property("auth-key", config.auth_key.as_ref().map(tutk::Secret::reveal).unwrap_or_default())
        .property("address", &config.address)
        .property("local-port", config.local_ports.map(|ports| ports.to_string()))
        .property_from_str("quality", config.quality.nick())
        .property("retry-timeout", -1)
        .build()?;
    set(&source, "brand", config.brand.as_deref())?;
    set(&source, "mac", config.mac.as_deref())?;
    // After the brand, which has a default of its own.
    set(&source, "encryption", config.encryption.map(|encryption| encryption.nick()))?;
    Ok(source)
}

/// Sets a property, of which this version may know less than the user.
fn set(source: &gst::Element, name: &str, text: Option<&str>) -> Result<(), glib::BoolError> {
    let Some(text) = text else { return Ok(()) };
    let property =
        source.find_property(name).ok_or_else(|| glib::bool_error!("this version has no setting “{name}”"))?;
    let value = glib::Value::deserialize(text, property.value_type());
    let value = value.map_err(|_| glib::bool_error!("“{}” is no {name}; see docs/server.md", text.escape_debug()))?;
    source.set_property_from_value(name, &value);
    Ok(())
}
