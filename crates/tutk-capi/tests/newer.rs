//! The functions of the vendor's library 4.x, whose structs say their size.
#![allow(unsafe_code)]

mod common;

use std::ffi::{CStr, CString, c_int, c_uint};
use std::ptr::{null, null_mut};
use std::thread;

use common::{
    Api, ClientIn, ClientOut, ConnectInput, DeviceLoginInput, Found, Info, ServIn, ServOut, info, text, until,
};

const KEY: [u8; 8] = *b"keyABC42";

fn connect(api: Api, uid: &CStr, auth_key: [u8; 8]) -> c_int {
    let input = ConnectInput { size: 20, authentication_type: 0, auth_key, seconds: 20 };
    // SAFETY: as the vendor's header has it.
    unsafe { (api.IOTC_Connect_ByUIDEx)(uid.as_ptr(), (api.IOTC_Get_SessionID)(), &input) }
}

/// A camera with an authentication key.
fn locked(api: Api) -> CString {
    let uid = common::uid();
    let input = DeviceLoginInput { size: 16, authentication_type: 0, auth_key: KEY };
    // SAFETY: as the vendor's header has it.
    assert_eq!(unsafe { (api.IOTC_Device_LoginEx)(uid.as_ptr(), &input) }, 0);
    uid
}

#[test]
fn a_session_with_a_key() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = locked(camera);
    let serving = thread::spawn(move || {
        // SAFETY: as the vendor's header has it.
        unsafe {
            let session = (camera.IOTC_Listen)(20_000);
            let (input, mut output) = (ServIn::new(session), ServOut::new());
            let av = (camera.avServStartEx)(&input, &mut output);
            assert_eq!((av, output.size, output.resend, output.two_way, output.auth_type), (0, 272, 1, 0, 0));
            assert_eq!(text(&output.account), "admin");
            assert_eq!((camera.IOTC_Set_Partial_Encryption)(session, 1), 0);
            assert_eq!(camera.control(av), Ok((0x1ff, vec![0; 8])));
            assert_eq!(camera.send_frame(av, &[9; 20_000], &info(true, 5)), 0);
            assert_eq!(camera.control(av), Err(-20015));
        }
    });
    assert_eq!(connect(viewer, &uid, *b"otherKEY"), -68);
    // SAFETY: as the vendor's header has it.
    assert_eq!(unsafe { (viewer.IOTC_Connect_ByUID)(uid.as_ptr()) }, -68);
    let session = connect(viewer, &uid, KEY);
    assert!(session >= 0, "{session}");
    // SAFETY: as the vendor's header has it.
    unsafe {
        let mut output = ClientOut::new();
        assert_eq!((viewer.avClientStartEx)(&ClientIn::new(session, c"wrong"), &mut output), -20009);
        assert_eq!(output, ClientOut::new());
        let mut input = ClientIn::new(session, c"password");
        // Plain or DTLS.
        input.security = 2;
        let av = (viewer.avClientStartEx)(&input, &mut output);
        let granted = ClientOut { size: 24, service: 0x10, resend: 1, two_way: 0, sync_recv_data: 0, security: 0 };
        assert_eq!((av, output), (0, granted));
        assert_eq!((viewer.IOTC_Set_Partial_Encryption)(session, 1), 0);
        assert_eq!(viewer.send_control(av, 0x1ff, &[0; 8]), 0);
        assert_eq!(viewer.wait_frame(av).unwrap().0, vec![9; 20_000]);
        (viewer.IOTC_Session_Close)(session);
    }
    serving.join().unwrap();
}

#[test]
fn a_key_that_is_not_wanted() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    assert_eq!(connect(viewer, &uid, KEY), -69);
}

#[test]
fn structs_of_other_sizes() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = locked(camera);
    // SAFETY: as the vendor's header has it, where it is not wrong on purpose.
    unsafe {
        let id = (viewer.IOTC_Get_SessionID)();
        let good = ConnectInput { size: 20, authentication_type: 0, auth_key: KEY, seconds: 0 };
        let bad = [
            ConnectInput { size: 0, ..good },
            ConnectInput { size: 19, ..good },
            ConnectInput { authentication_type: 1, ..good },
            ConnectInput { auth_key: [0; 8], ..good },
            ConnectInput { auth_key: *b"k\xffyABC42", ..good },
        ];
        for input in bad {
            assert_eq!((viewer.IOTC_Connect_ByUIDEx)(uid.as_ptr(), id, &input), -46);
        }
        assert_eq!((viewer.IOTC_Connect_ByUIDEx)(uid.as_ptr(), id, null()), -46);
        assert_eq!((viewer.IOTC_Connect_ByUIDEx)(null(), id, &good), -10);
        assert_eq!((viewer.IOTC_Device_LoginEx)(uid.as_ptr(), null()), -46);
        let login = DeviceLoginInput { size: 12, authentication_type: 0, auth_key: KEY };
        assert_eq!((viewer.IOTC_Device_LoginEx)(uid.as_ptr(), &login), -46);

        let session = (viewer.IOTC_Connect_ByUIDEx)(uid.as_ptr(), id, &good);
        assert_eq!(session, id);
        assert_eq!((viewer.avClientStartEx)(null(), &mut ClientOut::new()), -20000);
        assert_eq!((viewer.avClientStartEx)(&ClientIn::new(session, c""), null_mut()), -20000);
        let start = |input: ClientIn, output| {
            (viewer.avClientStartEx)(&input, &mut ClientOut { size: output, ..ClientOut::new() })
        };
        let good = ClientIn::new(session, c"password");
        for (input, output) in [
            (ClientIn { size: 0, ..good }, 24),
            (ClientIn { size: 31, ..good }, 24),
            (ClientIn { account: null(), ..good }, 24),
            (ClientIn { password: null(), ..good }, 24),
            (ClientIn { session: u32::MAX, ..good }, 24),
            (good, 0),
            (good, 20),
        ] {
            assert_eq!(start(input, output), -20000);
        }
        assert_eq!((viewer.avServStartEx)(null(), &mut ServOut::new()), -20000);
        let serve = |input: ServIn| (viewer.avServStartEx)(&input, &mut ServOut::new());
        let good = ServIn::new(session);
        assert_eq!(serve(ServIn { size: 8, ..good }), -20000);
        assert_eq!(serve(ServIn { password_auth: None, ..good }), -20000);

        // A program of pointers of 32 bits would say 40 and 60.
        let serving = thread::spawn(move || {
            let session = (camera.IOTC_Listen)(20_000);
            let mut output = ServOut { size: 20, ..ServOut::new() };
            let av = (camera.avServStartEx)(&ServIn { size: 60, ..ServIn::new(session) }, &mut output);
            assert_eq!((output.resend, text(&output.account[..4]), output.account[4]), (1, "admi".into(), 7));
            av
        });
        assert_eq!(start(ClientIn { size: 40, auth_type: 9, ..ClientIn::new(session, c"password") }, 100), 0);
        assert_eq!(serving.join().unwrap(), 0);
        (viewer.IOTC_Session_Close)(session);
    }
}

/// The struct of a session says its size, or the program's version does.
#[test]
fn what_is_known_of_a_session() {
    const GUARD: u8 = 0xAA;
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    let port = |bytes: &[u8], at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    // SAFETY: as the vendor's header has it.
    unsafe {
        let session = (viewer.IOTC_Connect_ByUID)(uid.as_ptr());
        let mut bytes = [GUARD; 200];
        let places: *mut u8 = bytes.as_mut_ptr();
        assert_eq!((viewer.IOTC_Session_Check)(session, places.cast::<Info>()), 0);
        assert!(bytes[64..].iter().all(|byte| *byte == GUARD));
        let camera_port = port(&bytes, 40);
        for (size, at) in [(64, 44), (96, 44), (92, 74), (156, 74)] {
            let mut words = [0xAAAA_AAAA_u32; 50];
            words[0] = size;
            assert_eq!((viewer.IOTC_Session_Check_Ex)(session, words.as_mut_ptr()), 0);
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            assert_eq!((bytes[4], &bytes[6..26], port(&bytes, at)), (2, uid.to_bytes(), camera_port));
            assert!(bytes[size as usize..].iter().all(|byte| *byte == GUARD), "{size}");
        }
        for size in [0, 4, 63, 100, 157, u32::MAX] {
            assert_eq!((viewer.IOTC_Session_Check_Ex)(session, &mut c_uint::clone(&size)), -46);
        }
        assert_eq!((viewer.IOTC_Session_Check_Ex)(session, null_mut()), -46);
        assert_eq!((viewer.IOTC_Session_Check_Ex)(99, null_mut()), -14);
        assert_eq!((viewer.IOTC_Set_Partial_Encryption)(99, 1), -14);

        let on = |channel| (viewer.IOTC_Session_Channel_Check_ON_OFF)(session, channel);
        assert_eq!((on(0), on(1), on(32)), (1, 0, -46));

        // Now it is a program of 4.x.
        let mut version = 0;
        (viewer.IOTC_Get_Version)(&mut version);
        assert_eq!(version, 0x010D_0700);
        assert_eq!(CStr::from_ptr((viewer.IOTC_Get_Version_String)()), c"4.2.1.1");
        (viewer.IOTC_Get_Version)(&mut version);
        assert_eq!(version, 0x0402_0101);
        let mut bytes = [GUARD; 200];
        let places: *mut u8 = bytes.as_mut_ptr();
        assert_eq!((viewer.IOTC_Session_Check)(session, places.cast::<Info>()), 0);
        assert_eq!((port(&bytes, 70), &bytes[80..84]), (camera_port, &[1, 1, 2, 4][..]));
        assert!(bytes[92..].iter().all(|byte| *byte == GUARD));
        (viewer.IOTC_Session_Close)(session);
    }
}

#[test]
fn a_search_in_the_background() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    let mut places = [[0xAAu8; 180]; 64];
    let at = places.as_mut_ptr().cast();
    // SAFETY: as the vendor's header has it.
    unsafe {
        assert_eq!((viewer.IOTC_Search_Device_Result)(at, 64, 0), -56);
        assert_eq!((viewer.IOTC_Search_Device_Stop)(), -56);
        assert_eq!((viewer.IOTC_Search_Device_Start)(0, 100), -46);
        assert_eq!((viewer.IOTC_Search_Device_Start)(20_000, 100), 0);
        assert_eq!((viewer.IOTC_Search_Device_Result)(null_mut(), 64, 0), -46);
        // Others may answer, too: each comes once.
        let mine = until(|| {
            let count = (viewer.IOTC_Search_Device_Result)(at, 64, 0);
            let found = (0..count as usize).map(|place| at.cast::<[u8; 180]>().add(place).read());
            found.into_iter().find(|place| &place[..20] == uid.to_bytes())
        });
        assert_eq!((&mine[40..46], &mine[176..]), (&b"porch\0"[..], &[1, 0, 0, 0][..]));
        let all = (viewer.IOTC_Search_Device_Result)(at, 64, 1);
        assert!(all >= 1, "{all}");
        assert_eq!((viewer.IOTC_Search_Device_Stop)(), 0);
        assert_eq!((viewer.IOTC_Search_Device_Start)(20_000, 100), 0);
        assert_eq!((viewer.IOTC_Search_Device_Start)(20_000, 100), 0);
        // Its thread ends with the module.
        assert_eq!((viewer.IOTC_DeInitialize)(), 0);
        assert_eq!((viewer.IOTC_Search_Device_Start)(20_000, 100), -12);
        assert_eq!((viewer.IOTC_Lan_Search2)(&mut Found::new(), 1, 1), -12);
    }
}

#[test]
fn the_queue_of_a_channel() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    let serving = thread::spawn(move || camera.serve());
    let (session, av) = viewer.log_in(&uid);
    let (_, sending) = serving.join().unwrap();
    // SAFETY: as the vendor's header has it.
    unsafe {
        assert_eq!((viewer.avClientSetRecvBufMaxSize)(99, 10), -20000);
        assert_eq!((viewer.avClientSetRecvBufMaxSize)(av, 10), 0);
        assert_eq!((viewer.avClientRecvBufUsageRate)(av), 0.0);
        assert_eq!((viewer.avClientRecvBufUsageRate)(99), -20000.0);
        for number in 0..4 {
            until(|| (camera.send_frame(sending, &[number; 4000], &info(number == 2, 0)) == 0).then_some(()));
        }
        // The third frame is a key frame, and no more than two fit.
        until(|| (viewer.frame(av, 100) == Err(-20014)).then_some(()));
        until(|| (viewer.wait_frame(av).is_ok_and(|(data, ..)| data == [3; 4000])).then_some(()));
        until(|| (camera.send_frame(sending, &[5; 8000], &info(true, 0)) == 0).then_some(()));
        until(|| ((viewer.avClientRecvBufUsageRate)(av) > 0.5).then_some(()));
        assert_eq!((viewer.avClientCleanLocalVideoBuf)(av), 0);
        assert_eq!((viewer.avClientRecvBufUsageRate)(av), 0.0);
        assert_eq!(((viewer.avClientCleanLocalBuf)(av), (viewer.avClientCleanLocalBuf)(99)), (0, -20000));
        (viewer.IOTC_Session_Close)(session);
    }
}
