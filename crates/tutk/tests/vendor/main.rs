//! The vendor backend over a library that does as the tests want: how it fails, what it answers, when it stops.
#![allow(unsafe_code)]

mod choice;
mod support;
mod talk;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use support::{Alone, FAKE, Open, compile, fail, open, options, search};
use tutk::vendor::Code;
use tutk::{
    AvEvent, Codec, ConnectError, DiscoverOptions, Encryption, Error, Field, LibraryError, Lost, Media, Mode,
    OptionError, Session, SessionError, Step, discover, io_control,
};

#[test]
fn a_session_is_established_and_ends() {
    let alone = Alone::new();
    let mut session = open(options("PLAINXXX000000000000")).unwrap();
    let info = session.info();
    assert_eq!((info.mode, info.remote.to_string().as_str()), (Mode::Relay, "192.0.2.7:4711"));
    let library = info.library.unwrap();
    assert_eq!((library.iotc.as_str(), library.av.as_deref()), ("1.2.3.4", Some("1.5.6.0")));
    assert_eq!(library.path, FAKE.0);
    session.close();
    assert!(matches!(session.receive(), Err(SessionError::Closed)));
    alone.wait_for_the_end();
}

#[test]
fn sessions_share_one_initialisation() {
    let alone = Alone::new();
    let sessions: Vec<_> = (0..5).map(|_| open(options("PLAINXXX000000000000")).unwrap()).collect();
    assert_eq!((alone.count("fake_initialized"), alone.count("fake_open")), (1, 10));
    // The folder that it is in is the same library.
    let mut same = options("PLAINXXX000000000000");
    same.library = FAKE.0.parent().map(Path::to_path_buf);
    drop(open(same).unwrap());
    for session in sessions {
        assert_eq!(alone.count("fake_initialized"), 1);
        drop(session);
    }
    alone.wait_for_the_end();
}

#[test]
fn another_library_has_to_wait() {
    let alone = Alone::new();
    let session = open(options("PLAINXXX000000000000")).unwrap();
    let mut other = options("PLAINXXX000000000000");
    other.library = Some(FAKE.1.clone());
    let error = fail(other.clone());
    assert!(matches!(error, ConnectError::Library(LibraryError::InUse { .. })), "{error}");
    let text = error.to_string();
    assert!(text.contains(FAKE.0.to_str().unwrap()) && text.contains(FAKE.1.to_str().unwrap()), "{text}");
    drop(session);
    alone.wait_for_the_end();
    let session = open(other).unwrap();
    assert_eq!(session.info().library.unwrap().path, FAKE.1);
}

#[test]
fn after_a_library_that_is_none_the_right_one_works() {
    let _alone = Alone::new();
    let text = FAKE.0.with_file_name("text.so");
    fs::write(&text, "no library").unwrap();
    for (bad, why) in [(text, "no library at all"), ("/nowhere/at-all.so".into(), "No such file")] {
        let mut wrong = options("PLAINXXX000000000000");
        wrong.library = Some(bad.clone());
        let error = fail(wrong);
        assert!(matches!(error, ConnectError::Library(LibraryError::Load(_))), "{error}");
        assert!(error.to_string().contains(bad.to_str().unwrap()) && error.to_string().contains(why), "{error}");
        drop(open(options("PLAINXXX000000000000")).unwrap());
    }
}

#[test]
fn a_pair_is_found_by_each_of_it_and_by_its_folder() {
    let _alone = Alone::new();
    let folder = FAKE.0.with_file_name("pair");
    fs::create_dir_all(&folder).unwrap();
    let (iotc, av) = (folder.join("libIOTCAPIs.so"), folder.join("libAVAPIs.so"));
    let with = |library: &Path| {
        let mut options = options("PLAINXXX000000000000");
        options.library = Some(library.into());
        options
    };
    compile(&iotc, "IOTC_*; TUTK_*");
    let error = fail(with(&iotc));
    assert!(error.to_string().contains("avInitialize"), "half of it: {error}");
    // A search needs no more than that half.
    let options = DiscoverOptions::new().with_library(&iotc).with_timeout(Duration::from_millis(1));
    assert_eq!(discover(&options).unwrap().collect::<Result<Vec<_>, _>>().unwrap().len(), 1);
    compile(&av, "av*");
    for library in [&iotc, &av, &folder] {
        assert_eq!(open(with(library)).unwrap().info().library.unwrap().path, iotc);
    }
}

#[test]
fn a_second_of_a_pair_that_does_not_load_is_tried_again() {
    let _alone = Alone::new();
    let folder = FAKE.0.with_file_name("late");
    fs::create_dir_all(&folder).unwrap();
    let (iotc, av) = (folder.join("libIOTCAPIs.so"), folder.join("libAVAPIs.so"));
    compile(&iotc, "IOTC_*; TUTK_*");
    fs::write(&av, "no library").unwrap();
    // SAFETY: it is our own library.
    let library = unsafe { tutk_sys::Library::load(Some(&iotc)) }.unwrap();
    let error = library.av().map(drop).unwrap_err();
    assert_eq!(error.attempts[0].path, av);
    compile(&av, "av*");
    assert!(library.av().unwrap().avInitialize.is_ok());
}

#[test]
fn the_licence_key_is_handed_over_and_not_shown() {
    let alone = Alone::new();
    let with = |key: &str| {
        let mut options = options("PLAINXXX000000000000");
        options.license_key = Some(key.into());
        assert!(!format!("{options:?}").contains(key));
        options
    };
    let error = fail(with("canary"));
    assert!(matches!(error, ConnectError::Library(LibraryError::Failed { code: Code(-1004), .. })), "{error}");
    let nul = OptionError::Nul { field: Field::LicenseKey };
    assert!(matches!(fail(with("a\0b")), ConnectError::Option(error) if error == nul));
    let session = open(with("right")).unwrap();
    assert!(matches!(fail(with("other")), ConnectError::Option(OptionError::LicenseKeyInUse)));
    drop(session);
    alone.wait_for_the_end();
}

#[test]
fn an_auth_key_opens_the_camera() {
    let _alone = Alone::new();
    let with = |uid: &str, key: Option<&str>| {
        let mut options = options(uid);
        options.auth_key = key.map(|key| key.parse().unwrap());
        options
    };
    drop(open(with("KEYEDCAM000000000000", Some("rightKEY"))).unwrap());
    for key in [None, Some("otherKEY")] {
        let error = fail(with("KEYEDCAM000000000000", key));
        // Where the camera is, only a search would tell.
        assert!(error.to_string().contains("-68") && !error.to_string().contains("otherKEY"), "{error}");
    }
    let error = fail(with("PLAINXXX000000000000", Some("rightKEY")));
    assert!(matches!(error, ConnectError::AuthKeyNotWanted { .. }), "{error}");
}

#[test]
fn a_library_that_can_encrypts_where_the_camera_does() {
    let _alone = Alone::new();
    let folder = FAKE.0.with_file_name("old");
    fs::create_dir_all(&folder).unwrap();
    let old = folder.join("libIOTCAPIs_ALL.so");
    compile(
        &old,
        "IOTC_[!C]*; IOTC_Connect_ByUID_Parallel; IOTC_Connect_Stop_BySID; av[!C]*; avClientStart2; avClientStop",
    );
    let with = |uid: &str, library: &Path, encryption: Encryption| {
        let mut options = options(uid).with_library(library);
        options.encryption = encryption;
        options
    };
    let (plain, dtls) = ("PLAINXXX000000000000", "DTLSONLY000000000000");
    use Encryption::{Auto, Off, Required};
    for (uid, encryption, encrypted) in
        [(plain, Auto, false), (plain, Off, false), (dtls, Auto, true), (dtls, Required, true)]
    {
        let session = open(with(uid, &FAKE.0, encryption)).unwrap();
        assert_eq!(session.info().encrypted, encrypted, "{uid}");
    }
    let error = fail(with(plain, &FAKE.0, Required));
    assert!(matches!(error, ConnectError::NotEncrypted { .. }), "{error}");
    assert!(!open(with(plain, &old, Auto)).unwrap().info().encrypted);
    let error = fail(with(plain, &old, Required));
    assert!(matches!(error, ConnectError::NotEncrypted { .. }), "{error}");
    let mut keyed = with(plain, &old, Auto);
    keyed.auth_key = Some("rightKEY".parse().unwrap());
    assert!(fail(keyed).to_string().contains("IOTC_ER_NOT_SUPPORT"));
}

#[test]
fn a_uid_in_lower_case_is_tried_in_upper_case() {
    let alone = Alone::new();
    let session = open(options("plainxxx000000000000")).unwrap();
    assert_eq!(session.camera().uid.as_str(), "PLAINXXX000000000000");
    drop(session);
    assert!(matches!(fail(options("codeconn000000000019")), ConnectError::NotFound { .. }));
    alone.wait_for_the_end();
}

#[test]
fn codes_become_errors() {
    let alone = Alone::new();
    for code in [1, 2, 13, 15, 19, 41, 90] {
        let error = fail(options(&format!("CODECONN{code:012}")));
        let name = Code(-code).name().unwrap();
        assert!(matches!(error, ConnectError::NotFound { .. }) && error.to_string().contains(name), "{error}");
    }
    for code in [10, 18, 24, 42, 64, 72, 9999] {
        let error = fail(options(&format!("CODECONN{code:012}")));
        assert!(matches!(&error, ConnectError::Library(error) if error.code() == Some(Code(-code))), "{error}");
        assert!(error.to_string().contains(&format!("-{code}")), "{error}");
    }
    let log_in = |code| fail(options(&format!("CODELOGI{code:012}")));
    assert!(matches!(log_in(20009), ConnectError::Refused { .. }));
    assert!(matches!(log_in(20011), ConnectError::NoAnswer { step: Step::LogIn, .. }));
    assert!(matches!(log_in(20015), ConnectError::Session(SessionError::ClosedByCamera)));
    assert!(matches!(log_in(20002), ConnectError::Library(error) if error.code() == Some(Code(-20002))));
    let receive = |code| {
        let mut session = open(options(&format!("CODERECV{code:012}"))).unwrap();
        let error = session.receive().unwrap_err();
        assert_eq!(session.receive().unwrap_err().to_string(), error.to_string(), "final");
        assert!(session.start_video().is_err());
        error
    };
    assert!(matches!(receive(20015), SessionError::ClosedByCamera));
    assert!(matches!(receive(20010), SessionError::Library(error) if error.code() == Some(Code(-20010))));
    let mut session = open(options("CODERECV000000020016")).unwrap();
    assert!(matches!(session.receive(), Err(SessionError::TimedOut { .. })));
    drop(session);
    alone.wait_for_the_end();
}

/// The calls of `fake_answer`.
const CALLS: [&str; 11] = [
    "IOTC_Initialize2",
    "avInitialize",
    "IOTC_Get_SessionID",
    "IOTC_Connect_ByUID_Parallel",
    "IOTC_Session_Check",
    "avClientStart2",
    "avSendIOCtrl",
    "avRecvIOCtrl",
    "avRecvFrameData2",
    "avRecvAudioData",
    "IOTC_Lan_Search2",
];

/// Whatever a call answers, this comes back, and with a text that says what it was.
fn session_while(call: &str) -> Result<(), Error> {
    let mut brief = options("PLAINXXX000000000000");
    brief.timeout = Duration::from_millis(50);
    if call == "IOTC_Lan_Search2" {
        return Ok(search(Duration::from_millis(1)).map(drop)?);
    }
    let Open { session, mut events } = open(brief)?;
    let handle = events.cancel_handle();
    session.info();
    session.send_io_control(1, b"body")?;
    session.start_video()?;
    // What goes wrong late is told here, and what does not go wrong never ends.
    thread::scope(|scope| {
        let received = scope.spawn(|| (0..20).try_for_each(|_| events.next_event().map(drop)));
        let begin = Instant::now();
        while !received.is_finished() && begin.elapsed() < Duration::from_millis(2) {
            thread::yield_now();
        }
        handle.cancel();
        match received.join().unwrap() {
            Err(SessionError::Cancelled) => Ok(()),
            result => Ok(result?),
        }
    })
}

#[test]
fn each_call_may_fail_with_each_code() {
    let alone = Alone::new();
    let codes = (-200..0).chain(-1_100..-1_000).chain(-20_100..-20_000);
    let mut codes: Vec<i32> = codes.filter(|code| Code(*code).name().is_some()).collect();
    assert!(codes.len() > 80, "{}", codes.len());
    codes.extend([-9_999, i32::MIN]);
    let mut failures = 0;
    for (number, call) in CALLS.into_iter().enumerate() {
        for code in &codes {
            alone.answer(number as i32, *code);
            if let Err(error) = session_while(call) {
                failures += 1;
                let text = format!("{error} {error:?}");
                assert!(!text.contains("canary") && !error.to_string().is_empty(), "{call}, {code}: {text}");
            }
            alone.answer(-1, 0);
            alone.wait_for_the_end();
        }
        session_while(call).unwrap();
        alone.wait_for_the_end();
    }
    println!("{failures} of {} ended in an error", CALLS.len() * codes.len());
    assert!(failures > CALLS.len() * codes.len() / 2);
}

#[test]
fn sizes_may_be_nonsense() {
    let alone = Alone::new();
    for (number, call) in CALLS.into_iter().enumerate() {
        // Numbers of sessions and channels come back to the library: only it can tell that they are none.
        if ["IOTC_Get_SessionID", "avClientStart2"].contains(&call) {
            continue;
        }
        for size in [0, 1, 16, 1_021, 262_145, 1 << 24, i32::MAX] {
            alone.answer(number as i32, size);
            let _ = session_while(call);
            alone.answer(-1, 0);
            alone.wait_for_the_end();
        }
    }
}

#[test]
fn a_cancellation_ends_at_once_and_leaves_nothing() {
    let alone = Alone::new();
    for uid in ["STOPCONN000000000000", "STOPLOGI000000000000", "SLOWCONN000000000300", "SLOWLOGI000000000300"] {
        let connecting = Session::connect(options(uid)).unwrap();
        let handle = connecting.cancel_handle();
        let opening = thread::spawn(move || (connecting.wait().map(drop), Instant::now()));
        while alone.count("fake_open") == 0 {
            assert!(!opening.is_finished());
            thread::yield_now();
        }
        let begin = Instant::now();
        handle.cancel();
        let (opened, end) = opening.join().unwrap();
        println!("{uid}: {:?}", end.saturating_duration_since(begin));
        assert!(matches!(opened, Err(ConnectError::Cancelled)), "{uid}: {opened:?}");
        // What the library finishes late is closed, too.
        alone.wait_for_the_end();
    }
}

#[test]
fn the_time_ends_as_a_cancellation_does() {
    let alone = Alone::new();
    let brief = |uid| {
        let mut options = options(uid);
        options.timeout = Duration::from_millis(50);
        fail(options)
    };
    assert!(matches!(brief("SLOWCONN000000000300"), ConnectError::NotFound { .. }));
    assert!(matches!(brief("SLOWLOGI000000000300"), ConnectError::NoAnswer { step: Step::LogIn, .. }));
    alone.wait_for_the_end();
}

#[test]
fn calls_that_never_end_hold_nothing_up() {
    let alone = Alone::new();
    alone.revive(false);
    let brief = |uid| {
        let mut options = options(uid);
        options.timeout = Duration::from_millis(50);
        fail(options)
    };
    assert!(matches!(brief("DEADCONN000000000000"), ConnectError::NotFound { .. }));
    assert!(matches!(brief("DEADLOGI000000000000"), ConnectError::NoAnswer { step: Step::LogIn, .. }));
    assert!(alone.count("fake_open") >= 2, "they still run");
    // Others connect beside them.
    let mut session = open(options("FRAMEBIG000000000001")).unwrap();
    assert!(matches!(session.receive(), Ok(AvEvent::Video(_))));
    drop(session);
    alone.revive(true);
    alone.wait_for_the_end();
}

#[test]
fn frames_make_room_for_themselves() {
    let _alone = Alone::new();
    for size in [1, 128_001, 300_000, 10_000_000] {
        let mut session = open(options(&format!("FRAMEBIG{size:012}"))).unwrap();
        let AvEvent::Video(frame) = session.receive().unwrap() else { panic!("no frame") };
        assert!(frame.data == vec![b'f'; size], "{} of {size}", frame.data.len());
    }
    let mut session = open(options("FRAMEBIG000020000000")).unwrap();
    let end = session.receive();
    assert!(matches!(end, Err(SessionError::Library(error)) if error.code() == Some(Code(-20001))), "a bound");
}

#[test]
fn audio_comes_beside_video() {
    let _alone = Alone::new();
    let mut session = open(options("BOTHSEND000000000000")).unwrap();
    // No audio comes unasked.
    for number in 0..10 {
        let AvEvent::Video(frame) = session.receive().unwrap() else { panic!("no picture") };
        assert_eq!(frame.number, number);
    }
    session.start_audio().unwrap();
    let (mut blocks, mut lost, mut pictures) = (Vec::new(), Vec::new(), 10);
    while blocks.last() != Some(&99) || pictures < 100 {
        match session.receive().unwrap() {
            AvEvent::Audio(block) => {
                assert!(block.data == vec![block.number as u8; 320], "block {}", block.number);
                let format = block.audio_format().unwrap();
                assert_eq!((format.codec, format.rate, format.bits, format.channels), (Codec::Pcm, 8_000, 16, 1));
                blocks.push(block.number);
            }
            AvEvent::Lost(Lost { media: Media::Audio, first, count: 1, .. }) => lost.push(first),
            AvEvent::Video(frame) => {
                assert_eq!(frame.number, pictures);
                pictures += 1;
            }
            AvEvent::IoControlConfirmed { kind: io_control::START_AUDIO } => {}
            event => panic!("{event:?}"),
        }
    }
    assert_eq!(lost, (5..100).step_by(10).collect::<Vec<_>>());
    assert!(blocks.iter().all(|number| number % 10 != 5) && blocks.is_sorted(), "{blocks:?}");
}

#[test]
fn what_the_library_says_is_checked() {
    let _alone = Alone::new();
    let mut session = open(options("FRAMEODD000000000000")).unwrap();
    let mut seen = Vec::new();
    while seen.len() < 6 {
        match session.receive().unwrap() {
            AvEvent::Video(frame) => seen.push((frame.number, 0, frame.info.len())),
            AvEvent::Lost(Lost { media: Media::Video, first, count, .. }) => seen.push((first, count, 0)),
            event => panic!("{event:?}"),
        }
    }
    assert_eq!(seen, [(1, 0, 24), (2, 1, 0), (3, 1, 0), (4, 0, 64), (5, 1, 0), (6, 0, 16)]);
    let session = open(options("ODDSTATE000000000000")).unwrap();
    assert_eq!(session.info().mode, Mode::Unknown);
    assert!(session.info().remote.ip().is_unspecified());
}

#[test]
fn an_io_control_that_is_never_confirmed_holds_nothing_up() {
    let alone = Alone::new();
    let session = open(options("STUCKIOC000000000000")).unwrap();
    session.start_video().unwrap();
    session.send_io_control(1, &[]).unwrap();
    let begin = Instant::now();
    drop(session);
    assert!(begin.elapsed() < Duration::from_secs(5));
    alone.wait_for_the_end();
}

#[test]
fn a_search_lists_what_is_right() {
    let alone = Alone::new();
    let found = search(Duration::from_millis(1)).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].address.to_string(), "192.0.2.8:32761");
    let options = DiscoverOptions::new().with_library(&FAKE.0);
    assert_eq!(discover(&options).unwrap().answers().unwrap().cameras, found);
    let other = options.with_uid("PLAINXXX000000000001".parse().unwrap());
    assert_eq!(discover(&other).unwrap().answers().unwrap().cameras, []);
    alone.wait_for_the_end();
}
