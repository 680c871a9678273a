use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

use super::reader::Reader;
use super::{Av, Error, GENERATION, MAX_NAME};
use crate::Uid;

const MAGIC: [u8; 2] = [0x04, 0x02];
const FLAGS: u8 = 2;
const EITHER: u8 = 0x33;
/// Generation and library version of a viewer that asks cameras of newer generations for their UID: 4.2.1.1, last number
/// first.
const IDENTIFY_GENERATION: u8 = 0x1A;
const IDENTIFY_VERSION: [u8; 4] = [1, 1, 2, 4];
/// What stands where a camera does not tell its UID.
const NO_UID: [u8; Uid::LEN] = [0; Uid::LEN];

/// Who sends a message of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The viewer; an application's “client”.
    Viewer,
    /// The camera; an application's “device” or “server”.
    Camera,
}

impl Role {
    fn byte(self) -> u8 {
        match self {
            Self::Viewer => 0x21,
            Self::Camera => 0x12,
        }
    }
}

/// The steps of connecting, each a message of the viewer that the camera answers with the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// 0x0401: the viewer offers a cookie; the camera answers with cookie 0.
    Knock,
    /// 0x0402.
    Agree,
    /// 0x0404: the session stands.
    Stand,
}

/// Which session a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who sends it.
    pub from: Role,
    /// What the viewer chose when it knocked; not 0.
    pub cookie: u16,
    /// 0 here.
    pub channel: u8,
}

/// A camera's answer to a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The camera's generation of the protocol.
    pub generation: u8,
    /// The camera.
    pub uid: Uid,
    /// The asker's address as the camera saw it.
    pub asker: AddressBlock,
    /// The camera's name.
    pub name: Text<'a>,
}

/// An IPv4 address as 16 bytes: family 2, port and address in network order, 8 zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AddressBlock(pub [u8; 16]);

impl AddressBlock {
    /// The address in the block.
    pub fn address(&self) -> SocketAddrV4 {
        let [_, _, p0, p1, a, b, c, d, ..] = self.0;
        SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([p0, p1]))
    }
}

impl From<SocketAddrV4> for AddressBlock {
    fn from(address: SocketAddrV4) -> Self {
        let [p0, p1] = address.port().to_be_bytes();
        let [a, b, c, d] = address.ip().octets();
        Self([2, 0, p0, p1, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0])
    }
}

impl fmt::Debug for AddressBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(f)
    }
}

/// Text in a field of fixed size: what is before the first NUL, of any encoding.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// The text in a field.
    pub fn in_field(field: &'a [u8]) -> Self {
        Self(field.split(|byte| *byte == 0).next().unwrap_or_default())
    }

    /// The text's bytes.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Appends the field to `out`, filled up with NULs. What does not fit is cut off, so that one NUL remains.
    pub(super) fn put(&self, out: &mut Vec<u8>, field: usize) {
        let text = self.0.get(..field.saturating_sub(1)).unwrap_or(self.0);
        out.extend_from_slice(text);
        out.resize(out.len() + field.saturating_sub(text.len()), 0);
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self::in_field(text.as_bytes())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(self.0).fmt(f)
    }
}

/// A datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// 0x0601, viewer to port 32761: who is there?
    Search {
        /// The camera that shall answer; without it, any.
        uid: Option<Uid>,
    },
    /// 0x0601 as viewers of generation 0x1a send it: which camera is this? Changes nothing at the camera.
    ///
    /// Reads as [`Search`](Self::Search) for any camera.
    Identify,
    /// 0x0602, camera: here I am.
    Found(Found<'a>),
    /// 0x0602 with 20 zeros for the UID: what a camera of generation 0x1a answers to a [`Search`](Self::Search). It tells
    /// its UID to [`Identify`](Self::Identify). Seen with the vendor's library 4.2.
    Unnamed {
        /// The camera's generation of the protocol.
        generation: u8,
        /// The camera's name.
        name: Text<'a>,
    },
    /// 0x0301, viewer to the camera's session port, before it knocks.
    Hello {
        /// The camera.
        uid: Uid,
        /// Copied from [`Found`].
        asker: AddressBlock,
    },
    /// 0x0401, 0x0402 and 0x0404, both.
    Connect {
        /// Which of the three.
        phase: Phase,
        /// The camera.
        uid: Uid,
        /// The session; 0 in the camera's answer to a knock.
        cookie: u16,
        /// The viewer's knock that opens a session.
        first: bool,
        /// The camera has as many viewers as it serves: bit 1 of byte 11 of the header.
        full: bool,
    },
    /// 0x0427 and 0x0428, about every 2 s each way.
    Alive(Session),
    /// 0x0417 and 0x0418, three times.
    Close(Session),
    /// 0x0407 and 0x0408.
    Data {
        /// The session.
        session: Session,
        /// Counts the sender's data from 0; what is sent again takes a new number.
        sequence: u16,
        /// What it says.
        av: Av<'a>,
    },
}

impl<'a> Message<'a> {
    /// Reads a plain datagram (after [`descramble`](super::descramble)). Bytes behind the message are passed over.
    ///
    /// Only searches and their answers are read in other generations than 9, which hold more behind what is read here.
    pub fn decode(datagram: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(datagram);
        if *reader.array()? != MAGIC {
            return Err(Error::Magic);
        }
        let generation = reader.u8()?;
        let _flags = reader.u8()?;
        let len = reader.u16()?.into();
        let sequence = reader.u16()?;
        let message = reader.u16()?;
        let _roles = reader.u8()?;
        let full = reader.u8()? & 2 != 0;
        let cookie = reader.u16()?;
        let channel = reader.u8()?;
        let first = reader.u8()? == 1;
        let body = reader.bytes(len)?;
        let mut reader = Reader::new(body);

        match message {
            0x0601 => {
                let uid = Uid::from_bytes(*reader.array()?);
                reader.bytes(16)?;
                return match (first, uid) {
                    (true, _) => Ok(Self::Search { uid: None }),
                    (false, Some(_)) => Ok(Self::Search { uid }),
                    (false, None) => Err(Error::Contradiction),
                };
            }
            0x0602 => {
                let uid = reader.array()?;
                let asker = AddressBlock(*reader.array()?);
                let name = Text::in_field(reader.bytes(MAX_NAME + 1)?);
                return match Uid::from_bytes(*uid) {
                    Some(uid) => Ok(Self::Found(Found { generation, uid, asker, name })),
                    None if *uid == NO_UID => Ok(Self::Unnamed { generation, name }),
                    None => Err(Error::Contradiction),
                };
            }
            _ if generation != GENERATION => return Err(Error::Generation(generation)),
            _ => {}
        }
        let session = |from| Session { from, cookie, channel };
        match message {
            0x0301 => Ok(Self::Hello { uid: read_uid(&mut reader)?, asker: AddressBlock(*reader.array()?) }),
            0x0401 | 0x0402 | 0x0404 => {
                let phase = match message {
                    0x0401 => Phase::Knock,
                    0x0402 => Phase::Agree,
                    _ => Phase::Stand,
                };
                Ok(Self::Connect { phase, uid: read_uid(&mut reader)?, cookie: reader.u16()?, first, full })
            }
            0x0407 => Ok(Self::Data { session: session(Role::Viewer), sequence, av: Av::decode(body)? }),
            0x0408 => Ok(Self::Data { session: session(Role::Camera), sequence, av: Av::decode(body)? }),
            0x0427 => Ok(Self::Alive(session(Role::Viewer))),
            0x0428 => Ok(Self::Alive(session(Role::Camera))),
            0x0417 => Ok(Self::Close(session(Role::Viewer))),
            0x0418 => Ok(Self::Close(session(Role::Camera))),
            _ => Err(Error::Message(message)),
        }
    }

    /// Writes the plain datagram over what `out` holds. Bytes without a meaning are 0.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.clear();
        let (message, roles, cookie, channel, first, sequence) = match *self {
            Self::Search { uid } => (0x0601, Role::Viewer.byte(), 0, 0, uid.is_none(), 0),
            Self::Identify => (0x0601, Role::Viewer.byte(), 0, 0, true, 0),
            Self::Found(_) | Self::Unnamed { .. } => (0x0602, Role::Camera.byte(), 0, 0, false, 0),
            Self::Hello { .. } => (0x0301, Role::Viewer.byte(), 0, 0, false, 0),
            Self::Connect { phase, first, .. } => {
                let message = match phase {
                    Phase::Knock => 0x0401,
                    Phase::Agree => 0x0402,
                    Phase::Stand => 0x0404,
                };
                (message, EITHER, 0, 0, first, 0)
            }
            Self::Alive(session) => in_session(0x0427, session, 0),
            Self::Close(session) => in_session(0x0417, session, 0),
            Self::Data { session, sequence, .. } => in_session(0x0407, session, sequence),
        };
        let generation = match *self {
            Self::Identify => IDENTIFY_GENERATION,
            Self::Found(Found { generation, .. }) | Self::Unnamed { generation, .. } => generation,
            _ => GENERATION,
        };
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[generation, FLAGS, 0, 0]);
        out.extend_from_slice(&sequence.to_le_bytes());
        out.extend_from_slice(&u16::to_le_bytes(message));
        out.extend_from_slice(&[roles, 0]);
        out.extend_from_slice(&cookie.to_le_bytes());
        out.extend_from_slice(&[channel, first.into()]);
        let header = out.len();
        if let Self::Connect { full: true, .. } = self
            && let Some(byte) = out.get_mut(11)
        {
            *byte = 2;
        }
        match self {
            Self::Search { uid } => {
                out.extend_from_slice(uid.as_ref().map_or(&[0; Uid::LEN][..], |uid| uid.as_bytes()));
                out.extend_from_slice(&[0; 16]);
            }
            Self::Identify => {
                out.extend_from_slice(&[0; 36]);
                out.extend_from_slice(&IDENTIFY_VERSION);
                out.extend_from_slice(&[0; 32]);
            }
            Self::Unnamed { name, .. } => {
                out.extend_from_slice(&[0; Uid::LEN + 16]);
                name.put(out, MAX_NAME + 1);
            }
            Self::Found(found) => {
                out.extend_from_slice(found.uid.as_bytes());
                out.extend_from_slice(&found.asker.0);
                found.name.put(out, MAX_NAME + 1);
            }
            Self::Hello { uid, asker } => {
                out.extend_from_slice(uid.as_bytes());
                out.extend_from_slice(&asker.0);
            }
            Self::Connect { uid, cookie, .. } => {
                out.extend_from_slice(uid.as_bytes());
                out.extend_from_slice(&cookie.to_le_bytes());
                out.extend_from_slice(&[0; 2]);
            }
            Self::Alive(_) | Self::Close(_) => {}
            Self::Data { av, .. } => av.encode(out),
        }
        let [low, high] = ((out.len() - header) as u16).to_le_bytes();
        if let Some(len) = out.get_mut(4..6) {
            len.copy_from_slice(&[low, high]);
        }
    }
}

/// The camera's number of a message in a session is the viewer's plus one.
fn in_session(viewers: u16, session: Session, sequence: u16) -> (u16, u8, u16, u8, bool, u16) {
    let message = viewers + u16::from(session.from == Role::Camera);
    (message, session.from.byte(), session.cookie, session.channel, false, sequence)
}

fn read_uid(reader: &mut Reader<'_>) -> Result<Uid, Error> {
    Uid::from_bytes(*reader.array()?).ok_or(Error::Contradiction)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the vendor's viewer 4.2.1.1 sends it.
    #[test]
    fn a_camera_is_asked_for_its_uid_as_a_newer_viewer_asks() {
        let mut out = Vec::new();
        Message::Identify.encode(&mut out);
        assert_eq!((out.len(), &out[..6]), (88, &[4, 2, 0x1A, 2, 72, 0][..]));
        assert_eq!((&out[8..11], out[15]), (&[1, 6, 0x21][..], 1));
        assert!(out[16..52].iter().chain(&out[56..]).all(|byte| *byte == 0));
        assert_eq!(out[52..56], [1, 1, 2, 4]);
        assert_eq!(Message::decode(&out), Ok(Message::Search { uid: None }));
    }

    #[test]
    fn an_answer_without_a_uid_is_read_with_its_generation() {
        let unnamed = Message::Unnamed { generation: 0x1A, name: "gate".into() };
        let mut out = Vec::new();
        unnamed.encode(&mut out);
        assert_eq!((out.len(), &out[16..36]), (184, &NO_UID[..]));
        assert_eq!(Message::decode(&out), Ok(unnamed));
        out[35] = 1;
        assert_eq!(Message::decode(&out), Err(Error::Contradiction));
    }
}
