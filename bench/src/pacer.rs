//! When which viewer gets its next frame.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tutk::{CameraEvent, VideoFrame, ViewerId, io_control};

use crate::load::{Frames, Load};

/// The viewers that watch, each at its own phase, so that many of them do not get all their frames at one moment.
#[derive(Debug)]
pub(crate) struct Pacer {
    load: Load,
    streams: BTreeMap<ViewerId, Stream>,
}

#[derive(Debug)]
struct Stream {
    frames: Frames,
    due: Instant,
    /// The next block of audio.
    block: Option<Instant>,
    /// It has not confirmed what it got, and will ask for a key frame.
    waits: bool,
    needs_key: bool,
}

impl Pacer {
    pub(crate) fn new(load: Load) -> Self {
        Self { load, streams: BTreeMap::new() }
    }

    pub(crate) fn handle(&mut self, now: Instant, event: &CameraEvent) {
        match *event {
            CameraEvent::IoControl { viewer, kind: io_control::START_VIDEO, .. } => {
                let frames = Frames::new(self.load);
                let block = self.load.block_interval().map(|_| now);
                self.streams.insert(viewer, Stream { frames, due: now, block, waits: false, needs_key: true });
            }
            CameraEvent::IoControl { viewer, kind: io_control::STOP_VIDEO, .. }
            | CameraEvent::ViewerRemoved { viewer, .. } => {
                self.streams.remove(&viewer);
            }
            CameraEvent::KeyFrameWanted { viewer } => {
                if let Some(stream) = self.streams.get_mut(&viewer) {
                    (stream.waits, stream.needs_key) = (false, true);
                }
            }
            _ => {}
        }
    }

    /// When [`send`](Self::send) has something to send next.
    pub(crate) fn due(&self) -> Option<Instant> {
        let frames = self.streams.values().filter(|stream| !stream.waits).map(|stream| stream.due);
        frames.chain(self.streams.values().filter_map(|stream| stream.block)).min()
    }

    /// Who gets a block of audio now.
    pub(crate) fn hearers(&mut self, now: Instant) -> Vec<ViewerId> {
        let Some(interval) = self.load.block_interval() else { return Vec::new() };
        let mut hearers = Vec::new();
        for (viewer, stream) in &mut self.streams {
            if let Some(block) = stream.block.filter(|block| *block <= now) {
                stream.block = Some(block + interval);
                hearers.push(*viewer);
            }
        }
        hearers
    }

    /// Sends each frame that is due; `send` tells whether the viewer takes it.
    pub(crate) fn send(&mut self, now: Instant, mut send: impl FnMut(ViewerId, VideoFrame<'_>) -> bool) {
        let count = self.streams.len() as u32;
        let interval = self.load.interval();
        for (place, (viewer, stream)) in self.streams.iter_mut().enumerate() {
            if stream.waits || stream.due > now {
                continue;
            }
            if !send(*viewer, stream.frames.next(std::mem::take(&mut stream.needs_key))) {
                stream.waits = true;
            }
            // The phase is that of the viewer's place; the first frame goes out at once.
            let phase = interval * place as u32 / count;
            stream.due = if interval.is_zero() { now } else { next(stream.due, now, interval, phase) };
        }
    }
}

/// The first moment after `now` with this phase. Phases count from any fixed moment.
fn next(due: Instant, now: Instant, interval: Duration, phase: Duration) -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let start = *START.get_or_init(|| due);
    let since = (now - start).saturating_sub(phase);
    start + phase + interval * (since.as_nanos() / interval.as_nanos() + 1) as u32
}
