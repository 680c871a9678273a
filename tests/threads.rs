//! Everything at once from several threads: nothing hangs, nothing crashes, and it still plays afterwards.
//!
//! With `TUTK_TEST_ROUNDS` in the environment there are so many rounds; under valgrind fewer have to do.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use common::pictures::Launched;
use common::{Camera, H264, Viewer, bytes, unit};
use gst::glib;
use gst::prelude::*;
use gsttutk::PtzDirection;

fn rounds(count: usize) -> usize {
    std::env::var("TUTK_TEST_ROUNDS").map_or(count, |rounds| rounds.parse::<usize>().unwrap().min(count))
}

/// Runs each of these in a thread of its own, again and again, for as long as the last runs once. Steps that need a
/// camera or time may fail: that they come back is what counts.
fn beside(steps: &[&(dyn Fn() + Sync)], last: impl FnOnce()) {
    let end = AtomicBool::new(false);
    let repeat = |step: &(dyn Fn() + Sync)| {
        while !end.load(Ordering::Relaxed) {
            step();
            // The cores are for all of them.
            thread::sleep(Duration::from_micros(200));
        }
    };
    thread::scope(|scope| {
        for step in steps {
            scope.spawn(|| repeat(*step));
        }
        // Otherwise a failure would wait for the other threads without an end.
        let last = std::panic::catch_unwind(std::panic::AssertUnwindSafe(last));
        end.store(true, Ordering::Relaxed);
        last.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

/// From NULL on, the camera's next key frame comes out.
fn still_plays(camera: &Camera, viewer: &Viewer) {
    viewer.pipeline.set_state(gst::State::Null).unwrap();
    viewer.play();
    // What the camera sent before may come first.
    let end = Instant::now() + common::LONG;
    loop {
        camera.push(unit(99, true), true);
        let sample = viewer.appsink.try_pull_sample(gst::ClockTime::from_mseconds(100));
        if sample.is_some_and(|sample| bytes(&sample.buffer_owned().unwrap()) == unit(99, true)) {
            break;
        }
        assert!(Instant::now() < end, "it does not play any more");
    }
    assert_eq!(viewer.pipeline.state(gst::ClockTime::from_seconds(20)).1, gst::State::Playing);
}

/// A viewer that throws away what nobody pulls. In the storms nobody does: an appsink of 1.22 that starts anew while
/// somebody still has its last sample changes that sample, with a critical warning.
fn viewer_of(camera: &Camera) -> Viewer {
    let viewer = Viewer::of(camera);
    viewer.appsink.set_max_buffers(1);
    viewer.appsink.set_drop(true);
    viewer
}

fn read(viewer: &Viewer) {
    for property in viewer.src.list_properties() {
        if property.flags().contains(glib::ParamFlags::READABLE) {
            viewer.src.property_value(property.name());
        }
    }
    viewer.src.query(&mut gst::query::Latency::new());
    viewer.src.query_position::<gst::ClockTime>();
}

fn act(viewer: &Viewer) {
    let body = glib::Bytes::from_static(b"body");
    viewer.src.emit_by_name::<Option<glib::Bytes>>("io-control", &[&0x330_u32, &body, &1_u32]);
    viewer.src.emit_by_name::<bool>("ptz", &[&PtzDirection::Left, &1_u32, &1_u32]);
    viewer.src.emit_by_name::<bool>("sync-time", &[]);
}

#[test]
fn states_change_from_several_threads_at_once() {
    let camera = Camera::start(H264);
    let viewer = viewer_of(&camera);
    let numbers = std::sync::Mutex::new(fastrand::Rng::with_seed(1));
    let change = || {
        let states = [gst::State::Null, gst::State::Ready, gst::State::Paused, gst::State::Playing];
        let state = states[numbers.lock().unwrap().usize(..4)];
        let _ = viewer.pipeline.set_state(state);
    };
    let (read, act) = (|| read(&viewer), || act(&viewer));
    beside(&[&change, &change, &read, &act], || {
        for number in 0..rounds(1_000) as u64 {
            camera.push(unit(number, number.is_multiple_of(8)), number.is_multiple_of(8));
            change();
        }
    });
    still_plays(&camera, &viewer);
}

#[test]
fn a_thousand_cycles_end_at_random_moments() {
    let camera = Camera::start(H264);
    let viewer = viewer_of(&camera);
    let mut numbers = fastrand::Rng::with_seed(2);
    let (read, act) = (|| read(&viewer), || act(&viewer));
    beside(&[&read, &act], || {
        for _ in 0..rounds(1_000) {
            viewer.play();
            // The moment is what is random; nothing is waited for.
            thread::sleep(Duration::from_micros(numbers.u64(..8_000)));
            camera.push(unit(0, true), true);
            viewer.pipeline.set_state(gst::State::Null).unwrap();
        }
    });
    still_plays(&camera, &viewer);
}

#[test]
fn a_thousand_cycles_of_a_camera_leave_its_viewer_playing() {
    let camera = Camera::start(H264);
    let viewer = viewer_of(&camera);
    viewer.play();
    camera.wait_for_watcher();
    let port = camera.sink.property::<u32>("current-port");
    let mut numbers = fastrand::Rng::with_seed(3);
    let sink = camera.sink.clone();
    let ports = || {
        sink.property::<u32>("current-port");
    };
    let read = || read(&viewer);
    beside(&[&ports, &read], || {
        for _ in 0..rounds(1_000) {
            camera.stop();
            camera.restart(port);
            camera.push(unit(0, true), true);
            thread::sleep(Duration::from_micros(numbers.u64(..2_000)));
        }
    });
    still_plays(&camera, &viewer);
}

#[test]
fn a_source_goes_while_it_connects() {
    common::init();
    for number in 0..rounds(200) {
        let viewer = Viewer::new(|src| {
            src.set_property("uid", common::uid());
            src.set_property("address", ["127.0.0.1:9", "localhost:9"][number % 2]);
        });
        viewer.play();
        let weak = viewer.src.downgrade();
        if number % 3 == 0 {
            thread::yield_now();
        }
        drop(viewer);
        assert!(weak.upgrade().is_none(), "round {number}");
    }
}

#[test]
fn flushes_from_several_threads_end_nothing() {
    let camera = Camera::start(H264);
    let viewer = viewer_of(&camera);
    // GStreamer itself locks up when elements that change their state after a flush are flushed again meanwhile.
    viewer.appsink.set_property("async", false);
    viewer.play();
    camera.wait_for_watcher();
    let pad = viewer.src.static_pad("src").unwrap();
    // As a flushing seek does: base classes call unlock() and unlock_stop() for it. A flush that ends while none has begun
    // waits for the streaming thread, in any source, so that pairs stay together.
    let pair = std::sync::Mutex::new(());
    let flush = || {
        let _together = pair.lock().unwrap();
        viewer.src.send_event(gst::event::FlushStart::new());
        viewer.src.send_event(gst::event::FlushStop::new(true));
    };
    let (read, act) = (|| read(&viewer), || act(&viewer));
    beside(&[&flush, &flush, &read, &act], || {
        for number in 0..rounds(1_000) as u64 {
            camera.push(unit(number, true), true);
            flush();
        }
    });
    assert!(!pad.pad_flags().contains(gst::PadFlags::FLUSHING));
    still_plays(&camera, &viewer);
}

/// A viewer of both streams, and which of them have come.
fn viewer_of_both(camera: &Launched) -> (Launched, Receiver<&'static str>) {
    let sink = camera.element("sink");
    let viewer = Launched::new(&format!(
        "tutksrc name=src backend=native uid={} address=127.0.0.1:{} ! tutkdemux name=demux \
         queue name=video ! fakesink async=false queue name=audio ! fakesink async=false",
        sink.property::<String>("uid"),
        sink.property::<u32>("current-port"),
    ));
    let queues = ["video", "audio"].map(|name| viewer.element(name));
    // Pads come anew in each cycle.
    viewer.element("demux").connect_pad_added(move |_, pad| {
        let of_this = |queue: &&gst::Element| pad.name().starts_with(queue.name().as_str());
        if let Some(sink) = queues.iter().find(of_this).and_then(|queue| queue.static_pad("sink")) {
            let _ = pad.link(&sink);
        }
    });
    let (sender, came) = channel();
    for name in ["video", "audio"] {
        let sender = sender.clone();
        viewer.element(name).static_pad("sink").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            let _ = sender.send(name);
            gst::PadProbeReturn::Ok
        });
    }
    (viewer, came)
}

/// A camera with a picture and a tone, which is found again where it was.
fn camera_of_both() -> Launched {
    common::init();
    Launched::play(&format!(
        "tutkmux name=mux ! tutksink name=sink uid={} port={} videotestsrc is-live=true ! video/x-raw,width=64,height=64 \
         ! jpegenc ! queue ! mux.video audiotestsrc is-live=true samplesperbuffer=160 ! audio/x-raw,rate=8000,channels=1 \
         ! mulawenc ! queue ! mux.audio",
        common::uid(),
        common::port()
    ))
}

/// From NULL on, both streams come out.
fn still_plays_both(viewer: &Launched, came: &Receiver<&'static str>) {
    viewer.set_state(gst::State::Null).unwrap();
    came.try_iter().for_each(drop);
    viewer.set_state(gst::State::Playing).unwrap();
    wait_for_both(came);
}

fn wait_for_both(came: &Receiver<&'static str>) {
    let (mut video, mut audio) = (false, false);
    while !(video && audio) {
        let name = came.recv_timeout(common::LONG).expect("it does not play any more");
        video |= name == "video";
        audio |= name == "audio";
    }
}

fn query(viewer: &Launched) {
    viewer.query(&mut gst::query::Latency::new());
    viewer.query_position::<gst::ClockTime>();
}

#[test]
fn streams_come_and_go_on_both_sides() {
    let camera = camera_of_both();
    let (viewer, came) = viewer_of_both(&camera);
    let mut numbers = fastrand::Rng::with_seed(4);
    beside(&[&|| query(&viewer)], || {
        for number in 0..rounds(60) {
            let _ = viewer.set_state(gst::State::Playing);
            // In each second round both streams are there, and go at a random moment.
            if number % 2 == 0 {
                wait_for_both(&came);
            }
            thread::sleep(Duration::from_micros(numbers.u64(..20_000)));
            let states = [gst::State::Null, gst::State::Ready, gst::State::Paused];
            let _ = viewer.set_state(states[numbers.usize(..3)]);
            came.try_iter().for_each(drop);
            if number % 10 == 0 {
                camera.set_state(gst::State::Null).unwrap();
                camera.set_state(gst::State::Playing).unwrap();
            }
        }
    });
    still_plays_both(&viewer, &came);
}

#[test]
fn flushes_of_both_streams_end_nothing() {
    let camera = camera_of_both();
    let (viewer, came) = viewer_of_both(&camera);
    viewer.set_state(gst::State::Playing).unwrap();
    let source = viewer.element("src");
    let mut numbers = fastrand::Rng::with_seed(5);
    beside(&[&|| query(&viewer)], || {
        for number in 0..rounds(300) {
            if number % 10 == 0 {
                wait_for_both(&came);
            }
            source.send_event(gst::event::FlushStart::new());
            thread::sleep(Duration::from_micros(numbers.u64(..2_000)));
            source.send_event(gst::event::FlushStop::new(true));
            came.try_iter().for_each(drop);
        }
    });
    wait_for_both(&came);
    still_plays_both(&viewer, &came);
}

/// In the session of a source and in an own one, while it connects, learns what the camera takes, and speaks.
#[test]
fn speech_starts_and_stops_from_several_threads() {
    let camera = Camera::new(H264);
    camera.sink.set_property("speaker", true);
    let (sender, heard) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    camera.sink.connect("talk-sample", false, move |_| {
        let _ = sender.lock().unwrap().send(());
        None
    });
    camera.play();
    let there = format!("uid={} address={}", camera.uid, camera.address());
    for (number, source) in
        [format!("tutksrc name=src backend=native {there} ! fakesink async=false"), String::new()].iter().enumerate()
    {
        let pipeline = Launched::new(&format!(
            "{source} audiotestsrc is-live=true samplesperbuffer=160 ! audio/x-raw,rate=8000,channels=1 ! mulawenc \
             ! tutkaudiosink name=speaker {there} tutktalksrc uid={} ! fakesink async=false",
            camera.uid
        ));
        let numbers = std::sync::Mutex::new(fastrand::Rng::with_seed(4 + number as u64));
        let change = || {
            let states = [gst::State::Null, gst::State::Ready, gst::State::Paused, gst::State::Playing];
            let state = states[numbers.lock().unwrap().usize(..4)];
            let _ = pipeline.set_state(state);
        };
        let speaker = pipeline.element("speaker");
        let read = || {
            for property in speaker.list_properties() {
                if property.flags().contains(glib::ParamFlags::READABLE) {
                    speaker.property_value(property.name());
                }
            }
            speaker.static_pad("sink").unwrap().query_caps(None);
        };
        let source = pipeline.by_name("src");
        let push = || {
            let Some(source) = &source else { return };
            let caps = gst::Caps::builder("audio/x-mulaw").field("rate", 8_000).field("channels", 1).build();
            let sample = gst::Sample::builder().buffer(&gst::Buffer::from_slice([7; 160])).caps(&caps).build();
            let _ = source.emit_by_name::<gst::FlowReturn>("push-talk-sample", &[&Some(sample)]);
            let _ = source.emit_by_name::<gst::FlowReturn>("push-talk-sample", &[&None::<gst::Sample>]);
        };
        beside(&[&change, &read, &push], || {
            for number in 0..rounds(300) as u64 {
                camera.push(unit(number, true), true);
                change();
                thread::sleep(Duration::from_micros(numbers.lock().unwrap().u64(..4_000)));
            }
        });
        pipeline.set_state(gst::State::Null).unwrap();
        while heard.try_recv().is_ok() {}
        pipeline.set_state(gst::State::Playing).unwrap();
        heard.recv_timeout(common::LONG).expect("it does not speak any more");
        pipeline.set_state(gst::State::Null).unwrap();
    }
}
