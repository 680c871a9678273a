//! A camera whose clocks for picture and sound run apart, jump and pause: both are shown together all the same.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use gst::ClockTime;
use gst::prelude::*;
use tutk::{AudioFormat, Codec, ViewerId};

use crate::common::clock::Clock;
use crate::common::frames::{Cut, FrameCamera};
use crate::common::pictures::Launched;
use crate::common::{LONG, unit};

/// Between two frames, and as long as a block of sound.
const STEP: u64 = 200;
const SECOND: u64 = 1_000;
/// How long the camera plays.
const END: u64 = 150 * SECOND;
/// By then `tutksrc` follows the camera's clock.
const SETTLED: u64 = 25 * SECOND;
/// When the clock of the sound, and when that of the picture jumps, and by how much.
const JUMPS: [(u64, u64); 2] = [(60 * SECOND, 3 * SECOND), (110 * SECOND, 7 * SECOND)];
/// While there is no sound.
const SILENCE: std::ops::Range<u64> = 85 * SECOND..87 * SECOND;
/// After a jump or silence, this time is not looked at.
const CONVERGENCE: u64 = 3 * SECOND;
/// How far picture and sound may be apart, in milliseconds.
const NEAR: i64 = 40;
const START: ClockTime = ClockTime::from_seconds(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Media {
    Video,
    Audio,
}

/// What comes out: its camera's time, and its PTS, both in milliseconds.
type Out = (Media, u64, u64);

struct Scene {
    camera: FrameCamera,
    viewer: Launched,
    id: ViewerId,
    clock: Clock,
    out: Receiver<Out>,
    /// When what has this camera's time was taken.
    taken: HashMap<(Media, u64), u64>,
    /// Of what came out: when it was taken, and how much later it is shown.
    lags: Vec<(Media, u64, i64)>,
    /// How long it took from camera to viewer at most. It counts as the network's delay.
    slowest: Duration,
}

impl Scene {
    fn new() -> Self {
        let camera = FrameCamera::start();
        let viewer = Launched::new(&format!(
            "{} ! tutkdemux name=demux demux.video_0 ! queue name=v ! fakesink sync=false async=false \
             demux.audio_0 ! queue name=a ! fakesink sync=false async=false",
            camera.source()
        ));
        let clock = Clock::new(START);
        viewer.use_clock(Some(&clock));
        let (sender, out) = channel();
        for (queue, media) in [("v", Media::Video), ("a", Media::Audio)] {
            let sender = sender.clone();
            viewer.element(queue).static_pad("sink").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, info| {
                let buffer = info.buffer().unwrap();
                let camera = buffer.meta::<gst::ReferenceTimestampMeta>().unwrap().timestamp();
                let _ = sender.send((media, camera.mseconds(), buffer.pts().unwrap().mseconds()));
                gst::PadProbeReturn::Ok
            });
        }
        viewer.set_state(gst::State::Playing).unwrap();
        let id = camera.wait_for_watcher();
        let (taken, lags) = (HashMap::new(), Vec::new());
        Self { camera, viewer, id, clock, out, taken, lags, slowest: Duration::ZERO }
    }

    /// Sends what was taken at this time, which the camera's clock calls `shown`.
    fn send(&mut self, media: Media, taken: u64, shown: u64) {
        self.taken.insert((media, shown), taken);
        let timestamp = u32::try_from(shown).unwrap();
        match media {
            Media::Video => {
                let picture = Cut { key: true, ..Cut::new(Codec::H264, timestamp, &unit(0, true)) };
                self.camera.send(self.id, &picture);
            }
            Media::Audio => {
                let format = AudioFormat::new(Codec::Mulaw, 8_000);
                self.camera.send_audio(self.id, format, timestamp, &[0xFF; 8 * STEP as usize]);
            }
        }
    }

    /// What comes out within this time. Returns its kind and the camera's time.
    fn take(&mut self, patience: Duration) -> Option<(Media, u64)> {
        let (media, shown, pts) = self.out.recv_timeout(patience).ok()?;
        let taken = self.taken[&(media, shown)];
        self.lags.push((media, taken, pts as i64 - taken as i64));
        Some((media, shown))
    }

    /// Sends it, and waits until it has come out.
    fn pass(&mut self, media: Media, taken: u64, shown: u64) {
        let begin = Instant::now();
        self.send(media, taken, shown);
        while self.take(LONG).expect("nothing comes out") != (media, shown) {}
        self.slowest = self.slowest.max(begin.elapsed());
    }
}

/// Plays a camera whose clocks run so much faster, in parts per million.
fn play(video: i64, audio: i64) {
    let mut scene = Scene::new();
    let mut random = fastrand::Rng::with_seed(9);
    let mut events = BTreeMap::new();
    for (media, ppm) in [(Media::Video, video), (Media::Audio, audio)] {
        let mut arrival = 0;
        for number in 0..END / STEP {
            // Samples come at the rate of their clock.
            let shown = number * STEP;
            let taken = shown.saturating_add_signed(-(shown as i64) * ppm / 1_000_000);
            if media == Media::Audio && SILENCE.contains(&taken) {
                continue;
            }
            let jumps = JUMPS.iter().zip([Media::Audio, Media::Video]);
            let by: u64 = jumps.filter(|((at, _), of)| media == *of && taken >= *at).map(|((_, by), _)| by).sum();
            // What comes later overtakes nothing.
            arrival = arrival.max(taken + 5 + random.u64(0..30)) + 1;
            events.insert((arrival, media), (taken, 10 * SECOND + shown + by));
        }
    }
    // Both streams come out before time goes on.
    let mut begun = [false; 2];
    for ((arrival, media), (taken, shown)) in events {
        scene.clock.set_time(START + ClockTime::from_mseconds(arrival));
        if begun == [true; 2] {
            scene.pass(media, taken, shown);
            continue;
        }
        scene.send(media, taken, shown);
        while let Some((media, _)) = scene.take(Duration::from_millis(50)) {
            begun[media as usize] = true;
        }
    }
    scene.viewer.set_state(gst::State::Null).unwrap();
    let disturbed = [SILENCE.start, SILENCE.end, JUMPS[0].0, JUMPS[1].0];
    let (mut apart, mut picture, mut compared) = (0, None, 0);
    for (media, taken, lag) in &scene.lags {
        let counts = *taken > SETTLED && disturbed.iter().all(|at| !(*at..at + CONVERGENCE).contains(taken));
        match (media, picture) {
            (Media::Video, _) => picture = Some(*lag),
            (Media::Audio, Some(picture)) if counts => {
                compared += 1;
                apart = apart.max((lag - picture).abs());
            }
            _ => {}
        }
    }
    assert!(compared as u64 > (END - SETTLED) / STEP * 8 / 10, "{compared} blocks");
    let slowest = scene.slowest;
    assert!(apart < NEAR + slowest.as_millis() as i64, "{apart} ms apart, and the machine took {slowest:?}");
}

#[test]
fn sound_whose_clock_is_faster_stays_with_the_picture() {
    play(-200, 200);
}

#[test]
fn sound_whose_clock_is_slower_stays_with_the_picture() {
    play(200, -200);
}
