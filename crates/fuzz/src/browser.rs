use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::input::{Input, address, patched, scrambled};
use crate::machine::{pass, settle};
use tutk_proto::wire::{self, AddressBlock, Message, Text};
use tutk_proto::{Browser, BrowserEvent, DiscoveredCamera, Generation, MAX_CAMERAS, Machine, Transmit, Uid};

const MIN_PERIOD: Duration = Duration::from_millis(100);
const OPENING: u64 = 3;

/// A browser, with answers of any kind from as many cameras and strangers as the input likes.
pub fn browser(data: &[u8]) {
    let mut input = Input::new(data);
    let mut run = Run::new(Duration::from_millis(input.u16().into()), input.u8() % 4);
    input.each(|input| run.step(input));
    // The two that may be left of the opening, one that begins to count, and three without an answer.
    run.pass(2 * MIN_PERIOD + 5 * run.period);
    assert!(run.known.is_empty(), "{} cameras were never told to be gone", run.known.len());
}

struct Run {
    start: Instant,
    now: Instant,
    period: Duration,
    searches: Searches,
    /// What the application knows by the events.
    known: BTreeMap<Uid, DiscoveredCamera>,
    is_full: bool,
    /// Events that answers caused since the search of this number.
    told: (u64, usize),
}

/// The browser, whose searches go to these addresses.
struct Searches {
    browser: Browser,
    targets: Vec<SocketAddr>,
    begun: u64,
    sent: u64,
}

impl Machine for Searches {
    fn handle_input(&mut self, _now: Instant, from: SocketAddr, datagram: &mut [u8]) {
        self.browser.handle_input(from, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.begun += 1;
        self.browser.search(now, self.targets.clone());
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Some(self.browser.poll_timeout())
    }

    fn poll_transmit(&mut self, _now: Instant, _max_datagrams: usize, out: &mut Vec<u8>) -> Option<Transmit> {
        let transmit = self.browser.poll_transmit(out)?;
        self.sent += 1;
        Some(transmit)
    }
}

impl Run {
    fn new(period: Duration, targets: u8) -> Self {
        let now = Instant::now();
        let targets = (0..targets).map(address).collect();
        let searches = Searches { browser: Browser::new(now, period), targets, begun: 0, sent: 0 };
        let period = period.max(MIN_PERIOD);
        Self { start: now, now, period, searches, known: BTreeMap::new(), is_full: false, told: (0, 0) }
    }

    fn pass(&mut self, time: Duration) {
        pass(&mut self.searches, &mut self.now, time);
        self.check();
    }

    fn answer(&mut self, from: SocketAddr, number: u16, generation: Generation, name: &[u8]) {
        let uid = format!("FUZZEDFUZZEDFUZ{number:05}").parse().expect("a UID");
        let found = wire::SearchAnswer {
            generation,
            uid,
            asker: AddressBlock([0; 16]),
            name: Text::in_field(name),
            grant: None,
        };
        let datagram = &mut Message::Found(found).to_datagram(generation);
        self.searches.browser.handle_input(from, datagram);
    }

    fn check(&mut self) {
        settle(&mut self.searches, self.now, &mut |_, _| {});
        let periods = (self.now - self.start).as_nanos() / self.period.as_nanos();
        let most = (u128::from(OPENING) + periods) * self.searches.targets.len() as u128;
        assert!(u128::from(self.searches.sent) <= most, "{} searches are sent, {most} may be", self.searches.sent);
        while let Some(event) = self.searches.browser.poll_event() {
            self.hear(event);
        }
        assert!(self.known.len() <= MAX_CAMERAS);
    }

    fn hear(&mut self, event: BrowserEvent) {
        if matches!(event, BrowserEvent::Appeared(_) | BrowserEvent::Changed(_)) {
            let (search, events) = self.told;
            self.told = (self.searches.begun, if search == self.searches.begun { events + 1 } else { 1 });
            assert!(self.told.1 <= MAX_CAMERAS, "one search causes {} events", self.told.1);
        }
        match event {
            BrowserEvent::Appeared(found) => {
                assert!(self.known.insert(found.uid, found).is_none(), "it is there already");
            }
            BrowserEvent::Changed(found) => {
                let old = self.known.insert(found.uid, found.clone()).expect("it appeared before");
                assert_ne!(old, found, "nothing changed");
            }
            BrowserEvent::Vanished(uid) => {
                assert!(self.known.remove(&uid).is_some(), "it never appeared");
                self.is_full = false;
            }
            BrowserEvent::Full => {
                assert_eq!(self.known.len(), MAX_CAMERAS);
                assert!(!self.is_full, "it is reported twice");
                self.is_full = true;
            }
            event => panic!("an event that this body does not know: {event:?}"),
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.u8() % 7 {
            0 => self.searches.browser.handle_input(address(input.u8()), &mut scrambled(input.datagram())),
            1 => self.searches.browser.handle_input(address(input.u8()), &mut scrambled(&patched(input.datagram(), 0))),
            2 => self.answer(address(input.u8() % 4), input.u8().into(), Generation(input.u8()), input.bytes(4)),
            3 => {
                let (from, first) = (address(input.u8() % 4), input.u16() % 8192);
                for number in first..first + input.u16() % 2048 {
                    self.answer(from, number, Generation::G09, b"");
                }
            }
            4 => self.pass(input.time()),
            5 => self.now += input.time(),
            // As after a failure: the one that is due asks nobody.
            _ => {
                self.searches.begun += 1;
                self.searches.browser.search(self.now, Vec::new());
            }
        }
        self.check();
    }
}
