//! Records a camera to files of ten minutes, with its sound: `cargo run --example record -- UID FOLDER [SECONDS]`. The environment
//! variable `TUTK_PASSWORD` holds the camera's password. `RECORD_AS` in the environment is `ts` (default), `mp4` or `mkv`.
//!
//! A file's name is the time at which it begins, so that the next run goes on beside what is there. An MPEG transport
//! stream can be played up to where it was cut off, whatever ended the recording.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::thread;

use gst::glib;
use gst::prelude::*;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

fn main() -> Result<(), Box<dyn Error>> {
    run(env::args().skip(1))
}

/// Records, by the arguments of a command line without the program's name.
pub fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let (Some(uid), Some(folder)) = (arguments.next(), arguments.next().map(PathBuf::from)) else {
        return Err("usage: record UID FOLDER [SECONDS]".into());
    };
    let seconds = arguments.next().map_or(Ok(600), |seconds| seconds.parse())?;
    gst::init()?;
    gsttutk::plugin_register_static()?;

    let (ending, muxer) = match env::var("RECORD_AS").as_deref() {
        Err(_) | Ok("ts") => ("ts", "mpegtsmux"),
        Ok("mp4") => ("mp4", "mp4mux"),
        Ok("mkv") => ("mkv", "matroskamux"),
        Ok(other) => return Err(format!("RECORD_AS is ts, mp4 or mkv, and not {other}").into()),
    };
    // After a power cut, the camera may take longer to start than its recorder.
    let camera = gst::ElementFactory::make("tutksrc").property("uid", &uid).property("retry-timeout", -1).build()?;
    let streams = gst::ElementFactory::make("tutkdemux").build()?;
    let files = gst::ElementFactory::make("splitmuxsink")
        .property("muxer-factory", muxer)
        .property("async-finalize", true)
        .property("max-size-time", gst::ClockTime::from_seconds(seconds).nseconds())
        .build()?;
    files.connect("format-location", false, move |_| Some(new_file(&folder, &uid, ending).to_value()));
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&camera, &streams, &files])?;
    camera.link(&streams)?;
    let weak = (pipeline.downgrade(), files.downgrade());
    streams.connect_pad_added(move |_, pad| {
        let (Some(pipeline), Some(files)) = (weak.0.upgrade(), weak.1.upgrade()) else { return };
        if let Err(error) = record(&pipeline, &files, pad) {
            gst::element_error!(files, gst::StreamError::WrongType, ("{error}"));
        }
    });

    // At the end of the stream the last file is completed.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let weak = pipeline.downgrade();
    thread::spawn(move || {
        for _ in &mut signals {
            weak.upgrade().map(|pipeline| pipeline.send_event(gst::event::Eos::new()));
        }
    });

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

/// Links a stream of the camera to the files.
fn record(pipeline: &gst::Pipeline, files: &gst::Element, stream: &gst::Pad) -> Result<(), Box<dyn Error>> {
    let caps = stream.current_caps().ok_or("a stream of the camera has no caps")?;
    let fields = caps.structure(0).ok_or("a stream of the camera has no caps")?;
    // Decoders of others, and another encoder.
    let is_aac = fields.get("stream-format").is_ok_and(|format: &str| ["raw", "adts"].contains(&format));
    let (pad, elements) = match fields.name().as_str() {
        "video/x-h264" => ("video", "h264parse"),
        "video/x-h265" => ("video", "h265parse"),
        "video/mpeg" => ("video", "mpeg4videoparse"),
        "image/jpeg" => ("video", "jpegparse"),
        "audio/mpeg" if fields.get("stream-format").is_ok_and(|format: &str| format != "latm") => {
            ("audio_%u", "aacparse")
        }
        name if name.starts_with("audio/") => ("audio_%u", "audioconvert ! audioresample ! avenc_aac ! aacparse"),
        name => return Err(format!("this program does not know how to record {name}").into()),
    };
    let elements = gst::parse::bin_from_description(&format!("queue ! {elements}"), true)?;
    pipeline.add(&elements)?;
    elements.sync_state_with_parent()?;
    let sink = elements.static_pad("sink").ok_or("a queue has a sink pad")?;
    if pad == "video" || is_aac {
        stream.link(&sink)?;
    } else {
        let decoder = gst::ElementFactory::make("decodebin").build()?;
        pipeline.add(&decoder)?;
        decoder.sync_state_with_parent()?;
        decoder.connect_pad_added(move |_, decoded| {
            // Where it fails, the stream ends with an error.
            let _ = decoded.link(&sink);
        });
        stream.link(&decoder.static_pad("sink").ok_or("a decoder has a sink pad")?)?;
    }
    let to = files.request_pad_simple(pad).ok_or("the files take no more streams")?;
    elements.static_pad("src").ok_or("a parser has a source pad")?.link(&to)?;
    Ok(())
}

/// A file that is not there yet.
fn new_file(folder: &Path, uid: &str, ending: &str) -> PathBuf {
    let now = glib::DateTime::now_local().and_then(|now| now.format("%Y-%m-%dT%H-%M-%S"));
    let now = now.expect("the clock shows a year of four digits");
    let name =
        |number| if number == 0 { format!("{uid}_{now}.{ending}") } else { format!("{uid}_{now}_{number}.{ending}") };
    (0..)
        .map(|number| folder.join(name(number)))
        .find(|file| !file.exists())
        .expect("there are more numbers than files")
}
