//! What a subject received, and what its process spent on it.
#![allow(clippy::disallowed_types, reason = "no router measures")]

use std::fs;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use nix::unistd::{SysconfVar, sysconf};

use crate::Failure;
use crate::load::age;

/// Counts what arrives, from any thread.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    units: AtomicU64,
    bytes: AtomicU64,
    latencies: Mutex<Vec<Duration>>,
}

/// The steady part of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steady {
    pub(crate) seconds: f64,
    /// Frames or datagrams, as the subject counts.
    pub(crate) units: u64,
    pub(crate) bytes: u64,
    /// User and system time of the process.
    pub(crate) cpu_seconds: f64,
    /// Of frames: mean, 99th percentile and longest, in milliseconds.
    pub(crate) latency: [f64; 3],
    /// Of the process at its end.
    pub(crate) memory_kib: u64,
    pub(crate) threads: u64,
}

/// Far longer than any subject needs to begin.
const BEGIN: Duration = Duration::from_secs(30);

impl Meter {
    /// A frame of the camera.
    pub(crate) fn frame(&self, frame: &[u8]) {
        self.head(frame);
        self.count(0, frame.len());
    }

    /// A frame, of which at least the beginning is here.
    pub(crate) fn head(&self, frame: &[u8]) {
        if let Some(age) = age(frame) {
            self.latencies.lock().unwrap().push(age);
        }
        self.count(1, 0);
    }

    /// Units without a time in them.
    pub(crate) fn count(&self, units: u64, bytes: usize) {
        self.units.fetch_add(units, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Waits until everything runs, and measures from then on; of another process, if one is named.
    pub(crate) fn measure(
        &self,
        process: Option<u32>,
        streams: u64,
        settle: Duration,
        length: Duration,
    ) -> Result<Steady, Failure> {
        let cpu_time = || process.map_or_else(own_cpu_time, cpu_time_of);
        let begin = Instant::now();
        while self.units.load(Ordering::Relaxed) < streams {
            if begin.elapsed() > BEGIN {
                return Err("nothing came".into());
            }
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(settle);
        self.latencies.lock().unwrap().clear();
        let (begin, cpu, units, bytes) = (Instant::now(), cpu_time()?, self.units(), self.bytes());
        thread::sleep(length);
        let (cpu, seconds) = (cpu_time()? - cpu, begin.elapsed().as_secs_f64());
        let latency = summary(std::mem::take(&mut self.latencies.lock().unwrap()));
        let status = |name| status(process, name);
        let (memory_kib, threads) = (status("VmRSS:")?, status("Threads:")?);
        let (units, bytes) = (self.units() - units, self.bytes() - bytes);
        Ok(Steady { seconds, units, bytes, cpu_seconds: cpu, latency, memory_kib, threads })
    }

    fn units(&self) -> u64 {
        self.units.load(Ordering::Relaxed)
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Steady {
    /// As a line of text.
    pub(crate) fn print(&self) {
        let [mean, most, worst] = self.latency;
        let Self { seconds, units, bytes, cpu_seconds, memory_kib, threads, .. } = self;
        println!("{seconds} {units} {bytes} {cpu_seconds} {mean} {most} {worst} {memory_kib} {threads}");
    }

    /// What [`print`](Self::print) wrote.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let mut next = || words.next()?.parse::<f64>().ok();
        Some(Self {
            seconds: next()?,
            units: next()? as u64,
            bytes: next()? as u64,
            cpu_seconds: next()?,
            latency: [next()?, next()?, next()?],
            memory_kib: next()? as u64,
            threads: next()? as u64,
        })
    }
}

/// Mean, 99th percentile and maximum in milliseconds; zeros without any.
pub(crate) fn summary(mut times: Vec<Duration>) -> [f64; 3] {
    times.sort_unstable();
    let Some(last) = times.last() else { return [0.0; 3] };
    let mean = times.iter().sum::<Duration>() / times.len() as u32;
    [mean, times[times.len() * 99 / 100], *last].map(|time| time.as_secs_f64() * 1e3)
}

fn own_cpu_time() -> Result<f64, Failure> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// The same of another process, in steps of some milliseconds.
fn cpu_time_of(process: u32) -> Result<f64, Failure> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Behind the name, which may have anything in it, user and system time are the 12th and 13th.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / sysconf(SysconfVar::CLK_TCK)?.ok_or("no clock")? as f64)
}

/// A number of a process's status.
fn status(process: Option<u32>, name: &str) -> io::Result<u64> {
    let process = process.map_or_else(|| "self".into(), |process| process.to_string());
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
