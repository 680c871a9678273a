//! Speaks with whoever is at a camera: `cargo run --example intercom -- UID [MICROPHONE]`. Its picture comes in a window, its sound
//! from this computer's speaker, and what the microphone hears from the camera's. Without headphones, both hear themselves. The
//! microphone is an element such as `pulsesrc`; default: `autoaudiosrc`. The environment variable `TUTK_PASSWORD` holds the camera's
//! password.

use std::env;
use std::error::Error;

use gst::prelude::*;

const PICTURE: &str = "queue name=first ! decodebin ! videoconvert ! autovideosink";
const SOUND: &str = "queue name=first ! decodebin ! audioconvert ! audioresample ! autoaudiosink";

fn main() -> Result<(), Box<dyn Error>> {
    let uid = env::args().nth(1).ok_or("usage: intercom UID [MICROPHONE]")?;
    let microphone = env::args().nth(2).unwrap_or("autoaudiosrc".into());
    gst::init()?;
    gsttutk::plugin_register_static()?;

    let pipeline = gst::parse::launch("tutksrc name=camera ! tutkdemux name=streams")?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("several elements are a pipeline");
    pipeline.by_name("camera").expect("it is in the pipeline").set_property("uid", &uid);
    let streams = pipeline.by_name("streams").expect("it is in the pipeline");
    let weak = pipeline.downgrade();
    streams.connect_pad_added(move |_, pad| {
        let Some(pipeline) = weak.upgrade() else { return };
        let result =
            if pad.name().starts_with("video") { play(&pipeline, pad, PICTURE) } else { play(&pipeline, pad, SOUND) };
        if let Err(error) = result {
            eprintln!("{}: {error}", pad.name());
        }
    });
    // Now it is known whether the camera has a microphone, and what it sends: that is what its speaker takes.
    let weak = pipeline.downgrade();
    streams.connect_no_more_pads(move |streams| {
        let Some(pipeline) = weak.upgrade() else { return };
        let caps = streams.static_pad("audio_0").and_then(|pad| pad.current_caps());
        if let Err(error) = speak(&pipeline, &uid, &microphone, caps.as_ref()) {
            eprintln!("The camera is not spoken to: {error}");
        }
    });

    // If this fails, the bus tells why.
    let _ = pipeline.set_state(gst::State::Playing);
    let result = wait(&pipeline);
    pipeline.set_state(gst::State::Null)?;
    result
}

/// Puts these elements behind a pad.
fn play(pipeline: &gst::Pipeline, pad: &gst::Pad, description: &str) -> Result<(), Box<dyn Error>> {
    let bin = gst::parse::bin_from_description(description, false)?;
    let sink = bin.by_name("first").and_then(|first| first.static_pad("sink")).expect("a queue has one");
    let sink = gst::GhostPad::with_target(&sink)?;
    bin.add_pad(&sink)?;
    pipeline.add(&bin)?;
    pad.link(&sink)?;
    bin.sync_state_with_parent()?;
    Ok(())
}

/// Sends the microphone to the camera, in the session that there is.
fn speak(
    pipeline: &gst::Pipeline,
    uid: &str,
    microphone: &str,
    caps: Option<&gst::Caps>,
) -> Result<(), Box<dyn Error>> {
    let fields = caps.and_then(|caps| caps.structure(0));
    let rate = fields.and_then(|fields| fields.get::<i32>("rate").ok()).unwrap_or(8_000);
    let encoder = match fields.map_or("audio/x-mulaw", |fields| fields.name().as_str()) {
        "audio/x-raw" => "identity",
        "audio/x-mulaw" => "mulawenc",
        "audio/x-alaw" => "alawenc",
        "audio/x-adpcm" => "adpcmenc layout=dvi",
        "audio/x-speex" => "speexenc",
        "audio/mpeg" => "avenc_aac ! aacparse",
        other => return Err(format!("it takes {other}, which this example does not encode").into()),
    };
    let description = format!(
        "{microphone} ! queue leaky=downstream ! audioconvert ! audioresample ! audio/x-raw,rate={rate},channels=1 \
         ! audioconvert ! {encoder} ! tutkaudiosink name=speaker"
    );
    let bin = gst::parse::bin_from_description(&description, false)?;
    bin.by_name("speaker").expect("it is in the bin").set_property("uid", uid);
    pipeline.add(&bin)?;
    bin.sync_state_with_parent()?;
    Ok(())
}

fn wait(pipeline: &gst::Pipeline) -> Result<(), Box<dyn Error>> {
    for message in pipeline.bus().expect("a pipeline has a bus").iter_timed(gst::ClockTime::NONE) {
        match message.view() {
            gst::MessageView::Error(error) => return Err(error.error().to_string().into()),
            gst::MessageView::Warning(warning) => eprintln!("{}", warning.error()),
            gst::MessageView::Eos(_) => break,
            _ => {}
        }
    }
    Ok(())
}
