//! A client that takes no resend and acknowledges the frames that are complete, as go2rtc's does.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, Instant};

use crate::channel::{AvEvent, Server};
use crate::send::Outgoing;
use crate::wire::packet::{Ack, ClockAnswer, Content, Data, Login, LoginForm, Packet};
use crate::wire::{Av, FrameInfo};
use crate::{AvStyle, Codec, Generation};

/// Chunks that it keeps while it waits for an earlier one. One that it had already takes a place for good.
const EARLY: usize = 5;

#[derive(Default)]
struct Client {
    /// It acknowledges nothing but IO, again and again, as go2rtc's client for Wyze's cameras does.
    is_of_wyze: bool,
    next: u16,
    early: BTreeMap<u16, (bool, bool, Vec<u8>)>,
    partial: Option<Vec<u8>>,
    complete: u16,
    acks: u16,
    frames: Vec<Vec<u8>>,
    out: Vec<Vec<u8>>,
}

impl Client {
    fn login(&mut self) {
        let (account, password) = ("admin".into(), "secret".into());
        let (form, resend) = (LoginForm::Packet, if self.is_of_wyze { 0x0004_0000 } else { 0 });
        let login = Login { form, version: 0x0b, tag: 7, account, password, resend, token: 0, extended: 0 };
        self.say(Packet::Login(login));
    }

    fn say(&mut self, packet: Packet<'_>) {
        self.out.push(Av::Packet(packet).to_payload(AvStyle::Packet, Generation(0x19)));
    }

    fn ack(&mut self) {
        let (number, highest) = (self.acks, self.complete);
        self.acks += 1;
        self.say(Packet::Ack(Ack {
            sequence: 0,
            base: highest,
            highest,
            io: 0x0b,
            cleaning: false,
            number,
            clock: 0,
            missing: &[],
        }));
    }

    fn handle(&mut self, packet: &Packet<'_>) {
        match packet {
            Packet::Clock { clock, .. } => {
                self.say(Packet::ClockAnswer(ClockAnswer { time: clock.time, expected: 1, received: 1, loss: 0 }))
            }
            Packet::Data(data) if matches!(data.chunk.content, Content::Io { .. }) => self.ack(),
            Packet::Data(data) => self.chunk(data),
            _ => {}
        }
    }

    fn chunk(&mut self, data: &Data<'_>) {
        let Content::Media { retransmitted: false, .. } = data.chunk.content else { panic!("{data:?}") };
        let chunk = &data.chunk;
        let is_first = chunk.index == 0 || chunk.count == 1;
        assert!(chunk.number.wrapping_sub(self.next) < 0x8000, "chunk {} comes twice", chunk.number);
        self.early.insert(chunk.number, (is_first, chunk.last, chunk.data.to_vec()));
        loop {
            if let Some((first, last, data)) = self.early.remove(&self.next) {
                self.take(first, last, data);
            } else if self.early.len() < EARLY {
                return;
            } else {
                self.partial = None;
            }
            self.next = self.next.wrapping_add(1);
        }
    }

    fn take(&mut self, first: bool, last: bool, data: Vec<u8>) {
        if first {
            self.partial = Some(Vec::new());
        }
        let Some(frame) = &mut self.partial else { return };
        frame.extend(data);
        if last {
            self.frames.extend(self.partial.take());
            if !self.is_of_wyze {
                self.complete = self.next;
            }
            self.ack();
        }
    }
}

/// When, which in the order of sending, whether the server sent it, the message.
type Arrival = (Instant, usize, bool, Vec<u8>);

/// Of a network that loses what the server sends, in percent.
struct World {
    now: Instant,
    end: Instant,
    loss: u64,
    delay: Duration,
    /// No acknowledgement comes to the server.
    is_mute: bool,
    sizes: fn(usize) -> usize,
    taken: Vec<Vec<u8>>,
    most: usize,
    chunks: usize,
    client: Client,
}

impl World {
    fn new(loss: u64) -> Self {
        let now = Instant::now();
        Self {
            now,
            end: now + Duration::from_secs(10),
            loss,
            delay: Duration::from_millis(1),
            is_mute: false,
            sizes: |id| if id.is_multiple_of(30) { 40_000 } else { 1000 + id * 997 % 5000 },
            taken: Vec::new(),
            most: 0,
            chunks: 0,
            client: Client::default(),
        }
    }

    fn run(mut self, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut server = Server::new(true, AvStyle::Packet, 0x0b);
        let mut queue = BinaryHeap::<Reverse<Arrival>>::new();
        let (mut next_frame, mut needs_key, mut carried) = (self.now, true, 0);
        self.client.login();
        while self.now < self.end {
            while queue.peek().is_some_and(|Reverse((at, ..))| *at <= self.now)
                && let Some(Reverse((_, _, from_server, bytes))) = queue.pop()
            {
                let av = Av::decode(AvStyle::Packet, &bytes).unwrap();
                if from_server {
                    let Av::Packet(packet) = av else { panic!("{av:?}") };
                    self.client.handle(&packet);
                } else {
                    server.handle(self.now, &av);
                }
            }
            server.handle_timeout(self.now);
            while let Some(event) = server.poll_event() {
                match event {
                    AvEvent::Login { .. } => assert_eq!(server.answer_login(true), Some(false)),
                    AvEvent::KeyFrameWanted => needs_key = true,
                    other => panic!("{other:?}"),
                }
            }
            if server.is_open() && next_frame <= self.now {
                next_frame = self.now + Duration::from_millis(33);
                let id = self.taken.len();
                let key = id.is_multiple_of(30) || needs_key;
                let data: Vec<_> = (0..(self.sizes)(id)).map(|at| (at * 7 + id) as u8).collect();
                let info = FrameInfo { codec: Codec::Mjpeg, flags: key.into(), camera: 0, viewers: 1, timestamp: 7 };
                let frame = Outgoing::new(&data, &info.encode()).unwrap();
                if server.send_video(&frame, key) {
                    self.taken.push(frame.bytes().to_vec());
                    needs_key &= !key;
                }
                self.most = self.most.max(server.memory());
            }
            let arrival = self.now + self.delay;
            for message in self.client.out.drain(..) {
                carried += 1;
                let is_ack = matches!(Av::decode(AvStyle::Packet, &message), Ok(Av::Packet(Packet::Ack(_))));
                if !(self.is_mute && is_ack) {
                    queue.push(Reverse((arrival, carried, false, message)));
                }
            }
            while let Some(message) =
                server.poll_transmit(self.now, |av| av.to_payload(AvStyle::Packet, Generation::G1A))
            {
                carried += 1;
                let is_media = message.first().is_some_and(|kind| [3, 5, 7].contains(kind));
                self.chunks += usize::from(is_media);
                if !is_media || random.u64(..100) >= self.loss {
                    queue.push(Reverse((arrival, carried, true, message)));
                }
            }
            let arrival = queue.peek().map(|Reverse((at, ..))| *at);
            let frame = server.is_open().then_some(next_frame);
            let wake = [arrival, server.poll_timeout(), frame].into_iter().flatten().min().unwrap();
            self.now = self.now.max(wake);
        }
        self
    }

    fn needed(&self) -> usize {
        self.taken.iter().map(|frame| frame.len().div_ceil(1024)).sum()
    }
}

#[test]
fn every_frame_comes_and_few_come_twice() {
    for (loss, missing, doubles) in [(0, 0, 0), (3, 0, 9), (10, 12, 60)] {
        for seed in 0..10 {
            let world = World::new(loss).run(seed);
            assert!(world.taken.len() > 280, "{}", world.taken.len());
            let mut came = world.client.frames.clone();
            came.dedup();
            let twice = world.client.frames.len() - came.len();
            assert!(twice <= doubles, "{loss} % seed {seed}: {twice} twice");
            // The last one can be on its way, and the order is kept.
            let (came, mut sent) = (came.iter(), world.taken.iter());
            let (count, lost) = (came.len(), world.taken.len() - came.len());
            assert!(lost <= missing + 1, "{loss} % seed {seed}: {lost} lost");
            let known = came.filter(|frame| sent.any(|sent| sent == *frame)).count();
            assert_eq!(known, count, "{loss} % seed {seed}");
        }
    }
}

#[test]
fn what_cannot_come_in_time_is_given_up() {
    let mut world = World::new(30);
    world.sizes = |_| 60_000;
    let world = world.run(1);
    assert!(world.most <= crate::RESEND_STORE, "{} bytes", world.most);
    assert!(world.chunks < 20 * world.needed(), "{} chunks for {}", world.chunks, world.needed());
    assert!(world.taken.len() > 250, "{}", world.taken.len());
}

#[test]
fn who_acknowledges_nothing_gets_each_frame_once() {
    let mut world = World::new(0);
    world.is_mute = true;
    let world = world.run(1);
    assert!(world.taken.len() > 280, "{}", world.taken.len());
    // But for the first few.
    let twice = world.client.frames.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(world.client.frames.last() == world.taken.last() && twice > 0);
    let late = &world.client.frames[world.client.frames.len() - 200..];
    assert!(*late == world.taken[world.taken.len() - 200..]);
}

#[test]
fn go2rtcs_client_for_wyze_gets_each_frame_once() {
    let mut world = World::new(0);
    world.client.is_of_wyze = true;
    let world = world.run(1);
    assert!(world.taken.len() > 280, "{}", world.taken.len());
    assert_eq!(world.chunks, world.taken.iter().map(|frame| frame.len().div_ceil(1024)).sum::<usize>());
    assert!(world.client.frames[..] == world.taken[..world.client.frames.len()]);
    assert!(world.taken.len() - world.client.frames.len() <= 1);
}

#[test]
fn far_away_nothing_is_waited_for() {
    let mut world = World::new(0);
    world.delay = Duration::from_millis(100);
    let world = world.run(1);
    assert!(world.taken.len() > 280, "{}", world.taken.len());
    assert!(world.taken.len() - world.client.frames.len() <= 8, "{}", world.client.frames.len());
    assert!(world.chunks < world.needed() * 11 / 10, "{} chunks for {}", world.chunks, world.needed());
}
