//! `tutksrc` in `fallbacksrc`.

use gst::prelude::*;

use crate::common::pictures::{Launched, TestPictureCamera};

#[test]
fn fallbacksrc_shows_its_fallback_until_the_camera_is_back() {
    let camera = TestPictureCamera::start();
    gstfallbackswitch::plugin_register_static().unwrap();
    let source = format!("{} reconnect=false timeout=20000 ! h264parse ! avdec_h264", camera.source());
    let source = gst::parse::bin_from_description(&source, true).unwrap();
    let viewer = Launched::new(
        "fallbacksrc name=fallback enable-audio=false immediate-fallback=true timeout=500000000 \
         restart-timeout=20000000000 \
         ! videoconvert ! video/x-raw,format=I420 ! appsink name=out sync=false",
    );
    let fallback = viewer.element("fallback");
    fallback.set_property("source", &source);
    viewer.set_state(gst::State::Playing).unwrap();
    viewer.pull_until_shown();

    let port = camera.port();
    camera.stop();
    viewer.pull_until_hidden();
    camera.restart(port);
    viewer.pull_until_shown();
    // Only the error made it start its source anew.
    let statistics = fallback.property::<gst::Structure>("statistics");
    assert_eq!(statistics.get("num-retry"), Ok(1u64), "{statistics:?}");
}
