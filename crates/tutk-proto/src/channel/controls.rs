use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::channel::AvEvent;
use crate::wire::{Av, CLEAN, Echo};

/// IO controls of one session, both ways: each is repeated until the other side confirms its number, and each is
/// delivered once, in the order of the numbers.
#[derive(Debug)]
pub(crate) struct Controls {
    last_number: u32,
    /// To be confirmed. Only the first is under way, so that the order holds whatever the other side does.
    outgoing: VecDeque<Outgoing>,
    next_incoming: u32,
    /// The next internal control of the other side.
    next_internal: u32,
    clean: Option<Clean>,
    /// Came before an earlier one; when the first of them came.
    early: BTreeMap<u32, (u32, Vec<u8>)>,
    early_since: Option<Instant>,
    /// Numbers to be acknowledged, with what that repeats.
    confirmations: VecDeque<Confirmation>,
    events: VecDeque<AvEvent>,
}

/// The viewer has forgotten what it held, and wants no frame that is under way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Clean {
    /// How often it has.
    pub(crate) count: u32,
    /// The number of the frame that it expects next; without it, numbers go on.
    pub(crate) next: Option<u32>,
}

impl Clean {
    /// 1.13 says no more, and expects numbers from 0; 2.1 says how often, and numbers go on; 3.1 says the next number, too.
    fn decode(kind: u32, body: &[u8]) -> Option<Self> {
        if kind != CLEAN {
            return None;
        }
        let (count, next) = match body.as_chunks().0 {
            [] => ([0; 4], Some(0)),
            [count] => (*count, None),
            [count, next, ..] => (*count, Some(u32::from_le_bytes(*next))),
        };
        Some(Self { count: u32::from_le_bytes(count), next })
    }
}

#[derive(Debug)]
struct Confirmation {
    internal: bool,
    number: u32,
    version: u16,
    echo: Echo,
}

#[derive(Debug)]
struct Outgoing {
    number: u32,
    kind: u32,
    body: Vec<u8>,
    tries: u32,
    due: Option<Instant>,
}

impl Outgoing {
    fn message(&self) -> Av<'_> {
        Av::IoControl { number: self.number, kind: self.kind, body: &self.body, version: 0, echo: [0; 6] }
    }
}

const REPEAT: Duration = Duration::from_millis(50);
const MAX_REPEAT: Duration = Duration::from_millis(250);
const TRIES: u32 = 40;
/// How long an IO control waits for an earlier one.
const EARLY: Duration = Duration::from_secs(1);
const MAX_EARLY: u32 = 32;
/// IO controls over this number are not sent: the other side does not confirm, and what is sent may answer what it sends.
const MAX_OUTGOING: usize = 256;
/// The other side repeats what is not confirmed, so that confirmations over this number can go.
const MAX_CONFIRMATIONS: usize = 64;

impl Controls {
    pub(crate) fn new() -> Self {
        Self {
            last_number: 0,
            outgoing: VecDeque::new(),
            next_incoming: 1,
            next_internal: 1,
            clean: None,
            early: BTreeMap::new(),
            early_since: None,
            confirmations: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    pub(crate) fn send(&mut self, kind: u32, body: Vec<u8>) {
        if self.outgoing.len() >= MAX_OUTGOING {
            self.events.push_back(AvEvent::IoControlUnconfirmed { kind });
            return;
        }
        self.last_number = self.last_number.wrapping_add(1);
        self.outgoing.push_back(Outgoing { number: self.last_number, kind, body, tries: 0, due: None });
    }

    /// Takes an IO control or a confirmation; other messages are passed over.
    pub(crate) fn handle(&mut self, now: Instant, av: &Av<'_>) {
        match *av {
            Av::IoControl { number, kind, body, version, echo } => {
                self.acknowledge(Confirmation { internal: false, number, version, echo });
                self.received(now, number, kind, body);
            }
            Av::Internal { number, kind, body, version, echo } => {
                self.acknowledge(Confirmation { internal: true, number, version, echo });
                // It comes again until it is answered.
                if number.wrapping_sub(self.next_internal) <= u32::MAX / 2 {
                    self.next_internal = number.wrapping_add(1);
                    self.clean = Clean::decode(kind, body).or(self.clean.take());
                }
            }
            Av::IoControlAck { number, .. } => self.confirmed(number),
            _ => {}
        }
    }

    /// The viewer has forgotten what it held, returned once.
    pub(crate) fn take_clean(&mut self) -> Option<Clean> {
        self.clean.take()
    }

    fn acknowledge(&mut self, confirmation: Confirmation) {
        if self.confirmations.len() < MAX_CONFIRMATIONS {
            self.confirmations.push_back(confirmation);
        }
    }

    fn received(&mut self, now: Instant, number: u32, kind: u32, body: &[u8]) {
        let ahead = number.wrapping_sub(self.next_incoming);
        if ahead > u32::MAX / 2 {
            return;
        }
        if ahead >= MAX_EARLY {
            // Nobody sends so many at once: the other side counts anew.
            self.skip_to(number);
        }
        self.early.entry(number).or_insert_with(|| (kind, body.to_vec()));
        self.deliver();
        self.early_since = if self.early.is_empty() { None } else { self.early_since.or(Some(now)) };
    }

    fn confirmed(&mut self, number: u32) {
        if self.outgoing.front().is_some_and(|first| first.number == number)
            && let Some(first) = self.outgoing.pop_front()
        {
            self.events.push_back(AvEvent::IoControlConfirmed { kind: first.kind });
        }
    }

    fn deliver(&mut self) {
        while let Some((kind, body)) = self.early.remove(&self.next_incoming) {
            self.events.push_back(AvEvent::IoControl { kind, body });
            self.next_incoming = self.next_incoming.wrapping_add(1);
            self.early_since = None;
        }
    }

    /// Gives up what is missing before `number`.
    fn skip_to(&mut self, number: u32) {
        for (_, (kind, body)) in std::mem::take(&mut self.early) {
            self.events.push_back(AvEvent::IoControl { kind, body });
        }
        self.next_incoming = number;
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.early_since.is_some_and(|since| since + EARLY <= now)
            && let Some(first) = self.early.keys().next()
        {
            self.next_incoming = *first;
            self.early_since = None;
            self.deliver();
            self.early_since = (!self.early.is_empty()).then_some(now);
        }
        if let Some(first) = self.outgoing.front()
            && first.tries >= TRIES
            && first.due.is_some_and(|due| due <= now)
            && let Some(first) = self.outgoing.pop_front()
        {
            self.events.push_back(AvEvent::IoControlUnconfirmed { kind: first.kind });
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let repeat = self.outgoing.front().and_then(|first| first.due);
        let early = self.early_since.map(|since| since + EARLY);
        repeat.into_iter().chain(early).min()
    }

    pub(crate) fn poll_transmit(&mut self, now: Instant) -> Option<Av<'_>> {
        if let Some(Confirmation { internal, number, version, echo }) = self.confirmations.pop_front() {
            return Some(if internal {
                Av::InternalAck { number, version, echo }
            } else {
                Av::IoControlAck { number, version, echo }
            });
        }
        let first = self.outgoing.front_mut()?;
        if first.tries >= TRIES || first.due.is_some_and(|due| due > now) {
            return None;
        }
        first.tries += 1;
        first.due = Some(now + (REPEAT * first.tries).min(MAX_REPEAT));
        Some(first.message())
    }

    /// Sends the next one that has never been sent, without a wait: for what must go out before a close.
    pub(crate) fn flush<R>(&mut self, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        self.outgoing.retain(|control| control.tries == 0);
        let control = self.outgoing.pop_front()?;
        Some(send(control.message()))
    }

    pub(crate) fn poll_event(&mut self) -> Option<AvEvent> {
        self.events.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(controls: &mut Controls) -> Vec<u32> {
        std::iter::from_fn(|| controls.poll_event())
            .map(|event| match event {
                AvEvent::IoControl { kind, .. } => kind,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn delivered_once_and_in_order() {
        let now = Instant::now();
        let mut controls = Controls::new();
        for number in [2, 1, 1, 2, 4, 3, 2] {
            controls.received(now, number, number * 10, &[]);
        }
        assert_eq!(received(&mut controls), [10, 20, 30, 40]);
        assert_eq!(controls.poll_timeout(), None);
    }

    /// The vendor's viewers repeat it until it is answered.
    #[test]
    fn an_internal_control_is_answered_and_counted_apart() {
        let now = Instant::now();
        let mut controls = Controls::new();
        let (version, echo) = (8, [1, 2, 3, 4, 5, 6]);
        let two = [1, 0, 0, 0, 15, 0, 0, 0];
        let bodies = [(&[][..], 0, Some(0)), (&two[..4], 1, None), (&two, 1, Some(15))];
        for (number, (body, count, next)) in (1..).zip(bodies) {
            for clean in [Some(Clean { count, next }), None] {
                controls.handle(now, &Av::Internal { number, kind: CLEAN, body, version, echo });
                assert_eq!(controls.poll_transmit(now), Some(Av::InternalAck { number, version, echo }));
                assert_eq!(controls.take_clean(), clean);
            }
        }
        controls.handle(now, &Av::IoControl { number: 1, kind: 7, body: &[], version, echo });
        assert_eq!(controls.poll_transmit(now), Some(Av::IoControlAck { number: 1, version, echo }));
        assert_eq!(received(&mut controls), [7]);
    }

    #[test]
    fn a_missing_one_is_skipped_after_a_while() {
        let now = Instant::now();
        let mut controls = Controls::new();
        controls.received(now, 2, 20, &[]);
        assert_eq!(received(&mut controls), []);
        let due = controls.poll_timeout().unwrap();
        controls.handle_timeout(due);
        assert_eq!(received(&mut controls), [20]);
        controls.received(due, 1, 10, &[]);
        assert_eq!(received(&mut controls), []);
        controls.received(due, 1000, 30, &[]);
        assert_eq!(received(&mut controls), [30]);
    }

    #[test]
    fn repeated_until_confirmed_or_given_up() {
        let mut now = Instant::now();
        let mut controls = Controls::new();
        controls.send(1, vec![7]);
        controls.send(2, vec![]);
        assert_eq!(
            controls.poll_transmit(now),
            Some(Av::IoControl { number: 1, kind: 1, body: &[7], version: 0, echo: [0; 6] })
        );
        assert_eq!(controls.poll_transmit(now), None);
        now = controls.poll_timeout().unwrap();
        assert_eq!(
            controls.poll_transmit(now),
            Some(Av::IoControl { number: 1, kind: 1, body: &[7], version: 0, echo: [0; 6] })
        );
        controls.confirmed(1);
        let mut tries = 0;
        loop {
            while controls.poll_transmit(now).is_some() {
                tries += 1;
            }
            let Some(due) = controls.poll_timeout() else { break };
            now = due;
            controls.handle_timeout(now);
        }
        assert_eq!(tries, TRIES);
        assert_eq!(controls.poll_event(), Some(AvEvent::IoControlConfirmed { kind: 1 }));
        assert_eq!(controls.poll_event(), Some(AvEvent::IoControlUnconfirmed { kind: 2 }));
    }
}
