//! Elements downstream that wait: sinks until a frame's time has come, others for as long as they like.

use gst::prelude::*;
use tutk::io_control::SET_TIME;

use crate::common::{Camera, Event, H264, LONG, Viewer, has, unit};

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
    let pad = viewer.src.static_pad("src").unwrap();
    let (blocked, is_blocked) = std::sync::mpsc::channel();
    let probe = pad.add_probe(gst::PadProbeType::BLOCK | gst::PadProbeType::BUFFER, move |_, _| {
        let _ = blocked.send(());
        gst::PadProbeReturn::Ok
    });
    let probe = probe.unwrap();
    let frames = |name: &str| viewer.src.property::<gst::Structure>("stats").get::<u64>(name).unwrap();
    // More than may wait; each is received before the next one is sent, so that the camera holds none back.
    let large = vec![1; 1 << 20];
    for number in 1..=20 {
        camera.push([unit(number, true), large.clone()].concat(), true);
        while frames("frames-received") <= number {
            std::thread::yield_now();
        }
    }
    is_blocked.recv_timeout(LONG).unwrap();
    let dropped = frames("frames-dropped");
    assert!((1..10).contains(&dropped), "{dropped}");
    // Commands still have their answers' way free: the session is alive.
    assert!(viewer.src.emit_by_name::<bool>("sync-time", &[]));
    camera.wait(|event| matches!(event, Event::IoControl(_, SET_TIME, _)).then_some(()));

    pad.remove_probe(probe);
    for number in 1..=20 - dropped {
        let (buffer, _) = viewer.pull();
        assert_eq!((buffer.offset(), has(&buffer, gst::BufferFlags::DISCONT)), (number, false));
    }
    camera.push(unit(21, true), true);
    let (buffer, _) = viewer.pull();
    assert_eq!((buffer.offset(), has(&buffer, gst::BufferFlags::DISCONT)), (21, true));
}
