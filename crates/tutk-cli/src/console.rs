//! What a person reads on standard error. Nothing in here fails: a closed terminal is no reason to stop.

use std::fmt::Display;
use std::io::{IsTerminal, Write, stderr};
use std::sync::Mutex;

/// Writes to standard error what the verbosity allows.
#[derive(Debug)]
pub(crate) struct Console {
    level: Level,
    is_terminal: bool,
    /// The live line stands on the terminal.
    live: Mutex<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Quiet,
    Normal,
    Verbose,
}

impl Console {
    pub(crate) fn new(verbose: bool, quiet: bool) -> Self {
        let level = match (quiet, verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        };
        Self { level, is_terminal: stderr().is_terminal(), live: Mutex::new(false) }
    }

    pub(crate) fn error(&self, text: impl Display) {
        self.line(Level::Quiet, format_args!("tutk: {text}"));
    }

    pub(crate) fn info(&self, text: impl Display) {
        self.line(Level::Normal, text);
    }

    pub(crate) fn debug(&self, text: impl Display) {
        self.line(Level::Verbose, text);
    }

    /// A line that the next one overwrites; on a terminal only.
    pub(crate) fn live(&self, text: impl Display) {
        if self.is_terminal && self.level > Level::Quiet {
            let mut live = self.live.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            *live = true;
            let mut stderr = stderr().lock();
            let _ = write!(stderr, "\r{text}\x1b[K");
            let _ = stderr.flush();
        }
    }

    fn line(&self, level: Level, text: impl Display) {
        if level <= self.level {
            let mut live = self.live.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let erase = if std::mem::take(&mut *live) { "\r\x1b[K" } else { "" };
            let _ = writeln!(stderr().lock(), "{erase}{text}");
        }
    }
}
