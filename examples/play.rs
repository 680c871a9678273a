//! Shows a camera in a window: `cargo run --example play -- UID`. The environment variable `TUTK_PASSWORD` holds its
//! password.

use std::env;
use std::error::Error;

use gst::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let uid = env::args().nth(1).ok_or("usage: play UID")?;
    gst::init()?;
    // For programs that bring the elements along. Where the plugin is installed, this line is not needed.
    gsttutk::plugin_register_static()?;

    let pipeline = gst::parse::launch("tutksrc name=camera ! decodebin ! videoconvert ! autovideosink")?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("several elements are a pipeline");
    pipeline.by_name("camera").expect("it is in the pipeline").set_property("uid", uid);

    // If this fails, the bus tells why.
    let _ = pipeline.set_state(gst::State::Playing);
    let result = wait(&pipeline);
    pipeline.set_state(gst::State::Null)?;
    result
}

fn wait(pipeline: &gst::Pipeline) -> Result<(), Box<dyn Error>> {
    for message in pipeline.bus().expect("a pipeline has a bus").iter_timed(gst::ClockTime::NONE) {
        match message.view() {
            gst::MessageView::Error(error) => return Err(error.error().to_string().into()),
            gst::MessageView::Eos(_) => break,
            _ => {}
        }
    }
    Ok(())
}
