use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::input::{Input, address, put, scrambled, uid};
use crate::machine::settle;
use tutk_dtls::OpenSsl;
use tutk_proto::security::{Encryption, Provider};
use tutk_proto::wire::{Message, Role, Session, TAG_LEN, from_wire};
use tutk_proto::{
    Access, AvEvent, Camera, CameraConfig, CameraEvent, CloseReason, Codec, Credentials, Frame, Generation,
    MAX_ASSEMBLY, RESEND_STORE, SessionId, VideoFrame, Viewer, ViewerConfig, ViewerEvent, ViewerId,
};

const VIEWER: u8 = 1;
const CAMERA: u8 = 2;
const SEED: u64 = 7;
/// Behind it, the payload of session data.
const HEADER: usize = 28;
const MAX_FRAME: usize = u16::MAX as usize;
/// Bytes that the count of bytes of 0xCC51 does not count.
const UNCOUNTED: usize = 12;
/// Datagrams that are remembered.
const MAX_OLD: usize = 64;

/// An encrypted session, and a host that sends to the viewer in the camera's name: what it has seen, whole, changed or
/// joined, and what it makes up.
pub fn encrypted_viewer(data: &[u8]) {
    run(data, VIEWER);
}

/// The same where it sends to the camera in the viewer's name.
pub fn encrypted_camera(data: &[u8]) {
    run(data, CAMERA);
}

fn run(data: &[u8], victim: u8) {
    let mut input = Input::new(data);
    let mut run = Run::new(input.u8(), victim);
    input.each(|input| run.step(input));
    run.pass(Duration::from_secs(6));
    let stood = run.watcher.is_some() && run.is_open && run.ended.is_none();
    run.send(50_000);
    run.control();
    run.pass(Duration::from_secs(2));
    if stood && !run.is_replaced {
        assert_eq!(run.ended, None, "it ended over a perfect network");
        assert_eq!(run.next as usize, run.sent.len(), "not all frames arrived");
        assert_eq!(run.heard, run.said, "not all IO controls arrived");
    }
}

struct Run {
    now: Instant,
    viewer: Viewer,
    camera: Camera,
    victim: u8,
    /// The session has the framing 0xCC51.
    is_hmac: bool,
    /// To, bytes.
    network: VecDeque<(SocketAddr, Vec<u8>)>,
    /// What was sent to the victim, in the plain.
    old: Vec<Vec<u8>>,
    watcher: Option<ViewerId>,
    is_open: bool,
    ended: Option<CloseReason>,
    /// The camera has begun another session with the viewer's address.
    is_replaced: bool,
    /// The sizes of the frames that were taken.
    sent: Vec<usize>,
    /// The next frame's number.
    next: u32,
    /// IO controls from the viewer.
    said: u32,
    heard: u32,
}

/// The frame with this number and size.
fn content(number: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| (number.wrapping_mul(31) ^ at ^ (at >> 8)) as u8).collect()
}

/// Gives a datagram of 0xCC51 the count of bytes and the HMAC that it must have.
fn seal(datagram: &mut [u8]) {
    let counted = datagram.len().saturating_sub(UNCOUNTED) as u16;
    put(datagram, 6, &counted.to_le_bytes());
    let len = if datagram.get(4) == Some(&0x02) && datagram.get(5) == Some(&0x10) { 32 } else { HEADER };
    let (Some(header), Some(at)) = (datagram.get(..len), datagram.len().checked_sub(TAG_LEN)) else { return };
    let tag = OpenSsl.hmac_sha1(uid().as_bytes(), header).expect("OpenSSL has it");
    put(datagram, at, &tag);
}

impl Run {
    fn new(settings: u8, victim: u8) -> Self {
        let now = Instant::now();
        let provider = Arc::new(OpenSsl);
        let viewer = ViewerConfig::new(uid(), vec![address(CAMERA)], SEED)
            .with_credentials(Credentials::new("admin", "right"))
            .with_encryption(Encryption::Required)
            .with_hmac_framing(true)
            .with_provider(provider.clone());
        let is_hmac = settings & 4 != 0;
        let access = Access::Account { account: "admin".into(), password: "right".into() };
        let camera = CameraConfig::new(uid(), access)
            .with_max_viewers(2)
            .with_generation(if is_hmac { Generation::G1D } else { Generation::G1A })
            .with_encryption(if settings & 2 == 0 { Encryption::Required } else { Encryption::Auto })
            .with_provider(provider);
        let mut run = Self {
            now,
            viewer: Viewer::new(now, viewer),
            camera: Camera::new(camera),
            victim,
            is_hmac,
            network: VecDeque::new(),
            old: Vec::new(),
            watcher: None,
            is_open: false,
            ended: None,
            is_replaced: false,
            sent: Vec::new(),
            next: 0,
            said: 0,
            heard: 0,
        };
        if settings & 1 == 0 {
            // OpenSSL sends again by the system's clock: on a busy one the handshake may not end in this time.
            run.pass(Duration::from_millis(100));
        }
        run
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.u8() % 10 {
            // Again as it was.
            0 => {
                let datagram = self.old(input).to_vec();
                self.hear(&datagram);
            }
            // Changed.
            1 | 2 => {
                let mut datagram = self.old(input).to_vec();
                for _ in 0..=input.u8() % 4 {
                    let (at, bits) = (usize::from(input.u16()), input.u8());
                    if let Some(byte) = datagram.get_mut(HEADER..).and_then(|payload| payload.get_mut(at)) {
                        *byte ^= bits;
                    }
                }
                self.hear(&datagram);
            }
            // Cut.
            3 => {
                let datagram = self.old(input);
                let datagram = datagram[..usize::from(input.u16()).min(datagram.len())].to_vec();
                self.hear(&datagram);
            }
            // Two as one.
            4 => {
                let first = self.old(input).get(HEADER..).unwrap_or_default().to_vec();
                let second = self.old(input).get(HEADER..).unwrap_or_default();
                let payload = [&first, second].concat();
                self.forge(true, 0, &payload);
            }
            // Made up.
            5 => {
                let (bits, channel) = (input.u8(), input.u8() % 3);
                let payload = if bits & 2 == 0 { input.datagram() } else { b"recv dtls data!" };
                self.forge(bits & 1 == 0, channel, payload);
            }
            // A record made up.
            6 => {
                let (kind, epoch, body) = (20 + input.u8() % 5, input.u8() % 3, input.datagram());
                let mut record = vec![kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, input.u8()];
                record.extend_from_slice(&(body.len() as u16).to_be_bytes());
                record.extend_from_slice(body);
                self.forge(true, 0, &record);
            }
            7 => self.send(input.u16().into()),
            8 => self.control(),
            _ => self.pass(Duration::from_millis(u64::from(input.u8()) * 4)),
        }
        self.check();
    }

    /// A datagram that the victim was sent.
    fn old(&self, input: &mut Input<'_>) -> &[u8] {
        let at = usize::from(input.u8()) % self.old.len().max(1);
        self.old.get(at).map_or(&[], Vec::as_slice)
    }

    fn forge(&mut self, secure: bool, channel: u8, payload: &[u8]) {
        let from = if self.victim == VIEWER { Role::Camera } else { Role::Viewer };
        let id = SEED.to_le_bytes();
        let id = if self.is_hmac { SessionId::Hmac(id) } else { SessionId::Block(id) };
        let session = Session { secure, channel, ..Session::new(from, id) };
        let mut datagram = Message::Data { session, sequence: 0, payload }.to_datagram(Generation::G1A);
        from_wire(&mut datagram);
        self.hear(&datagram);
    }

    /// The victim hears something in the other end's name.
    fn hear(&mut self, datagram: &[u8]) {
        let mut datagram = datagram.to_vec();
        if self.is_hmac {
            seal(&mut datagram);
        }
        self.deliver(address(self.victim), &datagram);
        self.settle();
    }

    fn deliver(&mut self, to: SocketAddr, datagram: &[u8]) {
        let datagram = &mut scrambled(datagram);
        if to == address(VIEWER) {
            self.viewer.handle_input(self.now, address(CAMERA), datagram);
        } else if to == address(CAMERA) {
            self.camera.handle_input(self.now, address(VIEWER), datagram);
        }
    }

    fn settle(&mut self) {
        let network = &mut self.network;
        settle(&mut self.viewer, self.now, &mut |to, bytes| network.push_back((to, bytes.to_vec())));
        settle(&mut self.camera, self.now, &mut |to, bytes| network.push_back((to, bytes.to_vec())));
        self.check();
    }

    /// Lets time pass on a perfect network.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle();
            while let Some((to, bytes)) = self.network.pop_front() {
                self.deliver(to, &bytes);
                if to == address(self.victim) && self.old.len() < MAX_OLD {
                    self.old.push(bytes);
                }
                self.settle();
            }
            let wake = [self.viewer.poll_timeout(), self.camera.poll_timeout()].into_iter().flatten().min();
            let Some(wake) = wake.filter(|wake| *wake <= end) else { break };
            self.now = self.now.max(wake);
            self.viewer.handle_timeout(self.now);
            self.camera.handle_timeout(self.now);
        }
        self.now = end;
    }

    /// The camera's application sends a frame.
    fn send(&mut self, len: usize) {
        let Some(watcher) = self.watcher else { return };
        let data = content(self.sent.len(), len);
        let frame = VideoFrame::new(Codec::H264, &data).with_key(true);
        if self.camera.send_video(&[watcher], frame).expect("it is not too large") == 1 {
            self.sent.push(len);
        }
    }

    /// The viewer's application sends an IO control.
    fn control(&mut self) {
        if let Some(link) = self.viewer.link().filter(|_| self.is_open) {
            link.send_io_control(0, 0x8000 + self.said, vec![7; 8]).expect("it is not too large");
            self.said += 1;
        }
    }

    fn check(&mut self) {
        assert!(self.viewer.memory() <= MAX_ASSEMBLY && self.camera.memory() <= RESEND_STORE + MAX_FRAME + 16);
        while let Some(event) = self.camera.poll_event() {
            match event {
                CameraEvent::ViewerAdded { viewer, .. } => {
                    self.is_replaced |= self.watcher.is_some();
                    self.watcher = Some(viewer);
                }
                CameraEvent::ViewerRemoved { .. } => self.watcher = None,
                CameraEvent::IoControl { kind, body, .. } => {
                    assert_eq!((kind, body), (0x8000 + self.heard, vec![7; 8]), "nobody said so");
                    self.heard += 1;
                }
                _ => {}
            }
        }
        while let Some(event) = self.viewer.poll_event() {
            match event {
                ViewerEvent::NotEncrypted => panic!("it has to be encrypted"),
                ViewerEvent::Av { event: AvEvent::LoggedIn { .. }, .. } => self.is_open = true,
                ViewerEvent::Av { event: AvEvent::Video(Frame { number, data, .. }), .. } => {
                    assert_eq!(data, content(number as usize, self.sent[number as usize]), "it is not what was sent");
                    self.next = number + 1;
                }
                ViewerEvent::Av { event: AvEvent::Lost(lost), .. } => self.next = lost.first + lost.count,
                ViewerEvent::Ended(reason) => self.ended = Some(reason),
                _ => {}
            }
        }
    }
}
