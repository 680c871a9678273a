use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::viewer::call;
use crate::input::{COOKIE, Input, address, patched, scrambled, uid};
use crate::machine::{pass, settle};
use crate::peer::Peer;
use tutk_proto::wire::Role;
use tutk_proto::{Access, Camera, CameraConfig, CameraEvent, RESEND_STORE, VideoFrame, ViewerId};
use tutk_proto::{Codec, Secret};

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
    /// What the viewers say.
    peer: Peer,
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
                .with_speaker(true)
                .with_idle_timeout(Duration::from_secs(15)),
        );
        let peer = Peer::new(Role::Viewer, settings >> 4, settings & 8 == 0);
        let mut run = Self { now: Instant::now(), camera, peer, viewers: Vec::new(), decides };
        if settings & 4 == 0 {
            run.log_in(address(0));
        }
        run
    }

    fn log_in(&mut self, from: SocketAddr) {
        for datagram in self.peer.log_in() {
            self.hear(from, &datagram);
        }
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
        let kind = input.u8();
        if kind >= 200 {
            let from = address(input.u8() % 4);
            let datagram = if kind < 240 { self.peer.say(input) } else { self.peer.patched(input.datagram()) };
            self.hear(from, &datagram);
            return self.check();
        }
        match kind % 10 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_of_all_generations_are_let_in() {
        for number in 0..Peer::GENERATIONS.len() as u8 {
            for settings in [0, 8] {
                let run = Run::new(number << 4 | settings);
                assert_eq!(run.camera.viewers(), 1, "{:?}", run.peer.generation);
            }
        }
    }
}
