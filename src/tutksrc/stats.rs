//! What `tutksrc` counts.

use std::time::{Duration, Instant};

use tutk::proto::ViewerStats;
use tutk::{Codec, Frame, SessionInfo};

/// Over how long rates are measured.
const WINDOW: Duration = Duration::from_secs(1);

/// What was counted since the element left READY.
#[derive(Debug, Default)]
pub(super) struct Stats {
    frames: u64,
    dropped: u64,
    lost: u64,
    bytes: u64,
    last_size: Option<u64>,
    codec: Option<Codec>,
    last_key: Option<Instant>,
    key_interval: Option<Duration>,
    rates: Option<Rates>,
    /// Of sessions that are over.
    past: ViewerStats,
    connected: Option<Connected>,
    connections: u64,
    /// While the element is started.
    timestamps: Option<Timestamps>,
}

/// Where PTS come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Timestamps {
    /// The camera's clock, and not the arrival.
    pub(super) camera: bool,
    /// How much faster than the pipeline's clock the camera's runs, in parts per million, once known.
    pub(super) drift: Option<f64>,
    /// What the latency query answers.
    pub(super) latency: gst::ClockTime,
}

/// The session.
#[derive(Debug)]
struct Connected {
    since: gst::DateTime,
    info: SessionInfo,
}

/// Counts of the window under way, and the rates of the one before.
#[derive(Debug)]
struct Rates {
    since: Instant,
    frames: u32,
    bytes: u64,
    before: Option<(f64, f64)>,
}

impl Rates {
    fn new(now: Instant) -> Self {
        Self { since: now, frames: 0, bytes: 0, before: None }
    }

    fn count(&mut self, now: Instant, bytes: u64) {
        self.frames += 1;
        self.bytes += bytes;
        let time = now.saturating_duration_since(self.since);
        if time >= WINDOW {
            *self = Self { before: Some(self.over(time)), ..Self::new(now) };
        }
    }

    /// Frames and bits in a second.
    fn over(&self, time: Duration) -> (f64, f64) {
        (f64::from(self.frames) / time.as_secs_f64(), self.bytes as f64 * 8.0 / time.as_secs_f64())
    }

    /// Frames and bits in a second, at this moment: less and less when nothing comes.
    fn now(&self, now: Instant) -> Option<(f64, f64)> {
        let time = now.saturating_duration_since(self.since);
        if time >= 2 * WINDOW { Some(self.over(time)) } else { self.before }
    }
}

impl Stats {
    /// A session is established.
    pub(super) fn connected(&mut self, info: SessionInfo) {
        self.connections += 1;
        self.connected = gst::DateTime::new_now_utc().map(|since| Connected { since, info });
        self.last_key = None;
        self.rates = None;
    }

    /// The session is over; these were its own counts.
    pub(super) fn disconnected(&mut self, session: ViewerStats) {
        self.past = self.past + session;
        self.connected = None;
    }

    /// A frame came.
    pub(super) fn received(&mut self, frame: &Frame) {
        let bytes = frame.data.len() as u64;
        self.frames += 1;
        self.bytes += bytes;
        self.last_size = Some(bytes);
        if frame.key {
            let before = self.last_key.replace(frame.received);
            self.key_interval =
                before.map(|before| frame.received.saturating_duration_since(before)).or(self.key_interval);
        }
        match &mut self.rates {
            Some(rates) => rates.count(frame.received, bytes),
            None => self.rates = Some(Rates::new(frame.received)),
        }
    }

    /// What goes downstream is of this codec.
    pub(super) fn plays(&mut self, codec: Codec) {
        self.codec = Some(codec);
    }

    /// Frames that came do not go downstream.
    pub(super) fn dropped(&mut self, frames: u64) {
        self.dropped += frames;
    }

    /// Frames will not come.
    pub(super) fn lost(&mut self, count: u32) {
        self.lost += u64::from(count);
    }

    /// Where PTS come from now; none while the element is stopped.
    pub(super) fn set_timestamps(&mut self, timestamps: Option<Timestamps>) {
        self.timestamps = timestamps;
    }

    /// What the latency query answers, while the element is started.
    pub(super) fn latency(&self) -> Option<gst::ClockTime> {
        self.timestamps.map(|timestamps| timestamps.latency)
    }

    /// All of it, with the counts of the session, if there is one.
    pub(super) fn structure(&self, name: &str, now: Instant, session: Option<ViewerStats>) -> gst::Structure {
        let datagrams = self.past + session.unwrap_or_default();
        let rates = self.rates.as_ref().and_then(|rates| rates.now(now));
        let nanos = |time: Duration| time.as_nanos() as u64;
        let mut stats = gst::Structure::builder(name)
            .field("frames-received", self.frames)
            .field("frames-dropped", self.dropped)
            .field("frames-lost", self.lost)
            .field("bytes", self.bytes)
            .field_if_some("bitrate", rates.map(|(_, bits)| bits as u64))
            .field_if_some("fps", rates.map(|(frames, _)| frames))
            .field_if_some("last-frame-size", self.last_size)
            .field_if_some("codec", self.codec.map(|codec| codec.to_string()))
            .field_if_some("key-frame-interval", self.key_interval.map(nanos))
            .field("datagrams-received", datagrams.datagrams)
            .field("datagrams-lost", datagrams.lost_chunks)
            .field("datagrams-resent", datagrams.retransmitted)
            .field("datagrams-duplicated", datagrams.duplicates)
            .field("datagrams-foreign", datagrams.foreign)
            .field("datagrams-overflowed", datagrams.overflowed)
            .field_if_some("round-trip-time", session.and_then(|session| session.round_trip).map(nanos))
            .field("reconnects", self.connections.saturating_sub(1));
        if let Some(Timestamps { camera, drift, latency }) = self.timestamps {
            stats = stats
                .field("timestamps", if camera { "camera" } else { "arrival" })
                .field_if_some("clock-drift", drift)
                .field("latency", latency);
        }
        if let Some(Connected { since, info }) = &self.connected {
            stats = stats
                .field("mode", info.mode.nick())
                .field("encrypted", info.encrypted)
                .field_if_some("cipher-suite", info.cipher_suite.map(|suite| suite.name()))
                .field_if_some("forward-secrecy", info.cipher_suite.map(|suite| suite.has_forward_secrecy()))
                .field("connected-since", since);
        }
        stats.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(received: Instant, key: bool) -> Frame {
        Frame::new(Codec::H264, vec![0; 1_000], received).with_key(key)
    }

    #[test]
    fn rates_follow_the_last_second_and_fall_when_nothing_comes() {
        gst::init().unwrap();
        let start = Instant::now();
        let mut stats = Stats::default();
        let at = |millis| start + Duration::from_millis(millis);
        let read = |stats: &Stats, millis| {
            let stats = stats.structure("test", at(millis), None);
            (stats.get::<f64>("fps").ok(), stats.get::<u64>("bitrate").ok())
        };
        assert_eq!(read(&stats, 0), (None, None));
        for number in 0..=40 {
            stats.received(&frame(at(number * 50), number % 20 == 0));
        }
        assert_eq!(read(&stats, 2_000), (Some(20.0), Some(160_000)));
        assert_eq!(read(&stats, 12_000), (Some(0.0), Some(0)));
        let structure = stats.structure("test", at(0), None);
        assert_eq!(structure.get("key-frame-interval"), Ok(1_000_000_000u64));
        assert_eq!(structure.get("last-frame-size"), Ok(1_000u64));
        assert_eq!(structure.get("bytes"), Ok(41_000u64));
    }

    #[test]
    fn datagrams_of_all_sessions_are_counted() {
        gst::init().unwrap();
        let mut stats = Stats::default();
        let session = |datagrams| {
            let mut stats = ViewerStats::default();
            stats.datagrams = datagrams;
            stats
        };
        stats.disconnected(session(3));
        stats.disconnected(session(4));
        let all = stats.structure("test", Instant::now(), Some(session(5)));
        assert_eq!(all.get("datagrams-received"), Ok(12u64));
        assert!(!all.has_field("mode"));
    }
}
