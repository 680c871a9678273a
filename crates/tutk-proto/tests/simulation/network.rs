//! A network in virtual time: loses, delays, doubles and reorders datagrams, alone and in bursts, over links of a limited
//! rate, all from a seed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Random numbers from a seed.
pub(crate) struct Random(fastrand::Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.u64(..)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0.u64(..limit.max(1))
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) loss_percent: u64,
    pub(crate) bursts: Option<Bursts>,
    pub(crate) duplicate_percent: u64,
    pub(crate) delay: Duration,
    /// Every datagram is up to this much later.
    pub(crate) jitter: Duration,
    /// Some datagrams are up to this much later still.
    pub(crate) reorder: Duration,
    pub(crate) blackout: Option<Range<Duration>>,
    pub(crate) bottleneck: Option<Bottleneck>,
}

/// Loss by the model of Gilbert and Elliott: good times in which nothing is lost, and bad ones in which most is. Each
/// millisecond either may end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bursts {
    /// Milliseconds of a good time, on average.
    pub(crate) good: u64,
    /// Of a bad one.
    pub(crate) bad: u64,
    /// Of the datagrams in a bad one.
    pub(crate) loss_percent: u64,
}

/// Each direction has a queue of its own; what does not fit is lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bottleneck {
    pub(crate) bytes_per_second: u64,
    pub(crate) queue: Duration,
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
    is_bad: bool,
    /// Until when that is known.
    known: Instant,
    /// When what each sender has sent is through the bottleneck.
    busy: HashMap<SocketAddr, Instant>,
    queue: BinaryHeap<Reverse<(Instant, u64)>>,
    datagrams: HashMap<u64, Datagram>,
}

impl Network {
    pub(crate) fn new(start: Instant, seed: u64, conditions: Conditions) -> Self {
        let random = Random::new(seed ^ 0x6E65_7477_6F72_6B00);
        Self {
            conditions,
            carried: 0,
            random,
            start,
            is_bad: false,
            known: start,
            busy: HashMap::new(),
            queue: BinaryHeap::new(),
            datagrams: HashMap::new(),
        }
    }

    pub(crate) fn send(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if self.conditions.blackout.as_ref().is_some_and(|dark| dark.contains(&(now - self.start))) {
            return;
        }
        if self.is_in_burst(now) || self.random.chance(self.conditions.loss_percent) {
            return;
        }
        let Some(now) = self.through(now, from, bytes.len()) else { return };
        let conditions = &self.conditions;
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

    fn is_in_burst(&mut self, now: Instant) -> bool {
        let Some(Bursts { good, bad, loss_percent }) = self.conditions.bursts else { return false };
        while self.known < now {
            self.known += Duration::from_millis(1);
            self.is_bad ^= self.random.below(if self.is_bad { bad } else { good }) == 0;
        }
        self.is_bad && self.random.chance(loss_percent)
    }

    /// When a datagram is through the bottleneck, if it fits into the queue.
    fn through(&mut self, now: Instant, from: SocketAddr, len: usize) -> Option<Instant> {
        let Some(Bottleneck { bytes_per_second, queue }) = self.conditions.bottleneck else { return Some(now) };
        let busy = self.busy.entry(from).or_insert(now);
        let begins = now.max(*busy);
        if begins - now > queue {
            return None;
        }
        *busy = begins + Duration::from_secs(1) * len as u32 / bytes_per_second as u32;
        Some(*busy)
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
