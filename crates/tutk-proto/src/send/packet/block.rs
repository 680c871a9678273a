use std::collections::VecDeque;

use crate::wire::packet::parity::{BLOCK, SHARD, Sum};
use crate::wire::packet::{Chunk, Content, Data, Envelope};

/// The chunks since the last parity.
#[derive(Debug)]
pub(super) struct Block {
    number: u16,
    sum: Sum,
    chunks: usize,
    /// To be sent: of which block.
    parities: VecDeque<(u16, Box<[u8; SHARD]>)>,
    /// How many of them wait no longer.
    due: usize,
}

/// Parities that may wait. Between the chunks of a frame they would tear apart what the kernel takes as one, for they are longer;
/// and a receiver knows the chunks of as many blocks at least.
const MAX_PARITIES: usize = 3;

impl Block {
    pub(super) fn new() -> Self {
        Self { number: 0, sum: Sum::new(), chunks: 0, parities: VecDeque::new(), due: 0 }
    }

    /// Whether the parity of this block is still to come.
    pub(super) fn is_open(&self, number: u16) -> bool {
        self.number == number
    }

    pub(super) fn has_parity(&self) -> bool {
        !self.parities.is_empty()
    }

    /// The next parity to be sent, and its block. They wait while the chunks of a frame go on.
    pub(super) fn take(&mut self, goes_on: bool) -> Option<(u16, Box<[u8; SHARD]>)> {
        if !goes_on || self.parities.len() >= MAX_PARITIES {
            self.due = self.parities.len();
        }
        self.due = self.due.checked_sub(1)?;
        self.parities.pop_front()
    }

    /// A chunk goes out for the first time.
    pub(super) fn add(&mut self, chunk: &Chunk<'_>) -> Envelope {
        let envelope = Envelope { block: self.number, index: self.chunks as u8, chunks: BLOCK as u8, parities: 1 };
        self.sum.add(self.chunks, [&chunk.first_header(), chunk.data]);
        self.chunks += 1;
        if self.chunks == BLOCK {
            self.parities.push_back((self.number, Box::new(self.sum.total())));
            self.sum.clear();
            self.chunks = 0;
            self.number = self.number.wrapping_add(1);
        }
        envelope
    }
}

pub(super) fn parity_message(block: u16, parity: &[u8]) -> Data<'_> {
    let chunk = Chunk {
        content: Content::Parity,
        last: false,
        number: 0,
        count: 0,
        index: 0,
        checksum: 0,
        serial: 0,
        frame: 0,
        data: parity,
    };
    let envelope = Envelope { block, index: BLOCK as u8, chunks: BLOCK as u8, parities: 1 };
    Data { sequence: 0, clock: None, burst_end: false, frame_end: false, envelope: Some(envelope), chunk }
}
