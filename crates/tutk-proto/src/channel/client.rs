use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::channel::AvEvent;
use crate::channel::Controls;
use crate::recv::Repeat;
use crate::recv::{Assembly, Counts, Release};
use crate::wire::{Av, Echo, Feedback, FrameInfo, LoginResult};
use crate::{Frame, Lost, Media, Secret};

/// The end of a channel that logs in and receives media.
#[derive(Debug)]
pub(crate) struct Client {
    account: String,
    password: Secret,
    resend: bool,
    /// What the server calls itself.
    pub(crate) service: u32,
    state: State,
    pub(crate) controls: Controls,
    assembly: Assembly,
    /// The server's clock in the chunk that came last.
    clock: u16,
    next_audio: Option<u32>,
    late_audio: u64,
    events: VecDeque<AvEvent>,
    /// Chunk numbers of the request that is being sent.
    request: Vec<[u8; 2]>,
}

#[derive(Debug)]
enum State {
    LoggingIn(Repeat),
    Open,
    Refused,
}

/// The tag of a login; the vendor's cameras from 2.1 on refuse one of 0 as they refuse a wrong password.
const LOGIN_ECHO: Echo = [0, 0, 0x5A, 0x13, 0xC7, 0x1F];
const LOGIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(100));

impl Client {
    pub(crate) fn new(now: Instant, account: String, password: Secret, resend: bool) -> Self {
        Self {
            account,
            password,
            resend,
            service: 0,
            state: State::LoggingIn(Repeat::new(now)),
            controls: Controls::new(),
            assembly: Assembly::new(now, false),
            clock: 0,
            next_audio: None,
            late_audio: 0,
            events: VecDeque::new(),
            request: Vec::new(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    pub(crate) fn handle(&mut self, now: Instant, av: &Av<'_>) {
        match (&self.state, *av) {
            (State::LoggingIn(_), Av::LoginAnswer { result, resend, service, .. }) => match result {
                LoginResult::Granted => {
                    self.service = service;
                    self.state = State::Open;
                    self.assembly = Assembly::new(now, resend);
                    self.events.push_back(AvEvent::LoggedIn { resend });
                }
                LoginResult::Refused => self.refused(3),
                LoginResult::Other(number) => self.refused(number),
            },
            (State::Open, Av::Video { retransmitted, chunk, clock }) => {
                self.clock = clock;
                self.assembly.handle_chunk(now, retransmitted, &chunk);
                self.release();
            }
            (State::Open, Av::Audio { frame, info, media, .. }) => self.handle_audio(now, frame, info, media),
            (State::Open, Av::Feedback(Feedback::AckReceived { frame, .. })) => self.assembly.ack_seen(now, frame),
            (State::Open, _) => self.controls.handle(now, av),
            _ => {}
        }
    }

    fn refused(&mut self, number: u32) {
        self.state = State::Refused;
        self.events.push_back(AvEvent::LoginRefused(number));
    }

    fn handle_audio(&mut self, now: Instant, number: u32, info: &[u8], media: &[u8]) {
        let known = FrameInfo::decode(info);
        let count = number.wrapping_sub(self.next_audio.unwrap_or(number));
        if count > u32::MAX / 2 {
            // Overtaken, or come twice.
            self.late_audio += 1;
            return;
        }
        if count > 0 {
            let first = number.wrapping_sub(count);
            self.events.push_back(AvEvent::Lost(Lost { media: Media::Audio, first, count }));
        }
        self.next_audio = Some(number.wrapping_add(1));
        self.events.push_back(AvEvent::Audio(Frame {
            data: media.to_vec(),
            info: info.to_vec(),
            codec: known.codec,
            key: true,
            number,
            timestamp: known.timestamp,
            flags: known.flags,
            received: now,
        }));
    }

    fn release(&mut self) {
        while let Some(release) = self.assembly.poll_release() {
            self.events.push_back(match release {
                Release::Frame(frame) => AvEvent::Video(frame),
                Release::Lost(lost) => AvEvent::Lost(lost),
            });
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.is_open() {
            self.assembly.handle_timeout(now);
            self.release();
            self.controls.handle_timeout(now);
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::LoggingIn(repeat) => Some(repeat.due()),
            State::Open => self.assembly.poll_timeout().into_iter().chain(self.controls.poll_timeout()).min(),
            State::Refused => None,
        }
    }

    pub(crate) fn poll_transmit<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        match &mut self.state {
            State::LoggingIn(repeat) => {
                if !repeat.is_due(now) {
                    return None;
                }
                repeat.sent(now, LOGIN.0, LOGIN.1);
                let (account, password) = (self.account.as_str().into(), self.password.reveal().into());
                Some(send(Av::Login { account, password, resend: self.resend, echo: LOGIN_ECHO }))
            }
            State::Open => {
                if let Some(frame) = self.assembly.poll_nack(now, &mut self.request) {
                    Some(send(Av::Feedback(Feedback::Nack { frame, chunks: &self.request })))
                } else if let Some(frame) = self.assembly.poll_ack(now) {
                    Some(send(Av::Feedback(Feedback::Ack { frame, clock: 0, echo: self.clock })))
                } else {
                    self.controls.poll_transmit(now).map(send)
                }
            }
            State::Refused => None,
        }
    }

    pub(crate) fn poll_event(&mut self) -> Option<AvEvent> {
        self.events.pop_front().or_else(|| self.controls.poll_event())
    }

    /// What was counted, duplicates of audio among them.
    pub(crate) fn counts(&self) -> Counts {
        let counts = self.assembly.counts;
        Counts { duplicates: counts.duplicates + self.late_audio, ..counts }
    }

    /// The smoothed time from a datagram to its answer.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.assembly.round_trip()
    }

    /// Bytes of video that are held.
    pub(crate) fn memory(&self) -> usize {
        self.assembly.bytes()
    }
}
