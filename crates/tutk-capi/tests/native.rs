//! The library on one side, native sessions on the other.
#![allow(unsafe_code)]

mod common;

use std::thread;

use common::{Api, info, until};
use tutk::{AvEvent, Camera, CameraEvent, CameraOptions, Codec, Session, SessionOptions, VideoFrame, ViewerEvent};

#[test]
fn a_viewer_over_the_library_sees_a_native_camera() {
    let viewer = Api::load();
    let uid = common::uid();
    let options = CameraOptions::new(uid.to_str().unwrap().parse().unwrap()).with_login("admin", "password");
    let (camera, mut events) = Camera::open(options).unwrap();
    let serving = camera.clone();
    let thread = thread::spawn(move || {
        while let Ok(event) = events.next_event() {
            if let CameraEvent::IoControl { viewer, kind: 0x1ff, .. } = event {
                for number in 0..20u8 {
                    let data = vec![number; 10_000];
                    let frame = VideoFrame::new(Codec::H264, &data).with_key(number == 0).with_timestamp(number.into());
                    assert_eq!(serving.send_video(&[viewer], frame).unwrap(), 1);
                }
            }
        }
    });
    let (session, av) = viewer.log_in(&uid);
    assert_eq!(viewer.send_control(av, 0x1ff, &[0; 8]), 0);
    for number in 0..20 {
        let (data, info, counted) = viewer.wait_frame(av).unwrap();
        assert_eq!((data, counted), (vec![number as u8; 10_000], number));
        assert_eq!((info.len(), info[0], info[12]), (16, 0x4e, number as u8));
    }
    // The camera goes: the viewer is told, again and again.
    camera.close();
    thread.join().unwrap();
    assert_eq!(viewer.wait_frame(av), Err(-20015));
    assert_eq!(viewer.frame(av, 100), Err(-20015));
    assert_eq!(viewer.send_control(av, 0x1ff, &[0; 8]), -20015);
    // SAFETY: as the vendor's header has it.
    unsafe {
        assert_eq!((viewer.IOTC_Session_Check)(session, &mut common::Info::new()), -22);
        assert_eq!((viewer.IOTC_Session_Get_Free_Channel)(session), -22);
    }
}

#[test]
fn a_native_viewer_sees_a_camera_over_the_library() {
    let camera = Api::load();
    let uid = camera.be_camera();
    let serving = thread::spawn(move || {
        let (session, av) = camera.serve();
        assert_eq!(camera.control(av).unwrap().0, 0x1ff);
        for number in 0..20u8 {
            assert_eq!(camera.send_frame(av, &vec![number; 10_000], &info(number == 0, number.into())), 0);
        }
        assert_eq!(camera.control(av).unwrap().0, 0x2ff);
        assert_eq!(camera.control(av), Err(-20015));
        // SAFETY: as the vendor's header has it.
        unsafe { (camera.IOTC_Session_Close)(session) }
    });
    let options = SessionOptions::new(uid.to_str().unwrap().parse().unwrap()).with_login("admin", "password");
    let (session, mut events) = Session::connect(options).unwrap().wait().unwrap();
    session.start_video().unwrap();
    let mut number = 0;
    while number < 20 {
        if let ViewerEvent::Av { event: AvEvent::Video(frame), .. } = events.next_event().unwrap() {
            assert_eq!((frame.number, &frame.data), (number, &vec![number as u8; 10_000]));
            number += 1;
        }
    }
    drop(events);
    assert_eq!(serving.join().unwrap(), 0);
}

#[test]
fn a_name_can_change() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    let mut found = [common::Found::new(); 64];
    for name in [c"porch", c"garden"] {
        // SAFETY: as the vendor's header has it.
        unsafe {
            (camera.IOTC_Set_Device_Name)(name.as_ptr());
            until(|| {
                let count = (viewer.IOTC_Lan_Search2)(found.as_mut_ptr(), 64, 200);
                let mine =
                    found[..count as usize].iter().find(|found| common::text(&found.uid) == uid.to_str().unwrap());
                mine.filter(|found| common::text(&found.name) == name.to_str().unwrap()).map(drop)
            });
        }
    }
}
