//! Speech through the vendor's library.

use std::thread;
use std::time::{Duration, Instant};

use tutk::proto::SendError;
use tutk::vendor::Code;
use tutk::{AudioFormat, AvEvent, Codec, SessionError, TalkError, ViewerEvent};

use super::support::{Alone, FAKE, LONG, Open, compile, open, options};

fn format() -> AudioFormat {
    AudioFormat::new(Codec::Mulaw, 8_000)
}

fn wait_until_it_listens(session: &mut Open) {
    let deadline = Instant::now() + LONG;
    loop {
        match session.events.next_event_until(Some(deadline)).unwrap() {
            Some(ViewerEvent::TalkStarted) => return,
            Some(ViewerEvent::Av { event: AvEvent::IoControlConfirmed { .. }, .. }) => {}
            event => panic!("{event:?}"),
        }
    }
}

#[test]
fn the_camera_hears_what_is_said() {
    let alone = Alone::new();
    let mut session = open(options("SPEAKERS000000000050")).unwrap();
    for heard in [960, 320] {
        let talk = session.start_talk().unwrap();
        assert_eq!(talk.channel(), 3);
        assert!(matches!(session.start_talk(), Err(TalkError::Busy)));
        let before = alone.count("fake_heard");
        // Most of this is said before the camera listens.
        for block in 0..heard / 320 {
            talk.send(format(), 40 * block as u32, &[7; 320]).unwrap();
        }
        wait_until_it_listens(&mut session);
        assert!(talk.is_started());
        assert_eq!(alone.count("fake_heard") - before, heard);
        talk.send(format(), 0, &[7; 100]).unwrap();
        assert_eq!(alone.count("fake_heard") - before, heard + 100);
        let error = talk.send(format(), 0, &[7; 1281]).unwrap_err();
        assert!(matches!(error, TalkError::Send(SendError::AudioTooLarge { len: 1281 })), "{error}");
    }
    let talk = session.start_talk().unwrap();
    wait_until_it_listens(&mut session);
    session.close();
    let error = talk.send(format(), 0, &[7]).unwrap_err();
    assert!(matches!(error, TalkError::Session(SessionError::Closed)), "{error}");
    assert!(matches!(session.start_talk(), Err(TalkError::Session(SessionError::Closed))));
    drop(session);
    alone.wait_for_the_end();
}

#[test]
fn a_camera_that_never_listens_holds_nothing_up() {
    let alone = Alone::new();
    let session = open(options("PLAINXXX000000000000")).unwrap();
    let talk = session.start_talk().unwrap();
    for _ in 0..100 {
        talk.send(format(), 0, &[7; 320]).unwrap();
    }
    assert!(!talk.is_started());
    drop(session);
    alone.wait_for_the_end();
    let error = talk.send(format(), 0, &[7]).unwrap_err();
    assert!(matches!(error, TalkError::Session(SessionError::Closed)), "{error}");
}

#[test]
fn what_the_library_says_of_speech_is_an_error() {
    let alone = Alone::new();
    let session = open(options("SPEAKERS000000000404")).unwrap();
    let talk = session.start_talk().unwrap();
    let begin = Instant::now();
    let error = loop {
        match talk.send(format(), 0, &[7]) {
            Err(error) => break error,
            Ok(()) => assert!(begin.elapsed() < LONG, "no error"),
        }
        thread::sleep(Duration::from_millis(1));
    };
    assert!(matches!(&error, TalkError::Library(error) if error.code() == Some(Code(-20002))), "{error}");
    assert!(error.to_string().contains("SPEAKERS000000000404"), "{error}");
    drop((talk, session));
    alone.wait_for_the_end();
}

#[test]
fn what_a_library_cannot_do_is_named() {
    let _alone = Alone::new();
    let session = open(options("DTLSONLY000000000000")).unwrap();
    assert!(matches!(session.start_talk(), Err(TalkError::LibraryEncrypts)));
    drop(session);
    let viewers = FAKE.0.with_file_name("viewers.so");
    compile(&viewers, "IOTC_*; TUTK_*; fake_*; avGet*; avInit*; avDe*; avClient*; avSend*; avRecv*");
    let mut options = options("SPEAKERS000000000000");
    options.library = Some(viewers);
    let session = open(options).unwrap();
    let error = session.start_talk().unwrap_err();
    assert!(matches!(error, TalkError::LibraryLacks { function: "avServStart3" }), "{error}");
}
