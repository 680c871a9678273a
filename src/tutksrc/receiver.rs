//! Takes off a session what the camera sends, on a thread of its own.
//!
//! Elements downstream may hold up the streaming thread for as long as they like, as a sink does until a frame's time has
//! come. Meanwhile the session goes on, and what is known of the network's delays is true.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gst::prelude::*;
use gst::subclass::prelude::*;
use tutk::{Error, FrameWatchdog, Gate, Media, Received, Session, Uid, io_control};

use super::imp::{CAT, TutkSrc};
use super::queue::{self, Arrived, Pushed, Sender, queue};
use super::signals;

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
    gate: Gate,
    watchdog: FrameWatchdog,
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
        let longest_interval = self.with_stream(|stream| stream.longest_interval).unwrap_or_default();
        let (sender, frames) = queue(max_queue_time);
        let mut reception = Reception {
            uid: session.camera().uid,
            frames: sender,
            gate: Gate::default(),
            watchdog: FrameWatchdog::new(frame_timeout, longest_interval, Instant::now()),
        };
        let src = self.obj().downgrade();
        let run = move || {
            if let Some(src) = src.upgrade() {
                src.imp().controls.receive_here();
            }
            let end = loop {
                let received = session.receive_until(reception.watchdog.deadline());
                // An element that is gone has been stopped.
                let Some(src) = src.upgrade() else { break Error::Cancelled };
                let result = match received {
                    Ok(Some(received)) => src.imp().received(received, &mut reception),
                    Ok(None) => src.imp().frames_are_due(&session, &mut reception),
                    Err(error) => Err(error),
                };
                if let Err(error) = result {
                    let longest_interval = reception.watchdog.longest_interval();
                    src.imp().with_stream(|stream| stream.longest_interval = longest_interval);
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
                if !frame.data.is_empty() && reception.gate.passes(frame.codec, frame.key) {
                    reception.watchdog.frame(frame.received);
                }
                let pushed = reception.frames.push(frame);
                reception.frames.set_stalled(reception.watchdog.is_stalled());
                self.report_dropped(pushed, reception.uid);
            }
            Received::Lost(lost) => {
                gst::warning!(CAT, imp = self, "{lost}");
                if lost.media == Media::Video {
                    self.stats.lock().unwrap().lost(lost.count);
                    reception.gate.lost();
                    reception.frames.lost();
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
            Received::AlsoFound(address) => gst::warning!(
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

    /// Elements downstream are too slow.
    fn report_dropped(&self, pushed: Pushed, uid: Uid) {
        let frames = match pushed {
            Pushed::Queued => return,
            Pushed::Full { .. } => 1,
            Pushed::Skipped { frames, .. } => frames,
        };
        self.stats.lock().unwrap().skipped(frames);
        match pushed {
            Pushed::Full { first: true } => {
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
