use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, Instant};

use crate::channel::{AvEvent, Client, Server};
use crate::recv::Counts;
use crate::send::Outgoing;
use crate::wire::packet::Packet;
use crate::wire::{Av, FrameInfo};
use crate::{AvStyle, Codec, Credentials, Frame, Generation, Media};

/// What the network does, in percent and milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Conditions {
    pub(super) loss: u64,
    pub(super) duplicates: u64,
    pub(super) delay: u64,
    pub(super) jitter: u64,
}

/// When, which in the order of sending, whether the server sent it, the message.
type Arrival = (Instant, u64, bool, Vec<u8>);

/// Chunks in a socket's buffer of 212,992 bytes.
const BUFFER: u32 = 92;

/// Says whether a message gets lost: whether the server sent it, when, the message.
type Filter = Box<dyn FnMut(bool, Duration, &Packet<'_>) -> bool>;

/// A client and a server of one channel, and a network between them, in virtual time.
pub(super) struct World {
    pub(super) now: Instant,
    pub(super) start: Instant,
    pub(super) client: Client,
    pub(super) server: Server,
    pub(super) conditions: Conditions,
    pub(super) filter: Filter,
    random: fastrand::Rng,
    queue: BinaryHeap<Reverse<Arrival>>,
    pub(super) carried: u64,
    /// How long the client takes to read a datagram; its socket's buffer holds [`BUFFER`] of them.
    pub(super) reads_in: Duration,
    busy: Instant,
    pub(super) overflowed: u64,
    // The server's application.
    pub(super) interval: Duration,
    next_frame: Instant,
    next_block: Instant,
    needs_key: bool,
    /// Frames of video and of audio that the server took, and the id of the last one.
    pub(super) taken: [usize; 2],
    last_ids: [usize; 2],
    pub(super) size: fn(usize) -> usize,
    made: [usize; 2],
    pub(super) key_frames_wanted: usize,
    // The client's application.
    pub(super) logged_in: Option<bool>,
    pub(super) delivered: [BTreeMap<u32, Duration>; 2],
    pub(super) lost: Vec<(Media, u32)>,
    next_numbers: [u32; 2],
    delivered_ids: [Option<usize>; 2],
    /// IO controls: those that the client got, those that the server got, and how many were confirmed.
    pub(super) controls: [Vec<u32>; 2],
    pub(super) confirmed: usize,
}

/// The frame with this id: the id, then bytes that follow from it.
fn content(media: u8, id: usize, len: usize) -> Vec<u8> {
    let bytes = (8..len).map(|at| (at * 7 + id * 31 + at / 256 * 13) as u8 ^ media);
    (id as u64).to_le_bytes().into_iter().chain(bytes).collect()
}

pub(super) fn io_body(kind: u32) -> Vec<u8> {
    vec![kind as u8; [0, 8, 1020, 1021, 3000, 9000][kind as usize % 6]]
}

impl World {
    pub(super) fn new(seed: u64, conditions: Conditions, resend: [bool; 2]) -> Self {
        Self::with_version(seed, conditions, resend, 0x0b)
    }

    /// With this AV version of the client.
    pub(super) fn with_version(seed: u64, conditions: Conditions, resend: [bool; 2], version: u16) -> Self {
        let start = Instant::now();
        Self {
            now: start,
            start,
            client: Client::new(start, Credentials::new("admin", "secret"), resend[0], AvStyle::Packet, version, 7),
            server: Server::new(resend[1], AvStyle::Packet, 0x0b),
            conditions,
            filter: Box::new(|_, _, _| false),
            random: fastrand::Rng::with_seed(seed),
            queue: BinaryHeap::new(),
            carried: 0,
            reads_in: Duration::ZERO,
            busy: start,
            overflowed: 0,
            interval: Duration::from_millis(33),
            next_frame: start,
            next_block: start,
            needs_key: true,
            taken: [0; 2],
            last_ids: [0; 2],
            size: |id| if id.is_multiple_of(30) { 40_000 } else { 200 + id * 997 % 6000 },
            made: [0; 2],
            key_frames_wanted: 0,
            logged_in: None,
            delivered: [BTreeMap::new(), BTreeMap::new()],
            lost: Vec::new(),
            next_numbers: [0; 2],
            delivered_ids: [None; 2],
            controls: [Vec::new(), Vec::new()],
            confirmed: 0,
        }
    }

    /// The client begins anew.
    pub(super) fn restart_client(&mut self, password: &str) {
        self.client = Client::new(self.now, Credentials::new("admin", password), true, AvStyle::Packet, 0x0b, 9);
        self.logged_in = None;
        self.next_numbers = [0; 2];
    }

    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        let mut steps = 0;
        while self.now < end {
            self.step();
            let arrival = self.queue.peek().map(|Reverse((at, ..))| *at);
            let media = self.server.is_open().then_some(self.next_frame.min(self.next_block));
            let timers = [arrival, self.client.poll_timeout(), self.server.poll_timeout(), media];
            let wake = timers.into_iter().flatten().min().unwrap_or(end);
            steps = if wake <= self.now { steps + 1 } else { 0 };
            assert!(steps < 1000, "stands still at {:?}", self.now - self.start);
            self.now = self.now.max(wake);
        }
    }

    fn step(&mut self) {
        while let Some(Reverse((at, ..))) = self.queue.peek()
            && *at <= self.now
            && let Some(Reverse((_, _, from_server, bytes))) = self.queue.pop()
        {
            self.deliver(from_server, &bytes);
            self.transmit();
        }
        self.client.handle_timeout(self.now);
        self.server.handle_timeout(self.now);
        self.server_application();
        self.client_application();
        self.transmit();
        assert!(self.client.memory() <= crate::MAX_ASSEMBLY);
    }

    pub(super) fn deliver(&mut self, from_server: bool, bytes: &[u8]) {
        if from_server {
            let av = Av::decode(self.client.style(), bytes).unwrap();
            self.client.handle(self.now, &av);
        } else {
            let av = Av::decode(self.server.style(), bytes).unwrap();
            self.server.handle(self.now, &av);
        }
    }

    fn transmit(&mut self) {
        let bytes = |av: Av<'_>| av.to_payload(AvStyle::Packet, Generation::G1A);
        while let Some(message) = self.client.poll_transmit(self.now, bytes) {
            self.send(false, message);
        }
        while let Some(message) = self.server.poll_transmit(self.now, bytes) {
            self.send(true, message);
        }
    }

    fn send(&mut self, from_server: bool, message: Vec<u8>) {
        assert!(message.len() <= 1400, "{} bytes", message.len());
        self.carried += 1;
        if let Ok(Av::Packet(packet)) = Av::decode(AvStyle::Packet, &message)
            && (self.filter)(from_server, self.now - self.start, &packet)
        {
            return;
        }
        if self.random.u64(..100) < self.conditions.loss {
            return;
        }
        for _ in 0..1 + u32::from(self.random.u64(..100) < self.conditions.duplicates) {
            let late = self.conditions.delay * 1000 + self.random.u64(..=self.conditions.jitter * 1000);
            let mut at = self.now + Duration::from_micros(late);
            if from_server && !self.reads_in.is_zero() {
                let waits = self.busy.saturating_duration_since(at);
                if waits > self.reads_in * BUFFER {
                    self.overflowed += 1;
                    continue;
                }
                self.busy = at + waits + self.reads_in;
                at = self.busy;
            }
            self.queue.push(Reverse((at, self.carried, from_server, message.clone())));
        }
    }

    fn server_application(&mut self) {
        while let Some(event) = self.server.poll_event() {
            match event {
                AvEvent::Login { account, password } => {
                    assert_eq!(account, b"admin");
                    self.server.answer_login(password.reveal() == "secret");
                    (self.next_frame, self.next_block) = (self.now, self.now);
                }
                AvEvent::IoControl { kind, body } => {
                    assert_eq!(body, io_body(kind));
                    self.controls[1].push(kind);
                    self.server.send_io_control(kind, body);
                }
                AvEvent::IoControlConfirmed { .. } => self.confirmed += 1,
                AvEvent::KeyFrameWanted => {
                    self.needs_key = true;
                    self.key_frames_wanted += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        if !self.server.is_open() {
            return;
        }
        if self.next_frame <= self.now {
            self.next_frame += self.interval;
            if self.needs_key {
                self.made[0] = self.made[0].next_multiple_of(30);
                self.needs_key = false;
            }
            let id = self.made[0];
            self.made[0] += 1;
            let key = id.is_multiple_of(30);
            let data = content(0, id, (self.size)(id));
            let info = FrameInfo { codec: Codec::Mjpeg, flags: key.into(), camera: 0, viewers: 1, timestamp: 7 };
            if self.server.send_video(&Outgoing::new(&data, &info.encode()).unwrap(), key) {
                self.took(0, id);
            }
        }
        if self.next_block <= self.now {
            self.next_block += Duration::from_millis(40);
            let id = self.made[1];
            self.made[1] += 1;
            let info = FrameInfo { codec: Codec::Pcm, flags: 2, camera: 0, viewers: 0, timestamp: 7 };
            let takes = !self.server.is_full();
            let sent = self.server.send_audio(&content(1, id, 3000), &info.encode());
            assert!(sent.is_ok() || self.server.style() == AvStyle::Classic, "{sent:?}");
            if takes {
                self.took(1, id);
            }
        }
    }

    fn took(&mut self, at: usize, id: usize) {
        self.taken[at] += 1;
        self.last_ids[at] = id;
    }

    fn client_application(&mut self) {
        while let Some(event) = self.client.poll_event() {
            match event {
                AvEvent::LoggedIn { resend } => {
                    assert_eq!(self.logged_in, None);
                    self.logged_in = Some(resend);
                }
                AvEvent::Video(frame) => self.frame(0, &frame),
                AvEvent::Audio(frame) => self.frame(1, &frame),
                AvEvent::Lost(lost) => {
                    let at = usize::from(lost.media == Media::Audio);
                    assert_eq!(self.next_numbers[at], lost.first, "{lost:?}");
                    assert!(lost.count > 0);
                    self.next_numbers[at] += lost.count;
                    self.lost.extend((0..lost.count).map(|i| (lost.media, lost.first + i)));
                }
                AvEvent::IoControl { kind, body } => {
                    assert_eq!(body, io_body(kind));
                    self.controls[0].push(kind);
                }
                AvEvent::IoControlConfirmed { .. } => self.confirmed += 1,
                other => panic!("{other:?}"),
            }
        }
    }

    fn frame(&mut self, at: usize, frame: &Frame) {
        assert_eq!(frame.number, self.next_numbers[at], "neither delivered nor reported");
        let id = u64::from_le_bytes(frame.data[..8].try_into().unwrap()) as usize;
        let len = if at == 0 { (self.size)(id) } else { 3000 };
        assert!(frame.data == content(at as u8, id, len), "frame {} is not what was sent", frame.number);
        assert!(self.delivered_ids[at].is_none_or(|last| last < id), "frame {id} comes late");
        assert_eq!(frame.timestamp, 7);
        self.delivered_ids[at] = Some(id);
        assert_eq!(frame.info.len(), 16);
        self.next_numbers[at] += 1;
        self.delivered[at].insert(frame.number, self.now - self.start);
    }

    /// How many frames the client is behind.
    pub(super) fn behind(&self) -> usize {
        self.last_ids[0] - self.delivered_ids[0].unwrap_or(0)
    }

    pub(super) fn counts(&self) -> Counts {
        self.client.counts()
    }
}
