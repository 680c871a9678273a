//! Encrypted sessions of viewers and cameras over a simulated network in virtual time. `SEEDS=n` runs n seeds.

#[path = "../clock/mod.rs"]
mod clock;
mod hmac;
mod hostile;
#[path = "../../../tutk-proto/tests/simulation/network.rs"]
#[allow(dead_code)]
mod network;
mod world;

use std::time::Duration;

use network::Conditions;
use tutk_proto::security::{CipherSuite, Encryption, Failure};
use tutk_proto::wire::Role;
use tutk_proto::{AvEvent, CloseReason, Credentials, Framing, Generation, Step, ViewerEvent, io_control};
use world::{Setup, World, change_payload, forged};

use Encryption::{Auto, Off, Required};

/// Those that encrypted sessions have.
const FRAMINGS: [Framing; 2] = [Framing::Block, Framing::Hmac];

const NOTICE: &[u8] = b"recv dtls data!";
/// bad_record_mac in the first epoch.
const ALERT: [u8; 15] = [21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0xFF, 0xF0, 0, 2, 2, 20];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn seeds(count: u64) -> std::ops::Range<u64> {
    let given = std::env::var("SEEDS").ok().and_then(|count| count.parse().ok());
    0..given.unwrap_or(count)
}

/// How a viewer's session came out.
#[derive(Debug, PartialEq)]
enum Outcome {
    Encrypted,
    FellBack,
    Plain,
    Ended(CloseReason),
}

fn outcome(world: &World) -> Outcome {
    match (world.ended, world.suite, world.fell_back) {
        (Some(reason), ..) => Outcome::Ended(reason),
        (None, Some(_), false) => Outcome::Encrypted,
        (None, None, true) => Outcome::FellBack,
        (None, None, false) => Outcome::Plain,
        other => panic!("{other:?}"),
    }
}

fn run(setup: Setup) -> World {
    let mut world = World::new(setup);
    world.run(seconds(8));
    world
}

#[test]
fn each_pair_of_modes() {
    let ended = |reason| Outcome::Ended(reason);
    for (viewer, camera, wanted) in [
        (Auto, Auto, Outcome::Encrypted),
        (Auto, Required, Outcome::Encrypted),
        (Auto, Off, Outcome::FellBack),
        (Required, Auto, Outcome::Encrypted),
        (Required, Required, Outcome::Encrypted),
        (Required, Off, ended(CloseReason::CameraIsPlain)),
        (Off, Auto, Outcome::Plain),
        (Off, Required, ended(CloseReason::CameraIsEncrypted)),
        (Off, Off, Outcome::Plain),
    ] {
        let world = run(Setup { viewer, camera, ..Setup::default() });
        assert_eq!(outcome(&world), wanted, "{viewer} {camera}");
        let plays = !matches!(wanted, Outcome::Ended(_));
        assert_eq!((world.logged_in.is_some(), world.delivered > 100), (plays, plays), "{viewer} {camera}");
        assert_eq!(world.others, [], "{viewer} {camera}");
        if wanted == Outcome::Encrypted {
            assert_eq!(world.suite, Some(CipherSuite::EcdhePskChaCha20Poly1305));
        }
    }
}

#[test]
fn older_generations_are_plain() {
    let (g09, g14, g1a) = (Generation::G09, Generation::G14, Generation::G1A);
    for (generations, viewer, camera, wanted) in [
        ((g1a, g14), Auto, Off, Outcome::Plain),
        ((g1a, g09), Auto, Off, Outcome::Plain),
        ((g1a, g14), Required, Off, Outcome::Ended(CloseReason::CameraIsPlain)),
        ((g1a, g09), Required, Off, Outcome::Ended(CloseReason::CameraIsPlain)),
        ((g14, g1a), Auto, Auto, Outcome::Plain),
        ((g09, g1a), Auto, Auto, Outcome::Plain),
        ((g14, g1a), Auto, Required, Outcome::Ended(CloseReason::CameraIsEncrypted)),
        // It is not answered: it could have a session with a cookie only.
        ((g09, g1a), Auto, Required, Outcome::Ended(CloseReason::NoAnswer(Step::Find))),
    ] {
        let world = run(Setup { generations, viewer, camera, ..Setup::default() });
        assert_eq!(outcome(&world), wanted, "{generations:?} {viewer} {camera}");
    }
}

#[test]
fn wrong_passwords_and_accounts_are_told() {
    for (camera, framing) in [(Auto, Framing::Block), (Required, Framing::Block), (Required, Framing::Hmac)] {
        for (credentials, wanted) in [
            (Credentials::new("admin", "wrong"), CloseReason::WrongPassword { certain: true }),
            (Credentials::new("nobody", "right"), CloseReason::UnknownAccount),
            (Credentials::token("phone", "right"), CloseReason::WrongPassword { certain: true }),
            (Credentials::token("admin", "right"), CloseReason::UnknownAccount),
        ] {
            let world = run(Setup { credentials, camera, framing, ..Setup::default() });
            assert_eq!((outcome(&world), world.refused), (Outcome::Ended(wanted), 1));
            assert_eq!(world.watching, None);
        }
    }
}

#[test]
fn tokens_log_in() {
    for framing in FRAMINGS {
        let world = run(Setup { credentials: Credentials::token("phone", "token"), framing, ..Setup::default() });
        assert_eq!(outcome(&world), Outcome::Encrypted);
        assert!(world.delivered > 100);
    }
}

/// It comes with the datagram that lets the application know of the viewer.
#[test]
fn the_first_flight_waits_for_the_server() {
    for framing in FRAMINGS {
        let credentials = Credentials::token("phone", "token");
        let mut world = World::new(Setup { application: true, framing, credentials, ..Setup::default() });
        // The viewer sends it again after 250 ms.
        world.run(Duration::from_millis(150));
        assert_eq!(outcome(&world), Outcome::Encrypted);
    }
}

/// Cameras on other libraries pass over what they cannot read.
#[test]
fn a_camera_that_says_nothing_has_probably_another_password() {
    for framing in FRAMINGS {
        let mut world =
            World::new(Setup { credentials: Credentials::new("admin", "wrong"), framing, ..Setup::default() });
        let mut last = false;
        world.tamper = Box::new(move |to_viewer, datagram| {
            let mut is_alert = false;
            change_payload(datagram, |payload| is_alert = payload[0] == 21);
            // Nor does it close.
            last |= is_alert;
            if to_viewer && last {
                datagram.clear();
            }
            vec![]
        });
        world.run(seconds(20));
        assert_eq!(world.ended, Some(CloseReason::WrongPassword { certain: false }));
    }
}

#[test]
fn a_camera_that_answers_nothing_is_no_wrong_password() {
    for framing in FRAMINGS {
        let mut world = World::new(Setup { camera: Required, framing, ..Setup::default() });
        world.tamper = Box::new(|to_viewer, datagram| {
            if to_viewer {
                change_payload(datagram, |payload| payload.fill(0));
            }
            vec![]
        });
        world.run(seconds(20));
        assert_eq!(world.ended, Some(CloseReason::NoAnswer(Step::Encrypt)));
    }
}

#[test]
fn sessions_play_through_loss_and_reordering() {
    for framing in FRAMINGS {
        let mut slowest = Duration::ZERO;
        let (mut late, count) = (0, seeds(20).end);
        for seed in seeds(20) {
            let conditions = Conditions {
                loss_percent: seed % 31,
                duplicate_percent: seed % 7,
                delay: Duration::from_millis(seed % 20),
                jitter: Duration::from_millis(seed % 4 * 5),
                reorder: Duration::from_millis(30),
                ..Conditions::default()
            };
            let mut world =
                World::new(Setup { conditions, seed: seed + 1, camera: Required, framing, ..Setup::default() });
            world.run(seconds(30));
            match world.ended {
                None => assert!(world.delivered > 300, "seed {seed}: {} frames", world.delivered),
                Some(reason) => {
                    late += 1;
                    assert!(matches!(reason, CloseReason::NoAnswer(_)), "seed {seed}: {reason:?}");
                }
            }
            slowest = slowest.max(world.logged_in.unwrap_or_default());
            assert!(world.suite.is_some() || world.ended.is_some(), "seed {seed}");
            assert!(!world.fell_back, "seed {seed}");
        }
        println!("slowest login {slowest:?}; {late} of {count} not in time");
        assert!(late <= count / 20, "{late}");
    }
}

/// 5 s are the usual timeout.
#[test]
fn a_session_is_established_in_time_under_heavy_loss() {
    for framing in FRAMINGS {
        let (mut late, count) = (0, seeds(25).end);
        let mut slowest = Duration::ZERO;
        for seed in seeds(25) {
            let delay = Duration::from_millis(5);
            let conditions = Conditions { loss_percent: 30, delay, ..Conditions::default() };
            let mut world =
                World::new(Setup { conditions, seed: seed + 1, camera: Required, framing, ..Setup::default() });
            // Each step has its 5 s: the search, the session, the handshake, the login.
            world.run(seconds(20));
            late += u64::from(world.suite.is_none());
            slowest = slowest.max(world.logged_in.unwrap_or_default());
        }
        println!("slowest login {slowest:?}; {late} of {count} not in time");
        assert!(late <= count / 50, "{late}");
    }
}

#[test]
fn secrets_and_media_are_not_readable() {
    for framing in FRAMINGS {
        let mut world = World::new(Setup { framing, ..Setup::default() });
        world.tamper = Box::new(|_, datagram| {
            let mut plain = datagram.clone();
            tutk_proto::wire::from_wire(&mut plain);
            for canary in [&b"right"[..], &[9; 100]] {
                assert!(!plain.windows(canary.len()).any(|window| window == canary));
            }
            vec![]
        });
        world.run(seconds(3));
        assert!(world.delivered > 40);
    }
}

#[test]
fn changed_and_repeated_datagrams_cost_no_session() {
    for framing in FRAMINGS {
        let mut world = World::new(Setup { seed: 5, framing, ..Setup::default() });
        let mut random = fastrand::Rng::with_seed(5);
        let mut old: Vec<(bool, Vec<u8>)> = Vec::new();
        let mut count = 0;
        world.tamper = Box::new(move |to_viewer, datagram| {
            count += 1;
            // Past the handshake, which anybody on the way can spoil.
            if count < 60 {
                return vec![];
            }
            old.push((to_viewer, datagram.clone()));
            if random.u8(..20) == 0 {
                change_payload(datagram, |payload| {
                    let at = random.usize(..payload.len());
                    payload[at] ^= 1 << random.u8(..8);
                });
            }
            let mut added = Vec::new();
            for _ in 0..2 {
                let (direction, datagram) = &old[random.usize(..old.len())];
                if *direction == to_viewer {
                    added.push(datagram.clone());
                }
            }
            let from = if to_viewer { Role::Camera } else { Role::Viewer };
            let id = World::session(framing, 5);
            added.push(forged(from, id, true, &ALERT));
            added.push(forged(from, id, false, NOTICE));
            added.push(forged(from, id, true, NOTICE));
            added.push(forged(from, id, true, b"whatever"));
            added.push(forged(from, id, false, &[0; 60]));
            added
        });
        world.run(seconds(20));
        assert_eq!(outcome(&world), Outcome::Encrypted);
        assert!(world.delivered > 300, "{}", world.delivered);
    }
}

/// What `auto` does not protect against, and `required` does.
#[test]
fn a_forged_notice_talks_auto_down_and_not_required() {
    for (viewer, wanted) in [(Auto, Outcome::FellBack), (Required, Outcome::Ended(CloseReason::CameraIsPlain))] {
        let mut world = World::new(Setup { viewer, ..Setup::default() });
        world.tamper = Box::new(|to_viewer, datagram| {
            let mut is_dtls = false;
            change_payload(datagram, |_| is_dtls = true);
            if to_viewer && is_dtls {
                *datagram = forged(Role::Camera, World::session(Framing::Block, 7), false, NOTICE);
            }
            vec![]
        });
        world.run(seconds(1));
        match wanted {
            // The camera has an encrypted session.
            Outcome::FellBack => assert!(world.fell_back),
            wanted => assert_eq!(outcome(&world), wanted),
        }
        assert_eq!(world.logged_in, None);
    }
}

#[test]
fn half_open_handshakes_of_others_do_not_keep_a_viewer_out() {
    let mut world = World::new(Setup { seed: 3, ..Setup::default() });
    let mut hello = None;
    world.tamper = Box::new(move |to_viewer, datagram| {
        if !to_viewer && hello.is_none() {
            change_payload(datagram, |payload| hello = Some(payload.to_vec()));
        }
        vec![]
    });
    world.run(seconds(1));
    assert_eq!(outcome(&world), Outcome::Encrypted);
    // Others ask for sessions, begin them with garbage that looks like DTLS, and leave them there.
    let uid = world::UID.parse().unwrap();
    for i in 0..2_000u32 {
        let from = ([10, 78, (i >> 8) as u8, i as u8], 4000).into();
        let mut id = [7; 8];
        id[..4].copy_from_slice(&i.to_le_bytes());
        let request = tutk_proto::wire::SessionRequest::ask(Generation::G1A, id, None);
        let search = tutk_proto::wire::Message::Search { uid: Some(uid), request: Some(request) };
        let id = tutk_proto::SessionId::Block(id);
        for mut datagram in [search.to_datagram(Generation::G1A), forged(Role::Viewer, id, true, &[22; 100])] {
            world.camera.handle_input(world.clock.now(), from, &mut datagram);
        }
    }
    let before = world.delivered;
    world.run(seconds(5));
    assert!(world.delivered > before + 60, "{} {before}", world.delivered);
    assert_eq!(world.ended, None);
}

#[test]
fn the_camera_is_the_client_of_another_channel() {
    for framing in FRAMINGS {
        for (password, is_let_in) in [("right", true), ("wrong", false)] {
            let mut world = World::new(Setup { framing, ..Setup::default() });
            world.run(seconds(1));
            world.viewer.link().unwrap().start_server(1, false);
            let (camera, now) = (world.watching.unwrap(), world.clock.now());
            let link = world.camera.link(camera).unwrap();
            link.start_client(now, 1, "admin".into(), password.into(), false);
            world.run(seconds(4));
            let came = world.others.iter().any(|event| {
                matches!(event, ViewerEvent::Av { channel: 1, event: AvEvent::Login { account, .. } } if account == b"admin")
            });
            assert_eq!(came, is_let_in);
            let link = world.viewer.link().unwrap();
            assert_eq!(link.cipher_suite(1).is_some(), is_let_in);
            if is_let_in {
                link.answer_login(1, true);
                world.run(seconds(5));
                assert!(world.camera.link(camera).unwrap().is_open(1));
            }
            // The other channel does not mind.
            assert_eq!((outcome(&world), world.delivered > 50), (Outcome::Encrypted, true));
        }
    }
}

/// The viewer begins to speak.
fn speak(world: &mut World) {
    let channel = world.viewer.start_talk().unwrap();
    let body = io_control::channel(channel).to_vec();
    world.viewer.link().unwrap().send_io_control(0, io_control::START_SPEAKER, body).unwrap();
    for number in 0..3 {
        world.viewer.send_talk(&[number; 100], &[0; 16]).unwrap();
    }
}

#[test]
fn speech_is_encrypted_and_heard() {
    for framing in FRAMINGS {
        let mut world = World::new(Setup { framing, ..Setup::default() });
        world.run(seconds(1));
        world.tamper = Box::new(|_, datagram| {
            let mut plain = datagram.clone();
            tutk_proto::wire::from_wire(&mut plain);
            for canary in [&b"right"[..], &[1; 100]] {
                assert!(!plain.windows(canary.len()).any(|window| window == canary));
            }
            vec![]
        });
        speak(&mut world);
        world.run(seconds(4));
        assert_eq!(world.heard, [[0; 100], [1; 100], [2; 100]]);
        assert_eq!(world.others, [ViewerEvent::TalkStarted]);
        assert!(world.viewer.link().unwrap().cipher_suite(1).is_some());
        assert_eq!(outcome(&world), Outcome::Encrypted);
    }
}

/// The camera gives its account, which the viewer has not.
#[test]
fn a_viewer_with_a_token_is_told_that_it_cannot_speak() {
    for framing in FRAMINGS {
        let mut world =
            World::new(Setup { credentials: Credentials::token("phone", "token"), framing, ..Setup::default() });
        world.run(seconds(1));
        speak(&mut world);
        world.run(seconds(4));
        assert_eq!(world.others, [ViewerEvent::TalkFailed(Failure::UnknownIdentity)]);
        assert_eq!((outcome(&world), world.delivered > 50), (Outcome::Encrypted, true));
    }
}

/// Somebody who has read the session's id could otherwise have the rest of it in plain.
#[test]
fn a_forged_notice_in_the_channel_of_speech_changes_nothing() {
    let mut world = World::new(Setup { speaker: false, ..Setup::default() });
    world.run(seconds(1));
    speak(&mut world);
    for secure in [false, true] {
        let mut notice = forged(Role::Camera, World::session(Framing::Block, 7), secure, NOTICE);
        tutk_proto::wire::descramble(&mut notice);
        notice[14] = 1;
        tutk_proto::wire::scramble(&mut notice);
        world.tamper = Box::new(move |to_viewer, _| if to_viewer { vec![notice.clone()] } else { vec![] });
        world.run(seconds(if secure { 6 } else { 3 }));
    }
    assert_eq!((outcome(&world), world.delivered > 50), (Outcome::Encrypted, true));
}
