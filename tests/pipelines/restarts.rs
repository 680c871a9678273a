//! A camera that restarts again and again, while the pipeline stays in PLAYING.

use std::sync::mpsc::{Receiver, channel};

use gst::BufferFlags as Flags;
use gst::prelude::*;

use crate::common::LONG;
use crate::common::pictures::{CameraProcess, Launched, TestPictureCamera};

const RESTARTS: usize = 30;

/// What comes out of the source.
#[derive(Debug)]
enum Seen {
    Frame { pts: gst::ClockTime, flags: Flags },
    Gap { from: gst::ClockTime, to: gst::ClockTime },
}

fn watch(viewer: &Launched) -> Receiver<Seen> {
    let (sender, seen) = channel();
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    viewer.element("src").static_pad("src").unwrap().add_probe(kinds, move |_, info| {
        if let Some(buffer) = info.buffer() {
            let _ = sender.send(Seen::Frame { pts: buffer.pts().unwrap(), flags: buffer.flags() });
        } else if let Some(gst::EventView::Gap(gap)) = info.event().map(|event| event.view()) {
            let (from, duration) = gap.get();
            let _ = sender.send(Seen::Gap { from, to: from + duration.unwrap() });
        }
        gst::PadProbeReturn::Ok
    });
    seen
}

/// Waits for what comes after a restart: gaps, a key frame that says so, and more frames. Returns the number of frames and
/// the time up to which downstream has heard.
fn wait_for_video(seen: &Receiver<Seen>, mut last: gst::ClockTime, restarted: bool) -> (usize, gst::ClockTime) {
    let (mut gaps, mut old) = (0, 0);
    let next = || seen.recv_timeout(LONG).expect("no frame came");
    loop {
        match next() {
            Seen::Gap { from, to } => {
                assert!(from >= last && from < to, "a gap from {from} to {to} after {last}");
                (last, gaps) = (to, gaps + 1);
            }
            Seen::Frame { pts, flags } => {
                assert!(pts > last, "{pts} after {last}");
                last = pts;
                if flags.contains(Flags::DISCONT) {
                    assert!(flags.contains(Flags::RESYNC) && !flags.contains(Flags::DELTA_UNIT), "{flags:?}");
                    break;
                }
                // Of before the restart.
                old += 1;
            }
        }
    }
    assert_eq!(gaps > 0, restarted);
    for _ in 0..3 {
        let Seen::Frame { pts, flags } = next() else { panic!("a gap while the camera plays") };
        assert!(pts > last && !flags.contains(Flags::DISCONT), "{flags:?} at {pts} after {last}");
        last = pts;
    }
    (old + 4, last)
}

#[test]
fn thirty_restarts_of_the_camera_are_played_through() {
    let camera = TestPictureCamera::start();
    // Asked by broadcast, because its port changes.
    let viewer = Launched::new(&format!(
        "tutksrc name=src backend=native uid={} address=127.255.255.255 idle-timeout=5000 \
         ! h264parse ! avdec_h264 ! appsink name=out sync=false",
        camera.uid
    ));
    let seen = watch(&viewer);
    viewer.set_state(gst::State::Playing).unwrap();
    let (mut frames, mut last) = wait_for_video(&seen, gst::ClockTime::ZERO, false);
    let mut other = None;
    for restart in 0..RESTARTS {
        match restart % 10 {
            8 => {
                camera.stop();
                other = Some(CameraProcess::start(&camera.uid));
            }
            // Without a goodbye.
            9 => {
                drop(other.take());
                camera.restart(0);
            }
            odd_or_even => {
                let port = if odd_or_even % 2 == 0 { camera.port() } else { 0 };
                camera.stop();
                camera.restart(port);
            }
        }
        let (new, until) = wait_for_video(&seen, last, true);
        (frames, last) = (frames + new, until);
    }
    let stats = viewer.element("src").property::<gst::Structure>("stats");
    assert_eq!(stats.get("reconnects"), Ok(RESTARTS as u64));

    viewer.send_event(gst::event::Eos::new());
    assert_eq!(
        viewer.count_pictures(),
        frames + seen.try_iter().filter(|seen| matches!(seen, Seen::Frame { .. })).count()
    );
    for message in viewer.bus().unwrap().iter() {
        match message.view() {
            gst::MessageView::Error(_) => panic!("{message:?}"),
            gst::MessageView::Warning(_) => assert!(message.src().unwrap().name() == "src", "{message:?}"),
            gst::MessageView::StateChanged(change) => assert!(change.old() < gst::State::Playing, "{message:?}"),
            _ => {}
        }
    }
}
