//! `tutk talk`: speaks to a camera.

mod encode;
mod input;
mod wav;

use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

use tutk::{AudioFormat, AvEvent, Codec, ConnectError, Events, Session, SessionError, Talk, ViewerEvent};

use crate::args::{self, TalkCodec};
use crate::console::Console;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::session;
use encode::Encoder;
use input::Input;

/// How long a camera may take to send some audio: one without a microphone sends none.
const MICROPHONE: Duration = Duration::from_secs(2);
/// How long the end waits for what the camera has not acknowledged.
const DRAIN: Duration = Duration::from_secs(1);
/// How often is looked whether there is something to be said.
const LOOK: Duration = Duration::from_millis(20);
/// What most cameras take whose microphone says nothing of it.
const USUAL_RATE: u32 = 8_000;

pub(crate) fn run(args: &args::Talk, console: &Console) -> Result<(), Failure> {
    let mut options = session::options(&args.camera, &args.network)?;
    (options.video, options.audio) = (false, false);
    let timeout = options.timeout;
    // What is no speech costs no session.
    let input = Input::open(&args.file)?;
    let interrupt = Interrupt::new()?;
    let (session, mut events) = match session::open(options, &interrupt, console) {
        Err(ConnectError::Cancelled) if interrupt.came() => return Ok(()),
        connected => connected?,
    };
    let done = speak(args.codec, timeout, input, &session, &mut events, console);
    match done {
        Err(Failure::Session(error)) if error.is_cancelled() && interrupt.came() => Ok(()),
        done => done,
    }
}

fn speak(
    codec: TalkCodec,
    timeout: Duration,
    input: Input,
    session: &Session,
    events: &mut Events,
    console: &Console,
) -> Result<(), Failure> {
    let sent = listen(session, events)?;
    match sent {
        Some(format) => console.debug(format_args!("the camera sends {}, {} Hz", format.codec, format.rate)),
        None => console.debug("the camera sends no audio"),
    }
    let format = choose(codec, sent)?;
    let encoder = Encoder::new(format).ok_or_else(|| {
        Failure::Other(format!(
            "this command cannot encode what the camera sends, and so takes: {}.\nTry --codec, or GStreamer's element tutkaudiosink.",
            format.codec
        ))
    })?;
    let blocks = input.start(encoder)?;
    let talk = session.start_talk()?;
    wait_until_it_listens(events, &talk, timeout)?;
    console.info(format_args!("speaking, as {}, {} Hz", format.codec, format.rate));

    let mut spoken = Duration::ZERO;
    let mut next = Instant::now();
    loop {
        match blocks.try_recv() {
            Ok(Ok(block)) => {
                talk.send(format, u32::try_from(spoken.as_millis()).unwrap_or_default(), &block.data)?;
                spoken += block.duration;
                // A reader that is slow now speaks later.
                next = next.max(Instant::now().checked_sub(LOOK * 10).unwrap_or(next)) + block.duration;
                pass(events, next)?;
            }
            Ok(Err(failure)) => return Err(failure),
            Err(TryRecvError::Empty) => pass(events, Instant::now() + LOOK)?,
            Err(TryRecvError::Disconnected) => break,
        }
    }
    let end = Instant::now() + DRAIN;
    while talk.unacknowledged() > 0 && Instant::now() < end {
        pass(events, Instant::now() + LOOK)?;
    }
    drop(talk);
    // The camera gets to know that its speaker is no longer needed.
    pass(events, Instant::now() + LOOK)?;
    console.info(format_args!("spoke for {:.1} s", spoken.as_secs_f64()));
    Ok(())
}

/// How the camera's own audio is encoded; none if it sends none.
fn listen(session: &Session, events: &mut Events) -> Result<Option<AudioFormat>, SessionError> {
    session.start_audio()?;
    let end = Instant::now() + MICROPHONE;
    let format = loop {
        match events.next_event_until(Some(end))? {
            Some(ViewerEvent::Av { event: AvEvent::Audio(frame), .. }) => break frame.audio_format(),
            Some(_) => {}
            None => break None,
        }
    };
    session.stop_audio()?;
    Ok(format)
}

fn choose(codec: TalkCodec, sent: Option<AudioFormat>) -> Result<AudioFormat, Failure> {
    let wanted = match codec {
        TalkCodec::Auto => None,
        TalkCodec::Pcm => Some(Codec::Pcm),
        TalkCodec::Mulaw => Some(Codec::Mulaw),
        TalkCodec::Alaw => Some(Codec::Alaw),
    };
    match (wanted, sent) {
        (Some(codec), Some(sent)) if sent.codec != codec => Ok(AudioFormat::new(codec, sent.rate)),
        (_, Some(sent)) => Ok(sent),
        (Some(codec), None) => Ok(AudioFormat::new(codec, USUAL_RATE)),
        (None, None) => Err(Failure::Usage(
            "the camera sends no audio, and so what it takes is not known: --codec names it (often mulaw or alaw)"
                .into(),
        )),
    }
}

fn wait_until_it_listens(events: &mut Events, talk: &Talk, timeout: Duration) -> Result<(), Failure> {
    let end = Instant::now() + timeout;
    while !talk.is_started() {
        match events.next_event_until(Some(end))? {
            Some(ViewerEvent::TalkFailed(_)) => {
                return Err(Failure::Other(
                    "the camera could not log in to the viewer: it has another account than this one".into(),
                ));
            }
            Some(_) => {}
            None => {
                return Err(Failure::Other(
                    "the camera does not listen: it may have no speaker, or another viewer may be speaking to it"
                        .into(),
                ));
            }
        }
    }
    Ok(())
}

/// Lets time pass, in which the session goes on.
fn pass(events: &mut Events, until: Instant) -> Result<(), SessionError> {
    while events.next_event_until(Some(until))?.is_some() {}
    Ok(())
}
