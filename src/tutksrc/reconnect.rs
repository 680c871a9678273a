//! When a lost session is taken up again.

use std::time::Duration;

use tutk::Error;

/// Bounds of the time between a loss and the first try, and between two tries.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Counts the tries and makes the time between them grow.
#[derive(Debug)]
pub(super) struct Backoff {
    tries: u32,
    last: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { tries: 0, last: SHORTEST }
    }
}

impl Backoff {
    /// The number of the next try, from 1, and how long to wait until then. `random` is in 0..1: many viewers that lose a
    /// camera at once must not all come back at once.
    pub(super) fn next(&mut self, random: f64) -> (u32, Duration) {
        self.tries += 1;
        let most = (self.last * 3).min(LONGEST);
        self.last = SHORTEST + (most - SHORTEST).mul_f64(random.clamp(0.0, 1.0));
        (self.tries, self.last)
    }
}

/// Whether this may be over by itself: the camera or the network comes back, or a place at the camera becomes free.
pub(super) fn may_pass(error: &Error) -> bool {
    match error {
        Error::NotFound { .. }
        | Error::NoAnswer { .. }
        | Error::Full { .. }
        | Error::ClosedByCamera
        | Error::TimedOut { .. }
        | Error::Io { .. }
        | Error::Protocol(_)
        | Error::Library { .. } => true,
        // Waiting changes nothing: somebody must set a property or install something.
        _ => false,
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
            let tries: Vec<_> = (0..7).map(|_| backoff.next(random)).collect();
            assert_eq!(tries.iter().map(|(_, wait)| wait.as_millis()).collect::<Vec<_>>(), expected);
            assert_eq!(tries.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
        }
    }
}
