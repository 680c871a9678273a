use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tutk_proto::Generation;
use tutk_proto::wire::{
    AddressBlock, Av, Chunk, FrameInfo, LoginResult, Message, Role, SearchAnswer, Session, Step, Text,
};
use tutk_proto::{AvEvent, Credentials, MAX_ASSEMBLY, Viewer, ViewerConfig, ViewerEvent};
use tutk_proto::{Codec, Lost, Media, Secret};

use crate::{COOKIE, ID, address, payload, uid};

/// A viewer that is logged in, and the camera's end of its session.
pub(crate) struct Victim {
    pub(crate) now: Instant,
    pub(crate) viewer: Viewer,
    pub(crate) out: Vec<u8>,
}

impl Victim {
    /// Logged in at the camera at host 2.
    pub(crate) fn new() -> Self {
        let mut victim = Self::searching(Duration::MAX);
        victim.found(2);
        victim.open();
        victim
    }

    /// A viewer that searches.
    pub(crate) fn searching(idle_timeout: Duration) -> Self {
        let now = Instant::now();
        let config = ViewerConfig::new(uid(), vec![address(255)], u64::from(COOKIE) - 1)
            .with_credentials(Credentials::new("admin", Secret::default()))
            .with_timeout(Duration::MAX)
            .with_idle_timeout(idle_timeout);
        let mut victim = Self { now, viewer: Viewer::new(now, config), out: Vec::new() };
        victim.drain();
        victim
    }

    /// A host answers the search.
    pub(crate) fn found(&mut self, host: u8) {
        let asker = AddressBlock::from("10.0.0.1:9".parse::<std::net::SocketAddrV4>().unwrap());
        self.say_from(
            address(host),
            Message::Found(SearchAnswer {
                generation: Generation::G09,
                uid: uid(),
                asker,
                name: Text::from(""),
                grant: None,
            }),
        );
    }

    /// The camera connects and lets the viewer in.
    pub(crate) fn open(&mut self) {
        for step in [Step::Accept, Step::Confirm] {
            self.say(Message::Handshake { step, uid: uid(), session: Some(ID), first: false, full: false });
        }
        self.data(Av::LoginAnswer { result: LoginResult::Granted, resend: true, service: 0, echo: [0; 6] });
        let is_open =
            |event: &ViewerEvent| matches!(event, ViewerEvent::Av { event: AvEvent::LoggedIn { resend: true }, .. });
        while !self.viewer.poll_event().as_ref().is_some_and(is_open) {}
    }

    pub(crate) fn say(&mut self, message: Message<'_>) {
        self.say_from(address(2), message);
    }

    /// Returns how many datagrams the viewer sends upon that.
    pub(crate) fn say_from(&mut self, from: SocketAddr, message: Message<'_>) -> usize {
        self.viewer.handle_input(self.now, from, &mut message.to_datagram(Generation::G09));
        let sent = self.drain();
        assert!(self.viewer.memory() <= MAX_ASSEMBLY, "{} bytes", self.viewer.memory());
        sent
    }

    pub(crate) fn data(&mut self, av: Av<'_>) {
        self.say(Message::Data {
            session: Session { from: Role::Camera, id: ID, channel: 0, partial: false, secure: false, ticket: 0 },
            sequence: 0,
            payload: &payload(&av),
        });
    }

    pub(crate) fn chunk(&mut self, frame: u32, media_len: u32, index: u16) {
        let mut chunk = Chunk { frame, media_len, info_len: 16, index, data: &[] };
        let mut data = vec![0; Chunk::range(index, chunk.frame_len()).len()];
        let info = FrameInfo { codec: Codec::H264, flags: 0, camera: 0, viewers: 1, timestamp: 0 }.encode();
        let tail = data.len().min(16);
        let at = data.len() - tail;
        data[at..].copy_from_slice(&info[16 - tail..]);
        chunk.data = &data;
        self.data(Av::Video { retransmitted: false, clock: 0, clean: 0, chunk });
    }

    pub(crate) fn whole(&mut self, frame: u32) {
        self.chunk(frame, 100, 0);
    }

    /// Sends what is due, to nobody; returns how many datagrams. Only the camera is spoken to.
    pub(crate) fn drain(&mut self) -> usize {
        let mut count = 0;
        while let Some(transmit) = self.viewer.poll_transmit(self.now, 1, &mut self.out) {
            assert_eq!(transmit.destination, self.viewer.camera().unwrap_or(address(255)));
            count += 1;
        }
        count
    }

    pub(crate) fn events(&mut self) -> Vec<ViewerEvent> {
        std::iter::from_fn(|| self.viewer.poll_event()).collect()
    }

    /// Frames and losses.
    pub(crate) fn numbers(&mut self) -> (Vec<u32>, Vec<(u32, u32)>) {
        let (mut frames, mut losses) = (Vec::new(), Vec::new());
        for event in self.events() {
            match event {
                ViewerEvent::Av { event: AvEvent::Video(frame), .. } => frames.push(frame.number),
                ViewerEvent::Av { event: AvEvent::Lost(Lost { media: Media::Video, first, count, .. }), .. } => {
                    losses.push((first, count));
                }
                other => panic!("{other:?}"),
            }
        }
        (frames, losses)
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.viewer.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.viewer.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }
}
