/// How many chunks may be under way: those that are sent and not acknowledged.
///
/// It grows by what is acknowledged while it is used, and shrinks where a quarter of what is sent is lost. A network that
/// loses chunks at random, as radio does, is no reason to send fewer: they have to be sent again.
#[derive(Debug)]
pub(super) struct Window {
    size: usize,
    /// The first chunk of the next round; what of this one was sent, and lost.
    round_end: u64,
    sent: usize,
    lost: usize,
}

/// Chunks at first and at least. The vendor's camera begins with 22.
const MIN_WINDOW: usize = 32;
/// At most: no more than that is ever kept.
const MAX_WINDOW: usize = 2 * crate::RESEND_STORE / crate::wire::CHUNK;

impl Window {
    pub(super) fn new() -> Self {
        Self { size: MIN_WINDOW, round_end: 0, sent: 0, lost: 0 }
    }

    /// Whether another chunk may be sent.
    pub(super) fn has_room(&self, under_way: usize) -> bool {
        under_way < self.size
    }

    /// A chunk is sent, for the first time or again.
    pub(super) fn sent(&mut self) {
        self.sent += 1;
    }

    /// Chunks before `base` have come, so many of them unknown before; `next` is the next one to be sent.
    pub(super) fn acked(&mut self, base: u64, next: u64, chunks: usize, under_way: usize) {
        if (under_way + chunks) * 2 >= self.size {
            self.size = (self.size + chunks).min(MAX_WINDOW);
        }
        if base >= self.round_end {
            if self.lost * 4 > self.sent {
                self.size = (self.size / 2).max(MIN_WINDOW);
            }
            (self.round_end, self.sent, self.lost) = (next, 0, 0);
        }
    }

    /// So many are missing.
    pub(super) fn lost(&mut self, chunks: usize) {
        self.lost += chunks;
    }

    /// Nothing is acknowledged.
    pub(super) fn timeout(&mut self) {
        self.size = MIN_WINDOW;
    }
}
