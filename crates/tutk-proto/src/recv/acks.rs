use std::collections::VecDeque;
use std::time::Instant;

use super::retry::Retry;

/// Acknowledges frames, each until the camera confirms it with AckReceived.
///
/// The vendor's camera keeps every frame until then, and sends no more video once its store is full.
#[derive(Debug, Default)]
pub(crate) struct Acks(VecDeque<Ack>);

#[derive(Debug)]
struct Ack {
    frame: u32,
    tries: u8,
    /// When it was sent first.
    sent: Option<Instant>,
    due: Option<Instant>,
}

const TRIES: u8 = 30;
const MAX_FRAMES: usize = 2048;

impl Acks {
    pub(crate) fn push(&mut self, frame: u32) {
        if self.0.len() == MAX_FRAMES {
            self.0.pop_front();
        }
        self.0.push_back(Ack { frame, tries: 0, sent: None, due: None });
    }

    /// The camera has seen that: how long it took is a sample for `retry`.
    pub(crate) fn seen(&mut self, now: Instant, frame: u32, retry: &mut Retry) {
        let Some(at) = self.0.iter().position(|ack| ack.frame == frame) else { return };
        match self.0.remove(at) {
            Some(Ack { tries: 1, sent: Some(sent), .. }) => retry.sample(now.saturating_duration_since(sent)),
            _ => retry.ambiguous(),
        }
    }

    pub(crate) fn poll(&mut self, now: Instant, retry: &Retry) -> Option<u32> {
        let at = self.0.iter().position(|ack| ack.due.is_none_or(|due| due <= now))?;
        let ack = self.0.get_mut(at)?;
        ack.tries += 1;
        ack.sent.get_or_insert(now);
        ack.due = Some(now + retry.ack_interval() * ack.tries.min(4).into());
        let frame = ack.frame;
        if ack.tries == TRIES {
            self.0.remove(at);
        }
        Some(frame)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.0.iter().filter_map(|ack| ack.due).min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Frames at 30 fps, each acknowledged as soon as it is complete; answers after `round_trip`.
    fn run(acks: &mut Acks, retry: &mut Retry, start: Instant, round_trip: Duration) -> u32 {
        let ms = Duration::from_millis(1);
        let (mut answers, mut sent) = (VecDeque::new(), 0);
        for time in 0..5_000 {
            let now = start + ms * time;
            if time % 33 == 0 {
                acks.push(time / 33);
            }
            while let Some(frame) = acks.poll(now, retry) {
                sent += 1;
                answers.push_back((now + round_trip, frame));
            }
            while let Some((_, frame)) = answers.pop_front_if(|(at, _)| *at <= now) {
                acks.seen(now, frame, retry);
            }
        }
        sent
    }

    #[test]
    fn a_round_trip_longer_than_the_frame_interval_is_measured() {
        for ms in [5, 60, 200, 450] {
            let round_trip = Duration::from_millis(ms);
            let (mut acks, mut retry) = (Acks::default(), Retry::default());
            let sent = run(&mut acks, &mut retry, Instant::now(), round_trip);
            assert_eq!(retry.round_trip(), Some(round_trip));
            assert_eq!(sent, 152, "each once: {ms} ms");
        }
    }

    /// Every timer is too short at first, so that each acknowledgement goes out twice: none is a sample until the timer
    /// has grown.
    #[test]
    fn a_round_trip_that_grows_is_measured_again() {
        let (mut acks, mut retry, start) = (Acks::default(), Retry::default(), Instant::now());
        run(&mut acks, &mut retry, start, Duration::from_millis(5));
        run(&mut acks, &mut retry, start + Duration::from_secs(5), Duration::from_millis(400));
        assert!(retry.round_trip().unwrap() > Duration::from_millis(390), "{:?}", retry.round_trip());
    }

    #[test]
    fn an_answer_to_one_of_two_is_no_sample() {
        let (mut acks, mut retry, now) = (Acks::default(), Retry::default(), Instant::now());
        acks.push(1);
        assert_eq!(acks.poll(now, &retry), Some(1));
        assert_eq!(acks.poll(now, &retry), None);
        let again = acks.poll_timeout().unwrap();
        assert_eq!(acks.poll(again, &retry), Some(1));
        acks.seen(again + Duration::from_millis(1), 1, &mut retry);
        assert_eq!(retry.round_trip(), None);
        assert_eq!(acks.poll_timeout(), None);
    }
}
