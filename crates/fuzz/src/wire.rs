use tutk_proto::wire::{self, Av, FrameInfo, Message};
use tutk_proto::{AvStyle, Generation};

/// A plain datagram, and frame info: what was read can be written, and is the same when it is read again.
pub fn message(data: &[u8]) {
    let info = FrameInfo::decode(data);
    assert_eq!(FrameInfo::decode(&info.encode()), info);
    let Ok(message) = Message::decode(data) else { return };
    let (mut first, mut second) = (Vec::new(), Vec::new());
    message.encode(Generation::G09, &mut first);
    Message::decode(&first).expect("what was written can be read").encode(Generation::G09, &mut second);
    assert_eq!(first, second);
    let Message::Data { payload, .. } = message else { return };
    for (style, generation) in [(AvStyle::Classic, Generation::G09), (AvStyle::Packet, Generation::G1A)] {
        let Ok(av) = Av::decode(style, payload) else { continue };
        let first = av.to_payload(style, generation);
        let second = Av::decode(style, &first).expect("what was written can be read");
        assert_eq!(first, second.to_payload(style, generation));
    }
}

/// The scramble and its reverse undo each other, in either order.
pub fn scramble(data: &[u8]) {
    let mut datagram = data.to_vec();
    wire::scramble(&mut datagram);
    wire::descramble(&mut datagram);
    assert_eq!(datagram, data);
    wire::descramble(&mut datagram);
    wire::scramble(&mut datagram);
    assert_eq!(datagram, data);
}
