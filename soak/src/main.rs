//! Watches cameras for hours while the network and the cameras fail on schedule, checks all along what must hold, and
//! writes a report. `scripts/soak` builds and runs it.
//!
//! Each camera is a process in a network namespace of its own, and so is the viewer; the network between them is this
//! program. Cameras, viewer and recorders are this program, started again with the role as its first argument.

#![forbid(unsafe_code)]

mod camera;
mod children;
mod fault;
mod fleet;
mod frames;
mod network;
mod pipelines;
mod recorder;
mod report;
mod run;
mod sample;
mod schedule;
mod sound;
mod viewer;

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// What went wrong, in a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("tutk-soak: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether everything held.
fn dispatch(words: &[&str]) -> Result<bool, Failure> {
    match *words {
        ["run", hours, seed, folder] => {
            let hours: f64 = hours.parse().map_err(|_| format!("“{hours}” is no number of hours"))?;
            let length = Duration::try_from_secs_f64(hours * 3600.0)?;
            run::run(length, seed.parse().map_err(|_| format!("“{seed}” is no seed"))?, Path::new(folder))
        }
        ["camera", index, incarnation] => camera::run(index.parse()?, incarnation.parse()?).map(|()| true),
        ["viewer"] => viewer::run().map(|()| true),
        ["recorder", index, file] => recorder::run(index.parse()?, Path::new(file)).map(|()| true),
        _ => Err("usage: tutk-soak run HOURS SEED FOLDER".into()),
    }
}
