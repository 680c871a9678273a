//! Records a camera to files of ten minutes: `cargo run --example record -- UID FOLDER [SECONDS]`. The environment
//! variable `TUTK_PASSWORD` holds the camera's password.
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
    let (Some(uid), Some(folder)) = (env::args().nth(1), env::args().nth(2).map(PathBuf::from)) else {
        return Err("usage: record UID FOLDER [SECONDS]".into());
    };
    let seconds = env::args().nth(3).map_or(Ok(600), |seconds| seconds.parse())?;
    gst::init()?;
    gsttutk::plugin_register_static()?;

    // After a power cut, the camera may take longer to start than its recorder.
    let pipeline = gst::parse::launch(
        "tutksrc name=camera retry-timeout=-1 ! parsebin ! splitmuxsink name=files muxer-factory=mpegtsmux async-finalize=true",
    )?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("several elements are a pipeline");
    pipeline.by_name("camera").expect("it is in the pipeline").set_property("uid", &uid);
    let files = pipeline.by_name("files").expect("it is in the pipeline");
    files.set_property("max-size-time", gst::ClockTime::from_seconds(seconds).nseconds());
    files.connect("format-location", false, move |_| Some(new_file(&folder, &uid).to_value()));

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

/// A file that is not there yet.
fn new_file(folder: &Path, uid: &str) -> PathBuf {
    let now = glib::DateTime::now_local().and_then(|now| now.format("%Y-%m-%dT%H-%M-%S"));
    let now = now.expect("the clock shows a year of four digits");
    let name = |number| if number == 0 { format!("{uid}_{now}.ts") } else { format!("{uid}_{now}_{number}.ts") };
    (0..)
        .map(|number| folder.join(name(number)))
        .find(|file| !file.exists())
        .expect("there are more numbers than files")
}
