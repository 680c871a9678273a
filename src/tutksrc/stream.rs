//! What `tutksrc` keeps while it is started.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tutk::{Session, SessionOptions, VideoParser};

use super::gate::Gate;
use super::output::Times;
use super::reconnect::Backoff;
use super::timing::{ClockRecovery, Stamper};
use crate::TimestampMode;

/// How far the running time may go back without a move of the base: by a pause, because elements take their time to pause.
const PAUSE_JITTER: gst::ClockTime = gst::ClockTime::SECOND;

#[derive(Default)]
#[allow(clippy::large_enum_variant, reason = "there is one for each element")]
pub(super) enum State {
    #[default]
    Stopped,
    Started {
        /// Which session to open; none if no camera is named.
        options: Option<SessionOptions>,
        /// The session that stands. The streaming thread opens it; state changes close it, too.
        session: Option<Arc<Session>>,
        stream: Stream,
    },
}

/// What the streaming thread keeps over sessions.
pub(super) struct Stream {
    pub(super) gate: Gate,
    /// Of the session.
    pub(super) clock: ClockRecovery,
    pub(super) stamper: Stamper,
    /// The times of the last picture.
    pub(super) times: Option<Times>,
    /// While no thread receives with it.
    pub(super) parser: VideoParser,
    pub(super) warned_of_codec: bool,
    pub(super) warned_of_announcement: bool,
    /// What the latency query answers.
    pub(super) latency: gst::ClockTime,
    /// Until when downstream has heard of the time, once it has.
    pub(super) position: Option<gst::ClockTime>,
    /// The running time when it was read last.
    running_time: Option<gst::ClockTime>,
    /// When the last flush ended.
    flushed: Option<Instant>,
    /// Whether the running time was read since.
    flush_seen: bool,
    /// Whether the next buffer is the first one of a session, or on another time base.
    pub(super) resync: bool,
    /// When the first session was tried, until it stands.
    pub(super) connecting: Option<Instant>,
    /// Whether a session stood.
    pub(super) was_connected: bool,
    pub(super) backoff: Backoff,
    /// How far apart the camera's frames are at most, over all sessions.
    pub(super) longest_interval: Duration,
}

impl Stream {
    pub(super) fn new(mode: TimestampMode) -> Self {
        let (clock, stamper) = (ClockRecovery::new(mode), Stamper::default());
        Self {
            gate: Gate::default(),
            latency: stamper.latency(&clock),
            clock,
            stamper,
            times: None,
            parser: VideoParser::default(),
            warned_of_codec: false,
            warned_of_announcement: false,
            position: None,
            running_time: None,
            flushed: None,
            flush_seen: true,
            resync: false,
            connecting: None,
            was_connected: false,
            backoff: Backoff::default(),
            longest_interval: Duration::ZERO,
        }
    }

    /// A flush has ended: it drops what is on its way downstream, and what a decoder knows.
    pub(super) fn flushed(&mut self, now: Instant) {
        self.gate.lost();
        self.flushed = Some(now);
        self.flush_seen = false;
    }

    /// Whether a flush has come since this moment.
    pub(super) fn was_flushed_since(&self, moment: Instant) -> bool {
        self.flushed.is_some_and(|flushed| moment < flushed)
    }

    /// The running time is `now`. If it went back, the time base moved, as by a flush with reset-time: what was learned
    /// of times is forgotten.
    pub(super) fn read_running_time(&mut self, now: gst::ClockTime) {
        let before = self.running_time.replace(now).unwrap_or(now);
        let tolerance = if self.flush_seen { PAUSE_JITTER } else { gst::ClockTime::ZERO };
        self.flush_seen = true;
        if now + tolerance < before {
            self.clock.reset();
            self.stamper.reset();
            self.position = None;
            self.resync = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use gst::ClockTime;
    use tutk::Order;
    use tutk::wire::CameraTime;

    use super::*;

    const FRAME: ClockTime = ClockTime::from_mseconds(40);

    /// Plays frames from this running time on, and returns the PTS of the last one.
    fn play(stream: &mut Stream, from: ClockTime, frames: u64) -> ClockTime {
        let mut last = from;
        for number in 0..frames {
            let now = from + FRAME * number;
            stream.read_running_time(now);
            let camera = CameraTime::Milliseconds(1_000 + 40 * number as u32);
            let stamp = stream.stamper.stamp(&mut stream.clock, now, now, camera, Order::Decoding(None), false);
            last = stamp.pts.unwrap();
            stream.position = Some(last);
            stream.resync = false;
        }
        last
    }

    #[test]
    fn after_a_flush_that_moved_the_base_times_begin_anew() {
        for seconds in [1, 5, 60] {
            let mut stream = Stream::new(TimestampMode::Auto);
            play(&mut stream, ClockTime::ZERO, 25 * seconds);
            stream.flushed(Instant::now());
            stream.read_running_time(FRAME);
            assert!(stream.resync && stream.position.is_none() && !stream.clock.is_in_use());
            assert_eq!(play(&mut stream, FRAME, 25), FRAME * 25);
        }
    }

    #[test]
    fn a_base_that_moves_without_a_flush_is_seen_by_how_far() {
        let mut stream = Stream::new(TimestampMode::Arrival);
        play(&mut stream, ClockTime::ZERO, 100);
        stream.read_running_time(FRAME);
        assert!(stream.resync);
        assert_eq!(play(&mut stream, FRAME, 100), FRAME * 100);
    }

    #[test]
    fn a_flush_or_a_pause_alone_changes_no_times() {
        let mut stream = Stream::new(TimestampMode::Arrival);
        let last = play(&mut stream, ClockTime::ZERO, 100);
        stream.flushed(Instant::now());
        stream.read_running_time(last + FRAME);
        assert!(!stream.resync && stream.position == Some(last));
        // Elements took some time to pause.
        stream.read_running_time(last);
        assert!(!stream.resync && stream.position == Some(last));
        assert!(play(&mut stream, last, 2) > last);
    }

    #[test]
    fn what_came_before_a_flush_is_told_from_what_came_after() {
        let mut stream = Stream::new(TimestampMode::Arrival);
        let before = Instant::now();
        assert!(!stream.was_flushed_since(before));
        let after = before + Duration::from_millis(1);
        stream.flushed(after);
        assert!(stream.was_flushed_since(before) && !stream.was_flushed_since(after));
    }
}
