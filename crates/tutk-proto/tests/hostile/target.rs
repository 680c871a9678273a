use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tutk_proto::wire::{Av, Message, Role, Session, Step};
use tutk_proto::{Access, Camera, CameraConfig, CameraEvent, VideoFrame, ViewerId};
use tutk_proto::{Codec, Secret};
use tutk_proto::{Generation, SessionId};

use crate::{COOKIE, ID, payload, uid};

/// A camera, and what is said to it.
pub(crate) struct Target {
    pub(crate) now: Instant,
    pub(crate) camera: Camera,
    pub(crate) out: Vec<u8>,
}

impl Target {
    pub(crate) fn new(max_viewers: usize) -> Self {
        let camera = Camera::new(
            CameraConfig::new(uid(), Access::Account { account: "admin".into(), password: Secret::from("right") })
                .with_name("target")
                .with_max_viewers(max_viewers)
                .with_speaker(true)
                .with_idle_timeout(Duration::from_secs(15)),
        );
        Self { now: Instant::now(), camera, out: Vec::new() }
    }

    pub(crate) fn say(&mut self, from: SocketAddr, message: Message<'_>) {
        self.camera.handle_input(self.now, from, &mut message.to_datagram(Generation::G09));
    }

    pub(crate) fn data(&mut self, from: SocketAddr, av: Av<'_>) {
        let session = Session { from: Role::Viewer, id: ID, channel: 0, partial: false, secure: false, ticket: 0 };
        self.say(from, Message::Data { session, sequence: 0, payload: &payload(&av) });
    }

    pub(crate) fn log_in(&mut self, from: SocketAddr) -> Option<ViewerId> {
        self.connect(from, COOKIE);
        self.show(from, "right")
    }

    pub(crate) fn connect(&mut self, from: SocketAddr, cookie: u16) {
        for step in [Step::Propose, Step::Accept, Step::Confirm] {
            self.say(
                from,
                Message::Handshake {
                    step,
                    uid: uid(),
                    session: Some(SessionId::Cookie(cookie)),
                    first: false,
                    full: false,
                },
            );
        }
    }

    /// Logs in with a password.
    pub(crate) fn show(&mut self, from: SocketAddr, password: &str) -> Option<ViewerId> {
        self.data(
            from,
            Av::Login { account: "admin".into(), password: password.into(), resend: true, version: 3, echo: [0; 6] },
        );
        self.drain();
        std::iter::from_fn(|| self.camera.poll_event()).find_map(|event| match event {
            CameraEvent::ViewerAdded { viewer, .. } => Some(viewer),
            _ => None,
        })
    }

    pub(crate) fn drain(&mut self) -> usize {
        std::iter::from_fn(|| self.camera.poll_transmit(self.now, 1, &mut self.out)).count()
    }

    /// The same over a time.
    pub(crate) fn drain_for(&mut self, time: Duration) -> usize {
        let end = self.now + time;
        let mut count = self.drain();
        while let Some(next) = self.camera.poll_timeout().filter(|next| *next <= end) {
            self.now = next;
            self.camera.handle_timeout(next);
            count += self.drain();
        }
        self.now = end;
        count
    }

    pub(crate) fn send(&mut self, viewer: ViewerId, len: usize, key: bool) -> usize {
        let data = vec![0; len];
        let frame = VideoFrame::new(Codec::H264, &data).with_key(key);
        self.camera.send_video(&[viewer], frame).unwrap()
    }
}
