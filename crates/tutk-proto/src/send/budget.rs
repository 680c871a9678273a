use std::time::Instant;

/// How much may be sent again, whatever is asked for: so much a second, and what was not used before up to a store full.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    filled: Option<Instant>,
}

/// Chunks a second: 4 MiB, which is a third of a stream of 100 Mbit/s.
const RATE: u128 = 4096;
/// Chunks at once.
const MAX_CHUNKS: usize = crate::RESEND_STORE / crate::wire::CHUNK;

impl Budget {
    pub(crate) fn new() -> Self {
        Self { left: MAX_CHUNKS, filled: None }
    }

    /// How many chunks may be sent again now.
    pub(crate) fn left(&mut self, now: Instant) -> usize {
        let filled = *self.filled.get_or_insert(now);
        let earned = now.saturating_duration_since(filled).as_micros() * RATE / 1_000_000;
        if earned > 0 {
            self.left = self.left.saturating_add(earned.try_into().unwrap_or(usize::MAX)).min(MAX_CHUNKS);
            self.filled = Some(now);
        }
        self.left
    }

    /// So many are.
    pub(crate) fn spend(&mut self, chunks: usize) {
        self.left = self.left.saturating_sub(chunks);
    }
}
