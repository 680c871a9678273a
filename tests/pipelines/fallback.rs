//! `tutksrc` in `fallbacksrc`, which shows something else while the camera is away.

use gst::prelude::*;

use crate::common::pictures::{Launched, TestPictureCamera};

#[test]
fn fallbacksrc_shows_the_camera_while_it_is_there() {
    let camera = TestPictureCamera::start();
    gstfallbackswitch::plugin_register_static().unwrap();
    let source = gst::parse::bin_from_description(&camera.source(), true).unwrap();
    let viewer = Launched::new(
        "fallbacksrc name=fallback enable-audio=false immediate-fallback=true timeout=500000000 \
         ! videoconvert ! video/x-raw,format=I420 ! appsink name=out sync=false",
    );
    viewer.element("fallback").set_property("source", &source);
    viewer.set_state(gst::State::Playing).unwrap();
    viewer.pull_until_shown(true);

    let (uid, port) = (camera.uid.clone(), camera.port());
    drop(camera);
    viewer.pull_until_shown(false);
    let _camera = TestPictureCamera::start_as(&uid, port);
    viewer.pull_until_shown(true);
}
