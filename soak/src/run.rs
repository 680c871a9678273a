//! The run: makes things fail, and sees to it that they recover.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::Failure;
use crate::children::{Line, Output, Process, Who};
use crate::fault::Kind;
use crate::fleet::{self, CAMERAS, RECORDED};
use crate::network::{Conditions, Network, camera_address, viewer_address};
use crate::report::Report;
use crate::sample::{Sample, growth};
use crate::schedule::{Plan, RECOVERY, Step};

/// Of Ethernet, and what each host of the internet must take.
const MTU: u32 = 1_500;
const SMALL_MTU: u32 = 576;

const TICK: Duration = Duration::from_millis(50);
/// A viewer that says nothing for this long hangs; it says something each second.
const SILENCE: Duration = Duration::from_secs(60);
/// In which a process ends when it is asked to.
const END: Duration = Duration::from_secs(60);
/// Shorter runs leave out what takes a minute.
const LONG: Duration = Duration::from_secs(15 * 60);
const SAMPLES: u32 = 400;

struct Camera {
    process: Option<Process>,
    plan: Plan,
    starts: u64,
    moves: u32,
}

struct Run {
    network: Arc<Network>,
    output: Output,
    cameras: Vec<Camera>,
    viewer: Process,
    viewer_moves: u32,
    report: Report,
    last_word: Instant,
    /// Cameras with a microphone that were not heard.
    silent: BTreeSet<usize>,
}

/// Returns whether everything held.
pub(crate) fn run(length: Duration, seed: u64, folder: &Path) -> Result<bool, Failure> {
    fs::create_dir_all(folder)?;
    let (sender, lines) = channel();
    let output = Output::new(sender, &folder.join("log"))?;
    let network = Network::open(CAMERAS, seed)?;
    let mut recorders = Vec::new();
    for index in RECORDED {
        let file = folder.join(format!("recording-{index}"));
        let role = ["recorder", &index.to_string(), &file.to_string_lossy()];
        recorders.push((index, Process::start(Who::Recorder(index), &network.viewer, &role, &output)?));
    }
    let mut run = Run::start(network, output, length, seed)?;
    run.go(length, &lines, folder)?;
    let report = run.end(recorders, &lines)?;
    report.write(folder)?;
    println!("{}", report.text());
    Ok(report.is_good())
}

impl Run {
    fn start(network: Arc<Network>, output: Output, length: Duration, seed: u64) -> Result<Self, Failure> {
        let now = Instant::now();
        let kinds = |index| {
            let fits = |kind: &Kind| (length >= LONG || *kind != Kind::DownLong) && (index == 0 || !kind.is_global());
            Kind::ALL.into_iter().filter(fits).collect()
        };
        let viewer = Process::start(Who::Viewer, &network.viewer, &["viewer"], &output)?;
        let camera =
            |index| Camera { process: None, plan: Plan::new(now, index, kinds(index), seed), starts: 0, moves: 0 };
        let report = Report::new(seed, now);
        let cameras = (0..CAMERAS).map(camera).collect();
        let silent = (0..CAMERAS).filter(|index| fleet::has_sound(*index)).collect();
        let mut run = Self { network, output, cameras, viewer, viewer_moves: 0, report, last_word: now, silent };
        for index in 0..CAMERAS {
            run.start_camera(index)?;
        }
        Ok(run)
    }

    fn start_camera(&mut self, index: usize) -> Result<(), Failure> {
        let camera = &mut self.cameras[index];
        let role = ["camera", &index.to_string(), &camera.starts.to_string()];
        camera.starts += 1;
        let host = &self.network.cameras[index];
        camera.process = Some(Process::start(Who::Camera(index), host, &role, &self.output)?);
        Ok(())
    }

    /// Until the time is over, and then until what was going on is.
    fn go(&mut self, length: Duration, lines: &Receiver<Line>, folder: &Path) -> Result<(), Failure> {
        let began = Instant::now();
        let (every, mut next_sample) = ((length / SAMPLES).max(Duration::from_secs(1)), began);
        let mut next_report = began;
        loop {
            let now = Instant::now();
            let is_over = now - began >= length;
            let recovered = self.cameras.iter().all(|camera| camera.plan.is_healthy());
            if is_over && recovered || now - began >= length + 2 * RECOVERY {
                return Ok(());
            }
            self.listen(lines);
            for index in 0..CAMERAS {
                self.drive(index, !is_over)?;
            }
            if let Some(status) = self.viewer.ended()? {
                self.report.wrong(format!("the viewer has ended: {status}"));
                return Ok(());
            }
            if now - self.last_word > SILENCE {
                self.report.wrong(format!("the viewer (process {}) hangs", self.viewer.id()));
                return Ok(());
            }
            if now >= next_sample {
                next_sample += every;
                self.report.sample(Sample::take(self.viewer.id(), now - began)?);
                for process in self.cameras.iter().filter_map(|camera| camera.process.as_ref()) {
                    // One that ends at this moment is another check's.
                    if let Ok(sample) = Sample::take(process.id(), now - began) {
                        self.report.camera_sample(sample);
                    }
                }
            }
            if now >= next_report {
                next_report += Duration::from_secs(60);
                self.report.write(folder)?;
                println!("{}", self.report.line());
            }
        }
    }

    /// What processes say, for a tick.
    fn listen(&mut self, lines: &Receiver<Line>) {
        let until = Instant::now() + TICK;
        while let Ok(line) = lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.handle(&line);
        }
    }

    fn handle(&mut self, Line { who, text }: &Line) {
        let now = Instant::now();
        if *who == Who::Viewer {
            self.last_word = now;
        }
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "frame" => {
                self.report.frames += 1;
                let Some(camera) = rest.parse().ok().and_then(|index: usize| self.cameras.get_mut(index)) else {
                    return;
                };
                if let Some(outcome) = camera.plan.frame(now) {
                    self.report.outcome(rest, outcome);
                }
            }
            "sound" => {
                self.report.blocks += 1;
                if let Ok(index) = rest.parse() {
                    self.silent.remove(&index);
                }
            }
            "connected" => self.report.sessions += 1,
            "lost" => self.report.lost(rest.split_once(' ').map_or(rest, |(_, reason)| reason)),
            "recorded" => self.report.recorded(rest),
            "alive" | "ended" => {}
            _ => self.report.wrong(format!("{who:?}: {text}")),
        }
    }

    fn drive(&mut self, index: usize, may_begin: bool) -> Result<(), Failure> {
        let now = Instant::now();
        let camera = &mut self.cameras[index];
        if let Some(outcome) = camera.plan.late(now) {
            self.report.outcome(&index.to_string(), outcome);
        }
        if let Some(process) = &mut camera.process
            && let Some(status) = process.ended()?
        {
            self.report.wrong(format!("camera {index} has ended: {status}"));
            self.start_camera(index)?;
            return Ok(());
        }
        match camera.plan.step(now, may_begin) {
            Some(Step::Begin(kind)) => self.begin(index, kind),
            Some(Step::End(kind)) => self.finish(index, kind),
            None => Ok(()),
        }
    }

    fn begin(&mut self, index: usize, kind: Kind) -> Result<(), Failure> {
        let camera = &mut self.cameras[index];
        self.network.set(index, kind.conditions(camera.plan.rng()));
        match kind {
            Kind::AddressChange => {
                camera.moves += 1;
                self.network.cameras[index].set_address(&camera_address(index, camera.moves))?;
            }
            Kind::ViewerAddressChange => {
                self.viewer_moves += 1;
                self.network.viewer.set_address(&viewer_address(self.viewer_moves))?;
            }
            Kind::SmallMtu => self.network.cameras[index].set_mtu(SMALL_MTU)?,
            Kind::Killed => {
                if let Some(mut process) = camera.process.take() {
                    process.kill()?;
                }
            }
            Kind::Restarted => {
                if let Some(mut process) = camera.process.take() {
                    end(&mut self.report, &format!("camera {index}"), &mut process)?;
                }
            }
            Kind::Paused => {
                if let Some(process) = &camera.process {
                    process.signal(Signal::SIGSTOP)?;
                }
            }
            Kind::ClockBack => {
                if let Some(process) = &mut camera.process {
                    process.tell("back")?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, index: usize, kind: Kind) -> Result<(), Failure> {
        self.network.set(index, Conditions::default());
        match kind {
            Kind::Killed | Kind::Restarted => self.start_camera(index)?,
            Kind::SmallMtu => self.network.cameras[index].set_mtu(MTU)?,
            Kind::Paused => {
                if let Some(process) = &self.cameras[index].process {
                    process.signal(Signal::SIGCONT)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(mut self, recorders: Vec<(usize, Process)>, lines: &Receiver<Line>) -> Result<Report, Failure> {
        for text in growth(self.report.samples(), CAMERAS as u64) {
            self.report.wrong(text);
        }
        for (index, mut process) in recorders {
            end(&mut self.report, &format!("recorder {index}"), &mut process)?;
        }
        end(&mut self.report, "the viewer", &mut self.viewer)?;
        self.listen(lines);
        if !self.silent.is_empty() {
            self.report.wrong(format!("cameras {:?} were never heard", self.silent));
        }
        Ok(self.report)
    }
}

/// Ends a process, which must take that well.
fn end(report: &mut Report, name: &str, process: &mut Process) -> Result<(), Failure> {
    process.end();
    match process.wait(END)? {
        Some(status) if status.success() => {}
        Some(status) => report.wrong(format!("{name} ended with {status}")),
        None => report.wrong(format!("{name} does not end")),
    }
    Ok(())
}
