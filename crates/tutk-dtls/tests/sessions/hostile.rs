//! Hosts that can send with the camera's or viewer's address, or from many of their own.

use std::net::SocketAddr;

use tutk_dtls::OpenSsl;
use tutk_proto::security::{Identity, Provider, Psk};
use tutk_proto::wire::{AddressBlock, Grant, Message, Role, SearchAnswer, SearchResult, SessionRequest, descramble};
use tutk_proto::{CloseReason, Framing, Generation, Secret, SessionId};

use crate::world::{self, Setup, World, forged};
use crate::{Auto, NOTICE, Outcome, Required, outcome, seconds};

/// An answer to a search in the camera's name, by a host of this generation.
fn answer(generation: Generation, seed: u64) -> Vec<u8> {
    let grant = (generation >= Generation::G10).then(|| Grant {
        version: generation.library_version(),
        id: seed.to_le_bytes(),
        result: SearchResult::Granted,
    });
    let (uid, asker) = (world::UID.parse().unwrap(), AddressBlock([0; 16]));
    Message::Found(SearchAnswer { generation, uid, asker, name: "".into(), grant }).to_datagram(generation)
}

fn shows_password(datagram: &[u8]) -> bool {
    let mut plain = datagram.to_vec();
    descramble(&mut plain);
    plain.windows(5).any(|window| window == b"right")
}

/// A world in which each datagram to the viewer comes after forged ones, and no password may be readable.
fn forging(setup: Setup, mut forge: impl FnMut() -> Vec<Vec<u8>> + 'static) -> World {
    let mut world = World::new(setup);
    world.tamper = Box::new(move |to_viewer, datagram| {
        assert!(!shows_password(datagram));
        if !to_viewer {
            return vec![];
        }
        let mut first = forge();
        first.push(std::mem::take(datagram));
        first
    });
    world
}

#[test]
fn forged_search_answers_get_no_password_of_who_requires_encryption() {
    for generation in [Generation::G09, Generation::G14] {
        let setup = Setup { viewer: Required, camera: Required, ..Setup::default() };
        let mut world = forging(setup, move || vec![answer(generation, 7)]);
        world.run(seconds(8));
        assert_eq!(outcome(&world), Outcome::Ended(CloseReason::CameraIsPlain), "{generation:?}");
        assert_eq!(world.logged_in, None);
    }
}

#[test]
fn forged_search_answers_change_nothing_in_a_session() {
    let mut world = World::new(Setup { camera: Required, ..Setup::default() });
    world.run(seconds(1));
    let before = world.delivered;
    world.tamper = Box::new(|to_viewer, _| {
        let generations = [Generation::G09, Generation::G10, Generation::G14, Generation::G1A];
        if to_viewer { generations.map(|generation| answer(generation, 7)).into() } else { vec![] }
    });
    world.run(seconds(4));
    assert_eq!(outcome(&world), Outcome::Encrypted);
    assert!(world.delivered > before + 50, "{}", world.delivered);
}

/// In the handshake nobody has proved anything yet: a forged alert can end it, and brings no plain session.
#[test]
fn forged_alerts_end_a_handshake_and_bring_no_plain_session() {
    for viewer in [Auto, Required] {
        for description in [0, 10, 20, 40, 47, 51, 80, 86, 115, 255] {
            for level in [1, 2] {
                let alert = [21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0xFF, 0xF0, 0, 2, level, description];
                let from = Role::Camera;
                let setup = Setup { viewer, ..Setup::default() };
                let mut world =
                    forging(setup, move || vec![forged(from, World::session(Framing::Block, 7), true, &alert)]);
                world.run(seconds(8));
                assert!(!world.fell_back, "{description}");
                match outcome(&world) {
                    Outcome::Encrypted => assert!(world.delivered > 50),
                    Outcome::Ended(reason) => assert!(
                        matches!(
                            reason,
                            CloseReason::Encryption(_)
                                | CloseReason::WrongPassword { .. }
                                | CloseReason::UnknownAccount
                        ),
                        "{reason:?}"
                    ),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

/// A notice counts before the camera has answered in DTLS, and never after.
#[test]
fn forged_notices_come_too_late_once_the_camera_has_answered() {
    let mut world = World::new(Setup { camera: Required, ..Setup::default() });
    let mut answered = false;
    world.tamper = Box::new(move |to_viewer, datagram| {
        let mut is_dtls = false;
        world::change_payload(datagram, |_| is_dtls = true);
        let after = answered;
        answered |= to_viewer && is_dtls;
        if to_viewer && after {
            return [false, true]
                .map(|secure| forged(Role::Camera, World::session(Framing::Block, 7), secure, NOTICE))
                .into();
        }
        vec![]
    });
    world.run(seconds(4));
    assert_eq!(outcome(&world), Outcome::Encrypted);
    assert!(world.delivered > 50);
}

/// The first datagram of a client.
fn hello(world: &World) -> Vec<u8> {
    let psk = Psk::new(&OpenSsl, &Secret::from("wrong"));
    let mut client = OpenSsl.client(world.clock.now(), &Identity::Account("admin").to_bytes(), psk).unwrap();
    let mut hello = Vec::new();
    assert!(client.poll_transmit(&mut hello));
    hello
}

/// Hosts that never answer begin handshakes. Each costs them more than it makes the camera send, and a viewer comes through.
#[test]
fn floods_of_hellos_cost_who_sends_them() {
    let mut world = World::new(Setup { seed: 3, ..Setup::default() });
    world.run(seconds(1));
    assert_eq!(outcome(&world), Outcome::Encrypted);
    let (hello, now) = (hello(&world), world.clock.now());
    let mut out = Vec::new();
    for host in [true, false] {
        let (mut sent, mut came) = (0, 0);
        for i in 0..3_000u32 {
            // All of one host, or each of its own.
            let ip = if host { [10, 78, 0, 1] } else { [10, 79, (i >> 8) as u8, i as u8] };
            let from: SocketAddr = (ip, 4_000 + (i % 2_000) as u16).into();
            let mut id = [9; 8];
            id[..4].copy_from_slice(&i.to_le_bytes());
            let request = SessionRequest::ask(Generation::G1A, id, None);
            let search = Message::Search { uid: Some(world::UID.parse().unwrap()), request: Some(request) };
            world.camera.handle_input(now, from, &mut search.to_datagram(Generation::G1A));
            // The answer to the search is another test's.
            while world.camera.poll_transmit(now, 64, &mut out).is_some() {}
            for _ in 0..3 {
                let mut datagram = forged(Role::Viewer, SessionId::Block(id), true, &hello);
                sent += datagram.len();
                world.camera.handle_input(now, from, &mut datagram);
                while let Some(transmit) = world.camera.poll_transmit(now, 64, &mut out) {
                    came += transmit.size;
                }
            }
        }
        assert!(came < sent, "{came} of {sent}");
    }
    let before = world.delivered;
    world.run(seconds(4));
    assert!(world.delivered > before + 40, "{}", world.delivered);
    assert_eq!(world.ended, None);
}

/// Whoever has read the id of a session sends hellos in its viewer's name.
#[test]
fn hellos_in_a_session_change_nothing() {
    let mut world = World::new(Setup { seed: 3, ..Setup::default() });
    world.run(seconds(1));
    let hello = hello(&world);
    world.tamper = Box::new(move |to_viewer, _| {
        let datagram = forged(Role::Viewer, World::session(Framing::Block, 3), true, &hello);
        if to_viewer { vec![] } else { vec![datagram; 20] }
    });
    let before = world.delivered;
    world.run(seconds(4));
    assert_eq!(outcome(&world), Outcome::Encrypted);
    assert!(world.delivered > before + 40, "{}", world.delivered);
}
