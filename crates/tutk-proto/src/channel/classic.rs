//! A channel in classic style, once the login is done.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::channel::{AvEvent, Controls};
use crate::profile::FRAMED_AUDIO_VERSION;
use crate::recv::{Assembly, AudioOrder, Counts};
use crate::send::{Outgoing, Sent};
use crate::wire::{Av, Feedback};
use crate::{Frame, Media, SendError};

/// The end that logged in and receives media.
#[derive(Debug)]
pub(crate) struct ClassicClient {
    pub(crate) controls: Controls,
    assembly: Assembly,
    /// The server's clock in the chunk that came last.
    clock: u16,
    audio: AudioOrder,
    events: VecDeque<AvEvent>,
    /// Chunk numbers of the request that is being sent.
    request: Vec<[u8; 2]>,
    /// Numbers of the blocks of audio that are being asked for.
    audio_request: Vec<[u8; 4]>,
}

impl ClassicClient {
    pub(crate) fn new(now: Instant, resend: bool) -> Self {
        Self {
            controls: Controls::new(),
            assembly: Assembly::new(now, resend),
            clock: 0,
            audio: AudioOrder::new(resend),
            events: VecDeque::new(),
            request: Vec::new(),
            audio_request: Vec::new(),
        }
    }

    pub(crate) fn handle(&mut self, now: Instant, av: &Av<'_>) {
        match *av {
            Av::Video { retransmitted, chunk, clock, .. } => {
                self.clock = clock;
                self.assembly.handle_chunk(now, retransmitted, &chunk);
                self.release();
            }
            Av::Audio { frame, info, media, .. } => self.handle_audio(now, frame, info, media),
            Av::Feedback(Feedback::AckReceived { frame, .. }) => self.assembly.ack_seen(now, frame),
            _ => self.controls.handle(now, av),
        }
    }

    fn handle_audio(&mut self, now: Instant, number: u32, info: &[u8], media: &[u8]) {
        self.audio.handle(now, Frame::parse(Media::Audio, number, media.to_vec(), info.to_vec(), false, now));
        self.release_audio();
    }

    fn release_audio(&mut self) {
        while let Some(next) = self.audio.pop() {
            self.events.push_back(match next {
                Ok(block) => AvEvent::Audio(block),
                Err(lost) => AvEvent::Lost(lost),
            });
        }
    }

    fn release(&mut self) {
        while let Some(release) = self.assembly.poll_release() {
            self.events.push_back(release.into());
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.assembly.handle_timeout(now);
        self.release();
        self.audio.handle_timeout(now);
        self.release_audio();
        self.controls.handle_timeout(now);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let media = self.assembly.poll_timeout().into_iter().chain(self.audio.poll_timeout());
        media.chain(self.controls.poll_timeout()).min()
    }

    pub(crate) fn poll_transmit<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        if let Some(frame) = self.assembly.poll_nack(now, &mut self.request) {
            Some(send(Av::Feedback(Feedback::Nack { frame, chunks: &self.request })))
        } else if self.audio.poll_nack(now, &mut self.audio_request) {
            Some(send(Av::Feedback(Feedback::NackAudio { frames: &self.audio_request })))
        } else if let Some(frame) = self.assembly.poll_ack(now) {
            Some(send(Av::Feedback(Feedback::Ack { frame, clock: 0, echo: self.clock, clean: 0 })))
        } else {
            self.controls.poll_transmit(now).map(send)
        }
    }

    pub(crate) fn poll_event(&mut self) -> Option<AvEvent> {
        self.events.pop_front().or_else(|| self.controls.poll_event())
    }

    /// What was counted, duplicates of audio among them.
    pub(crate) fn counts(&self) -> Counts {
        let counts = self.assembly.counts;
        Counts { duplicates: counts.duplicates + self.audio.late(), ..counts }
    }

    /// The smoothed time from a datagram to its answer.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.assembly.round_trip()
    }

    /// Bytes of media that are held.
    pub(crate) fn memory(&self) -> usize {
        self.assembly.bytes() + self.audio.bytes()
    }
}

/// The end that lets a client in and sends media.
#[derive(Debug)]
pub(crate) struct ClassicServer {
    pub(crate) controls: Controls,
    sent: Sent,
    audio: VecDeque<AudioBlock>,
    next_audio: u32,
    /// Blocks of audio that were sent, for clients that ask for one again: the vendor's from 1.13 on hold audio back until it comes.
    sent_audio: VecDeque<AudioBlock>,
    /// Audio goes among the frames of video, numbered with them.
    frames_audio: bool,
}

#[derive(Clone, Debug)]
struct AudioBlock {
    number: u32,
    block: Outgoing,
    retransmitted: bool,
}

/// Blocks of audio over this number go without being sent: nobody fetches what is to be sent.
const MAX_AUDIO: usize = 256;
/// Blocks of audio that are kept: clients ask about every six.
const MAX_SENT_AUDIO: usize = 32;

impl ClassicServer {
    /// `version` is the AV version that both ends have.
    pub(crate) fn new(resend: bool, version: u16) -> Self {
        Self {
            frames_audio: resend && version >= FRAMED_AUDIO_VERSION,
            controls: Controls::new(),
            sent: Sent::new(resend),
            audio: VecDeque::new(),
            next_audio: 0,
            sent_audio: VecDeque::new(),
        }
    }

    /// Returns whether the client has forgotten what it held, so that frames begin anew.
    pub(crate) fn handle(&mut self, now: Instant, av: &Av<'_>) -> bool {
        match *av {
            Av::Feedback(Feedback::Nack { frame, chunks }) => self.sent.handle_resend(now, frame, chunks),
            Av::Feedback(Feedback::Ack { frame, clock, clean, .. }) => self.sent.handle_done(frame, clock, clean),
            Av::Feedback(Feedback::NackAudio { frames }) => self.retransmit_audio(frames),
            _ => self.controls.handle(now, av),
        }
        let Some(clean) = self.controls.take_clean() else { return false };
        self.clear();
        self.sent.begin_anew(clean.count, clean.next);
        true
    }

    /// Takes a frame of video, whether it is full or not.
    pub(crate) fn push_video(&mut self, frame: &Outgoing) {
        self.sent.push(frame);
    }

    /// Whether no further frame of video is to be taken.
    pub(crate) fn is_full(&self) -> bool {
        self.sent.is_full()
    }

    /// Takes a block of audio, unless it is full. Fails if it must fit into a datagram and does not.
    pub(crate) fn push_audio(&mut self, media: &[u8], info: &[u8]) -> Result<(), SendError> {
        if self.frames_audio {
            let frame = Outgoing::framed_audio(media, info)?;
            if !self.is_full() {
                self.sent.push(&frame);
            }
            return Ok(());
        }
        let block = Outgoing::audio(media, info)?;
        if self.audio.len() < MAX_AUDIO {
            self.audio.push_back(AudioBlock { number: self.next_audio, block, retransmitted: false });
        }
        self.next_audio = self.next_audio.wrapping_add(1);
        Ok(())
    }

    fn retransmit_audio(&mut self, frames: &[[u8; 4]]) {
        for number in frames.iter().map(|frame| u32::from_le_bytes(*frame)).take(MAX_SENT_AUDIO) {
            let waiting = |block: &AudioBlock| block.retransmitted && block.number == number;
            if self.audio.len() < MAX_AUDIO
                && !self.audio.iter().any(waiting)
                && let Some(sent) = self.sent_audio.iter().find(|block| block.number == number)
            {
                self.audio.push_front(AudioBlock { retransmitted: true, ..sent.clone() });
            }
        }
    }

    /// Forgets the media that is not sent yet, and what is kept to be sent again.
    pub(crate) fn clear(&mut self) {
        self.audio.clear();
        self.sent_audio.clear();
        self.sent.clear();
    }

    pub(crate) fn poll_transmit<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        if let Some(av) = self.controls.poll_transmit(now) {
            return Some(send(av));
        }
        if let Some(audio) = self.audio.pop_front() {
            let AudioBlock { number: frame, block, retransmitted } = &audio;
            let (media, info) = block.parts();
            let sent = send(Av::Audio { retransmitted: *retransmitted, frame: *frame, info, media });
            if !audio.retransmitted {
                self.sent_audio.push_back(audio);
                if self.sent_audio.len() > MAX_SENT_AUDIO {
                    self.sent_audio.pop_front();
                }
            }
            return Some(sent);
        }
        self.sent.poll_transmit(now, send)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.controls.poll_timeout().into_iter().chain(self.sent.poll_timeout()).min()
    }

    /// Bytes of sent frames that are held.
    pub(crate) fn memory(&self) -> usize {
        self.sent.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::CLEAN;

    /// All that a server sends now: type and frame.
    fn drain(server: &mut ClassicServer, now: Instant) -> Vec<(&'static str, u32)> {
        let next = || {
            server.poll_transmit(now, |av| match av {
                Av::Audio { retransmitted: false, frame, .. } => ("audio", frame),
                Av::Audio { retransmitted: true, frame, .. } => ("audio again", frame),
                Av::Video { clean: 0, chunk, .. } => ("video", chunk.frame),
                Av::Video { chunk, .. } => ("video anew", chunk.frame),
                Av::Feedback(Feedback::NotAvailable { frame }) => ("not available", frame),
                other => panic!("{other:?}"),
            })
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn audio_that_is_lost_is_sent_again_while_it_is_kept() {
        let (now, mut server) = (Instant::now(), ClassicServer::new(true, 4));
        for _ in 0..40 {
            server.push_audio(&[7; 640], &[0; 16]).unwrap();
        }
        assert_eq!(drain(&mut server, now).len(), 40);
        let frames = [7u32, 8, 39, 40, 39].map(u32::to_le_bytes);
        server.handle(now, &Av::Feedback(Feedback::NackAudio { frames: &frames }));
        assert_eq!(drain(&mut server, now), [("audio again", 39), ("audio again", 8)]);
        server.clear();
        server.handle(now, &Av::Feedback(Feedback::NackAudio { frames: &frames }));
        assert_eq!(drain(&mut server, now), []);
    }

    /// The vendor's viewers from 3.1 on ask for audio without end where it comes apart from a camera of their time.
    #[test]
    fn audio_goes_among_the_frames_where_both_ends_are_of_3_1() {
        let now = Instant::now();
        for (resend, version, sent) in [
            (true, 8, [("video", 0), ("video", 1)]),
            (true, 4, [("audio", 0), ("video", 0)]),
            (false, 8, [("audio", 0), ("video", 0)]),
        ] {
            let mut server = ClassicServer::new(resend, version);
            server.push_audio(&[7; 640], &[0; 16]).unwrap();
            server.push_video(&Outgoing::new(&[7; 640], &[0; 16]).unwrap());
            assert_eq!(drain(&mut server, now), sent);
        }
    }

    #[test]
    fn a_client_that_forgot_its_frames_gets_the_next_ones() {
        let (now, mut server) = (Instant::now(), ClassicServer::new(true, 8));
        let frame = Outgoing::new(&[7; 640], &[0; 16]).unwrap();
        for _ in 0..3 {
            server.push_video(&frame);
        }
        assert_eq!(drain(&mut server, now).len(), 3);
        let mut clean = |number, body: &[u8]| {
            let forgot = server.handle(now, &Av::Internal { number, kind: CLEAN, body, version: 8, echo: [0; 6] });
            server.push_video(&frame);
            assert!(matches!(server.controls.poll_transmit(now), Some(Av::InternalAck { .. })));
            (forgot, drain(&mut server, now))
        };
        let two = [1, 0, 0, 0, 77, 0, 0, 0];
        assert_eq!(clean(1, &two), (true, vec![("video anew", 77)]));
        // Repeated because the answer was lost.
        assert_eq!(clean(1, &two), (false, vec![("video anew", 78)]));
        assert_eq!(clean(2, &two[..4]), (true, vec![("video anew", 79)]));
        assert_eq!(clean(3, &[]), (true, vec![("video", 0)]));
        // What the client held before is not this frame.
        let ack = |clean| Av::Feedback(Feedback::Ack { frame: 0, clock: 0, echo: 0, clean });
        server.handle(now, &ack(1));
        assert!(server.memory() > 0);
        server.handle(now, &ack(0));
        assert_eq!(server.memory(), 0);
    }

    /// A viewer's socket holds about 90 chunks.
    #[test]
    fn a_large_frame_does_not_go_out_at_once() {
        let (begin, mut server) = (Instant::now(), ClassicServer::new(true, 8));
        let large = Outgoing::new(&[7; 100_000], &[0; 16]).unwrap();
        server.push_video(&large);
        server.push_video(&Outgoing::new(&[7; 10_000], &[0; 16]).unwrap());
        let (mut now, mut sent) = (begin, Vec::new());
        loop {
            sent.push(drain(&mut server, now).len());
            let Some(next) = server.sent.poll_timeout() else { break };
            now = next;
        }
        // The other frame begins with what it may.
        assert_eq!(sent, [64, 32, 2 + 10]);
        assert_eq!(now - begin, Duration::from_millis(4));
        // What is asked for is spread, too.
        server.handle(now, &Av::Feedback(Feedback::Nack { frame: 0, chunks: &[] }));
        let (mut now, mut again) = (now, 0);
        loop {
            let count = drain(&mut server, now).len();
            assert!(count <= 64, "{count}");
            again += count;
            let Some(next) = server.sent.poll_timeout() else { break };
            now = next;
        }
        assert_eq!(again, 98);
    }

    #[test]
    fn a_frame_that_is_not_here_is_said_to_be_not() {
        let (now, mut server) = (Instant::now(), ClassicServer::new(true, 8));
        for frame in (0..1000).chain([3, 3]) {
            server.handle(now, &Av::Feedback(Feedback::Nack { frame, chunks: &[] }));
        }
        assert_eq!(drain(&mut server, now), (0..64).map(|frame| ("not available", frame)).collect::<Vec<_>>());
    }
}
