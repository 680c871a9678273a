//! A camera and a viewer, both over the library, each with an instance of its own.
#![allow(unsafe_code)]

mod common;

use std::ptr::{null, null_mut};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::thread;

use common::{Api, Found, Info, info, text, until};

fn pattern(number: usize, size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 7 + number * 31) as u8).collect()
}

#[test]
fn media_and_controls_go_through() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    let sizes = [1, 1008, 1009, 300_000, 5000, 70_000];
    let (confirmed, wait) = channel();
    let serving = thread::spawn(move || {
        let (session, av) = camera.serve();
        assert_eq!(camera.control(av), Ok((0x1ff, vec![0; 8])));
        for (number, size) in sizes.into_iter().enumerate() {
            let data = pattern(number, size);
            // The viewer confirms as it can.
            until(|| {
                let sent = camera.send_frame(av, &data, &info(number == 0, number as u32));
                (sent != -20006).then(|| assert_eq!(sent, 0))
            });
        }
        let sound = [5u8; 640];
        // SAFETY: as the vendor's header has it.
        unsafe {
            assert_eq!((camera.avSendAudioData)(av, sound.as_ptr().cast(), 640, info(true, 9).as_ptr().cast(), 16), 0);
            // More than a datagram holds.
            let large = [6u8; 3000];
            assert_eq!((camera.avSendAudioData)(av, large.as_ptr().cast(), 3000, info(true, 9).as_ptr().cast(), 16), 0);
        }
        assert_eq!(camera.send_control(av, 0x331, b"answer"), 0);
        confirmed.send(()).unwrap();
        // The viewer closes.
        assert_eq!(camera.control(av), Err(-20015));
        assert_eq!(camera.send_frame(av, &[1], &info(true, 0)), -20015);
        // SAFETY: as the vendor's header has it.
        unsafe {
            assert_eq!((camera.IOTC_Session_Check)(session, &mut Info::new()), -22);
            (camera.avServStop)(av);
            assert_eq!(camera.send_frame(av, &[1], &info(true, 0)), -20020);
            (camera.IOTC_Session_Close)(session);
            assert_eq!((camera.IOTC_Session_Check)(session, &mut Info::new()), -14);
        }
    });

    // SAFETY: as the vendor's header has it.
    unsafe {
        let mut found = [Found::new(); 64];
        let mine = until(|| {
            let count = (viewer.IOTC_Lan_Search2)(found.as_mut_ptr(), 64, 200);
            found[..count as usize].iter().find(|found| text(&found.uid) == uid.to_str().unwrap()).copied()
        });
        assert_eq!(text(&mine.name), "porch");

        let session = (viewer.IOTC_Connect_ByUID)(uid.as_ptr());
        assert_eq!(session, 0);
        let mut about = Info::new();
        assert_eq!((viewer.IOTC_Session_Check)(session, &mut about), 0);
        assert_eq!((about.mode, about.is_device, text(&about.uid).as_str()), (2, 0, uid.to_str().unwrap()));
        assert_eq!(about.remote_port, mine.port);
        let wrong =
            (viewer.avClientStart2)(session, c"admin".as_ptr(), c"wrong".as_ptr(), 20, null_mut(), 0, null_mut());
        assert_eq!(wrong, -20009);
        let mut service = 0;
        let av =
            (viewer.avClientStart2)(session, c"admin".as_ptr(), c"password".as_ptr(), 20, &mut service, 0, null_mut());
        assert_eq!(service, 0x10);
        assert_eq!(av, 0);
        // One AV channel for each channel of a session.
        let again = (viewer.avClientStart)(session, c"admin".as_ptr(), c"password".as_ptr(), 20, null_mut(), 0);
        assert_eq!(again, -20000);

        assert_eq!(viewer.send_control(av, 0x1ff, &[0; 8]), 0);
        for (number, size) in sizes.into_iter().enumerate() {
            if size == 5000 {
                // A frame that does not fit stays.
                until(|| (viewer.frame(av, 100) == Err(-20001)).then_some(()));
            }
            let (data, bytes, counted) = viewer.wait_frame(av).unwrap();
            assert_eq!(data, pattern(number, size));
            assert_eq!((bytes.as_slice(), counted), (&info(number == 0, number as u32)[..], number as u32));
        }
        assert_eq!(viewer.control(av), Ok((0x331, b"answer".to_vec())));
        until(|| ((viewer.avCheckAudioBuf)(av) == 2).then_some(()));
        let (mut sound, mut about, mut number) = ([0u8; 640], [0u8; 16], 7);
        let sound_at = sound.as_mut_ptr().cast();
        assert_eq!((viewer.avRecvAudioData)(av, sound_at, 640, about.as_mut_ptr().cast(), 16, &mut number), 640);
        assert_eq!((sound, about, number), ([5; 640], info(true, 9), 0));
        // What does not fit is gone.
        assert_eq!((viewer.avRecvAudioData)(av, sound_at, 640, about.as_mut_ptr().cast(), 16, &mut number), -20001);
        assert_eq!((viewer.avRecvAudioData)(av, sound_at, 640, about.as_mut_ptr().cast(), 16, &mut number), -20012);
        assert_eq!((viewer.avClientCleanBuf)(av), 0);
        wait.recv().unwrap();
        (viewer.IOTC_Session_Close)(session);
        assert_eq!(viewer.control(av), Err(-20010));
        (viewer.avClientStop)(av);
        serving.join().unwrap();
        assert_eq!((viewer.IOTC_DeInitialize)(), 0);
    }
}

#[test]
fn a_full_camera_says_so() {
    let (camera, viewer) = (Api::load_only(), Api::load());
    // SAFETY: as the vendor's header has it.
    unsafe {
        (camera.IOTC_Set_Max_Session_Number)(1);
        assert_eq!((camera.IOTC_Initialize2)(0), 0);
        assert_eq!((camera.avInitialize)(1), 1);
        let uid = camera.be_camera();
        let serving = thread::spawn(move || camera.serve());
        let (first, _) = viewer.log_in(&uid);
        serving.join().unwrap();
        assert_eq!((camera.IOTC_Listen)(10), -18);
        assert_eq!((viewer.IOTC_Connect_ByUID)(uid.as_ptr()), -48);
        // The number is free again.
        assert_eq!((viewer.IOTC_Get_SessionID)(), first + 1);
    }
}

#[test]
fn frames_nobody_confirms_fill_the_store() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    let serving = thread::spawn(move || camera.serve());
    let (session, av) = viewer.log_in(&uid);
    let (_, sending) = serving.join().unwrap();
    let frame = vec![0; 1_000_000];
    until(|| (camera.send_frame(sending, &frame, &info(false, 0)) == -20006).then_some(()));
    // SAFETY: as the vendor's header has it.
    unsafe {
        assert!((camera.avResendBufUsageRate)(sending) >= 0.0);
        // The viewer has confirmed all in the end, and no key frame is needed to go on.
        until(|| (camera.send_frame(sending, &[7], &info(false, 0)) == 0).then_some(()));
        until(|| viewer.wait_frame(av).is_ok_and(|(data, ..)| data == [7]).then_some(()));
        (viewer.IOTC_Session_Close)(session);
    }
}

#[test]
fn speech_goes_to_the_camera_without_an_account() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    let serving = thread::spawn(move || camera.serve());
    let (session, _) = viewer.log_in(&uid);
    let (served, _) = serving.join().unwrap();
    // SAFETY: as the vendor's header has it.
    unsafe {
        let channel = (viewer.IOTC_Session_Get_Free_Channel)(session) as u8;
        let speaker = thread::spawn(move || (viewer.avServStart)(session, null(), null(), 20, 0, channel));
        let listens = (camera.avClientStart)(served, null(), null(), 20, null_mut(), channel);
        let speaks = speaker.join().unwrap();
        assert_eq!((listens, speaks), (1, 1));
        let sound = [3u8; 160];
        let about = info(true, 4);
        assert_eq!((viewer.avSendAudioData)(speaks, sound.as_ptr().cast(), 160, about.as_ptr().cast(), 16), 0);
        let (mut heard, mut about) = ([0u8; 1280], [0u8; 16]);
        let (data, place) = (heard.as_mut_ptr().cast(), about.as_mut_ptr().cast());
        let size = until(|| {
            let size = (camera.avRecvAudioData)(listens, data, 1280, place, 16, null_mut());
            (size != -20012).then_some(size)
        });
        assert_eq!((size, &heard[..160], about), (160, &sound[..], info(true, 4)));
        (viewer.IOTC_Session_Close)(session);
        until(|| ((camera.avRecvAudioData)(listens, data, 1280, place, 16, null_mut()) == -20015).then_some(()));
    }
}

#[test]
fn the_application_is_told_of_the_end_and_may_close_then() {
    static TOLD: OnceLock<(i32, i32)> = OnceLock::new();
    static VIEWER: OnceLock<Api> = OnceLock::new();
    unsafe extern "C" fn over(session: i32, code: i32) {
        // SAFETY: as the vendor's header has it.
        unsafe { (VIEWER.get().unwrap().IOTC_Session_Close)(session) };
        TOLD.set((session, code)).unwrap();
    }
    let (camera, viewer) = (Api::load(), *VIEWER.get_or_init(Api::load));
    let uid = camera.be_camera();
    let serving = thread::spawn(move || camera.serve());
    let (session, _) = viewer.log_in(&uid);
    let (served, _) = serving.join().unwrap();
    // SAFETY: as the vendor's header has it.
    unsafe {
        assert_eq!((viewer.IOTC_Session_Check_ByCallBackFn)(session, Some(over)), 0);
        (camera.IOTC_Session_Close)(served);
        assert_eq!(until(|| TOLD.get().copied()), (session, -22));
        assert_eq!((viewer.IOTC_Session_Check)(session, &mut Info::new()), -14);
    }
}
