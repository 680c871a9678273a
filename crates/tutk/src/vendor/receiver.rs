use std::collections::VecDeque;
use std::time::Instant;

use tutk_sys::codes::{AV_ER_BUFPARA_MAXSIZE_INSUFF, AV_ER_DATA_NOREADY, AV_ER_TIMEOUT};

use super::Code;
use super::api::Taken;
use super::connect::Channel;
use super::pacer::{IDLE, Pacer};
use crate::proto::{AvEvent, MAX_FRAME, MAX_WINDOW};
use crate::{Frame, Lost, Media};

/// Takes out of the library what has come, and knows when to look again.
#[derive(Debug)]
pub(super) struct Receiver {
    video: Stream,
    audio: Stream,
    /// Where the library writes; only its size matters.
    buffer: Vec<u8>,
    ready: VecDeque<AvEvent>,
}

/// Room for the first frames. It grows with them.
const ROOM: usize = 256 << 10;

#[derive(Debug)]
struct Stream {
    media: Media,
    pacer: Pacer,
    /// The number of the frame after the last one.
    next: Option<u32>,
    seen: bool,
}

impl Receiver {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            video: Stream::new(Media::Video, now),
            audio: Stream::new(Media::Audio, now),
            buffer: vec![0; ROOM],
            ready: VecDeque::new(),
        }
    }

    /// What has come, in the order in which it was taken.
    pub(super) fn pop(&mut self) -> Option<AvEvent> {
        self.ready.pop_front()
    }

    /// When to look again.
    pub(super) fn next_look(&self, now: Instant) -> Instant {
        let mut next = (now + IDLE * 2).min(self.video.pacer.next());
        if self.audio.seen {
            next = next.min(self.audio.pacer.next());
        }
        next
    }

    /// Looks once at everything.
    pub(super) fn look(&mut self, channel: &Channel) -> Result<(), Code> {
        let (library, number) = (&channel.connection.library, channel.number);
        loop {
            let taken = library.receive_video(number, &mut self.buffer)?;
            if taken != Taken::NoRoom {
                self.video.handle(taken, &self.buffer, &mut self.ready);
                break;
            }
            if self.buffer.len() >= MAX_FRAME {
                return Err(Code(AV_ER_BUFPARA_MAXSIZE_INSUFF));
            }
            // The library does not say how much it needs, and keeps the frame.
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let taken = library.receive_audio(number, &mut self.buffer)?;
        self.audio.handle(taken, &self.buffer, &mut self.ready);
        match library.receive_io_control(number, &mut self.buffer) {
            Ok((kind, len)) => {
                let body = self.buffer.get(..len).unwrap_or_default().to_vec();
                self.ready.push_back(AvEvent::IoControl { kind, body });
            }
            Err(Code(AV_ER_DATA_NOREADY | AV_ER_TIMEOUT | AV_ER_BUFPARA_MAXSIZE_INSUFF)) => {}
            Err(code) => return Err(code),
        }
        Ok(())
    }
}

impl Stream {
    fn new(media: Media, now: Instant) -> Self {
        Self { media, pacer: Pacer::new(now), next: None, seen: false }
    }

    fn handle(&mut self, taken: Taken, buffer: &[u8], ready: &mut VecDeque<AvEvent>) {
        let now = Instant::now();
        match taken {
            // A block of audio over 256 KiB is none; the library has dropped it.
            Taken::Nothing | Taken::NoRoom => self.pacer.miss(now),
            Taken::Lost(number) => {
                self.pacer.hit(now);
                // Without a number, or with one that cannot be, the next frame's number shows what is missing.
                if let (Some(number), Some(next)) = (number, self.next)
                    && number.wrapping_sub(next) < MAX_WINDOW
                {
                    self.skip(number.wrapping_add(1), ready);
                }
            }
            Taken::Frame { len, info, info_len, number } => {
                self.pacer.hit(now);
                self.seen = true;
                let info = info.get(..info_len).unwrap_or_default().to_vec();
                self.skip(number, ready);
                self.next = Some(number.wrapping_add(1));
                let data = buffer.get(..len).unwrap_or_default().to_vec();
                let frame = Frame::parse(self.media, number, data, info, false, now);
                ready.push_back(match self.media {
                    Media::Video => AvEvent::Video(frame),
                    Media::Audio => AvEvent::Audio(frame),
                });
            }
        }
    }

    /// The frames up to this number will not come.
    fn skip(&mut self, number: u32, ready: &mut VecDeque<AvEvent>) {
        let Some(first) = self.next else { return };
        let count = number.wrapping_sub(first);
        if count > 0 && count < u32::MAX / 2 {
            ready.push_back(AvEvent::Lost(Lost::new(self.media, first, count)));
            self.next = Some(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::FrameInfo;

    fn frame(number: u32) -> Taken {
        Taken::Frame { len: 0, info: [0; 64], info_len: 16, number }
    }

    fn lost(taken: impl IntoIterator<Item = Taken>) -> Vec<(u32, u32)> {
        let mut stream = Stream::new(Media::Video, Instant::now());
        let mut ready = VecDeque::new();
        taken.into_iter().for_each(|taken| stream.handle(taken, &[], &mut ready));
        ready
            .into_iter()
            .filter_map(|received| match received {
                AvEvent::Lost(lost) => Some((lost.first, lost.count)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn the_bytes_tell_a_key_frame_and_not_the_flags() {
        let mut stream = Stream::new(Media::Video, Instant::now());
        let (key, other) = ([0, 0, 0, 1, 0x65, 0x88, 7], [0, 0, 0, 1, 0x41, 0x9A, 7]);
        let mut number = 0;
        for flags in [0, 1, 2, 3, 0x61, 0x65] {
            for (media, is_key) in [(key, true), (other, false)] {
                let codec = crate::Codec::H264;
                let mut info = [0; 64];
                info[..16].copy_from_slice(&FrameInfo { codec, flags, camera: 0, viewers: 1, timestamp: 77 }.encode());
                let mut ready = VecDeque::new();
                stream.handle(Taken::Frame { len: 7, info, info_len: 16, number }, &media, &mut ready);
                number += 1;
                let Some(AvEvent::Video(frame)) = ready.pop_front() else { panic!("{ready:?}") };
                assert_eq!((frame.key, frame.flags), (is_key, flags));
            }
        }
    }

    #[test]
    fn losses_are_reported_once_and_by_number() {
        assert_eq!(lost([frame(7), frame(8)]), []);
        assert_eq!(lost([frame(7), frame(9)]), [(8, 1)]);
        assert_eq!(lost([frame(7), Taken::Lost(Some(8)), frame(9)]), [(8, 1)]);
        assert_eq!(lost([frame(7), Taken::Lost(Some(9)), frame(12)]), [(8, 2), (10, 2)]);
        assert_eq!(lost([frame(7), Taken::Lost(None), frame(9)]), [(8, 1)]);
        // A number that cannot be is not believed.
        assert_eq!(lost([frame(7), Taken::Lost(Some(1 << 30)), frame(9)]), [(8, 1)]);
        assert_eq!(lost([frame(u32::MAX), Taken::Lost(Some(0)), frame(1)]), [(0, 1)]);
    }
}
