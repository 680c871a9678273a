//! A camera with B-frames behind a network, and what becomes of its pictures.

use gst::ClockTime;
use tutk::wire::CameraTime;
use tutk::{Order, Place};

use super::*;
use crate::TimestampMode;

const MS: u64 = 1_000_000;
const FRAME: u64 = 40 * MS;
/// Three B-frames between others, and a key frame each so many groups.
const GROUPS: i64 = 6;
const SEQUENCE: i64 = 1 + 4 * GROUPS;
/// After this many pictures the camera's clock is in use.
const IN_USE: usize = 120 * 25;

/// Which picture on the screen the one is that comes as this number, both from zero.
fn shown(number: i64) -> i64 {
    let (sequence, within) = (number / SEQUENCE, number % SEQUENCE);
    let place = match within {
        0 => 0,
        within if within % 4 == 1 => within + 3,
        within => within - 1,
    };
    sequence * SEQUENCE + place
}

/// Plays such a camera for 8 minutes, with `jitter` in ns, and its clock showing milliseconds of this picture. Returns PTS and DTS
/// as the pictures are shown, and what is answered as latency.
fn play(mode: TimestampMode, jitter: u64, clock: fn(i64) -> i64) -> (Vec<(u64, u64)>, ClockRecovery, Stamper) {
    let (mut recovery, mut stamper) = (ClockRecovery::new(mode), Stamper::default());
    let (mut last, mut arrival, mut noise) = (None, 0, 1u64);
    let mut times = Vec::new();
    for number in 0..12_000i64 {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Until a session is established, some time passes.
        let sent = number.unsigned_abs() * FRAME + 10 * FRAME;
        arrival = (sent + (noise >> 33) % (jitter + 1)).max(arrival + 1);
        let place = shown(number);
        let place = Place {
            sequence: 1 + (place / SEQUENCE) as u32,
            count: place % SEQUENCE * 2,
            step: 2,
            depth: 1,
            interval: None,
        };
        let at = ClockTime::from_nseconds(arrival);
        let camera = CameraTime::Milliseconds(1_000_000 + clock(number) as u32);
        let stamp = stamper.stamp(&mut recovery, at, at, camera, Order::Display(place), number == 0);
        let (pts, dts) = (stamp.pts.unwrap().nseconds(), stamp.dts.unwrap().nseconds());
        assert!(
            !stamp.jumped && last < Some(dts) && dts <= pts && pts <= arrival,
            "{number}: {stamp:?} after {last:?}"
        );
        last = Some(dts);
        times.push((shown(number), pts, dts));
    }
    times.sort_unstable();
    (times.into_iter().map(|(_, pts, dts)| (pts, dts)).collect(), recovery, stamper)
}

/// How far the distances of pictures are at most from those of their taking, once the clock is in use.
fn unevenness(times: &[(u64, u64)]) -> u64 {
    let pictures = &times[IN_USE..times.len() - 8];
    pictures.windows(2).map(|pair| (pair[1].0 - pair[0].0).abs_diff(FRAME)).max().unwrap()
}

#[test]
fn the_camera_clock_removes_jitter_whether_it_counts_taking_or_sending() {
    let clocks: [fn(i64) -> i64; 2] = [|number| shown(number) * 40, |number| number * 40];
    for clock in clocks {
        for mode in [TimestampMode::Auto, TimestampMode::Camera] {
            let (times, recovery, _) = play(mode, 50 * MS, clock);
            assert!(recovery.is_in_use() && unevenness(&times) < 5 * MS, "{mode:?}: {}", unevenness(&times));
        }
    }
}

#[test]
fn arrival_keeps_the_order_and_the_jitter() {
    let (times, recovery, _) = play(TimestampMode::Arrival, 50 * MS, |number| number * 40);
    assert!(times.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert!(!recovery.is_in_use() && unevenness(&times) <= 50 * MS);
}

#[test]
fn without_jitter_pictures_are_even_from_the_first_one_on() {
    let (times, recovery, stamper) = play(TimestampMode::Arrival, 0, |number| number * 40);
    assert!(times[..11_990].windows(2).all(|pair| pair[1].0 - pair[0].0 == FRAME));
    // The last of a group waits for one picture, and for those that come three pictures before they are shown.
    assert_eq!(stamper.latency(&recovery), ClockTime::from_mseconds(250));
    assert!(times.iter().all(|(pts, dts)| pts - dts <= 4 * FRAME));
}
