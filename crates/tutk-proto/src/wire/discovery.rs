use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

use super::reader::Reader;
use super::{Error, MAX_NAME, Message, Text};
use crate::{Generation, Uid};

/// Library version of a viewer that asks cameras of newer generations for their UID: 4.2.1.1, last number first.
const IDENTIFY_VERSION: [u8; 4] = [1, 1, 2, 4];
/// In place of a UID that the camera hides.
const NO_UID: [u8; Uid::LEN] = [0; Uid::LEN];

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
}

impl SearchAnswer<'_> {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.uid.as_bytes());
        out.extend_from_slice(&self.asker.0);
        self.name.put(out, MAX_NAME + 1);
    }
}

/// The answer to a search, with or without a UID.
pub(super) fn decode_found(generation: Generation, body: &[u8]) -> Result<Message<'_>, Error> {
    let mut reader = Reader::new(body);
    let uid = reader.array()?;
    let asker = AddressBlock(*reader.array()?);
    let name = Text::in_field(reader.bytes(MAX_NAME + 1)?);
    match Uid::from_bytes(*uid) {
        Some(uid) => Ok(Message::Found(SearchAnswer { generation, uid, asker, name })),
        None if *uid == NO_UID => Ok(Message::Unnamed { generation, name }),
        None => Err(Error::Contradiction),
    }
}

pub(super) fn encode_unnamed(name: Text<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; Uid::LEN + 16]);
    name.put(out, MAX_NAME + 1);
}

/// The body of a newer viewer's search for any camera.
pub(super) fn encode_identify(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; 36]);
    out.extend_from_slice(&IDENTIFY_VERSION);
    out.extend_from_slice(&[0; 32]);
}

/// The camera that a search is for, or any.
pub(super) fn decode_search(any: bool, body: &[u8]) -> Result<Option<Uid>, Error> {
    let mut reader = Reader::new(body);
    let uid = Uid::from_bytes(*reader.array()?);
    reader.bytes(16)?;
    match (any, uid) {
        (true, _) => Ok(None),
        (false, Some(_)) => Ok(uid),
        (false, None) => Err(Error::Contradiction),
    }
}

pub(super) fn encode_search(uid: Option<Uid>, out: &mut Vec<u8>) {
    out.extend_from_slice(uid.as_ref().map_or(&[0; Uid::LEN][..], |uid| uid.as_bytes()));
    out.extend_from_slice(&[0; 16]);
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
