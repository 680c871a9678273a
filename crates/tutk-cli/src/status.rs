//! How the stream goes: a line every 30 s, and on a terminal one that changes every second.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tutk::Codec;

use crate::console::Console;
use crate::failure::Failure;

const LIVE: Duration = Duration::from_secs(1);
const STATUS: Duration = Duration::from_secs(30);

/// What came so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Frames of video that came whole.
    frames: u64,
    /// Their bytes.
    bytes: u64,
    /// Bytes of the last one.
    last: usize,
    /// Frames that came and were not written: they cannot be decoded, or too much waits to be written.
    pub(crate) dropped: u64,
    /// Frames that did not come.
    pub(crate) lost: u64,
    codec: Option<Codec>,
}

impl Counts {
    /// A frame of this many bytes came.
    pub(crate) fn count(&mut self, bytes: usize, codec: Codec) {
        self.frames += 1;
        self.bytes += bytes as u64;
        self.last = bytes;
        self.codec = Some(codec);
    }

    /// The counts, and the rates since `earlier`.
    fn line(&self, earlier: &Self, span: Duration) -> String {
        let Self { frames, last, dropped, lost, codec, .. } = self;
        let Some(codec) = codec else { return "no video yet".into() };
        let seconds = span.as_secs_f64().max(0.001);
        let fps = (frames - earlier.frames) as f64 / seconds;
        let kbits = (self.bytes - earlier.bytes) as f64 * 8.0 / 1000.0 / seconds;
        format!(
            "{frames} frames, {fps:.1} fps, {kbits:.0} kbit/s, last {last} bytes, {dropped} dropped, {lost} lost, {codec}"
        )
    }
}

/// Shows the counts from time to time.
#[derive(Debug)]
pub(crate) struct Status {
    counts: Arc<Mutex<Counts>>,
    begin: Instant,
    end: Sender<()>,
    thread: JoinHandle<()>,
}

impl Status {
    pub(crate) fn start(console: Arc<Console>) -> Result<Self, Failure> {
        let counts = Arc::new(Mutex::new(Counts::default()));
        let (end, ended) = mpsc::channel();
        let (begin, shown) = (Instant::now(), counts.clone());
        let show = move || {
            let (mut live, mut status) = ((begin, Counts::default()), (begin, Counts::default()));
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(LIVE) {
                let now = (Instant::now(), lock(&shown).clone());
                if now.0 - status.0 >= STATUS {
                    console.info(now.1.line(&status.1, now.0 - status.0));
                    status = now.clone();
                }
                console.live(now.1.line(&live.1, now.0 - live.0));
                live = now;
            }
        };
        let thread = thread::Builder::new()
            .name("status".into())
            .spawn(show)
            .map_err(|error| Failure::Other(format!("cannot start a thread: {error}")))?;
        Ok(Self { counts, begin, end, thread })
    }

    pub(crate) fn counts(&self) -> MutexGuard<'_, Counts> {
        lock(&self.counts)
    }

    /// Shows no more, and says how it went in all.
    pub(crate) fn finish(self) -> String {
        drop(self.end);
        let _ = self.thread.join();
        let (counts, span) = (lock(&self.counts), self.begin.elapsed());
        format!("in {:.1} s: {}", span.as_secs_f64(), counts.line(&Counts::default(), span))
    }
}

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_since_the_last_line() {
        let earlier = Counts { frames: 100, bytes: 1_000_000, last: 1, dropped: 0, lost: 0, codec: None };
        let mut now = Counts { frames: 849, bytes: 8_489_000, dropped: 3, lost: 2, ..earlier };
        now.count(11_000, Codec::H265);
        assert_eq!(
            now.line(&earlier, Duration::from_secs(30)),
            "850 frames, 25.0 fps, 2000 kbit/s, last 11000 bytes, 3 dropped, 2 lost, H.265"
        );
        assert_eq!(Counts::default().line(&Counts::default(), Duration::ZERO), "no video yet");
    }
}
