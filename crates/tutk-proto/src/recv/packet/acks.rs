use std::time::{Duration, Instant};

/// When to acknowledge.
#[derive(Debug, Default)]
pub(crate) struct AckTimer {
    due: Option<Instant>,
    last: Option<Instant>,
    /// Chunks since the last acknowledgement.
    chunks: u32,
    /// How often the same gap was reported.
    repeats: u32,
    round_trip: Option<Duration>,
}

/// What came, for the next acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reported {
    /// A chunk within a frame.
    Chunk,
    /// The last chunk of a frame, and nothing is missing.
    Frame,
    /// Something behind a gap, or into one.
    Gap,
    /// An IO control, or what had come before.
    Other,
}

/// How long an acknowledgement waits for more to acknowledge.
const DELAY: Duration = Duration::from_millis(5);
/// Between two acknowledgements.
const INTERVAL: Duration = Duration::from_millis(20);
/// The same where something is missing or repeated: half a round trip, but no less and no more.
const GAP_INTERVAL: (Duration, Duration) = (Duration::from_millis(3), Duration::from_millis(10));
/// A gap is reported again after so many of these if nothing comes, and later each time. The vendor's camera sends a chunk again once it
/// is reported for the second time.
const REPEAT: u32 = 2;
const MAX_REPEAT: Duration = Duration::from_millis(120);
/// After so many chunks an acknowledgement does not wait: the sender may have to.
const AT_ONCE: u32 = 32;

impl AckTimer {
    /// How long an answer takes.
    pub(crate) fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = Some(round_trip);
    }

    fn gap_interval(&self) -> Duration {
        let (least, most) = GAP_INTERVAL;
        self.round_trip.map_or(most, |time| (time / 2).clamp(least, most))
    }

    /// Something came.
    pub(crate) fn came(&mut self, now: Instant, what: Reported) {
        let after = |wait: Duration| self.last.map_or(now, |last| now.max(last + wait));
        self.chunks += u32::from(what != Reported::Other);
        self.repeats = 0;
        let due = match what {
            _ if self.chunks >= AT_ONCE => now,
            Reported::Chunk => after(INTERVAL).max(now + DELAY),
            Reported::Frame => after(INTERVAL),
            Reported::Gap | Reported::Other => after(self.gap_interval()),
        };
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// Whether one is to be sent now.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// None is to be sent any more; returns whether one was.
    pub(crate) fn cancel(&mut self) -> bool {
        self.due.take().is_some()
    }

    /// It is sent; `gap` says whether it reports one.
    pub(crate) fn sent(&mut self, now: Instant, gap: bool) {
        self.repeats += 1;
        self.chunks = 0;
        self.last = Some(now);
        self.due = gap.then(|| now + (self.gap_interval() * (REPEAT * self.repeats)).min(MAX_REPEAT));
    }
}
