//! Turns a camera for a while: `cargo run --example ptz -- UID left [MILLISECONDS]`; also right, up, down, up-left …,
//! zoom-in, zoom-out. The environment variable `TUTK_PASSWORD` holds the camera's password.

use std::env;
use std::error::Error;

use gst::glib;
use gst::prelude::*;

const SPEED: u32 = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let (Some(uid), Some(direction)) = (env::args().nth(1), env::args().nth(2)) else {
        return Err("usage: ptz UID DIRECTION [MILLISECONDS]".into());
    };
    let milliseconds = env::args().nth(3).map_or(Ok(500), |milliseconds| milliseconds.parse())?;
    gst::init()?;
    gsttutk::plugin_register_static()?;

    let pipeline = gst::parse::launch("tutksrc name=camera ! fakesink")?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("several elements are a pipeline");
    let camera = pipeline.by_name("camera").expect("it is in the pipeline");
    camera.set_property("uid", uid);

    // If this fails, the bus tells why.
    let _ = pipeline.set_state(gst::State::Playing);
    let result = turn(&pipeline, &camera, &direction, milliseconds);
    // The camera stops with the session, if it has not before.
    pipeline.set_state(gst::State::Null)?;
    result
}

fn turn(
    pipeline: &gst::Pipeline,
    camera: &gst::Element,
    direction: &str,
    milliseconds: u32,
) -> Result<(), Box<dyn Error>> {
    let direction = glib::EnumClass::with_type(gsttutk::PtzDirection::static_type())
        .and_then(|directions| directions.to_value_by_nick(direction))
        .ok_or_else(|| format!("there is no direction “{direction}”"))?;
    // Nothing can be sent before the session stands.
    while !camera.emit_by_name::<bool>("ptz", &[&direction, &SPEED, &milliseconds]) {
        wait(pipeline, 50)?;
    }
    wait(pipeline, milliseconds)
}

/// Fails earlier if the pipeline does.
fn wait(pipeline: &gst::Pipeline, milliseconds: u32) -> Result<(), Box<dyn Error>> {
    let bus = pipeline.bus().expect("a pipeline has a bus");
    let error = bus.timed_pop_filtered(gst::ClockTime::from_mseconds(milliseconds.into()), &[gst::MessageType::Error]);
    match error.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Error(error)) => Err(error.error().to_string().into()),
        _ => Ok(()),
    }
}
