//! Channels of a session whose application decides on logins: media and speech at once, over real sockets.

use std::thread;
use std::time::Duration;

use tutk::proto::MAX_FRAME;
use tutk::wire::FrameInfo;
use tutk::{
    Access, AvEvent, Backend, Camera, CameraEvent, CameraEvents, CameraOptions, ChannelError, Codec, Credentials,
    Secret, Session, SessionOptions, Uid, ViewerEvent, ViewerId,
};

const LONG: Duration = Duration::from_secs(20);

fn uid() -> Uid {
    format!("CHANNELS{:012X}", getrandom::u64().unwrap() >> 16).parse().unwrap()
}

fn info() -> [u8; 16] {
    FrameInfo { codec: Codec::Pcm, flags: 2, camera: 0, viewers: 1, timestamp: 9 }.encode()
}

/// A camera's application: lets in who knows the word on channel 0, sends audio there, and listens on channel 1.
fn application(camera: &Camera, events: &mut CameraEvents) -> Vec<Vec<u8>> {
    let mut heard = Vec::new();
    let mut viewer = None;
    while let Ok(event) = events.next_event() {
        match event {
            CameraEvent::ViewerAdded { viewer: id, .. } => {
                viewer = Some(id);
                camera.channel(id, 0).start_server(77, true).unwrap();
            }
            CameraEvent::Av { viewer, channel: 0, event: AvEvent::Login { account, password } } => {
                let right = account == b"somebody" && password == Secret::from("word");
                camera.channel(viewer, 0).answer_login(right).unwrap();
            }
            CameraEvent::Av { viewer, channel: 0, event: AvEvent::IoControl { kind: 0x300, .. } } => {
                for number in 0..3 {
                    camera.channel(viewer, 0).send_audio(&[number; 640], &info()).unwrap();
                }
            }
            CameraEvent::Av { viewer, channel: 0, event: AvEvent::IoControl { kind: 0x350, .. } } => {
                camera.channel(viewer, 1).start_client(Credentials::new("", ""), false).unwrap();
            }
            CameraEvent::Av { channel: 1, event: AvEvent::Audio(block), .. } => heard.push(block.data),
            CameraEvent::ViewerRemoved { viewer: id, .. } => {
                assert_eq!(Some(id), viewer);
                break;
            }
            _ => {}
        }
    }
    heard
}

#[test]
fn audio_goes_both_ways() {
    let options = CameraOptions::new(uid()).with_access(Access::Application);
    let uid = options.uid;
    let (camera, mut serving) = Camera::open(options).unwrap();
    let served = camera.clone();
    let thread = thread::spawn(move || application(&served, &mut serving));

    let options = SessionOptions::new(uid).without_login().with_timeout(LONG).with_idle_timeout(LONG);
    let (session, mut events) = Session::connect(options.with_backend(Backend::Native)).unwrap().wait().unwrap();
    let [media, speech] = [0, 1].map(|number| session.channel(number).unwrap());
    let mut next = || loop {
        if let ViewerEvent::Av { channel, event } = events.next_event().unwrap() {
            return (channel, event);
        }
    };
    assert_eq!(media.send_io_control(0x300, Vec::new()), Err(ChannelError::NotLoggedIn));
    let mut log_in = |word: &str| {
        media.start_client(Credentials::new("somebody", word), true).unwrap();
        next()
    };
    // A session outlives a wrong word.
    assert_eq!(log_in("wrong"), (0, AvEvent::LoginRefused(3)));
    assert_eq!(log_in("word"), (0, AvEvent::LoggedIn { resend: true }));
    assert_eq!((media.is_open(), media.service(), speech.service()), (true, Some(77), None));

    media.send_io_control(0x300, vec![0; 8]).unwrap();
    let mut numbers = Vec::new();
    while numbers.len() < 3 {
        if let (0, AvEvent::Audio(block)) = next() {
            assert_eq!((block.data, block.info.as_slice()), (vec![numbers.len() as u8; 640], &info()[..]));
            numbers.push(block.number);
        }
    }
    assert_eq!(numbers, [0, 1, 2]);

    // The other way, the viewer's end of channel 1 is the server.
    speech.start_server(0, false).unwrap();
    assert_eq!(speech.send_audio(&[0; 160], &info()), Err(ChannelError::NotLoggedIn));
    media.send_io_control(0x350, vec![1; 8]).unwrap();
    while !matches!(next(), (1, AvEvent::Login { .. })) {}
    assert_eq!(speech.answer_login(true), Ok(Some(false)));
    for number in 0..4 {
        assert!(matches!(speech.send_audio(&vec![0; MAX_FRAME], &info()), Err(ChannelError::Send(_))));
        speech.send_audio(&[number; 160], &info()).unwrap();
    }
    drop(events);
    assert_eq!(thread.join().unwrap(), (0..4).map(|number| vec![number; 160]).collect::<Vec<_>>());
    assert_eq!(media.send_io_control(1, Vec::new()), Err(ChannelError::Ended));
    assert_eq!(camera.channel(ViewerId(1), 0).clear(), Err(ChannelError::Ended));
}
