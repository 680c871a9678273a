use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gst::prelude::*;
use tutk::Codec;

use super::Sender;
use crate::{Failure, fleet, pipelines};

/// `appsrc ! tutksink`, or with sound two of them and `tutkmux` before it.
pub(super) struct Sink {
    pipeline: gst::Pipeline,
    appsrc: gst_app::AppSrc,
    sound: Option<gst_app::AppSrc>,
    key: Arc<AtomicBool>,
}

/// What `tutksink` takes of this codec, if it does.
pub(super) fn caps(codec: Codec) -> Option<&'static str> {
    Some(match codec {
        Codec::H264 => "video/x-h264,stream-format=byte-stream,alignment=au",
        Codec::H265 => "video/x-h265,stream-format=byte-stream,alignment=au",
        Codec::Mjpeg => "image/jpeg",
        _ => return None,
    })
}

impl Sink {
    pub(super) fn open(index: usize, caps: &str) -> Result<Self, Failure> {
        pipelines::init()?;
        let source = |caps: &str| -> Result<gst_app::AppSrc, Failure> {
            let caps = caps.parse()?;
            Ok(gst_app::AppSrc::builder().caps(&caps).format(gst::Format::Time).is_live(true).block(true).build())
        };
        let appsrc = source(caps)?;
        let sink = gst::ElementFactory::make("tutksink")
            .property("uid", fleet::uid(index))
            .property("sync", false)
            .property("password", fleet::password(index))
            .build()?;
        let key = Arc::new(AtomicBool::new(true));
        let asked = key.clone();
        let pad = sink.static_pad("sink").ok_or("tutksink has no pad")?;
        pad.add_probe(gst::PadProbeType::EVENT_UPSTREAM, move |_, info| {
            if info.event().is_some_and(|event| gst_video::ForceKeyUnitEvent::is(event)) {
                asked.store(true, Ordering::Relaxed);
            }
            gst::PadProbeReturn::Ok
        });
        let pipeline = gst::Pipeline::new();
        pipeline.add_many([appsrc.upcast_ref(), &sink])?;
        let sound = if fleet::has_sound(index) {
            let sound = source("audio/x-mulaw,rate=8000,channels=1")?;
            let mux = gst::ElementFactory::make("tutkmux").build()?;
            pipeline.add_many([sound.upcast_ref(), &mux])?;
            appsrc.link_pads(None, &mux, Some("video"))?;
            sound.link_pads(None, &mux, Some("audio"))?;
            mux.link(&sink)?;
            Some(sound)
        } else {
            appsrc.link(&sink)?;
            None
        };
        pipeline.set_state(gst::State::Playing)?;
        Ok(Self { pipeline, appsrc, sound, key })
    }
}

impl Sink {
    fn push(&self, source: &gst_app::AppSrc, buffer: gst::Buffer) -> Result<(), Failure> {
        if source.push_buffer(buffer).is_err() {
            let message = pipelines::error(&self.pipeline);
            return Err(message.unwrap_or_else(|| "the pipeline takes no more frames".into()).into());
        }
        Ok(())
    }
}

impl Sender for Sink {
    fn send(&mut self, frame: Vec<u8>, key: bool, taken: Duration) -> Result<(), Failure> {
        let mut buffer = gst::Buffer::from_mut_slice(frame);
        let writable = buffer.make_mut();
        writable.set_pts(gst::ClockTime::try_from(taken)?);
        if !key {
            writable.set_flags(gst::BufferFlags::DELTA_UNIT);
        }
        self.push(&self.appsrc, buffer)
    }

    fn speak(&mut self, block: Vec<u8>, taken: Duration) -> Result<(), Failure> {
        let mut buffer = gst::Buffer::from_mut_slice(block);
        buffer.make_mut().set_pts(gst::ClockTime::try_from(taken)?);
        self.sound.as_ref().map_or(Ok(()), |sound| self.push(sound, buffer))
    }

    fn wants_key(&mut self) -> bool {
        self.key.swap(false, Ordering::Relaxed)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
