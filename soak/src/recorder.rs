//! A recording in a process of its own, as gst-launch-1.0 makes it; the end of standard input ends it.

use std::fs::File;
use std::io::{BufReader, Read, stdin};
use std::path::Path;

use gst::prelude::*;

use crate::{Failure, fleet, frames, pipelines};

/// Far longer than a pipeline takes to end.
const END: gst::ClockTime = gst::ClockTime::from_seconds(30);

pub(crate) fn run(index: usize, file: &Path) -> Result<(), Failure> {
    pipelines::init()?;
    let uid = fleet::uid(index);
    let text = format!("tutksrc backend=native uid={uid} ! filesink location={}", file.display());
    let pipeline = gst::parse::launch(&text)?.downcast::<gst::Pipeline>().map_err(|_| "no pipeline")?;
    pipeline.set_state(gst::State::Playing)?;
    stdin().read_to_end(&mut Vec::new())?;
    if let Some(error) = pipelines::error(&pipeline) {
        return Err(error.into());
    }
    pipeline.send_event(gst::event::Eos::new());
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    match pipeline.bus().and_then(|bus| bus.timed_pop_filtered(END, &ends)) {
        Some(message) if message.type_() == gst::MessageType::Eos => {}
        Some(message) => return Err(pipelines::text(&message).into()),
        None => return Err("the recording does not end".into()),
    }
    pipeline.set_state(gst::State::Null)?;

    let mut file = BufReader::new(File::open(file)?);
    let (mut count, mut last) = (0, None);
    while let Some(label) = frames::read(index, &mut file)? {
        let follows = last.is_some_and(|last| label.number == last + 1);
        if last >= Some(label.number) || !(follows || label.key) {
            return Err(format!("{label:?} comes after frame {last:?}").into());
        }
        (count, last) = (count + 1, Some(label.number));
    }
    println!("recorded {index} {count}");
    Ok(())
}
