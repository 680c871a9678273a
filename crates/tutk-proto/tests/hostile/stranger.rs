//! Others than the camera speak to a viewer: they do not get through, and it goes on.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tutk_proto::wire::{
    AddressBlock, Av, Chunk, Feedback, LoginResult, Message, Role, SearchAnswer, Session, Step, Text,
};
use tutk_proto::{CloseReason, Search, ViewerEvent};
use tutk_proto::{Generation, SessionId};

use crate::victim::Victim;
use crate::{COOKIE, ID, address, payload, uid};

/// What could do harm, under this cookie.
fn messages(cookie: u16, mut each: impl FnMut(Message<'_>)) {
    let session = Session {
        from: Role::Camera,
        id: SessionId::Cookie(cookie),
        channel: 0,
        partial: false,
        secure: false,
        ticket: 0,
    };
    let chunk = Chunk { frame: 0, media_len: 84, info_len: 16, index: 0, data: &[0; 100] };
    let avs = [
        Av::LoginAnswer { result: LoginResult::Refused, resend: false, service: 0, echo: [0; 6] },
        Av::IoControl { number: 1, kind: 0x1FF, body: &[0; 8], version: 0, echo: [0; 6] },
        Av::IoControlAck { number: 1, version: 3, echo: [0; 6] },
        Av::Video { retransmitted: false, clock: 0, clean: 0, chunk },
        Av::Audio { retransmitted: false, frame: 0, info: &[0; 16], media: &[0; 100] },
        Av::Feedback(Feedback::AckReceived { frame: 0, clock: 0, clean: 0 }),
    ];
    for av in avs {
        each(Message::Data { session, sequence: 0, payload: &payload(&av) });
    }
    each(Message::Alive(session));
    each(Message::Close(session));
    for step in [Step::Propose, Step::Accept, Step::Confirm] {
        each(Message::Handshake {
            step,
            uid: uid(),
            session: Some(SessionId::Cookie(cookie)),
            first: false,
            full: true,
        });
    }
}

#[test]
fn other_addresses_and_other_cookies_are_not_heard() {
    let mut victim = Victim::new();
    let other_port = SocketAddr::new(address(2).ip(), 5001);
    for (from, cookie) in [(address(3), COOKIE), (other_port, COOKIE), (address(2), COOKIE + 1), (address(2), 0)] {
        for _ in 0..1_000 {
            messages(cookie, |message| assert_eq!(victim.say_from(from, message), 0, "{message:?}"));
        }
    }
    assert_eq!((victim.events(), victim.viewer.memory()), (vec![], 0));
    assert_eq!(victim.viewer.camera(), Some(address(2)));
    // Half of them from the camera's address, of which connecting is over.
    assert_eq!(victim.viewer.stats().foreign, 4_000 * 11 - 2_000 * 3);
    victim.whole(0);
    assert_eq!(victim.numbers(), (vec![0], vec![]));
}

#[test]
fn strangers_do_not_keep_a_session_alive() {
    let mut victim = Victim::searching(Duration::from_secs(10));
    victim.found(2);
    victim.open();
    for _ in 0..11 {
        victim.pass(Duration::from_secs(1));
        messages(COOKIE, |message| assert_eq!(victim.say_from(address(3), message), 0));
    }
    assert_eq!(victim.events(), [ViewerEvent::Ended(CloseReason::Silent(Duration::from_secs(10)))]);
}

/// While no camera is found, no datagram can be of its session, whatever cookie a stranger guesses.
#[test]
fn before_a_camera_is_found_nobody_speaks_of_its_session() {
    let mut victim = Victim::searching(Duration::MAX);
    for cookie in 1..=u16::MAX {
        victim.say_from(
            address(3),
            Message::Close(Session {
                from: Role::Camera,
                id: SessionId::Cookie(cookie),
                channel: 0,
                partial: false,
                secure: false,
                ticket: 0,
            }),
        );
    }
    messages(COOKIE, |message| assert_eq!(victim.say_from(address(3), message), 0, "{message:?}"));
    assert_eq!((victim.events(), victim.viewer.camera()), (vec![], None));
    victim.found(2);
    victim.open();
    victim.whole(0);
    assert_eq!(victim.numbers(), (vec![0], vec![]));
}

/// There is nothing in a datagram of this generation that only the camera could know.
#[test]
fn whoever_has_address_and_cookie_is_the_camera() {
    let mut victim = Victim::new();
    victim.say(Message::Close(Session {
        from: Role::Camera,
        id: ID,
        channel: 0,
        partial: false,
        secure: false,
        ticket: 0,
    }));
    assert_eq!(victim.events(), [ViewerEvent::Ended(CloseReason::ClosedByCamera)]);
}

#[test]
fn the_first_host_that_answers_is_the_camera_and_the_second_is_told() {
    let mut victim = Victim::searching(Duration::MAX);
    victim.found(2);
    victim.found(3);
    assert_eq!(victim.viewer.camera(), Some(address(2)));
    victim.open();
    assert_eq!(victim.events(), [ViewerEvent::ConflictingResponder(address(3))]);
}

#[test]
fn a_second_host_is_told_once_and_never_followed() {
    let mut victim = Victim::new();
    for host in 3..100 {
        for _ in 0..100 {
            victim.found(host);
            victim.found(2);
        }
    }
    let told: Vec<_> = (3..19).map(|host| ViewerEvent::ConflictingResponder(address(host))).collect();
    assert_eq!(victim.events(), told);
    assert_eq!(victim.viewer.stats().conflicting_responders, 97 * 100);
    assert_eq!(victim.viewer.camera(), Some(address(2)));
    victim.whole(0);
    assert_eq!(victim.numbers(), (vec![0], vec![]));
}

/// A camera on the viewer's own host answers from each of the host's addresses.
#[test]
fn another_address_of_this_host_is_no_second_host() {
    let mut victim = Victim::new();
    let local = SocketAddr::from(([127, 0, 0, 1], 5000));
    let asker = AddressBlock([0; 16]);
    victim.say_from(
        local,
        Message::Found(SearchAnswer {
            generation: Generation::G09,
            uid: uid(),
            asker,
            name: Text::from(""),
            grant: None,
        }),
    );
    assert_eq!((victim.events(), victim.viewer.stats().conflicting_responders), (vec![], 1));
}

#[test]
fn a_flood_of_answers_fills_no_search() {
    let now = Instant::now();
    let mut search = Search::new(now, None, vec![address(255)], Duration::from_secs(1));
    let asker = AddressBlock([0; 16]);
    let out = Message::Found(SearchAnswer {
        generation: Generation::G09,
        uid: uid(),
        asker,
        name: Text::from("x"),
        grant: None,
    })
    .to_datagram(Generation::G09);
    for port in 0..20_000 {
        search.handle_input(SocketAddr::from(([10, 0, 0, 9], port)), &mut out.clone());
    }
    assert_eq!(std::iter::from_fn(|| search.poll_found()).count(), 4096);
}

#[test]
fn answers_for_other_cameras_do_not_delay_a_session() {
    let mut victim = Victim::searching(Duration::MAX);
    let other = "ANOTHERANOTHERANOTHE".parse().unwrap();
    let asker = AddressBlock([0; 16]);
    for port in 0..20_000 {
        let from = SocketAddr::from(([10, 0, 0, 9], port));
        victim.say_from(
            from,
            Message::Found(SearchAnswer {
                generation: Generation::G09,
                uid: other,
                asker,
                name: Text::from(""),
                grant: None,
            }),
        );
    }
    assert_eq!(victim.viewer.camera(), None);
    victim.found(2);
    victim.open();
}

/// A camera's datagram makes a viewer send no more than one confirmation.
#[test]
fn io_controls_are_confirmed_one_for_one() {
    let mut victim = Victim::new();
    let session = Session { from: Role::Camera, id: ID, channel: 0, partial: false, secure: false, ticket: 0 };
    for number in (1..10_000).chain([5, 1 << 30, 7, u32::MAX]) {
        let av = Av::IoControl { number, kind: 1, body: &[0; 1000], version: 0, echo: [0; 6] };
        assert!(victim.say_from(address(2), Message::Data { session, sequence: 0, payload: &payload(&av) }) <= 1);
    }
    let count = victim.events().len();
    assert!(count <= 10_003, "{count}");
}

/// One chunk far ahead makes a viewer ask for what is missing, for a while.
#[test]
fn requests_for_what_never_was_end() {
    let mut victim = Victim::new();
    victim.whole(0);
    victim.chunk(1_000, 100, 0);
    let mut asked = 0;
    let end = victim.now + Duration::from_secs(30);
    while let Some(next) = victim.viewer.poll_timeout().filter(|next| *next < end) {
        victim.now = next;
        victim.viewer.handle_timeout(next);
        asked += victim.drain();
    }
    let (frames, losses) = victim.numbers();
    assert_eq!((frames, losses), (vec![0, 1_000], vec![(1, 999)]));
    assert!(asked < 40_000, "{asked} datagrams");
}

#[test]
fn a_login_is_answered_once() {
    let mut victim = Victim::new();
    for _ in 0..1_000 {
        victim.data(Av::LoginAnswer { result: LoginResult::Refused, resend: false, service: 0, echo: [0; 6] });
    }
    assert_eq!(victim.events(), []);
    let open = victim.viewer.link().is_some_and(|link| link.is_open(0));
    assert!(open);
}
