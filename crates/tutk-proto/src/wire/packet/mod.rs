//! The packet AV style: one numbering of chunks for all media of a channel, acknowledged with a list of what is missing.
//!
//! Source: sessions between programs on the vendor's library 4.2.1.1 (AV version 0x0b), observed on a LAN.

mod control;
mod data;
pub mod internal;
mod login;
pub mod parity;

pub use control::{Ack, Clock, ClockAnswer};
pub use data::{Chunk, Content, Data, Envelope, MediaKind};
pub use login::{Login, LoginAnswer, LoginForm};

use super::{Error, reader::Reader};
use crate::Generation;

/// A message of the packet style, logins included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Packet<'a> {
    /// `00 00` and `00 20`, the channel's client; repeated until answered.
    Login(Login<'a>),
    /// `00 21`, the channel's server.
    LoginAnswer(LoginAnswer),
    /// `0c`, and `00 70`, `00 10`, `03`, `05`, `07` without resend: a chunk.
    Data(Data<'a>),
    /// `09`: what has come.
    Ack(Ack<'a>),
    /// `0a`: the sender's clock, to be answered at once.
    Clock {
        /// The AV sequence.
        sequence: u16,
        /// The clock.
        clock: Clock,
    },
    /// `0b`: the answer.
    ClockAnswer(ClockAnswer),
}

/// Reads the payload of a session's data in packet style.
pub(in crate::wire) fn decode(payload: &[u8]) -> Result<Packet<'_>, Error> {
    let mut reader = Reader::new(payload);
    let [kind, flags] = *reader.array()?;
    let version = reader.u16()?;
    match (kind, flags) {
        (0x00, 0x00 | 0x20) => Ok(Packet::Login(Login::decode(flags, version, reader)?)),
        (0x00, 0x21) => Ok(Packet::LoginAnswer(LoginAnswer::decode(reader)?)),
        (0x0c, _) | (0x00, 0x10 | 0x70) | (0x03 | 0x05 | 0x07, _) => {
            Ok(Packet::Data(Data::decode(kind, flags, reader)?))
        }
        (0x09, _) => Ok(Packet::Ack(Ack::decode(reader)?)),
        (0x0a, _) => {
            let sequence = reader.u16()?;
            reader.u16()?;
            Ok(Packet::Clock { sequence, clock: Clock::decode(&mut reader)? })
        }
        (0x0b, _) => Ok(Packet::ClockAnswer(ClockAnswer::decode(reader)?)),
        _ => Err(Error::Av(u16::from_be_bytes([kind, flags]))),
    }
}

/// Appends the payload of a sender of this generation. Bytes without a meaning are 0.
pub(in crate::wire) fn encode(packet: &Packet<'_>, generation: Generation, out: &mut Vec<u8>) {
    let version = generation.av_version();
    match packet {
        Packet::Login(login) => login.encode(out),
        Packet::LoginAnswer(answer) => answer.encode(version, out),
        Packet::Data(data) => data.encode(version, out),
        Packet::Ack(ack) => ack.encode(version, out),
        Packet::Clock { sequence, clock } => {
            put_header(out, [0x0a, data::FLAG_CLOCK], version, *sequence);
            clock.encode(out);
        }
        Packet::ClockAnswer(answer) => answer.encode(version, out),
    }
}

fn put_header(out: &mut Vec<u8>, kind: [u8; 2], version: u16, sequence: u16) {
    let ([v0, v1], [s0, s1]) = (version.to_le_bytes(), sequence.to_le_bytes());
    out.extend_from_slice(&[kind[0], kind[1], v0, v1, s0, s1, 0, 0]);
}

fn put_u16s(out: &mut Vec<u8>, values: &[u16]) {
    for value in values {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

fn put_u32s(out: &mut Vec<u8>, values: &[u32]) {
    for value in values {
        out.extend_from_slice(&value.to_le_bytes());
    }
}
