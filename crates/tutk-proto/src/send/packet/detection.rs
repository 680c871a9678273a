use std::time::{Duration, Instant};

/// When a chunk that the receiver lists as missing is lost, and not only late: RFC 9002, section 6.1, and RFC 8985.
#[derive(Debug, Default)]
pub(super) struct Detection {
    /// When an answer is late.
    timeout: Option<Duration>,
    /// The shortest that was seen.
    round_trip: Option<Duration>,
    /// A chunk came late that was taken for lost: until then, that later ones have come means nothing.
    reorders_until: Option<Instant>,
}

/// A chunk is lost once one has come that was sent so many after it.
const THRESHOLD: u64 = 3;
/// How long it may take at least until an answer is late, and before anything is known.
const MIN_TIMEOUT: Duration = Duration::from_millis(4);
/// It doubles each time that the chunk is sent again, so often at most.
const MAX_DOUBLINGS: u32 = 4;
const FIRST_TIMEOUT: Duration = Duration::from_millis(50);
/// For how long a network that reorders is expected to do so again.
const REORDERS: Duration = Duration::from_secs(5);

impl Detection {
    /// How long an answer took, and when one is late.
    pub(super) fn set_times(&mut self, round_trip: Duration, timeout: Duration) {
        self.timeout = Some(timeout.max(MIN_TIMEOUT));
        self.round_trip = Some(self.round_trip.map_or(round_trip, |shortest| shortest.min(round_trip)));
    }

    /// Whether a listed chunk is lost that was last sent at that time, after so many repetitions and so many chunks before the
    /// highest that has come; `newest` is when the newest was sent that has come.
    pub(super) fn is_lost(
        &self,
        now: Instant,
        sent: Option<Instant>,
        repeats: u32,
        behind: u64,
        newest: Option<Instant>,
    ) -> bool {
        let Some(sent) = sent else { return false };
        let timeout = self.timeout.unwrap_or(FIRST_TIMEOUT);
        let in_order = repeats == 0 && self.reorders_until.is_none_or(|until| until <= now);
        now.saturating_duration_since(sent) >= timeout * (1 << repeats.min(MAX_DOUBLINGS))
            || newest.is_some_and(|at| sent + timeout / 4 <= at)
            || (in_order && behind >= THRESHOLD)
    }

    /// A chunk has come that was sent again at that time. Sooner than an answer can take, it is the first one that came.
    pub(super) fn came(&mut self, now: Instant, sent: Option<Instant>) {
        let since = sent.map(|sent| now.saturating_duration_since(sent));
        if since.zip(self.round_trip).is_some_and(|(since, shortest)| since < shortest) {
            self.reorders_until = Some(now + REORDERS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn three_later_chunks_or_time_make_a_loss() {
        let sent = Instant::now();
        let mut loss = Detection::default();
        let now = sent + 2 * MS;
        assert!(!loss.is_lost(now, Some(sent), 0, 2, None));
        assert!(loss.is_lost(now, Some(sent), 0, 3, None));
        assert!(!loss.is_lost(now, Some(sent), 0, 0, Some(sent + 12 * MS)));
        assert!(loss.is_lost(now, Some(sent), 0, 0, Some(sent + 13 * MS)));
        loss.set_times(4 * MS, 12 * MS);
        assert!(!loss.is_lost(sent + 11 * MS, Some(sent), 0, 0, None));
        assert!(loss.is_lost(sent + 12 * MS, Some(sent), 0, 0, None));
        // It waits longer for one that was sent again, and cannot be told from its first one by the order.
        assert!(!loss.is_lost(sent + 23 * MS, Some(sent), 1, 9, None));
        assert!(loss.is_lost(sent + 24 * MS, Some(sent), 1, 9, None));
    }

    #[test]
    fn order_means_nothing_after_a_chunk_that_came_late() {
        let sent = Instant::now();
        let mut loss = Detection::default();
        loss.set_times(4 * MS, 12 * MS);
        loss.came(sent + 4 * MS, Some(sent));
        assert!(loss.is_lost(sent, Some(sent), 0, 3, None));
        loss.came(sent + 3 * MS, Some(sent));
        assert!(!loss.is_lost(sent, Some(sent), 0, 3, None));
        assert!(loss.is_lost(sent + REORDERS + 3 * MS, Some(sent + REORDERS + 2 * MS), 0, 3, None));
    }
}
