//! `tutksrc` plays what `tutksink` is fed.

mod common;

use common::{Camera, Event, H264, H265, JPEG, LONG, Viewer, bytes, has, unit};
use gst::BufferFlags as Flags;
use gst::prelude::*;
use tutk::io_control;

#[test]
fn plays_h264() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    // A predicted frame, which cannot be decoded, comes first.
    camera.push(unit(0, false), false);
    let sent: Vec<_> = (1..60).map(|number| (unit(number, number % 20 == 1), number % 20 == 1)).collect();
    let mut last = None;
    for (data, key) in sent {
        let before = viewer.pipeline.current_running_time().unwrap();
        camera.push(data.clone(), key);
        let (buffer, caps) = viewer.pull();
        assert!((before..=viewer.pipeline.current_running_time().unwrap()).contains(&buffer.pts().unwrap()));
        assert_eq!(caps, H264.parse::<gst::Caps>().unwrap());
        assert_eq!(has(&buffer, Flags::DELTA_UNIT), !key);
        assert_eq!(has(&buffer, Flags::DISCONT), last.is_none());
        assert!(bytes(&buffer) == data, "frame {:?} has other bytes", buffer.offset());
        assert_eq!(buffer.offset_end(), buffer.offset() + 1);
        assert_eq!(buffer.dts(), None);
        let now = (buffer.offset(), buffer.pts().unwrap());
        if let Some((offset, pts)) = last {
            assert_eq!(now.0, offset + 1);
            assert!(now.1 >= pts);
        }
        last = Some(now);
    }
}

#[test]
fn plays_h265_and_jpeg() {
    for (caps, jpeg) in [(H265, false), (JPEG, true)] {
        let camera = Camera::start(caps);
        let viewer = Viewer::watch(&camera);
        for number in 0..10 {
            camera.push(unit(number, number == 0), number == 0);
            let (buffer, got) = viewer.pull();
            assert_eq!(got, caps.parse::<gst::Caps>().unwrap());
            assert!(bytes(&buffer) == unit(number, number == 0));
            assert_eq!(has(&buffer, Flags::DELTA_UNIT), number > 0 && !jpeg);
        }
    }
}

#[test]
fn a_change_of_codec_renegotiates() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    for (number, caps) in [H264, H265, JPEG, H264].into_iter().enumerate() {
        camera.set_caps(caps);
        // A single frame of another codec is none of the stream.
        for _ in 0..if number == 0 { 1 } else { 2 } {
            camera.push(unit(0, true), true);
        }
        let (buffer, got) = viewer.pull();
        assert_eq!(got, caps.parse::<gst::Caps>().unwrap());
        assert!(!has(&buffer, Flags::DELTA_UNIT) && has(&buffer, Flags::DISCONT));
    }
}

#[test]
fn a_pause_ends_the_session_and_play_begins_another() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    for _ in 0..3 {
        camera.push(unit(0, true), true);
        camera.push(unit(1, false), false);
        let (first, _) = viewer.pull();
        assert!(has(&first, Flags::DISCONT) && !has(&first, Flags::DELTA_UNIT));
        let (second, _) = viewer.pull();
        assert!(!has(&second, Flags::DISCONT) && has(&second, Flags::DELTA_UNIT));

        viewer.pipeline.set_state(gst::State::Paused).unwrap();
        let reason = camera.wait(|event| match event {
            Event::Removed(_, reason) => Some(reason),
            _ => None,
        });
        assert_eq!(reason, "closed-by-viewer");
        viewer.play();
        camera.wait_for_watcher();
        // Nothing to decode this with: it must not come out.
        camera.push(unit(2, false), false);
    }
}

#[test]
fn hasty_pauses_do_no_harm() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    for _ in 0..50 {
        viewer.pipeline.set_state(gst::State::Paused).unwrap();
        viewer.play();
    }
    // Which session is the last one cannot be known: feed until something comes out.
    let short = gst::ClockTime::from_mseconds(50);
    let frames = (0..400).find(|_| {
        camera.push(unit(0, true), true);
        viewer.appsink.try_pull_sample(short).is_some()
    });
    assert!(frames.is_some());
}

#[test]
fn the_end_of_the_stream_does_not_wait_for_a_frame() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    camera.push(unit(0, true), true);
    viewer.pull();
    viewer.pipeline.send_event(gst::event::Eos::new());
    assert!(viewer.appsink.try_pull_sample(gst::ClockTime::try_from(LONG).unwrap()).is_none());
    assert!(viewer.appsink.is_eos());
}

#[test]
fn stopping_stops_the_video_and_closes_the_session() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    camera.push(unit(0, true), true);
    viewer.pull();
    viewer.pipeline.set_state(gst::State::Ready).unwrap();
    camera.wait(|event| matches!(event, Event::IoControl(_, io_control::STOP_VIDEO, _)).then_some(()));
    let reason = camera.wait(|event| match event {
        Event::Removed(_, reason) => Some(reason),
        _ => None,
    });
    assert_eq!(reason, "closed-by-viewer");
}

#[test]
fn sync_time_sets_the_camera_clock() {
    let camera = Camera::start(H264);
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("sync-time", true);
    let local = || {
        let now = gst::glib::DateTime::now_local().unwrap();
        now.to_unix() + now.utc_offset().as_seconds()
    };
    let before = local();
    viewer.play();
    let body = camera.wait(|event| match event {
        Event::IoControl(_, io_control::SET_TIME, body) => Some(body),
        Event::IoControl(_, io_control::START_VIDEO, _) => panic!("the video came before the time"),
        _ => None,
    });
    let seconds = i64::from(u32::from_le_bytes(body[..4].try_into().unwrap()));
    assert!((before..=local()).contains(&seconds));
    assert_eq!(body[4..], [0; 4]);
}

#[test]
fn answers_queries_as_a_live_source() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    camera.push(unit(0, true), true);
    viewer.pull();
    let mut latency = gst::query::Latency::new();
    assert!(viewer.src.static_pad("src").unwrap().query(latency.query_mut()));
    let (live, min, _) = latency.result();
    assert!(live);
    let stats = viewer.src.property::<gst::Structure>("stats");
    assert_eq!(stats.get("latency"), Ok(min));
    assert!(min > gst::ClockTime::ZERO && min < gst::ClockTime::SECOND);
    let mut seeking = gst::query::Seeking::new(gst::Format::Time);
    assert!(viewer.src.static_pad("src").unwrap().query(seeking.query_mut()));
    assert!(!seeking.result().0);
}
