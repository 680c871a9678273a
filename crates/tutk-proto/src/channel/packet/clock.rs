use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::wire::packet::{Clock, ClockAnswer};

/// Sends the clock every so often, and answers the other side's.
#[derive(Debug)]
pub(super) struct Clocks {
    start: Instant,
    due: Instant,
    /// How many more answers until clocks go out each [`STEADY_INTERVAL`] alone; none: they never do.
    until_steady: Option<u32>,
    /// What was sent and not answered.
    sent: VecDeque<Sent>,
    /// How many were sent.
    count: u64,
    /// The AV sequence of the last clock that was answered.
    answered: u16,
    /// Messages since then.
    received: u16,
    answers: VecDeque<ClockAnswer>,
}

/// A clock on its way.
#[derive(Debug)]
struct Sent {
    time: u16,
    at: Instant,
    number: u64,
}

/// The longest time from one clock to the next. The vendor's libraries (3.1.5, 4.2) send one each 200 ms.
const INTERVAL: Duration = Duration::from_millis(300);
/// So much earlier it goes with something else: that saves both ends waking up for it.
const EARLY: Duration = Duration::from_millis(100);
/// The interval of a client that knows the round trip. Nothing but its repetitions depends on it.
const STEADY_INTERVAL: Duration = Duration::from_secs(1);
/// Answers after which it knows it.
const STEADY_ANSWERS: u32 = 4;
/// Clocks that are kept: older ones are not answered any more.
const MAX_SENT: usize = 16;
/// Answers that wait to be sent; nobody asks so often.
const MAX_ANSWERS: usize = 8;
/// What the vendor's library says before it knows the round trip.
const UNKNOWN: u16 = 50;

impl Clocks {
    /// Of a client.
    pub(super) fn client(now: Instant) -> Self {
        Self { until_steady: Some(STEADY_ANSWERS), ..Self::server(now) }
    }

    /// Of a server, whose repetitions and pace follow each answer.
    pub(super) fn server(now: Instant) -> Self {
        Self {
            start: now,
            due: now,
            until_steady: None,
            sent: VecDeque::new(),
            count: 0,
            answered: u16::MAX,
            received: 0,
            answers: VecDeque::new(),
        }
    }

    /// Milliseconds; wraps.
    pub(super) fn time(&self, now: Instant) -> u16 {
        now.saturating_duration_since(self.start).as_millis() as u16
    }

    /// A message has come that has an AV sequence, or a login or its answer.
    pub(super) fn received(&mut self) {
        self.received = self.received.wrapping_add(1);
    }

    /// The other side's clock, in a message with this sequence.
    pub(super) fn handle(&mut self, now: Instant, sequence: u16, clock: Clock) {
        if self.answers.len() >= MAX_ANSWERS {
            return;
        }
        let expected = sequence.wrapping_sub(self.answered);
        // One that was overtaken is not counted from.
        let expected = if expected > u16::MAX / 2 { 0 } else { expected };
        let lost = u32::from(expected.saturating_sub(self.received));
        let loss = (lost * 100).div_ceil(u32::from(expected).max(1)) as u16;
        self.answers.push_back(ClockAnswer { time: clock.time, expected, received: self.received, loss });
        self.join(now);
        if expected > 0 {
            self.answered = sequence;
            self.received = 0;
        }
    }

    /// The other side answers. Returns which clock, counted from 1, and the round trip.
    pub(super) fn answered(&mut self, now: Instant, answer: ClockAnswer) -> Option<(u64, Duration)> {
        let at = self.sent.iter().position(|sent| sent.time == answer.time)?;
        let sent = self.sent.remove(at)?;
        self.until_steady = self.until_steady.map(|answers| answers.saturating_sub(1));
        Some((sent.number, now.saturating_duration_since(sent.at)))
    }

    /// Something is sent now: the clock goes with it if it is nearly due.
    pub(super) fn join(&mut self, now: Instant) {
        if self.due <= now + EARLY {
            self.due = now;
        }
    }

    /// Sends the clock at once.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.due = now;
    }

    /// The number of the clock that was sent last.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn poll_timeout(&self) -> Instant {
        self.due
    }

    pub(super) fn poll_answer(&mut self) -> Option<ClockAnswer> {
        self.answers.pop_front()
    }

    /// The clock, if it is time to send it.
    pub(super) fn poll_clock(&mut self, now: Instant, round_trip: Option<Duration>) -> Option<Clock> {
        if self.due > now {
            return None;
        }
        self.due = now + if self.until_steady == Some(0) { STEADY_INTERVAL } else { INTERVAL };
        let time = self.time(now);
        if self.sent.len() == MAX_SENT {
            self.sent.pop_front();
        }
        self.count += 1;
        self.sent.push_back(Sent { time, at: now, number: self.count });
        let round_trip = round_trip.map_or(UNKNOWN, |time| time.as_millis().min(u16::MAX.into()) as u16);
        Some(Clock { time, round_trip })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock { time: 7, round_trip: 50 }
    }

    fn answers(clocks: &mut Clocks) -> Vec<(u16, u16, u16)> {
        std::iter::from_fn(|| clocks.poll_answer()).map(|a| (a.expected, a.received, a.loss)).collect()
    }

    #[test]
    fn losses_are_counted_from_one_answer_to_the_next() {
        let now = Instant::now();
        let mut clocks = Clocks::server(now);
        (0..3).for_each(|_| clocks.received());
        clocks.handle(now, 2, clock());
        (0..8).for_each(|_| clocks.received());
        clocks.handle(now, 12, clock());
        assert_eq!(answers(&mut clocks), [(3, 3, 0), (10, 8, 20)]);
        // One that was overtaken, and one that comes twice.
        clocks.handle(now, 11, clock());
        clocks.handle(now, 12, clock());
        assert_eq!(answers(&mut clocks), [(0, 0, 0), (0, 0, 0)]);
        clocks.answered = 0xfffe;
        (0..2).for_each(|_| clocks.received());
        clocks.handle(now, 1, clock());
        assert_eq!(answers(&mut clocks), [(3, 2, 34)]);
    }

    #[test]
    fn the_round_trip_is_that_of_the_clock_which_is_answered() {
        let now = Instant::now();
        let mut clocks = Clocks::server(now);
        let first = clocks.poll_clock(now, None).unwrap();
        assert_eq!(first, Clock { time: 0, round_trip: 50 });
        assert_eq!(clocks.poll_clock(now, None), None);
        let later = clocks.poll_timeout();
        let second = clocks.poll_clock(later, Some(Duration::from_millis(3))).unwrap();
        assert_eq!(second, Clock { time: 300, round_trip: 3 });
        let answer = |clock: Clock| ClockAnswer { time: clock.time, expected: 1, received: 1, loss: 0 };
        let end = later + Duration::from_millis(5);
        assert_eq!(clocks.answered(end, answer(second)), Some((2, Duration::from_millis(5))));
        assert_eq!(clocks.answered(end, answer(second)), None, "twice");
        assert_eq!(clocks.answered(end, answer(first)), Some((1, Duration::from_millis(305))));
        assert_eq!(clocks.answered(end, ClockAnswer { time: 9, ..answer(first) }), None);
    }

    #[test]
    fn the_own_clock_goes_with_an_answer_where_it_is_nearly_due() {
        let now = Instant::now();
        let mut clocks = Clocks::server(now);
        assert!(clocks.poll_clock(now, None).is_some());
        for (after, goes) in [(INTERVAL / 4, false), (INTERVAL * 3 / 4, true)] {
            let later = now + after;
            clocks.handle(later, 1, clock());
            assert_eq!(clocks.poll_clock(later, None).is_some(), goes);
        }
        assert_eq!(clocks.poll_timeout(), now + INTERVAL * 3 / 4 + INTERVAL);
    }

    #[test]
    fn a_client_asks_less_often_once_it_knows_the_round_trip() {
        for (mut clocks, steady) in [(Clocks::client(Instant::now()), true), (Clocks::server(Instant::now()), false)] {
            for _ in 0..STEADY_ANSWERS {
                let at = clocks.poll_timeout();
                let Clock { time, .. } = clocks.poll_clock(at, None).unwrap();
                assert_eq!(clocks.poll_timeout(), at + INTERVAL);
                clocks.answered(at, ClockAnswer { time, expected: 1, received: 1, loss: 0 }).unwrap();
            }
            let at = clocks.poll_timeout();
            clocks.poll_clock(at, None).unwrap();
            assert_eq!(clocks.poll_timeout() - at, if steady { STEADY_INTERVAL } else { INTERVAL });
        }
    }
}
