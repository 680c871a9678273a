use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tutk_dtls::OpenSsl;
use tutk_proto::security::{CipherSuite, Encryption, Identity, Logins, Provider, Psk};
use tutk_proto::wire::{Message, Role, Session, TAG_LEN, from_wire, is_hmac, to_wire};
use tutk_proto::{
    Access, AvEvent, Camera, CameraConfig, CameraEvent, CloseReason, Codec, Credentials, Framing, Generation, Secret,
    SessionId, Transmit, VideoFrame, Viewer, ViewerConfig, ViewerEvent, ViewerId, io_control,
};

use crate::clock::Clock;
use crate::network::{Conditions, Datagram, Network};

pub(crate) const UID: &str = "SIMULATEDCAMERA00001";
const FRAME: Duration = Duration::from_millis(50);

/// What a host on the way does to a datagram: it may change it, drop it by leaving nothing, or add others.
pub(crate) type Tamper = Box<dyn FnMut(bool, &mut Vec<u8>) -> Vec<Vec<u8>>>;

/// What both ends have in common, and where they differ.
pub(crate) struct Setup {
    pub(crate) viewer: Encryption,
    pub(crate) camera: Encryption,
    pub(crate) generations: (Generation, Generation),
    /// Of the camera; the viewer takes either.
    pub(crate) framing: Framing,
    pub(crate) auth_keys: (Option<&'static str>, Option<&'static str>),
    pub(crate) credentials: Credentials,
    pub(crate) conditions: Conditions,
    pub(crate) seed: u64,
    pub(crate) speaker: bool,
    /// The camera's application starts the servers.
    pub(crate) application: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            viewer: Encryption::Auto,
            camera: Encryption::Auto,
            generations: (Generation::G1A, Generation::G1A),
            framing: Framing::Block,
            auth_keys: (None, None),
            credentials: Credentials::new("admin", "right"),
            conditions: Conditions { delay: Duration::from_millis(2), ..Conditions::default() },
            seed: 7,
            speaker: true,
            application: false,
        }
    }
}

pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) network: Network,
    pub(crate) viewer: Viewer,
    pub(crate) camera: Camera,
    pub(crate) tamper: Tamper,
    viewer_address: SocketAddr,
    camera_address: SocketAddr,
    out: Vec<u8>,
    application: bool,
    next_frame: Option<Instant>,
    made: u64,
    needs_key: bool,
    // What happened.
    pub(crate) watching: Option<ViewerId>,
    pub(crate) refused: u32,
    pub(crate) suite: Option<CipherSuite>,
    pub(crate) fell_back: bool,
    pub(crate) logged_in: Option<Duration>,
    pub(crate) ended: Option<CloseReason>,
    pub(crate) delivered: u64,
    pub(crate) heard: Vec<Vec<u8>>,
    pub(crate) others: Vec<ViewerEvent>,
}

/// Frame `id`.
fn content(id: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(id);
    let mut bytes = id.to_le_bytes().to_vec();
    bytes.resize(random.usize(8..5_000), id as u8);
    bytes
}

impl World {
    pub(crate) fn new(setup: Setup) -> Self {
        let clock = Clock::new();
        let provider = Arc::new(OpenSsl::new().unwrap());
        let token = Psk::new(&OpenSsl, &Secret::from("token"));
        let access = match setup.application {
            true => Access::Application,
            false => Access::Account { account: "admin".into(), password: "right".into() },
        };
        let is_hmac = setup.framing == Framing::Hmac;
        let mut camera = CameraConfig::new(UID.parse().unwrap(), access)
            .with_generation(if is_hmac { Generation::G1D } else { setup.generations.1 })
            .with_encryption(setup.camera)
            .with_speaker(setup.speaker)
            .with_provider(provider.clone())
            .with_keys(Arc::new(Logins::default().with(Identity::Token("phone"), token)));
        let mut viewer =
            ViewerConfig::new(UID.parse().unwrap(), vec!["10.77.0.255:32761".parse().unwrap()], setup.seed)
                .with_credentials(setup.credentials)
                .with_generation(setup.generations.0)
                .with_encryption(setup.viewer)
                .with_hmac_framing(true)
                .with_provider(provider);
        let keys = setup.auth_keys;
        (viewer.auth_key, camera.auth_key) =
            (keys.0.map(|key| key.parse().unwrap()), keys.1.map(|key| key.parse().unwrap()));
        Self {
            network: Network::new(clock.now(), setup.seed, setup.conditions),
            viewer: Viewer::new(clock.now(), viewer),
            camera: Camera::new(camera),
            clock,
            tamper: Box::new(|_, _| vec![]),
            viewer_address: "10.77.0.1:40000".parse().unwrap(),
            camera_address: "10.77.0.2:50000".parse().unwrap(),
            out: Vec::new(),
            application: setup.application,
            next_frame: None,
            made: 0,
            needs_key: true,
            watching: None,
            refused: 0,
            suite: None,
            fell_back: false,
            logged_in: None,
            ended: None,
            delivered: 0,
            heard: Vec::new(),
            others: Vec::new(),
        }
    }

    /// The id of the session that was established.
    pub(crate) fn session(framing: Framing, seed: u64) -> SessionId {
        let id = seed.to_le_bytes();
        if framing == Framing::Hmac { SessionId::Hmac(id) } else { SessionId::Block(id) }
    }

    /// Runs until then, or until nothing is under way.
    pub(crate) fn run(&mut self, until: Duration) {
        let mut steps = 0;
        while self.clock.elapsed() < until {
            self.step();
            let wakes =
                [self.network.next_arrival(), self.viewer.poll_timeout(), self.camera.poll_timeout(), self.next_frame];
            let Some(wake) = wakes.into_iter().flatten().min() else { return };
            steps = if wake <= self.clock.now() { steps + 1 } else { 0 };
            assert!(steps < 10_000, "stands still at {:?}", self.clock.elapsed());
            self.clock.set(wake);
        }
    }

    fn step(&mut self) {
        let now = self.clock.now();
        while let Some(Datagram { from, to, mut bytes }) = self.network.arrived(now) {
            let to_viewer = to == self.viewer_address;
            let added = (self.tamper)(to_viewer, &mut bytes);
            for mut datagram in std::iter::once(bytes).chain(added) {
                if to_viewer {
                    self.viewer.handle_input(now, from, &mut datagram);
                } else {
                    self.camera.handle_input(now, from, &mut datagram);
                }
            }
            self.transmit();
        }
        self.viewer.handle_timeout(now);
        self.camera.handle_timeout(now);
        self.camera_application();
        self.viewer_application();
        self.transmit();
    }

    fn transmit(&mut self) {
        let now = self.clock.now();
        let mut sent: Vec<(SocketAddr, Transmit, Vec<u8>)> = Vec::new();
        while let Some(transmit) = self.viewer.poll_transmit(now, 64, &mut self.out) {
            sent.push((self.viewer_address, transmit, self.out.clone()));
        }
        while let Some(transmit) = self.camera.poll_transmit(now, 64, &mut self.out) {
            sent.push((self.camera_address, transmit, self.out.clone()));
        }
        for (from, transmit, bytes) in sent {
            for datagram in bytes.chunks(transmit.segment_size.unwrap_or(transmit.size)) {
                self.network.send(now, from, transmit.destination, datagram);
            }
        }
    }

    fn camera_application(&mut self) {
        let now = self.clock.now();
        while let Some(event) = self.camera.poll_event() {
            match event {
                CameraEvent::ViewerAdded { viewer, .. } => {
                    self.watching = Some(viewer);
                    if let Some(link) = self.camera.link(viewer).filter(|_| self.application) {
                        assert!(link.choose_encryption(Encryption::Required));
                        link.start_server(0, true);
                    }
                }
                CameraEvent::IoControl { kind: io_control::START_VIDEO, .. } => self.next_frame = Some(now),
                CameraEvent::ViewerRemoved { .. } => (self.watching, self.next_frame) = (None, None),
                CameraEvent::KeyFrameWanted { .. } => self.needs_key = true,
                CameraEvent::LoginRefused { .. } => self.refused += 1,
                CameraEvent::Talk { event: AvEvent::Audio(frame), .. } => self.heard.push(frame.data),
                _ => {}
            }
        }
        let (Some(viewer), Some(at)) = (self.watching, self.next_frame) else { return };
        if at <= now {
            self.next_frame = Some(at + FRAME);
            let data = content(self.made);
            let frame = VideoFrame::new(Codec::H264, &data).with_key(self.made.is_multiple_of(20) || self.needs_key);
            self.needs_key = false;
            self.made += 1;
            self.camera.send_video(&[viewer], frame).unwrap();
        }
    }

    fn viewer_application(&mut self) {
        while let Some(event) = self.viewer.poll_event() {
            match event {
                ViewerEvent::Found(_) | ViewerEvent::Connected => {}
                ViewerEvent::Encrypted(suite) => self.suite = Some(suite),
                ViewerEvent::NotEncrypted => {
                    assert!(!self.fell_back);
                    self.fell_back = true;
                }
                ViewerEvent::Av { channel: 0, event: AvEvent::LoggedIn { .. } } => {
                    self.logged_in = Some(self.clock.elapsed());
                    let link = self.viewer.link().unwrap();
                    link.send_io_control(0, io_control::START_VIDEO, vec![0; 8]).unwrap();
                }
                ViewerEvent::Av { channel: 0, event: AvEvent::Video(frame) } => {
                    let id = u64::from_le_bytes(frame.data[..8].try_into().unwrap());
                    assert!(frame.data == content(id), "frame {id} is not what was sent");
                    self.delivered += 1;
                }
                ViewerEvent::Av { channel: 0, event: AvEvent::Lost(_) | AvEvent::IoControlConfirmed { .. } } => {}
                ViewerEvent::Ended(reason) => self.ended = Some(reason),
                other => self.others.push(other),
            }
        }
    }
}

/// A session datagram as anybody could send it who has read the session's id, and knows the camera's UID.
pub(crate) fn forged(from: Role, id: SessionId, secure: bool, payload: &[u8]) -> Vec<u8> {
    let session = Session { secure, partial: secure, ..Session::new(from, id) };
    sealed(&Message::Data { session, sequence: 0, payload })
}

/// A message of generation 0x1a or 0x1d, sealed with the UID alone where its framing wants that.
pub(crate) fn sealed(message: &Message<'_>) -> Vec<u8> {
    let mut datagram = message.to_datagram(Generation::G1A);
    if is_hmac(&datagram) {
        let len = if matches!(message, Message::Ticket { .. }) { 32 } else { 28 };
        let tag = OpenSsl.hmac_sha1(UID.as_bytes(), &datagram[..len]).unwrap();
        let at = datagram.len() - TAG_LEN;
        datagram[at..].copy_from_slice(&tag);
    }
    datagram
}

/// Where the payload of an encrypted datagram begins.
const HEADER: usize = 28;

/// Changes the payload of an encrypted datagram.
pub(crate) fn change_payload(datagram: &mut [u8], change: impl FnOnce(&mut [u8])) {
    from_wire(datagram);
    let (is_data, end) = match is_hmac(datagram) {
        true => (datagram[4..6] == [0x02, 0x15], datagram.len() - TAG_LEN),
        false => {
            (datagram.len() > HEADER && matches!(datagram[8..10], [7 | 8, 4]) && datagram[15] == 1, datagram.len())
        }
    };
    if is_data {
        change(&mut datagram[HEADER..end]);
    }
    to_wire(datagram);
}
