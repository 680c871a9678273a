//! What the protocol costs without sockets, in bytes of datagrams a second on one core.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use divan::Bencher;
use divan::counter::BytesCount;
use tutk::proto::{
    Access, AvStyle, Camera, CameraConfig, Credentials, Generation, Viewer, ViewerConfig, ViewerEvent, ViewerId,
};
use tutk::wire::{Av, Message, SEARCH_PORT, descramble, scramble};
use tutk::{Codec, VideoFrame};

fn main() {
    divan::main();
}

/// A frame that needs no more memory than the allocator keeps at hand.
const FRAME: usize = 60_000;

/// Viewer and camera of a session that stands, in one thread.
struct Pair {
    camera: Camera,
    viewer: Viewer,
    id: ViewerId,
    now: Instant,
}

impl Pair {
    fn new() -> Self {
        let uid = "ABCDEFGHJKLMNPQRST12".parse().unwrap();
        let now = Instant::now();
        let time = Duration::from_secs(3600);
        let mut pair = Self {
            camera: Camera::new(
                CameraConfig::new(uid, Access::Account { account: "admin".into(), password: Default::default() })
                    .with_max_viewers(1)
                    .with_idle_timeout(time)
                    // As the rows of earlier versions.
                    .with_generation(Generation::G09),
            ),
            viewer: Viewer::new(
                now,
                ViewerConfig::new(uid, vec![address(SEARCH_PORT)], 1)
                    .with_credentials(Credentials::new("admin", ""))
                    .with_timeout(time)
                    .with_idle_timeout(time),
            ),
            id: ViewerId(1),
            now,
        };
        while pair.camera.viewers() == 0 {
            pair.exchange();
        }
        pair.exchange();
        pair
    }

    /// What both have to say to each other.
    fn exchange(&mut self) {
        let mut datagram = Vec::new();
        while self.viewer.poll_transmit(self.now, 1, &mut datagram).is_some() {
            self.camera.handle_input(self.now, address(VIEWER), &mut datagram);
        }
        while self.camera.poll_transmit(self.now, 1, &mut datagram).is_some() {
            self.viewer.handle_input(self.now, address(CAMERA), &mut datagram);
        }
    }

    /// The plain datagrams of the next frame.
    fn frame(&mut self) -> Vec<Vec<u8>> {
        self.exchange();
        let data = vec![0xA5; FRAME];
        let frame = VideoFrame::new(Codec::H264, &data).with_key(true);
        assert_eq!(self.camera.send_video(&[self.id], frame).unwrap(), 1);
        let mut datagrams = Vec::new();
        let mut datagram = Vec::new();
        while self.camera.poll_transmit(self.now, 1, &mut datagram).is_some() {
            descramble(&mut datagram);
            datagrams.push(datagram.clone());
        }
        datagrams
    }
}

fn scrambled_frame(pair: &mut Pair) -> Vec<Vec<u8>> {
    let mut datagrams = pair.frame();
    datagrams.iter_mut().for_each(|datagram| scramble(datagram));
    datagrams
}

const CAMERA: u16 = 1;
const VIEWER: u16 = 2;

fn address(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn bytes(datagrams: &[Vec<u8>]) -> BytesCount {
    BytesCount::new(datagrams.iter().map(Vec::len).sum::<usize>())
}

#[divan::bench]
fn memcpy(bencher: Bencher) {
    let datagrams = Pair::new().frame();
    let mut copy = datagrams.clone();
    bencher.counter(bytes(&datagrams)).bench_local(|| {
        for (to, from) in copy.iter_mut().zip(&datagrams) {
            to.copy_from_slice(divan::black_box(from));
        }
    });
}

#[divan::bench(name = "scramble")]
fn scrambled(bencher: Bencher) {
    let datagrams = Pair::new().frame();
    bencher
        .counter(bytes(&datagrams))
        .with_inputs(|| datagrams.clone())
        .bench_local_refs(|datagrams| datagrams.iter_mut().for_each(|datagram| scramble(datagram)));
}

#[divan::bench(name = "descramble")]
fn descrambled(bencher: Bencher) {
    let datagrams = scrambled_frame(&mut Pair::new());
    bencher
        .counter(bytes(&datagrams))
        .with_inputs(|| datagrams.clone())
        .bench_local_refs(|datagrams| datagrams.iter_mut().for_each(|datagram| descramble(datagram)));
}

#[divan::bench]
fn parse(bencher: Bencher) {
    let datagrams = Pair::new().frame();
    bencher.counter(bytes(&datagrams)).bench_local(|| {
        for datagram in &datagrams {
            let Ok(Message::Data { payload, .. }) = Message::decode(datagram) else { panic!("session data") };
            divan::black_box(Av::decode(AvStyle::Classic, payload)).unwrap();
        }
    });
}

/// Descrambled, parsed, and put together to a frame.
#[divan::bench]
fn reassemble(bencher: Bencher) {
    let pair = std::cell::RefCell::new(Pair::new());
    let counter = bytes(&pair.borrow_mut().frame());
    bencher.counter(counter).with_inputs(|| scrambled_frame(&mut pair.borrow_mut())).bench_local_values(
        |mut datagrams| {
            let Pair { viewer, now, .. } = &mut *pair.borrow_mut();
            for datagram in &mut datagrams {
                viewer.handle_input(*now, address(CAMERA), datagram);
            }
            while let Some(event) = viewer.poll_event() {
                if let ViewerEvent::Av { event: tutk::proto::AvEvent::Video(frame), .. } = event {
                    assert_eq!(frame.data.len(), FRAME);
                }
            }
        },
    );
}
