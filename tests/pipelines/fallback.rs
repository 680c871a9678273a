//! `tutksrc` in `fallbacksrc`.

use gst::prelude::*;

use crate::common::pictures::{Launched, TestPictureCamera};

#[test]
fn fallbacksrc_plays_a_camera_through_a_restart() {
    let camera = TestPictureCamera::start();
    gstfallbackswitch::plugin_register_static().unwrap();
    let source = format!("{} ! h264parse ! avdec_h264", camera.source());
    let source = gst::parse::bin_from_description(&source, true).unwrap();
    let viewer = Launched::new(
        "fallbacksrc name=fallback enable-audio=false immediate-fallback=true \
         ! videoconvert ! video/x-raw,format=I420 ! appsink name=out sync=false",
    );
    let fallback = viewer.element("fallback");
    fallback.set_property("source", &source);
    viewer.set_state(gst::State::Playing).unwrap();
    viewer.pull_until_shown();

    let port = camera.port();
    camera.stop();
    camera.restart(port);
    viewer.pull_pictures(30);
    // It was tutksrc that took up the session again.
    let statistics = fallback.property::<gst::Structure>("statistics");
    assert_eq!(statistics.get("num-retry"), Ok(0u64), "{statistics:?}");
}
