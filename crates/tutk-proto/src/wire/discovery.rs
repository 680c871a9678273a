use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use super::reader::Reader;
use super::{Error, MAX_NAME, Message, Text};
use crate::{AuthKey, Generation, Uid};

/// What a viewer of generation 0x10 or later adds to its search: a search for one camera asks it for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRequest {
    /// The viewer's generation of the protocol.
    pub generation: Generation,
    /// Of the viewer's library, last number first.
    pub version: [u8; 4],
    /// What the viewer chose for the session; zeros in a search for any camera.
    pub id: [u8; 8],
    /// 1 asks for the session, 2 begins it; 0 in a search for any camera.
    pub stage: u32,
    /// What 0x1a has behind that; 0x10 to 0x14 only in a 0x0603.
    pub more: Option<SearchExtension>,
}

impl SessionRequest {
    /// In a search for any camera.
    pub fn any(generation: Generation) -> Self {
        Self { generation, version: generation.library_version(), id: [0; 8], stage: 0, more: None }.with_key(None)
    }

    /// In a search for one camera: asks it for this session.
    pub fn ask(generation: Generation, id: [u8; 8], key: Option<&AuthKey>) -> Self {
        Self { id, stage: Self::ASK, ..Self::any(generation) }.with_key(key)
    }

    /// To the camera that granted the session: begins it.
    pub fn begin(self) -> Self {
        Self { stage: Self::BEGIN, ..self }.with_key(None)
    }

    const ASK: u32 = 1;
    const BEGIN: u32 = 2;

    /// Whether it asks for a session.
    pub fn is_asking(&self) -> bool {
        self.stage == Self::ASK
    }

    fn with_key(self, key: Option<&AuthKey>) -> Self {
        let auth_key = key.map_or([0; 8], AuthKey::reveal);
        // 0x10 to 0x14 write no more; a camera of theirs takes no notice of it.
        let more = (self.generation > Generation::G14).then_some(SearchExtension { slot: 0, auth_key });
        Self { more, ..self }
    }
}

/// The end of a search of generation 0x1a.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SearchExtension {
    /// Counts the messages 0x0603 of a search for any camera from 1; 0 in a 0x0601.
    pub slot: u32,
    /// The authentication key; zeros where there is none.
    pub auth_key: [u8; 8],
}

impl fmt::Debug for SearchExtension {
    /// Without the key, which is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchExtension").field("slot", &self.slot).finish_non_exhaustive()
    }
}

/// What a camera of generation 0x10 or later adds to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Of the camera's library, last number first.
    pub version: [u8; 4],
    /// Copied from the search.
    pub id: [u8; 8],
    /// Whether the viewer gets the session.
    pub result: SearchResult,
}

/// A camera's decision about a session that a search asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchResult {
    /// 0: no session was asked for.
    NotAsked,
    /// 1.
    Granted,
    /// 3: the camera has as many sessions as it serves.
    Full,
    /// 5: the authentication key is wrong or missing.
    WrongKey,
    /// 6: the camera has no authentication key, and the viewer gave one.
    NoKey,
    /// Any other number.
    Other(u32),
}

impl From<u32> for SearchResult {
    fn from(number: u32) -> Self {
        match number {
            0 => Self::NotAsked,
            1 => Self::Granted,
            3 => Self::Full,
            5 => Self::WrongKey,
            6 => Self::NoKey,
            other => Self::Other(other),
        }
    }
}

impl From<SearchResult> for u32 {
    fn from(result: SearchResult) -> Self {
        match result {
            SearchResult::NotAsked => 0,
            SearchResult::Granted => 1,
            SearchResult::Full => 3,
            SearchResult::WrongKey => 5,
            SearchResult::NoKey => 6,
            SearchResult::Other(other) => other,
        }
    }
}

/// A camera's answer to a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchAnswer<'a> {
    /// The camera's generation of the protocol.
    pub generation: Generation,
    /// The camera.
    pub uid: Uid,
    /// The asker's address as the camera saw it.
    pub asker: AddressBlock,
    /// The camera's name.
    pub name: Text<'a>,
    /// In the answer to a search with a [`SessionRequest`].
    pub grant: Option<Grant>,
}

impl SearchAnswer<'_> {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.uid.as_bytes());
        out.extend_from_slice(&self.asker.0);
        self.name.put(out, MAX_NAME + 1);
        if let Some(Grant { version, id, result }) = self.grant {
            out.extend_from_slice(&version);
            out.extend_from_slice(&id);
            out.extend_from_slice(&u32::from(result).to_le_bytes());
        }
    }
}

/// The answer to a search. Without a UID, as 0x1a answers a search without a [`SessionRequest`], it says nothing.
pub(super) fn decode_found(generation: Generation, body: &[u8]) -> Result<Message<'_>, Error> {
    let mut reader = Reader::new(body);
    let uid = reader.array()?;
    let asker = AddressBlock(*reader.array()?);
    let name = Text::in_field(reader.bytes(MAX_NAME + 1)?);
    // Of 0x09 the message ends here.
    let grant = match reader.array() {
        Ok(version) => Some(Grant { version: *version, id: *reader.array()?, result: reader.u32()?.into() }),
        Err(_) => None,
    };
    let uid = Uid::from_bytes(*uid).ok_or(Error::Contradiction)?;
    Ok(Message::Found(SearchAnswer { generation, uid, asker, name, grant }))
}

/// The camera that a search is for, or any, and the session that it asks for.
pub(super) fn decode_search(generation: Generation, any: bool, body: &[u8]) -> Result<Message<'_>, Error> {
    let mut reader = Reader::new(body);
    let uid = Uid::from_bytes(*reader.array()?);
    reader.bytes(16)?;
    let request = match reader.array() {
        Ok(version) => Some(decode_request(generation, *version, reader)?),
        Err(_) => None,
    };
    match (any, uid) {
        (true, _) => Ok(Message::Search { uid: None, request }),
        (false, Some(_)) => Ok(Message::Search { uid, request }),
        (false, None) => Err(Error::Contradiction),
    }
}

fn decode_request(generation: Generation, version: [u8; 4], mut reader: Reader<'_>) -> Result<SessionRequest, Error> {
    let (id, stage) = (*reader.array()?, reader.u32()?);
    let more = match reader.u32() {
        Ok(slot) => {
            reader.u16()?;
            let auth_key = *reader.array()?;
            reader.bytes(6)?;
            Some(SearchExtension { slot, auth_key })
        }
        Err(_) => None,
    };
    Ok(SessionRequest { generation, version, id, stage, more })
}

pub(super) fn encode_search(uid: Option<Uid>, request: Option<SessionRequest>, out: &mut Vec<u8>) {
    out.extend_from_slice(uid.as_ref().map_or(&[0; Uid::LEN][..], |uid| uid.as_bytes()));
    out.extend_from_slice(&[0; 16]);
    let Some(SessionRequest { version, id, stage, more, .. }) = request else { return };
    out.extend_from_slice(&version);
    out.extend_from_slice(&id);
    out.extend_from_slice(&stage.to_le_bytes());
    if let Some(SearchExtension { slot, auth_key }) = more {
        out.extend_from_slice(&slot.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&auth_key);
        out.extend_from_slice(&[0; 6]);
    }
}

/// An IPv4 address as 16 bytes: family 2, port and address in network order, 8 zeros. Cameras from generation 0x12 on leave
/// all zero, and so does this crate where there is no IPv4 address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AddressBlock(pub [u8; 16]);

impl AddressBlock {
    /// No address.
    pub const NONE: Self = Self([0; 16]);
    /// The address 0.0.0.0:0.
    pub const UNSPECIFIED: Self = Self([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

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

impl From<SocketAddr> for AddressBlock {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(address) => address.into(),
            SocketAddr::V6(_) => Self::NONE,
        }
    }
}

impl fmt::Debug for AddressBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(f)
    }
}
