//! Viewer and camera over a simulated network in virtual time. `SEEDS=n` runs n seeds, `SEED=n` that one alone.

mod network;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use network::{Bottleneck, Bursts, Conditions, Datagram, Network, Random};
use tutk_proto::{
    Access, AvEvent, Camera, CameraConfig, CameraEvent, CloseReason, Credentials, DisconnectReason, MAX_ASSEMBLY,
    RESEND_STORE, VideoFrame, Viewer, ViewerConfig, ViewerEvent, ViewerId,
};
use tutk_proto::{Codec, Generation, Media, Secret, Transmit, io_control};

const UID: &str = "SIMULATEDCAMERA00001";
const ECHO: u32 = 0x5000;
const MAX_FRAME: usize = 300_000;
const MAX_DATAGRAMS: usize = 64;

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The frame with this id: 8 bytes of id, then bytes that follow from it.
fn content(id: u64) -> Vec<u8> {
    let mut random = Random::new(id);
    let len = match id % 30 {
        0 if id.is_multiple_of(150) => MAX_FRAME,
        0 => 20_000 + random.below(40_000) as usize,
        _ => 8 + random.below(6_000) as usize,
    };
    let mut bytes = id.to_le_bytes().to_vec();
    while bytes.len() < len {
        bytes.extend_from_slice(&random.next().to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// The datagrams of a transmit.
fn datagrams(transmit: Transmit, bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(transmit.segment_size.unwrap_or(transmit.size))
}

/// A viewer's generation, and a camera's.
type Pair = (Generation, Generation);

/// One pair for each profile.
const COOKIE: Pair = (Generation::G09, Generation::G09);
const BLOCK: Pair = (Generation::G14, Generation::G14);
const PACKET: Pair = (Generation::G1A, Generation::G1A);

/// One after the other for tests in which seeds share them.
const PAIRS: [Pair; 9] = [
    COOKIE,
    BLOCK,
    PACKET,
    (Generation::G1A, Generation(0x17)),
    (Generation::G10, Generation::G1A),
    (Generation::G09, Generation::G14),
    (Generation::G14, Generation::G09),
    (Generation::G10, Generation::G12),
    (Generation::G12, Generation::G10),
];

struct World {
    seed: u64,
    start: Instant,
    now: Instant,
    network: Network,
    viewer: Viewer,
    camera: Camera,
    viewer_address: SocketAddr,
    camera_address: SocketAddr,
    search_address: SocketAddr,
    out: Vec<u8>,
    // The camera's application.
    watching: Option<ViewerId>,
    next_frame: Instant,
    interval: Duration,
    needs_key: bool,
    made: u64,
    stride: u64,
    taken: u32,
    camera_heard: Vec<u32>,
    removed: Vec<DisconnectReason>,
    // The viewer's application.
    opened: Option<bool>,
    ended: Option<CloseReason>,
    delivered: BTreeMap<u32, u64>,
    lost: Vec<u32>,
    next_number: u32,
    viewer_heard: Vec<u32>,
    confirmed: Vec<u32>,
}

impl World {
    fn new(seed: u64, conditions: Conditions, resend: bool, password: &str) -> Self {
        Self::between(PAIRS[seed as usize % PAIRS.len()], seed, conditions, resend, password)
    }

    fn between((viewer, camera): Pair, seed: u64, conditions: Conditions, resend: bool, password: &str) -> Self {
        let start = Instant::now();
        let camera = Camera::new(
            CameraConfig::new(
                UID.parse().unwrap(),
                Access::Account { account: "admin".into(), password: Secret::from("right") },
            )
            .with_name("simulated")
            .with_max_viewers(1)
            .with_resend(resend)
            .with_idle_timeout(Duration::from_secs(15))
            .with_generation(camera),
        );
        let viewer = Viewer::new(
            start,
            ViewerConfig::new(UID.parse().unwrap(), vec!["10.77.0.255:32761".parse().unwrap()], seed)
                .with_credentials(Credentials::new("admin", Secret::from(password)))
                .with_timeout(Duration::from_secs(20))
                .with_idle_timeout(Duration::from_secs(10))
                .with_generation(viewer),
        );
        let fps = 5 + Random::new(seed).below(25);
        Self {
            seed,
            start,
            now: start,
            network: Network::new(start, seed, conditions),
            viewer,
            camera,
            viewer_address: "10.77.0.1:40000".parse().unwrap(),
            camera_address: "10.77.0.2:50000".parse().unwrap(),
            search_address: "10.77.0.255:32761".parse().unwrap(),
            out: Vec::new(),
            watching: None,
            next_frame: start,
            interval: Duration::from_secs(1) / fps as u32,
            needs_key: true,
            made: 0,
            stride: 1,
            taken: 0,
            camera_heard: Vec::new(),
            removed: Vec::new(),
            opened: None,
            ended: None,
            delivered: BTreeMap::new(),
            lost: Vec::new(),
            next_number: 0,
            viewer_heard: Vec::new(),
            confirmed: Vec::new(),
        }
    }

    /// Runs until `until`, or until the viewer's session has ended and nothing is under way.
    fn run(&mut self, until: Duration) {
        let until = self.start + until;
        let mut steps = 0;
        while self.now < until {
            self.step();
            let wake = [
                self.network.next_arrival(),
                self.viewer.poll_timeout(),
                self.camera.poll_timeout(),
                self.watching.map(|_| self.next_frame),
            ]
            .into_iter()
            .flatten()
            .min();
            let Some(wake) = wake else { return };
            steps = if wake <= self.now { steps + 1 } else { 0 };
            assert!(steps < 10_000, "seed {}: stands still at {:?}", self.seed, self.now - self.start);
            self.now = self.now.max(wake);
        }
    }

    fn step(&mut self) {
        while let Some(Datagram { from, to, mut bytes }) = self.network.arrived(self.now) {
            if to == self.viewer_address {
                self.viewer.handle_input(self.now, from, &mut bytes);
            } else {
                assert!(to.ip() == self.camera_address.ip() || to == self.search_address);
                self.camera.handle_input(self.now, from, &mut bytes);
            }
            self.transmit();
        }
        self.viewer.handle_timeout(self.now);
        self.camera.handle_timeout(self.now);
        self.camera_application();
        self.viewer_application();
        self.transmit();
        assert!(self.viewer.memory() <= MAX_ASSEMBLY, "seed {}", self.seed);
        assert!(self.camera.memory() <= RESEND_STORE + MAX_FRAME + 16, "seed {}", self.seed);
    }

    fn transmit(&mut self) {
        while let Some(transmit) = self.viewer.poll_transmit(self.now, MAX_DATAGRAMS, &mut self.out) {
            for datagram in datagrams(transmit, &self.out) {
                self.network.send(self.now, self.viewer_address, transmit.destination, datagram);
            }
        }
        while let Some(transmit) = self.camera.poll_transmit(self.now, MAX_DATAGRAMS, &mut self.out) {
            for datagram in datagrams(transmit, &self.out) {
                self.network.send(self.now, self.camera_address, transmit.destination, datagram);
            }
        }
    }

    fn camera_application(&mut self) {
        while let Some(event) = self.camera.poll_event() {
            match event {
                CameraEvent::IoControl { viewer, kind: io_control::START_VIDEO, .. } => {
                    assert_eq!(self.watching, None, "seed {}", self.seed);
                    self.watching = Some(viewer);
                    self.next_frame = self.now;
                }
                CameraEvent::IoControl { viewer, kind, body } => {
                    self.camera_heard.push(kind);
                    self.camera.send_io_control(viewer, kind + 1, body).unwrap();
                }
                CameraEvent::ViewerRemoved { reason, .. } => {
                    self.removed.push(reason);
                    self.watching = None;
                }
                CameraEvent::ViewerAdded { viewer, .. } if self.seed & 2 != 0 => {
                    self.camera.link(viewer).into_iter().for_each(|link| link.set_partial_scramble(true));
                }
                CameraEvent::KeyFrameWanted { .. } => self.needs_key = true,
                CameraEvent::IoControlUnconfirmed { kind, .. } => panic!("seed {}: {kind:x} unconfirmed", self.seed),
                _ => {}
            }
        }
        if let Some(viewer) = self.watching
            && self.next_frame <= self.now
        {
            self.next_frame += self.interval;
            if self.needs_key {
                self.made = self.made.next_multiple_of(30);
                self.needs_key = false;
            }
            let id = self.made;
            self.made += self.stride;
            let data = content(id);
            let frame = VideoFrame::new(Codec::H264, &data).with_key(id.is_multiple_of(30)).with_timestamp(id as u32);
            self.taken += self.camera.send_video(&[viewer], frame).unwrap() as u32;
        }
    }

    fn viewer_application(&mut self) {
        let seed = self.seed;
        while let Some(event) = self.viewer.poll_event() {
            assert_eq!(self.ended, None, "seed {seed}: {event:?} after the end");
            match event {
                ViewerEvent::Av { channel: 0, event } => self.viewer_av(event),
                // It may have ended since.
                ViewerEvent::Connected => {
                    self.viewer.link().into_iter().for_each(|link| link.set_partial_scramble(seed & 1 != 0));
                }
                ViewerEvent::Ended(end) => self.ended = Some(end),
                ViewerEvent::Found(found) => assert_eq!(found.name, "simulated"),
                other => panic!("seed {seed}: {other:?}"),
            }
        }
    }

    fn viewer_av(&mut self, event: AvEvent) {
        let seed = self.seed;
        match event {
            AvEvent::LoggedIn { resend } => {
                self.opened = Some(resend);
                let link = self.viewer.link().unwrap();
                link.send_io_control(0, io_control::START_VIDEO, vec![0; 8]).unwrap();
                for i in 0..10 {
                    link.send_io_control(0, ECHO + i * 2, vec![i as u8; i as usize]).unwrap();
                }
            }
            AvEvent::Video(frame) => {
                assert_eq!(frame.number, self.next_number, "seed {seed}: neither delivered nor reported");
                let id = u64::from_le_bytes(frame.data[..8].try_into().unwrap());
                assert!(frame.data == content(id), "seed {seed}: frame {} is not what was sent", frame.number);
                assert_eq!((frame.key, frame.timestamp), (id.is_multiple_of(30), id as u32), "seed {seed}");
                self.delivered.insert(frame.number, id);
                self.next_number = frame.number + 1;
            }
            AvEvent::Lost(lost) => {
                assert_eq!((lost.media, lost.first), (Media::Video, self.next_number), "seed {seed}");
                self.lost.extend((0..lost.count).map(|i| lost.first + i));
                self.next_number += lost.count;
            }
            AvEvent::IoControl { kind, body } => {
                let i = (kind - ECHO) / 2;
                assert_eq!(body, vec![i as u8; i as usize], "seed {seed}");
                self.viewer_heard.push(kind);
            }
            AvEvent::IoControlConfirmed { kind } => self.confirmed.push(kind),
            other => panic!("seed {seed}: {other:?}"),
        }
    }

    /// What must hold after any run with a session.
    fn check_stream(&self) {
        let seed = self.seed;
        assert!(self.opened.is_some(), "seed {seed}: never opened: {:?} {:?}", self.ended, self.network.conditions);
        assert!(self.delivered.values().is_sorted(), "seed {seed}");
        assert_eq!(self.camera_heard, (0..10).map(|i| ECHO + i * 2).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(self.viewer_heard, (0..10).map(|i| ECHO + i * 2 + 1).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(self.confirmed.len(), 11, "seed {seed}");
        let stats = self.viewer.stats();
        assert_eq!(stats.frames, self.delivered.len() as u64, "seed {seed}");
        assert_eq!(stats.lost, self.lost.len() as u64, "seed {seed}");
        assert_eq!((stats.foreign, stats.malformed), (0, 0), "seed {seed}");
    }
}

fn seeds(count: u64) -> Vec<u64> {
    let variable = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    match (variable("SEED"), variable("SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, count_wanted) => (0..count_wanted.unwrap_or(count)).collect(),
    }
}

fn conditions(seed: u64) -> Conditions {
    let mut random = Random::new(seed.wrapping_mul(77));
    let dark = millis(2_000 + random.below(3_000));
    Conditions {
        loss_percent: random.below(31),
        duplicate_percent: random.below(6),
        delay: millis(random.below(20)),
        jitter: millis(random.below(3) * 10),
        reorder: millis(random.below(51)),
        blackout: random.chance(30).then_some(dark..dark + Duration::from_secs(3)),
        ..Conditions::default()
    }
}

/// Loss in bursts, late and doubled datagrams, and hardly more room than the stream needs.
fn rough(seed: u64) -> Conditions {
    let mut random = Random::new(seed.wrapping_mul(99));
    let bad = 1 + random.below(200);
    let bursts = Bursts { good: bad * (4 + random.below(40)), bad, loss_percent: 50 + random.below(51) };
    let bottleneck =
        Bottleneck { bytes_per_second: 400_000 + random.below(4_000_000), queue: millis(50 + random.below(200)) };
    Conditions {
        loss_percent: random.below(4),
        bursts: Some(bursts),
        duplicate_percent: random.below(6),
        delay: millis(random.below(150)),
        jitter: millis(random.below(60)),
        reorder: millis(random.below(51)),
        blackout: None,
        bottleneck: random.chance(50).then_some(bottleneck),
    }
}

/// Frames without resend, and with it.
fn report(frames: [usize; 2], lost: [usize; 2]) {
    for (resend, with) in ["without", "with"].iter().enumerate() {
        println!("{with} resend: {} frames delivered, {} reported lost", frames[resend], lost[resend]);
    }
}

#[test]
fn a_thousand_seeds_with_a_cookie() {
    a_thousand_seeds(COOKIE);
}

#[test]
fn a_thousand_seeds_with_a_session_block() {
    a_thousand_seeds(BLOCK);
}

#[test]
fn a_thousand_seeds_in_packet_style() {
    a_thousand_seeds(PACKET);
}

fn a_thousand_seeds(pair: Pair) {
    let (mut frames, mut lost, mut datagrams, mut seconds) = ([0; 2], [0; 2], 0, 0);
    for seed in seeds(1000) {
        let resend = seed % 5 != 4;
        let mut world = World::between(pair, seed, conditions(seed), resend, "right");
        world.run(Duration::from_secs(12));
        world.check_stream();
        assert_eq!(world.opened, Some(resend), "seed {seed}");
        let behind = world.taken - world.next_number;
        assert!(behind <= 60, "seed {seed}: {behind} frames behind {:?}", world.network.conditions);
        // The viewer leaves. All three of its closes can be lost; then its silence is noticed.
        world.viewer.close();
        world.run(Duration::from_secs(40));
        assert_eq!(world.ended, Some(CloseReason::Closed), "seed {seed}");
        assert_eq!(world.removed.len(), 1, "seed {seed}");
        assert_eq!((world.camera.viewers(), world.camera.memory()), (0, 0), "seed {seed}");
        frames[usize::from(resend)] += world.delivered.len();
        lost[usize::from(resend)] += world.lost.len();
        datagrams += world.network.carried;
        seconds += (world.now - world.start).as_secs();
    }
    report(frames, lost);
    println!("{datagrams} datagrams, {seconds} s of virtual time");
}

#[test]
fn a_thousand_seeds_of_rough_networks_with_a_cookie() {
    a_thousand_seeds_of_rough_networks(COOKIE);
}

#[test]
fn a_thousand_seeds_of_rough_networks_with_a_session_block() {
    a_thousand_seeds_of_rough_networks(BLOCK);
}

#[test]
fn a_thousand_seeds_of_rough_networks_in_packet_style() {
    a_thousand_seeds_of_rough_networks(PACKET);
}

/// However rough it was, a good network brings the newest frame within seconds.
fn a_thousand_seeds_of_rough_networks(pair: Pair) {
    let (mut frames, mut lost, mut datagrams) = ([0; 2], [0; 2], 0);
    let (mut requested, mut missing, mut again) = (0, 0, 0);
    for seed in seeds(1000) {
        let resend = seed % 5 != 4;
        let mut world = World::between(pair, seed, rough(seed), resend, "right");
        world.run(Duration::from_secs(12));
        world.network.conditions = Conditions { delay: millis(5), ..Conditions::default() };
        world.run(Duration::from_secs(18));
        world.check_stream();
        let behind = world.taken - world.next_number;
        assert!(behind <= 2, "seed {seed}: {behind} frames behind after {:?}", rough(seed));
        frames[usize::from(resend)] += world.delivered.len();
        lost[usize::from(resend)] += world.lost.len();
        datagrams += world.network.carried;
        let stats = world.viewer.stats();
        (requested, missing, again) =
            (requested + stats.nacked, missing + stats.lost_chunks, again + stats.retransmitted);
    }
    report(frames, lost);
    println!("{datagrams} datagrams, {missing} chunks missing, {requested} requested, {again} sent again");
}

/// All that the camera may send before it is confirmed is lost at once: neither side may wait for the other.
#[test]
fn a_blackout_that_swallows_the_whole_store_is_survived() {
    for seed in seeds(40) {
        let dark = millis(2_000 + seed);
        let blackout = Some(dark..dark + Duration::from_secs(3));
        let conditions = Conditions { delay: millis(1), blackout, ..Conditions::default() };
        let mut world = World::new(seed, conditions, true, "right");
        // Key frames only, 25 a second of 40 kB and more: over 1 MiB in the dark, which begins at any moment of them.
        (world.stride, world.interval) = (30, millis(40));
        world.run(Duration::from_secs(5));
        let taken = world.taken;
        world.run(Duration::from_secs(12));
        world.check_stream();
        assert!(world.taken > taken + 150, "seed {seed}: {} frames by then, {taken} before", world.taken);
        assert!(world.taken - world.next_number <= 2, "seed {seed}: {} of {}", world.next_number, world.taken);
    }
}

/// What is lost is requested once a round trip, and not more often.
#[test]
fn a_round_trip_of_200_ms_costs_hardly_a_second_request() {
    let (mut missing, mut requested, mut again) = (0, 0, 0);
    for seed in seeds(20) {
        let conditions = Conditions { loss_percent: 3, delay: millis(100), ..Conditions::default() };
        let mut world = World::new(seed, conditions, true, "right");
        // Until the first frame is complete, the round trip is not known.
        world.run(Duration::from_secs(3));
        let start = world.viewer.stats();
        assert_eq!(start.round_trip, Some(millis(200)), "seed {seed}");
        world.run(Duration::from_secs(30));
        world.check_stream();
        assert_eq!(world.lost, [], "seed {seed}");
        let stats = world.viewer.stats();
        missing += stats.lost_chunks - start.lost_chunks;
        requested += stats.nacked - start.nacked;
        again += stats.retransmitted - start.retransmitted;
    }
    println!("{missing} chunks missing, {requested} requested, {again} sent again");
    // One of 33 requests is lost, and as many answers.
    assert!(requested * 100 <= missing * 110, "{requested} requests for {missing} chunks");
}

/// What resend is for: at 10 % loss nothing is lost for good.
#[test]
fn ten_percent_loss_costs_no_frame() {
    for seed in seeds(50) {
        let conditions = Conditions { loss_percent: 10, delay: millis(1), jitter: millis(1), ..Conditions::default() };
        let mut world = World::new(seed, conditions, true, "right");
        world.run(Duration::from_secs(20));
        world.check_stream();
        assert_eq!(world.lost, [], "seed {seed}");
        assert!(world.taken - world.next_number <= 2, "seed {seed}");
    }
}

/// A camera keeps each frame until it knows that the viewer has it, and takes no more once its store is full.
#[test]
fn lost_acknowledgements_do_not_fill_the_camera() {
    for seed in seeds(10) {
        let mut conditions = conditions(seed);
        (conditions.loss_percent, conditions.blackout) = (25, None);
        let mut world = World::new(seed, conditions, true, "right");
        world.run(Duration::from_secs(120));
        world.check_stream();
        assert!(world.camera.memory() < RESEND_STORE, "seed {seed}: {} bytes", world.camera.memory());
        assert!(world.made - u64::from(world.taken) < 30, "seed {seed}: {} of {}", world.taken, world.made);
    }
}

#[test]
fn a_clean_network_needs_no_resend() {
    let clean = Conditions { delay: millis(5), ..Conditions::default() };
    let mut world = World::new(1, clean, true, "right");
    world.run(Duration::from_secs(20));
    world.check_stream();
    let stats = world.viewer.stats();
    assert_eq!((stats.lost, stats.nacked, stats.retransmitted, stats.duplicates), (0, 0, 0, 0));
    assert_eq!(stats.round_trip, Some(millis(10)));
    assert!(world.taken - world.next_number <= 1);
}

#[test]
fn a_wrong_password_is_refused() {
    for seed in seeds(50) {
        let mut world = World::new(seed, conditions(seed), true, "wrong");
        world.run(Duration::from_secs(30));
        assert_eq!((world.opened, world.ended), (None, Some(CloseReason::Refused)), "seed {seed}");
        assert_eq!(world.camera.viewers(), 0);
    }
}

#[test]
fn a_silent_camera_is_noticed() {
    let mut clean = conditions(0);
    clean.loss_percent = 0;
    clean.blackout = Some(Duration::from_secs(3)..Duration::from_secs(60));
    let mut world = World::new(0, clean, true, "right");
    world.run(Duration::from_secs(60));
    assert!(matches!(world.ended, Some(CloseReason::Silent(silence)) if silence >= Duration::from_secs(10)));
    assert_eq!(world.removed, [DisconnectReason::Silent]);
}

#[test]
fn a_camera_that_closes_is_noticed_at_once() {
    let mut clean = conditions(0);
    (clean.loss_percent, clean.blackout) = (0, None);
    let mut world = World::new(0, clean, true, "right");
    world.run(Duration::from_secs(3));
    world.camera.close();
    world.run(Duration::from_millis(3_200));
    assert_eq!(
        (world.ended, world.removed.as_slice()),
        (Some(CloseReason::ClosedByCamera), &[DisconnectReason::ByCamera][..])
    );
}
