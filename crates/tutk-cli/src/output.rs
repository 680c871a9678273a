//! Where the video goes: written by a thread of its own, so that a slow reader never holds up the session.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write, stdout};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// Bytes that may wait to be written: seconds of any camera, and more than the largest frame.
const MAX_WAITING: usize = 32 << 20;
/// How long the end waits for a write, while none succeeds.
const PATIENCE: Duration = Duration::from_secs(2);

/// A file, a pipe or whatever the path is, open to be written.
#[derive(Debug)]
pub(crate) struct Target {
    file: File,
    name: String,
}

/// Writes frames.
#[derive(Debug)]
pub(crate) struct Output {
    name: String,
    queue: Sender<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
    result: Receiver<io::Result<()>>,
}

/// How the writing ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Everything is written.
    All,
    /// Nobody reads the pipe any more.
    Closed,
}

impl Target {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let is_stdout = path == Path::new("-");
        let name = if is_stdout { "standard output".into() } else { format!("“{}”", path.display()) };
        if is_stdout && stdout().is_terminal() {
            let text = "video and audio are not for a terminal: redirect standard output, or name a file";
            return Err(Failure::Usage(text.into()));
        }
        let file = if is_stdout { standard_output() } else { File::options().append(true).create(true).open(path) };
        let file = file.map_err(|error| Failure::Other(format!("cannot open {name}: {error}")))?;
        Ok(Self { file, name })
    }
}

/// Standard output as the library has it looks for ends of lines.
#[cfg(unix)]
fn standard_output() -> io::Result<File> {
    std::os::fd::AsFd::as_fd(&stdout()).try_clone_to_owned().map(File::from)
}

#[cfg(windows)]
fn standard_output() -> io::Result<File> {
    std::os::windows::io::AsHandle::as_handle(&stdout()).try_clone_to_owned().map(File::from)
}

impl Output {
    /// Cancels when nothing more can be written; [`finish`](Self::finish) then says why.
    pub(crate) fn start(target: Target, interrupt: Interrupt) -> Result<Self, Failure> {
        let Target { mut file, name } = target;
        let (queue, frames) = mpsc::channel::<Vec<u8>>();
        let (sender, result) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let counter = waiting.clone();
        let write = move || {
            let written = frames.iter().try_for_each(|frame| {
                file.write_all(&frame)?;
                counter.fetch_sub(frame.len(), Ordering::Relaxed);
                Ok(())
            });
            if written.is_err() {
                interrupt.cancel();
            }
            let _ = sender.send(written);
        };
        thread::Builder::new()
            .name("output".into())
            .spawn(write)
            .map_err(|error| Failure::Other(format!("cannot start a thread: {error}")))?;
        Ok(Self { name, queue, waiting, result })
    }

    /// Takes a frame; false if too much is waiting already.
    pub(crate) fn write(&self, frame: Vec<u8>) -> bool {
        let len = frame.len();
        if self.waiting.load(Ordering::Relaxed) + len > MAX_WAITING {
            return false;
        }
        self.waiting.fetch_add(len, Ordering::Relaxed);
        self.queue.send(frame).is_ok()
    }

    /// Waits until everything is written, or nothing is any more.
    pub(crate) fn finish(self) -> Result<Written, Failure> {
        let Self { name, queue, waiting, result } = self;
        drop(queue);
        let mut left = waiting.load(Ordering::Relaxed);
        loop {
            match result.recv_timeout(PATIENCE) {
                Ok(Ok(())) => return Ok(Written::All),
                Ok(Err(error)) if error.kind() == ErrorKind::BrokenPipe => return Ok(Written::Closed),
                Ok(Err(error)) => return Err(Failure::Other(format!("cannot write to {name}: {error}"))),
                Err(RecvTimeoutError::Timeout) if waiting.load(Ordering::Relaxed) < left => {
                    left = waiting.load(Ordering::Relaxed);
                }
                Err(_) => {
                    let text = format!("the last {left} bytes are not written: {name} does not take them");
                    return Err(Failure::Other(text));
                }
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{Read, pipe};
    use std::os::fd::OwnedFd;

    use super::*;

    fn output(file: impl Into<OwnedFd>) -> (Output, Interrupt) {
        let interrupt = Interrupt::default();
        let target = Target { file: File::from(file.into()), name: "the pipe".into() };
        (Output::start(target, interrupt.clone()).unwrap(), interrupt)
    }

    #[test]
    fn a_reader_that_does_not_read_costs_frames_and_a_bounded_store() {
        let (mut reader, writer) = pipe().unwrap();
        let (output, _cancel) = output(writer);
        let frame = vec![7; 1 << 20];
        let taken = (0..100).take_while(|_| output.write(frame.clone())).count();
        assert_eq!(taken, MAX_WAITING / frame.len());
        let reading = thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).unwrap();
            all
        });
        assert_eq!(output.finish().unwrap(), Written::All);
        assert!(reading.join().unwrap() == vec![7; MAX_WAITING]);
    }

    #[test]
    fn the_end_does_not_wait_for_a_reader_for_ever() {
        let (_reader, writer) = pipe().unwrap();
        let (output, _cancel) = output(writer);
        assert!(output.write(vec![7; 1 << 20]));
        let failure = output.finish().unwrap_err().to_string();
        assert!(failure.contains("1048576") && failure.contains("the pipe"), "{failure}");
    }

    #[test]
    fn a_closed_pipe_and_a_full_disk_are_told_apart() {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let (closed, cancel) = output(writer);
        closed.write(vec![7]);
        assert_eq!(closed.finish().unwrap(), Written::Closed);
        assert!(cancel.is_cancelled());
        let (full, cancel) = output(File::options().write(true).open("/dev/full").unwrap());
        full.write(vec![7]);
        assert!(full.finish().unwrap_err().to_string().contains("the pipe"));
        assert!(cancel.is_cancelled());
    }
}
