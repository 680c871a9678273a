//! When the next try to connect follows.

use std::time::Duration;

/// Least time between a loss and the first try, and between two tries.
const MIN_WAIT: Duration = Duration::from_millis(500);
/// Most time between two tries.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(30);
/// The same after a session without a frame: the camera can be reached, and has no video, for instance in privacy mode.
pub(super) const MAX_WAIT_WITHOUT_FRAMES: Duration = Duration::from_secs(300);

/// Counts the tries and makes the time between them grow.
#[derive(Debug)]
pub(super) struct Backoff {
    tries: u32,
    last: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { tries: 0, last: MIN_WAIT }
    }
}

impl Backoff {
    /// The number of the next try, from 1, and how long to wait until then, at most `max_wait`. `random` is in 0..1: many
    /// viewers that lose a camera at once must not all come back at once.
    pub(super) fn next(&mut self, random: f64, max_wait: Duration) -> (u32, Duration) {
        self.tries += 1;
        let most = (self.last * 3).min(max_wait);
        self.last = MIN_WAIT + (most - MIN_WAIT).mul_f64(random.clamp(0.0, 1.0));
        (self.tries, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_become_rare_within_bounds() {
        for (random, expected) in
            [(0.0, [500, 500, 500, 500, 500, 500, 500]), (1.0, [1_500, 4_500, 13_500, 30_000, 30_000, 30_000, 30_000])]
        {
            let mut backoff = Backoff::default();
            let tries: Vec<_> = (0..7).map(|_| backoff.next(random, MAX_WAIT)).collect();
            assert_eq!(tries.iter().map(|(_, wait)| wait.as_millis()).collect::<Vec<_>>(), expected);
            assert_eq!(tries.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
        }
    }
    #[test]
    fn tries_become_rarer_still_while_sessions_bring_no_frame() {
        let mut backoff = Backoff::default();
        let tries: Vec<_> = (0..8).map(|_| backoff.next(1.0, MAX_WAIT_WITHOUT_FRAMES).1.as_millis()).collect();
        assert_eq!(tries, [1_500, 4_500, 13_500, 40_500, 121_500, 300_000, 300_000, 300_000]);
        // A camera that restarts meanwhile is looked for as often as any other.
        assert_eq!(backoff.next(1.0, MAX_WAIT).1, MAX_WAIT);
    }
}
