//! Measures `tutksrc` and what it is compared with, and prints a table. `scripts/bench` builds and runs it.
//!
//! The camera and each subject are processes of their own: this program, started again with the role as its argument.

#![deny(unsafe_code)]

mod camera;
mod cases;
mod datagrams;
mod load;
mod meter;
mod pacer;
mod plain;
mod processes;
mod roles;
mod subject;
mod table;

use std::env;
use std::process::ExitCode;

use cases::Plan;
use roles::Role;

/// What went wrong, in a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        [] => cases::run(&Plan::FULL),
        ["--quick"] => cases::run(&Plan::QUICK),
        _ => match Role::parse(&words) {
            Some(role) => role.run(),
            None => Err("usage: tutk-bench [--quick]".into()),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tutk-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
