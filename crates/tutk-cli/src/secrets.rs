//! Where passwords and keys come from. None is ever printed.

use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::Path;

use tutk::Secret;

use crate::failure::Failure;

/// More than any camera takes, so that a wrong file is not read for long.
const MAX_LINE: u64 = 4096;

/// The secret in the first line of `file`, or in the environment variable.
///
/// The variable is not declared to the parser of arguments: that prints values in its help and its errors.
pub(crate) fn from_file_or_environment(file: Option<&Path>, variable: &str) -> Result<Option<Secret>, Failure> {
    if let Some(file) = file {
        return first_line(file).map(Some);
    }
    match env::var(variable) {
        Ok(text) => Ok(Some(text.into())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::Other(format!("{variable} does not hold UTF-8 text"))),
    }
}

fn first_line(file: &Path) -> Result<Secret, Failure> {
    let is_stdin = file == Path::new("-");
    let name = if is_stdin { "standard input".into() } else { format!("“{}”", file.display()) };
    let fail = |why: &dyn std::fmt::Display| Failure::Other(format!("cannot read a secret from {name}: {why}"));
    let line = if is_stdin { read(stdin()) } else { File::open(file).and_then(read) }.map_err(|error| fail(&error))?;
    if line.len() as u64 >= MAX_LINE {
        return Err(fail(&format_args!("its first line has {MAX_LINE} bytes or more")));
    }
    let line = String::from_utf8(line).map_err(|_| fail(&"its first line is not UTF-8 text"))?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).into())
}

fn read(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(from.take(MAX_LINE)).read_until(b'\n', &mut line)?;
    Ok(line)
}
