//! Cameras of each generation of the protocol, and the newest viewer.

mod common;

use common::{Camera, H264, Viewer, bytes, unit};
use gst::prelude::*;

const GENERATIONS: [(&str, u32); 5] = [("0x09", 0x09), ("0x10", 0x10), ("0x12", 0x12), ("0x14", 0x14), ("0x1a", 0x1a)];

#[test]
fn each_generation_plays_and_is_named() {
    for (nick, generation) in GENERATIONS {
        let camera = Camera::of_generation(nick, H264);
        let viewer = Viewer::watch(&camera);
        assert_eq!(viewer.message("tutk-connected").get("generation"), Ok(generation));
        for number in 0..4 {
            camera.push(unit(number, number == 0), number == 0);
            let (buffer, _) = viewer.pull();
            assert!(bytes(&buffer) == unit(number, number == 0), "frame {number} of {nick}");
        }
    }
}

#[test]
fn the_newest_generation_is_the_default() {
    let camera = Camera::start(H264);
    assert_eq!(camera.sink.property_value("generation").serialize().unwrap(), "0x1a");
    let viewer = Viewer::watch(&camera);
    assert_eq!(viewer.message("tutk-connected").get("generation"), Ok(0x1au32));
}
