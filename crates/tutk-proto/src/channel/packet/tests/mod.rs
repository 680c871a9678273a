//! Both ends of a channel over a network in virtual time.

mod frame_acks;
mod world;

use std::time::Duration;

use world::{Conditions, World};

use crate::wire::packet::{Ack, Content, Packet};
use crate::{AvStyle, MAX_ASSEMBLY, Media, RESEND_STORE};

const SECOND: Duration = Duration::from_secs(1);

/// A network that is not bad in any way but the given loss.
fn lossy(loss: u64) -> Conditions {
    Conditions { loss, duplicates: 2, delay: 1, jitter: 2 }
}

/// Whether it is the media chunk with this number, or its repetition.
fn is_chunk(packet: &Packet<'_>, number: u16) -> bool {
    matches!(packet, Packet::Data(data) if data.chunk.number == number
        && matches!(data.chunk.content, Content::Media { .. }))
}

fn is_parity(packet: &Packet<'_>) -> bool {
    matches!(packet, Packet::Data(data) if data.chunk.content == Content::Parity)
}

fn send_controls(world: &mut World) {
    for kind in 0..30 {
        world.client.send_io_control(kind, world::io_body(kind));
    }
}

#[test]
fn every_frame_comes_whatever_is_lost() {
    for loss in [0, 3, 10, 30] {
        let (mut slowest, mut total, mut frames) = (Duration::ZERO, Duration::ZERO, 0);
        let mut counts = (0, 0, 0, 0);
        for seed in 0..20 {
            let mut world = World::new(seed, lossy(loss), [true, true]);
            send_controls(&mut world);
            world.run(10 * SECOND);
            let all: Vec<_> = (0..30).collect();
            assert_eq!(world.logged_in, Some(true));
            assert_eq!(world.lost, [], "{loss} % seed {seed}");
            assert!(world.behind() <= 2 + loss as usize / 2, "{loss} % seed {seed}: {} behind", world.behind());
            assert!(world.taken[0] > 280, "{loss} % seed {seed}: {} frames", world.taken[0]);
            assert!(world.taken[1] - world.delivered[1].len() <= 16, "{loss} % seed {seed}");
            assert_eq!(world.controls, [all.clone(), all], "{loss} % seed {seed}");
            assert_eq!(world.confirmed, 60, "{loss} % seed {seed}");
            for (number, at) in &world.delivered[0] {
                let late = at.saturating_sub(world.interval * *number);
                slowest = slowest.max(late);
                total += late;
                frames += 1;
            }
            let c = world.counts();
            counts = (
                counts.0 + c.lost_chunks,
                counts.1 + c.retransmitted,
                counts.2 + c.duplicates,
                counts.3 + world.carried,
            );
        }
        println!(
            "{loss} %: {frames} frames, {:?} late on average, {slowest:?} at most; {} missing, {} again, {} twice of {}",
            total / frames,
            counts.0,
            counts.1,
            counts.2,
            counts.3
        );
    }
}

#[test]
fn chunks_that_overtake_each_other_are_not_lost() {
    for seed in 0..10 {
        let conditions = Conditions { loss: 1, duplicates: 10, delay: 20, jitter: 30 };
        let mut world = World::new(seed, conditions, [true, true]);
        send_controls(&mut world);
        world.run(10 * SECOND);
        assert_eq!(world.lost, []);
        assert_eq!(world.controls[1].len(), 30);
        assert!(world.behind() <= 4, "{}", world.behind());
    }
}

/// The first round trip is long where a viewer is busy at first. What is lost shows in what came after it.
#[test]
fn a_long_first_round_trip_delays_no_resend() {
    let mut world = World::new(1, Conditions { delay: 60, ..Conditions::default() }, [true, true]);
    let mut tries = 0;
    world.filter = Box::new(move |_, _, packet| {
        tries += u32::from(is_chunk(packet, 100));
        is_parity(packet) || (is_chunk(packet, 100) && tries <= 2)
    });
    world.run(SECOND / 4);
    world.conditions.delay = 1;
    world.run(2 * SECOND);
    assert_eq!(world.lost, []);
    let times = world.delivered[0].values();
    let latest = times.clone().zip(times.skip(1)).map(|(before, after)| *after - *before).max().unwrap();
    assert!(latest < Duration::from_millis(300), "{latest:?}");
}

#[test]
fn numbers_of_chunks_wrap() {
    let mut world = World::new(1, lossy(2), [true, true]);
    world.size = |id| if id.is_multiple_of(30) { 150_000 } else { 60_000 };
    world.run(60 * SECOND);
    assert_eq!(world.lost, []);
    assert!(world.behind() <= 2);
    assert!(world.carried > 100_000, "{} messages", world.carried);
}

#[test]
fn without_resend_a_lost_chunk_is_a_lost_frame() {
    for (asks, grants) in [(true, false), (false, true), (false, false)] {
        for seed in 0..10 {
            let mut world = World::new(seed, lossy(2), [asks, grants]);
            send_controls(&mut world);
            world.run(10 * SECOND);
            assert_eq!(world.logged_in, Some(false));
            assert!(!world.lost.is_empty());
            let delivered = world.delivered[0].len();
            assert!(delivered > 200, "{delivered} of {}", world.taken[0]);
            assert!(world.behind() <= 5, "{}", world.behind());
            assert_eq!(world.controls[1].len(), 30);
            assert_eq!(world.server.memory(), 0);
        }
    }
}

#[test]
fn a_chunk_that_never_comes_costs_its_frame() {
    for number in [0, 1, 39, 40, 57, 400] {
        let mut world = World::new(1, lossy(3), [true, true]);
        world.filter = Box::new(move |_, _, packet| is_chunk(packet, number) || is_parity(packet));
        world.run(8 * SECOND);
        assert_eq!(world.lost.len(), 1, "chunk {number}");
        assert!(world.behind() <= 3, "chunk {number}: {} behind", world.behind());
        let latest = world.delivered[0].values().zip(world.delivered[0].values().skip(1)).map(|(a, b)| *b - *a).max();
        assert!(latest.unwrap() < 2 * SECOND, "chunk {number}: {latest:?}");
    }
}

#[test]
fn a_frame_that_never_comes_is_lost_alone() {
    let mut world = World::new(1, lossy(0), [true, true]);
    world.filter = Box::new(|_, _, packet| {
        matches!(packet, Packet::Data(data) if data.chunk.frame == 20
            && matches!(data.chunk.content, Content::Media { .. }))
            || is_parity(packet)
    });
    world.run(8 * SECOND);
    assert_eq!(world.lost, [(Media::Video, 19), (Media::Audio, 19)]);
    assert!(world.behind() <= 3);
}

#[test]
fn parity_repairs_without_a_resend() {
    for loss_of_acks in [false, true] {
        let mut world = World::new(1, Conditions { delay: 1, ..Conditions::default() }, [true, true]);
        // One chunk of each block, and what is sent again.
        world.filter = Box::new(move |from_server, time, packet| match packet {
            Packet::Data(data) => match data.chunk.content {
                Content::Media { retransmitted, .. } => {
                    retransmitted || data.envelope.is_some_and(|envelope| envelope.index == 7)
                }
                _ => false,
            },
            Packet::Ack(_) => loss_of_acks && !from_server && time.as_millis() % 200 < 100,
            _ => false,
        });
        world.run(8 * SECOND);
        assert_eq!(world.lost, []);
        assert!(world.behind() <= 5, "{}", world.behind());
    }
}

#[test]
fn nothing_is_sent_to_who_does_not_acknowledge() {
    let mut world = World::new(1, lossy(0), [true, true]);
    world.filter = Box::new(|from_server, time, packet| {
        !from_server && time > 2 * SECOND && time < 8 * SECOND && matches!(packet, Packet::Ack(_))
    });
    world.run(2 * SECOND);
    let before = world.carried;
    world.run(6 * SECOND);
    let carried = world.carried - before;
    assert!(carried < 1500, "{carried} messages");
    assert!(world.server.memory() <= RESEND_STORE + 50_000);
    let taken = world.taken[0];
    world.run(5 * SECOND);
    assert_eq!(world.lost, []);
    assert!(world.key_frames_wanted > 0 || world.taken[0] > taken + 120);
    assert!(world.behind() <= 3, "{} behind", world.behind());
}

#[test]
fn a_store_that_is_full_drops_frames_before_they_have_numbers() {
    let mut world = World::new(1, lossy(0), [true, true]);
    world.size = |id| if id.is_multiple_of(30) { 200_000 } else { 60_000 };
    world.filter = Box::new(|_, time, _| time > 2 * SECOND && time < 5 * SECOND);
    world.run(12 * SECOND);
    assert_eq!(world.lost, []);
    assert!(world.key_frames_wanted >= 1);
    assert!(world.behind() <= 3, "{} behind", world.behind());
    assert!(world.server.memory() < RESEND_STORE);
    assert!(world.taken[0] < 350);
}

#[test]
fn large_frames_fit_into_the_buffer_of_a_socket() {
    for reads_in in [10, 30, 50] {
        let mut world = World::new(1, Conditions { delay: 1, ..Conditions::default() }, [true, true]);
        world.reads_in = Duration::from_micros(reads_in);
        world.size = |id| if id.is_multiple_of(30) { 200_000 } else { 5_000 };
        world.run(5 * SECOND);
        assert_eq!((world.lost.len(), world.overflowed, world.counts().retransmitted), (0, 0, 0), "{reads_in}");
        assert!(world.behind() <= 1);
    }
}

/// A camera that knows nothing of being told to begin anew.
#[test]
fn a_camera_that_cannot_begin_anew_goes_on_as_before() {
    let mut world = World::new(1, Conditions { delay: 1, ..Conditions::default() }, [true, true]);
    // The chunk comes after all, once the viewer has told the camera.
    world.filter = Box::new(|from_server, time, packet| match packet {
        Packet::Ack(ack) if !from_server && time < 7 * SECOND => (400..10_000).contains(&ack.base),
        Packet::Data(data) if !from_server => data.chunk.content == Content::Io { internal: true },
        _ => is_parity(packet) || (is_chunk(packet, 400) && time < 6 * SECOND),
    });
    world.run(20 * SECOND);
    assert!(world.behind() <= 3, "{} behind", world.behind());
}

/// A camera that keeps sending what was given up, and nothing else.
#[test]
fn a_camera_that_does_not_go_on_is_told_to() {
    let mut world = World::new(1, lossy(0), [true, true]);
    // Acknowledgements past the chunk do not come through, nor does the chunk.
    world.filter = Box::new(|from_server, _, packet| match packet {
        Packet::Ack(ack) if !from_server => (400..10_000).contains(&ack.base),
        _ => is_chunk(packet, 400) || is_parity(packet),
    });
    world.run(15 * SECOND);
    assert!(world.key_frames_wanted > 0);
    assert!(world.behind() <= 3, "{} behind", world.behind());
    assert!(world.delivered[0].len() > 200, "{} delivered", world.delivered[0].len());
}

#[test]
fn wild_messages_are_survived_in_bounded_memory() {
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..40 {
        let mut world = World::new(round, lossy(0), [true, round % 4 != 3]);
        world.run(SECOND / 2);
        let mut payloads: Vec<Vec<u8>> = Vec::new();
        for kind in [0x09_u8, 0x0a, 0x0b, 0x0c, 0x0c, 0x0c, 0x00, 0x03, 0x05, 0x07] {
            for _ in 0..300 {
                let len = random.usize(40..1100);
                let mut bytes: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
                bytes[0] = kind;
                bytes[1] = if kind == 0 { *random.choice(&[0x10, 0x70]).unwrap() } else { random.u8(..) & 0x0d };
                let chunk = if kind == 0x0c { 16 } else { 8 } + if kind != 0 && bytes[1] & 8 != 0 { 8 } else { 0 };
                if kind == 0x09 {
                    bytes[14..16].copy_from_slice(&((len as u16 - 22) / 2).to_le_bytes());
                } else if len > chunk + 20 && kind != 0x0a && kind != 0x0b {
                    bytes[chunk] = *random.choice(&[0, 3, 4, 5, 6, 7, 8, 0x0c]).unwrap();
                    if bytes[chunk] == 0 {
                        bytes[chunk + 1] = *random.choice(&[0x10, 0x70]).unwrap();
                    }
                    if random.bool() {
                        // Near to what is expected.
                        bytes[chunk + 3] = 0;
                    }
                    let size = (len - chunk - 20) as u16;
                    bytes[chunk + 8..chunk + 10].copy_from_slice(&size.to_le_bytes());
                }
                payloads.push(bytes);
            }
        }
        random.shuffle(&mut payloads);
        for payload in payloads {
            let to_client = random.bool();
            let style = if to_client { world.client.style() } else { world.server.style() };
            if let Ok(av) = crate::wire::Av::decode(style, &payload) {
                if to_client {
                    world.client.handle(world.now, &av);
                } else {
                    world.server.handle(world.now, &av);
                }
            }
            while world.client.poll_event().is_some() {}
            while world.server.poll_event().is_some() {}
            assert!(world.client.memory() <= MAX_ASSEMBLY);
            world.now += Duration::from_millis(random.u64(..20));
            world.client.handle_timeout(world.now);
            world.server.handle_timeout(world.now);
            for _ in 0..100 {
                let sent = world.client.poll_transmit(world.now, |_| ()).is_some();
                if !sent & world.server.poll_transmit(world.now, |_| ()).is_none() {
                    break;
                }
            }
        }
    }
}

#[test]
fn acknowledgements_that_go_back_change_nothing() {
    let mut world = World::new(1, lossy(0), [true, true]);
    let conditions = Conditions { delay: 1, jitter: 60, duplicates: 50, loss: 0 };
    world.conditions = conditions;
    world.run(10 * SECOND);
    assert_eq!(world.lost, []);
    assert!(world.behind() <= 4);
}

#[test]
fn after_a_blackout_it_goes_on_at_once() {
    let mut world = World::new(1, Conditions { delay: 1, ..Conditions::default() }, [true, true]);
    // More than the store holds is lost.
    world.size = |id| if id.is_multiple_of(5) { 300_000 } else { 50_000 };
    world.interval = Duration::from_millis(40);
    world.filter = Box::new(|_, time, _| time > 2 * SECOND && time < 5 * SECOND);
    world.run(5 * SECOND + SECOND / 2);
    assert_eq!(world.lost, []);
    assert_eq!(world.key_frames_wanted, 1);
    assert!(world.behind() <= 1, "{} behind", world.behind());
}

#[test]
fn a_client_of_an_older_av_version_gets_the_classic_style() {
    for (version, style) in [(3, AvStyle::Classic), (9, AvStyle::Classic), (10, AvStyle::Packet)] {
        let mut world = World::with_version(1, Conditions { delay: 1, ..Conditions::default() }, [true, true], version);
        world.run(SECOND / 5);
        assert_eq!(world.logged_in, Some(true));
        assert_eq!((world.client.style(), world.server.style()), (style, style));
    }
}

#[test]
fn a_client_that_begins_anew_begins_with_the_first_chunk() {
    let mut world = World::new(1, lossy(0), [true, true]);
    world.run(3 * SECOND);
    world.restart_client("secret");
    world.run(3 * SECOND);
    assert_eq!(world.logged_in, Some(true));
    assert_eq!(world.lost, []);
    assert!(world.behind() <= 2);
    // Another one is not let in.
    world.restart_client("wrong");
    world.run(SECOND);
    assert_eq!(world.logged_in, None);
}

/// A client that says again and again that it lacks all that it can.
#[test]
fn a_storm_of_acknowledgements_is_bounded() {
    let mut world = World::new(1, Conditions { delay: 1, ..Conditions::default() }, [true, true]);
    world.size = |_| 40_000;
    world.filter = Box::new(|from_server, _, packet| !from_server && matches!(packet, Packet::Ack(_)));
    world.run(2 * SECOND);
    let (before, start) = (world.carried, world.now);
    let missing: Vec<_> = (1..32_u16).map(u16::to_le_bytes).collect();
    for number in 0..10_000 {
        let ack = Ack {
            sequence: number,
            base: !0,
            highest: 31,
            io: !0,
            cleaning: false,
            number,
            clock: 0,
            missing: &missing,
        };
        world.server.handle(world.now, &crate::wire::Av::Packet(Packet::Ack(ack)));
        if number % 10 == 0 {
            world.run(SECOND / 1000);
        }
    }
    // Each of 31 chunks once in 20 ms, and what is sent every so often.
    let (carried, rounds) = (world.carried - before, (world.now - start).as_millis() as u64 / 20);
    assert!(carried < (rounds + 2) * 35, "{carried} messages in {rounds} times 20 ms");
}
