//! Elements downstream that wait: sinks until a frame's time has come, others for as long as they like.

use std::time::{Duration, Instant};

use gst::prelude::*;
use tutk::io_control::SET_TIME;

use crate::common::{Camera, Event, H264, LONG, Viewer, bytes, has, unit};

/// Holds up what comes out of the source until the probe is removed; returns it once a buffer waits there.
fn block(viewer: &Viewer, meanwhile: impl FnOnce()) -> gst::PadProbeId {
    let (blocked, is_blocked) = std::sync::mpsc::channel();
    let pad = viewer.src.static_pad("src").unwrap();
    let probe = pad.add_probe(gst::PadProbeType::BLOCK | gst::PadProbeType::BUFFER, move |_, _| {
        let _ = blocked.send(());
        gst::PadProbeReturn::Ok
    });
    meanwhile();
    is_blocked.recv_timeout(LONG).unwrap();
    probe.unwrap()
}

fn statistic(viewer: &Viewer, name: &str) -> u64 {
    viewer.src.property::<gst::Structure>("stats").get(name).unwrap()
}

/// Pushes a frame and waits until it has come.
fn push_through(camera: &Camera, viewer: &Viewer, number: u64, key: bool) {
    let received = statistic(viewer, "frames-received");
    camera.push(unit(number, key), key);
    let deadline = Instant::now() + LONG;
    while statistic(viewer, "frames-received") == received {
        assert!(Instant::now() < deadline, "frame {number} does not come");
        std::thread::yield_now();
    }
}

#[test]
fn a_sink_that_waits_does_not_hold_up_the_times() {
    let camera = Camera::start(H264);
    let viewer = Viewer::of(&camera);
    viewer.appsink.set_sync(true);
    // What an encoder or a mixer downstream may need.
    let waits = gst::ClockTime::SECOND;
    viewer.pipeline.set_latency(waits);
    viewer.play();
    camera.wait_for_watcher();
    for number in 0..10 {
        camera.push(unit(number, number == 0), number == 0);
    }
    let times: Vec<_> = (0..10).map(|_| viewer.pull().0.pts().unwrap()).collect();
    // They came at once, whenever each of them is shown.
    assert!(times[9] - times[0] < waits, "{times:?}");
    let mut latency = gst::query::Latency::new();
    assert!(viewer.src.static_pad("src").unwrap().query(latency.query_mut()));
    assert!(latency.result().1 < waits, "{latency:?}");
}

#[test]
fn a_pipeline_that_stands_still_keeps_its_session_and_what_fits() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    camera.push(unit(0, true), true);
    viewer.pull();
    let probe = block(&viewer, || camera.push(unit(1, true), true));
    let frames = |name: &str| statistic(&viewer, name);
    // More than may wait.
    while frames("frames-dropped") == 0 {
        let received = frames("frames-received");
        camera.push(unit(1, true), true);
        // The camera passes over what comes too fast for its confirmations.
        let soon = Instant::now() + Duration::from_millis(50);
        while frames("frames-received") == received && Instant::now() < soon {
            std::thread::yield_now();
        }
    }
    // The session is alive.
    assert!(viewer.src.emit_by_name::<bool>("sync-time", &[]));
    camera.wait(|event| matches!(event, Event::IoControl(_, SET_TIME, _)).then_some(()));
    let kept = frames("frames-received") - frames("frames-dropped") - 1;
    assert!((16 << 20) / unit(1, true).len() as u64 >= kept && kept > 200, "{kept}");

    viewer.src.static_pad("src").unwrap().remove_probe(probe);
    for number in 1..=kept {
        let (buffer, _) = viewer.pull();
        assert_eq!((buffer.offset(), has(&buffer, gst::BufferFlags::DISCONT)), (number, false));
    }
    camera.push(unit(2, true), true);
    let (buffer, _) = viewer.pull();
    assert!(bytes(&buffer) == unit(2, true) && has(&buffer, gst::BufferFlags::DISCONT));
}

#[test]
fn a_viewer_that_is_too_slow_skips_to_the_newest_key_frame() {
    let camera = Camera::start(H264);
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("max-queue-time", 500u32);
    viewer.play();
    camera.wait_for_watcher();
    let probe = block(&viewer, || camera.push(unit(0, true), true));
    let waits = Duration::from_millis(600);
    for number in 1..=6 {
        push_through(&camera, &viewer, number, number % 3 == 0);
    }
    // By now those that wait are old, and the next key frame is newer.
    std::thread::sleep(waits);
    push_through(&camera, &viewer, 7, false);
    push_through(&camera, &viewer, 8, false);
    std::thread::sleep(waits);
    push_through(&camera, &viewer, 9, true);
    push_through(&camera, &viewer, 10, false);
    assert_eq!(statistic(&viewer, "frames-dropped"), 8);
    viewer.src.static_pad("src").unwrap().remove_probe(probe);
    for (number, discont) in [(0, true), (9, true), (10, false)] {
        let (buffer, _) = viewer.pull();
        assert!(bytes(&buffer) == unit(number, number % 3 == 0), "frame {}", buffer.offset());
        assert_eq!((buffer.offset(), has(&buffer, gst::BufferFlags::DISCONT)), (number, discont));
    }
    // One warning, with the numbers of the first time.
    let warning = viewer.warning();
    assert!(warning.contains("5 frames") && warning.contains(&camera.uid), "{warning}");
    assert!(viewer.pipeline.bus().unwrap().pop_filtered(&[gst::MessageType::Warning]).is_none());
}

#[test]
fn a_disk_that_stalls_for_five_seconds_costs_a_recorder_nothing() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    let probe = block(&viewer, || camera.push(unit(0, true), true));
    let (begin, mut frames) = (Instant::now(), 1);
    while begin.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(40));
        push_through(&camera, &viewer, frames, frames % 25 == 0);
        frames += 1;
    }
    viewer.src.static_pad("src").unwrap().remove_probe(probe);
    for number in 0..frames {
        let (buffer, _) = viewer.pull();
        assert!(bytes(&buffer) == unit(number, number % 25 == 0), "frame {}", buffer.offset());
        assert_eq!((buffer.offset(), has(&buffer, gst::BufferFlags::DISCONT)), (number, number == 0));
    }
    assert_eq!(statistic(&viewer, "frames-dropped"), 0);
}
