//! `tutk stream`: the camera's video and audio, as they come.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tutk::{
    AudioFormat, AvEvent, Codec, ConnectError, DropReason, Dropped, Events, Frame, FrameWatchdog, Media, Session,
    SessionError, Unit, VideoParser, ViewerEvent, io_control,
};

use crate::args;
use crate::console::Console;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{Output, Target, Written};
use crate::session;
use crate::status::Status;

pub(crate) fn run(args: &args::Stream, console: &Arc<Console>) -> Result<(), Failure> {
    let mut options = session::options(&args.camera, &args.network)?;
    (options.video, options.audio) = (args.file.is_some(), args.audio.is_some());
    if [&args.file, &args.audio].into_iter().all(|file| file.as_deref() == Some(Path::new("-"))) {
        return Err(Failure::Usage("standard output can be one of --file and --audio".into()));
    }
    // Before the signals are taken over: a named pipe opens when somebody reads it, and can be given up until then.
    let [video, audio] = [&args.file, &args.audio].map(|file| file.as_deref().map(Target::open).transpose());
    let (video, audio) = (video?, audio?);
    let interrupt = Interrupt::new()?;
    let open = if args.wait { session::open_and_wait } else { session::open };
    let (session, mut events) = match open(options, &interrupt, console) {
        Err(ConnectError::Cancelled) if interrupt.came() => return Ok(()),
        connected => connected?,
    };
    let start = |target: Option<Target>| target.map(|target| Output::start(target, interrupt.clone())).transpose();
    let outputs = Outputs { video: start(video)?, audio: start(audio)? };
    let status = Status::start(console.clone())?;

    let frame_timeout = Duration::from_millis(args.frame_timeout.into());
    let Err(end) = receive(&session, &mut events, frame_timeout, &outputs, &status, console);
    console.debug(format_args!("{:?}", session.stats()));
    // First of all the camera's place gets free, whatever the output does.
    drop(events);
    let written = outputs.finish();
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

/// Where each stream goes that is asked for.
struct Outputs {
    video: Option<Output>,
    audio: Option<Output>,
}

impl Outputs {
    /// Asks the camera.
    fn start(&self, session: &Session) -> Result<(), SessionError> {
        if self.video.is_some() {
            session.start_video()?;
        }
        if self.audio.is_some() {
            session.start_audio()?;
        }
        Ok(())
    }

    /// As [`Output::finish`], of both.
    fn finish(self) -> Result<Written, Failure> {
        let [video, audio] = [self.video, self.audio].map(|output| output.map(Output::finish));
        match (video.transpose()?, audio.transpose()?) {
            (Some(Written::Closed), _) | (_, Some(Written::Closed)) => Ok(Written::Closed),
            _ => Ok(Written::All),
        }
    }
}

/// Hands the streams on until the session ends or is cancelled.
fn receive(
    session: &Session,
    events: &mut Events,
    frame_timeout: Duration,
    outputs: &Outputs,
    status: &Status,
    console: &Console,
) -> Result<Infallible, SessionError> {
    outputs.start(session)?;
    let mut parser = VideoParser::default();
    let mut warned = Warned::default();
    let mut watchdog = FrameWatchdog::new(frame_timeout, Duration::ZERO, Instant::now());
    loop {
        let Some(event) = events.next_event_until(watchdog.deadline())? else {
            if watchdog.check(Instant::now())? {
                console.info("the camera sends nothing; asking for it again");
                outputs.start(session)?;
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
            AvEvent::Audio(frame) => {
                let Some(output) = &outputs.audio else { continue };
                if outputs.video.is_none() {
                    status.counts().count(frame.data.len(), frame.codec);
                    watchdog.frame(frame.received);
                }
                warned.of_audio(&frame, console);
                if !output.write(frame.data) && outputs.video.is_none() {
                    status.counts().dropped += 1;
                }
            }
            AvEvent::Video(frame) => {
                let Some(output) = &outputs.video else { continue };
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
                if lost.media == Media::Audio && outputs.video.is_none() {
                    status.counts().lost += u64::from(lost.count);
                } else if lost.media == Media::Video {
                    status.counts().lost += u64::from(lost.count);
                    status.counts().dropped += u64::from(parser.lost());
                }
            }
            AvEvent::IoControl { kind, body } => {
                console.debug(format_args!("IO control 0x{kind:04X} with {} bytes", body.len()));
            }
            AvEvent::IoControlUnconfirmed { kind } => {
                console.info(format_args!("the camera did not confirm the IO control 0x{kind:04X}"));
                if kind == if outputs.video.is_some() { io_control::START_VIDEO } else { io_control::START_AUDIO } {
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
    audio: Option<(Codec, u8)>,
}

impl Warned {
    /// What the audio is, which its bytes need not show.
    fn of_audio(&mut self, frame: &Frame, console: &Console) {
        if self.audio.replace((frame.codec, frame.flags)) == Some((frame.codec, frame.flags)) {
            return;
        }
        let codec = frame.codec;
        match frame.audio_format() {
            Some(AudioFormat { rate, bits, channels, .. }) => {
                console.info(format_args!("the audio is {codec}, {rate} Hz, {bits} bits, {channels} channel(s)"));
            }
            None => console.info(format_args!("the audio is {codec}")),
        }
    }

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
