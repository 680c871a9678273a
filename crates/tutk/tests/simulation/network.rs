//! A network in virtual time: loses, delays, doubles and reorders datagrams, all from a seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    pub(crate) loss_percent: u64,
    pub(crate) duplicate_percent: u64,
    pub(crate) delay: Duration,
    /// Every datagram is up to this much later.
    pub(crate) jitter: Duration,
    /// Some datagrams are up to this much later still.
    pub(crate) reorder: Duration,
    pub(crate) blackout: Option<Range<Duration>>,
}

pub(crate) struct Datagram {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) struct Network {
    pub(crate) conditions: Conditions,
    pub(crate) carried: u64,
    random: Random,
    start: Instant,
    queue: BinaryHeap<Reverse<(Instant, u64)>>,
    datagrams: std::collections::HashMap<u64, Datagram>,
}

impl Network {
    pub(crate) fn new(start: Instant, seed: u64, conditions: Conditions) -> Self {
        let random = Random(seed ^ 0x6E65_7477_6F72_6B00);
        Self { conditions, carried: 0, random, start, queue: BinaryHeap::new(), datagrams: Default::default() }
    }

    pub(crate) fn send(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let conditions = &self.conditions;
        if conditions.blackout.as_ref().is_some_and(|dark| dark.contains(&(now - self.start))) {
            return;
        }
        if self.random.chance(conditions.loss_percent) {
            return;
        }
        for _ in 0..1 + u32::from(self.random.chance(conditions.duplicate_percent)) {
            let mut late = conditions.delay;
            late += Duration::from_micros(self.random.below(conditions.jitter.as_micros() as u64));
            if self.random.chance(5) {
                late += Duration::from_micros(self.random.below(conditions.reorder.as_micros() as u64));
            }
            self.carried += 1;
            self.queue.push(Reverse((now + late, self.carried)));
            self.datagrams.insert(self.carried, Datagram { from, to, bytes: bytes.to_vec() });
        }
    }

    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.queue.peek().map(|Reverse((at, _))| *at)
    }

    pub(crate) fn arrived(&mut self, now: Instant) -> Option<Datagram> {
        if self.next_arrival()? > now {
            return None;
        }
        let Reverse((_, number)) = self.queue.pop()?;
        self.datagrams.remove(&number)
    }
}
