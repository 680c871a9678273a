use super::cut::Cut;
use crate::send::Outgoing;
use crate::wire::packet::{Chunk, Content, Data, MediaKind};

/// A frame with numbers.
#[derive(Debug)]
pub(super) struct SentFrame {
    pub(super) first: u64,
    pub(super) cut: Cut,
    pub(super) kind: MediaKind,
    pub(super) serial: u32,
    pub(super) number: u32,
    pub(super) frame: Outgoing,
}

impl SentFrame {
    /// The number after its last chunk's.
    pub(super) fn end(&self) -> u64 {
        self.first + u64::from(self.cut.count)
    }

    /// A chunk, without checksum and envelope. With numbers before the first one, the frame only begins.
    pub(super) fn chunk(&self, number: u64) -> Option<Data<'_>> {
        let index = number.saturating_sub(self.first) as u16;
        let last = self.cut.is_last(index) && number >= self.first;
        let data = self.frame.bytes().get(self.cut.range(index))?;
        let info_len = self.frame.parts().1.len() as u16;
        let chunk = Chunk {
            content: Content::Media { kind: self.kind, retransmitted: false },
            last,
            number: number as u16,
            count: self.cut.count,
            index: if last { info_len } else { index },
            checksum: 0,
            serial: self.serial,
            frame: self.number,
            data,
        };
        Some(Data { sequence: 0, clock: None, burst_end: false, frame_end: last, envelope: None, chunk })
    }
}
