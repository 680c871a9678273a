//! Alone in its process, so that threads and descriptors can be counted.
#![allow(unsafe_code)]

mod common;

use std::thread;

use common::{Api, until};

fn count(what: &str) -> usize {
    std::fs::read_dir(format!("/proc/self/{what}")).unwrap().count()
}

#[test]
fn a_hundred_sessions_leave_nothing_behind() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    let before = (count("task"), count("fd"));
    let serving = thread::spawn(move || {
        for _ in 0..100 {
            let (session, av) = camera.serve();
            assert_eq!(camera.control(av), Err(-20015));
            // SAFETY: as the vendor's header has it.
            unsafe {
                (camera.avServStop)(av);
                (camera.IOTC_Session_Close)(session);
            }
        }
    });
    for _ in 0..100 {
        let (session, av) = viewer.log_in(&uid);
        assert_eq!((session, av), (0, 0));
        // SAFETY: as the vendor's header has it.
        unsafe {
            (viewer.avClientStop)(av);
            (viewer.IOTC_Session_Close)(session);
        }
    }
    serving.join().unwrap();
    // The system may still be clearing a thread away that was waited for.
    until(|| (count("task") <= before.0).then_some(()));
    assert_eq!(count("fd"), before.1);
    // SAFETY: as the vendor's header has it.
    unsafe {
        for api in [camera, viewer] {
            assert_eq!((api.avDeInitialize)(), 0);
            assert_eq!((api.IOTC_DeInitialize)(), 0);
        }
    }
    // The test's own thread, and the harness's.
    until(|| (count("task") <= 2).then_some(()));
}
