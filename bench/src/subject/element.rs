use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use gst::prelude::*;

use super::Source;
use crate::Failure;
use crate::load::is_frame_head;
use crate::meter::Meter;

/// Pipelines that end when they are dropped.
pub(super) struct Pipelines(Vec<gst::Element>);

impl Drop for Pipelines {
    fn drop(&mut self) {
        for pipeline in &self.0 {
            let _ = pipeline.set_state(gst::State::Null);
        }
    }
}

/// Longer than any camera needs.
const PATIENCE: Duration = Duration::from_secs(30);

fn init() -> Result<(), Failure> {
    gst::init()?;
    Ok(gsttutk::plugin_register_static()?)
}

/// `source ! fakesink`, and what is to be done with each of its buffers.
fn pipeline(source: &str, act: impl FnMut(&gst::BufferRef) + Send + 'static) -> Result<gst::Element, Failure> {
    launch(&format!("{source} name=source ! fakesink"), act)
}

/// What is to be done with each buffer of the element `source`.
fn launch(words: &str, mut act: impl FnMut(&gst::BufferRef) + Send + 'static) -> Result<gst::Element, Failure> {
    let pipeline = gst::parse::launch(words)?;
    let bin = pipeline.downcast_ref::<gst::Bin>().ok_or("no pipeline")?;
    let pad = bin.by_name("source").and_then(|source| source.static_pad("src")).ok_or("no source")?;
    // Probes may run in several threads, and one of a source's pad never does.
    let act = std::sync::Mutex::new(move |buffer: &gst::BufferRef| act(buffer));
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(buffer) = info.buffer() {
            (act.lock().unwrap())(buffer);
        }
        gst::PadProbeReturn::Ok
    });
    Ok(pipeline)
}

fn tutksrc(source: Source, library: Option<&Path>) -> String {
    match library {
        // The vendor's library searches where it likes.
        Some(path) => format!("tutksrc uid={} backend=vendor library={}", source.uid, path.display()),
        None => format!("tutksrc uid={} backend=native address=127.0.0.1:{}", source.uid, source.port),
    }
}

/// So many of `tutksrc`.
pub(super) fn cameras(
    meter: &Arc<Meter>,
    source: Source,
    library: Option<&Path>,
    count: u64,
) -> Result<Pipelines, Failure> {
    init()?;
    let mut pipelines = Pipelines(Vec::new());
    for _ in 0..count {
        let meter = meter.clone();
        pipelines.0.push(pipeline(&tutksrc(source, library), move |buffer| {
            if let Ok(map) = buffer.map_readable() {
                meter.frame(&map);
            }
        })?);
    }
    for pipeline in &pipelines.0 {
        pipeline.set_state(gst::State::Playing)?;
    }
    Ok(pipelines)
}

/// Video and sound of a camera; the frames are measured.
pub(super) fn both(meter: &Arc<Meter>, source: Source) -> Result<Pipelines, Failure> {
    init()?;
    let words = format!(
        "{} name=source ! tutkdemux name=demux demux.video_0 ! fakesink demux.audio_0 ! fakesink",
        tutksrc(source, None)
    );
    let meter = meter.clone();
    let pipeline = launch(&words, move |buffer| {
        if let Ok(map) = buffer.map_readable()
            && is_frame_head(&map)
        {
            meter.frame(&map);
        }
    })?;
    pipeline.set_state(gst::State::Playing)?;
    Ok(Pipelines(vec![pipeline]))
}

pub(super) fn udpsrc(meter: &Arc<Meter>, port: u16) -> Result<Pipelines, Failure> {
    init()?;
    let meter = meter.clone();
    let pipeline =
        pipeline(&format!("udpsrc address=127.0.0.1 port={port}"), move |buffer| meter.count(1, buffer.size()))?;
    pipeline.set_state(gst::State::Playing)?;
    Ok(Pipelines(vec![pipeline]))
}

/// From PLAYING to the first buffer.
pub(super) fn first_buffer(source: Source, library: Option<&Path>) -> Result<Duration, Failure> {
    init()?;
    let (sender, first) = mpsc::channel();
    let pipelines = Pipelines(vec![pipeline(&tutksrc(source, library), move |_| {
        let _ = sender.send(Instant::now());
    })?]);
    let begin = Instant::now();
    pipelines.0[0].set_state(gst::State::Playing)?;
    Ok(first.recv_timeout(PATIENCE)? - begin)
}
