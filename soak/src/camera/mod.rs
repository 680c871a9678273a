//! A camera, in a process of its own.
//!
//! The line `back` on standard input sets its clock back a day; the end of standard input ends it.

mod plain;
mod sink;

use std::io::stdin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::fleet::{self, GROUP, Kind};
use crate::frames::Label;
use crate::sound;

/// How long a block of sound is.
const BLOCK: Duration = Duration::from_millis(100);
/// After more than this, what was not said stays so.
const MAX_BEHIND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// What the camera's clock shows at its start; its 32 bits of milliseconds end before the 50th day.
const START: Duration = Duration::from_secs(40 * 24 * 60 * 60);

/// What sends the frames.
trait Sender {
    fn send(&mut self, frame: Vec<u8>, key: bool, taken: Duration) -> Result<(), Failure>;
    /// Sends a block of sound.
    fn speak(&mut self, block: Vec<u8>, taken: Duration) -> Result<(), Failure>;
    /// Whether a viewer waits for a key frame.
    fn wants_key(&mut self) -> bool;
}

pub(crate) fn run(index: usize, incarnation: u64) -> Result<(), Failure> {
    let kind = fleet::camera(index);
    let (sender, commands) = channel();
    thread::spawn(move || {
        for line in stdin().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    match sink::caps(kind.codec).filter(|_| kind.resend) {
        Some(caps) => film(index, kind, incarnation, &commands, sink::Sink::open(index, caps)?),
        None => film(index, kind, incarnation, &commands, plain::Plain::open(index, kind)?),
    }
}

fn film(
    index: usize,
    kind: Kind,
    incarnation: u64,
    commands: &Receiver<String>,
    mut sender: impl Sender,
) -> Result<(), Failure> {
    let (began, interval) = (Instant::now(), Duration::from_secs(1) / kind.fps);
    let (mut due, mut back) = (began, Duration::ZERO);
    let mut since_key: Option<u32> = None;
    let (mut block, mut spoken) = (incarnation << 32, began);
    for number in incarnation << 32.. {
        loop {
            match commands.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(_) => back += DAY,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
        // A camera that stood still does not make up for it.
        due = (due + interval).max(Instant::now());
        if due > spoken + MAX_BEHIND {
            spoken = due;
        }
        while fleet::has_sound(index) && spoken + BLOCK <= due {
            let taken = (START + spoken.duration_since(began)).saturating_sub(back);
            sender.speak(sound::block(index, block), taken)?;
            (block, spoken) = (block + 1, spoken + BLOCK);
        }
        let key = kind.codec.is_intra_only()
            || sender.wants_key()
            || since_key.is_none_or(|frames| frames + 1 >= kind.fps * GROUP);
        since_key = if key { Some(0) } else { since_key.map(|frames| frames + 1) };
        let frame = Label::new(index, &kind, number, key).frame();
        sender.send(frame, key, (START + began.elapsed()).saturating_sub(back))?;
    }
    Ok(())
}
