//! Processes of this program in other roles.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Stdio};

use crate::Failure;
use crate::camera::Spec;
use crate::meter::{Steady, summary};
use crate::roles::Role;
use crate::subject::{Source, Subject};

/// A sender, which ends when this is dropped.
pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The end of its standard input ends it.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn command(role: &Role) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(role.words()).stdin(Stdio::piped()).stdout(Stdio::piped());
    Ok(command)
}

/// A camera that is ready for viewers.
pub(crate) fn camera(spec: Spec) -> Result<(Running, Source), Failure> {
    let uid = format!("{:020X}", u128::from(getrandom::u64()?)).parse()?;
    let mut child = command(&Role::Camera(spec, uid))?.spawn()?;
    let mut line = String::new();
    let output = child.stdout.take().ok_or("no output")?;
    let running = Running(child);
    BufReader::new(output).read_line(&mut line)?;
    let port = line.trim().parse().map_err(|_| "the camera did not start")?;
    Ok((running, Source { uid, port }))
}

/// A sender of datagrams to a port that is free.
pub(crate) fn datagrams(joined: bool) -> Result<(Running, Source), Failure> {
    let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let running = Running(command(&Role::Datagrams(port, joined))?.spawn()?);
    // There is no camera, so that its UID means nothing.
    Ok((running, Source { uid: "0".repeat(20).parse()?, port }))
}

fn output(role: &Role) -> Result<String, Failure> {
    let output = command(role)?.output()?;
    if !output.status.success() {
        // It has said why.
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        return Err(format!("{}: {}", role.words().join(" "), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Measures a subject.
pub(crate) fn measure(role: &Role) -> Result<Steady, Failure> {
    let text = output(role)?;
    // A library may print lines of its own.
    text.lines().rev().find_map(Steady::parse).ok_or_else(|| "a subject told nothing".into())
}

/// How long a subject takes to start: mean, 99th percentile and longest, in milliseconds.
pub(crate) fn start(subject: &Subject, source: Source, times: u32) -> Result<[f64; 3], Failure> {
    let text = output(&Role::Start(subject.clone(), source, times))?;
    let times = text.lines().filter_map(|line| line.parse().ok()).map(std::time::Duration::from_secs_f64);
    Ok(summary(times.map(|time| time / 1000).collect()))
}
