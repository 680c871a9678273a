//! A camera with several lenses: each has an AV channel of its own.

mod common;

use std::thread;

use common::{Viewer, bytes, unit};
use gst::prelude::*;
use tutk::wire::FrameInfo;
use tutk::{Access, AvEvent, Camera, CameraEvent, CameraEvents, CameraOptions, Codec, io_control};

/// Lets everybody in on three channels, and sends a picture of that lens where it is asked for.
fn serve(camera: &Camera, events: &mut CameraEvents) -> Vec<(u8, u32, Vec<u8>)> {
    let mut commands = Vec::new();
    while let Ok(event) = events.next_event() {
        match event {
            CameraEvent::ViewerAdded { viewer, .. } => {
                for channel in 0..3 {
                    camera.channel(viewer, channel).start_server(0, true).unwrap();
                }
            }
            CameraEvent::Av { viewer, channel, event: AvEvent::Login { .. } } => {
                camera.channel(viewer, channel).answer_login(true).unwrap();
            }
            CameraEvent::Av { viewer, channel, event: AvEvent::IoControl { kind, body } } => {
                if kind == io_control::START_VIDEO {
                    let info = FrameInfo { codec: Codec::H264, flags: 1, camera: channel, viewers: 1, timestamp: 0 };
                    let lens = camera.channel(viewer, channel);
                    lens.send_video(&unit(channel.into(), true), &info.encode(), true).unwrap();
                }
                commands.push((channel, kind, body));
            }
            CameraEvent::ViewerRemoved { .. } => break,
            _ => {}
        }
    }
    commands
}

#[test]
fn each_lens_can_be_played() {
    common::init();
    for channel in 0..3u8 {
        let uid = common::uid();
        let options = CameraOptions::new(uid.parse().unwrap()).with_access(Access::Application);
        let (camera, mut events) = Camera::open(options).unwrap();
        let port = camera.port();
        let serving = thread::spawn(move || serve(&camera, &mut events));
        let viewer = Viewer::new(|src| {
            src.set_property("uid", &uid);
            src.set_property("address", format!("127.0.0.1:{port}"));
            src.set_property("channel", u32::from(channel));
        });
        viewer.play();
        let (buffer, _) = viewer.pull();
        assert!(bytes(&buffer) == unit(channel.into(), true), "lens {channel}");
        drop(viewer);
        let body = vec![channel, 0, 0, 0, 0, 0, 0, 0];
        let wanted = [(channel, io_control::START_VIDEO, body.clone()), (channel, io_control::STOP_VIDEO, body)];
        assert_eq!(serving.join().unwrap(), wanted);
    }
}
