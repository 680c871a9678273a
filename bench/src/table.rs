//! The table, in Markdown, a row at a time: what is printed can be read while the next row is measured.

use crate::meter::Steady;

const COLUMNS: [(&str, usize); 10] = [
    ("case", 24),
    ("subject", 39),
    ("frames", 9),
    ("Mbit/s", 7),
    ("CPU %", 7),
    ("ns/datagram", 11),
    ("latency ms: mean", 16),
    ("99 %", 7),
    ("worst", 7),
    ("MiB, threads", 12),
];

/// A line of the table; cells without a meaning stay empty.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) case: String,
    pub(crate) subject: String,
    pub(crate) frames: Option<String>,
    pub(crate) mbits: Option<f64>,
    pub(crate) cpu_percent: Option<f64>,
    pub(crate) nanoseconds: Option<f64>,
    pub(crate) latency: Option<[f64; 3]>,
    pub(crate) memory: Option<(f64, u64)>,
}

impl Row {
    /// What every measurement has.
    pub(crate) fn of(case: &str, subject: &str, steady: &Steady) -> Self {
        Self {
            case: case.into(),
            subject: subject.into(),
            mbits: Some(steady.bytes as f64 * 8.0 / steady.seconds / 1e6),
            cpu_percent: Some(steady.cpu_seconds / steady.seconds * 100.0),
            ..Self::default()
        }
    }

    pub(crate) fn print(&self) {
        let number = |value: Option<f64>, digits| value.map(|value| format!("{value:.digits$}")).unwrap_or_default();
        let latency = |at: usize| number(self.latency.map(|times| times[at]), 2);
        let memory = self.memory.map(|(mib, threads)| format!("{mib:.1}, {threads}")).unwrap_or_default();
        print_cells(&[
            self.case.clone(),
            self.subject.clone(),
            self.frames.clone().unwrap_or_default(),
            number(self.mbits, 1),
            number(self.cpu_percent, 2),
            number(self.nanoseconds, 0),
            latency(0),
            latency(1),
            latency(2),
            memory,
        ]);
    }
}

pub(crate) fn print_head() {
    print_cells(&COLUMNS.map(|(name, _)| name.to_owned()));
    print_cells(&COLUMNS.map(|(_, width)| "-".repeat(width)));
}

fn print_cells(cells: &[String; COLUMNS.len()]) {
    let cells = cells.iter().zip(COLUMNS).enumerate().map(|(place, (cell, (_, width)))| match place {
        0 | 1 => format!("{cell:<width$}"),
        _ => format!("{cell:>width$}"),
    });
    println!("| {} |", cells.collect::<Vec<_>>().join(" | "));
}
