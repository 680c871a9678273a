//! Null pointers, numbers of nothing, sizes of nothing, and calls at the wrong time: an error code, never a crash.
#![allow(unsafe_code)]

mod common;

use std::ffi::{CString, c_char, c_int};
use std::ptr::{null, null_mut};
use std::thread;

use common::{Api, Found, Info, info};

#[test]
fn before_initialisation() {
    let api = Api::load_only();
    let (mut version, mut bytes) = (0, [0 as c_char; 32]);
    // SAFETY: as the vendor's header has it.
    unsafe {
        (api.IOTC_Get_Version)(&mut version);
        (api.IOTC_Get_Version)(null_mut());
        assert_eq!((version, (api.avGetAVApiVer)()), (0x010D_0700, 0x0105_0600));
        let uid = common::uid();
        let codes = [
            (api.IOTC_DeInitialize)(),
            (api.IOTC_Get_SessionID)(),
            (api.IOTC_Connect_ByUID)(uid.as_ptr()),
            (api.IOTC_Connect_ByUID_Parallel)(uid.as_ptr(), 0),
            (api.IOTC_Connect_Stop_BySID)(0),
            (api.IOTC_Lan_Search2)([Found::new()].as_mut_ptr(), 1, 1),
            (api.IOTC_Session_Check)(0, &mut Info::new()),
            (api.IOTC_Session_Get_Free_Channel)(0),
            (api.IOTC_Session_Channel_ON)(0, 1),
            (api.IOTC_Device_Login)(uid.as_ptr(), null(), null()),
            (api.IOTC_Listen)(1),
        ];
        assert_eq!(codes, [-12; 11]);
        assert_eq!((api.IOTC_Session_Close)(0), 0);
        let codes = [
            (api.avDeInitialize)(),
            (api.avClientStart)(0, c"a".as_ptr(), c"b".as_ptr(), 1, null_mut(), 0),
            (api.avServStart)(0, c"a".as_ptr(), c"b".as_ptr(), 1, 0, 0),
            (api.avSendIOCtrl)(0, 1, null(), 0),
            (api.avRecvIOCtrl)(0, &mut 0, bytes.as_mut_ptr(), 32, 0),
            (api.avRecvAudioData)(0, bytes.as_mut_ptr(), 32, bytes.as_mut_ptr(), 32, null_mut()),
            (api.avCheckAudioBuf)(0),
        ];
        assert_eq!(codes, [-20019; 7]);
        assert_eq!(api.send_frame(0, &[1], &info(true, 0)), -20020);
        assert_eq!((api.IOTC_Initialize2)(0), 0);
        assert_eq!((api.IOTC_Initialize2)(0), -3);
        assert_eq!((api.avInitialize)(0), 1);
        assert_eq!((api.avInitialize)(9), 1);
        assert_eq!(((api.avDeInitialize)(), (api.avDeInitialize)()), (0, -20019));
        assert_eq!(((api.IOTC_DeInitialize)(), (api.IOTC_DeInitialize)()), (0, -12));
    }
}

#[test]
fn of_sessions() {
    let api = Api::load();
    let mut found = [Found::new()];
    // SAFETY: as the vendor's header has it, where it is not wrong on purpose.
    unsafe {
        for uid in ["", "SHORT", "CAPI-ABCDEFGHJKLMN12", "CAPIABCDEFGHJKLMN-12ABC"] {
            let uid = CString::new(uid).unwrap();
            assert_eq!((api.IOTC_Connect_ByUID)(uid.as_ptr()), -10);
            assert_eq!((api.IOTC_Device_Login)(uid.as_ptr(), null(), null()), -10);
        }
        assert_eq!((api.IOTC_Connect_ByUID)(null()), -10);
        assert_eq!((api.IOTC_Device_Login)(null(), null(), null()), -10);
        (api.IOTC_Set_Device_Name)(null());
        for id in [-1, 0, 5, 1000, c_int::MIN, c_int::MAX] {
            assert_eq!((api.IOTC_Connect_ByUID_Parallel)(common::uid().as_ptr(), id), -14);
            assert_eq!((api.IOTC_Session_Check)(id, &mut Info::new()), -14);
            assert_eq!((api.IOTC_Session_Channel_OFF)(id, 1), -14);
            assert_eq!((api.IOTC_Session_Close)(id), 0);
            assert_eq!((api.IOTC_Session_Read)(id, null_mut(), 1, 1, 0), -63);
        }
        assert_eq!((api.IOTC_Connect_Stop_BySID)(-1), -14);
        assert_eq!((api.IOTC_Connect_Stop_BySID)(0), 0);
        for (infos, len, time) in
            [(null_mut(), 1, 1), (found.as_mut_ptr(), 0, 1), (found.as_mut_ptr(), -1, 1), (found.as_mut_ptr(), 1, 0)]
        {
            assert_eq!((api.IOTC_Lan_Search2)(infos, len, time), -46);
        }
        assert_eq!((api.IOTC_Lan_Search2)(found.as_mut_ptr(), 1, -1), -46);
        assert_eq!((api.IOTC_Get_Login_Info)(null_mut()), 0);
    }
}

#[test]
fn of_channels() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    let serving = thread::spawn(move || camera.serve());
    // SAFETY: as the vendor's header has it, where it is not wrong on purpose.
    unsafe {
        let session = (viewer.IOTC_Connect_ByUID)(uid.as_ptr());
        let (admin, password) = (c"admin".as_ptr(), c"password".as_ptr());
        let long = CString::new("x".repeat(257)).unwrap();
        let start = |session, account, password, channel| {
            (viewer.avClientStart)(session, account, password, 20, null_mut(), channel)
        };
        assert_eq!(start(session, null(), password, 0), -20009);
        assert_eq!(start(session, admin, null(), 0), -20009);
        assert_eq!(start(session, long.as_ptr(), password, 0), -20024);
        assert_eq!(start(session, admin, long.as_ptr(), 0), -20024);
        assert_eq!(start(session, c"\xff".as_ptr(), password, 0), -20000);
        assert_eq!(start(session, admin, password, 32), -26);
        assert_eq!(start(-1, admin, password, 0), -20000);
        assert_eq!(start(99, admin, password, 0), -14);
        assert_eq!((viewer.avServStart3)(session, None, 1, 0, 1, null_mut()), -20000);
        assert_eq!((viewer.avServStart3)(99, Some(common::only_admin), 1, 0, 1, null_mut()), -20000);
        assert_eq!((viewer.IOTC_Session_Check)(session, null_mut()), -46);

        let on = |channel| (viewer.IOTC_Session_Channel_ON)(session, channel);
        assert_eq!([on(0), on(2), on(31), on(32), on(255)], [0, 0, 0, -26, -26]);
        let free: Vec<_> = (0..30).map(|_| (viewer.IOTC_Session_Get_Free_Channel)(session)).collect();
        assert_eq!((free[0], free[1], free[28], free[29]), (1, 3, 30, -31));
        assert_eq!((viewer.IOTC_Session_Channel_OFF)(session, 7), 0);
        assert_eq!((viewer.IOTC_Session_Get_Free_Channel)(session), 7);

        let av = start(session, admin, password, 0);
        assert_eq!(av, 0);
        let (_, sending) = serving.join().unwrap();

        for index in [1, 7, 8, 1000, c_int::MAX] {
            assert_eq!(viewer.frame(index, 100), Err(-20010));
            assert_eq!(viewer.send_control(index, 1, &[]), -20010);
            assert_eq!((viewer.avClientCleanBuf)(index), -20000);
            (viewer.avClientStop)(index);
        }
        for index in [-1, c_int::MIN] {
            assert_eq!(viewer.frame(index, 100), Err(-20000));
            assert_eq!(viewer.send_control(index, 1, &[]), -20000);
            assert_eq!(viewer.send_frame(index, &[1], &info(true, 0)), -20000);
            (viewer.avClientStop)(index);
            (viewer.avServStop)(index);
        }
        // A client does not send media, a server receives none.
        assert_eq!(viewer.send_frame(av, &[1], &info(true, 0)), -20020);
        assert_eq!(camera.frame(sending, 100), Err(-20020));

        let (mut bytes, mut about) = ([0 as c_char; 32], [0 as c_char; 32]);
        let (data, place) = (bytes.as_mut_ptr(), about.as_mut_ptr());
        let receive = |data, room, place, info_room| {
            (viewer.avRecvFrameData2)(av, data, room, null_mut(), null_mut(), place, info_room, null_mut(), null_mut())
        };
        let bad = [
            (null_mut(), 32, place, 32),
            (data, 0, place, 32),
            (data, -1, place, 32),
            (data, 32, null_mut(), 32),
            (data, 32, place, -1),
        ];
        for (data, room, place, info_room) in bad {
            assert_eq!(receive(data, room, place, info_room), -20000);
            assert_eq!((viewer.avRecvAudioData)(av, data, room, place, info_room, null_mut()), -20000);
        }
        assert_eq!(receive(data, 32, place, 32), -20012);
        assert_eq!((viewer.avRecvIOCtrl)(av, null_mut(), data, 32, 0), -20000);
        assert_eq!((viewer.avRecvIOCtrl)(av, &mut 0, null_mut(), 32, 0), -20000);
        assert_eq!((viewer.avRecvIOCtrl)(av, &mut 0, data, -1, 0), -20000);
        assert_eq!((viewer.avRecvIOCtrl)(av, &mut 0, data, 32, 0), -20012);
        assert_eq!((viewer.avRecvIOCtrl)(av, &mut 0, data, 32, 1), -20011);
        assert_eq!((viewer.avSendIOCtrl)(av, 1, data, -1), -20000);
        assert_eq!(viewer.send_control(av, 1, &[0; 65_533]), -20006);
        assert_eq!((viewer.avSendIOCtrl)(av, 1, null(), 8), 0);
        assert_eq!(viewer.send_control(av, 2, &[5; 1020]), 0);
        assert_eq!((camera.avRecvIOCtrl)(sending, &mut 0, data, 32, 20_000), 0);
        // What does not fit is gone, as it is with the vendor's library.
        assert_eq!((camera.avRecvIOCtrl)(sending, &mut 0, data, 32, 20_000), -20001);
        assert_eq!((camera.avRecvIOCtrl)(sending, &mut 0, data, 32, 0), -20012);

        let send = |data, size, place: *const c_char, info_size| {
            (camera.avSendFrameData)(sending, data, size, place.cast(), info_size)
        };
        for (data, size, place, info_size) in [
            (null(), 5, place, 16),
            (data.cast_const(), 0, place, 16),
            (data, -5, place, 16),
            (data, 5, null_mut(), 16),
            (data, 5, place, 15),
        ] {
            assert_eq!(send(data, size, place, info_size), -20000);
        }
        (camera.avServSetResendSize)(99, 5);
        assert_eq!((camera.avResendBufUsageRate)(99), -20010.0);
        (viewer.IOTC_Session_Close)(session);
    }
}

/// A number behind a pointer has 32 bits in the vendor's libraries, also where their headers call it `unsigned long`.
#[test]
fn of_places_with_no_room_for_64_bits() {
    const GUARD: u32 = 0xAAAA_AAAA;
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    let serving = thread::spawn(move || camera.serve());
    let [mut version, mut login, mut service, mut other] = [[GUARD; 2]; 4];
    let mut infos = [[GUARD; 16]; 2];
    // SAFETY: as the vendor's header has it.
    unsafe {
        (viewer.IOTC_Get_Version)(version.as_mut_ptr());
        assert_eq!((viewer.IOTC_Get_Login_Info)(login.as_mut_ptr()), 0);
        let session = (viewer.IOTC_Connect_ByUID)(uid.as_ptr());
        assert_eq!((viewer.IOTC_Session_Check)(session, infos.as_mut_ptr().cast()), 0);
        let (admin, password) = (c"admin".as_ptr(), c"password".as_ptr());
        let av = (viewer.avClientStart)(session, admin, password, 20, service.as_mut_ptr(), 0);
        assert_eq!(av, 0);
        let refused = (viewer.avClientStart2)(session, admin, password, 20, other.as_mut_ptr(), 0, null_mut());
        assert_eq!(refused, -20000);
        (viewer.IOTC_Session_Close)(session);
    }
    serving.join().unwrap();
    assert_eq!((version, login, service, other[1]), ([0x010D_0700, GUARD], [0, GUARD], [0x10, GUARD], GUARD));
    // st_SInfo has 64 bytes; the version of the other side is at 52.
    assert_eq!((infos[0][13], infos[1]), (0x0402_0101, [GUARD; 16]));
}

/// Whatever follows a UID's 20 characters is not read: they may be the last bytes of the program's memory.
#[test]
fn of_a_uid_without_its_end() {
    const PAGE: usize = 1 << 16;
    unsafe extern "C" {
        fn aligned_alloc(alignment: usize, size: usize) -> *mut c_char;
        fn mprotect(address: *mut c_char, length: usize, protection: c_int) -> c_int;
    }
    let api = Api::load();
    let uid = common::uid();
    // SAFETY: the second half of this block is only made unreadable, and the block stays.
    unsafe {
        let block = aligned_alloc(PAGE, 2 * PAGE);
        assert!(!block.is_null());
        assert_eq!(mprotect(block.add(PAGE), PAGE, 0), 0);
        let last = block.add(PAGE - 20);
        last.copy_from_nonoverlapping(uid.as_ptr(), 20);
        assert_eq!((api.IOTC_Connect_ByUID_Parallel)(last, 0), -14);
    }
}
