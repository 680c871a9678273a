use std::time::{Duration, Instant};

use crate::input::{COOKIE, Input, address, patched, scrambled, uid};
use crate::machine::{pass, settle};
use crate::peer::Peer;
use tutk_proto::wire::{Av, Chunk, Role};
use tutk_proto::{AvEvent, Credentials, Link, MAX_ASSEMBLY, MAX_FRAME, Secret, Viewer, ViewerConfig, ViewerEvent};

const CAMERA: u8 = 2;
const STRANGER: u8 = 3;

/// A viewer and whatever a camera, a stranger or its application may do.
pub fn viewer(data: &[u8]) {
    let mut input = Input::new(data);
    let mut run = Run::new(input.u8());
    input.each(|input| run.step(input));
    run.pass(Duration::from_secs(30));
}

struct Run {
    now: Instant,
    viewer: Viewer,
    camera: Peer,
    is_over: bool,
}

impl Run {
    fn new(settings: u8) -> Self {
        let now = Instant::now();
        let (logs_in, is_logged_in, resend) = (settings & 1 == 0, settings & 2 == 0, settings & 4 == 0);
        let credentials = Credentials::new("admin", Secret::from("right"));
        let mut config = ViewerConfig::new(uid(), vec![address(255)], u64::from(COOKIE) - 1);
        config.credentials = logs_in.then_some(credentials);
        let camera = Peer::new(Role::Camera, settings >> 3, resend);
        let mut run = Self { now, viewer: Viewer::new(now, config), camera, is_over: false };
        if is_logged_in {
            for datagram in run.camera.log_in() {
                run.hear(CAMERA, &datagram);
                // It begins the session before it takes what belongs to it.
                settle(&mut run.viewer, now, &mut |_, _| {});
            }
        }
        run
    }

    fn hear(&mut self, from: u8, datagram: &[u8]) {
        self.viewer.handle_input(self.now, address(from), &mut scrambled(datagram));
    }

    fn pass(&mut self, time: Duration) {
        pass(&mut self.viewer, &mut self.now, time);
        self.check();
    }

    fn check(&mut self) {
        settle(&mut self.viewer, self.now, &mut |_, _| {});
        assert!(self.viewer.memory() <= MAX_ASSEMBLY, "{} bytes", self.viewer.memory());
        while let Some(event) = self.viewer.poll_event() {
            assert!(!self.is_over, "{event:?} after the end");
            match event {
                ViewerEvent::Ended(_) => self.is_over = true,
                ViewerEvent::Av { event: AvEvent::Video(frame) | AvEvent::Audio(frame), .. } => {
                    assert!(frame.data.len() <= MAX_FRAME && frame.info.len() >= 16);
                }
                ViewerEvent::Av { event: AvEvent::Lost(lost), .. } => assert!(lost.count > 0),
                _ => {}
            }
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let kind = input.u8();
        if kind >= 200 {
            let datagram = if kind < 240 { self.camera.say(input) } else { self.camera.patched(input.datagram()) };
            self.hear(CAMERA, &datagram);
            return self.check();
        }
        match kind % 10 {
            0 => self.hear(CAMERA, &patched(input.datagram(), COOKIE)),
            1 => self.hear(CAMERA, input.datagram()),
            2 => self.hear(STRANGER, &patched(input.datagram(), COOKIE)),
            3 => self.chunk(input.u8(), input.u8().into(), input.u16().into(), input.u8().into()),
            4 => self.chunk(input.u8(), input.u32(), input.u32(), input.u16()),
            5 => self.pass(input.time()),
            6 => self.now += input.time(),
            7 | 8 => {
                if let Some(link) = self.viewer.link() {
                    call(link, self.now, input);
                }
            }
            _ if input.u8() == 0 => self.viewer.close(),
            _ => {}
        }
        self.check();
    }

    /// A chunk that agrees with itself.
    fn chunk(&mut self, bits: u8, frame: u32, media_len: u32, index: u16) {
        const ZEROS: &[u8] = &[0; 1024];
        let info_len = 16 + u16::from(bits >> 4);
        let mut chunk = Chunk { frame, media_len, info_len, index, data: &[] };
        chunk.data = &ZEROS[..Chunk::range(index, chunk.frame_len()).len()];
        let av = Av::Video { retransmitted: bits & 1 != 0, clock: 0, clean: 0, chunk };
        let datagram = self.camera.data(bits & 2, av);
        self.hear(CAMERA, &datagram);
    }
}

/// Something that an application does with the channels of a session.
pub(crate) fn call(link: &mut Link, now: Instant, input: &mut Input<'_>) {
    let channel = input.u8() % 3;
    match input.u8() % 10 {
        0 => link.start_client(now, channel, "admin".into(), Secret::from("right"), input.u8() & 1 == 0),
        1 => link.start_server(channel, input.u8() & 1 == 0),
        2 => link.stop(channel),
        3 => drop(link.answer_login(channel, input.u8() & 1 == 0)),
        4 => drop(link.send_video(channel, &vec![0; input.u16().into()], &[0; 16], input.u8() & 1 == 0)),
        5 => drop(link.send_audio(channel, &vec![0; input.u16().into()], &[0; 16])),
        6 => drop(link.send_io_control(channel, input.u32(), input.bytes(8).to_vec())),
        7 => link.clear(channel),
        8 => link.set_service(channel, input.u32()),
        _ => drop((link.is_open(channel), link.is_full(channel), link.unconfirmed(channel), link.service(channel))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_of_all_generations_let_it_in() {
        for number in 0..Peer::GENERATIONS.len() as u8 {
            for settings in [0, 4] {
                let mut run = Run::new(number << 3 | settings);
                let generation = run.camera.generation;
                assert!(run.viewer.link().is_some_and(|link| link.is_open(0)), "{generation:?}");
            }
        }
    }
}
