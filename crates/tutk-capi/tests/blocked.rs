//! Calls that block end when another thread closes, stops or exits.
#![allow(unsafe_code)]

mod common;

use std::ffi::c_int;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{Api, Info, uid, until};
use tutk::{Camera, CameraEvent, CameraOptions};

/// Runs `blocked` in a thread while `end` is called until it is over.
fn ends(blocked: impl FnOnce() -> c_int + Send + 'static, mut end: impl FnMut()) -> c_int {
    let thread = thread::spawn(blocked);
    until(|| {
        end();
        thread.is_finished().then_some(())
    });
    thread.join().unwrap()
}

#[test]
fn connecting() {
    let api = Api::load();
    // SAFETY: as the vendor's header has it.
    unsafe {
        let nobody = uid();
        let id = (api.IOTC_Get_SessionID)();
        let other = nobody.clone();
        let blocked = move || (api.IOTC_Connect_ByUID_Parallel)(other.as_ptr(), id);
        assert_eq!(ends(blocked, || assert_eq!((api.IOTC_Connect_Stop_BySID)(id), 0)), -27);
        let other = nobody.clone();
        assert_eq!(ends(move || (api.IOTC_Connect_ByUID)(other.as_ptr()), || (api.IOTC_Connect_Stop)()), -27);
        let id = (api.IOTC_Get_SessionID)();
        let other = nobody.clone();
        let close = || {
            (api.IOTC_Session_Close)(id);
        };
        let code = ends(move || (api.IOTC_Connect_ByUID_Parallel)(other.as_ptr(), id), close);
        // Closed before it began, the number is not reserved any more.
        assert!(code == -27 || code == -14, "{code}");
        let other = nobody.clone();
        let end = || {
            (api.IOTC_DeInitialize)();
        };
        assert_eq!(ends(move || (api.IOTC_Connect_ByUID)(other.as_ptr()), end), -12);
        assert_eq!((api.IOTC_Initialize2)(0), 0);
        (api.IOTC_Setup_LANConnection_Timeout)(50);
        assert_eq!((api.IOTC_Connect_ByUID)(nobody.as_ptr()), -19);
    }
}

#[test]
fn listening() {
    let api = Api::load();
    // SAFETY: as the vendor's header has it.
    unsafe {
        assert_eq!((api.IOTC_Listen)(1), -13);
        assert_eq!(ends(move || (api.IOTC_Listen)(0), || (api.IOTC_Listen_Exit)()), -39);
        let end = || {
            (api.IOTC_DeInitialize)();
        };
        assert_eq!(ends(move || (api.IOTC_Listen)(0), end), -12);
        assert_eq!((api.IOTC_Listen)(1), -12);
    }
}

#[test]
fn logging_in_and_letting_in() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    // SAFETY: as the vendor's header has it.
    unsafe {
        let session = (viewer.IOTC_Connect_ByUID)(uid.as_ptr());
        let (admin, password) = (c"admin", c"password");
        let start = move || (viewer.avClientStart)(session, admin.as_ptr(), password.as_ptr(), 60, null_mut(), 3);
        assert_eq!(ends(start, || (viewer.avClientExit)(session, 3)), -20018);
        assert_eq!((viewer.avClientStart)(session, admin.as_ptr(), password.as_ptr(), 0, null_mut(), 3), -20011);

        let served = (camera.IOTC_Listen)(20_000);
        let serve = move || (camera.avServStart3)(served, Some(common::only_admin), 0, 0, 0, null_mut());
        assert_eq!(ends(serve, || (camera.avServExit)(served, 0)), -20017);
        assert_eq!((camera.avServStart)(served, admin.as_ptr(), password.as_ptr(), 1, 0, 0), -20011);
        // The viewer closes while the camera waits for its login.
        let waits = thread::spawn(serve);
        (viewer.IOTC_Session_Close)(session);
        assert_eq!(waits.join().unwrap(), -20015);

        let session = (viewer.IOTC_Connect_ByUID)(uid.as_ptr());
        let start = move || (viewer.avClientStart)(session, admin.as_ptr(), password.as_ptr(), 60, null_mut(), 0);
        let close = || {
            (viewer.IOTC_Session_Close)(session);
        };
        let code = ends(start, close);
        assert!(code == -20010 || code == -14, "{code}");
    }
}

#[test]
fn receiving_and_sending_controls() {
    let viewer = Api::load();
    let uid = uid();
    let options = CameraOptions::new(uid.to_str().unwrap().parse().unwrap()).with_login("admin", "password");
    let (camera, mut events) = Camera::open(options).unwrap();
    let deaf = Arc::new(AtomicBool::new(false));
    let stop = deaf.clone();
    // After the login this camera hears nothing more, and so confirms nothing.
    let thread = thread::spawn(move || {
        while let Ok(event) = events.next_event() {
            if let CameraEvent::ViewerAdded { .. } = event {
                until(|| stop.load(Ordering::Acquire).then_some(()));
            }
        }
    });
    let (session, av) = viewer.log_in(&uid);
    // SAFETY: as the vendor's header has it.
    unsafe {
        let exit = || assert_eq!((viewer.avSendIOCtrlExit)(av), 0);
        assert_eq!(ends(move || viewer.send_control(av, 1, &[1]), exit), -20022);

        // Two at once: one of them has to give way.
        let senders = [2, 3].map(|kind| thread::spawn(move || viewer.send_control(av, kind, &[])));
        until(|| senders.iter().any(|sender| sender.is_finished()).then_some(()));
        let receives = thread::spawn(move || viewer.control(av));
        let stops = thread::spawn(move || (viewer.avRecvIOCtrl)(av, &mut 0, [0; 9].as_mut_ptr(), 9, 20_000));
        (viewer.IOTC_Session_Close)(session);
        let mut codes = senders.map(|sender| sender.join().unwrap());
        codes.sort();
        assert_eq!(codes, [-20021, -20010]);
        assert_eq!(receives.join().unwrap(), Err(-20010));
        assert_eq!(stops.join().unwrap(), -20010);
        assert_eq!(viewer.frame(av, 100), Err(-20010));
        assert_eq!((viewer.IOTC_Session_Check)(session, &mut Info::new()), -14);
        (viewer.avClientStop)(av);
        assert_eq!(viewer.frame(av, 100), Err(-20010));
    }
    deaf.store(true, Ordering::Release);
    camera.close();
    thread.join().unwrap();
}
