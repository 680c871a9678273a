use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::input::{Input, address, patched, scrambled, uid};
use crate::machine::settle;
use tutk_proto::{
    Access, AvEvent, Camera, CameraConfig, CameraEvent, Credentials, MAX_ASSEMBLY, RESEND_STORE, VideoFrame, Viewer,
    ViewerConfig, ViewerEvent, ViewerId,
};
use tutk_proto::{Codec, Frame, Generation, Lost, Media, Secret};

const VIEWER: u8 = 1;
const CAMERA: u8 = 2;
const STRANGER: u8 = 3;
const COOKIE: u16 = 1;
const MAX_FRAME: usize = u16::MAX as usize;
/// Of the camera.
const GENERATIONS: [u8; 6] = [0x1a, 0x09, 0x10, 0x12, 0x14, 0x17];

/// A viewer and a camera, and between them a network that does with each datagram what the input says: delays it, drops
/// it, doubles it. A stranger sends what the input says.
///
/// Once the input is used up the network is perfect; what is sent then must arrive.
pub fn session(data: &[u8]) {
    let mut input = Input::new(data);
    let mut run = Run::new(input.u8());
    input.each(|input| run.step(input));
    // The longest that a frame is waited for.
    run.pass(&mut input, Duration::from_secs(6));
    let stood = run.watcher.is_some() && run.is_open && !run.is_over;
    run.send(50_000, true);
    run.send(10, false);
    run.pass(&mut input, Duration::from_secs(2));
    if stood && !run.is_replaced {
        assert!(!run.is_over, "it ended over a perfect network");
        assert_eq!(run.next as usize, run.sent.len(), "not all frames arrived");
    }
}

struct Run {
    now: Instant,
    viewer: Viewer,
    camera: Camera,
    /// From, to, bytes; in the order of their arrival.
    network: BTreeMap<(Instant, u64), (u8, SocketAddr, Vec<u8>)>,
    carried: u64,
    watcher: Option<ViewerId>,
    /// The sizes of the frames that were taken.
    sent: Vec<usize>,
    is_open: bool,
    is_over: bool,
    /// The camera has begun another session with the viewer's address, after it had sent frames in the first one.
    is_replaced: bool,
    /// The next frame's number.
    next: u32,
}

/// The frame with this number and size.
fn content(number: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| (number.wrapping_mul(31) ^ at ^ (at >> 8)) as u8).collect()
}

impl Run {
    fn new(settings: u8) -> Self {
        let now = Instant::now();
        let password = Secret::from("right");
        let viewer = Viewer::new(
            now,
            ViewerConfig::new(uid(), vec![address(CAMERA)], u64::from(COOKIE) - 1)
                .with_credentials(Credentials::new("admin", password.clone()))
                .with_timeout(Duration::from_secs(5))
                .with_idle_timeout(Duration::from_secs(10)),
        );
        let camera = Camera::new(
            CameraConfig::new(uid(), Access::Account { account: "admin".into(), password })
                .with_name("fuzzed")
                .with_max_viewers(1)
                .with_resend(settings & 1 == 0)
                .with_speaker(true)
                .with_generation(Generation(GENERATIONS[usize::from(settings >> 2) % GENERATIONS.len()]))
                .with_idle_timeout(Duration::from_secs(15)),
        );
        let mut run = Self {
            now,
            viewer,
            camera,
            network: BTreeMap::new(),
            carried: 0,
            watcher: None,
            sent: Vec::new(),
            is_open: false,
            is_over: false,
            is_replaced: false,
            next: 0,
        };
        if settings & 2 == 0 {
            run.pass(&mut Input::new(&[]), Duration::from_millis(100));
            assert!(run.is_open && run.watcher.is_some());
        }
        run
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.u8() % 8 {
            0 | 1 => self.send(input.u16().into(), input.u8() & 1 == 0),
            2 => {
                if let Some(link) = self.viewer.link() {
                    let _ = link.send_io_control(0, input.u32(), vec![0; usize::from(input.u8()) * 4]);
                }
            }
            3 => {
                if let Some(watcher) = self.watcher {
                    let _ = self.camera.send_io_control(watcher, input.u32(), vec![0; usize::from(input.u8()) * 4]);
                }
            }
            4 => {
                let datagram = patched(input.datagram(), COOKIE);
                let to = if input.u8() & 1 == 0 { VIEWER } else { CAMERA };
                self.carry(STRANGER, address(to), &datagram, Duration::ZERO);
            }
            5 if input.u8() == 0 => self.viewer.close(),
            6 if input.u8() == 0 => self.camera.close(),
            _ => {
                let time = Duration::from_millis(u64::from(input.u8()) * 10);
                self.pass(input, time);
            }
        }
        self.settle(input);
    }

    /// The camera's application sends a frame.
    fn send(&mut self, len: usize, key: bool) {
        let Some(watcher) = self.watcher else { return };
        let data = content(self.sent.len(), len);
        let frame = VideoFrame::new(Codec::H264, &data).with_key(key).with_timestamp(self.sent.len() as u32);
        if self.camera.send_video(&[watcher], frame).expect("it is not too large") == 1 {
            self.sent.push(len);
        }
    }

    fn carry(&mut self, from: u8, to: SocketAddr, bytes: &[u8], late: Duration) {
        self.carried += 1;
        let arrival = (self.now + Duration::from_millis(1) + late, self.carried);
        self.network.insert(arrival, (from, to, bytes.to_vec()));
    }

    fn settle(&mut self, input: &mut Input<'_>) {
        let mut sent = Vec::new();
        settle(&mut self.viewer, self.now, &mut |to, bytes| sent.push((VIEWER, to, bytes.to_vec())));
        settle(&mut self.camera, self.now, &mut |to, bytes| sent.push((CAMERA, to, bytes.to_vec())));
        for (from, to, bytes) in sent {
            let fate = input.u8();
            let late = Duration::from_millis((fate >> 3).into());
            match fate & 7 {
                0..=3 => self.carry(from, to, &bytes, late),
                4 => self.carry(from, to, &bytes, late * 10),
                5 => {
                    self.carry(from, to, &bytes, Duration::ZERO);
                    self.carry(from, to, &bytes, late);
                }
                _ => {}
            }
        }
        self.check();
    }

    fn pass(&mut self, input: &mut Input<'_>, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle(input);
            let arrival = self.network.keys().next().map(|(at, _)| *at);
            let wake = [arrival, self.viewer.poll_timeout(), self.camera.poll_timeout()].into_iter().flatten().min();
            let Some(wake) = wake.filter(|wake| *wake <= end) else { break };
            self.now = self.now.max(wake);
            while let Some(first) = self.network.first_entry().filter(|first| first.key().0 <= self.now) {
                let (from, to, bytes) = first.remove();
                if to == address(VIEWER) {
                    self.viewer.handle_input(self.now, address(from), &mut scrambled(&bytes));
                } else if to == address(CAMERA) {
                    self.camera.handle_input(self.now, address(from), &mut scrambled(&bytes));
                }
            }
            self.viewer.handle_timeout(self.now);
            self.camera.handle_timeout(self.now);
        }
        self.now = end;
    }

    fn check(&mut self) {
        assert!(self.viewer.memory() <= MAX_ASSEMBLY);
        assert!(self.camera.memory() <= RESEND_STORE + MAX_FRAME + 16);
        while let Some(event) = self.camera.poll_event() {
            match event {
                CameraEvent::ViewerAdded { viewer, address: from } => {
                    assert_eq!(from, address(VIEWER));
                    assert!(self.watcher.replace(viewer).is_none(), "one viewer is all that there is");
                    // Frames count from 0 in each session, and which of them a viewer hears of is not known.
                    self.is_replaced |= !self.sent.is_empty();
                }
                CameraEvent::ViewerRemoved { viewer, .. } => assert_eq!(self.watcher.take(), Some(viewer)),
                _ => {}
            }
        }
        while let Some(event) = self.viewer.poll_event() {
            assert!(!self.is_over, "{event:?} after the end");
            match event {
                ViewerEvent::Ended(_) => self.is_over = true,
                ViewerEvent::Av { event, .. } => self.check_av(event),
                _ => {}
            }
        }
    }

    fn check_av(&mut self, event: AvEvent) {
        match event {
            AvEvent::LoggedIn { .. } => self.is_open = true,
            _ if self.is_replaced => {}
            AvEvent::Video(Frame { number, data, key, timestamp, .. }) => {
                self.begin(number);
                assert_eq!(number, self.next, "neither delivered nor reported");
                assert_eq!(timestamp, number);
                assert!(data == content(number as usize, self.sent[number as usize]), "not what was sent, {key}");
                self.next += 1;
            }
            AvEvent::Lost(Lost { media, first, count, .. }) => {
                self.begin(first);
                assert_eq!((media, first), (Media::Video, self.next));
                self.next += count;
                assert!(self.next as usize <= self.sent.len(), "lost what was never sent");
            }
            _ => {}
        }
    }

    /// Only the first frames of all may be missed without a word.
    fn begin(&mut self, number: u32) {
        if self.next == 0 && number >= 64 {
            self.next = number;
        }
    }
}
