use super::data::FLAG_CLOCK;
use super::{put_header, put_u16s, put_u32s};
use crate::wire::Error;
use crate::wire::reader::Reader;

/// What has come of the other side's chunks. Numbers of chunks wrap at 16 bits; one before the first is 0xffff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack<'a> {
    /// The AV sequence.
    pub sequence: u16,
    /// Every chunk of media up to this one has come, or is not wanted any more.
    pub base: u16,
    /// The highest chunk of media that has come.
    pub highest: u16,
    /// Every chunk of IO up to this one has come.
    pub io: u16,
    /// A [clean](super::internal) is under way.
    pub cleaning: bool,
    /// Counts the acknowledgements from 0.
    pub number: u16,
    /// The sender's clock in milliseconds.
    pub clock: u16,
    /// The chunks of media between `base` and `highest` that have not come, each less `base`, little-endian, rising.
    pub missing: &'a [[u8; 2]],
}

impl<'a> Ack<'a> {
    /// Most chunks in the list: the datagram stays below 1,400 bytes.
    pub const MAX_MISSING: usize = 670;

    pub(super) fn decode(mut reader: Reader<'a>) -> Result<Self, Error> {
        let sequence = reader.u16()?;
        reader.u16()?;
        let (base, highest, io) = (reader.u16()?, reader.u16()?, reader.u16()?);
        let count = usize::from(reader.u16()?);
        let cleaning = reader.u16()? != 0;
        let (number, clock) = (reader.u16()?, reader.u16()?);
        let missing = reader.bytes(count * 2)?.as_chunks().0;
        Ok(Self { sequence, base, highest, io, cleaning, number, clock, missing })
    }

    pub(super) fn encode(&self, version: u16, out: &mut Vec<u8>) {
        put_header(out, [0x09, 0], version, self.sequence);
        let missing = self.missing.get(..Self::MAX_MISSING).unwrap_or(self.missing);
        let count = missing.len() as u16;
        put_u16s(out, &[self.base, self.highest, self.io, count, self.cleaning.into(), self.number, self.clock]);
        out.extend_from_slice(missing.as_flattened());
        if missing.is_empty() {
            // There is always room for one.
            put_u16s(out, &[0]);
        }
    }
}

/// A side's clock, for the other one to send back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Milliseconds; wraps.
    pub time: u16,
    /// The sender's estimate of the round trip in milliseconds; 50 before it has one.
    pub round_trip: u16,
}

impl Clock {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let (time, round_trip) = (reader.u16()?, reader.u16()?);
        reader.u32()?;
        Ok(Self { time, round_trip })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_u16s(out, &[self.time, self.round_trip]);
        put_u32s(out, &[0]);
    }

    pub(super) const FLAG: u8 = FLAG_CLOCK;
}

/// The answer to a [`Clock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockAnswer {
    /// [`Clock::time`], sent back.
    pub time: u16,
    /// How many AV sequences the other side has used since the last answer.
    pub expected: u16,
    /// How many messages have come since then.
    pub received: u16,
    /// What is missing, in percent, rounded up.
    pub loss: u16,
}

impl ClockAnswer {
    pub(super) fn decode(mut reader: Reader<'_>) -> Result<Self, Error> {
        reader.u32()?;
        Ok(Self { time: reader.u16()?, expected: reader.u16()?, received: reader.u16()?, loss: reader.u16()? })
    }

    pub(super) fn encode(&self, version: u16, out: &mut Vec<u8>) {
        put_header(out, [0x0b, 0], version, 0);
        put_u16s(out, &[self.time, self.expected, self.received, self.loss]);
        put_u32s(out, &[0]);
    }
}
