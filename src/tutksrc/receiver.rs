//! Takes off a session what the camera sends, on a thread of its own.
//!
//! Elements downstream may hold up the streaming thread for as long as they like, as a sink does until a frame's time has
//! come. Meanwhile the session goes on, and what is known of the network's delays is true.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gst::prelude::*;
use gst::subclass::prelude::*;
use tutk::{
    Alignment, DropReason, Dropped, Error, FrameWatchdog, Media, Received, Session, Uid, Unit, VideoParser, io_control,
};

use super::imp::{CAT, TutkSrc};
use super::queue::{self, Arrived, Pushed, Sender, queue};
use super::signals;

/// How long the first picture of a stream waits for the next frame, which shows whether it is whole. The slices of a picture
/// follow each other at once.
const HOLD: Duration = Duration::from_millis(200);

/// The streaming thread's side. Its drop waits for the thread, which ends with the session or with its cancel handle.
#[derive(Debug)]
pub(super) struct Receiver {
    frames: queue::Receiver,
    thread: Option<JoinHandle<()>>,
}

/// What the thread that receives knows.
struct Reception {
    uid: Uid,
    frames: Sender,
    /// What a decoder can do with the frames, whether or not they go downstream.
    parser: VideoParser,
    /// Since when the next unit waits for a frame that shows how the stream is cut.
    held: Option<Instant>,
    watchdog: FrameWatchdog,
}

impl Reception {
    /// Until when to wait for what the camera sends.
    fn deadline(&self) -> Option<Instant> {
        let held = self.held.map(|since| since + HOLD);
        [held, self.watchdog.deadline()].into_iter().flatten().min()
    }

    /// The next unit that goes to the queue now, and since when it is ready. `ends`: there are no more frames.
    fn next_unit(&mut self, now: Instant, ends: bool) -> Option<(Unit, Alignment, Instant)> {
        if !self.parser.has_unit() {
            return None;
        }
        let ready = *self.held.get_or_insert(now);
        let alignment = match self.parser.alignment() {
            None if !ends && now < ready + HOLD => return None,
            alignment => alignment.unwrap_or(Alignment::Au),
        };
        self.held = None;
        self.parser.pop().map(|unit| (unit, alignment, ready))
    }
}

impl Receiver {
    /// As [`queue::Receiver::next`].
    pub(super) fn next(&self, gap: Duration) -> Result<Option<Arrived>, Error> {
        self.frames.next(gap)
    }

    /// As [`queue::Receiver::is_stalled`].
    pub(super) fn is_stalled(&self) -> bool {
        self.frames.is_stalled()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

impl TutkSrc {
    /// Begins to receive.
    pub(super) fn receive(&self, session: Arc<Session>) -> Result<Receiver, Error> {
        let (frame_timeout, max_queue_time) = {
            let settings = self.settings.lock().unwrap();
            (settings.frame_timeout(), settings.max_queue_time())
        };
        let known = self.with_stream(|stream| (stream.longest_interval, std::mem::take(&mut stream.parser)));
        let (longest_interval, mut parser) = known.unwrap_or_default();
        let unused = parser.restart();
        self.stats.lock().unwrap().dropped(unused.into());
        let (sender, frames) = queue(max_queue_time);
        let mut reception = Reception {
            uid: session.camera().uid,
            frames: sender,
            parser,
            held: None,
            watchdog: FrameWatchdog::new(frame_timeout, longest_interval, Instant::now()),
        };
        let src = self.obj().downgrade();
        let run = move || {
            if let Some(src) = src.upgrade() {
                src.imp().controls.receive_here();
            }
            let end = loop {
                let received = session.receive_until(reception.deadline());
                // An element that is gone has been stopped.
                let Some(src) = src.upgrade() else { break Error::Cancelled };
                let result = match received {
                    Ok(Some(received)) => src.imp().received(received, &mut reception),
                    Ok(None) => src.imp().frames_are_due(&session, &mut reception),
                    Err(error) => Err(error),
                };
                src.imp().deliver(&mut reception, result.is_err());
                if let Err(error) = result {
                    let longest_interval = reception.watchdog.longest_interval();
                    src.imp().with_stream(|stream| {
                        stream.longest_interval = longest_interval;
                        stream.parser = reception.parser;
                    });
                    break error;
                }
            };
            // Whoever waits for the end finds the camera told, if the session ends with it.
            drop(session);
            reception.frames.end(end);
        };
        let thread = thread::Builder::new().name("tutksrc-receive".into()).spawn(run);
        let thread = thread.map_err(|source| Error::Io { what: "cannot start a thread".into(), source })?;
        Ok(Receiver { frames, thread: Some(thread) })
    }

    fn received(&self, received: Received, reception: &mut Reception) -> Result<(), Error> {
        match received {
            Received::Video(frame) => {
                self.stats.lock().unwrap().received(&frame);
                if let Some(dropped) = reception.parser.push(frame) {
                    self.report_unusable(dropped, reception.uid);
                }
            }
            Received::Lost(lost) => {
                gst::warning!(CAT, imp = self, "{lost}");
                if lost.media == Media::Video {
                    let unused = reception.parser.lost();
                    let mut stats = self.stats.lock().unwrap();
                    stats.lost(lost.count);
                    stats.dropped(unused.into());
                }
            }
            Received::IoControl { kind, body } => {
                gst::debug!(CAT, imp = self, "IO control 0x{kind:04X} with {} bytes", body.len());
                if let Some(body) = self.controls.received(kind, body) {
                    signals::io_control_received(&self.obj(), kind, body);
                }
            }
            Received::IoControlUnconfirmed { kind } => {
                gst::warning!(CAT, imp = self, "The camera did not confirm the IO control 0x{kind:04X}");
                if kind == io_control::START_VIDEO {
                    reception.watchdog.unconfirmed(Instant::now())?;
                }
            }
            Received::ConflictingResponder(address) => gst::warning!(
                CAT,
                imp = self,
                "{address} answered for this camera, too, and is not followed; is that another address of it?"
            ),
            Received::Audio(frame) => gst::trace!(CAT, imp = self, "Audio is not played: {frame:?}"),
            other => gst::debug!(CAT, imp = self, "{other:?}"),
        }
        Ok(())
    }

    /// The watchdog's deadline has passed.
    fn frames_are_due(&self, session: &Session, reception: &mut Reception) -> Result<(), Error> {
        if reception.watchdog.check(Instant::now())? {
            gst::warning!(CAT, imp = self, "The camera sends no video; asking for it again");
            session.start_video()?;
            reception.frames.set_stalled(true);
        }
        Ok(())
    }

    /// Hands over the units that are ready. `ends`: there are no more frames.
    fn deliver(&self, reception: &mut Reception, ends: bool) {
        while let Some((unit, alignment, ready)) = reception.next_unit(Instant::now(), ends) {
            reception.watchdog.frame(unit.frame.received);
            self.stats.lock().unwrap().plays(unit.frame.codec);
            self.warn_of_announcement(&unit, reception.uid);
            let pushed = reception.frames.push(unit, alignment, ready);
            self.report_skipped(pushed, reception.uid);
        }
        reception.frames.set_stalled(reception.watchdog.is_stalled());
    }

    /// Frames that do not go on.
    fn report_unusable(&self, Dropped { frames, codec, reason }: Dropped, uid: Uid) {
        gst::debug!(CAT, imp = self, "Dropping {frames} frames, the last one of {codec}: {reason:?}");
        self.stats.lock().unwrap().dropped(frames.into());
        if matches!(reason, DropReason::NotVideo | DropReason::OtherCodec)
            && self.with_stream(|stream| std::mem::replace(&mut stream.warned_of_codec, true)) == Some(false)
        {
            gst::element_imp_warning!(
                self,
                gst::StreamError::WrongType,
                ("Camera {uid} sends frames of {codec} among its video, which are dropped."),
                ["codec id 0x{:02X}", codec.id()]
            );
        }
    }

    /// Says once that the camera is wrong about its codec.
    fn warn_of_announcement(&self, Unit { frame, announced, .. }: &Unit, uid: Uid) {
        if frame.codec != *announced
            && self.with_stream(|stream| std::mem::replace(&mut stream.warned_of_announcement, true)) == Some(false)
        {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Format,
                ("Camera {uid} says that its video is {announced}. It is {}, and is played as that.", frame.codec),
                ["{frame:?}"]
            );
        }
    }

    /// Elements downstream are too slow.
    fn report_skipped(&self, pushed: Pushed, uid: Uid) {
        let frames = match pushed {
            Pushed::Queued => return,
            Pushed::Full { frames, .. } => frames,
            Pushed::Skipped { frames, .. } => frames,
        };
        self.stats.lock().unwrap().dropped(frames);
        match pushed {
            Pushed::Full { first: true, .. } => {
                gst::warning!(CAT, imp = self, "Elements downstream take nothing: dropping what does not fit");
            }
            Pushed::Skipped { frames, time, first } => {
                let seconds = time.as_secs_f64();
                gst::info!(CAT, imp = self, "Elements downstream are behind: dropped {frames} frames, {seconds:.1} s");
                if first {
                    gst::element_imp_warning!(
                        self,
                        gst::CoreError::Clock,
                        (
                            "The elements after “{}” are too slow for camera {uid}: {frames} frames, {seconds:.1} s, were \
                             dropped, up to a key frame. Use a faster computer or disk, or ask the camera for less with the \
                             property “quality”.",
                            self.obj().name()
                        ),
                        ["property “max-queue-time”"]
                    );
                }
            }
            _ => {}
        }
    }
}
