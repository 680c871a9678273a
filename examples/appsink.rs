//! A camera's pictures in your own code, here their mean brightness: `cargo run --example appsink -- UID [COUNT]`. The
//! environment variable `TUTK_PASSWORD` holds the camera's password.

use std::env;
use std::error::Error;

use gst::prelude::*;
use gst_app::AppSink;
use gst_video::{VideoFrameExt, VideoFrameRef, VideoInfo};

fn main() -> Result<(), Box<dyn Error>> {
    let uid = env::args().nth(1).ok_or("usage: appsink UID [COUNT]")?;
    let count = env::args().nth(2).map_or(Ok(usize::MAX), |count| count.parse())?;
    gst::init()?;
    gsttutk::plugin_register_static()?;

    // Who is slower than the camera gets the newest picture, and no growing delay.
    let pipeline = gst::parse::launch(
        "tutksrc name=camera ! decodebin ! videoconvert ! video/x-raw,format=GRAY8 \
         ! appsink name=pictures max-buffers=1 drop=true sync=false",
    )?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("several elements are a pipeline");
    pipeline.by_name("camera").expect("it is in the pipeline").set_property("uid", uid);
    let pictures = pipeline.by_name("pictures").and_downcast::<AppSink>().expect("it is in the pipeline");

    // If this fails, the bus tells why.
    let _ = pipeline.set_state(gst::State::Playing);
    let result = print_brightness(&pipeline, &pictures, count);
    pipeline.set_state(gst::State::Null)?;
    result
}

fn print_brightness(pipeline: &gst::Pipeline, pictures: &AppSink, count: usize) -> Result<(), Box<dyn Error>> {
    let bus = pipeline.bus().expect("a pipeline has a bus");
    let mut printed = 0;
    while printed < count {
        if let Some(picture) = pictures.try_pull_sample(gst::ClockTime::from_mseconds(100)) {
            println!("{:.1}", brightness(&picture)?);
            printed += 1;
        }
        // From a camera that is not there no picture comes, and no end of them.
        match bus.pop_filtered(&[gst::MessageType::Eos, gst::MessageType::Error]).as_ref().map(|message| message.view())
        {
            Some(gst::MessageView::Error(error)) => return Err(error.error().to_string().into()),
            Some(_) => break,
            None => {}
        }
    }
    Ok(())
}

fn brightness(picture: &gst::Sample) -> Result<f64, Box<dyn Error>> {
    let info = VideoInfo::from_caps(picture.caps().ok_or("no caps")?)?;
    let frame = VideoFrameRef::from_buffer_ref_readable(picture.buffer().ok_or("no buffer")?, &info)?;
    // Rows can be longer in memory than the picture is wide.
    let rows = frame.plane_data(0)?.chunks(frame.plane_stride()[0] as usize).take(frame.height() as usize);
    let sum: u64 = rows.flat_map(|row| &row[..frame.width() as usize]).map(|&pixel| u64::from(pixel)).sum();
    Ok(sum as f64 / f64::from(frame.width() * frame.height()))
}
