use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::network::{Conditions, Datagram, Network, Random};
use tutk_proto::{
    Access, AvEvent, Camera, CameraConfig, CameraEvent, CloseReason, Credentials, DisconnectReason, MAX_ASSEMBLY,
    RESEND_STORE, VideoFrame, Viewer, ViewerConfig, ViewerEvent, ViewerId,
};
use tutk_proto::{Codec, Generation, Media, Secret, Transmit, io_control};

pub(super) const UID: &str = "SIMULATEDCAMERA00001";
pub(super) const ECHO: u32 = 0x5000;
pub(super) const MAX_FRAME: usize = 300_000;
pub(super) const MAX_DATAGRAMS: usize = 64;

pub(super) fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The frame with this id: 8 bytes of id, then bytes that follow from it.
pub(super) fn content(id: u64) -> Vec<u8> {
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
pub(super) fn datagrams(transmit: Transmit, bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(transmit.segment_size.unwrap_or(transmit.size))
}

/// A viewer's generation, and a camera's.
pub(super) type Pair = (Generation, Generation);

/// One pair for each profile.
pub(super) const COOKIE: Pair = (Generation::G09, Generation::G09);
pub(super) const BLOCK: Pair = (Generation::G14, Generation::G14);
pub(super) const PACKET: Pair = (Generation::G1A, Generation::G1A);

/// One after the other for tests in which seeds share them.
pub(super) const PAIRS: [Pair; 9] = [
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

pub(super) struct World {
    pub(super) seed: u64,
    pub(super) start: Instant,
    pub(super) now: Instant,
    pub(super) network: Network,
    pub(super) viewer: Viewer,
    pub(super) camera: Camera,
    pub(super) viewer_address: SocketAddr,
    pub(super) camera_address: SocketAddr,
    pub(super) search_address: SocketAddr,
    pub(super) out: Vec<u8>,
    // The camera's application.
    pub(super) watching: Option<ViewerId>,
    pub(super) next_frame: Instant,
    pub(super) interval: Duration,
    pub(super) needs_key: bool,
    pub(super) made: u64,
    pub(super) stride: u64,
    pub(super) taken: u32,
    pub(super) camera_heard: Vec<u32>,
    pub(super) removed: Vec<DisconnectReason>,
    // The viewer's application.
    pub(super) opened: Option<bool>,
    pub(super) ended: Option<CloseReason>,
    pub(super) delivered: BTreeMap<u32, u64>,
    pub(super) info_len: usize,
    pub(super) lost: Vec<u32>,
    pub(super) next_number: u32,
    pub(super) viewer_heard: Vec<u32>,
    pub(super) confirmed: Vec<u32>,
}

impl World {
    pub(super) fn new(seed: u64, conditions: Conditions, resend: bool, password: &str) -> Self {
        Self::between(PAIRS[seed as usize % PAIRS.len()], seed, conditions, resend, password)
    }

    pub(super) fn between(
        (viewer, camera): Pair,
        seed: u64,
        conditions: Conditions,
        resend: bool,
        password: &str,
    ) -> Self {
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
            info_len: 0,
            lost: Vec::new(),
            next_number: 0,
            viewer_heard: Vec::new(),
            confirmed: Vec::new(),
        }
    }

    /// Runs until `until`, or until the viewer's session has ended and nothing is under way.
    pub(super) fn run(&mut self, until: Duration) {
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

    pub(super) fn step(&mut self) {
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

    pub(super) fn transmit(&mut self) {
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

    pub(super) fn camera_application(&mut self) {
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

    pub(super) fn viewer_application(&mut self) {
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

    pub(super) fn viewer_av(&mut self, event: AvEvent) {
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
                self.info_len = frame.info.len();
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
    pub(super) fn check_stream(&self) {
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
