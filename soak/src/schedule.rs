//! When a camera fails and how, and whether it comes back.

use std::time::{Duration, Instant};

use crate::fault::Kind;

/// How long after the end of a fault the first frame that can be decoded may come: the longest wait between two tries
/// to connect (30 s), twice the three steps of connecting (5 s each), the camera's next key frame (2 s), and a loaded
/// host's slowness.
pub(crate) const RECOVERY: Duration = Duration::from_secs(75);
/// How long a camera is left alone between two faults, at least and at most.
const HEALTHY: std::ops::Range<u64> = 3_000..15_000;

/// What is to be done with a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begin(Kind),
    End(Kind),
}

/// A fault that is over, or that is taken for too long.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// From the fault's end to the first frame; from the last frame before it to that frame.
    Recovered { kind: Option<Kind>, after: Duration, gap: Duration },
    /// No frame came within [`RECOVERY`]. It is said once.
    Late { kind: Option<Kind> },
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Healthy {
        until: Instant,
    },
    Failing {
        kind: Kind,
        until: Instant,
    },
    /// No fault kind: from the start of the run.
    Recovering {
        kind: Option<Kind>,
        since: Instant,
        is_late: bool,
    },
}

/// The plan of one camera.
pub(crate) struct Plan {
    phase: Phase,
    kinds: Vec<Kind>,
    next: usize,
    rng: fastrand::Rng,
    last_frame: Instant,
    /// The longest time without a frame since the fault began.
    gap: Duration,
}

impl Plan {
    /// Each camera goes through the kinds in turn and begins with another one.
    pub(crate) fn new(now: Instant, camera: usize, kinds: Vec<Kind>, seed: u64) -> Self {
        Self {
            phase: Phase::Recovering { kind: None, since: now, is_late: false },
            kinds,
            next: camera,
            rng: fastrand::Rng::with_seed(seed ^ (camera as u64) << 32),
            last_frame: now,
            gap: Duration::ZERO,
        }
    }

    pub(crate) fn rng(&mut self) -> &mut fastrand::Rng {
        &mut self.rng
    }

    /// A frame of the camera came.
    pub(crate) fn frame(&mut self, now: Instant) -> Option<Outcome> {
        self.gap = self.gap.max(now - self.last_frame);
        self.last_frame = now;
        let Phase::Recovering { kind, since, .. } = self.phase else { return None };
        let healthy = Duration::from_millis(self.rng.u64(HEALTHY));
        self.phase = Phase::Healthy { until: now + healthy };
        Some(Outcome::Recovered { kind, after: now - since, gap: std::mem::take(&mut self.gap) })
    }

    /// What is to be done now; without `may_begin` no new fault begins.
    pub(crate) fn step(&mut self, now: Instant, may_begin: bool) -> Option<Step> {
        match self.phase {
            Phase::Healthy { until } if now >= until && may_begin => {
                let kind = self.kinds[self.next % self.kinds.len()];
                self.next += 1;
                self.gap = Duration::ZERO;
                self.phase = Phase::Failing { kind, until: now + kind.length(&mut self.rng) };
                Some(Step::Begin(kind))
            }
            Phase::Failing { kind, until } if now >= until => {
                self.phase = Phase::Recovering { kind: Some(kind), since: now, is_late: false };
                Some(Step::End(kind))
            }
            _ => None,
        }
    }

    /// Whether the camera is missed for too long.
    pub(crate) fn late(&mut self, now: Instant) -> Option<Outcome> {
        match &mut self.phase {
            Phase::Recovering { kind, since, is_late } if !*is_late && now - *since > RECOVERY => {
                *is_late = true;
                Some(Outcome::Late { kind: *kind })
            }
            // It went silent by itself.
            Phase::Healthy { .. } if now - self.last_frame > RECOVERY => {
                self.phase = Phase::Recovering { kind: None, since: self.last_frame, is_late: true };
                Some(Outcome::Late { kind: None })
            }
            _ => None,
        }
    }

    pub(crate) fn is_healthy(&self) -> bool {
        matches!(self.phase, Phase::Healthy { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_ends_and_is_recovered_from() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut plan = Plan::new(start, 0, vec![Kind::Down], 1);
        assert_eq!(plan.step(at(0), true), None);
        assert!(matches!(plan.frame(at(1)), Some(Outcome::Recovered { kind: None, .. })));
        assert_eq!(plan.step(at(20), false), None);
        assert_eq!(plan.step(at(20), true), Some(Step::Begin(Kind::Down)));
        assert_eq!(plan.step(at(29), true), None);
        assert_eq!(plan.step(at(30), true), Some(Step::End(Kind::Down)));
        assert!(plan.late(at(31)).is_none());
        let Some(Outcome::Recovered { kind: Some(Kind::Down), after, gap }) = plan.frame(at(35)) else { panic!() };
        assert_eq!((after, gap), (Duration::from_secs(5), Duration::from_secs(34)));
        assert!(plan.is_healthy());
    }

    #[test]
    fn what_does_not_come_back_is_told_once() {
        let start = Instant::now();
        let mut plan = Plan::new(start, 0, vec![Kind::Down], 1);
        assert!(plan.late(start + RECOVERY).is_none());
        let late = start + 2 * RECOVERY;
        assert!(matches!(plan.late(late), Some(Outcome::Late { kind: None })));
        assert!(plan.late(late).is_none());
    }
}
