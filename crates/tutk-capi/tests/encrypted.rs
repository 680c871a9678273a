//! Encrypted sessions by the functions of the vendor's library 4.x, both ends.
#![allow(unsafe_code)]

mod common;

use std::ffi::{CStr, CString, c_char, c_int, c_uint};
use std::sync::OnceLock;
use std::thread::{self, JoinHandle};

use common::{Api, ClientIn, ClientOut, ConnectInput, DeviceLoginInput, ServIn, ServOut, info, text};

const PLAIN: c_uint = 0;
const DTLS: c_uint = 1;
const EITHER: c_uint = 2;

/// # Safety
/// As the vendor's header has it.
unsafe extern "C" fn token_of_phone(identity: *const c_char, place: *mut c_char, size: c_uint) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        if CStr::from_ptr(identity) != c"phone" {
            return -1;
        }
        let token = c"a token".to_bytes_with_nul();
        assert!(token.len() <= size as usize);
        place.cast::<u8>().copy_from_nonoverlapping(token.as_ptr(), token.len());
    }
    0
}

/// Serves one client in this mode. Returns the result of the start, and what it says of the client.
fn serve(camera: Api, security: c_uint) -> JoinHandle<(c_int, ServOut)> {
    thread::spawn(move || {
        // SAFETY: as the vendor's header has it.
        unsafe {
            let session = (camera.IOTC_Listen)(20_000);
            let input = ServIn { security, token_auth: Some(token_of_phone), ..ServIn::new(session) };
            let mut output = ServOut::new();
            let av = (camera.avServStartEx)(&input, &mut output);
            if av >= 0 {
                assert_eq!(camera.control(av), Ok((0x1ff, vec![0; 8])));
                assert_eq!(camera.send_frame(av, &[9; 20_000], &info(true, 5)), 0);
                assert!(camera.control(av).is_err());
                (camera.avServStop)(av);
            }
            (av, output)
        }
    })
}

/// The result of a login in this mode, and which one it has come to. A client that is let in gets a frame.
fn log_in(viewer: Api, session: c_int, input: ClientIn) -> (c_int, c_uint) {
    let mut output = ClientOut::new();
    // SAFETY: as the vendor's header has it.
    unsafe {
        let av = (viewer.avClientStartEx)(&input, &mut output);
        if av >= 0 {
            assert_eq!(viewer.send_control(av, 0x1ff, &[0; 8]), 0);
            assert_eq!(viewer.wait_frame(av).unwrap().0, vec![9; 20_000]);
            (viewer.avClientStop)(av);
        }
        (viewer.IOTC_Session_Close)(session);
        (av, output.security)
    }
}

fn connect(viewer: Api, uid: &CString) -> c_int {
    // SAFETY: as the vendor's header has it.
    unsafe { (viewer.IOTC_Connect_ByUID)(uid.as_ptr()) }
}

#[test]
fn the_table_of_modes() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    for (of_viewer, of_camera, result, expected) in [
        (PLAIN, PLAIN, (0, PLAIN), 0),
        (DTLS, DTLS, (0, DTLS), 0),
        (EITHER, DTLS, (0, DTLS), 0),
        (EITHER, PLAIN, (0, PLAIN), 0),
        (DTLS, PLAIN, (-20039, 7), -20015),
        (PLAIN, DTLS, (-20049, 7), -20039),
    ] {
        let serving = serve(camera, of_camera);
        let session = connect(viewer, &uid);
        let input = ClientIn { security: of_viewer, ..ClientIn::new(session, c"password") };
        assert_eq!(log_in(viewer, session, input), result, "{of_viewer} {of_camera}");
        assert_eq!(serving.join().unwrap().0, expected, "{of_viewer} {of_camera}");
    }
}

#[test]
fn wrong_passwords_and_unknown_accounts() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    for (account, password, result, expected) in
        [(c"admin", c"wrong", -20040, -20015), (c"nobody", c"password", -20041, -20041)]
    {
        for security in [DTLS, EITHER] {
            let serving = serve(camera, DTLS);
            let session = connect(viewer, &uid);
            let input = ClientIn { security, account: account.as_ptr(), ..ClientIn::new(session, password) };
            assert_eq!(log_in(viewer, session, input).0, result, "{account:?} {security}");
            assert_eq!(serving.join().unwrap().0, expected, "{account:?} {security}");
        }
    }
}

#[test]
fn tokens() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    for (identity, token, result) in
        [(c"phone", c"a token", 0), (c"phone", c"password", -20040), (c"admin", c"password", -20041)]
    {
        let serving = serve(camera, DTLS);
        let session = connect(viewer, &uid);
        let client =
            ClientIn { security: DTLS, auth_type: 1, account: identity.as_ptr(), ..ClientIn::new(session, token) };
        assert_eq!(log_in(viewer, session, client).0, result, "{identity:?}");
        let (_, output) = serving.join().unwrap();
        if result == 0 {
            assert_eq!((output.auth_type, text(&output.account)), (1, "phone".into()));
        }
    }
    // A server without tokens, and a plain session, know none.
    let session = connect(viewer, &uid);
    let plain = ClientIn { security: PLAIN, auth_type: 1, ..ClientIn::new(session, c"a token") };
    assert_eq!(log_in(viewer, session, plain).0, -20033);
}

#[test]
fn with_an_authentication_key() {
    let (camera, viewer) = (Api::load(), Api::load());
    let (uid, auth_key) = (common::uid(), *b"keyABC42");
    let login = DeviceLoginInput { size: 16, authentication_type: 0, auth_key };
    let input = ConnectInput { size: 20, authentication_type: 0, auth_key, seconds: 20 };
    // SAFETY: as the vendor's header has it.
    let session = unsafe {
        assert_eq!((camera.IOTC_Device_LoginEx)(uid.as_ptr(), &login), 0);
        (viewer.IOTC_Connect_ByUIDEx)(uid.as_ptr(), (viewer.IOTC_Get_SessionID)(), &input)
    };
    let serving = serve(camera, DTLS);
    let client = ClientIn { security: DTLS, ..ClientIn::new(session, c"password") };
    assert_eq!(log_in(viewer, session, client), (0, DTLS));
    let (av, output) = serving.join().unwrap();
    assert_eq!((av, output.auth_type, text(&output.account)), (0, 0, "admin".into()));
}

/// The camera is the client of the channel that carries speech, and so of its encryption.
#[test]
fn speech() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    // SAFETY: as the vendor's header has it.
    unsafe {
        let camera_side = thread::spawn(move || {
            let session = (camera.IOTC_Listen)(20_000);
            let serving = ServIn { security: DTLS, ..ServIn::new(session) };
            let av = (camera.avServStartEx)(&serving, &mut ServOut::new());
            assert_eq!(camera.control(av), Ok((0x350, vec![0; 8])));
            let client = ClientIn { security: DTLS, channel: 1, ..ClientIn::new(session, c"password") };
            let mut output = ClientOut::new();
            let ear = (camera.avClientStartEx)(&client, &mut output);
            assert_eq!((ear, output.security), (1, DTLS));
            let (mut block, mut about, mut number) = ([0u8; 640], [0u8; 16], 0);
            let (to, info) = (block.as_mut_ptr().cast(), about.as_mut_ptr().cast());
            common::until(|| ((camera.avRecvAudioData)(ear, to, 640, info, 16, &mut number) == 640).then_some(()));
            assert_eq!(camera.send_control(av, 0x351, &[0; 8]), 0);
            block
        });
        let session = connect(viewer, &uid);
        let client = ClientIn { security: DTLS, ..ClientIn::new(session, c"password") };
        let av = (viewer.avClientStartEx)(&client, &mut ClientOut::new());
        assert_eq!(viewer.send_control(av, 0x350, &[0; 8]), 0);
        let server = ServIn { security: DTLS, channel: 1, ..ServIn::new(session) };
        let mouth = (viewer.avServStartEx)(&server, &mut ServOut::new());
        assert_eq!(mouth, 1);
        let (data, about) = ([7u8; 640], [0x8c, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0u8]);
        let sent = (viewer.avSendAudioData)(mouth, data.as_ptr().cast(), 640, about.as_ptr().cast(), 16);
        assert_eq!(sent, 0);
        assert_eq!(viewer.control(av), Ok((0x351, vec![0; 8])));
        assert_eq!(camera_side.join().unwrap(), data);
        (viewer.IOTC_Session_Close)(session);
    }
}

#[test]
fn modes_that_do_not_exist() {
    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    let session = connect(viewer, &uid);
    // SAFETY: as the vendor's header has it.
    unsafe {
        let start = |security, auth_type| {
            let input = ClientIn { security, auth_type, ..ClientIn::new(session, c"password") };
            (viewer.avClientStartEx)(&input, &mut ClientOut::new())
        };
        assert_eq!([start(3, 0), start(0, 2), start(1, 2)], [-20000; 3]);
        let serve =
            |security| (viewer.avServStartEx)(&ServIn { security, ..ServIn::new(session) }, &mut ServOut::new());
        assert_eq!([serve(EITHER), serve(3)], [-20000; 2]);
        (viewer.IOTC_Session_Close)(session);
    }
}

/// The application's function is called in the midst of a handshake.
#[test]
fn a_function_that_calls_back_gets_errors() {
    static CAMERA: OnceLock<(Api, c_int)> = OnceLock::new();
    static RESULT: OnceLock<c_int> = OnceLock::new();

    unsafe extern "C" fn password(account: *const c_char, place: *mut c_char, size: c_uint) -> c_int {
        let (camera, session) = CAMERA.get().unwrap();
        // SAFETY: as the vendor's header has it.
        unsafe {
            let _ = RESULT.set((camera.avServStartEx)(&ServIn::new(*session), &mut ServOut::new()));
            common::password_of_admin(account, place, size)
        }
    }

    let (camera, viewer) = (Api::load(), Api::load());
    let uid = camera.be_camera();
    let serving = thread::spawn(move || {
        // SAFETY: as the vendor's header has it.
        unsafe {
            let session = (camera.IOTC_Listen)(20_000);
            assert!(CAMERA.set((camera, session)).is_ok());
            let input = ServIn { security: DTLS, password_auth: Some(password), ..ServIn::new(session) };
            (camera.avServStartEx)(&input, &mut ServOut::new())
        }
    });
    let session = connect(viewer, &uid);
    let client = ClientIn { security: DTLS, ..ClientIn::new(session, c"password") };
    // SAFETY: as the vendor's header has it.
    assert_eq!(unsafe { (viewer.avClientStartEx)(&client, &mut ClientOut::new()) }, 0);
    assert_eq!((serving.join().unwrap(), RESULT.get()), (0, Some(&-20003)));
    // SAFETY: as the vendor's header has it.
    unsafe { (viewer.IOTC_Session_Close)(session) };
}
