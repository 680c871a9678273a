//! The command `tutk`: lists cameras, sets their clocks, saves their video and audio, speaks to them.

#![forbid(unsafe_code)]

mod args;
mod console;
mod failure;
mod interrupt;
mod output;
mod scan;
mod secrets;
mod session;
mod status;
mod stream;
mod sync;
mod talk;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use console::Console;
use failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let console = Arc::new(Console::new(cli.verbose, cli.quiet));
    let result = match cli.command {
        Command::Scan(args) => scan::run(&args, &console),
        Command::Sync(args) => sync::run(&args, &console),
        Command::Stream(args) => stream::run(&args, &console),
        Command::Talk(args) => talk::run(&args, &console),
        Command::Man { folder } => man(&folder),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console.error(&failure);
            failure.exit_code().into()
        }
    }
}

/// Manual pages come from the command itself, so that a package can make them for exactly what it ships, without a build
/// script that has to find a place for them.
fn man(folder: &Path) -> Result<(), Failure> {
    clap_mangen::generate_to(Cli::command(), folder)
        .map_err(|error| Failure::Other(format!("cannot write the manual pages to “{}”: {error}", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_the_readme_are_right() {
        let commands = include_str!("../README.md").lines().filter(|line| line.starts_with("tutk "));
        let commands: Vec<_> = commands.map(|line| line.split(" #").next().unwrap().split_whitespace()).collect();
        assert!(commands.len() > 3);
        for command in commands {
            Cli::try_parse_from(command).unwrap();
        }
    }
}
