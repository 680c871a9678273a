use std::collections::VecDeque;
use std::time::Instant;

use super::retry::Retry;

/// Tells the camera which frames it need not keep any longer, each until the camera has seen it.
///
/// The vendor's camera keeps every frame until then, and sends no more video once its store is full.
#[derive(Debug, Default)]
pub(super) struct Acks(VecDeque<Ack>);

#[derive(Debug)]
struct Ack {
    frame: u32,
    tries: u8,
    due: Option<Instant>,
}

const TRIES: u8 = 30;
const MOST: usize = 2048;

impl Acks {
    pub(super) fn push(&mut self, frame: u32) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(Ack { frame, tries: 0, due: None });
    }

    pub(super) fn seen(&mut self, frame: u32) {
        if let Some(at) = self.0.iter().position(|ack| ack.frame == frame) {
            self.0.remove(at);
        }
    }

    pub(super) fn poll(&mut self, now: Instant, retry: &mut Retry) -> Option<u32> {
        let at = self.0.iter().position(|ack| ack.due.is_none_or(|due| due <= now))?;
        let ack = self.0.get_mut(at)?;
        ack.tries += 1;
        ack.due = Some(now + retry.interval() * ack.tries.min(4).into());
        let (frame, tries) = (ack.frame, ack.tries);
        match tries {
            1 => retry.sent(frame, now),
            TRIES => drop(self.0.remove(at)),
            _ => {}
        }
        Some(frame)
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.0.iter().filter_map(|ack| ack.due).min()
    }
}
