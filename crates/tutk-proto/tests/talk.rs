//! Speech to a camera's speaker, between all generations over a simulated network in virtual time.

#[path = "simulation/network.rs"]
#[allow(dead_code)]
mod network;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use network::{Conditions, Datagram, Network};
use tutk_proto::wire::FrameInfo;
use tutk_proto::{
    Access, AvEvent, Camera, CameraConfig, CameraEvent, Codec, Credentials, Generation, SendError, Viewer,
    ViewerConfig, ViewerEvent, io_control,
};

const UID: &str = "SIMULATEDCAMERA00001";
/// How long a block plays.
const BLOCK: Duration = Duration::from_millis(40);

/// A viewer that speaks as soon as it is logged in, and a camera.
struct World {
    now: Instant,
    start: Instant,
    network: Network,
    viewer: Viewer,
    camera: Camera,
    out: Vec<u8>,
    spoken: u32,
    next: Option<Instant>,
    /// What the camera's application has.
    heard: Vec<u32>,
    lost: u32,
    begun: u32,
    /// What the viewer's has.
    started: u32,
}

fn addresses() -> [SocketAddr; 2] {
    ["10.77.0.1:40000", "10.77.0.2:50000"].map(|address| address.parse().unwrap())
}

fn block(number: u32) -> Vec<u8> {
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.resize(320, number as u8);
    bytes
}

fn info(number: u32) -> [u8; 16] {
    FrameInfo { codec: Codec::Mulaw, flags: 2, camera: 0, viewers: 0, timestamp: 40 * number }.encode()
}

impl World {
    fn new(viewer: Generation, camera: Generation, speaker: bool, seed: u64, conditions: Conditions) -> Self {
        let start = Instant::now();
        let access = Access::Account { account: "admin".into(), password: "right".into() };
        let config = CameraConfig::new(UID.parse().unwrap(), access).with_generation(camera).with_speaker(speaker);
        let searched = vec!["10.77.0.255:32761".parse().unwrap()];
        let of_viewer = ViewerConfig::new(UID.parse().unwrap(), searched, seed)
            .with_credentials(Credentials::new("admin", "right"))
            .with_timeout(Duration::from_secs(20))
            .with_generation(viewer);
        Self {
            now: start,
            start,
            network: Network::new(start, seed, conditions),
            viewer: Viewer::new(start, of_viewer),
            camera: Camera::new(config),
            out: Vec::new(),
            spoken: 0,
            next: None,
            heard: Vec::new(),
            lost: 0,
            begun: 0,
            started: 0,
        }
    }

    fn run(&mut self, until: Duration) {
        while self.now < self.start + until {
            self.step();
            let wakes =
                [self.network.next_arrival(), self.viewer.poll_timeout(), self.camera.poll_timeout(), self.next];
            let Some(wake) = wakes.into_iter().flatten().min() else { return };
            self.now = self.now.max(wake);
        }
    }

    fn step(&mut self) {
        let [viewer, _] = addresses();
        while let Some(Datagram { from, to, mut bytes }) = self.network.arrived(self.now) {
            if to == viewer {
                self.viewer.handle_input(self.now, from, &mut bytes);
            } else {
                self.camera.handle_input(self.now, from, &mut bytes);
            }
        }
        self.viewer.handle_timeout(self.now);
        self.camera.handle_timeout(self.now);
        while let Some(event) = self.camera.poll_event() {
            match event {
                CameraEvent::Talk { event: AvEvent::LoggedIn { .. }, .. } => self.begun += 1,
                CameraEvent::Talk { event: AvEvent::Lost(lost), .. } => self.lost += lost.count,
                CameraEvent::Talk { event: AvEvent::Audio(frame), .. } => {
                    let number = u32::from_le_bytes(frame.data[..4].try_into().unwrap());
                    assert!(frame.data == block(number) && frame.info == info(number), "block {number}");
                    self.heard.push(number);
                }
                CameraEvent::Talk { event, .. } => panic!("{event:?}"),
                _ => {}
            }
        }
        while let Some(event) = self.viewer.poll_event() {
            match event {
                ViewerEvent::Av { channel: 0, event: AvEvent::LoggedIn { .. } } => {
                    self.speak();
                    self.next = Some(self.now);
                }
                ViewerEvent::TalkStarted => self.started += 1,
                ViewerEvent::Av { channel: 1.., .. } | ViewerEvent::Ended(_) => panic!("{event:?}"),
                _ => {}
            }
        }
        if let Some(at) = self.next.filter(|at| *at <= self.now) {
            self.next = Some(at + BLOCK);
            self.viewer.send_talk(&block(self.spoken), &info(self.spoken)).unwrap();
            self.spoken += 1;
        }
        self.transmit();
    }

    fn transmit(&mut self) {
        let [viewer, camera] = addresses();
        let mut sent = Vec::new();
        while let Some(transmit) = self.viewer.poll_transmit(self.now, 64, &mut self.out) {
            sent.push((viewer, transmit, self.out.clone()));
        }
        while let Some(transmit) = self.camera.poll_transmit(self.now, 64, &mut self.out) {
            sent.push((camera, transmit, self.out.clone()));
        }
        for (from, transmit, bytes) in sent {
            for datagram in bytes.chunks(transmit.segment_size.unwrap_or(transmit.size)) {
                self.network.send(self.now, from, transmit.destination, datagram);
            }
        }
    }

    fn speak(&mut self) {
        let channel = self.viewer.start_talk().unwrap();
        self.command(io_control::START_SPEAKER, channel);
    }

    fn be_silent(&mut self) {
        let channel = self.viewer.stop_talk().unwrap();
        self.command(io_control::STOP_SPEAKER, channel);
        self.next = None;
    }

    fn command(&mut self, kind: u32, channel: u8) {
        let body = io_control::channel(channel).to_vec();
        self.viewer.link().unwrap().send_io_control(0, kind, body).unwrap();
    }
}

const GENERATIONS: [Generation; 5] =
    [Generation::G09, Generation::G10, Generation::G12, Generation::G14, Generation::G1A];

#[test]
fn each_generation_hears_each_and_nothing_is_left_out() {
    for viewer in GENERATIONS {
        for camera in GENERATIONS {
            let mut world = World::new(viewer, camera, true, 7, Conditions::default());
            world.run(Duration::from_secs(3));
            // What was spoken before the camera came, too.
            let (heard, spoken) = (world.heard.len() as u32, world.spoken);
            assert!(spoken > 60 && heard + 2 >= spoken, "{viewer:?} {camera:?}: {heard} of {spoken}");
            assert_eq!(world.heard, (0..heard).collect::<Vec<_>>(), "{viewer:?} {camera:?}");
            assert_eq!((world.begun, world.started, world.lost), (1, 1, 0), "{viewer:?} {camera:?}");
        }
    }
}

#[test]
fn what_is_lost_is_repaired() {
    // Blocks that are not numbered with the video are waited for a quarter of a second.
    for (generation, max_lost) in
        [(Generation::G09, 3), (Generation::G10, 3), (Generation::G14, 0), (Generation::G1A, 0)]
    {
        for seed in 0..20 {
            let conditions = Conditions { loss_percent: 10, delay: Duration::from_millis(5), ..Conditions::default() };
            let mut world = World::new(generation, generation, true, seed, conditions);
            world.run(Duration::from_secs(10));
            let heard = world.heard.len() as u32;
            assert!(world.heard.is_sorted_by(|a, b| a < b), "seed {seed}");
            assert!(heard + 15 > world.spoken, "{generation:?} seed {seed}: {heard} of {}", world.spoken);
            assert!(world.lost <= max_lost, "{generation:?} seed {seed}: {} lost", world.lost);
        }
    }
}

#[test]
fn speech_starts_and_stops_as_often_as_it_likes() {
    for generation in GENERATIONS {
        let mut world = World::new(generation, generation, true, 3, Conditions::default());
        for round in 1..5 {
            world.run(Duration::from_secs(4 * u64::from(round) - 2));
            assert_eq!((world.begun, world.started), (round, round), "{generation:?}");
            assert_eq!(world.viewer.start_talk(), None, "one at a time");
            world.be_silent();
            let heard = world.heard.len();
            world.run(Duration::from_secs(4 * u64::from(round)));
            assert!(world.heard.len() < heard + 3, "{generation:?}");
            assert_eq!((world.viewer.stop_talk(), world.viewer.talk_channel()), (None, None));
            world.speak();
            world.next = Some(world.now);
        }
    }
}

#[test]
fn a_camera_without_a_speaker_costs_nothing() {
    let mut world = World::new(Generation::G1A, Generation::G1A, false, 3, Conditions::default());
    world.run(Duration::from_secs(60));
    assert_eq!((world.begun, world.started, world.heard.len()), (0, 0, 0));
    // Of an hour of speech no more than the newest words are kept.
    world.camera.start_talk(world.now, tutk_proto::ViewerId(1), 1);
    world.run(Duration::from_secs(61));
    let first = world.heard[0];
    assert!(first + 40 > world.spoken - 25, "{first} {}", world.spoken);
}

#[test]
fn too_large_a_block_is_refused_and_nothing_else() {
    let mut world = World::new(Generation::G10, Generation::G10, true, 3, Conditions::default());
    assert_eq!(world.viewer.start_talk(), None);
    world.run(Duration::from_secs(1));
    assert!(matches!(world.viewer.send_talk(&[0; 4_000], &info(0)), Err(SendError::AudioTooLarge { .. })));
    assert!(matches!(world.viewer.send_talk(&[0; 4], &[0; 4]), Err(SendError::FrameInfo { .. })));
    world.run(Duration::from_secs(2));
    assert!(world.heard.len() > 40);
}

/// The channel is a convention of applications, and some need not say it.
#[test]
fn a_command_without_a_channel_means_the_first() {
    for body in [vec![0; 8], vec![]] {
        let mut world = World::new(Generation::G14, Generation::G14, true, 3, Conditions::default());
        world.run(Duration::from_secs(1));
        world.be_silent();
        let heard = world.heard.len();
        assert_eq!(world.viewer.start_talk(), Some(1));
        world.viewer.link().unwrap().send_io_control(0, io_control::START_SPEAKER, body).unwrap();
        world.next = Some(world.now);
        world.run(Duration::from_secs(3));
        assert!(world.heard.len() > heard + 30);
    }
}

/// Pictures in place of speech, of which some chunks never come.
#[test]
fn what_is_no_speech_costs_no_memory() {
    for generation in [Generation::G14, Generation::G1A] {
        let conditions = Conditions { loss_percent: 30, ..Conditions::default() };
        let mut world = World::new(generation, generation, true, 3, conditions);
        let (mut most, mut until) = (0, Duration::from_secs(3));
        while until < Duration::from_secs(20) {
            world.run(until);
            until += Duration::from_millis(20);
            most = most.max(world.camera.memory());
            if let Some(link) = world.viewer.link() {
                let _ = link.send_video(1, &vec![7; 300_000], &info(0), true);
            }
        }
        // One datagram more than the bound.
        assert!(most > 500_000 && most <= (1 << 20) + 2_000, "{generation:?}: {most}");
        // The session goes on.
        assert!(world.camera.viewers() == 1);
    }
}
