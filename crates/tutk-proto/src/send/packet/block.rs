use crate::wire::packet::parity::{BLOCK, SHARD, Sum};
use crate::wire::packet::{Chunk, Content, Data, Envelope};

/// The chunks since the last parity.
#[derive(Debug)]
pub(super) struct Block {
    number: u16,
    sum: Sum,
    chunks: usize,
    /// To be sent.
    parity: Option<Box<[u8; SHARD]>>,
}

impl Block {
    pub(super) fn new() -> Self {
        Self { number: 0, sum: Sum::new(), chunks: 0, parity: None }
    }

    pub(super) fn has_parity(&self) -> bool {
        self.parity.is_some()
    }

    /// The message of a block that is complete, to be sent once.
    pub(super) fn take(&mut self) -> Option<(u16, Box<[u8; SHARD]>)> {
        let parity = self.parity.take()?;
        Some((self.number.wrapping_sub(1), parity))
    }

    /// A chunk goes out for the first time.
    pub(super) fn add(&mut self, chunk: &Chunk<'_>) -> Envelope {
        let envelope = Envelope { block: self.number, index: self.chunks as u8, chunks: BLOCK as u8, parities: 1 };
        self.sum.add(self.chunks, [&chunk.first_header(), chunk.data]);
        self.chunks += 1;
        if self.chunks == BLOCK {
            self.parity = Some(Box::new(self.sum.total()));
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
