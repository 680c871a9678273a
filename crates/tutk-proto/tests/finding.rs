//! How a viewer finds its camera, and what it says when it does not, in virtual time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tutk_proto::wire::{AddressBlock, Message, SearchAnswer, descramble};
use tutk_proto::{Answers, CloseReason, Generation, Step, Uid, Viewer, ViewerConfig, ViewerEvent};

const CAMERA: &str = "HBNASLSCFC1MN4Y9221A";

fn uid(text: &str) -> Uid {
    text.parse().unwrap()
}

fn address(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 77, 0, host], 50_000))
}

/// A viewer, and the camera of another network that it meets.
struct World {
    now: Instant,
    viewer: Viewer,
    sent: Vec<(SocketAddr, Vec<u8>)>,
}

impl World {
    fn new(wanted: &str) -> Self {
        let now = Instant::now();
        let config = ViewerConfig::new(uid(wanted), vec!["10.77.0.255:32761".parse().unwrap()], 7)
            .with_timeout(Duration::from_secs(5))
            .with_idle_timeout(Duration::from_secs(5));
        let mut world = Self { now, viewer: Viewer::new(now, config), sent: Vec::new() };
        world.drain();
        world
    }

    fn drain(&mut self) {
        let mut out = Vec::new();
        while let Some(transmit) = self.viewer.poll_transmit(self.now, 1, &mut out) {
            descramble(&mut out);
            self.sent.push((transmit.destination, out.clone()));
        }
    }

    fn hear(&mut self, from: SocketAddr, message: Message<'_>) {
        self.viewer.handle_input(self.now, from, &mut message.to_datagram(Generation::G09));
        self.drain();
    }

    fn found(&mut self, host: u8, uid: &str, generation: u8, name: &str) {
        let (uid, asker, generation) = (self::uid(uid), AddressBlock([0; 16]), Generation(generation));
        self.hear(
            address(host),
            Message::Found(SearchAnswer { generation, uid, asker, name: name.into(), grant: None }),
        );
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.viewer.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.viewer.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    /// Nobody else answers.
    fn fail(mut self, wanted: &str) -> (Answers, String) {
        self.pass(Duration::from_secs(6));
        assert_eq!(self.viewer.poll_event(), Some(ViewerEvent::Ended(CloseReason::NoAnswer(Step::Find))));
        let answers = self.viewer.take_answers();
        let text = answers.explain(uid(wanted));
        (answers, text)
    }
}

#[test]
fn a_uid_typed_in_lower_case_is_found_in_upper_case() {
    let mut world = World::new(&CAMERA.to_lowercase());
    world.found(2, CAMERA, 9, "");
    assert_eq!(world.viewer.camera(), None, "one with the UID as typed comes first");
    world.pass(Duration::from_millis(500));
    assert_eq!(world.viewer.camera(), Some(address(2)));
    assert!(matches!(world.viewer.poll_event(), Some(ViewerEvent::Found(found)) if found.uid == uid(CAMERA)));
    // The session is with the camera as it is called.
    let (_, hello) = world.sent.pop().unwrap();
    assert!(matches!(Message::decode(&hello), Ok(Message::Handshake { uid: of, .. }) if of == uid(CAMERA)));
}

#[test]
fn a_uid_as_typed_comes_before_one_in_upper_case() {
    let typed = CAMERA.to_lowercase();
    let mut world = World::new(&typed);
    world.found(2, CAMERA, 9, "");
    world.found(3, &typed, 9, "");
    assert_eq!(world.viewer.camera(), Some(address(3)));
}

#[test]
fn an_ordinary_search_asks_no_more_than_before() {
    let mut world = World::new(CAMERA);
    world.pass(Duration::from_secs(1));
    // At 0, 100, 300, 600 and 1,000 ms.
    let asked: Vec<_> = world.sent.iter().map(|(_, bytes)| Message::decode(bytes).unwrap()).collect();
    let asked: Vec<_> = asked
        .iter()
        .map(|message| match message {
            Message::Search { uid, request: Some(request) } => (*uid, request.is_asking()),
            other => panic!("{other:?}"),
        })
        .collect();
    let (of, any) = ((Some(uid(CAMERA)), true), (None, false));
    assert_eq!(asked, [of, any, of, any, of]);
}

#[test]
fn a_mistyped_uid_is_told_from_the_others() {
    let wanted = "HBNA5LSCFCIMN4Y9221A";
    let mut world = World::new(wanted);
    for _ in 0..3 {
        world.found(2, CAMERA, 9, "gate\u{1b}[2J");
        world.found(3, "ABCDEFGHJKLMNPQRST12", 9, "");
    }
    let (answers, text) = world.fail(wanted);
    assert_eq!(answers.cameras.len(), 2, "each once");
    assert_eq!(text, format!("Did you mean {CAMERA} (“gate\\u{{1b}}[2J”) at 10.77.0.2?"));
}

#[test]
fn the_cameras_that_answered_are_named() {
    let wanted = "ZZZZZZZZZZZZZZZZZZZZ";
    let mut world = World::new(wanted);
    world.found(2, CAMERA, 9, "");
    world.found(3, "ABCDEFGHJKLMNPQRST12", 0x1B, "garage");
    let (_, text) = world.fail(wanted);
    let expected = format!("ABCDEFGHJKLMNPQRST12 (“garage”) at 10.77.0.3 (generation 0x1b), {CAMERA} at 10.77.0.2");
    assert_eq!(text, format!("These cameras answered: {expected}."));
    assert_eq!(World::new(wanted).fail(wanted).1, "");
}

#[test]
fn many_answers_are_bounded() {
    let wanted = "ZZZZZZZZZZZZZZZZZZZZ";
    let mut world = World::new(wanted);
    for number in 0..10_000 {
        world.found(2, &format!("FLOOD{number:015}"), 9, "");
    }
    let (answers, text) = world.fail(wanted);
    assert_eq!(answers.cameras.len(), 64);
    assert!(text.len() < 4_000, "{text}");
}

#[test]
fn a_camera_of_an_unknown_generation_is_named_with_it() {
    let mut world = World::new(CAMERA);
    world.found(2, CAMERA, 0x1B, "gate");
    assert!(matches!(world.viewer.poll_event(), Some(ViewerEvent::Found(found)) if found.address == address(2)));
    assert_eq!(world.viewer.poll_event(), Some(ViewerEvent::Ended(CloseReason::Generation(0x1B))));
}
