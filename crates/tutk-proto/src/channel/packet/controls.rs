use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::channel::AvEvent;
use crate::io_control::MAX_BODY;
use crate::recv::packet::{ORIGIN, unwrap};
use crate::wire::CHUNK;
use crate::wire::packet::{Chunk, Content};

/// IO controls, both ways: cut into chunks that are repeated until they are acknowledged, and delivered once and in order.
#[derive(Debug)]
pub(super) struct Controls {
    /// To be acknowledged, the oldest first.
    outgoing: VecDeque<Outgoing>,
    bytes: usize,
    /// The first chunk that is not acknowledged.
    base: u64,
    /// The next chunk to send, and the first that was never sent.
    next: u64,
    unsent: u64,
    /// What the next control begins with.
    end: u64,
    serial: u32,
    /// When to send from `base` on again, and how often that was done.
    due: Option<Instant>,
    repeats: u32,
    /// The next chunk to come, and those that came before it.
    incoming: u64,
    early: BTreeMap<u64, Early>,
    partial: Vec<u8>,
    partial_serial: Option<u32>,
    events: VecDeque<AvEvent>,
    internal: VecDeque<(u32, Vec<u8>)>,
}

#[derive(Debug)]
struct Outgoing {
    internal: bool,
    /// The type and the body.
    bytes: Vec<u8>,
    first: u64,
    serial: u32,
    /// When it was sent first.
    sent: Option<Instant>,
    /// The application was told that it is not confirmed.
    is_given_up: bool,
}

/// A chunk that came before an earlier one.
#[derive(Debug)]
struct Early {
    internal: bool,
    index: u16,
    count: u16,
    serial: u32,
    data: Box<[u8]>,
}

/// Chunks that may come before an earlier one.
const MAX_EARLY: u64 = 32;
/// Chunks that are under way. The vendor's receiver drops what does not come in order.
const WINDOW: u64 = 8;
const REPEAT: Duration = Duration::from_millis(60);
const MAX_REPEAT: Duration = Duration::from_millis(250);
/// After this time it is reported to the application; the chunks are repeated all the same, for those after them cannot be delivered
/// without them.
const UNCONFIRMED: Duration = Duration::from_secs(10);
/// IO controls over these are not sent: the other side does not acknowledge, and what is sent may answer what it sends.
const MAX_OUTGOING: usize = 256;
const MAX_OUTGOING_BYTES: usize = 1 << 20;

impl Controls {
    pub(super) fn new() -> Self {
        Self {
            outgoing: VecDeque::new(),
            bytes: 0,
            base: ORIGIN,
            next: ORIGIN,
            unsent: ORIGIN,
            end: ORIGIN,
            serial: 0,
            due: None,
            repeats: 0,
            incoming: ORIGIN,
            early: BTreeMap::new(),
            partial: Vec::new(),
            partial_serial: None,
            events: VecDeque::new(),
            internal: VecDeque::new(),
        }
    }

    pub(super) fn send(&mut self, internal: bool, kind: u32, body: &[u8]) {
        let is_full = self.outgoing.len() >= MAX_OUTGOING || self.bytes + body.len() > MAX_OUTGOING_BYTES;
        if body.len() > MAX_BODY || is_full {
            if !internal {
                self.events.push_back(AvEvent::IoControlUnconfirmed { kind });
            }
            return;
        }
        let bytes = [&kind.to_le_bytes(), body].concat();
        self.bytes += bytes.len();
        let (first, serial) = (self.end, self.serial);
        let control = Outgoing { internal, bytes, first, serial, sent: None, is_given_up: false };
        self.serial = self.serial.wrapping_add(1);
        self.end = control.end();
        self.outgoing.push_back(control);
    }

    /// Takes a chunk of an IO control.
    pub(super) fn handle(&mut self, chunk: &Chunk<'_>, internal: bool) {
        let number = unwrap(self.incoming, chunk.number);
        if number < self.incoming || number - self.incoming >= MAX_EARLY {
            return;
        }
        let Chunk { index, count, serial, data, .. } = *chunk;
        self.early.entry(number).or_insert_with(|| Early { internal, index, count, serial, data: data.into() });
        while let Some(chunk) = self.early.remove(&self.incoming) {
            self.incoming += 1;
            self.deliver(&chunk);
        }
    }

    fn deliver(&mut self, chunk: &Early) {
        if chunk.index == 0 || self.partial_serial != Some(chunk.serial) {
            self.partial.clear();
            self.partial_serial = (chunk.index == 0).then_some(chunk.serial);
        }
        if self.partial.len() + chunk.data.len() > MAX_BODY + 4 {
            self.partial_serial = None;
        }
        if self.partial_serial.is_none() {
            return;
        }
        self.partial.extend_from_slice(&chunk.data);
        if chunk.index < chunk.count.saturating_sub(1) {
            return;
        }
        self.partial_serial = None;
        let bytes = std::mem::take(&mut self.partial);
        if let Some((kind, body)) = bytes.split_first_chunk() {
            let (kind, body) = (u32::from_le_bytes(*kind), body.to_vec());
            if chunk.internal {
                self.internal.push_back((kind, body));
            } else {
                self.events.push_back(AvEvent::IoControl { kind, body });
            }
        }
    }

    /// The last chunk that has come in order, as acknowledgements say it.
    pub(super) fn received(&self) -> u16 {
        (self.incoming - 1) as u16
    }

    /// The other side has every chunk up to this one.
    pub(super) fn acked(&mut self, now: Instant, number: u16) {
        let base = unwrap(self.base, number) + 1;
        if base <= self.base || base > self.unsent {
            return;
        }
        self.base = base;
        self.next = self.next.max(base);
        self.repeats = 0;
        self.due = (self.unsent > base).then(|| now + REPEAT);
        while self.outgoing.front().is_some_and(|control| control.end() <= base)
            && let Some(control) = self.outgoing.pop_front()
        {
            self.bytes -= control.bytes.len();
            if !control.internal && !control.is_given_up {
                self.events.push_back(AvEvent::IoControlConfirmed { kind: control.kind() });
            }
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if let Some(control) = self.outgoing.front_mut()
            && !control.is_given_up
            && control.sent.is_some_and(|sent| sent + UNCONFIRMED <= now)
        {
            control.is_given_up = true;
            if !control.internal {
                let kind = control.kind();
                self.events.push_back(AvEvent::IoControlUnconfirmed { kind });
            }
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// The next chunk.
    pub(super) fn poll_transmit(&mut self, now: Instant) -> Option<Chunk<'_>> {
        if self.due.is_some_and(|due| due <= now) {
            self.due = None;
            self.next = self.base;
            self.repeats += 1;
        }
        if self.next >= self.end.min(self.base + WINDOW) {
            return None;
        }
        if self.due.is_none() {
            self.due = Some(now + (REPEAT * (self.repeats + 1)).min(MAX_REPEAT));
        }
        self.take_next(Some(now))
    }

    fn take_next(&mut self, now: Option<Instant>) -> Option<Chunk<'_>> {
        let number = self.next;
        let at = self.outgoing.partition_point(|control| control.end() <= number);
        let control = self.outgoing.get_mut(at)?;
        control.sent = control.sent.or(now);
        self.next += 1;
        self.unsent = self.unsent.max(self.next);
        control.chunk(number)
    }

    /// The next chunk of controls that were never sent; no other is sent any more.
    pub(super) fn flush(&mut self) -> Option<Chunk<'_>> {
        self.next = self.unsent;
        self.take_next(None)
    }

    /// What came for the protocol itself.
    pub(super) fn poll_internal(&mut self) -> Option<(u32, Vec<u8>)> {
        self.internal.pop_front()
    }

    pub(super) fn poll_event(&mut self) -> Option<AvEvent> {
        self.events.pop_front()
    }
}

impl Outgoing {
    fn kind(&self) -> u32 {
        self.bytes.first_chunk().map_or(0, |kind| u32::from_le_bytes(*kind))
    }

    fn count(&self) -> u16 {
        self.bytes.len().div_ceil(CHUNK) as u16
    }

    /// The number after its last chunk's.
    fn end(&self) -> u64 {
        self.first + u64::from(self.count())
    }

    fn chunk(&self, number: u64) -> Option<Chunk<'_>> {
        let index = number.checked_sub(self.first)? as u16;
        Some(Chunk {
            content: Content::Io { internal: self.internal },
            last: false,
            number: number as u16,
            count: self.count(),
            index,
            checksum: 0,
            serial: self.serial,
            frame: 0,
            data: self.bytes.chunks(CHUNK).nth(index.into())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Delivers what `from` sends, but not what gets lost. Returns how many chunks that were.
    fn exchange(from: &mut Controls, to: &mut Controls, now: Instant, mut lost: impl FnMut() -> bool) -> usize {
        let mut count = 0;
        while let Some(chunk) = from.poll_transmit(now) {
            count += 1;
            if !lost() {
                let Content::Io { internal } = chunk.content else { unreachable!() };
                to.handle(&chunk, internal);
            }
        }
        from.acked(now, to.received());
        count
    }

    #[test]
    fn bodies_of_any_length_come_once_and_in_order() {
        let mut now = Instant::now();
        let (mut from, mut to) = (Controls::new(), Controls::new());
        let lens = [0, 1, 8, 1019, 1020, 1021, 3000, 65_532, 40_000, 2];
        for (i, len) in lens.into_iter().enumerate() {
            from.send(i == 3, i as u32, &vec![i as u8; len]);
        }
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..200 {
            let count = exchange(&mut from, &mut to, now, || random.u8(..3) == 0);
            match from.poll_timeout() {
                Some(due) => now = due,
                None if count == 0 => break,
                None => {}
            }
        }
        assert_eq!(from.poll_timeout(), None);
        let confirmed: Vec<_> = std::iter::from_fn(|| from.poll_event()).collect();
        let all = (0..lens.len()).filter(|i| *i != 3);
        assert_eq!(confirmed, all.clone().map(|i| AvEvent::IoControlConfirmed { kind: i as u32 }).collect::<Vec<_>>());
        let received: Vec<_> = std::iter::from_fn(|| to.poll_event()).collect();
        let expected = all.map(|i| AvEvent::IoControl { kind: i as u32, body: vec![i as u8; lens[i]] });
        assert_eq!(received, expected.collect::<Vec<_>>());
        assert_eq!(to.poll_internal(), Some((3, vec![3; 1019])));
        assert_eq!(from.bytes, 0);
    }

    #[test]
    fn numbers_wrap() {
        let now = Instant::now();
        let (mut from, mut to) = (Controls::new(), Controls::new());
        for i in 0..70_000 {
            from.send(false, i, &[]);
            exchange(&mut from, &mut to, now, || false);
            assert_eq!(to.poll_event(), Some(AvEvent::IoControl { kind: i, body: vec![] }));
            assert_eq!(from.poll_event(), Some(AvEvent::IoControlConfirmed { kind: i }));
        }
    }

    #[test]
    fn what_is_not_acknowledged_is_reported_and_repeated() {
        let mut now = Instant::now();
        let mut controls = Controls::new();
        controls.send(false, 7, &[1]);
        let end = now + 2 * UNCONFIRMED;
        let mut sent = 0;
        while now < end {
            while controls.poll_transmit(now).is_some() {
                sent += 1;
            }
            now = controls.poll_timeout().unwrap();
            controls.handle_timeout(now);
        }
        assert!((80..150).contains(&sent), "{sent}");
        assert_eq!(controls.poll_event(), Some(AvEvent::IoControlUnconfirmed { kind: 7 }));
        assert_eq!(controls.poll_event(), None);
        controls.acked(now, 0);
        assert_eq!((controls.poll_event(), controls.poll_timeout()), (None, None));
    }

    #[test]
    fn nonsense_is_bounded() {
        let now = Instant::now();
        let mut controls = Controls::new();
        let chunk = |number, index, count, serial| Chunk {
            content: Content::Io { internal: false },
            last: false,
            number,
            count,
            index,
            checksum: 0,
            serial,
            frame: 0,
            data: &[7; 1024],
        };
        // A control without an end, one that begins in its middle, and one with a count of 0.
        for i in 0..3000 {
            controls.handle(&chunk(i, i, u16::MAX, 0), false);
            assert!(controls.partial.len() <= MAX_BODY + 4);
        }
        assert_eq!(controls.poll_event(), None);
        controls.handle(&chunk(3000, 2, 3, 1), false);
        assert_eq!(controls.poll_event(), None);
        controls.handle(&chunk(3001, 0, 0, 2), false);
        assert!(matches!(controls.poll_event(), Some(AvEvent::IoControl { body, .. }) if body.len() == 1020));
        // What was never sent is not acknowledged.
        controls.acked(now, 5);
        for _ in 0..1000 {
            controls.send(false, 1, &[0; 4000]);
        }
        assert!(controls.bytes <= MAX_OUTGOING_BYTES + CHUNK);
        controls.send(false, 1, &vec![0; MAX_BODY + 1]);
        assert!(matches!(controls.poll_event(), Some(AvEvent::IoControlUnconfirmed { kind: 1 })));
    }
}
