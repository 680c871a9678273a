use std::ops::Add;
use std::time::Duration;

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ViewerStats {
    /// Datagrams from the camera.
    pub datagrams: u64,
    /// Datagrams from another address or of another session; passed over.
    pub foreign: u64,
    /// Datagrams that say nothing in this protocol; passed over.
    pub malformed: u64,
    /// Answers to the search for this camera from other addresses than its own; passed over.
    pub conflicting_responders: u64,
    /// Datagrams that this host dropped because they were not read in time; only the driver of a socket knows.
    pub overflowed: u64,
    /// Chunks that had come before.
    pub duplicates: u64,
    /// Chunks that the camera sent again.
    pub retransmitted: u64,
    /// Chunks that did not come by themselves.
    pub lost_chunks: u64,
    /// Chunks that were asked for; one that is asked for twice counts twice.
    pub nacked: u64,
    /// Complete frames of video.
    pub frames: u64,
    /// Frames of video that were lost.
    pub lost: u64,
    /// The smoothed time from a datagram to its answer, once known.
    pub round_trip: Option<Duration>,
}

impl Add for ViewerStats {
    type Output = Self;

    /// Those of two sessions, of which the second one is the later.
    fn add(self, later: Self) -> Self {
        Self {
            datagrams: self.datagrams + later.datagrams,
            foreign: self.foreign + later.foreign,
            malformed: self.malformed + later.malformed,
            conflicting_responders: self.conflicting_responders + later.conflicting_responders,
            overflowed: self.overflowed + later.overflowed,
            duplicates: self.duplicates + later.duplicates,
            retransmitted: self.retransmitted + later.retransmitted,
            lost_chunks: self.lost_chunks + later.lost_chunks,
            nacked: self.nacked + later.nacked,
            frames: self.frames + later.frames,
            lost: self.lost + later.lost,
            round_trip: later.round_trip.or(self.round_trip),
        }
    }
}
