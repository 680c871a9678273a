use std::time::{Duration, Instant};

/// How fast chunks go out: some at once, then so many a time; and as many again as are acknowledged.
///
/// A receiver's socket has 212,992 bytes of buffer by default on Linux, of which a chunk takes about 2,300: a large frame that
/// came at once would not fit where the receiver does not read at that very moment.
#[derive(Debug)]
pub(super) struct Pacer {
    left: u32,
    filled: Option<Instant>,
    /// Nothing goes out before.
    rest: Option<Instant>,
}

/// Chunks at once.
const BURST: u32 = 64;
/// After those, half as many each time.
const REST: Duration = Duration::from_millis(2);

impl Pacer {
    pub(super) fn new() -> Self {
        Self { left: BURST, filled: None, rest: None }
    }

    /// Whether a chunk may go out now.
    pub(super) fn may_send(&mut self, now: Instant) -> bool {
        let filled = *self.filled.get_or_insert(now);
        let rests = now.saturating_duration_since(filled).as_micros() / REST.as_micros();
        if rests > 0 {
            self.left = (BURST / 2).saturating_mul(rests.min(2) as u32).saturating_add(self.left).min(BURST);
            self.filled = Some(now);
        }
        if self.left == 0 {
            self.rest = Some(filled + REST);
        }
        self.left > 0
    }

    /// It goes out.
    pub(super) fn sent(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.rest = None;
    }

    /// As many may go out at once as in the beginning.
    pub(super) fn refill(&mut self) {
        self.left = BURST;
        self.rest = None;
    }

    /// So many have been read.
    pub(super) fn acked(&mut self, chunks: usize) {
        self.left = self.left.saturating_add(chunks.try_into().unwrap_or(BURST)).min(BURST);
        if self.left > 0 {
            self.rest = None;
        }
    }

    /// When a chunk that may not go out now may.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.rest
    }
}
