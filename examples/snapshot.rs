//! Saves one picture of a camera: `cargo run --example snapshot -- UID picture.jpg`. The environment variable
//! `TUTK_PASSWORD` holds its password.

use std::env;
use std::error::Error;

use gst::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let (Some(uid), Some(file)) = (env::args().nth(1), env::args().nth(2)) else {
        return Err("usage: snapshot UID FILE".into());
    };
    gst::init()?;
    gsttutk::plugin_register_static()?;

    // The first buffer is a key frame, so one is enough for a whole picture.
    let pipeline = gst::parse::launch(
        "tutksrc name=camera num-buffers=1 ! decodebin ! videoconvert ! jpegenc ! filesink name=file",
    )?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("several elements are a pipeline");
    pipeline.by_name("camera").expect("it is in the pipeline").set_property("uid", uid);
    pipeline.by_name("file").expect("it is in the pipeline").set_property("location", file);

    // If this fails, the bus tells why.
    let _ = pipeline.set_state(gst::State::Playing);
    let bus = pipeline.bus().expect("a pipeline has a bus");
    let end = bus.timed_pop_filtered(gst::ClockTime::NONE, &[gst::MessageType::Eos, gst::MessageType::Error]);
    pipeline.set_state(gst::State::Null)?;
    match end.expect("without a timeout a message comes").view() {
        gst::MessageView::Error(error) => Err(error.error().to_string().into()),
        _ => Ok(()),
    }
}
