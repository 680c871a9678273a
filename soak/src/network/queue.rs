use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tappers::Tap;

use super::Host;

/// More than this is lost, as in any router.
const ROOM: usize = 20_000;

/// What is under way.
#[derive(Clone, Default)]
pub(super) struct Queue {
    shared: Arc<(Mutex<Waiting>, Condvar)>,
}

#[derive(Default)]
struct Waiting {
    frames: BinaryHeap<Reverse<(Instant, u64)>>,
    bodies: HashMap<u64, (Arc<Tap>, Vec<u8>)>,
    next: u64,
    is_running: bool,
}

impl Queue {
    pub(super) fn push(&self, delay: Duration, to: &Host, frame: &[u8]) {
        let (waiting, changed) = &*self.shared;
        let mut waiting = waiting.lock().unwrap();
        if waiting.frames.len() >= ROOM {
            return;
        }
        let number = waiting.next;
        waiting.next += 1;
        waiting.frames.push(Reverse((Instant::now() + delay, number)));
        waiting.bodies.insert(number, (to.tap.clone(), frame.to_vec()));
        if !std::mem::replace(&mut waiting.is_running, true) {
            let queue = self.clone();
            thread::spawn(move || queue.deliver());
        }
        changed.notify_one();
    }

    fn deliver(&self) {
        let (waiting, changed) = &*self.shared;
        let mut waiting = waiting.lock().unwrap();
        loop {
            let now = Instant::now();
            let due = waiting.frames.peek().map(|Reverse((due, _))| *due);
            waiting = match due {
                None => changed.wait(waiting).unwrap(),
                Some(due) if due > now => changed.wait_timeout(waiting, due - now).unwrap().0,
                Some(_) => {
                    if let Some(Reverse((_, number))) = waiting.frames.pop()
                        && let Some((tap, frame)) = waiting.bodies.remove(&number)
                    {
                        let _ = tap.send(&frame);
                    }
                    waiting
                }
            };
        }
    }
}
