use std::time::Instant;

use crate::input::Input;
use tutk_proto::video::VideoParser;
use tutk_proto::{Codec, Frame};

const CODECS: [Codec; 8] =
    [Codec::H264, Codec::H265, Codec::Mpeg4, Codec::Mjpeg, Codec::H263, Codec::Pcm, Codec::Unknown(0), Codec::H264];
/// More than any stream's headers take.
const MAX_WAITING: u64 = 16;

/// A camera's video: frames of any bytes, codec and flag, and losses.
pub fn video(data: &[u8]) {
    let mut input = Input::new(data);
    let mut parser = VideoParser::default();
    let (mut number, mut gone, mut lost) = (0, 0, true);
    let mut next = 0;
    input.each(|input| {
        let how = input.u8();
        if how & 0xF0 == 0xF0 {
            gone += u64::from(parser.lost());
            lost = true;
        }
        let frame = Frame::new(CODECS[usize::from(how & 7)], input.datagram().to_vec(), Instant::now())
            .with_key(how & 8 != 0)
            .with_number(number);
        number += 1;
        gone += parser.push(frame).map_or(0, |dropped| u64::from(dropped.frames));
        while let Some(unit) = parser.pop() {
            assert!(unit.frame.codec.is_video() && !unit.frame.data.is_empty());
            assert!(unit.first >= next && unit.first <= unit.frame.number);
            // A decoder can start at what follows a loss.
            assert!(!lost || (unit.discont && unit.frame.key && unit.begins_picture));
            lost = false;
            next = unit.frame.number + 1;
            gone += u64::from(unit.frames);
        }
        // Each frame has gone on, was dropped, or waits for a picture.
        assert!(gone <= number.into() && u64::from(number) - gone <= MAX_WAITING);
    });
    gone += u64::from(parser.restart());
    assert!(gone == number.into());
}
