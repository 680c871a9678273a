//! The sending side: a camera in a process of its own.

use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use tutk::proto::Generation;
use tutk::{Camera, CameraOptions, Encryption, Uid};

use crate::Failure;
use crate::load::{Load, block};
use crate::pacer::Pacer;
use crate::plain::PlainCamera;

/// How a camera sends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sender {
    /// The camera of `tutksink`.
    Sink,
    /// Each datagram by itself, as cameras do; this share of those with video is lost on the way.
    Plain(f64),
}

/// A camera: how it sends, what, which generation it is of, and whether its sessions are encrypted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    pub(crate) sender: Sender,
    pub(crate) load: Load,
    pub(crate) generation: Generation,
    pub(crate) encryption: Encryption,
}

impl Spec {
    /// A camera of 0x09, to which this process's viewers speak in classic style.
    pub(crate) fn classic(sender: Sender, load: Load) -> Self {
        Self { sender, load, generation: Generation::G09, encryption: Encryption::Off }
    }

    /// A camera of the newest generation, to which they speak in packet style.
    pub(crate) fn packet(sender: Sender, load: Load) -> Self {
        Self { sender, load, generation: Generation::NEWEST, encryption: Encryption::Off }
    }

    /// The same whose sessions are encrypted.
    pub(crate) fn encrypted(sender: Sender, load: Load) -> Self {
        Self { encryption: Encryption::Required, ..Self::packet(sender, load) }
    }
}

/// More than any case has.
pub(crate) const MAX_VIEWERS: usize = 1000;

/// Serves until standard input ends, after a line on standard output with the port for viewers.
pub(crate) fn run(spec: Spec, uid: Uid) -> Result<(), Failure> {
    match spec.sender {
        Sender::Sink => sink(spec, uid),
        Sender::Plain(loss) => {
            let mut camera = PlainCamera::open(spec, uid, loss)?;
            println!("{}", camera.port()?);
            thread::spawn(move || camera.serve());
            wait_for_end()
        }
    }
}

pub(crate) fn wait_for_end() -> Result<(), Failure> {
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn sink(Spec { load, generation, encryption, .. }: Spec, uid: Uid) -> Result<(), Failure> {
    let options = CameraOptions::new(uid).with_max_viewers(MAX_VIEWERS);
    let (camera, mut events) = Camera::open(options.with_generation(generation).with_encryption(encryption))?;
    println!("{}", camera.port());

    let shared = Arc::new((Mutex::new(Pacer::new(load)), Condvar::new()));
    let changed = shared.clone();
    thread::spawn(move || {
        while let Ok(event) = events.next_event() {
            changed.0.lock().unwrap().handle(Instant::now(), &event);
            changed.1.notify_one();
        }
    });
    thread::spawn(move || {
        let (pacer, changed) = &*shared;
        let mut pacer = pacer.lock().unwrap();
        loop {
            let now = Instant::now();
            pacer.send(now, |viewer, frame| camera.send_video(&[viewer], frame).is_ok_and(|sent| sent > 0));
            for viewer in pacer.hearers(now) {
                let (format, timestamp, data) = block();
                let _ = camera.send_audio(&[viewer], format, timestamp, &data);
            }
            pacer = match pacer.due() {
                Some(due) => changed.wait_timeout(pacer, due.saturating_duration_since(Instant::now())).unwrap().0,
                None => changed.wait(pacer).unwrap(),
            };
        }
    });
    wait_for_end()
}
