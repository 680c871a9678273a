//! Takes off a session what the camera sends, on a thread of its own.
//!
//! Elements downstream may hold up the streaming thread for as long as they like, as a sink does until a frame's time has
//! come. Meanwhile the session goes on, and what is known of the network's delays is true.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use gst::subclass::prelude::*;
use tutk::{Error, Frame, Media, Received, Session};

use super::imp::{CAT, TutkSrc};
use super::signals;

/// Most bytes of frames that wait for the streaming thread. A single frame may be larger.
const MOST: usize = 16 << 20;
/// What a frame takes besides its data.
const BESIDES: usize = 512;

/// A frame for the streaming thread.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) frame: Frame,
    /// Frames are missing before it.
    pub(super) after_loss: bool,
    /// When it could go downstream.
    pub(super) ready: Instant,
}

/// The streaming thread's side. Its drop waits for the thread, which ends with the session or with its cancel handle.
#[derive(Debug)]
pub(super) struct Receiver {
    frames: mpsc::Receiver<Result<Arrived, Error>>,
    waiting: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

/// The other side.
struct Sender {
    frames: mpsc::Sender<Result<Arrived, Error>>,
    /// Bytes of frames that wait.
    waiting: Arc<AtomicUsize>,
    /// Frames are missing before the next one.
    lost: bool,
    /// The last frame found no room.
    full: bool,
}

impl Receiver {
    /// Waits for the next frame. An error is the end: of the session, or, if it is [`Error::Cancelled`], of the thread.
    pub(super) fn next(&self) -> Result<Arrived, Error> {
        let arrived = self.frames.recv().unwrap_or(Err(Error::Cancelled))?;
        self.waiting.fetch_sub(size(&arrived.frame), Ordering::Relaxed);
        Ok(arrived)
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

impl Sender {
    /// Hands over a frame, if there is room for it.
    fn push(&mut self, frame: Frame) -> bool {
        let (size, waiting) = (size(&frame), self.waiting.load(Ordering::Relaxed));
        self.full = waiting > 0 && waiting + size > MOST;
        if self.full {
            self.lost = true;
            return false;
        }
        self.waiting.fetch_add(size, Ordering::Relaxed);
        let after_loss = std::mem::take(&mut self.lost);
        self.send(Ok(Arrived { frame, after_loss, ready: Instant::now() }));
        true
    }

    fn send(&self, item: Result<Arrived, Error>) {
        // Who drops the other side waits for the end of this one.
        let _ = self.frames.send(item);
    }
}

fn size(frame: &Frame) -> usize {
    frame.data.len() + BESIDES
}

fn pair() -> (Sender, Receiver) {
    let ((sender, frames), waiting) = (channel(), Arc::new(AtomicUsize::new(0)));
    let sender = Sender { frames: sender, waiting: waiting.clone(), lost: false, full: false };
    (sender, Receiver { frames, waiting, thread: None })
}

impl TutkSrc {
    /// Begins to receive.
    pub(super) fn receive(&self, session: Arc<Session>) -> Result<Receiver, Error> {
        let (mut sender, mut receiver) = pair();
        let src = self.obj().downgrade();
        let run = move || {
            if let Some(src) = src.upgrade() {
                src.imp().controls.receive_here();
            }
            let end = loop {
                let received = session.receive();
                // An element that is gone has been stopped.
                let Some(src) = src.upgrade() else { break Error::Cancelled };
                match received {
                    Ok(received) => src.imp().received(received, &mut sender),
                    Err(error) => break error,
                }
            };
            // Whoever waits for the end finds the camera told, if the session ends with it.
            drop(session);
            sender.send(Err(end));
        };
        let thread = thread::Builder::new().name("tutksrc-receive".into()).spawn(run);
        receiver.thread = Some(thread.map_err(|source| Error::Io { what: "cannot start a thread".into(), source })?);
        Ok(receiver)
    }

    fn received(&self, received: Received, sender: &mut Sender) {
        match received {
            Received::Video(frame) => {
                self.stats.lock().unwrap().received(&frame);
                let was_full = sender.full;
                if !sender.push(frame) {
                    self.stats.lock().unwrap().dropped();
                    if !was_full {
                        gst::warning!(CAT, imp = self, "Elements downstream take nothing: dropping what does not fit");
                    }
                }
            }
            Received::Lost(lost) => {
                gst::warning!(CAT, imp = self, "{lost}");
                if lost.media == Media::Video {
                    self.stats.lock().unwrap().lost(lost.count);
                    sender.lost = true;
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
            }
            Received::AlsoFound(address) => gst::warning!(
                CAT,
                imp = self,
                "{address} answered for this camera, too, and is not followed; is that another address of it?"
            ),
            Received::Audio(frame) => gst::trace!(CAT, imp = self, "Audio is not played: {frame:?}"),
            other => gst::debug!(CAT, imp = self, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use tutk::Codec;

    use super::*;

    fn frame(number: u32, size: usize) -> Frame {
        Frame {
            data: vec![0; size],
            info: Vec::new(),
            codec: Codec::H264,
            key: true,
            number,
            timestamp: 0,
            flags: 0,
            received: Instant::now(),
        }
    }

    /// Numbers of the frames that wait, and whether others are missing before them.
    fn take(receiver: &Receiver) -> Vec<(u32, bool)> {
        let arrived = receiver.frames.try_iter().map(Result::unwrap);
        let taken = arrived.map(|arrived| (arrived.frame.number, arrived.after_loss)).collect();
        receiver.waiting.store(0, Ordering::Relaxed);
        taken
    }

    #[test]
    fn what_waits_has_a_bound_and_a_gap_shows() {
        let (mut sender, receiver) = pair();
        let taken: Vec<_> = (0..6).map(|number| sender.push(frame(number, MOST / 4 - BESIDES))).collect();
        assert_eq!(taken, [true, true, true, true, false, false]);
        assert!(receiver.next().is_ok());
        assert!(sender.push(frame(6, 1)) && sender.push(frame(7, 1)));
        assert_eq!(take(&receiver), [(1, false), (2, false), (3, false), (6, true), (7, false)]);
    }

    #[test]
    fn empty_frames_have_a_bound_as_well() {
        let (mut sender, receiver) = pair();
        assert!((0..).any(|number| !sender.push(frame(number, 0))));
        assert_eq!(take(&receiver).len(), MOST / BESIDES);
    }

    #[test]
    fn a_single_frame_may_be_larger() {
        let (mut sender, receiver) = pair();
        assert!(sender.push(frame(0, MOST)));
        assert!(!sender.push(frame(1, 1)));
        assert_eq!(take(&receiver), [(0, false)]);
    }

    #[test]
    fn a_thread_that_is_gone_is_an_end() {
        let (sender, receiver) = pair();
        drop(sender);
        assert!(matches!(receiver.next(), Err(Error::Cancelled)));
    }
}
