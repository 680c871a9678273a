use gst::ClockTime;

/// How late frames come, as an answer to the latency query: the latest frame of about the last four minutes, rounded up.
///
/// It rises as soon as a frame comes later than answered, and falls when that time has shown that less is enough, with
/// margin: each change interrupts the pipeline.
#[derive(Debug)]
pub(super) struct Latency {
    answer: u64,
    /// The latest frame of each period, the current one at `current`.
    periods: [u64; PERIODS],
    current: usize,
    /// When the current period began.
    begin: u64,
}

/// What is answered, in milliseconds, up to [`MAX`].
const STEPS: [u64; 10] = [20, 40, 60, 100, 150, 250, 400, 600, 1000, 1500];
/// The bound, in nanoseconds: a live pipeline that waits for longer is useless.
const MAX: u64 = 2_000 * MS;
const MS: u64 = 1_000_000;
const PERIODS: usize = 16;
const PERIOD: u64 = 15_000 * MS;

impl Default for Latency {
    fn default() -> Self {
        Self { answer: step(0), periods: [0; PERIODS], current: 0, begin: 0 }
    }
}

impl Latency {
    /// A frame came `late`, at running time `at`.
    pub(super) fn observe(&mut self, at: u64, late: u64) {
        if at.saturating_sub(self.begin) >= PERIOD {
            self.begin = at;
            let peak = self.periods.into_iter().max().unwrap_or_default();
            self.answer = self.answer.min(step(peak + peak / 4));
            self.current = (self.current + 1) % PERIODS;
            self.periods[self.current] = 0;
        }
        let late = late.min(MAX);
        self.periods[self.current] = self.periods[self.current].max(late);
        self.answer = self.answer.max(step(late));
    }

    pub(super) fn answer(&self) -> ClockTime {
        ClockTime::from_nseconds(self.answer)
    }
}

fn step(late: u64) -> u64 {
    STEPS.into_iter().map(|step| step * MS).find(|step| late <= *step).unwrap_or(MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Observes ten frames a second for this long, each so late. How often the answer changed.
    fn play(latency: &mut Latency, from: u64, seconds: u64, late: impl Fn(u64) -> u64) -> u32 {
        let mut changes = 0;
        for frame in 0..seconds * 10 {
            let before = latency.answer();
            latency.observe((from * 10 + frame) * 100 * MS, late(frame));
            changes += u32::from(latency.answer() != before);
        }
        changes
    }

    #[test]
    fn rises_at_once_and_falls_slowly() {
        let mut latency = Latency::default();
        assert_eq!(latency.answer(), ClockTime::from_mseconds(20));
        play(&mut latency, 0, 1, |_| 130 * MS);
        assert_eq!(latency.answer(), ClockTime::from_mseconds(150));
        play(&mut latency, 1, 220, |_| 30 * MS);
        assert_eq!(latency.answer(), ClockTime::from_mseconds(150));
        play(&mut latency, 221, 40, |_| 30 * MS);
        assert_eq!(latency.answer(), ClockTime::from_mseconds(40));
    }

    #[test]
    fn has_bounds() {
        let mut latency = Latency::default();
        latency.observe(0, u64::MAX);
        assert_eq!(latency.answer(), ClockTime::from_seconds(2));
    }

    #[test]
    fn stays_where_the_peak_moves_about_a_step() {
        let mut latency = Latency::default();
        let changes = play(&mut latency, 0, 3600, |frame| if frame / 1000 % 2 == 0 { 98 * MS } else { 102 * MS });
        // To the step below, and to that above.
        assert_eq!(changes, 2);
    }
}
