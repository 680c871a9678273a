//! A camera that keeps its session alive and sends no video.

mod common;

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use common::media::{is_of_frame, with_av};
use common::relay::Relay;
use common::{Camera, Event, H264, LONG, Viewer, has, unit};
use gst::BufferFlags as Flags;
use gst::prelude::*;
use tutk::io_control;
use tutk::proto::AvStyle;
use tutk::wire::Av;

/// A viewer that takes the camera for stalled after so many milliseconds.
fn viewer(camera: &Camera, timeout: u32) -> Viewer {
    let viewer = Viewer::of(camera);
    viewer.src.set_property("frame-timeout", timeout);
    viewer
}

/// Runs a test with a time limit for the camera in milliseconds; again with a longer one on a machine too busy to keep it.
fn patiently(test: impl Fn(u32)) {
    for timeout in [500, 2_000] {
        if panic::catch_unwind(AssertUnwindSafe(|| test(timeout))).is_ok() {
            return;
        }
        println!("{timeout} ms were too short");
    }
    test(8_000);
}

/// How the gaps that come out of the source end.
fn gaps(viewer: &Viewer) -> Receiver<gst::ClockTime> {
    let (sender, gaps) = channel();
    viewer.src.static_pad("src").unwrap().add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::EventView::Gap(gap)) = info.event().map(|event| event.view()) {
            let (from, duration) = gap.get();
            let _ = sender.send(from + duration.unwrap());
        }
        gst::PadProbeReturn::Ok
    });
    gaps
}

/// The loss of a session without frames, by its message.
fn lost(viewer: &Viewer, attempt: u32) {
    let disconnected = viewer.message("tutk-disconnected");
    assert_eq!((disconnected.get("reason"), disconnected.get("attempt")), (Ok("no-frames"), Ok(attempt)));
}

/// The messages of this type, from now on.
fn counter(viewer: &Viewer, kind: gst::MessageType) -> Receiver<gst::Message> {
    let (sender, messages) = channel();
    viewer.pipeline.bus().unwrap().set_sync_handler(move |_, message| {
        if message.type_() == kind {
            let _ = sender.send(message.clone());
        }
        gst::BusSyncReply::Pass
    });
    messages
}

#[test]
fn a_camera_that_stops_sending_is_asked_again_and_then_given_up() {
    patiently(give_up);
}

fn give_up(timeout: u32) {
    let camera = Camera::start(H264);
    let viewer = viewer(&camera, timeout);
    let (gaps, warnings) = (gaps(&viewer), counter(&viewer, gst::MessageType::Warning));
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    let (buffer, _) = viewer.pull();

    // Nothing comes: video is requested again in the same session, and downstream gets gap events.
    let asked = camera.wait_for_watcher();
    assert!(gaps.recv_timeout(LONG).unwrap() > buffer.pts().unwrap());
    viewer.message("tutk-connected");
    lost(&viewer, 1);
    // Nor in the next two sessions.
    for attempt in [2, 3] {
        let next = camera.wait_for_watcher();
        assert!(next != asked);
        assert_eq!(camera.wait_for_watcher(), next);
        lost(&viewer, attempt);
    }
    camera.wait_for_watcher();
    let last = gaps.try_iter().last();
    camera.push(unit(0, true), true);
    let (buffer, _) = viewer.pull();
    assert!(has(&buffer, Flags::DISCONT) && has(&buffer, Flags::RESYNC) && buffer.pts() > last);
    // The outage was one, and its warning as well.
    let warnings: Vec<_> = warnings.try_iter().collect();
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    let gst::MessageView::Warning(warning) = warning.view() else { unreachable!() };
    let text = warning.error().to_string();
    assert!(text.contains(&camera.uid) && text.contains("no video") && text.contains("frame-timeout"), "{text}");
}

#[test]
fn a_camera_that_goes_on_when_it_is_asked_again_keeps_its_session() {
    patiently(go_on);
}

fn go_on(timeout: u32) {
    let camera = Camera::start(H264);
    let viewer = viewer(&camera, timeout);
    viewer.play();
    let id = camera.wait_for_watcher();
    for number in 0..3 {
        camera.push(unit(number, true), true);
        let (buffer, _) = viewer.pull();
        assert_eq!(has(&buffer, Flags::DISCONT), number == 0);
        assert_eq!(camera.wait_for_watcher(), id);
    }
    assert_eq!(viewer.src.property::<gst::Structure>("stats").get("reconnects"), Ok(0u64));
}

#[test]
fn frames_that_cannot_be_decoded_count_as_none() {
    for (generation, style) in [("0x09", AvStyle::Classic), ("0x1a", AvStyle::Packet)] {
        // Longer than what is lost is asked for.
        patiently(|timeout| play_without_a_frame(generation, style, timeout * 4));
    }
}

fn play_without_a_frame(generation: &str, style: AvStyle, timeout: u32) {
    let camera = Camera::of_generation(generation, H264);
    let network = Relay::losing(&camera, move |datagram| is_of_frame(style, datagram, |number| number == 1));
    let viewer = viewer(&camera, timeout);
    viewer.src.set_property("address", network.address());
    // The network reads what it loses.
    viewer.src.set_property_from_str("encryption", "off");
    let gaps = gaps(&viewer);
    viewer.play();
    let id = camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    let (buffer, _) = viewer.pull();
    for number in 1.. {
        camera.push(unit(number, false), false);
        // Twenty frames a second, until it is asked again.
        let event = camera.events.recv_timeout(Duration::from_millis(50));
        if event == Ok(Event::IoControl(id, io_control::START_VIDEO, vec![0; 8])) {
            break;
        }
    }
    camera.push(unit(2, false), false);
    assert!(gaps.recv_timeout(LONG).unwrap() > buffer.pts().unwrap());
    lost(&viewer, 1);
    let stats = viewer.src.property::<gst::Structure>("stats");
    assert!(stats.get::<u64>("frames-received").unwrap() > 2 && stats.get("frames-lost") == Ok(1u64), "{stats:?}");
}

#[test]
fn a_start_command_that_is_not_confirmed_costs_the_session() {
    // In packet style the acknowledgements of media are those of IO controls, too.
    let camera = Camera::of_generation("0x09", H264);
    let is_ack = |av: &Av<'_>| matches!(av, Av::IoControlAck { .. });
    let network = Relay::losing(&camera, move |datagram| with_av(AvStyle::Classic, datagram, is_ack) == Some(true));
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("address", network.address());
    // The camera itself is not impatient.
    viewer.src.set_property("frame-timeout", 0u32);
    viewer.play();
    camera.wait_for_watcher();
    lost(&viewer, 1);
}

#[test]
fn without_reconnect_a_camera_that_stops_sending_is_an_error() {
    patiently(stop_sending);
}

fn stop_sending(timeout: u32) {
    let camera = Camera::start(H264);
    let viewer = viewer(&camera, timeout);
    viewer.src.set_property("reconnect", false);
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    viewer.pull();
    let (error, _) = viewer.error();
    assert!(error.matches(gst::ResourceError::Read) && error.message().contains("no video"), "{error}");
}
