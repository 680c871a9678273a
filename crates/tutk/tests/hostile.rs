//! What a hostile or broken other side can do to the state machines: nothing outside of the stated bounds.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tutk::proto::{
    Access, AvEvent, Camera, CameraConfig, CameraEvent, Credentials, End, MAX_ASSEMBLY, RESEND_STORE, VideoFrame,
    Viewer, ViewerConfig, ViewerEvent, ViewerId,
};
use tutk::wire::{AddressBlock, Av, CHUNK, Chunk, Found, FrameInfo, LoginResult, Message, Phase, Role, Session, Text};
use tutk::{Codec, Lost, Media, Secret, Uid};

const COOKIE: u16 = 8;

fn uid() -> Uid {
    "HOSTILEHOSTILEHOSTIL".parse().unwrap()
}

fn address(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], 5000))
}

/// A viewer that is logged in, and the camera's end of its session.
struct Victim {
    now: Instant,
    viewer: Viewer,
    out: Vec<u8>,
}

impl Victim {
    fn new() -> Self {
        let now = Instant::now();
        let config = ViewerConfig {
            uid: uid(),
            credentials: Some(Credentials { account: "admin".into(), password: Secret::default() }),
            targets: vec![address(255)],
            timeout: Duration::MAX,
            idle_timeout: Duration::MAX,
            seed: u64::from(COOKIE) - 1,
        };
        let mut victim = Self { now, viewer: Viewer::new(now, config), out: Vec::new() };
        victim.drain();
        let asker = AddressBlock::from("10.0.0.1:9".parse::<std::net::SocketAddrV4>().unwrap());
        victim.say(Message::Found(Found { generation: 9, uid: uid(), asker, name: Text::from("") }));
        for phase in [Phase::Agree, Phase::Stand] {
            victim.say(Message::Connect { phase, uid: uid(), cookie: COOKIE, first: false, full: false });
        }
        victim.data(Av::LoginAnswer { result: LoginResult::Granted, resend: true, service: 0 });
        assert!(
            victim
                .events()
                .iter()
                .any(|event| matches!(event, ViewerEvent::Av { event: AvEvent::LoggedIn { resend: true }, .. }))
        );
        victim
    }

    fn say(&mut self, message: Message<'_>) {
        let mut out = Vec::new();
        message.encode(&mut out);
        self.viewer.handle_input(self.now, address(2), &out);
        self.drain();
        assert!(self.viewer.memory() <= MAX_ASSEMBLY, "{} bytes", self.viewer.memory());
    }

    fn data(&mut self, av: Av<'_>) {
        self.say(Message::Data {
            session: Session { from: Role::Camera, cookie: COOKIE, channel: 0 },
            sequence: 0,
            av,
        });
    }

    fn chunk(&mut self, frame: u32, media_len: u32, index: u16) {
        let mut chunk = Chunk { frame, media_len, info_len: 16, index, data: &[] };
        let mut data = vec![0; Chunk::range(index, chunk.frame_len()).len()];
        let info = FrameInfo { codec: Codec::H264, flags: 0, camera: 0, viewers: 1, timestamp: 0 }.encode();
        let tail = data.len().min(16);
        let at = data.len() - tail;
        data[at..].copy_from_slice(&info[16 - tail..]);
        chunk.data = &data;
        self.data(Av::Video { again: false, chunk });
    }

    fn whole(&mut self, frame: u32) {
        self.chunk(frame, 100, 0);
    }

    /// Sends what is due, to nobody; returns how many datagrams.
    fn drain(&mut self) -> usize {
        std::iter::from_fn(|| self.viewer.poll_transmit(self.now, &mut self.out)).count()
    }

    fn events(&mut self) -> Vec<ViewerEvent> {
        std::iter::from_fn(|| self.viewer.poll_event()).collect()
    }

    /// Frames and losses.
    fn numbers(&mut self) -> (Vec<u32>, Vec<(u32, u32)>) {
        let (mut frames, mut losses) = (Vec::new(), Vec::new());
        for event in self.events() {
            match event {
                ViewerEvent::Av { event: AvEvent::Video(frame), .. } => frames.push(frame.number),
                ViewerEvent::Av { event: AvEvent::Lost(Lost { media: Media::Video, first, count }), .. } => {
                    losses.push((first, count));
                }
                other => panic!("{other:?}"),
            }
        }
        (frames, losses)
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.viewer.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.viewer.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }
}

#[test]
fn frames_that_claim_much_stay_in_the_bound() {
    let mut victim = Victim::new();
    let (mut frames, mut losses) = (0, 0);
    for number in 0..500 {
        // 16 MiB are claimed by a datagram each, first or last chunk.
        victim.chunk(number, (16 << 20) - 16, if number % 2 == 0 { 0 } else { 16383 });
        let (some, lost) = victim.numbers();
        frames += some.len() as u32;
        losses += lost.iter().map(|lost| lost.1).sum::<u32>();
    }
    assert_eq!(frames, 0);
    assert!(losses >= 490, "{losses}");
    victim.whole(500);
    victim.pass(Duration::from_secs(6));
    assert_eq!(victim.numbers().0, [500]);
}

#[test]
fn a_frame_that_is_too_large_is_lost_and_later_ones_go_on() {
    let mut victim = Victim::new();
    victim.whole(0);
    victim.chunk(1, (16 << 20) - 15, 0);
    victim.chunk(2, u32::MAX, 60_000);
    victim.whole(3);
    assert_eq!(victim.numbers(), (vec![0, 3], vec![(1, 1), (2, 1)]));
}

#[test]
fn a_frame_that_never_ends_is_given_up() {
    let mut victim = Victim::new();
    victim.whole(0);
    victim.whole(2);
    // Frame 1 gets a chunk whenever it might be given up.
    for index in 0..20 {
        victim.chunk(1, 100_000, index);
        victim.pass(Duration::from_millis(900));
    }
    assert_eq!(victim.numbers(), (vec![0, 2], vec![(1, 1)]));
}

#[test]
fn numbers_that_jump() {
    let mut victim = Victim::new();
    victim.whole(0);
    // One stray number changes nothing.
    victim.whole(1_000_000);
    victim.whole(1);
    victim.whole(u32::MAX);
    victim.whole(2);
    assert_eq!(victim.numbers(), (vec![0, 1, 2], vec![]));
    // Three that rise are a camera that counts anew.
    for number in [5_000, 5_001, 5_002] {
        victim.whole(number);
    }
    assert_eq!(victim.numbers(), (vec![5_002], vec![(3, 4_999)]));
    victim.whole(5_003);
    assert_eq!(victim.numbers(), (vec![5_003], vec![]));
}

#[test]
fn chunks_that_contradict_each_other() {
    let mut victim = Victim::new();
    victim.chunk(0, 3_000, 0);
    victim.chunk(0, 200_000, 1);
    victim.chunk(0, 200_000, 100);
    victim.chunk(0, 3_000, 2);
    victim.chunk(0, 3_000, 2);
    victim.chunk(0, 3_000, 1);
    assert_eq!(victim.numbers(), (vec![0], vec![]));
}

#[test]
fn numbers_pass_the_end_of_their_range() {
    let mut victim = Victim::new();
    let numbers = [u32::MAX - 1, u32::MAX, 0, 1];
    for number in numbers {
        victim.whole(number);
    }
    assert_eq!(victim.numbers(), (numbers.to_vec(), vec![]));
}

#[test]
fn another_generation_is_named() {
    let now = Instant::now();
    let config = ViewerConfig {
        uid: uid(),
        credentials: None,
        targets: vec![address(255)],
        timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
        seed: 0,
    };
    let mut viewer = Viewer::new(now, config);
    let mut out = Vec::new();
    let asker = AddressBlock([0; 16]);
    Message::Found(Found { generation: 9, uid: uid(), asker, name: Text::from("new") }).encode(&mut out);
    out[2] = 0x19;
    viewer.handle_input(now, address(2), &out);
    assert!(matches!(viewer.poll_event(), Some(ViewerEvent::Found(_))));
    assert_eq!(viewer.poll_event(), Some(ViewerEvent::Ended(End::Generation(0x19))));
}

struct Target {
    now: Instant,
    camera: Camera,
    out: Vec<u8>,
}

impl Target {
    fn new(max_viewers: usize) -> Self {
        let camera = Camera::new(CameraConfig {
            uid: uid(),
            name: "target".into(),
            access: Access::Account { account: "admin".into(), password: Secret::from("right") },
            max_viewers,
            resend: true,
            idle_timeout: Duration::from_secs(15),
        });
        Self { now: Instant::now(), camera, out: Vec::new() }
    }

    fn say(&mut self, from: SocketAddr, message: Message<'_>) {
        let mut out = Vec::new();
        message.encode(&mut out);
        self.camera.handle_input(self.now, from, &out);
    }

    fn data(&mut self, from: SocketAddr, av: Av<'_>) {
        let session = Session { from: Role::Viewer, cookie: COOKIE, channel: 0 };
        self.say(from, Message::Data { session, sequence: 0, av });
    }

    fn log_in(&mut self, from: SocketAddr) -> Option<ViewerId> {
        for phase in [Phase::Knock, Phase::Agree, Phase::Stand] {
            self.say(from, Message::Connect { phase, uid: uid(), cookie: COOKIE, first: false, full: false });
        }
        self.data(from, Av::Login { account: "admin".into(), password: "right".into(), resend: true });
        self.drain();
        std::iter::from_fn(|| self.camera.poll_event()).find_map(|event| match event {
            CameraEvent::ViewerAdded { viewer, .. } => Some(viewer),
            _ => None,
        })
    }

    fn drain(&mut self) -> usize {
        std::iter::from_fn(|| self.camera.poll_transmit(self.now, &mut self.out)).count()
    }

    fn send(&mut self, viewer: ViewerId, len: usize, key: bool) -> usize {
        let data = vec![0; len];
        let frame = VideoFrame { data: &data, codec: Codec::H264, key, timestamp: 0 };
        self.camera.send_video(&[viewer], frame).unwrap()
    }
}

#[test]
fn ten_thousand_knocks_leave_room_for_a_viewer() {
    let mut target = Target::new(4);
    for port in 0..10_000 {
        let from = SocketAddr::from(([10, 1, 0, 1], port + 1));
        for phase in [Phase::Knock, Phase::Agree] {
            let message = Message::Connect { phase, uid: uid(), cookie: COOKIE, first: false, full: false };
            target.say(from, message);
        }
        // Each datagram has one answer at most.
        assert!(target.drain() <= 2);
    }
    assert!(target.log_in(address(1)).is_some());
    assert_eq!(target.camera.viewers(), 1);
}

#[test]
fn a_silent_viewer_holds_no_more_than_its_store() {
    let mut target = Target::new(4);
    let silent = target.log_in(address(1)).unwrap();
    let good = target.log_in(address(2)).unwrap();
    let mut taken = 0;
    for number in 0..500 {
        taken += target.send(silent, 10_000, number == 0);
        assert_eq!(target.send(good, 10_000, number == 0), 1, "frame {number}");
        target.drain();
        target.data(address(2), Av::FrameDone { frame: number });
        target.drain();
        assert!(target.camera.memory() <= RESEND_STORE + 10_016);
    }
    assert_eq!(taken, RESEND_STORE / 10_016 + 1);
    // Once it confirms, a key frame is wanted, and nothing else goes.
    target.data(address(1), Av::FrameDone { frame: 0 });
    assert_eq!(target.camera.poll_event(), Some(CameraEvent::KeyFrameWanted { viewer: silent }));
    assert_eq!(
        (target.send(silent, 10, false), target.send(silent, 10, true), target.send(silent, 10, false)),
        (0, 1, 1)
    );
}

#[test]
fn a_storm_of_resend_requests_is_bounded() {
    let mut target = Target::new(1);
    let viewer = target.log_in(address(1)).unwrap();
    target.send(viewer, 1_000_000, true);
    let sent = target.drain();
    for _ in 0..1_000 {
        target.data(address(1), Av::Resend { frame: 0, chunks: &[] });
        target.data(address(1), Av::Resend { frame: 0, chunks: &[[0xFF; 2]; 500] });
        target.data(address(1), Av::Resend { frame: 7, chunks: &[[0; 2]; 500] });
    }
    assert!(target.drain() <= RESEND_STORE / CHUNK, "after {sent}");
}

#[test]
fn a_frame_of_16_mib_goes_and_a_larger_one_does_not() {
    let mut target = Target::new(1);
    let viewer = target.log_in(address(1)).unwrap();
    assert_eq!(target.send(viewer, (16 << 20) - 16, true), 1);
    assert_eq!(target.drain(), 16 << 10);
    let data = vec![0; (16 << 20) - 15];
    let frame = VideoFrame { data: &data, codec: Codec::H264, key: true, timestamp: 0 };
    assert!(target.camera.send_video(&[viewer], frame).is_err());
}
