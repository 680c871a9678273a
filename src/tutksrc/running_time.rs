//! Notices that running times restart.

/// How far the running time may go back without a move of the base: by a pause, because elements take their time to pause.
const PAUSE_JITTER: gst::ClockTime = gst::ClockTime::SECOND;

/// The running time, as it was read last.
#[derive(Debug, Default)]
pub(super) struct RunningTime {
    last: Option<gst::ClockTime>,
    /// A flush has ended since.
    flushed: bool,
}

impl RunningTime {
    /// A flush has ended, which may have moved the base.
    pub(super) fn flushed(&mut self) {
        self.flushed = true;
    }

    /// Reads the running time. Returns whether its base has moved, as by a flush with reset-time.
    pub(super) fn read(&mut self, now: gst::ClockTime) -> bool {
        let before = self.last.replace(now).unwrap_or(now);
        let tolerance = if std::mem::take(&mut self.flushed) { gst::ClockTime::ZERO } else { PAUSE_JITTER };
        now + tolerance < before
    }
}

#[cfg(test)]
mod tests {
    use gst::ClockTime;

    use super::*;

    const FRAME: ClockTime = ClockTime::from_mseconds(40);

    #[test]
    fn after_a_flush_any_way_back_is_a_move() {
        let mut time = RunningTime::default();
        assert!(!time.read(FRAME * 2));
        time.flushed();
        assert!(time.read(FRAME));
        time.flushed();
        assert!(!time.read(FRAME * 3));
    }

    #[test]
    fn without_a_flush_a_long_way_back_is_a_move() {
        let mut time = RunningTime::default();
        assert!(!time.read(FRAME * 100));
        // Elements took some time to pause.
        assert!(!time.read(FRAME * 99));
        assert!(time.read(FRAME));
    }
}
