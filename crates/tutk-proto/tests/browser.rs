//! The browser and cameras that come and go, in virtual time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tutk_proto::Generation;
use tutk_proto::wire::{self, AddressBlock, Message};
use tutk_proto::{Access, Browser, BrowserEvent, Camera, CameraConfig, MAX_CAMERAS};
use tutk_proto::{DiscoveredCamera, Uid};

const PERIOD: Duration = Duration::from_secs(5);
const BROADCAST: &str = "10.77.0.255:32761";
const ASKER: &str = "10.77.0.1:40000";

/// A camera and the addresses that it answers from.
struct Lodger {
    camera: Camera,
    addresses: Vec<SocketAddr>,
    /// Answers that will be lost.
    mute: u32,
}

impl Lodger {
    fn new(number: u32, addresses: &[&str]) -> Self {
        let camera = Camera::new(
            CameraConfig::new(uid(number), Access::Application)
                .with_name(format!("camera {number}"))
                .with_max_viewers(1)
                .with_idle_timeout(PERIOD),
        );
        Self { camera, addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(), mute: 0 }
    }
}

fn uid(number: u32) -> Uid {
    format!("BROWSER{number:013}").parse().unwrap()
}

struct World {
    now: Instant,
    browser: Browser,
    targets: Vec<SocketAddr>,
    lodgers: Vec<Lodger>,
    sent: u32,
}

impl World {
    fn new() -> Self {
        let now = Instant::now();
        let targets = vec![BROADCAST.parse().unwrap()];
        Self { now, browser: Browser::new(now, PERIOD), targets, lodgers: Vec::new(), sent: 0 }
    }

    /// A network whose opening searches are over, and what they found.
    fn settled(lodgers: Vec<Lodger>) -> (Self, Vec<BrowserEvent>) {
        let mut world = Self { lodgers, ..Self::new() };
        let events = world.run(PERIOD / 2);
        (world, events)
    }

    /// All that happens in this time.
    fn run(&mut self, time: Duration) -> Vec<BrowserEvent> {
        let until = self.now + time;
        while self.browser.poll_timeout() < until {
            self.now = self.browser.poll_timeout();
            self.browser.search(self.now, self.targets.clone());
            assert!(self.browser.poll_timeout() > self.now, "searches without a pause");
            self.deliver();
        }
        self.now = until;
        self.events()
    }

    /// One more search.
    fn search(&mut self) -> Vec<BrowserEvent> {
        self.run(PERIOD)
    }

    fn deliver(&mut self) {
        let mut out = Vec::new();
        while let Some(transmit) = self.browser.poll_transmit(&mut out) {
            assert!(self.targets.contains(&transmit.destination));
            self.sent += 1;
            for lodger in &mut self.lodgers {
                lodger.camera.handle_input(self.now, ASKER.parse().unwrap(), &mut out.clone());
                let mut answer = Vec::new();
                assert!(lodger.camera.poll_transmit(self.now, 1, &mut answer).is_some());
                if lodger.mute > 0 {
                    lodger.mute -= 1;
                    continue;
                }
                for address in &lodger.addresses {
                    self.browser.handle_input(*address, &mut answer.clone());
                }
            }
        }
    }

    fn events(&mut self) -> Vec<BrowserEvent> {
        std::iter::from_fn(|| self.browser.poll_event()).collect()
    }
}

/// What the browser tells of a camera.
fn found(number: u32, address: &str, name: &str) -> DiscoveredCamera {
    let found = DiscoveredCamera::new(uid(number), address.parse().unwrap()).with_name(name);
    found.with_generation(Generation::NEWEST.0)
}

/// An answer, as anybody on the network can send it.
fn answer(number: u32, name: &str) -> Vec<u8> {
    let asker = AddressBlock([0; 16]);
    Message::Found(wire::SearchAnswer {
        generation: Generation::NEWEST,
        uid: uid(number),
        asker,
        name: name.into(),
        grant: None,
    })
    .to_datagram(Generation::G09)
}

#[test]
fn searches_are_few() {
    let mut world = World::new();
    world.run(Duration::from_secs(60));
    // Three within 200 ms, the last of which begins the first period.
    assert_eq!(world.sent, 2 + 12);
    for _ in 0..10 {
        world.sent = 0;
        world.run(Duration::from_secs(60));
        assert_eq!(world.sent, 12);
    }
    world.targets.push("192.0.2.255:32761".parse().unwrap());
    world.sent = 0;
    world.run(Duration::from_secs(60));
    assert_eq!(world.sent, 24, "12 for each network");
}

#[test]
fn no_period_makes_a_flood() {
    let now = Instant::now();
    let mut browser = Browser::new(now, Duration::ZERO);
    for _ in 0..5 {
        let due = browser.poll_timeout();
        browser.search(due, Vec::new());
        assert!(browser.poll_timeout() >= due + Duration::from_millis(100));
    }
}

#[test]
fn cameras_are_told_once() {
    let lodgers = vec![Lodger::new(1, &["10.77.0.2:50000"]), Lodger::new(2, &["10.77.0.3:50000"])];
    let (mut world, events) = World::settled(lodgers);
    let expected = [found(1, "10.77.0.2:50000", "camera 1"), found(2, "10.77.0.3:50000", "camera 2")];
    assert_eq!(events, expected.map(BrowserEvent::Appeared));
    assert_eq!(world.run(Duration::from_secs(3600)), []);

    world.lodgers.push(Lodger::new(3, &["10.77.0.4:50000"]));
    assert_eq!(world.search(), [BrowserEvent::Appeared(found(3, "10.77.0.4:50000", "camera 3"))]);
}

#[test]
fn an_opening_search_may_be_lost() {
    let mut lodger = Lodger::new(1, &["10.77.0.2:50000"]);
    lodger.mute = 2;
    let (_, events) = World::settled(vec![lodger]);
    assert_eq!(events.len(), 1);
}

#[test]
fn three_missed_answers_are_one_too_many() {
    for missed in 1..=3 {
        let (mut world, _) = World::settled(vec![Lodger::new(1, &["10.77.0.2:50000"])]);
        world.lodgers[0].mute = missed;
        let events: Vec<_> = (0..5).flat_map(|_| world.search()).collect();
        if missed < 3 {
            assert_eq!(events, [], "{missed} missed");
        } else {
            let back = found(1, "10.77.0.2:50000", "camera 1");
            assert_eq!(events, [BrowserEvent::Vanished(uid(1)), BrowserEvent::Appeared(back)]);
        }
    }
}

#[test]
fn a_camera_that_is_gone_is_told_in_time() {
    let (mut world, _) = World::settled(vec![Lodger::new(1, &["10.77.0.2:50000"])]);
    world.lodgers.clear();
    assert_eq!(world.run(3 * PERIOD), []);
    assert_eq!(world.run(PERIOD), [BrowserEvent::Vanished(uid(1))]);
    assert_eq!(world.run(10 * PERIOD), []);
}

#[test]
fn without_a_network_cameras_vanish_and_come_back() {
    let (mut world, first) = World::settled(vec![Lodger::new(1, &["10.77.0.2:50000"])]);
    let targets = std::mem::take(&mut world.targets);
    assert_eq!(world.run(10 * PERIOD), [BrowserEvent::Vanished(uid(1))]);
    world.targets = targets;
    assert_eq!(world.search(), first);
}

#[test]
fn a_new_name_is_told_once() {
    let (mut world, _) = World::settled(vec![Lodger::new(1, &["10.77.0.2:50000"])]);
    world.lodgers[0].camera.set_name("garage".into());
    assert_eq!(world.search(), [BrowserEvent::Changed(found(1, "10.77.0.2:50000", "garage"))]);
    assert_eq!(world.run(10 * PERIOD), []);
}

#[test]
fn a_new_address_is_told_once_and_the_camera_stays() {
    let (mut world, _) = World::settled(vec![Lodger::new(1, &["10.77.0.2:50000"])]);
    world.lodgers[0].addresses = vec!["10.77.0.9:50000".parse().unwrap()];
    // The old address might yet answer.
    assert_eq!(world.search(), []);
    assert_eq!(world.search(), [BrowserEvent::Changed(found(1, "10.77.0.9:50000", "camera 1"))]);
    assert_eq!(world.run(10 * PERIOD), []);
}

#[test]
fn several_addresses_are_one_camera() {
    let addresses = ["127.0.0.1:50000", "10.77.0.1:50000", "192.0.2.1:50000"];
    let (mut world, events) = World::settled(vec![Lodger::new(1, &addresses)]);
    assert_eq!(events, [BrowserEvent::Appeared(found(1, addresses[0], "camera 1"))]);
    for _ in 0..100 {
        // In whatever order they come.
        world.lodgers[0].addresses.rotate_left(1);
        assert_eq!(world.search(), []);
    }
    // Its first network goes down.
    world.lodgers[0].addresses.retain(|address| !address.ip().is_loopback());
    let events = world.run(10 * PERIOD);
    assert!(matches!(&events[..], [BrowserEvent::Changed(found)] if !found.address.ip().is_loopback()), "{events:?}");
}

#[test]
fn a_host_that_floods_is_bounded() {
    let (mut world, _) = World::settled(vec![Lodger::new(1, &["10.77.0.2:50000"])]);
    let flooder: SocketAddr = "10.77.0.66:1".parse().unwrap();
    for number in 2..100_000 {
        world.browser.handle_input(flooder, &mut answer(number, ""));
    }
    let events = world.events();
    assert_eq!(events.len(), MAX_CAMERAS, "the others, and that there are too many");
    assert_eq!(events.last(), Some(&BrowserEvent::Full));

    // Names that change with each datagram.
    for _ in 0..3 {
        for round in 0..100 {
            for number in 2..=MAX_CAMERAS as u32 {
                world.browser.handle_input(flooder, &mut answer(number, &format!("name {round}")));
            }
        }
        let events = world.search();
        assert!(events.len() <= MAX_CAMERAS, "{} events in one search", events.len());
    }

    // The camera that was there before is none the worse; the flood ends, and so do its cameras.
    let events = world.run(5 * PERIOD);
    assert!(!events.contains(&BrowserEvent::Vanished(uid(1))));
    let vanished = events.iter().filter(|event| matches!(event, BrowserEvent::Vanished(_))).count();
    assert_eq!(vanished, MAX_CAMERAS - 1);
    world.lodgers.push(Lodger::new(2, &["10.77.0.3:50000"]));
    assert_eq!(world.search(), [BrowserEvent::Appeared(found(2, "10.77.0.3:50000", "camera 2"))]);
}

#[test]
fn a_stranger_does_not_take_a_cameras_place() {
    let (mut world, _) = World::settled(vec![Lodger::new(1, &["10.77.0.2:50000"])]);
    for _ in 0..10 {
        world.browser.handle_input("10.77.0.66:1".parse().unwrap(), &mut answer(1, "stranger"));
        assert_eq!(world.search(), []);
    }
}

#[test]
fn what_is_no_answer_is_passed_over() {
    let mut world = World::new();
    let address = ASKER.parse().unwrap();
    let mut whole = answer(1, "camera 1");
    for len in 0..whole.len() {
        world.browser.handle_input(address, &mut whole.clone()[..len]);
    }
    whole[0] ^= 1;
    world.browser.handle_input(address, &mut whole);
    let mut own = Message::Search { uid: None, request: None }.to_datagram(Generation::G09);
    world.browser.handle_input(address, &mut own);
    assert_eq!(world.run(10 * PERIOD), []);
}
