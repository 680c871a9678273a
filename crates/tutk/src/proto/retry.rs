use std::time::{Duration, Instant};

/// When to ask again, from the round trips seen so far (as RFC 6298 smooths them).
#[derive(Debug)]
pub(super) struct Retry {
    smoothed: Option<Duration>,
    deviation: Duration,
    /// A round trip under way: what was asked, and when.
    probe: Option<(u32, Instant)>,
}

const FIRST: Duration = Duration::from_millis(50);
const LEAST: Duration = Duration::from_millis(20);
const MOST: Duration = Duration::from_millis(250);

impl Retry {
    pub(super) fn new() -> Self {
        Self { smoothed: None, deviation: Duration::ZERO, probe: None }
    }

    /// Something was sent that the other side answers at once with the same number.
    pub(super) fn sent(&mut self, number: u32, now: Instant) {
        self.probe = Some((number, now));
    }

    /// An answer came.
    pub(super) fn answered(&mut self, number: u32, now: Instant) {
        if let Some((probe, sent)) = self.probe
            && probe == number
        {
            self.probe = None;
            let sample = now.saturating_duration_since(sent);
            match self.smoothed {
                None => {
                    self.smoothed = Some(sample);
                    self.deviation = sample / 2;
                }
                Some(smoothed) => {
                    self.deviation = (self.deviation * 3 + smoothed.abs_diff(sample)) / 4;
                    self.smoothed = Some((smoothed * 7 + sample) / 8);
                }
            }
        }
    }

    /// The smoothed round trip.
    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.smoothed
    }

    /// How long to wait for an answer before asking again.
    pub(super) fn interval(&self) -> Duration {
        self.smoothed.map_or(FIRST, |smoothed| (smoothed + self.deviation * 4).clamp(LEAST, MOST))
    }
}

/// Something that is sent until it is answered.
#[derive(Debug)]
pub(super) struct Repeat {
    due: Instant,
    tries: u32,
}

impl Repeat {
    /// For the first time, now.
    pub(super) fn new(now: Instant) -> Self {
        Self { due: now, tries: 0 }
    }

    pub(super) fn due(&self) -> Instant {
        self.due
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due <= now
    }

    /// It was sent; the next time is due a little later each time.
    pub(super) fn sent(&mut self, now: Instant, first: Duration, most: Duration) {
        self.tries += 1;
        self.due = now + (first * self.tries).min(most);
    }
}
