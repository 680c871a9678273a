//! The cases, in the order of the table.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use tutk::proto::Generation;

use crate::camera::{Sender, Spec};
use crate::load::{FLAT_OUT, LARGE, Load, ORDINARY, WITH_SOUND};
use crate::meter::Steady;
use crate::roles::Role;
use crate::subject::Subject;
use crate::table::{Row, print_head};
use crate::{Failure, processes};

/// How much is measured.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Of each measurement.
    length: Duration,
    settle: Duration,
    losses: &'static [u32],
    counts: &'static [u64],
    starts: u32,
}

impl Plan {
    pub(crate) const FULL: Self = Self {
        length: Duration::from_secs(10),
        settle: Duration::from_millis(1500),
        losses: &[0, 3, 10],
        counts: &[1, 10, 50, 100, 200],
        starts: 10,
    };
    /// Shows that all of it still runs, and nothing else.
    pub(crate) const QUICK: Self =
        Self { length: Duration::from_millis(300), settle: Duration::ZERO, losses: &[10], counts: &[1, 2], starts: 1 };
}

/// A library with the vendor's interface, and what the table calls it.
struct Library {
    path: PathBuf,
    name: &'static str,
}

impl Library {
    /// The vendor's where it is named, and otherwise ours in its place.
    fn find() -> Result<Self, Failure> {
        if let Some(path) = env::var_os("TUTK_LIBRARY").filter(|path| !path.is_empty()) {
            return Ok(Self { path: path.into(), name: "the vendor's library" });
        }
        let path = env::current_exe()?.with_file_name("libIOTCAPIs_ALL.so");
        if !path.exists() {
            return Err(format!("{} is missing; scripts/bench builds it", path.display()).into());
        }
        Ok(Self { path, name: "tutk-capi" })
    }

    fn asked(&self) -> (String, Subject) {
        (format!("{}, asked every 10 ms", self.name), Subject::Loop(self.path.clone()))
    }

    fn backend(&self) -> (String, Subject) {
        (format!("tutksrc over {}", self.name), Subject::Vendor(self.path.clone()))
    }
}

fn native() -> (String, Subject) {
    ("tutksrc".into(), Subject::Native(1))
}

/// The Python program over the vendor's library, where it is named.
fn python() -> Option<(String, Subject)> {
    let path = env::var_os("TUTK_IPCAMERA_PROXY").filter(|path| !path.is_empty())?;
    Some(("tutk_ipcamera_proxy.py".into(), Subject::Python(path.into())))
}

/// A program over go2rtc's client, where it is named.
fn go2rtc() -> Option<(String, Subject)> {
    let path = env::var_os("TUTK_GO2RTC").filter(|path| !path.is_empty())?;
    Some(("go2rtc's client".into(), Subject::Go2rtc(path.into())))
}

pub(crate) fn run(plan: &Plan) -> Result<(), Failure> {
    let library = Library::find()?;
    print_head();
    for (case, load) in [("one ordinary camera", ORDINARY), ("one large camera", LARGE)] {
        // That program takes no frames over 128,000 bytes, which the large camera has.
        let python = python().filter(|_| load.name == ORDINARY.name);
        for (name, subject) in [native(), library.backend(), library.asked()].into_iter().chain(python) {
            let steady = plan.camera(Spec::classic(Sender::Plain(0.0), load), subject)?;
            with_latency(Row::of(case, &name, &steady), load, 1, &steady).print();
        }
        for (way, spec) in ways(Sender::Plain(0.0), load) {
            let (name, subject) = native();
            let steady = plan.camera(spec, subject)?;
            with_latency(Row::of(&format!("{case}, {way}"), &name, &steady), load, 1, &steady).print();
        }
        if let Some((name, subject)) = go2rtc() {
            let steady = plan.camera(Spec::packet(Sender::Plain(0.0), load), subject)?;
            with_latency(Row::of(&format!("{case}, packets"), &name, &steady), load, 1, &steady).print();
        }
    }
    sound(plan)?;
    flat_out(plan, &library)?;
    for loss in plan.losses {
        let case = format!("large camera, {loss} % lost");
        for (name, subject) in [native(), library.asked()] {
            let steady = plan.camera(Spec::classic(Sender::Plain(f64::from(*loss) / 100.0), LARGE), subject)?;
            with_latency(Row::of(&case, &name, &steady), LARGE, 1, &steady).print();
        }
        for (way, spec) in ways(Sender::Plain(f64::from(*loss) / 100.0), LARGE) {
            let (name, subject) = native();
            let steady = plan.camera(spec, subject)?;
            with_latency(Row::of(&format!("{case}, {way}"), &name, &steady), LARGE, 1, &steady).print();
        }
        // An older library has the classic style here, too.
        let (name, subject) = library.asked();
        let steady = plan.camera(Spec::packet(Sender::Plain(f64::from(*loss) / 100.0), LARGE), subject)?;
        with_latency(Row::of(&format!("{case}, packets"), &name, &steady), LARGE, 1, &steady).print();
    }
    many(plan, "ordinary cameras", Spec::classic(Sender::Plain(0.0), ORDINARY))?;
    many(plan, "encrypted cameras", Spec::encrypted(Sender::Plain(0.0), ORDINARY))?;
    let (_camera, source) = processes::camera(Spec::classic(Sender::Plain(0.0), ORDINARY))?;
    for (name, subject) in [native(), library.backend(), library.asked()] {
        let latency = Some(processes::start(&subject, source, plan.starts)?);
        Row { case: "start to first frame".into(), subject: name, latency, ..Row::default() }.print();
    }
    for generation in [Generation::G10, Generation::G12, Generation::G14, Generation::G1A] {
        let spec = Spec { generation, ..Spec::packet(Sender::Plain(0.0), ORDINARY) };
        let (_camera, source) = processes::camera(spec)?;
        let (subject, native) = native();
        let latency = Some(processes::start(&native, source, plan.starts)?);
        let case = format!("start to first frame, 0x{:02x}", generation.0);
        Row { case, subject, latency, ..Row::default() }.print();
    }
    let (_camera, source) = processes::camera(Spec::encrypted(Sender::Plain(0.0), ORDINARY))?;
    let (subject, native) = native();
    let latency = Some(processes::start(&native, source, plan.starts)?);
    Row { case: "start to first frame, encrypted".into(), subject, latency, ..Row::default() }.print();
    if library.name == "tutk-capi" {
        println!("\nTUTK_LIBRARY names no library of the vendor's: tutk-capi, this project's own, stands in for it.");
    }
    Ok(())
}

/// The ordinary camera with sound, which is compared with that without.
fn sound(plan: &Plan) -> Result<(), Failure> {
    let sender = Sender::Plain(0.0);
    for (way, spec) in [("", Spec::classic(sender, WITH_SOUND)), (", packets", Spec::packet(sender, WITH_SOUND))] {
        let steady = plan.camera(spec, Subject::Both)?;
        let row = Row::of(&format!("one ordinary camera with sound{way}"), "tutksrc and tutkdemux", &steady);
        with_latency(row, WITH_SOUND, 1, &steady).print();
    }
    Ok(())
}

/// Cameras of the newest generation.
fn ways(sender: Sender, load: Load) -> [(&'static str, Spec); 2] {
    [("packets", Spec::packet(sender, load)), ("encrypted", Spec::encrypted(sender, load))]
}

impl Plan {
    fn camera(&self, spec: Spec, subject: Subject) -> Result<Steady, Failure> {
        let (_camera, source) = processes::camera(spec)?;
        processes::measure(&Role::Receive(subject, source, self.settle, self.length))
    }
}

/// A row about cameras that send at their own rate: how many frames came of those that were sent, and when.
fn with_latency(row: Row, load: Load, cameras: u64, steady: &Steady) -> Row {
    let sent = steady.seconds * load.fps * cameras as f64;
    Row { frames: Some(format!("{}/{sent:.0}", steady.units)), latency: Some(steady.latency), ..row }
}

fn flat_out(plan: &Plan, library: &Library) -> Result<(), Failure> {
    for (way, sender, joined) in [("", Sender::Plain(0.0), false), (", joined", Sender::Sink, true)] {
        let case = format!("flat out{way}");
        let subjects = [Some(native()), (!joined).then(|| library.asked())];
        for (name, subject) in subjects.into_iter().flatten() {
            flood(plan, &case, &name, Spec::classic(sender, FLAT_OUT), subject)?;
        }
        for (way, spec) in ways(sender, FLAT_OUT) {
            let (name, subject) = native();
            flood(plan, &format!("{case}, {way}"), &name, spec, subject)?;
        }
        let bare = match joined {
            false => vec![("udpsrc", Subject::UdpSrc), ("recv", Subject::Recv), ("recvmmsg", Subject::RecvMany)],
            true => vec![("udpsrc", Subject::UdpSrc), ("recvmsg with UDP_GRO", Subject::RecvJoined)],
        };
        for (name, subject) in bare {
            let (_sender, source) = processes::datagrams(joined)?;
            let steady = processes::measure(&Role::Receive(subject, source, plan.settle, plan.length))?;
            let row = Row::of(&case, name, &steady);
            Row { nanoseconds: per_datagram(&steady, steady.units), ..row }.print();
        }
    }
    Ok(())
}

/// A camera that sends as fast as it can.
fn flood(plan: &Plan, case: &str, name: &str, spec: Spec, subject: Subject) -> Result<(), Failure> {
    let steady = plan.camera(spec, subject)?;
    let datagrams = steady.units * spec.load.datagrams_per_frame() as u64;
    let row = Row::of(case, name, &steady);
    Row { nanoseconds: per_datagram(&steady, datagrams), latency: Some(steady.latency), ..row }.print();
    Ok(())
}

fn per_datagram(steady: &Steady, datagrams: u64) -> Option<f64> {
    (datagrams > 0).then(|| steady.cpu_seconds * 1e9 / datagrams as f64)
}

/// Many cameras of a kind in one process; the last row is what each further camera adds.
fn many(plan: &Plan, kind: &str, spec: Spec) -> Result<(), Failure> {
    let mut all = Vec::new();
    for count in plan.counts {
        let steady = plan.camera(spec, Subject::Native(*count))?;
        let row = with_latency(Row::of(&format!("{kind}: {count}"), "tutksrc", &steady), spec.load, *count, &steady);
        Row { memory: Some((steady.memory_kib as f64 / 1024.0, steady.threads)), ..row }.print();
        all.push((*count, steady));
    }
    let [(few, first), .., (most, last)] = &all[..] else { return Ok(()) };
    let further = (most - few) as f64;
    let cpu = (last.cpu_seconds / last.seconds - first.cpu_seconds / first.seconds) * 100.0;
    let memory = last.memory_kib.saturating_sub(first.memory_kib) as f64 / 1024.0;
    Row {
        case: format!("{kind}: each further one"),
        subject: "tutksrc".into(),
        cpu_percent: Some(cpu / further),
        memory: Some((memory / further, last.threads.saturating_sub(first.threads) / (most - few))),
        ..Row::default()
    }
    .print();
    Ok(())
}
