//! Sound of a camera.

mod common;

use common::frames::FrameCamera;
use common::pictures::{Launched, TestPictureCamera};
use common::{Camera, Event, H264, LONG, unit};
use gst::BufferFlags as Flags;
use gst::prelude::*;
use tutk::io_control;

/// Whether a viewer asks for audio before it says anything else than that it wants video.
fn asks_for_audio(camera: &Camera) -> bool {
    // The answer to an IO control comes after what the session begins with.
    camera.wait(|event| match event {
        Event::IoControl(_, io_control::START_AUDIO, _) => Some(true),
        Event::Removed(..) => Some(false),
        _ => None,
    })
}

#[test]
fn audio_is_asked_for_only_where_it_goes() {
    let camera = Camera::start(H264);
    let source = format!("tutksrc backend=native uid={} address={}", camera.uid, camera.address());
    for (rest, wanted) in [
        ("! application/x-tutk ! fakesink", true),
        ("streams=video ! application/x-tutk ! fakesink", false),
        ("! video/x-h264 ! fakesink", false),
        ("! fakesink", false),
        ("streams=audio ! fakesink", true),
    ] {
        let viewer = Launched::play(&format!("{source} {rest}"));
        if wanted {
            assert!(asks_for_audio(&camera), "{rest}");
            viewer.set_state(gst::State::Null).unwrap();
            camera.wait(|event| matches!(event, Event::Removed(..)).then_some(()));
        } else {
            camera.wait_for_watcher();
            viewer.set_state(gst::State::Null).unwrap();
            assert!(!asks_for_audio(&camera), "{rest}");
        }
    }
}

#[test]
fn a_camera_that_sends_audio_unasked_plays_its_video() {
    let camera = FrameCamera::start();
    let (viewer, id) = camera.watch();
    let picture = common::frames::Cut { key: true, ..common::frames::Cut::new(tutk::Codec::H264, 0, &unit(0, true)) };
    camera.send_audio(id, tutk::AudioFormat::new(tutk::Codec::Pcm, 8_000), 0, &[0; 640]);
    camera.send(id, &picture);
    let (buffer, caps) = viewer.pull();
    assert_eq!(caps, H264.parse::<gst::Caps>().unwrap());
    assert!(!buffer.flags().contains(Flags::DELTA_UNIT));
}

/// Where a player puts the pictures.
fn video_sink() -> gst::Element {
    gst::parse::bin_from_description("videoconvert ! fakesink name=pictures sync=true", true).unwrap().upcast()
}

#[test]
fn players_start_on_a_camera_without_audio() {
    let camera = TestPictureCamera::start();
    for player in ["playbin3", "playbin"] {
        let player = Launched::new(player);
        player.set_property("uri", format!("tutk://{}?address=127.0.0.1:{}", camera.uid, camera.port()));
        player.set_property("video-sink", video_sink());
        player.set_state(gst::State::Playing).unwrap();
        let (result, state, _) = player.state(gst::ClockTime::try_from(LONG).unwrap());
        result.unwrap();
        assert_eq!(state, gst::State::Playing);
        // Of a live pipeline that is no more than that the sinks are there.
        player.wait_for(gst::MessageType::StreamStart);
    }
}
