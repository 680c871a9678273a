//! Whether and when another try to connect follows.

use std::time::{Duration, Instant};

/// Least time between a loss and the first try, and between two tries.
const MIN_WAIT: Duration = Duration::from_millis(500);
/// Most time between two tries.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// The same after a session without a frame: the camera can be reached, and has no video, for instance in privacy mode.
const MAX_WAIT_WITHOUT_FRAMES: Duration = Duration::from_secs(300);

/// What makes another try necessary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No session was established.
    Connect,
    /// The session was lost.
    Session,
}

/// A try to connect that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NextTry {
    /// Its number since the last frame, from 1.
    pub(super) attempt: u32,
    /// How long until then.
    pub(super) wait: Duration,
    /// For how long the camera is tried at all, if that has a limit.
    pub(super) limit: Option<Duration>,
}

/// Decides on each failure.
#[derive(Debug)]
pub(super) struct Reconnect {
    enabled: bool,
    /// For how long the first connect is tried, if that has a limit.
    retry_timeout: Option<Duration>,
    /// When the first connect was tried, until a session is established.
    since: Option<Instant>,
    was_connected: bool,
    /// Whether a frame of the last session went downstream.
    had_frames: bool,
    backoff: Backoff,
}

impl Reconnect {
    pub(super) fn new(enabled: bool, retry_timeout: Option<Duration>) -> Self {
        Self {
            enabled,
            retry_timeout,
            since: None,
            was_connected: false,
            had_frames: false,
            backoff: Backoff::default(),
        }
    }

    /// A try begins.
    pub(super) fn trying(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// A session is established.
    pub(super) fn connected(&mut self) {
        self.since = None;
        self.was_connected = true;
        self.had_frames = false;
    }

    /// Whether there ever was a session.
    pub(super) fn was_connected(&self) -> bool {
        self.was_connected
    }

    /// A frame goes downstream.
    pub(super) fn frame(&mut self) {
        self.had_frames = true;
        self.backoff = Backoff::default();
    }

    /// The time limit of the first connect restarts with the next try.
    pub(super) fn paused(&mut self) {
        self.since = None;
    }

    /// The next try; none if there is none. `random` is in 0..1.
    pub(super) fn next_try(&mut self, failure: Failure, now: Instant, random: f64) -> Option<NextTry> {
        let limit = self.retry_timeout.filter(|_| !self.was_connected);
        let passed = self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let left = limit.map(|limit| limit.saturating_sub(passed));
        if !self.enabled || left.is_some_and(|left| left.is_zero()) {
            return None;
        }
        let has_no_video = failure == Failure::Session && !self.had_frames;
        let max_wait = if has_no_video { MAX_WAIT_WITHOUT_FRAMES } else { MAX_WAIT };
        let (attempt, wait) = self.backoff.next(random, max_wait);
        Some(NextTry { attempt, wait: left.map_or(wait, |left| wait.min(left)), limit })
    }
}

/// Counts the tries, and makes the time between them grow.
#[derive(Debug)]
struct Backoff {
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
    fn next(&mut self, random: f64, max_wait: Duration) -> (u32, Duration) {
        self.tries += 1;
        let most = (self.last * 3).min(max_wait);
        self.last = MIN_WAIT + (most - MIN_WAIT).mul_f64(random.clamp(0.0, 1.0));
        (self.tries, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The waits before the next tries, in milliseconds.
    fn waits(reconnect: &mut Reconnect, failure: Failure, random: f64, count: usize) -> Vec<u128> {
        let now = Instant::now();
        (0..count).map(|_| reconnect.next_try(failure, now, random).unwrap().wait.as_millis()).collect()
    }

    #[test]
    fn tries_become_rare_within_bounds() {
        for (random, expected) in
            [(0.0, [500, 500, 500, 500, 500, 500, 500]), (1.0, [1_500, 4_500, 13_500, 30_000, 30_000, 30_000, 30_000])]
        {
            let mut reconnect = Reconnect::new(true, None);
            assert_eq!(waits(&mut reconnect, Failure::Connect, random, 7), expected);
            assert_eq!(reconnect.next_try(Failure::Connect, Instant::now(), random).unwrap().attempt, 8);
            reconnect.frame();
            assert_eq!(reconnect.next_try(Failure::Session, Instant::now(), random).unwrap().attempt, 1);
        }
    }

    #[test]
    fn tries_become_rarer_still_while_sessions_bring_no_frame() {
        let mut reconnect = Reconnect::new(true, None);
        reconnect.connected();
        let expected = [1_500, 4_500, 13_500, 40_500, 121_500, 300_000, 300_000, 300_000];
        assert_eq!(waits(&mut reconnect, Failure::Session, 1.0, 8), expected);
        // A camera that restarts meanwhile is tried as often as any other.
        assert_eq!(waits(&mut reconnect, Failure::Connect, 1.0, 1), [30_000]);
        reconnect.frame();
        assert_eq!(waits(&mut reconnect, Failure::Session, 1.0, 4), [1_500, 4_500, 13_500, 30_000]);
    }

    #[test]
    fn the_first_connect_has_a_limit_and_later_ones_have_none() {
        let limit = Duration::from_secs(2);
        let mut reconnect = Reconnect::new(true, Some(limit));
        let begin = Instant::now();
        reconnect.trying(begin);
        let next = |reconnect: &mut Reconnect, millis| {
            let now = begin + Duration::from_millis(millis);
            reconnect.next_try(Failure::Connect, now, 1.0).map(|next| (next.wait.as_millis(), next.limit))
        };
        assert_eq!(next(&mut reconnect, 0), Some((1_500, Some(limit))));
        reconnect.trying(begin + Duration::from_millis(1_500));
        assert_eq!(next(&mut reconnect, 1_600), Some((400, Some(limit))));
        assert_eq!(next(&mut reconnect, 2_000), None);
        reconnect.paused();
        assert!(next(&mut reconnect, 2_000).is_some());
        reconnect.connected();
        assert!(reconnect.was_connected() && next(&mut reconnect, 1_000_000).is_some_and(|(_, limit)| limit.is_none()));
    }

    #[test]
    fn without_reconnect_there_is_one_try() {
        let mut reconnect = Reconnect::new(false, None);
        assert_eq!(reconnect.next_try(Failure::Connect, Instant::now(), 0.5), None);
        reconnect.connected();
        reconnect.frame();
        assert_eq!(reconnect.next_try(Failure::Session, Instant::now(), 0.5), None);
    }
}
