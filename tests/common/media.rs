//! What is in the datagrams between a camera and a viewer.

use tutk::proto::AvStyle;
use tutk::wire::packet::{Content, Data, Packet};
use tutk::wire::{self, Av, Message};

/// What a datagram of a session says.
pub fn with_av<T>(style: AvStyle, datagram: &[u8], look: impl FnOnce(&Av<'_>) -> T) -> Option<T> {
    let mut datagram = datagram.to_vec();
    wire::descramble(&mut datagram);
    let Ok(Message::Data { payload, .. }) = Message::decode(&datagram) else { return None };
    Av::decode(style, payload).ok().map(|av| look(&av))
}

/// The piece of a frame of video in a datagram: the number of the frame, from 0. Parity, which repairs any, counts as a piece of
/// every one.
pub fn is_of_frame(style: AvStyle, datagram: &[u8], wanted: impl Fn(u32) -> bool) -> bool {
    with_av(style, datagram, |av| match av {
        Av::Video { chunk, .. } => wanted(chunk.frame),
        Av::Packet(Packet::Data(Data { chunk, .. })) => match chunk.content {
            Content::Media { .. } => wanted(chunk.frame - 1),
            Content::Parity => true,
            Content::Io { .. } => false,
        },
        _ => false,
    })
    .unwrap_or_default()
}
