/// What the receiver of media reports to its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feedback<'a> {
    /// `00 07`: these chunks of a frame are lost, little-endian numbers; with none, the whole frame is.
    Nack {
        /// The frame's number.
        frame: u32,
        /// The chunks' numbers.
        chunks: &'a [[u8; 2]],
    },
    /// `00 08`: the frame is complete.
    Ack {
        /// The frame's number.
        frame: u32,
    },
    /// `01 09`: the sender has received the [`Ack`](Self::Ack).
    AckReceived {
        /// The frame's number.
        frame: u32,
    },
}
