use std::time::Duration;

/// What a link does to what goes over it, either way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) down: bool,
    /// The share that is lost.
    pub(crate) loss: f64,
    /// The share that begins a burst in which all is lost.
    pub(crate) bursts: f64,
    /// The share that comes twice.
    pub(crate) copies: f64,
    /// The share that is overtaken by what comes after it.
    pub(crate) overtaken: f64,
    pub(crate) delay: Duration,
    /// Comes on top of the delay, from nothing to this.
    pub(crate) jitter: Duration,
}

/// The share of datagrams that end a burst: 20 are lost in one on average.
const BURST_END: f64 = 0.05;
/// How long what is overtaken waits.
const OVERTAKEN: Duration = Duration::from_millis(40);

/// A link of one camera.
pub(super) struct Link {
    conditions: Conditions,
    in_burst: bool,
    rng: fastrand::Rng,
}

impl Link {
    pub(super) fn new(seed: u64) -> Self {
        Self { conditions: Conditions::default(), in_burst: false, rng: fastrand::Rng::with_seed(seed) }
    }

    pub(super) fn set(&mut self, conditions: Conditions) {
        *self = Self { conditions, in_burst: false, rng: self.rng.clone() };
    }

    /// After which time each copy of the next frame arrives; none if it is lost.
    pub(super) fn fate(&mut self) -> impl Iterator<Item = Duration> {
        let Conditions { down, loss, bursts, copies, overtaken, delay, jitter } = self.conditions;
        self.in_burst = if self.in_burst { !self.is(BURST_END) } else { self.is(bursts) };
        let lost = down || self.in_burst || self.is(loss);
        let count = if lost { 0 } else { 1 + usize::from(self.is(copies)) };
        (0..count).map(move |_| {
            let late = if self.is(overtaken) { OVERTAKEN } else { Duration::ZERO };
            delay + jitter.mul_f64(self.rng.f64()) + late
        })
    }

    fn is(&mut self, share: f64) -> bool {
        share > 0.0 && self.rng.f64() < share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(conditions: Conditions) -> usize {
        let mut link = Link::new(1);
        link.set(conditions);
        (0..10_000).filter(|_| link.fate().count() == 0).count()
    }

    #[test]
    fn loses_what_the_conditions_say() {
        let none = Conditions::default();
        assert_eq!(lost(none), 0);
        assert_eq!(lost(Conditions { down: true, ..none }), 10_000);
        assert!((3_800..4_200).contains(&lost(Conditions { loss: 0.4, ..none })));
        assert!((1_000..3_000).contains(&lost(Conditions { bursts: 0.01, ..none })));
    }

    #[test]
    fn copies_and_delays() {
        let mut link = Link::new(1);
        let ms = Duration::from_millis;
        link.set(Conditions { copies: 1.0, delay: ms(10), jitter: ms(5), ..Conditions::default() });
        let delays: Vec<_> = link.fate().collect();
        assert_eq!(delays.len(), 2);
        assert!(delays.iter().all(|delay| (ms(10)..ms(15)).contains(delay)));
    }
}
