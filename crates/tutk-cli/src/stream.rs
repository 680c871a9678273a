//! `tutk stream`: the camera's video, as it comes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tutk::{
    AvEvent, ConnectError, DropReason, Dropped, Events, FrameWatchdog, Media, Session, SessionError, Unit, VideoParser,
    ViewerEvent, io_control,
};

use crate::args;
use crate::console::Console;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{Output, Target, Written};
use crate::session;
use crate::status::Status;

pub(crate) fn run(args: &args::Stream, console: &Arc<Console>) -> Result<(), Failure> {
    let options = session::options(&args.camera, &args.network)?;
    // Before the signals are taken over: a named pipe opens when somebody reads it, and can be given up until then.
    let target = Target::open(&args.file)?;
    let interrupt = Interrupt::new()?;
    let open = if args.wait { session::open_and_wait } else { session::open };
    let (session, mut events) = match open(options, &interrupt, console) {
        Err(ConnectError::Cancelled) if interrupt.came() => return Ok(()),
        connected => connected?,
    };
    let output = Output::start(target, interrupt.clone())?;
    let status = Status::start(console.clone())?;

    let frame_timeout = Duration::from_millis(args.frame_timeout.into());
    let Err(end) = receive(&session, &mut events, frame_timeout, &output, &status, console);
    console.debug(format_args!("{:?}", session.stats()));
    // First of all the camera's place gets free, whatever the output does.
    drop(events);
    let written = output.finish();
    let report = status.finish();
    match (written?, end) {
        (Written::Closed, _) => console.debug(format_args!("{report}; the pipe was closed")),
        (Written::All, SessionError::Cancelled) => console.info(report),
        (Written::All, lost) => {
            console.info(report);
            return Err(lost.into());
        }
    }
    Ok(())
}

/// Hands the video on until the session ends or is cancelled.
fn receive(
    session: &Session,
    events: &mut Events,
    frame_timeout: Duration,
    output: &Output,
    status: &Status,
    console: &Console,
) -> Result<Infallible, SessionError> {
    session.start_video()?;
    let mut parser = VideoParser::default();
    let mut warned = Warned::default();
    let mut watchdog = FrameWatchdog::new(frame_timeout, Duration::ZERO, Instant::now());
    loop {
        let Some(event) = events.next_event_until(watchdog.deadline())? else {
            if watchdog.check(Instant::now())? {
                console.info("the camera sends no video; asking for it again");
                session.start_video()?;
            }
            continue;
        };
        let event = match event {
            ViewerEvent::Av { event, .. } => event,
            ViewerEvent::ConflictingResponder(address) => {
                console.info(format_args!("{address} answered for this camera, too, and is not followed"));
                continue;
            }
            _ => continue,
        };
        match event {
            AvEvent::Video(frame) => {
                status.counts().count(frame.data.len(), frame.codec);
                if let Some(dropped) = parser.push(frame) {
                    warned.of_dropped(dropped, console);
                    status.counts().dropped += u64::from(dropped.frames);
                }
                while let Some(unit) = parser.pop() {
                    watchdog.frame(unit.frame.received);
                    warned.of_announcement(&unit, console);
                    let frames = u64::from(unit.frames);
                    if !output.write(unit.frame.data) {
                        status.counts().dropped += frames;
                        status.counts().dropped += u64::from(parser.restart());
                    }
                }
            }
            AvEvent::Lost(lost) => {
                console.debug(lost);
                if lost.media == Media::Video {
                    status.counts().lost += u64::from(lost.count);
                    status.counts().dropped += u64::from(parser.lost());
                }
            }
            AvEvent::IoControl { kind, body } => {
                console.debug(format_args!("IO control 0x{kind:04X} with {} bytes", body.len()));
            }
            AvEvent::IoControlUnconfirmed { kind } => {
                console.info(format_args!("the camera did not confirm the IO control 0x{kind:04X}"));
                if kind == io_control::START_VIDEO {
                    watchdog.unconfirmed(Instant::now())?;
                }
            }
            _ => {}
        }
    }
}

/// What the user was told of this camera.
#[derive(Default)]
struct Warned {
    codec: bool,
    announcement: bool,
}

impl Warned {
    fn of_dropped(&mut self, Dropped { codec, reason, .. }: Dropped, console: &Console) {
        if matches!(reason, DropReason::NotVideo | DropReason::OtherCodec) && !std::mem::replace(&mut self.codec, true)
        {
            console.info(format_args!("the camera sends frames of {codec} among its video, which are dropped"));
        }
    }

    fn of_announcement(&mut self, Unit { frame, announced, .. }: &Unit, console: &Console) {
        if frame.codec != *announced && !std::mem::replace(&mut self.announcement, true) {
            let codec = frame.codec;
            console.info(format_args!("the camera says that its video is {announced}, but it is {codec}"));
        }
    }
}
