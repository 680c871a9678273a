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
        /// The receiver's clock in ms, which the answer repeats.
        clock: u32,
        /// The sender's clock in the chunk that came last.
        echo: u16,
        /// As in the chunks of the frame.
        clean: u32,
    },
    /// `01 09`: the sender has received the [`Ack`](Self::Ack).
    AckReceived {
        /// The frame's number.
        frame: u32,
        /// As in the acknowledgement.
        clock: u32,
        /// As in the acknowledgement.
        clean: u32,
    },
    /// `01 0A`: the sender does not have the frame of a [`Nack`](Self::Nack): not yet, or no longer.
    NotAvailable {
        /// The frame's number.
        frame: u32,
    },
    /// `00 05`: these frames of audio are lost, little-endian numbers.
    NackAudio {
        /// The frames' numbers.
        frames: &'a [[u8; 4]],
    },
}
