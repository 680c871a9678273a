//! The framing 0xCC51: who is found, and what hosts can do that do not know the authentication key, or do.

use tutk_proto::wire::{Message, Role, Session, is_hmac};
use tutk_proto::{CloseReason, Framing, Step};

use crate::world::{Setup, World, forged, sealed};
use crate::{Auto, NOTICE, Off, Outcome, Required, outcome, run, seconds};

const KEY: Option<&str> = Some("AbCd1234");

fn setup() -> Setup {
    Setup { framing: Framing::Hmac, auth_keys: (KEY, KEY), ..Setup::default() }
}

#[test]
fn only_who_has_the_key_and_encrypts_finds_the_camera() {
    let unanswered = || Outcome::Ended(CloseReason::NoAnswer(Step::Find));
    for (viewer, camera, auth_keys, wanted) in [
        (Auto, Auto, (KEY, KEY), Outcome::Encrypted),
        (Required, Required, (KEY, KEY), Outcome::Encrypted),
        (Auto, Auto, (None, None), Outcome::Encrypted),
        (Auto, Auto, (Some("AbCd1235"), KEY), unanswered()),
        (Auto, Auto, (None, KEY), unanswered()),
        (Auto, Auto, (KEY, None), unanswered()),
        (Off, Auto, (KEY, KEY), unanswered()),
        (Auto, Off, (KEY, KEY), unanswered()),
    ] {
        let world = run(Setup { viewer, camera, auth_keys, ..setup() });
        assert_eq!(outcome(&world), wanted, "{viewer} {camera} {auth_keys:?}");
        assert_eq!(world.delivered > 100, wanted == Outcome::Encrypted);
    }
}

/// Nothing of the session goes over the network as other framings have it, and each datagram has the framing's own header.
#[test]
fn all_datagrams_have_the_framing() {
    let mut world = World::new(setup());
    world.tamper = Box::new(|to_viewer, datagram| {
        // The viewer searches in the other framing besides.
        assert!(is_hmac(datagram) || !to_viewer && datagram.len() == 88);
        vec![]
    });
    world.run(seconds(4));
    assert_eq!((outcome(&world), world.delivered > 50), (Outcome::Encrypted, true));
}

#[test]
fn the_viewer_answers_keep_alives_and_sends_no_others() {
    let mut world = World::new(setup());
    let counts = std::rc::Rc::new(std::cell::Cell::new((0, 0)));
    let seen = counts.clone();
    world.tamper = Box::new(move |to_viewer, datagram| {
        if let Ok(Message::Alive(_)) = Message::decode(datagram) {
            let (camera, viewer) = seen.get();
            seen.set(if to_viewer { (camera + 1, viewer) } else { (camera, viewer + 1) });
        }
        vec![]
    });
    world.run(seconds(21));
    let (camera, viewer) = counts.get();
    assert!((8..=11).contains(&camera) && camera - viewer <= 1, "{camera} {viewer}");
    assert_eq!(world.ended, None);
}

/// DTLS says that a session ends, since the framing does not; where that is lost, the silence does.
#[test]
fn either_end_notices_that_the_other_has_closed() {
    for is_lost in [false, true] {
        for by_camera in [true, false] {
            let mut world = World::new(setup());
            world.run(seconds(2));
            let viewer = world.watching.unwrap();
            if by_camera {
                world.camera.close();
            } else {
                world.viewer.close();
            }
            world.tamper = Box::new(move |_, datagram| {
                if is_lost {
                    datagram.clear();
                }
                vec![]
            });
            world.run(seconds(if is_lost { 20 } else { 3 }));
            let wanted = match (by_camera, is_lost) {
                (true, true) => Some(CloseReason::Silent(seconds(10))),
                (true, false) => Some(CloseReason::ClosedByCamera),
                (false, _) => Some(CloseReason::Closed),
            };
            assert_eq!((world.ended, world.watching), (wanted, None), "{by_camera} {is_lost}");
            assert!(world.camera.link(viewer).is_none());
        }
    }
}

/// What hosts send that do not know the key.
#[test]
fn a_camera_says_nothing_to_who_has_not_the_key() {
    let mut world = World::new(setup());
    world.run(seconds(2));
    assert_eq!(outcome(&world), Outcome::Encrypted);
    let (now, mut out) = (world.clock.now(), Vec::new());
    let ticket = |step, ticket| Message::Ticket { from: Role::Viewer, step, ticket, id: [9; 8] };
    let session = Session { ticket: 7, ..Session::new(Role::Viewer, World::session(Framing::Hmac, 7)) };
    let data = Message::Data { session, sequence: 0, payload: &[22; 100] };
    while world.camera.poll_transmit(now, 64, &mut out).is_some() {}
    for message in [ticket(0, 0), ticket(2, 0x0909), data, Message::Alive(session)] {
        for from in ["10.78.0.1:4000", "10.77.0.1:40000"] {
            world.camera.handle_input(now, from.parse().unwrap(), &mut sealed(&message));
            assert_eq!(world.camera.poll_transmit(now, 64, &mut out), None);
        }
    }
    let before = world.delivered;
    world.run(seconds(4));
    assert!(world.delivered > before + 30, "{}", world.delivered);
}

/// Others who know the UID of a camera without a key; a viewer knows even less of who sends.
#[test]
fn forged_tickets_notices_and_keep_alives_change_nothing_in_a_session() {
    for viewer in [Auto, Required] {
        let mut world = World::new(Setup { viewer, framing: Framing::Hmac, ..Setup::default() });
        world.run(seconds(1));
        let before = world.delivered;
        world.tamper = Box::new(move |to_viewer, datagram| {
            // What answers the forged ones brings no others.
            if !matches!(Message::decode(datagram), Ok(Message::Data { .. })) {
                return vec![];
            }
            let from = if to_viewer { Role::Camera } else { Role::Viewer };
            let id = World::session(Framing::Hmac, 7);
            let mut added: Vec<_> = (0..4)
                .map(|step| sealed(&Message::Ticket { from, step, ticket: 99, id: 7u64.to_le_bytes() }))
                .collect();
            added.push(forged(from, id, true, NOTICE));
            added.push(forged(from, id, true, &[22; 100]));
            added.push(sealed(&Message::Alive(Session::new(from, id))));
            added
        });
        world.run(seconds(4));
        assert_eq!(outcome(&world), Outcome::Encrypted);
        assert!(world.delivered > before + 50, "{}", world.delivered);
    }
}

/// A host that answers the search first gets neither a password nor a plain session.
#[test]
fn a_forged_ticket_gets_nothing_readable() {
    for viewer in [Auto, Required] {
        let mut world = World::new(Setup { viewer, ..Setup::default() });
        let mut count = 0;
        world.tamper = Box::new(move |to_viewer, datagram| {
            let mut plain = datagram.clone();
            tutk_proto::wire::from_wire(&mut plain);
            assert!(!plain.windows(5).any(|window| window == b"right"));
            count += 1;
            if !to_viewer || count > 20 {
                return vec![];
            }
            // It answers in the place of the camera, which then says nothing.
            datagram.clear();
            let id = 7u64.to_le_bytes();
            [1, 3].map(|step| sealed(&Message::Ticket { from: Role::Camera, step, ticket: 5, id })).into()
        });
        world.run(seconds(12));
        assert_eq!(outcome(&world), Outcome::Ended(CloseReason::NoAnswer(Step::Encrypt)));
        assert!(!world.fell_back && world.logged_in.is_none());
    }
}
