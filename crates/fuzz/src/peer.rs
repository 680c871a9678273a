use std::net::SocketAddrV4;

use tutk_proto::wire::packet::internal::{CLEAN, CLEANED, Clean};
use tutk_proto::wire::packet::parity::{BLOCK, SHARD};
use tutk_proto::wire::packet::{
    Ack, Chunk, Clock, ClockAnswer, Content, Data, Envelope, Login, LoginAnswer, LoginForm, MediaKind, Packet,
};
use tutk_proto::wire::{
    self, AddressBlock, Av, CHUNK, Feedback, Grant, LoginResult, Message, Role, SearchAnswer, SearchResult, Session,
    SessionRequest, Step,
};
use tutk_proto::{AvStyle, Generation, SessionId};

use crate::input::{COOKIE, Input, put, uid};

/// The other side of a session: a viewer or a camera of some generation, which says what the input says in its own way.
pub(crate) struct Peer {
    from: Role,
    pub(crate) generation: Generation,
    session: SessionId,
    resend: bool,
    sequence: u16,
}

const ZEROS: &[u8] = &[0; CHUNK];
const SHARD_OF_ZEROS: &[u8] = &[0; SHARD];

impl Peer {
    pub(crate) const GENERATIONS: [u8; 7] = [0x09, 0x10, 0x12, 0x14, 0x17, 0x19, 0x1a];

    pub(crate) fn new(from: Role, number: u8, resend: bool) -> Self {
        let number = usize::from(number) % Self::GENERATIONS.len();
        let generation = Generation(Self::GENERATIONS[number]);
        let session = match generation {
            Generation::G09 => SessionId::Cookie(COOKIE),
            _ => SessionId::Block(u64::from(COOKIE).to_le_bytes()),
        };
        Self { from, generation, session, resend, sequence: 0 }
    }

    fn style(&self) -> AvStyle {
        if self.generation < Generation(0x17) { AvStyle::Classic } else { AvStyle::Packet }
    }

    fn av_version(&self) -> u16 {
        if self.style() == AvStyle::Packet { 0x0b } else { 8 }
    }

    fn datagram(&self, message: Message<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        message.encode(self.generation, &mut out);
        out
    }

    /// What begins a session, up to the login or its answer.
    pub(crate) fn log_in(&mut self) -> Vec<Vec<u8>> {
        let (id, generation) = (Some(self.session), self.generation);
        let mut messages = Vec::new();
        let request = match self.session {
            SessionId::Block(id) => Some(SessionRequest::ask(generation, id, None)),
            _ => None,
        };
        if self.from == Role::Camera {
            let asker = AddressBlock::from(SocketAddrV4::new([10, 0, 0, 1].into(), 1));
            let grant = request.map(|request| Grant {
                version: generation.library_version(),
                id: request.id,
                result: SearchResult::Granted,
            });
            messages.push(Message::Found(SearchAnswer { generation, uid: uid(), asker, name: "".into(), grant }));
        } else if let Some(request) = request {
            messages.extend(
                [request, request.begin()].map(|request| Message::Search { uid: Some(uid()), request: Some(request) }),
            );
        }
        if request.is_none() {
            messages.extend([Step::Propose, Step::Accept, Step::Confirm].map(|step| Message::Handshake {
                step,
                uid: uid(),
                session: id,
                first: false,
                full: false,
            }));
        }
        let mut datagrams: Vec<_> = messages.into_iter().map(|message| self.datagram(message)).collect();
        datagrams.push(self.login());
        datagrams
    }

    fn login(&mut self) -> Vec<u8> {
        let (resend, version) = (self.resend, self.av_version());
        // Some cameras refuse a login whose tag is 0.
        let (tag, echo) = (7, [0, 0, 7, 0, 0, 0]);
        let (account, password) = ("admin".into(), "right".into());
        let (service, result) = (0, LoginResult::Granted);
        self.data(
            0,
            match (self.from, self.style()) {
                (Role::Viewer, AvStyle::Packet) => Av::Packet(Packet::Login(Login {
                    form: LoginForm::Packet,
                    version,
                    tag,
                    account,
                    password,
                    resend: resend.into(),
                    token: 0,
                    extended: 0,
                })),
                (Role::Camera, AvStyle::Packet) => {
                    Av::Packet(Packet::LoginAnswer(LoginAnswer { result, resend, service, tag, last: 0 }))
                }
                (Role::Viewer, _) => Av::Login { account, password, resend, version, echo },
                (Role::Camera, _) => Av::LoginAnswer { result, resend, service, echo },
            },
        )
    }

    pub(crate) fn data(&mut self, channel: u8, av: Av<'_>) -> Vec<u8> {
        let session = Session { from: self.from, id: self.session, channel, partial: false, secure: false, ticket: 0 };
        let payload = &av.to_payload(self.style(), self.generation);
        self.sequence = self.sequence.wrapping_add(1);
        self.datagram(Message::Data { session, sequence: self.sequence, payload })
    }

    /// A datagram made to get past the checks of header and session.
    pub(crate) fn patched(&self, datagram: &[u8]) -> Vec<u8> {
        let SessionId::Block(id) = self.session else { return crate::input::patched(datagram, COOKIE) };
        let mut datagram = crate::input::patched(datagram, COOKIE);
        put(&mut datagram, 2, &[self.generation.0]);
        let kind = datagram.get(8..10).map_or(0, |kind| u16::from_le_bytes([kind[0], kind[1]]));
        let is_of_session = matches!(kind, 0x0407 | 0x0408 | 0x0417 | 0x0418 | 0x0427 | 0x0428);
        if is_of_session {
            put(&mut datagram, 3, &[0x0a]);
            let at = if kind < 0x0410 { 20 } else { 16 };
            put(&mut datagram, 16, &[12, 0, 0, 0]);
            put(&mut datagram, at, &id);
        }
        // Searches and their answers have the session id behind the UID and what follows that.
        match kind {
            0x0601 => put(&mut datagram, 16 + 40, &id),
            0x0602 => put(&mut datagram, 16 + 172, &id),
            _ => {}
        }
        datagram
    }

    /// Some message of a channel that makes sense by itself.
    pub(crate) fn say(&mut self, input: &mut Input<'_>) -> Vec<u8> {
        let channel = input.u8() % 3;
        match self.style() {
            AvStyle::Packet => self.say_packet(channel, input),
            _ => self.say_classic(channel, input),
        }
    }

    fn say_classic(&mut self, channel: u8, input: &mut Input<'_>) -> Vec<u8> {
        let (bits, number) = (input.u8(), u32::from(input.u8()));
        let (version, echo) = (self.av_version(), [0; 6]);
        let list = input.bytes(usize::from(bits >> 3) * 4);
        let clean = u32::from(bits >> 5);
        self.data(
            channel,
            match bits % 8 {
                0 => Av::Feedback(Feedback::Nack { frame: number, chunks: list.as_chunks().0 }),
                1 => Av::Feedback(Feedback::Ack { frame: number, clock: number, echo: 0, clean }),
                2 => Av::Feedback(Feedback::AckReceived { frame: number, clock: number, clean }),
                3 => Av::Feedback(Feedback::NackAudio { frames: list.as_chunks().0 }),
                4 => Av::Internal { number, kind: wire::CLEAN, body: list, version, echo },
                5 => Av::IoControl { number, kind: input.u32(), body: list, version, echo },
                6 => Av::Audio { retransmitted: bits & 8 != 0, frame: number, info: &[0; 16], media: list },
                _ => Av::Feedback(Feedback::NotAvailable { frame: number }),
            },
        )
    }

    fn say_packet(&mut self, channel: u8, input: &mut Input<'_>) -> Vec<u8> {
        let (bits, number, sequence) = (input.u8(), u16::from(input.u8()), input.u8().into());
        let packet = match bits % 8 {
            0 => {
                let count = usize::from(input.u8());
                let missing = input.bytes(2 * count).as_chunks().0;
                let (highest, io) = (number.wrapping_add(input.u8().into()), input.u8().into());
                let cleaning = bits & 8 != 0;
                Packet::Ack(Ack {
                    sequence,
                    base: number.wrapping_sub(1),
                    highest,
                    io,
                    cleaning,
                    number: sequence,
                    clock: 0,
                    missing,
                })
            }
            1 => Packet::Clock { sequence, clock: Clock { time: input.u16(), round_trip: number } },
            2 => Packet::ClockAnswer(ClockAnswer { time: input.u16(), expected: number, received: number, loss: 0 }),
            3 => {
                let serial = u32::from(input.u8());
                let kind = if bits & 8 == 0 { CLEAN } else { CLEANED };
                let clean = Clean { number: input.u8().into(), serial }.encode();
                let bytes = [&kind.to_le_bytes(), &clean[..]].concat();
                let content = Content::Io { internal: true };
                return self.chunk(channel, sequence, bits, Chunk { data: &bytes, serial, ..chunk(content, number) });
            }
            4 => {
                let content = Content::Io { internal: bits & 8 != 0 };
                let (count, index, serial) = (input.u8().into(), input.u8().into(), input.u8().into());
                let data = input.bytes(CHUNK);
                return self.chunk(
                    channel,
                    sequence,
                    bits,
                    Chunk { count, index, serial, data, ..chunk(content, number) },
                );
            }
            5 => {
                let block = number;
                let envelope = Some(Envelope { block, index: BLOCK as u8, chunks: BLOCK as u8, parities: 1 });
                let chunk = Chunk { data: SHARD_OF_ZEROS, ..chunk(Content::Parity, 0) };
                Packet::Data(Data { sequence, clock: None, burst_end: false, frame_end: false, envelope, chunk })
            }
            _ => return self.media(channel, bits, number, sequence, input),
        };
        self.data(channel, Av::Packet(packet))
    }

    /// A chunk of media that agrees with itself: a frame of so many chunks, of which the last one is frame info alone.
    fn media(&mut self, channel: u8, bits: u8, number: u16, sequence: u16, input: &mut Input<'_>) -> Vec<u8> {
        let count = u16::from(input.u8()) + 1;
        let place = u16::from(input.u8()) % count;
        let kind = [MediaKind::Audio, MediaKind::Key, MediaKind::Delta][usize::from(bits >> 4) % 3];
        let content = Content::Media { kind, retransmitted: bits & 8 != 0 && self.resend };
        let last = place + 1 == count;
        let (index, data) = if last { (16, &ZEROS[..16]) } else { (place, ZEROS) };
        let frame = u32::from(input.u8()) + 1;
        let serial = frame - 1;
        self.chunk(channel, sequence, bits, Chunk { last, count, index, serial, frame, data, ..chunk(content, number) })
    }

    fn chunk(&mut self, channel: u8, sequence: u16, bits: u8, mut chunk: Chunk<'_>) -> Vec<u8> {
        let is_media = matches!(chunk.content, Content::Media { .. });
        if self.resend && is_media {
            chunk.checksum = chunk.sum();
        }
        let (block, index) = (chunk.number / BLOCK as u16, (chunk.number % BLOCK as u16) as u8);
        let place = Envelope { block, index, chunks: BLOCK as u8, parities: 1 };
        let envelope = self.resend.then_some(if is_media { place } else { Envelope::default() });
        let clock = (bits & 0x80 != 0 && is_media).then_some(Clock { time: sequence, round_trip: 5 });
        let data = Data { sequence, clock, burst_end: chunk.last, frame_end: chunk.last, envelope, chunk };
        self.data(channel, Av::Packet(Packet::Data(data)))
    }
}

fn chunk(content: Content, number: u16) -> Chunk<'static> {
    Chunk { content, last: false, number, count: 1, index: 0, checksum: 0, serial: 0, frame: 0, data: &[] }
}
