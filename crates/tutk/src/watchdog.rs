use std::time::{Duration, Instant};

use crate::SessionError;

/// Notices a camera that keeps its session alive and sends no video: its encoder hangs, it never received the start
/// command, or its first key frame never comes.
///
/// It is sans-IO: the caller reports frames, and calls [`check`](Self::check) at the [`deadline`](Self::deadline). After
/// the timeout without a frame it asks for another start command, and after twice as long the session is lost. A slow
/// camera has more time: three times the longest interval between two of its frames, up to 5 minutes.
#[derive(Debug)]
pub struct FrameWatchdog {
    timeout: Duration,
    longest_interval: Duration,
    /// The last frame, or the first start command.
    since: Instant,
    has_frames: bool,
    /// The start command that followed a stall, until a frame comes.
    restarted: Option<Instant>,
}

/// How many of a slow camera's intervals it has time for.
const INTERVALS: u32 = 3;
/// The most time that a slow camera has.
const MAX_TIME: Duration = Duration::from_secs(300);
/// A frame that follows the repeated start command within this time is its answer: the interval before it was a stall, and
/// not the camera's pace.
const ANSWER: Duration = Duration::from_secs(5);

impl FrameWatchdog {
    /// Begins at `now`, when the first start command was sent. A `timeout` of zero is none. `longest_interval` is what
    /// [`longest_interval`](Self::longest_interval) returned for the camera's last session; zero for a camera that is new.
    pub fn new(timeout: Duration, longest_interval: Duration, now: Instant) -> Self {
        Self { timeout, longest_interval, since: now, has_frames: false, restarted: None }
    }

    /// A frame that can be decoded was received at `at`.
    pub fn frame(&mut self, at: Instant) {
        let interval = at.saturating_duration_since(self.since);
        let is_answer = self.restarted.is_some_and(|sent| at.saturating_duration_since(sent) < ANSWER);
        if self.has_frames && !is_answer {
            self.longest_interval = self.longest_interval.max(interval);
        }
        self.since = self.since.max(at);
        self.has_frames = true;
        self.restarted = None;
    }

    /// When to call [`check`](Self::check); never if there is no timeout.
    pub fn deadline(&self) -> Option<Instant> {
        if self.timeout.is_zero() {
            return None;
        }
        self.restarted.unwrap_or(self.since).checked_add(self.time())
    }

    /// Whether to send the start command again, now. Fails with [`SessionError::NoFrames`] if the session is to be given up.
    pub fn check(&mut self, now: Instant) -> Result<bool, SessionError> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Ok(false);
        }
        if self.restarted.is_some() {
            return Err(self.no_frames(now));
        }
        self.restarted = Some(now);
        Ok(true)
    }

    /// The camera did not confirm the start command. Fails with [`SessionError::NoFrames`] unless a frame came all the same.
    pub fn unconfirmed(&self, now: Instant) -> Result<(), SessionError> {
        if self.has_frames && self.restarted.is_none() { Ok(()) } else { Err(self.no_frames(now)) }
    }

    /// Whether frames are overdue: the start command was sent again, and none has come since.
    pub fn is_stalled(&self) -> bool {
        self.restarted.is_some()
    }

    /// The longest time between two frames of a session so far; stalls do not count.
    pub fn longest_interval(&self) -> Duration {
        self.longest_interval
    }

    fn time(&self) -> Duration {
        self.timeout.max((self.longest_interval * INTERVALS).min(MAX_TIME))
    }

    fn no_frames(&self, now: Instant) -> SessionError {
        SessionError::NoFrames { silence: now.saturating_duration_since(self.since) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(15);
    const SECOND: Duration = Duration::from_secs(1);

    /// What happens after the last frame, in seconds since then: when the start command is sent again, and when the session
    /// is lost.
    fn stall(watchdog: &mut FrameWatchdog) -> (u64, u64) {
        let begin = watchdog.since;
        let restart = watchdog.deadline().unwrap();
        assert!(!watchdog.check(restart - SECOND).unwrap() && !watchdog.is_stalled());
        assert!(watchdog.check(restart).unwrap() && watchdog.is_stalled());
        let end = watchdog.deadline().unwrap();
        assert!(!watchdog.check(end - SECOND).unwrap());
        let Err(SessionError::NoFrames { silence }) = watchdog.check(end) else { panic!("the session goes on") };
        assert_eq!(silence, end - begin);
        ((restart - begin).as_secs(), silence.as_secs())
    }

    #[test]
    fn a_first_frame_that_never_comes_costs_the_session() {
        let mut watchdog = FrameWatchdog::new(TIMEOUT, Duration::ZERO, Instant::now());
        assert_eq!(stall(&mut watchdog), (15, 30));
    }

    #[test]
    fn frames_that_stop_cost_the_session() {
        let begin = Instant::now();
        let mut watchdog = FrameWatchdog::new(TIMEOUT, Duration::ZERO, begin);
        for number in 1..100 {
            watchdog.frame(begin + SECOND * number);
            assert!(!watchdog.check(begin + SECOND * number).unwrap());
        }
        assert_eq!(stall(&mut watchdog), (15, 30));
    }

    #[test]
    fn a_slow_camera_has_more_time_also_in_its_next_session() {
        let begin = Instant::now();
        let mut watchdog = FrameWatchdog::new(TIMEOUT, Duration::ZERO, begin);
        for number in 1..10 {
            watchdog.frame(begin + SECOND * 10 * number);
        }
        assert_eq!(stall(&mut watchdog), (30, 60));
        let mut next = FrameWatchdog::new(TIMEOUT, watchdog.longest_interval(), begin);
        assert_eq!(stall(&mut next), (30, 60));
        // So has one that the first session would have lost soon after.
        let mut watchdog = FrameWatchdog::new(TIMEOUT, Duration::ZERO, begin);
        watchdog.frame(begin);
        assert!(watchdog.check(begin + SECOND * 15).unwrap());
        watchdog.frame(begin + SECOND * 25);
        assert_eq!(stall(&mut watchdog), (75, 150));
        // But no more than any outage may take.
        watchdog = FrameWatchdog::new(TIMEOUT, SECOND * 3_600, begin);
        assert_eq!(stall(&mut watchdog), (300, 600));
    }

    #[test]
    fn a_stall_that_the_start_command_ended_is_no_pace() {
        let begin = Instant::now();
        let mut watchdog = FrameWatchdog::new(TIMEOUT, Duration::ZERO, begin);
        watchdog.frame(begin);
        for round in 1..5 {
            let stalled = begin + SECOND * 16 * round;
            assert!(watchdog.check(stalled - SECOND).unwrap());
            watchdog.frame(stalled);
            assert!(!watchdog.is_stalled());
        }
        assert_eq!(stall(&mut watchdog), (15, 30));
    }

    #[test]
    fn an_outage_is_no_pace() {
        let begin = Instant::now();
        let first = FrameWatchdog::new(TIMEOUT, Duration::ZERO, begin);
        let mut second = FrameWatchdog::new(TIMEOUT, first.longest_interval(), begin + SECOND * 100);
        second.frame(begin + SECOND * 110);
        assert_eq!(stall(&mut second), (15, 30));
    }

    #[test]
    fn after_a_pause_of_this_host_the_camera_has_its_time_to_answer() {
        let begin = Instant::now();
        let mut watchdog = FrameWatchdog::new(TIMEOUT, Duration::ZERO, begin);
        let late = begin + SECOND * 1_000;
        assert!(watchdog.check(late).unwrap());
        assert_eq!(watchdog.deadline(), Some(late + TIMEOUT));
    }

    #[test]
    fn an_unconfirmed_start_costs_the_session_unless_frames_come() {
        let begin = Instant::now();
        let mut watchdog = FrameWatchdog::new(TIMEOUT, Duration::ZERO, begin);
        assert!(
            matches!(watchdog.unconfirmed(begin + SECOND * 10), Err(SessionError::NoFrames { silence }) if silence == SECOND * 10)
        );
        watchdog.frame(begin);
        assert!(watchdog.unconfirmed(begin + SECOND * 10).is_ok());
        assert!(watchdog.check(begin + SECOND * 15).unwrap());
        assert!(watchdog.unconfirmed(begin + SECOND * 25).is_err());
    }

    #[test]
    fn zero_is_no_timeout() {
        let begin = Instant::now();
        let mut watchdog = FrameWatchdog::new(Duration::ZERO, SECOND * 10, begin);
        watchdog.frame(begin);
        assert_eq!(watchdog.deadline(), None);
        assert!(!watchdog.check(begin + SECOND * 1_000_000).unwrap());
    }
}
