use std::time::{Duration, Instant};

/// When to look for the next frame: the library does not say when one has come.
///
/// Frames come at about the same distance. So this sleeps until shortly before the next one, then looks often, and
/// ever less often if it does not come.
#[derive(Debug)]
pub(super) struct Pacer {
    last: Option<Instant>,
    interval: Option<Duration>,
    /// How long before the next frame's time the first look is.
    lead: Duration,
    /// Looks in vain since the last frame.
    misses: u32,
    next: Instant,
}

const STEP: Duration = Duration::from_millis(1);
/// Looks in this distance before they get fewer.
const QUICK: u32 = 6;
/// Longest time between two looks, and so the longest that anything waits that is not expected.
pub(super) const IDLE: Duration = Duration::from_millis(20);
/// A frame that comes later than this after the last one begins a new count.
const PAUSE: Duration = Duration::from_millis(1000);

impl Pacer {
    pub(super) fn new(now: Instant) -> Self {
        Self { last: None, interval: None, lead: STEP, misses: 0, next: now }
    }

    /// When to look next.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// A look at this time found a frame.
    pub(super) fn hit(&mut self, now: Instant) {
        let gap = self.last.map(|last| now - last);
        match (gap, self.interval) {
            (Some(gap), Some(interval)) if gap < PAUSE => {
                // More slowly upwards: a frame that is late does not make the later ones late.
                let weight = if gap > interval { 16 } else { 8 };
                self.interval = Some(interval * (weight - 1) / weight + gap / weight);
            }
            (gap, _) => self.interval = gap.filter(|gap| *gap < PAUSE),
        }
        let most = self.interval.unwrap_or(STEP) / 2;
        match self.misses {
            // It may have waited for this look.
            0 => self.lead = (self.lead * 5 / 4 + STEP / 4).min(most),
            1 => {}
            misses => self.lead = self.lead.saturating_sub(STEP * (misses - 1) / 16).max(STEP / 4),
        }
        self.last = Some(now);
        self.misses = 0;
        // More may be there already; if not, `miss` says when to look.
        self.next = now;
    }

    /// A look at this time found none.
    pub(super) fn miss(&mut self, now: Instant) {
        let (Some(last), Some(interval)) = (self.last, self.interval) else {
            self.next = now + if self.last.is_some_and(|last| now - last < PAUSE) { STEP * 4 } else { IDLE };
            return;
        };
        let first = last + interval.saturating_sub(self.lead);
        if now < first {
            // This look was that after the last frame; it says nothing.
            self.next = first;
            return;
        }
        self.misses += 1;
        let back_off = self.misses.saturating_sub(QUICK);
        self.next = now + (STEP + STEP / 2 * back_off).min(IDLE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames at these times; the looks for each frame and the delays, without the first second.
    fn play(times: &[Duration]) -> (f64, Duration) {
        let begin = Instant::now();
        let (mut pacer, mut now, mut looks, mut delays, mut counted) = (Pacer::new(begin), begin, 0, Duration::ZERO, 0);
        let mut frames = times.iter().map(|time| begin + *time).peekable();
        while let Some(&frame) = frames.peek() {
            now = now.max(pacer.next());
            let settled = now > begin + Duration::from_secs(1);
            looks += u32::from(settled);
            if frame <= now {
                pacer.hit(now);
                frames.next();
                if settled {
                    delays += now - frame;
                    counted += 1;
                }
            } else {
                pacer.miss(now);
                assert!(pacer.next() > now);
            }
        }
        (f64::from(looks) / f64::from(counted), delays / counted)
    }

    #[test]
    fn steady_frames_cost_few_looks_and_come_soon() {
        for rate in [5, 15, 25, 30, 60] {
            let times: Vec<_> = (0..rate * 20).map(|n| Duration::from_secs(1) * n / rate).collect();
            let (looks, delay) = play(&times);
            assert!(looks < 4.0, "{rate}: {looks} looks");
            assert!(delay < Duration::from_millis(2), "{rate}: {delay:?}");
        }
    }

    #[test]
    fn uneven_frames_come_soon_enough() {
        // 30 fps, each frame up to 8 ms late, from a fixed sequence.
        let mut state = 1_u32;
        let times: Vec<_> = (0..600)
            .map(|n| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                Duration::from_micros(33_333 * n + u64::from(state >> 16) % 8000)
            })
            .collect();
        let (looks, delay) = play(&times);
        assert!(looks < 8.0, "{looks} looks");
        assert!(delay < Duration::from_millis(3), "{delay:?}");
    }

    #[test]
    fn without_frames_it_looks_seldom() {
        let begin = Instant::now();
        let mut pacer = Pacer::new(begin);
        pacer.miss(begin);
        assert_eq!(pacer.next(), begin + IDLE);
    }
}
