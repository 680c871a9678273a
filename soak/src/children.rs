//! The processes of cameras, viewer and recorders.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::Failure;
use crate::fleet::CANARY;
use crate::network::Host;

/// Who wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Viewer,
    Camera(usize),
    Recorder(usize),
}

/// A line that a process wrote.
pub(crate) struct Line {
    pub(crate) who: Who,
    pub(crate) text: String,
}

/// What all processes write goes to one file, and what the supervisor needs to know to a channel.
#[derive(Clone)]
pub(crate) struct Output {
    lines: Sender<Line>,
    log: Arc<Mutex<File>>,
}

impl Output {
    pub(crate) fn new(lines: Sender<Line>, log: &Path) -> Result<Self, Failure> {
        Ok(Self { lines, log: Arc::new(Mutex::new(File::create(log)?)) })
    }

    /// Lines of standard output are for the supervisor.
    fn follow(&self, who: Who, pipe: impl Read + Send + 'static) {
        let lines = self.lines.clone();
        thread::spawn(move || {
            for text in BufReader::new(pipe).lines().map_while(Result::ok) {
                if lines.send(Line { who, text }).is_err() {
                    break;
                }
            }
        });
    }

    /// Lines of standard error are for people; some of them are failures.
    fn keep(&self, who: Who, pipe: impl Read + Send + 'static) {
        let Self { lines, log } = self.clone();
        thread::spawn(move || {
            for text in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let text = String::from_utf8_lossy(&text);
                let _ = writeln!(log.lock().unwrap(), "{who:?}: {text}");
                if [CANARY, "panicked", "CRITICAL", "WARNING"].iter().any(|bad| text.contains(bad)) {
                    let _ = lines.send(Line { who, text: format!("wrong standard error has: {text}") });
                }
            }
        });
    }
}

/// A process of this program in another role.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn start(who: Who, host: &Host, role: &[&str], output: &Output) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(role).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("G_DEBUG", "fatal_warnings").env("RUST_BACKTRACE", "1");
        let mut child = host.spawn(&mut command)?;
        if let Some(pipe) = child.stdout.take() {
            output.follow(who, pipe);
        }
        if let Some(pipe) = child.stderr.take() {
            output.keep(who, pipe);
        }
        Ok(Self { child })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        Ok(self.child.try_wait()?)
    }

    pub(crate) fn tell(&mut self, line: &str) -> Result<(), Failure> {
        Ok(writeln!(self.child.stdin.as_mut().ok_or("the process was told to end")?, "{line}")?)
    }

    /// Asks it to end.
    pub(crate) fn end(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Waits until it has ended; none if it has not within this time.
    pub(crate) fn wait(&mut self, time: Duration) -> Result<Option<ExitStatus>, Failure> {
        let until = Instant::now() + time;
        loop {
            match self.ended()? {
                None if Instant::now() < until => thread::sleep(Duration::from_millis(20)),
                status => return Ok(status),
            }
        }
    }

    pub(crate) fn kill(&mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Failure> {
        Ok(kill(Pid::from_raw(self.id().cast_signed()), signal)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
