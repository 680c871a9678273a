//! What every live source does.

use gst::prelude::*;
use gst_check::Harness;

use crate::common::pictures::{Launched, TestPictureCamera};
use crate::common::{Camera, H264, Viewer, bytes, has, unit};

/// A harness around `tutksrc` that has not started yet.
fn harness(camera: &Camera) -> Harness {
    Harness::new_parse(&format!("tutksrc backend=native uid={} address={}", camera.uid, camera.address()))
}

#[test]
fn num_buffers_ends_the_stream() {
    let camera = TestPictureCamera::start();
    let source = camera.source();
    let viewer = format!("{source} num-buffers=20 ! h264parse ! avdec_h264 ! appsink name=out sync=false");
    assert_eq!(Launched::play(&viewer).count_pictures(), 20);
}

#[test]
fn do_timestamp_changes_nothing() {
    let camera = TestPictureCamera::start();
    let source = camera.source();
    let viewer = Launched::play(&format!("{source} do-timestamp=true ! h264parse ! avdec_h264 ! appsink name=out"));
    viewer.pull_pictures(10);
}

#[test]
fn a_filter_chooses_among_what_a_camera_can_send() {
    let camera = TestPictureCamera::start();
    let source = camera.source();
    let viewer = Launched::play(&format!("{source} ! video/x-h264 ! decodebin ! appsink name=out sync=false"));
    viewer.pull_pictures(1);
}

#[test]
fn all_branches_of_a_tee_play() {
    let camera = TestPictureCamera::start();
    let viewer = Launched::play(&format!(
        "{} ! tee name=tee ! queue ! h264parse ! avdec_h264 ! appsink name=out sync=false \
         tee. ! queue ! h264parse ! rtph264pay ! fakesink name=other sync=false",
        camera.source()
    ));
    viewer.pull_pictures(10);
    let rendered = || viewer.element("other").property::<gst::Structure>("stats").get::<u64>("rendered").unwrap();
    assert!(rendered() > 0);
}

#[test]
fn before_the_start_its_caps_are_the_template() {
    let viewer = Viewer::new(|_| ());
    let pad = viewer.src.static_pad("src").unwrap();
    let template = pad.pad_template_caps();
    let mut names: Vec<_> = template.iter().map(|structure| structure.name().to_string()).collect();
    names.sort();
    assert_eq!(
        names,
        ["application/x-tutk", "image/jpeg", "video/mpeg", "video/x-h263", "video/x-h264", "video/x-h265"]
    );
    assert_eq!(pad.query_caps(None), template);
    let jpeg = gst::Caps::builder("image/jpeg").build();
    assert_eq!(pad.query_caps(Some(&jpeg)), jpeg);
    assert_eq!(pad.current_caps(), None);
}

#[test]
fn a_stream_begins_with_its_events() {
    let camera = Camera::start(H264);
    let mut harness = harness(&camera);
    harness.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    assert!(bytes(&harness.pull().unwrap()) == unit(0, true));
    for wanted in [gst::EventType::StreamStart, gst::EventType::Caps, gst::EventType::Segment] {
        assert_eq!(harness.pull_event().unwrap().type_(), wanted);
    }
    let segment = harness.sinkpad().unwrap().sticky_event::<gst::event::Segment>(0).unwrap();
    assert_eq!(segment.segment().format(), gst::Format::Time);
}

#[test]
fn it_is_scheduled_as_a_live_source() {
    let camera = Camera::start(H264);
    let harness = harness(&camera);
    let mut scheduling = gst::query::Scheduling::new();
    assert!(harness.sinkpad().unwrap().peer_query(scheduling.query_mut()));
    assert!(scheduling.has_scheduling_mode(gst::PadMode::Push));
    assert!(!scheduling.has_scheduling_mode(gst::PadMode::Pull));
    assert!(!scheduling.result().0.contains(gst::SchedulingFlags::SEEKABLE));
}

#[test]
fn a_seek_is_refused_and_disturbs_nothing() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    camera.push(unit(0, true), true);
    viewer.pull();
    for flags in [gst::SeekFlags::FLUSH, gst::SeekFlags::empty()] {
        assert!(viewer.pipeline.seek_simple(flags, gst::ClockTime::from_seconds(1)).is_err());
    }
    camera.push(unit(1, false), false);
    let (next, _) = viewer.pull();
    assert!(bytes(&next) == unit(1, false) && !has(&next, gst::BufferFlags::DISCONT));
}

#[test]
fn after_a_flush_it_begins_with_a_key_frame() {
    let camera = Camera::start(H264);
    let viewer = Viewer::of(&camera);
    // GStreamer itself locks up when elements that change their state after a flush are flushed again meanwhile.
    viewer.appsink.set_property("async", false);
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    viewer.pull();
    for _ in 0..5 {
        assert!(viewer.src.send_event(gst::event::FlushStart::new()));
        // What refers to a frame that the flush may have dropped.
        camera.push(unit(1, false), false);
        assert!(viewer.src.send_event(gst::event::FlushStop::new(false)));
        camera.push(unit(2, false), false);
        camera.push(unit(3, true), true);
        let (next, _) = viewer.pull();
        assert!(bytes(&next) == unit(3, true), "frame {}", next.offset());
        assert!(has(&next, gst::BufferFlags::DISCONT));
    }
}

#[test]
fn plugin_and_elements_name_their_authors_and_origin() {
    crate::common::init();
    let licence = include_str!("../../LICENSE-MIT");
    let provider = gst::DeviceProviderFactory::find("tutkdeviceprovider").unwrap();
    let elements = ["tutksrc", "tutksink"].map(|name| gst::ElementFactory::find(name).unwrap());
    let authors = elements.each_ref().map(|element| element.metadata("author").unwrap());
    for author in authors.iter().copied().chain(provider.metadata("author")) {
        assert!(licence.contains(&format!("2026 {author}\n")), "“{author}” holds no copyright");
    }
    // An origin is where a plugin comes from: its repository, or as long as it has none, its name.
    let origin = elements[0].plugin().unwrap().origin();
    let manifest = [env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_NAME")];
    assert_eq!(Some(origin.as_str()), manifest.into_iter().find(|value| !value.is_empty()));
}
