//! The receiving side: what is measured, in a process of its own.

mod datagrams;
mod element;
mod library;
mod program;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tutk::Uid;

use crate::Failure;
use crate::meter::Meter;

/// Who receives.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// `tutksrc ! fakesink`, so many times.
    Native(u64),
    /// `tutksrc ! tutkdemux`, with a sink for video and one for audio.
    Both,
    /// The first through a library with the vendor's interface.
    Vendor(PathBuf),
    /// That library, asked every 10 ms.
    Loop(PathBuf),
    /// The Python program over that library.
    Python(PathBuf),
    /// A program over go2rtc's client.
    Go2rtc(PathBuf),
    /// `udpsrc ! fakesink`.
    UdpSrc,
    /// `recv` of one datagram at a time.
    Recv,
    /// `recvmmsg`.
    RecvMany,
    /// `recvmsg` of datagrams that the kernel joined.
    RecvJoined,
}

/// Where the camera is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    pub(crate) uid: Uid,
    /// The port of its sessions; of datagrams without a camera, the one to receive at.
    pub(crate) port: u16,
}

impl Subject {
    /// As arguments of a command line.
    pub(crate) fn words(&self) -> Vec<String> {
        let text = |path: &PathBuf| path.display().to_string();
        match self {
            Self::Native(count) => vec!["native".into(), count.to_string()],
            Self::Both => vec!["both".into()],
            Self::Vendor(path) => vec!["vendor".into(), text(path)],
            Self::Loop(path) => vec!["loop".into(), text(path)],
            Self::Python(path) => vec!["python".into(), text(path)],
            Self::Go2rtc(path) => vec!["go2rtc".into(), text(path)],
            Self::UdpSrc => vec!["udpsrc".into()],
            Self::Recv => vec!["recv".into()],
            Self::RecvMany => vec!["recvmmsg".into()],
            Self::RecvJoined => vec!["joined".into()],
        }
    }

    /// What [`words`](Self::words) gave.
    pub(crate) fn parse(words: &[&str]) -> Option<Self> {
        Some(match *words {
            ["native", count] => Self::Native(count.parse().ok()?),
            ["both"] => Self::Both,
            ["vendor", path] => Self::Vendor(path.into()),
            ["loop", path] => Self::Loop(path.into()),
            ["python", path] => Self::Python(path.into()),
            ["go2rtc", path] => Self::Go2rtc(path.into()),
            ["udpsrc"] => Self::UdpSrc,
            ["recv"] => Self::Recv,
            ["recvmmsg"] => Self::RecvMany,
            ["joined"] => Self::RecvJoined,
            _ => return None,
        })
    }
}

/// Measures the steady part, which begins so long after the first frames, and prints it.
pub(crate) fn run(subject: &Subject, source: Source, settle: Duration, length: Duration) -> Result<(), Failure> {
    let meter = Arc::new(Meter::default());
    let count = if let Subject::Native(count) = subject { *count } else { 1 };
    let mut process = None;
    // What receives goes on until the guard is dropped.
    let _guard: Box<dyn std::any::Any> = match subject {
        Subject::Native(_) => Box::new(element::cameras(&meter, source, None, count)?),
        Subject::Both => Box::new(element::both(&meter, source)?),
        Subject::Vendor(library) => Box::new(element::cameras(&meter, source, Some(library), count)?),
        Subject::UdpSrc => Box::new(element::udpsrc(&meter, source.port)?),
        Subject::Loop(library) => Box::new(library::Loop::start(&meter, library.clone(), source.uid)?),
        Subject::Python(program) => {
            let program = program::Program::python(&meter, program, source.uid)?;
            process = Some(program.id());
            Box::new(program)
        }
        Subject::Go2rtc(program) => {
            let program = program::Program::go2rtc(&meter, program, source)?;
            process = Some(program.id());
            Box::new(program)
        }
        Subject::Recv => Box::new(datagrams::start(&meter, source.port, datagrams::recv)?),
        Subject::RecvMany => Box::new(datagrams::start(&meter, source.port, datagrams::recv_many)?),
        Subject::RecvJoined => Box::new(datagrams::start(&meter, source.port, datagrams::recv_joined)?),
    };
    meter.measure(process, count, settle, length)?.print();
    Ok(())
}

/// Measures how long the first frame takes, several times, and prints the times in milliseconds.
pub(crate) fn start(subject: &Subject, source: Source, times: u32) -> Result<(), Failure> {
    for _ in 0..times {
        let time = match subject {
            Subject::Native(_) => element::first_buffer(source, None)?,
            Subject::Vendor(library) => element::first_buffer(source, Some(library))?,
            Subject::Loop(library) => library::first_frame(library, source.uid)?,
            _ => return Err(format!("{subject:?} does not start at a camera").into()),
        };
        println!("{}", time.as_secs_f64() * 1e3);
    }
    Ok(())
}
