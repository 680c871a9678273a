//! Viewer and camera over a simulated network in virtual time. `SEEDS=n` runs n seeds, `SEED=n` that one alone.

mod network;
mod world;

use std::time::Duration;

use network::{Bottleneck, Bursts, Conditions, Random};
use tutk_proto::{CloseReason, DisconnectReason, RESEND_STORE};
use world::{BLOCK, COOKIE, PACKET, Pair, World, millis};

fn seeds(count: u64) -> Vec<u64> {
    let variable = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    match (variable("SEED"), variable("SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, count_wanted) => (0..count_wanted.unwrap_or(count)).collect(),
    }
}

fn conditions(seed: u64) -> Conditions {
    let mut random = Random::new(seed.wrapping_mul(77));
    let dark = millis(2_000 + random.below(3_000));
    Conditions {
        loss_percent: random.below(31),
        duplicate_percent: random.below(6),
        delay: millis(random.below(20)),
        jitter: millis(random.below(3) * 10),
        reorder: millis(random.below(51)),
        blackout: random.chance(30).then_some(dark..dark + Duration::from_secs(3)),
        ..Conditions::default()
    }
}

/// Loss in bursts, late and doubled datagrams, and hardly more room than the stream needs.
fn rough(seed: u64) -> Conditions {
    let mut random = Random::new(seed.wrapping_mul(99));
    let bad = 1 + random.below(200);
    let bursts = Bursts { good: bad * (4 + random.below(40)), bad, loss_percent: 50 + random.below(51) };
    let bottleneck =
        Bottleneck { bytes_per_second: 400_000 + random.below(4_000_000), queue: millis(50 + random.below(200)) };
    Conditions {
        loss_percent: random.below(4),
        bursts: Some(bursts),
        duplicate_percent: random.below(6),
        delay: millis(random.below(150)),
        jitter: millis(random.below(60)),
        reorder: millis(random.below(51)),
        blackout: None,
        bottleneck: random.chance(50).then_some(bottleneck),
    }
}

/// Frames without resend, and with it.
fn report(frames: [usize; 2], lost: [usize; 2]) {
    for (resend, with) in ["without", "with"].iter().enumerate() {
        println!("{with} resend: {} frames delivered, {} reported lost", frames[resend], lost[resend]);
    }
}

#[test]
fn a_thousand_seeds_with_a_cookie() {
    a_thousand_seeds(COOKIE);
}

#[test]
fn a_thousand_seeds_with_a_session_block() {
    a_thousand_seeds(BLOCK);
}

#[test]
fn a_thousand_seeds_in_packet_style() {
    a_thousand_seeds(PACKET);
}

fn a_thousand_seeds(pair: Pair) {
    let (mut frames, mut lost, mut datagrams, mut seconds) = ([0; 2], [0; 2], 0, 0);
    for seed in seeds(1000) {
        let resend = seed % 5 != 4;
        let mut world = World::between(pair, seed, conditions(seed), resend, "right");
        world.run(Duration::from_secs(12));
        world.check_stream();
        assert_eq!(world.opened, Some(resend), "seed {seed}");
        let behind = world.taken - world.next_number;
        assert!(behind <= 60, "seed {seed}: {behind} frames behind {:?}", world.network.conditions);
        // The viewer leaves. All three of its closes can be lost; then its silence is noticed.
        world.viewer.close();
        world.run(Duration::from_secs(40));
        assert_eq!(world.ended, Some(CloseReason::Closed), "seed {seed}");
        assert_eq!(world.removed.len(), 1, "seed {seed}");
        assert_eq!((world.camera.viewers(), world.camera.memory()), (0, 0), "seed {seed}");
        frames[usize::from(resend)] += world.delivered.len();
        lost[usize::from(resend)] += world.lost.len();
        datagrams += world.network.carried;
        seconds += (world.now - world.start).as_secs();
    }
    report(frames, lost);
    println!("{datagrams} datagrams, {seconds} s of virtual time");
}

#[test]
fn a_thousand_seeds_of_rough_networks_with_a_cookie() {
    a_thousand_seeds_of_rough_networks(COOKIE);
}

#[test]
fn a_thousand_seeds_of_rough_networks_with_a_session_block() {
    a_thousand_seeds_of_rough_networks(BLOCK);
}

#[test]
fn a_thousand_seeds_of_rough_networks_in_packet_style() {
    a_thousand_seeds_of_rough_networks(PACKET);
}

/// However rough it was, a good network brings the newest frame within seconds.
fn a_thousand_seeds_of_rough_networks(pair: Pair) {
    let (mut frames, mut lost, mut datagrams) = ([0; 2], [0; 2], 0);
    let (mut requested, mut missing, mut again) = (0, 0, 0);
    for seed in seeds(1000) {
        let resend = seed % 5 != 4;
        let mut world = World::between(pair, seed, rough(seed), resend, "right");
        world.run(Duration::from_secs(12));
        world.network.conditions = Conditions { delay: millis(5), ..Conditions::default() };
        world.run(Duration::from_secs(18));
        world.check_stream();
        let behind = world.taken - world.next_number;
        assert!(behind <= 2, "seed {seed}: {behind} frames behind after {:?}", rough(seed));
        frames[usize::from(resend)] += world.delivered.len();
        lost[usize::from(resend)] += world.lost.len();
        datagrams += world.network.carried;
        let stats = world.viewer.stats();
        (requested, missing, again) =
            (requested + stats.nacked, missing + stats.lost_chunks, again + stats.retransmitted);
    }
    report(frames, lost);
    println!("{datagrams} datagrams, {missing} chunks missing, {requested} requested, {again} sent again");
}

/// All that the camera may send before it is confirmed is lost at once: neither side may wait for the other.
#[test]
fn a_blackout_that_swallows_the_whole_store_is_survived() {
    for seed in seeds(40) {
        let dark = millis(2_000 + seed);
        let blackout = Some(dark..dark + Duration::from_secs(3));
        let conditions = Conditions { delay: millis(1), blackout, ..Conditions::default() };
        let mut world = World::new(seed, conditions, true, "right");
        // Key frames only, 25 a second of 40 kB and more: over 1 MiB in the dark, which begins at any moment of them.
        (world.stride, world.interval) = (30, millis(40));
        world.run(Duration::from_secs(5));
        let taken = world.taken;
        world.run(Duration::from_secs(12));
        world.check_stream();
        assert!(world.taken > taken + 150, "seed {seed}: {} frames by then, {taken} before", world.taken);
        assert!(world.taken - world.next_number <= 2, "seed {seed}: {} of {}", world.next_number, world.taken);
    }
}

/// What is lost is requested once a round trip, and not more often.
#[test]
fn a_round_trip_of_200_ms_costs_hardly_a_second_request() {
    let (mut missing, mut requested, mut again) = (0, 0, 0);
    for seed in seeds(20) {
        let conditions = Conditions { loss_percent: 3, delay: millis(100), ..Conditions::default() };
        let mut world = World::new(seed, conditions, true, "right");
        // Until the first frame is complete, the round trip is not known.
        world.run(Duration::from_secs(3));
        let start = world.viewer.stats();
        assert_eq!(start.round_trip, Some(millis(200)), "seed {seed}");
        world.run(Duration::from_secs(30));
        world.check_stream();
        assert_eq!(world.lost, [], "seed {seed}");
        let stats = world.viewer.stats();
        missing += stats.lost_chunks - start.lost_chunks;
        requested += stats.nacked - start.nacked;
        again += stats.retransmitted - start.retransmitted;
    }
    println!("{missing} chunks missing, {requested} requested, {again} sent again");
    // One of 33 requests is lost, and as many answers.
    assert!(requested * 100 <= missing * 110, "{requested} requests for {missing} chunks");
}

/// What resend is for: at 10 % loss nothing is lost for good.
#[test]
fn ten_percent_loss_costs_no_frame() {
    for seed in seeds(50) {
        let conditions = Conditions { loss_percent: 10, delay: millis(1), jitter: millis(1), ..Conditions::default() };
        let mut world = World::new(seed, conditions, true, "right");
        world.run(Duration::from_secs(20));
        world.check_stream();
        assert_eq!(world.lost, [], "seed {seed}");
        assert!(world.taken - world.next_number <= 2, "seed {seed}");
    }
}

/// A camera keeps each frame until it knows that the viewer has it, and takes no more once its store is full.
#[test]
fn lost_acknowledgements_do_not_fill_the_camera() {
    for seed in seeds(10) {
        let mut conditions = conditions(seed);
        (conditions.loss_percent, conditions.blackout) = (25, None);
        let mut world = World::new(seed, conditions, true, "right");
        world.run(Duration::from_secs(120));
        world.check_stream();
        assert!(world.camera.memory() < RESEND_STORE, "seed {seed}: {} bytes", world.camera.memory());
        assert!(world.made - u64::from(world.taken) < 30, "seed {seed}: {} of {}", world.taken, world.made);
    }
}

/// A client of go2rtc, which never asks for resend in packet style, cuts 32 bytes off each frame.
#[test]
fn frame_info_is_longer_in_packet_style_without_resend() {
    for (pair, resend, len) in [(PACKET, false, 32), (PACKET, true, 16), (BLOCK, false, 16), (COOKIE, true, 16)] {
        let mut world = World::between(pair, 1, Conditions::default(), resend, "right");
        world.run(Duration::from_secs(2));
        world.check_stream();
        assert_eq!(world.info_len, len, "{pair:?}, resend {resend}");
    }
}

#[test]
fn a_clean_network_needs_no_resend() {
    let clean = Conditions { delay: millis(5), ..Conditions::default() };
    let mut world = World::new(1, clean, true, "right");
    world.run(Duration::from_secs(20));
    world.check_stream();
    let stats = world.viewer.stats();
    assert_eq!((stats.lost, stats.nacked, stats.retransmitted, stats.duplicates), (0, 0, 0, 0));
    assert_eq!(stats.round_trip, Some(millis(10)));
    assert!(world.taken - world.next_number <= 1);
}

#[test]
fn a_wrong_password_is_refused() {
    for seed in seeds(50) {
        let mut world = World::new(seed, conditions(seed), true, "wrong");
        world.run(Duration::from_secs(30));
        assert_eq!((world.opened, world.ended), (None, Some(CloseReason::Refused)), "seed {seed}");
        assert_eq!(world.camera.viewers(), 0);
    }
}

#[test]
fn a_silent_camera_is_noticed() {
    let mut clean = conditions(0);
    clean.loss_percent = 0;
    clean.blackout = Some(Duration::from_secs(3)..Duration::from_secs(60));
    let mut world = World::new(0, clean, true, "right");
    world.run(Duration::from_secs(60));
    assert!(matches!(world.ended, Some(CloseReason::Silent(silence)) if silence >= Duration::from_secs(10)));
    assert_eq!(world.removed, [DisconnectReason::Silent]);
}

#[test]
fn a_camera_that_closes_is_noticed_at_once() {
    let mut clean = conditions(0);
    (clean.loss_percent, clean.blackout) = (0, None);
    let mut world = World::new(0, clean, true, "right");
    world.run(Duration::from_secs(3));
    world.camera.close();
    world.run(Duration::from_millis(3_200));
    assert_eq!(
        (world.ended, world.removed.as_slice()),
        (Some(CloseReason::ClosedByCamera), &[DisconnectReason::ByCamera][..])
    );
}
