use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Repeat;
use crate::{Frame, Lost, Media};

/// How long a block waits for those before it. The vendor's servers answer at once.
const WAIT: Duration = Duration::from_millis(250);
/// When to ask again, at first and at most.
const INTERVAL: (Duration, Duration) = (Duration::from_millis(40), Duration::from_millis(80));
/// Servers keep about so many blocks, and so many wait at most.
const MAX_BLOCKS: u32 = 32;
/// A server that was asked in vain this often, and has never answered, does not retransmit audio.
const MAX_UNANSWERED: u32 = 3;

/// Blocks of audio in their order, in classic style. A block after a gap waits while the server is asked for what is missing
/// (`00 05`, answered by `01 05`; seen with SDK 1.13 and 2.1).
#[derive(Debug)]
pub(crate) struct AudioOrder {
    /// The server retransmits.
    resend: bool,
    next: Option<u32>,
    /// Blocks after a gap, in their order.
    held: VecDeque<Frame>,
    request: Option<Repeat>,
    /// Gaps that were given up since the last one that was filled.
    unanswered: u32,
    out: VecDeque<Result<Frame, Lost>>,
    late: u64,
}

impl AudioOrder {
    pub(crate) fn new(resend: bool) -> Self {
        Self { resend, next: None, held: VecDeque::new(), request: None, unanswered: 0, out: VecDeque::new(), late: 0 }
    }

    /// A block has come.
    pub(crate) fn handle(&mut self, now: Instant, block: Frame) {
        let next = *self.next.get_or_insert(block.number);
        let ahead = block.number.wrapping_sub(next);
        let place = self.held.partition_point(|held| held.number.wrapping_sub(next) < ahead);
        let is_held = self.held.get(place).is_some_and(|held| held.number == block.number);
        if ahead > u32::MAX / 2 || is_held {
            // Overtaken, or come twice.
            self.late += 1;
            return;
        }
        if ahead == 0 && !self.held.is_empty() {
            self.unanswered = 0;
        }
        if ahead > MAX_BLOCKS {
            // What waits comes before it, and the gap is too wide to be filled.
            self.give_up_all();
        }
        let place = place.min(self.held.len());
        self.held.insert(place, block);
        self.release();
        if ahead > MAX_BLOCKS || !self.resend || self.unanswered >= MAX_UNANSWERED {
            self.give_up_all();
        } else if !self.held.is_empty() && self.request.is_none() {
            self.request = Some(Repeat::new(now));
        }
    }

    /// The numbers that the server is to be asked for now. False if it is not to be asked.
    pub(crate) fn poll_nack(&mut self, now: Instant, missing: &mut Vec<[u8; 4]>) -> bool {
        let (Some(request), Some(next)) = (&mut self.request, self.next) else { return false };
        if !request.is_due(now) {
            return false;
        }
        request.sent(now, INTERVAL.0, INTERVAL.1);
        missing.clear();
        let mut number = next;
        for held in &self.held {
            while number != held.number {
                missing.push(number.to_le_bytes());
                number = number.wrapping_add(1);
            }
            number = number.wrapping_add(1);
        }
        true
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        while self.deadline().is_some_and(|deadline| deadline <= now) {
            self.unanswered += 1;
            self.give_up();
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.request.iter().map(Repeat::due).chain(self.deadline()).min()
    }

    /// The next block, or those that are missing before it.
    pub(crate) fn pop(&mut self) -> Option<Result<Frame, Lost>> {
        self.out.pop_front()
    }

    /// Blocks that came twice, or too late.
    pub(crate) fn late(&self) -> u64 {
        self.late
    }

    /// Bytes of media that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.held.iter().map(|block| block.data.len()).sum()
    }

    /// When the first gap is given up.
    fn deadline(&self) -> Option<Instant> {
        self.held.front().map(|first| first.received + WAIT)
    }

    /// Hands out what follows without a gap.
    fn release(&mut self) {
        while let (Some(next), Some(block)) = (self.next, self.held.pop_front()) {
            if block.number != next {
                self.held.push_front(block);
                break;
            }
            self.next = Some(next.wrapping_add(1));
            self.out.push_back(Ok(block));
        }
        if self.held.is_empty() {
            self.request = None;
        }
    }

    /// Waits no longer for what is missing before the first block.
    fn give_up(&mut self) {
        if let (Some(next), Some(first)) = (self.next, self.held.front()) {
            let count = first.number.wrapping_sub(next);
            if count > 0 {
                self.out.push_back(Err(Lost { media: Media::Audio, first: next, count }));
            }
            self.next = Some(first.number);
        }
        self.release();
    }

    fn give_up_all(&mut self) {
        while !self.held.is_empty() {
            self.give_up();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Codec;

    const MS: Duration = Duration::from_millis(1);

    fn block(number: u32, now: Instant) -> Frame {
        Frame::new(Codec::Pcm, vec![0; 640], now).with_number(number)
    }

    /// Numbers of the blocks that come out, and how many are missing where there is a gap.
    fn out(order: &mut AudioOrder) -> Vec<(u32, u32)> {
        let one = |next: Result<Frame, Lost>| match next {
            Ok(block) => (block.number, 0),
            Err(lost) => (lost.first, lost.count),
        };
        std::iter::from_fn(|| order.pop()).map(one).collect()
    }

    fn asked(order: &mut AudioOrder, now: Instant) -> Vec<u32> {
        let mut missing = Vec::new();
        order.poll_nack(now, &mut missing);
        missing.into_iter().map(u32::from_le_bytes).collect()
    }

    #[test]
    fn what_is_missing_is_asked_for_and_comes_in_its_place() {
        let (mut order, now) = (AudioOrder::new(true), Instant::now());
        for number in [u32::MAX, 2, 3] {
            order.handle(now, block(number, now));
        }
        assert_eq!(out(&mut order), [(u32::MAX, 0)]);
        assert_eq!(asked(&mut order, now), [0, 1]);
        assert!(asked(&mut order, now).is_empty());
        order.handle(now, block(0, now));
        assert_eq!(asked(&mut order, now + 40 * MS), [1]);
        order.handle(now, block(1, now));
        assert_eq!(out(&mut order), [(0, 0), (1, 0), (2, 0), (3, 0)]);
        assert_eq!((order.poll_timeout(), order.bytes()), (None, 0));
        order.handle(now, block(1, now));
        assert_eq!((out(&mut order), order.late()), (vec![], 1));
    }

    #[test]
    fn what_does_not_come_is_lost_after_a_while() {
        let (mut order, now) = (AudioOrder::new(true), Instant::now());
        order.handle(now, block(0, now));
        order.handle(now, block(2, now));
        order.handle(now, block(4, now + 100 * MS));
        order.handle_timeout(now + WAIT - MS);
        assert_eq!(out(&mut order), [(0, 0)]);
        order.handle_timeout(now + WAIT);
        assert_eq!(out(&mut order), [(1, 1), (2, 0)]);
        order.handle_timeout(now + WAIT + 100 * MS);
        assert_eq!(out(&mut order), [(3, 1), (4, 0)]);
    }

    #[test]
    fn a_server_that_never_answers_is_not_waited_for() {
        let (mut order, now) = (AudioOrder::new(true), Instant::now());
        order.handle(now, block(0, now));
        for gap in 1..=MAX_UNANSWERED {
            order.handle(now, block(gap * 2, now));
            order.handle_timeout(now + WAIT);
        }
        out(&mut order);
        order.handle(now, block(8, now));
        assert_eq!(out(&mut order), [(7, 1), (8, 0)]);
        let mut plain = AudioOrder::new(false);
        plain.handle(now, block(0, now));
        plain.handle(now, block(2, now));
        assert_eq!(out(&mut plain), [(0, 0), (1, 1), (2, 0)]);
    }

    #[test]
    fn a_wide_gap_is_not_filled_and_little_is_held() {
        let (mut order, now) = (AudioOrder::new(true), Instant::now());
        order.handle(now, block(0, now));
        for number in 2..=MAX_BLOCKS + 1 {
            order.handle(now, block(number, now));
        }
        assert_eq!(order.held.len() as u32, MAX_BLOCKS);
        order.handle(now, block(MAX_BLOCKS + 2, now));
        assert_eq!(out(&mut order)[..3], [(0, 0), (1, 1), (2, 0)]);
        assert!(order.held.is_empty());
        order.handle(now, block(1_000, now));
        assert_eq!(out(&mut order), [(MAX_BLOCKS + 3, 1_000 - MAX_BLOCKS - 3), (1_000, 0)]);
    }
}
