use super::header::Header;
use super::{AddressBlock, Error, SearchAnswer, SessionRequest, discovery, handshake, hmac};
use crate::{Generation, SessionId, Uid};

/// Who sends a message of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The viewer; an application's “client”.
    Viewer,
    /// The camera; an application's “device” or “server”.
    Camera,
}

impl Role {
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Viewer => 0x21,
            Self::Camera => 0x12,
        }
    }
}

/// The steps of the handshake of cookie framing, each a message of the viewer that the camera answers with the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// 0x0401: the viewer proposes a session id; the camera answers without one.
    Propose,
    /// 0x0402: the camera accepts it.
    Accept,
    /// 0x0404: the session is established.
    Confirm,
}

/// Which session a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who sends it.
    pub from: Role,
    /// What the viewer chose.
    pub id: SessionId,
    /// The AV channel; 0 in keep-alives and closes.
    pub channel: u8,
    /// No more than the first 64 bytes of the datagram are scrambled. Each side decides it for its data messages. Seen with the
    /// vendor's libraries 1.13 to 4.2 in both framings.
    pub partial: bool,
    /// The payload is encrypted, or the sender's session is; see [`security`](crate::security).
    pub secure: bool,
    /// In data of [`Framing::Hmac`](crate::Framing::Hmac): the [ticket](Message::Ticket). 0 elsewhere.
    pub ticket: u16,
}

impl Session {
    /// A plain session, channel 0, wholly scrambled.
    pub fn new(from: Role, id: SessionId) -> Self {
        Self { from, id, channel: 0, partial: false, secure: false, ticket: 0 }
    }
}

/// A datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// 0x0601 and 0x0603, viewer to port 32761: who is there?
    Search {
        /// The camera that shall answer; without it, any.
        uid: Option<Uid>,
        /// What viewers of generation 0x10 and later add.
        request: Option<SessionRequest>,
    },
    /// 0x0602, camera: here I am.
    Found(SearchAnswer<'a>),
    /// 0x0301, viewer to the camera's session port, before it proposes a session.
    Hello {
        /// The camera.
        uid: Uid,
        /// Copied from [`SearchAnswer`].
        asker: AddressBlock,
    },
    /// 0x0401, 0x0402 and 0x0404, both.
    ///
    /// With [`SessionId::Block`] only 0x0402, which a viewer sends while nothing of the session comes, and the camera's 0x0404.
    Handshake {
        /// Which of the three.
        step: Step,
        /// The camera.
        uid: Uid,
        /// The session; none in the camera's answer to a proposal.
        session: Option<SessionId>,
        /// The viewer's proposal.
        first: bool,
        /// The camera has as many viewers as it serves: bit 1 of byte 11 of the header.
        full: bool,
    },
    /// 0xffff, both, before a message of the handshake, from generation 0x10 on: opens the way through a router, and needs no
    /// answer.
    Punch {
        /// The camera.
        uid: Uid,
        /// The beginning of the session id; zeros in a camera's.
        id: [u8; 4],
        /// As in a [`Handshake`](Self::Handshake).
        first: bool,
        /// As in a [`Handshake`](Self::Handshake).
        full: bool,
    },
    /// 0x1002, both, with [`Framing::Hmac`](crate::Framing::Hmac): searches for a camera, and begins a session.
    Ticket {
        /// Who sends it.
        from: Role,
        /// 0: the viewer asks; 1: the camera gives the ticket; 2: the viewer shows it; 3: the session is established. Public code does
        /// not look at the camera's first number.
        step: u16,
        /// What the camera gives to the viewer; 0 in its question.
        ticket: u16,
        /// The session; the viewer takes what the camera answers.
        id: [u8; 8],
    },
    /// 0x0427 and 0x0428, about every 2 s each way. In [`Framing::Hmac`](crate::Framing::Hmac) 0x1202, of the camera and then of
    /// the viewer.
    Alive(Session),
    /// 0x0417 and 0x0418, three times. None is known in [`Framing::Hmac`](crate::Framing::Hmac), where DTLS
    /// says it.
    Close(Session),
    /// 0x0407 and 0x0408. In [`Framing::Hmac`](crate::Framing::Hmac) 0x1502, without a number, and without a sign of who sends it: here
    /// always the viewer.
    Data {
        /// The session.
        session: Session,
        /// Counts the sender's data from 0; what is retransmitted takes a new number.
        sequence: u16,
        /// An [`Av`](super::Av) message.
        payload: &'a [u8],
    },
}

impl<'a> Message<'a> {
    /// Reads a plain datagram (after [`descramble`](super::descramble)). Bytes behind the message are passed over. The HMAC of
    /// [`Framing::Hmac`](crate::Framing::Hmac) is not looked at.
    pub fn decode(datagram: &'a [u8]) -> Result<Self, Error> {
        if hmac::is_hmac(datagram) {
            return hmac::decode(datagram);
        }
        let (header, body) = Header::decode(datagram)?;
        match header.message {
            0x0601 | 0x0603 => discovery::decode_search(header.generation, header.first, body),
            0x0602 => discovery::decode_found(header.generation, body),
            0x0301 | 0x0401 | 0x0402 | 0x0404 | 0xFFFF => handshake::decode(&header, body),
            0x0407 => Self::data(&header, Role::Viewer, body),
            0x0408 => Self::data(&header, Role::Camera, body),
            0x0427 => Ok(Self::Alive(header.session(Role::Viewer, body)?.0)),
            0x0428 => Ok(Self::Alive(header.session(Role::Camera, body)?.0)),
            0x0417 => Ok(Self::Close(header.session(Role::Viewer, body)?.0)),
            0x0418 => Ok(Self::Close(header.session(Role::Camera, body)?.0)),
            message => Err(Error::Message(message)),
        }
    }

    fn data(header: &Header, from: Role, body: &'a [u8]) -> Result<Self, Error> {
        let (session, payload) = header.session(from, body)?;
        Ok(Self::Data { session, sequence: header.sequence, payload })
    }

    /// Appends the plain datagram of a sender of this generation; what names a camera's generation is of that one. Bytes
    /// without a meaning are 0, and so is an HMAC.
    pub fn encode(&self, generation: Generation, out: &mut Vec<u8>) {
        let header = |message, from| Header::new(generation, message, from);
        match *self {
            Self::Search { uid, request } => {
                let message = if request.and_then(|request| request.more).is_some_and(|more| more.slot > 0) {
                    0x0603
                } else {
                    0x0601
                };
                let generation = request.map_or(generation, |request| request.generation);
                let header = Header::new(generation, message, Some(Role::Viewer));
                let header = Header { first: uid.is_none(), ..header };
                header.encode(out, |out| discovery::encode_search(uid, request, out));
            }
            Self::Found(found) => {
                let header = Header::new(found.generation, 0x0602, Some(Role::Camera));
                header.encode(out, |out| found.encode(out));
            }
            Self::Hello { uid, asker } => header(0x0301, Some(Role::Viewer)).encode(out, |out| {
                out.extend_from_slice(uid.as_bytes());
                out.extend_from_slice(&asker.0);
            }),
            Self::Handshake { step, uid, session, first, full } => {
                let header = Header { first, full, ..header(handshake::number(step), None) };
                header.encode(out, |out| handshake::encode(generation, uid, session, out));
            }
            Self::Punch { uid, id, first, full } => {
                let header = Header { first, full, ..header(0xFFFF, None) };
                header.encode(out, |out| {
                    out.extend_from_slice(uid.as_bytes());
                    out.extend_from_slice(&id);
                });
            }
            Self::Ticket { from, step, ticket, id } => hmac::encode_ticket(from, step, ticket, id, out),
            Self::Alive(session) => session.encode_alive(generation, 0, out),
            Self::Close(session) => match session.id {
                SessionId::Hmac(_) => {}
                _ => session.encode(generation, 0x0417, 0, out, |_| {}),
            },
            Self::Data { session, sequence, payload } => {
                session.encode_data(generation, sequence, out, |out| out.extend_from_slice(payload));
            }
        }
    }
}

impl Message<'_> {
    /// The datagram of a sender of this generation, scrambled where its framing is.
    pub fn to_datagram(&self, generation: Generation) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(generation, &mut out);
        super::to_wire(&mut out);
        out
    }
}

impl Session {
    /// Appends a [`Message::Data`] with the payload that `put` appends.
    pub fn encode_data(self, generation: Generation, sequence: u16, out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
        match self.id {
            SessionId::Hmac(id) => hmac::encode_data(self.channel, self.ticket, id, out, put),
            _ => self.encode(generation, 0x0407, sequence, out, put),
        }
    }

    /// Appends a [`Message::Alive`]. In [`Framing::Hmac`](crate::Framing::Hmac) it has this number.
    pub(crate) fn encode_alive(self, generation: Generation, number: u32, out: &mut Vec<u8>) {
        match self.id {
            SessionId::Hmac(id) => hmac::encode_alive(number, id, out),
            _ => self.encode(generation, 0x0427, 0, out, |_| {}),
        }
    }

    /// The camera's number of a message in a session is the viewer's plus one.
    fn encode(
        self,
        generation: Generation,
        viewers: u16,
        sequence: u16,
        out: &mut Vec<u8>,
        put: impl FnOnce(&mut Vec<u8>),
    ) {
        let message = viewers + u16::from(self.from == Role::Camera);
        let header = Header { sequence, ..Header::in_session(generation, message, self) };
        header.encode(out, |out| {
            header.encode_block(self.id, out);
            put(out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the vendor's viewer 4.2.1.1 sends it.
    #[test]
    fn a_camera_is_asked_for_its_uid_as_a_newer_viewer_asks() {
        let mut out = Vec::new();
        let search = Message::Search { uid: None, request: Some(SessionRequest::any(Generation::G1A)) };
        search.encode(Generation::G09, &mut out);
        assert_eq!((out.len(), &out[..6]), (88, &[4, 2, 0x1A, 2, 72, 0][..]));
        assert_eq!((&out[8..11], out[15]), (&[1, 6, 0x21][..], 1));
        assert!(out[16..52].iter().chain(&out[56..]).all(|byte| *byte == 0));
        assert_eq!(out[52..56], [1, 1, 2, 4]);
        assert_eq!(Message::decode(&out), Ok(search));
    }

    #[test]
    fn an_answer_without_a_uid_is_none() {
        let (generation, asker, uid) = (Generation::G1A, AddressBlock::UNSPECIFIED, "HBNASLSCFC1MN4Y9221A");
        let uid = uid.parse().unwrap();
        let found = SearchAnswer { generation, uid, asker, name: "gate".into(), grant: None };
        let mut out = Vec::new();
        Message::Found(found).encode(generation, &mut out);
        assert_eq!((out.len(), Message::decode(&out)), (184, Ok(Message::Found(found))));
        out[16..36].fill(0);
        assert_eq!(Message::decode(&out), Err(Error::Contradiction));
    }
}
