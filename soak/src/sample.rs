//! What a process holds.

use std::fs;
use std::time::Duration;

use crate::Failure;

/// At one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Since the start of the run.
    pub(crate) at: Duration,
    pub(crate) memory_kib: u64,
    pub(crate) fds: u64,
    pub(crate) threads: u64,
}

impl Sample {
    pub(crate) fn take(process: u32, at: Duration) -> Result<Self, Failure> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let number = |name: &str| -> Result<u64, Failure> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("a process has ended")?;
            Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
        };
        let fds = fs::read_dir(format!("/proc/{process}/fd"))?.count() as u64;
        Ok(Self { at, memory_kib: number("VmRSS:")?, fds, threads: number("Threads:")? })
    }
}

/// How much more memory the last quarter may need than the second one, by median.
const GROWTH: f64 = 1.1;
const GROWTH_KIB: u64 = 2 << 10;
/// What each pipeline may have besides what it had in the second quarter, while it connects.
const FDS: u64 = 4;
const THREADS: u64 = 3;

/// What was not bounded, for a run long enough to tell.
pub(crate) fn growth(samples: &[Sample], pipelines: u64) -> Vec<String> {
    let quarter = samples.len() / 4;
    if quarter == 0 {
        return Vec::new();
    }
    let (before, after) = (&samples[quarter..2 * quarter], &samples[samples.len() - quarter..]);
    let mut wrong = Vec::new();
    let mut compare = |what: &str, pick: fn(&Sample) -> u64, bound: &dyn Fn(u64) -> u64| {
        let (before, after) = (median(before, pick), median(after, pick));
        if after > bound(before) {
            wrong.push(format!("{what} grew from {before} to {after}"));
        }
    };
    compare("the viewer's memory in KiB", |s| s.memory_kib, &|kib| (kib as f64 * GROWTH) as u64 + GROWTH_KIB);
    compare("the number of the viewer's fds", |s| s.fds, &|fds| fds + FDS * pipelines);
    compare("the number of the viewer's threads", |s| s.threads, &|threads| threads + THREADS * pipelines);
    wrong
}

fn median(samples: &[Sample], pick: fn(&Sample) -> u64) -> u64 {
    let mut values: Vec<_> = samples.iter().map(pick).collect();
    values.sort_unstable();
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(memory_kib: impl Fn(u64) -> u64) -> Vec<Sample> {
        (0..100)
            .map(|at| Sample { at: Duration::from_secs(at), memory_kib: memory_kib(at), fds: 100, threads: 40 })
            .collect()
    }

    #[test]
    fn a_plateau_may_follow_a_rise() {
        assert!(growth(&samples(|at| 50_000 * at.min(20)), 20).is_empty());
    }

    #[test]
    fn a_leak_is_seen() {
        assert_eq!(growth(&samples(|at| 50_000 + 1_000 * at), 20).len(), 1);
    }
}
