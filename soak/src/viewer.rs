//! The viewer of all cameras: one process with a pipeline for each.
//!
//! It tells on standard output what it sees, a line each: `frame CAMERA`, `sound CAMERA`, `lost CAMERA REASON`,
//! `wrong TEXT`, and once a second `alive`. The end of standard input ends it.

use std::io::{Read, stdin};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use gst::prelude::*;

use crate::fleet::{self, CAMERAS, CANARY};
use crate::{Failure, frames, pipelines, sound};

const BEAT: Duration = Duration::from_secs(1);
/// What of the log is looked at for secrets.
const LOG: &str = "*:2,tutk*:7";

fn wrong(text: impl std::fmt::Display) {
    println!("wrong {}", text.to_string().replace('\n', " "));
}

pub(crate) fn run() -> Result<(), Failure> {
    pipelines::init()?;
    watch_log();
    let mut views: Vec<_> = (0..CAMERAS).map(View::open).collect::<Result<_, _>>()?;
    let (end, ended) = channel::<()>();
    thread::spawn(move || {
        let _ = stdin().read_to_end(&mut Vec::new());
        drop(end);
    });
    while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
        for view in &mut views {
            view.look();
        }
        println!("alive");
    }
    for view in views {
        view.pipeline.set_state(gst::State::Null)?;
    }
    println!("ended");
    Ok(())
}

fn watch_log() {
    gst::log::remove_default_log_function();
    gst::log::set_active(true);
    gst::log::set_threshold_from_string(LOG, true);
    gst::log::add_log_function(|category, level, _, _, _, _, message| {
        let text = message.get().unwrap_or_default();
        if text.contains(CANARY) {
            wrong("a password is in the log");
        } else if level <= gst::DebugLevel::Error {
            eprintln!("{}: {text}", category.name());
        }
    });
}

struct View {
    camera: usize,
    pipeline: gst::Pipeline,
    src: gst::Element,
    has_played: bool,
}

impl View {
    fn open(camera: usize) -> Result<Self, Failure> {
        let src = gst::ElementFactory::make("tutksrc")
            .property_from_str("backend", "native")
            .property("uid", fleet::uid(camera))
            .property("password", fleet::password(camera))
            .build()?;
        let mut checks = Checks::new(camera);
        let appsink = gst_app::AppSink::builder()
            // Every second one shows frames at their time, the others as they come.
            .sync(camera.is_multiple_of(2))
            .callbacks(
                gst_app::AppSinkCallbacks::builder()
                    .new_sample(move |sink| {
                        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                        match sample
                            .buffer()
                            .ok_or_else(|| "a sample has no buffer".into())
                            .and_then(|b| checks.check(b))
                        {
                            Ok(()) => println!("frame {camera}"),
                            Err(error) => wrong(format_args!("camera {camera}: {error}")),
                        }
                        Ok(gst::FlowSuccess::Ok)
                    })
                    .build(),
            )
            .build();
        let pipeline = gst::Pipeline::new();
        pipeline.add_many([&src, appsink.upcast_ref()])?;
        if fleet::has_sound(camera) {
            listen(camera, &pipeline, &src, appsink.upcast_ref())?;
        } else {
            src.link(&appsink)?;
        }
        pipeline.set_state(gst::State::Playing)?;
        Ok(Self { camera, pipeline, src, has_played: false })
    }

    /// What the pipeline says of itself; this must never block.
    fn look(&mut self) {
        let camera = self.camera;
        while let Some(message) = self.pipeline.bus().and_then(|bus| bus.pop()) {
            let text = pipelines::text(&message);
            if text.contains(CANARY) {
                wrong(format_args!("camera {camera}: a password is in a message"));
            }
            match message.view() {
                gst::MessageView::Error(_) => wrong(format_args!("camera {camera}: {text}")),
                gst::MessageView::Latency(_) => {
                    let _ = self.pipeline.recalculate_latency();
                }
                gst::MessageView::Element(element) => match element.structure() {
                    Some(structure) if structure.name() == "tutk-connected" => println!("connected {camera}"),
                    Some(structure) if structure.name() == "tutk-disconnected" => {
                        let reason = structure.get::<&str>("reason").unwrap_or_default();
                        println!("lost {camera} {reason}");
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        let (_, state, _) = self.pipeline.state(gst::ClockTime::ZERO);
        // A pipeline is there with its sink's first buffer.
        self.has_played |= state == gst::State::Playing;
        if self.has_played && state != gst::State::Playing {
            wrong(format_args!("camera {camera}: the pipeline is in {state:?}"));
        }
        let stats = self.src.property::<gst::Structure>("stats");
        if stats.to_string().contains(CANARY) {
            wrong(format_args!("camera {camera}: a password is in the statistics"));
        }
    }
}

/// Links the source to the sink by a demuxer, and its sound to a sink of its own.
fn listen(camera: usize, pipeline: &gst::Pipeline, src: &gst::Element, pictures: &gst::Element) -> Result<(), Failure> {
    let demux = gst::ElementFactory::make("tutkdemux").build()?;
    let mut last: Option<(u64, gst::ClockTime)> = None;
    let mut check = move |sample: &gst::Sample| -> Result<(), Failure> {
        let buffer = sample.buffer().ok_or("a sample has no buffer")?;
        let number = sound::check(camera, &buffer.map_readable()?)?;
        let time = buffer.pts().ok_or("a block of sound has no time")?;
        if let Some((before, then)) = last.replace((number, time))
            && (number <= before || time <= then)
        {
            return Err(format!("block {number} of sound at {time} comes after block {before} at {then}").into());
        }
        Ok(())
    };
    let sounds = gst_app::AppSink::builder()
        .sync(camera.is_multiple_of(4))
        // The pipeline is there with its picture.
        .async_(false)
        .callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    match check(&sample) {
                        Ok(()) => println!("sound {camera}"),
                        Err(error) => wrong(format_args!("camera {camera}: {error}")),
                    }
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        )
        .build();
    pipeline.add_many([&demux, sounds.upcast_ref()])?;
    src.link(&demux)?;
    let sinks = (pictures.downgrade(), sounds.downgrade());
    demux.connect_pad_added(move |_, pad| {
        let (Some(pictures), Some(sounds)) = (sinks.0.upgrade(), sinks.1.upgrade()) else { return };
        let sink = if pad.name().starts_with("video") { pictures } else { sounds.upcast() };
        if let Err(error) = sink.static_pad("sink").map_or(Ok(pad.name()), |to| pad.link(&to).map(|_| pad.name())) {
            wrong(format_args!("camera {camera}: {} is not linked: {error}", pad.name()));
        }
    });
    Ok(())
}

/// What must hold from buffer to buffer.
struct Checks {
    camera: usize,
    last: Option<Last>,
}

struct Last {
    /// The frame's own number.
    number: u64,
    /// The number that the protocol gave it.
    offset: u64,
    /// Its DTS, or its PTS if there is none.
    time: gst::ClockTime,
}

impl Checks {
    fn new(camera: usize) -> Self {
        Self { camera, last: None }
    }

    fn check(&mut self, buffer: &gst::BufferRef) -> Result<(), Failure> {
        let map = buffer.map_readable()?;
        let label = frames::check(self.camera, &map)?;
        let flags = buffer.flags();
        // DTS rise strictly and no PTS is before its DTS; where pictures come as they are shown, PTS alone do.
        let (offset, time) = (buffer.offset(), buffer.dts_or_pts().ok_or("a buffer has no time")?);
        if buffer.pts().is_some_and(|pts| pts < time) {
            return Err(format!("PTS {:?} is before DTS {time}", buffer.pts()).into());
        }
        if flags.contains(gst::BufferFlags::DELTA_UNIT) == label.key {
            return Err(format!("{label:?} has the flags {flags:?}").into());
        }
        let starts = label.key && flags.contains(gst::BufferFlags::DISCONT);
        match &self.last {
            None if !starts => return Err(format!("the first frame is {label:?} with {flags:?}").into()),
            None => {}
            Some(last) => {
                if label.number <= last.number {
                    return Err(format!("{label:?} comes after frame {}", last.number).into());
                }
                if time <= last.time {
                    return Err(format!("The time {time} comes after {}", last.time).into());
                }
                // A camera passes over frames for a viewer that is behind, and does not count them.
                if label.number != last.number + 1 && !label.key {
                    return Err(format!("{label:?} cannot be decoded after frame {}", last.number).into());
                }
                if offset != last.offset + 1 && !starts {
                    return Err(format!("{label:?} with {flags:?} comes after a loss").into());
                }
            }
        }
        self.last = Some(Last { number: label.number, offset, time });
        Ok(())
    }
}
