//! What was seen.

mod plot;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::fault::Kind;
use crate::fleet::CAMERAS;
use crate::sample::Sample;
use crate::schedule::{Outcome, RECOVERY};

/// Of one kind of fault.
#[derive(Default)]
struct Tally {
    survived: u32,
    late: u32,
    recoveries: Vec<Duration>,
    worst_gap: Duration,
}

/// Counts of the run, and what was wrong.
pub(crate) struct Report {
    seed: u64,
    began: Instant,
    pub(crate) frames: u64,
    /// Blocks of sound.
    pub(crate) blocks: u64,
    /// Sessions that stood.
    pub(crate) sessions: u64,
    losses: BTreeMap<String, u64>,
    faults: BTreeMap<Option<Kind>, Tally>,
    samples: Vec<Sample>,
    /// The most that any camera's process held: memory in KiB, fds, threads.
    camera: [u64; 3],
    recordings: Vec<String>,
    wrong: Vec<String>,
}

/// More of what is wrong says nothing new.
const MAX_WRONG: usize = 1_000;

impl Report {
    pub(crate) fn new(seed: u64, began: Instant) -> Self {
        Self {
            seed,
            began,
            frames: 0,
            blocks: 0,
            sessions: 0,
            losses: BTreeMap::new(),
            faults: BTreeMap::new(),
            samples: Vec::new(),
            camera: [0; 3],
            recordings: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// Something did not hold.
    pub(crate) fn wrong(&mut self, text: String) {
        let text = format!("at {:.1} s: {text}", self.began.elapsed().as_secs_f64());
        eprintln!("WRONG {text}");
        if self.wrong.len() < MAX_WRONG {
            self.wrong.push(text);
        }
    }

    pub(crate) fn is_good(&self) -> bool {
        self.wrong.is_empty()
    }

    pub(crate) fn lost(&mut self, reason: &str) {
        *self.losses.entry(reason.into()).or_default() += 1;
    }

    pub(crate) fn recorded(&mut self, text: &str) {
        self.recordings.push(text.into());
    }

    pub(crate) fn sample(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    pub(crate) fn camera_sample(&mut self, Sample { memory_kib, fds, threads, .. }: Sample) {
        for (most, value) in self.camera.iter_mut().zip([memory_kib, fds, threads]) {
            *most = value.max(*most);
        }
    }

    pub(crate) fn samples(&self) -> &[Sample] {
        &self.samples
    }

    pub(crate) fn outcome(&mut self, camera: &str, outcome: Outcome) {
        match outcome {
            Outcome::Recovered { kind, after, gap } => {
                let tally = self.faults.entry(kind).or_default();
                tally.survived += 1;
                tally.recoveries.push(after);
                tally.worst_gap = tally.worst_gap.max(gap);
            }
            Outcome::Late { kind } => {
                self.faults.entry(kind).or_default().late += 1;
                self.wrong(format!("camera {camera} is not back {RECOVERY:?} after {}", name(kind)));
            }
        }
    }

    /// The state in a line.
    pub(crate) fn line(&self) -> String {
        let survived: u32 = self.faults.iter().filter_map(|(kind, tally)| kind.map(|_| tally.survived)).sum();
        let memory = self.samples.last().map_or(0, |sample| sample.memory_kib >> 10);
        format!(
            "{:.0} s: {} frames, {} blocks of sound, {survived} faults survived, {} sessions, {memory} MiB, {} wrong",
            self.began.elapsed().as_secs_f64(),
            self.frames,
            self.blocks,
            self.sessions,
            self.wrong.len()
        )
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        fs::write(folder.join("report.md"), self.text())?;
        fs::write(folder.join("memory.svg"), plot::svg(&self.samples))?;
        Ok(())
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!("# Soak of {CAMERAS} cameras, seed {}\n\n{}\n\n", self.seed, self.line());
        text.push_str("| fault | survived | late | recovery, median | 95 % | worst | worst gap |\n");
        text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
        for (kind, tally) in &self.faults {
            let mut times = tally.recoveries.clone();
            times.sort_unstable();
            let at =
                |share: usize| times.get(times.len() * share / 100).or(times.last()).map_or(0.0, Duration::as_secs_f64);
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.1} s | {:.1} s | {:.1} s | {:.1} s |",
                name(*kind),
                tally.survived,
                tally.late,
                at(50),
                at(95),
                at(100),
                tally.worst_gap.as_secs_f64()
            );
        }
        text.push_str("\nRecovery is the time from the end of the fault to the next frame that can be decoded; ");
        let _ = writeln!(text, "{} s are allowed.\n", RECOVERY.as_secs());
        let pick = |what: fn(&Sample) -> u64| {
            let values = || self.samples.iter().map(what);
            (values().next().unwrap_or(0), values().next_back().unwrap_or(0), values().max().unwrap_or(0))
        };
        text.push_str("| of the viewer | at the start | at the end | at most |\n| --- | --- | --- | --- |\n");
        for (name, (first, last, most)) in [
            ("memory in KiB", pick(|sample| sample.memory_kib)),
            ("fds", pick(|sample| sample.fds)),
            ("threads", pick(|sample| sample.threads)),
        ] {
            let _ = writeln!(text, "| {name} | {first} | {last} | {most} |");
        }
        let _ =
            writeln!(text, "\n![memory, fds and threads](memory.svg)\n\nLost sessions and tries: {:?}", self.losses);
        for recording in &self.recordings {
            let _ = writeln!(text, "Recording (camera, frames): {recording}");
        }
        for wrong in &self.wrong {
            let _ = writeln!(text, "- WRONG {wrong}");
        }
        text
    }
}

fn name(kind: Option<Kind>) -> &'static str {
    kind.map_or("the start", Kind::name)
}
