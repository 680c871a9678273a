//! Where PTS come from, on a clock that the test sets.

mod common;

use common::clock::Clock;
use common::{Camera, H264, Viewer, has, unit};
use gst::BufferFlags as Flags;
use gst::ClockTime;
use gst::prelude::*;

/// A camera that takes a frame each 40 ms by its own clock, and a viewer on a clock of the test's.
struct Scene {
    camera: Camera,
    viewer: Viewer,
    clock: Clock,
    /// What the camera's clock shows.
    taken: ClockTime,
    frames: u64,
    /// The latest that a frame has come to here, which its PTS takes for the network's delay.
    slowest: ClockTime,
}

/// What came out.
struct Out {
    pts: ClockTime,
    resync: bool,
    buffer: gst::Buffer,
}

const INTERVAL: ClockTime = ClockTime::from_mseconds(40);
/// How much PTS may be off the truth, on a machine that takes no time.
const NEAR: ClockTime = ClockTime::from_mseconds(5);

impl Scene {
    fn new(mode: &str) -> Self {
        let camera = Camera::start(H264);
        let viewer = Viewer::of(&camera);
        viewer.src.set_property_from_str("timestamp-mode", mode);
        let clock = Clock::new(ClockTime::from_seconds(100));
        viewer.pipeline.use_clock(Some(&clock));
        viewer.play();
        camera.wait_for_watcher();
        Self { camera, viewer, clock, taken: ClockTime::from_seconds(7), frames: 0, slowest: ClockTime::ZERO }
    }

    /// The next frame is taken, and comes so late.
    fn frame(&mut self, late: ClockTime) -> Out {
        self.taken += INTERVAL;
        let due = ClockTime::from_seconds(100) + INTERVAL * self.frames + late;
        self.clock.set_time(due);
        let key = self.frames == 0;
        let buffer = self.pass(self.frames, key, due);
        self.frames += 1;
        let flags = Flags::DISCONT | Flags::RESYNC;
        Out { pts: buffer.pts().unwrap(), resync: has(&buffer, flags), buffer }
    }

    /// Passes a frame, taken now, from the camera to here, where it is due at this time of the clock.
    fn pass(&mut self, number: u64, key: bool, due: ClockTime) -> gst::Buffer {
        self.camera.push_at(unit(number, key), key, Some(self.taken));
        let (buffer, _) = self.viewer.pull();
        // By the clock, which a thread that was suspended before it pushed has let go on.
        self.slowest = self.slowest.max(self.clock.now() - due);
        buffer
    }

    /// How much PTS may be off the truth.
    fn near(&self) -> ClockTime {
        NEAR + self.slowest
    }

    fn stats(&self) -> gst::Structure {
        self.viewer.src.property("stats")
    }
}

/// Up to 50 ms, the same in each run.
fn jitter(number: u64) -> ClockTime {
    ClockTime::from_useconds((number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % 50_000)
}

#[test]
fn the_camera_clock_takes_the_networks_jitter_away() {
    let mut scene = Scene::new("auto");
    let mut last = None;
    let mut proved = 0;
    for number in 0.. {
        // On a busy machine the camera's clock needs longer.
        if number >= 1_000 && proved > 500 {
            break;
        }
        assert!(number < 5_000, "{proved}");
        let out = scene.frame(jitter(number));
        assert!(Some(out.pts) > last);
        last = Some(out.pts);
        let truth = INTERVAL * number;
        if scene.stats().get("timestamps") == Ok("camera") {
            proved += 1;
            assert!(out.pts.absdiff(truth) < scene.near(), "frame {number}: {} instead of {truth}", out.pts);
        } else {
            assert!(out.pts + scene.near() > truth + jitter(number));
        }
    }

    // The jitter is the latency now, and the pipeline has got a message.
    let mut latency = gst::query::Latency::new();
    assert!(scene.viewer.src.static_pad("src").unwrap().query(latency.query_mut()));
    let (_, min, _) = latency.result();
    assert!(min >= ClockTime::from_mseconds(40) && min < ClockTime::from_mseconds(200) + scene.slowest, "{min}");
    assert_eq!(scene.stats().get("latency"), Ok(min));
    let bus = scene.viewer.pipeline.bus().unwrap();
    assert!(bus.pop_filtered(&[gst::MessageType::Latency]).is_some());
}

#[test]
fn a_camera_clock_that_is_set_resyncs() {
    let mut scene = Scene::new("camera");
    let mut last = None;
    for (number, set) in (0..1_500).map(|number| (number, number == 500 || number == 1_000)) {
        if set {
            // An hour on, and then two back.
            scene.taken = if number == 500 {
                scene.taken + ClockTime::from_seconds(3_600)
            } else {
                scene.taken - ClockTime::from_seconds(7_200).min(scene.taken)
            };
        }
        let out = scene.frame(ClockTime::ZERO);
        assert_eq!(out.resync, number == 0 || set, "frame {number}");
        assert!(
            Some(out.pts) > last && out.pts.absdiff(INTERVAL * number) < scene.near(),
            "frame {number}: {}",
            out.pts
        );
        last = Some(out.pts);
    }
}

#[test]
fn arrival_does_not_ask_the_camera() {
    let mut scene = Scene::new("arrival");
    for number in 0..50 {
        scene.taken = ClockTime::from_seconds(if number % 2 == 0 { 5_000 } else { 50 });
        let out = scene.frame(ClockTime::ZERO);
        assert_eq!(out.resync, number == 0);
        assert!(out.pts.absdiff(INTERVAL * number) < scene.near());
    }
    assert_eq!(scene.stats().get("timestamps"), Ok("arrival"));
}

#[test]
fn the_cameras_own_time_stays_on_the_buffer() {
    for mode in ["auto", "camera", "arrival"] {
        let mut scene = Scene::new(mode);
        let mut times = Vec::new();
        for _ in 0..10 {
            let out = scene.frame(ClockTime::ZERO);
            let meta = out.buffer.meta::<gst::ReferenceTimestampMeta>().unwrap();
            assert!(meta.reference().can_intersect(&gst::Caps::new_empty_simple("timestamp/x-tutk-camera")));
            times.push(meta.timestamp());
        }
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] == INTERVAL), "{mode}: {times:?}");
    }
}

#[test]
fn after_a_flush_that_resets_the_time_timestamps_restart() {
    for mode in ["auto", "camera", "arrival"] {
        let mut scene = Scene::new(mode);
        for number in 0..125 {
            scene.frame(jitter(number));
        }
        // The pipeline's running time is zero from now on.
        let flushed = scene.clock.hold();
        assert!(scene.viewer.pipeline.send_event(gst::event::FlushStart::new()));
        assert!(scene.viewer.pipeline.send_event(gst::event::FlushStop::new(true)));
        let mut last = None;
        for number in 0..50 {
            let due = flushed + INTERVAL * number;
            scene.clock.set_time(due);
            scene.taken += INTERVAL;
            let buffer = scene.pass(number, number == 0, due);
            let pts = buffer.pts().unwrap();
            assert!(Some(pts) > last && pts.absdiff(INTERVAL * number) < scene.near(), "{mode}, frame {number}: {pts}");
            assert_eq!(has(&buffer, Flags::DISCONT | Flags::RESYNC), number == 0, "{mode}, frame {number}");
            last = Some(pts);
        }
        assert!(scene.stats().get::<ClockTime>("latency").unwrap() < scene.near() * 2 + ClockTime::from_mseconds(20));
    }
}
