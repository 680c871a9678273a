use std::time::{Duration, Instant};

/// Acknowledgements of a client that takes no resend, and acknowledges each frame that is complete: go2rtc's.
///
/// It asks for nothing, and a chunk that it has twice confuses it. But it answers in order. So the clock is sent behind each
/// frame, and where its answer comes without the frame's acknowledgement, the whole frame is sent again, with chunk numbers
/// that go on. The next frame waits for that, and so each frame costs a round trip: this is for a LAN.
#[derive(Debug)]
pub(super) struct FrameAcks {
    waiting: Option<Waiting>,
    round_trip: Option<Duration>,
    /// Frames given up since the last acknowledgement.
    given_up: u32,
}

#[derive(Debug)]
struct Waiting {
    /// The frame's last chunk, as it was sent first.
    last: u64,
    since: Instant,
    /// The clock that was sent behind it, and when to send another one.
    clock: Option<(u64, Instant)>,
}

/// With a longer round trip nothing is waited for.
const MAX_ROUND_TRIP: Duration = Duration::from_millis(100);
/// How long a frame is sent again and again, and how many others may wait for it.
const DEADLINE: Duration = Duration::from_millis(500);
const MAX_QUEUE: usize = 4;
/// A client that lacks a chunk waits until so many later ones have come.
const EARLY: u64 = 5;
/// After so many frames in a row without an acknowledgement there are none to be waited for.
const MAX_GIVEN_UP: u32 = 8;

impl FrameAcks {
    pub(super) fn new() -> Self {
        Self { waiting: None, round_trip: None, given_up: 0 }
    }

    /// With how many chunks more a frame of so many is sent again: its first one, repeated. Without them the client would go
    /// on waiting for the one that is lost, and have the frame several times in the end.
    pub(super) fn lead(chunks: u16) -> u64 {
        EARLY.saturating_sub(chunks.into())
    }

    /// A frame was sent up to its last chunk. Returns whether to wait for its acknowledgement.
    pub(super) fn sent(&mut self, now: Instant, last: u64) -> bool {
        let is_near = self.round_trip.is_none_or(|time| time <= MAX_ROUND_TRIP);
        if self.waiting.is_none() && is_near && self.given_up < MAX_GIVEN_UP {
            self.waiting = Some(Waiting { last, since: now, clock: None });
        }
        self.waiting.is_some()
    }

    /// Whether the next frame has to wait.
    pub(super) fn waits(&self) -> bool {
        self.waiting.is_some()
    }

    pub(super) fn wants_clock(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.clock.is_none())
    }

    /// This clock is sent behind the frame; its answer is expected within `interval`.
    pub(super) fn clock_sent(&mut self, now: Instant, clock: u64, interval: Duration) {
        if let Some(waiting) = &mut self.waiting
            && waiting.clock.is_none()
        {
            waiting.clock = Some((clock, now + interval));
        }
    }

    /// The client has completed the frame that ends with this chunk. Returns whether that ends the wait.
    pub(super) fn acked(&mut self, last: u64) -> bool {
        self.given_up = 0;
        self.waiting.take_if(|waiting| waiting.last <= last).is_some()
    }

    /// The client answers this clock. Returns whether it lacks the frame.
    pub(super) fn is_lost(&self, clock: u64) -> bool {
        self.waiting.as_ref().and_then(|waiting| waiting.clock).is_some_and(|(sent, _)| sent <= clock)
    }

    pub(super) fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = Some(round_trip);
    }

    /// The frame is sent again.
    pub(super) fn again(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.clock = None;
        }
    }

    /// Whether it is late to send the frame again, where so many others wait for it. If so, the wait is over.
    pub(super) fn gives_up(&mut self, now: Instant, queue: usize) -> bool {
        let is_late = |since: Instant| now.saturating_duration_since(since) > DEADLINE || queue > MAX_QUEUE;
        let gives_up = self.waiting.take_if(|waiting| is_late(waiting.since)).is_some();
        self.given_up += u32::from(gives_up);
        gives_up
    }

    /// When the clock should have been answered.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.as_ref()?.clock.map(|(_, until)| until)
    }

    /// Returns whether the clock was not answered in time. Another one is sent then.
    pub(super) fn timed_out(&mut self, now: Instant) -> bool {
        let is_due = self.poll_timeout().is_some_and(|until| until <= now);
        if is_due {
            self.again();
        }
        is_due
    }

    /// Forgets the frame.
    pub(super) fn clear(&mut self) {
        self.waiting = None;
    }
}
