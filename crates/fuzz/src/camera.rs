use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::viewer::call;
use crate::input::{Input, address, patched, scrambled, uid};
use crate::machine::{pass, settle};
use tutk_proto::wire::{Av, Message, Role, Session, Step};
use tutk_proto::{Access, Camera, CameraConfig, CameraEvent, RESEND_STORE, VideoFrame, ViewerId};
use tutk_proto::{AvStyle, Generation, SessionId};
use tutk_proto::{Codec, Secret};

const COOKIE: u16 = 1;
const ID: SessionId = SessionId::Cookie(COOKIE);
const MAX_VIEWERS: usize = 2;
const MAX_FRAME: usize = u16::MAX as usize;

/// A camera and whatever its viewers, strangers or its application may do.
pub fn camera(data: &[u8]) {
    let mut input = Input::new(data);
    let mut run = Run::new(input.u8());
    input.each(|input| run.step(input));
    run.pass(Duration::from_secs(60));
    assert_eq!(run.camera.viewers(), 0, "nobody said a word for a minute");
    assert_eq!(run.camera.memory(), 0);
    assert!(run.viewers.is_empty(), "{:?} were never removed", run.viewers);
}

struct Run {
    now: Instant,
    camera: Camera,
    /// Those that the application knows of.
    viewers: Vec<ViewerId>,
    /// The application's own servers may be sent to besides.
    decides: bool,
}

impl Run {
    fn new(settings: u8) -> Self {
        let decides = settings & 1 != 0;
        let access = if decides {
            Access::Application
        } else {
            Access::Account { account: "admin".into(), password: Secret::from("right") }
        };
        let camera = Camera::new(
            CameraConfig::new(uid(), access)
                .with_name("fuzzed")
                .with_max_viewers(MAX_VIEWERS)
                .with_resend(settings & 2 == 0)
                .with_idle_timeout(Duration::from_secs(15)),
        );
        let mut run = Self { now: Instant::now(), camera, viewers: Vec::new(), decides };
        if settings & 4 == 0 {
            run.log_in(address(0));
        }
        run
    }

    fn log_in(&mut self, from: SocketAddr) {
        for step in [Step::Propose, Step::Accept, Step::Confirm] {
            self.say(from, Message::Handshake { step, uid: uid(), session: Some(ID), first: false, full: false });
        }
        let session = Session { from: Role::Viewer, id: ID, channel: 0, partial: false, secure: false };
        let av =
            Av::Login { account: "admin".into(), password: "right".into(), resend: true, version: 3, echo: [0; 6] };
        let payload = &av.to_payload(AvStyle::Classic, Generation::G09);
        self.say(from, Message::Data { session, sequence: 0, payload });
    }

    fn say(&mut self, from: SocketAddr, message: Message<'_>) {
        let mut out = Vec::new();
        message.encode(Generation::G09, &mut out);
        self.hear(from, &out);
    }

    /// Whoever is no viewer gets one datagram for one, at most.
    fn hear(&mut self, from: SocketAddr, datagram: &[u8]) {
        let is_viewer = self.camera.viewers() > 0 || self.decides;
        self.camera.handle_input(self.now, from, &mut scrambled(datagram));
        let mut answers = 0;
        settle(&mut self.camera, self.now, &mut |to, _| answers += usize::from(to == from));
        assert!(is_viewer || self.camera.viewers() > 0 || answers <= 1, "{answers} answers");
    }

    fn pass(&mut self, time: Duration) {
        pass(&mut self.camera, &mut self.now, time);
        self.check();
    }

    fn check(&mut self) {
        settle(&mut self.camera, self.now, &mut |_, _| {});
        while let Some(event) = self.camera.poll_event() {
            match event {
                CameraEvent::ViewerAdded { viewer, .. } => self.viewers.push(viewer),
                CameraEvent::ViewerRemoved { viewer, .. } => {
                    let at = self.viewers.iter().position(|known| *known == viewer);
                    self.viewers.remove(at.expect("it was added, and not removed before"));
                }
                _ => {}
            }
        }
        assert_eq!(self.camera.viewers(), self.viewers.len());
        assert!(self.viewers.len() <= MAX_VIEWERS);
        let servers = if self.decides { 3 } else { 1 };
        let most = servers * MAX_VIEWERS * (RESEND_STORE + MAX_FRAME + 16);
        assert!(self.camera.memory() <= most, "{} bytes", self.camera.memory());
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.u8() % 10 {
            kind @ 0..=2 => {
                let from = address(input.u8() % 4);
                let datagram = input.datagram();
                let cookie = if kind == 0 { COOKIE } else { u16::from(input.u8()) };
                if kind == 2 {
                    self.hear(from, datagram);
                } else {
                    self.hear(from, &patched(datagram, cookie));
                }
            }
            3 => self.log_in(address(input.u8() % 4)),
            4 | 5 => {
                let data = vec![0; input.u16().into()];
                let frame = VideoFrame::new(Codec::H264, &data).with_key(input.u8() & 1 == 0);
                let taken = self.camera.send_video(&self.viewers, frame).expect("it is not too large");
                assert!(taken <= self.viewers.len());
            }
            6 => self.pass(input.time()),
            7 => {
                if let Some(link) = self.viewers.first().and_then(|viewer| self.camera.link(*viewer)) {
                    // In the other case the camera's own server is in channel 0.
                    if self.decides {
                        call(link, self.now, input);
                    } else {
                        let _ = link.send_io_control(0, input.u32(), input.bytes(8).to_vec());
                    }
                }
            }
            8 => self.camera.close_viewer(ViewerId(input.u8().into())),
            _ if input.u8() == 0 => self.camera.close(),
            _ => self.now += input.time(),
        }
        self.check();
    }
}
