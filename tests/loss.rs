//! Frames that the network loses for good.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

use common::media::is_of_frame;
use common::relay::Relay;
use common::{Camera, H264, JPEG, LONG, Viewer, bytes, has, unit};
use gst::BufferFlags as Flags;
use gst::prelude::*;
use tutk::proto::AvStyle;

/// One for each AV style.
const CAMERAS: [(&str, AvStyle); 2] = [("0x09", AvStyle::Classic), ("0x1a", AvStyle::Packet)];

/// Feeds a key frame, four predicted ones, of which the first gets lost, and a key frame; returns which come out, and
/// whether with DISCONT.
fn play((generation, style): (&str, AvStyle), caps: &str) -> Vec<(u64, bool)> {
    let camera = Camera::of_generation(generation, caps);
    let network = Relay::losing(&camera, move |datagram| is_of_frame(style, datagram, |number| number == 1));
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("address", network.address());
    // The network reads what it loses.
    viewer.src.set_property_from_str("encryption", "off");
    viewer.play();
    camera.wait_for_watcher();
    for number in 0..6 {
        camera.push(unit(number, number % 5 == 0), number % 5 == 0);
    }
    let mut out = Vec::new();
    while out.last().is_none_or(|(number, _)| *number < 5) {
        let (buffer, _) = viewer.pull();
        assert!(bytes(&buffer) == unit(buffer.offset(), buffer.offset() % 5 == 0));
        out.push((buffer.offset(), has(&buffer, Flags::DISCONT)));
    }
    out
}

#[test]
fn predicted_frames_are_dropped_up_to_the_next_key_frame() {
    for camera in CAMERAS {
        assert_eq!(play(camera, H264), [(0, true), (5, true)], "{camera:?}");
    }
}

#[test]
fn pictures_of_their_own_go_on() {
    for camera in CAMERAS {
        let wanted = [(0, true), (2, true), (3, false), (4, false), (5, false)];
        assert_eq!(play(camera, JPEG), wanted, "{camera:?}");
    }
}

#[test]
fn after_a_blackout_the_video_goes_on() {
    CAMERAS.into_iter().for_each(black_out);
}

fn black_out((generation, style): (&str, AvStyle)) {
    let camera = Camera::of_generation(generation, H264);
    let blackout = Arc::new(AtomicBool::new(false));
    let dark = blackout.clone();
    let network =
        Relay::losing(&camera, move |datagram| dark.load(Ordering::Relaxed) && is_of_frame(style, datagram, |_| true));
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("address", network.address());
    // The network reads what it loses.
    viewer.src.set_property_from_str("encryption", "off");
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    viewer.pull();

    // More than the camera keeps for a viewer gets lost: it is done with all but the last when that comes to it.
    blackout.store(true, Ordering::Relaxed);
    let (sender, comes) = channel();
    camera.sink.static_pad("sink").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        let _ = sender.send(());
        gst::PadProbeReturn::Ok
    });
    for number in 1..101 {
        camera.push(unit(number, true), true);
        comes.recv_timeout(LONG).unwrap();
    }
    blackout.store(false, Ordering::Relaxed);
    let short = gst::ClockTime::from_mseconds(50);
    let out = (101..400).find_map(|number| {
        camera.push(unit(number, true), true);
        viewer.appsink.try_pull_sample(short)
    });
    assert!(out.is_some(), "{generation}");
}
