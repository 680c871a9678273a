use std::time::{Duration, Instant};

/// When to ask again, from the round trips seen so far, smoothed as RFC 6298 says.
///
/// Only what was sent once and then answered is a sample (Karn's rule): an answer to what was sent twice can be to either.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    smoothed: Option<Duration>,
    deviation: Duration,
    /// How often the time for an acknowledgement was doubled since the last sample.
    backoff: u32,
}

/// How long to wait for an answer to a request, before the first sample and at least and at most.
const FIRST_INTERVAL: Duration = Duration::from_millis(50);
const MIN_INTERVAL: Duration = Duration::from_millis(20);
const MAX_INTERVAL: Duration = Duration::from_millis(500);
/// The same for an acknowledgement. There is no haste, and a second one before the first can be answered is no sample.
const FIRST_ACK_INTERVAL: Duration = Duration::from_millis(500);
const MAX_ACK_INTERVAL: Duration = Duration::from_secs(3);

impl Retry {
    /// What was sent once was answered after this time.
    pub(crate) fn sample(&mut self, time: Duration) {
        self.backoff = 0;
        match self.smoothed {
            None => {
                self.smoothed = Some(time);
                self.deviation = time / 2;
            }
            Some(smoothed) => {
                self.deviation = (self.deviation * 3 + smoothed.abs_diff(time)) / 4;
                self.smoothed = Some((smoothed * 7 + time) / 8);
            }
        }
    }

    /// What was sent more than once was answered: the second one may have been too early, and so would the next ones be.
    pub(crate) fn ambiguous(&mut self) {
        self.backoff += 1;
    }

    /// The smoothed round trip.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.smoothed
    }

    /// How long to wait for what was asked for before asking again.
    pub(crate) fn interval(&self) -> Duration {
        self.timeout().map_or(FIRST_INTERVAL, |timeout| timeout.clamp(MIN_INTERVAL, MAX_INTERVAL))
    }

    /// How long to wait for the answer to an acknowledgement before sending it again.
    pub(crate) fn ack_interval(&self) -> Duration {
        let timeout = self.timeout().map_or(FIRST_ACK_INTERVAL, |timeout| timeout.max(MIN_INTERVAL));
        timeout.saturating_mul(1 << self.backoff.min(8)).min(MAX_ACK_INTERVAL)
    }

    /// The time after which an answer is late.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        // A steady round trip has no deviation, and timers are not exact.
        self.smoothed.map(|smoothed| smoothed + (self.deviation * 4).max(smoothed / 8))
    }
}

/// Something that is sent until it is answered.
#[derive(Debug)]
pub(crate) struct Repeat {
    due: Instant,
    tries: u32,
}

impl Repeat {
    /// For the first time, now.
    pub(crate) fn new(now: Instant) -> Self {
        Self { due: now, tries: 0 }
    }

    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due <= now
    }

    /// It was sent; the next time is due a little later each time.
    pub(crate) fn sent(&mut self, now: Instant, first: Duration, most: Duration) {
        self.tries += 1;
        self.due = now + (first * self.tries).min(most);
    }
}
