//! Starting and stopping leaves nothing behind.

mod common;

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use common::pictures::Launched;
use common::{Camera, H264, Viewer, unit};
use gst::prelude::*;
use gsttutk::device_provider::TutkDeviceProvider;

const ROUNDS: u32 = 200;

/// Tracers are chosen by the environment, so that the work is done in a process of its own, which fails if objects are
/// left.
#[test]
fn two_hundred_starts_and_stops_leak_nothing() {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "starts_and_stops", "--nocapture", "--test-threads=1"])
        .env("GST_TRACERS", "leaks")
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
#[ignore = "run by the other test, alone and with a tracer"]
fn starts_and_stops() {
    // Threads that GLib would keep for a while, for others to use, would hide one that leaked.
    gst::glib::ThreadPool::set_max_unused_threads(Some(0));
    // What GStreamer makes once and keeps is made in the first rounds.
    for number in 0..8 {
        round(number);
    }
    let before = settled(|_| true);
    for number in 0..ROUNDS {
        round(number);
    }
    let good = |left: &Left| left.threads <= before.threads && left.descriptors <= before.descriptors;
    let after = settled(good);
    assert!(good(&after), "before {before:?}, after {after:?}");
}

/// Camera and viewer start, play and stop, each in several ways; now and then, the camera is a device as well.
fn round(number: u32) {
    let camera = Camera::new(H264);
    camera.sink.set_property("speaker", true);
    camera.play();
    if number.is_multiple_of(40) {
        let provider: TutkDeviceProvider = gst::glib::Object::new();
        provider.start().unwrap();
        let timeout = gst::ClockTime::try_from(common::LONG).unwrap();
        assert!(provider.bus().timed_pop_filtered(timeout, &[gst::MessageType::DeviceAdded]).is_some());
        provider.stop();
    }
    let viewer = Viewer::of(&camera);
    viewer.play();
    let way = number % 4;
    if way == 0 {
        // Stopped on the way.
        return;
    }
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    camera.push(unit(1, false), false);
    viewer.pull();
    viewer.pull();
    if number % 3 == 1 {
        speak(&camera, &viewer);
    }
    // A frame is under way when it ends.
    camera.push(unit(2, true), true);
    match way {
        1 => drop(viewer),
        2 => drop(camera),
        _ => {
            viewer.pipeline.set_state(gst::State::Paused).unwrap();
            viewer.play();
        }
    }
}

/// Speaks to the camera in the viewer's session, and is about to do so in another one when that ends.
fn speak(camera: &Camera, viewer: &Viewer) {
    let (sender, heard) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let handler = camera.sink.connect("talk-sample", false, move |_| {
        let _ = sender.lock().unwrap().send(());
        None
    });
    let caps = gst::Caps::builder("audio/x-mulaw").field("rate", 8_000).field("channels", 1).build();
    let sample = gst::Sample::builder().buffer(&gst::Buffer::from_slice([7; 160])).caps(&caps).build();
    let flow: gst::FlowReturn = viewer.src.emit_by_name("push-talk-sample", &[&Some(sample)]);
    assert_eq!(flow, gst::FlowReturn::Ok);
    heard.recv_timeout(common::LONG).unwrap();
    camera.sink.disconnect(handler);
    let _speaker = Launched::play(&format!(
        "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! tutkaudiosink uid={0} address={1} \
         tutktalksrc uid={0} ! fakesink",
        camera.uid,
        camera.address()
    ));
}

/// What there is in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    threads: usize,
    descriptors: usize,
}

impl Left {
    fn now() -> Self {
        let entries = |folder| fs::read_dir(folder).unwrap().count();
        Self { threads: entries("/proc/self/task"), descriptors: entries("/proc/self/fd") }
    }
}

/// What is left when it is `good` and has not changed for a second: GLib lets a thread wait half a second for other work
/// before it ends.
fn settled(good: impl Fn(&Left) -> bool) -> Left {
    let deadline = Instant::now() + common::LONG;
    let (mut left, mut same) = (Left::now(), 0);
    while Instant::now() < deadline && same < 10 {
        std::thread::sleep(Duration::from_millis(100));
        let now = Left::now();
        same = if good(&now) && now == left { same + 1 } else { 0 };
        left = now;
    }
    left
}
