//! Flashes and beeps: both at once where they are made, and both at once where they are shown, whatever the network does
//! between. On a clock that only the test moves.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use gst::ClockTime;
use gst::prelude::*;

use crate::common::LONG;
use crate::common::pictures::{Launched, brightness};
use crate::common::relay::Relay;

const BLOCK: ClockTime = ClockTime::from_mseconds(20);
const FRAME: ClockTime = ClockTime::from_mseconds(40);
const SECOND: ClockTime = ClockTime::SECOND;
/// How long a flash and a beep take.
const SHOWN: ClockTime = ClockTime::from_mseconds(200);
/// How far they may be apart, on a machine that takes no time.
const NEAR: ClockTime = ClockTime::from_mseconds(40);
/// By then `tutksrc` follows the camera's clock.
const SETTLED: ClockTime = ClockTime::from_seconds(25);
/// How long the test waits for what may be lost before it lets time pass.
const PATIENCE: Duration = Duration::from_millis(250);
/// One of so many of the camera's datagrams is lost.
const LOST: u32 = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Media {
    Video,
    Audio,
}

/// `tutkmux ! tutksink`, a network that loses datagrams, and `tutksrc ! tutkdemux` with decoders.
struct Scene {
    camera: Launched,
    _network: Relay,
    viewer: Launched,
    clock: gst_check::TestClock,
    /// The camera's time, in milliseconds, of what has left the demuxer.
    came: Receiver<(Media, u64)>,
    /// How long each frame and block has taken from camera to viewer. Its PTS takes that for the network's delay.
    took: Vec<ClockTime>,
    random: fastrand::Rng,
}

/// The time on the camera's clock, as it is in the buffer.
fn camera_time(buffer: &gst::BufferRef) -> u64 {
    buffer.meta::<gst::ReferenceTimestampMeta>().unwrap().timestamp().mseconds()
}

fn watch(viewer: &Launched, queue: &str, media: Media, came: Sender<(Media, u64)>) {
    viewer.element(queue).static_pad("sink").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let _ = came.send((media, camera_time(info.buffer().unwrap())));
        gst::PadProbeReturn::Ok
    });
}

impl Scene {
    fn new() -> Self {
        let uid = crate::common::uid();
        let camera = Launched::play(&format!(
            "tutkmux name=mux ! tutksink name=sink uid={uid} sync=false \
             appsrc name=video is-live=true format=time caps=video/x-raw,format=I420,width=64,height=64,framerate=25/1 \
             ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! h264parse config-interval=-1 ! mux.video \
             appsrc name=audio is-live=true format=time \
             caps=audio/x-raw,format=S16LE,layout=interleaved,rate=8000,channels=1 ! mulawenc ! mux.audio"
        ));
        let port: u32 = camera.element("sink").property("current-port");
        // Where it is found again.
        camera.element("sink").set_property("port", port);
        let count = AtomicU32::new(0);
        let lose = move |_: &[u8]| count.fetch_add(1, Ordering::Relaxed) % LOST == LOST - 1;
        let network = Relay::between(format!("127.0.0.1:{port}").parse().unwrap(), lose);
        let viewer = Launched::new(&format!(
            "tutksrc backend=native uid={uid} address={} ! tutkdemux name=demux demux.video_0 ! queue name=v ! h264parse \
             ! avdec_h264 ! videoconvert ! video/x-raw,format=GRAY8 ! appsink name=video sync=false wait-on-eos=false \
             demux.audio_0 ! queue name=a ! mulawdec ! appsink name=audio sync=false wait-on-eos=false",
            network.address()
        ));
        let clock = gst_check::TestClock::with_start_time(SECOND);
        viewer.use_clock(Some(&clock));
        let (sender, came) = channel();
        watch(&viewer, "v", Media::Video, sender.clone());
        watch(&viewer, "a", Media::Audio, sender);
        viewer.set_state(gst::State::Playing).unwrap();
        Self { camera, _network: network, viewer, clock, came, took: Vec::new(), random: fastrand::Rng::with_seed(3) }
    }

    /// The camera takes what it sees and hears at this time. Returns the time on its clock.
    fn take(&self, media: Media, time: ClockTime) -> u64 {
        let is_shown = time.nseconds() % SECOND.nseconds() < SHOWN.nseconds();
        let (name, data, duration) = match media {
            Media::Video => {
                let luma = vec![if is_shown { 235 } else { 16 }; 64 * 64];
                ("video", [luma, vec![128; 64 * 64 / 2]].concat(), FRAME)
            }
            Media::Audio => {
                let sample = |number: usize| match (is_shown, number / 8 % 2) {
                    (false, _) => 0_i16,
                    (true, half) => [16_000, -16_000][half],
                };
                ("audio", (0..160).flat_map(|number| sample(number).to_le_bytes()).collect(), BLOCK)
            }
        };
        let mut buffer = gst::Buffer::from_mut_slice(data);
        let writable = buffer.get_mut().unwrap();
        writable.set_pts(time);
        writable.set_duration(duration);
        self.camera.element(name).downcast::<gst_app::AppSrc>().unwrap().push_buffer(buffer).unwrap();
        (self.camera.base_time().unwrap() + time).mseconds()
    }

    /// Plays this time. Each frame and each block is up to 40 ms on its way. `lockstep`: what was taken comes before time
    /// goes on.
    fn play(&mut self, from: ClockTime, to: ClockTime, lockstep: bool) {
        let mut events = BTreeMap::new();
        for (media, step) in [(Media::Video, FRAME), (Media::Audio, BLOCK)] {
            let mut before = ClockTime::ZERO;
            let times = (0..).map(|number| from + step * number).take_while(|time| *time < to);
            for taken in times {
                // What comes later overtakes nothing.
                before = before.max(taken + ClockTime::from_useconds(5_000 + self.random.u64(0..40_000)));
                events.insert((before, media, taken), ());
            }
        }
        for (arrival, media, taken) in events.into_keys() {
            self.clock.set_time((SECOND + arrival).max(self.clock.time()));
            let begin = Instant::now();
            let wanted = self.take(media, taken);
            if !lockstep {
                std::thread::sleep(Duration::from_millis(2));
                continue;
            }
            loop {
                match self.came.recv_timeout(PATIENCE) {
                    Ok((came, time)) if came == media && time >= wanted => {
                        self.took.push(begin.elapsed().try_into().unwrap());
                        break;
                    }
                    Ok(_) => {}
                    // It is lost, or comes after the next one.
                    Err(_) => break,
                }
            }
        }
    }

    /// Plays until both streams have come out in this session. Returns when.
    fn begin(&mut self, mut time: ClockTime) -> ClockTime {
        let end = Instant::now() + LONG;
        let (mut video, mut audio) = (false, false);
        while !(video && audio) {
            assert!(Instant::now() < end, "nothing comes");
            self.play(time, time + SECOND, false);
            time += SECOND;
            for (media, _) in self.came.try_iter() {
                video |= media == Media::Video;
                audio |= media == Media::Audio;
            }
        }
        time
    }

    /// The times at which something begins, of those that were shown between these times.
    fn ends(&self) -> (Vec<ClockTime>, Vec<ClockTime>) {
        self.viewer.send_event(gst::event::Eos::new());
        self.viewer.wait_for(gst::MessageType::Eos);
        let samples = |name: &str| {
            let sink = self.viewer.element(name).downcast::<gst_app::AppSink>().unwrap();
            std::iter::from_fn(move || sink.try_pull_sample(ClockTime::ZERO)).collect::<Vec<_>>()
        };
        let flashes = begins(samples("video").iter().map(|picture| {
            let level = brightness(picture);
            let sum: usize = level.iter().map(|level| usize::from(*level)).sum();
            (picture.buffer().unwrap().pts().unwrap(), FRAME, sum / level.len() > 128)
        }));
        let sample = SECOND / 8_000;
        let beeps = begins(samples("audio").iter().flat_map(|block| {
            let buffer = block.buffer().unwrap();
            let (pts, map) = (buffer.pts().unwrap(), buffer.map_readable().unwrap());
            let (words, _) = map.as_chunks::<2>();
            let loud = words.iter().map(|word| i16::from_le_bytes(*word).unsigned_abs() > 5_000).collect::<Vec<_>>();
            (0..).zip(loud).map(move |(number, loud)| (pts + sample * number, sample, loud))
        }));
        (flashes, beeps)
    }
}

/// When it begins, where what is before is there: (time, duration, whether it is shown).
fn begins(shown: impl Iterator<Item = (ClockTime, ClockTime, bool)>) -> Vec<ClockTime> {
    let mut before: Option<(ClockTime, bool)> = None;
    let mut begins = Vec::new();
    for (time, duration, is_shown) in shown {
        let follows = before.is_some_and(|(end, was_shown)| !was_shown && time <= end + FRAME / 2);
        if is_shown && follows {
            begins.push(time);
        }
        before = Some((time + duration, is_shown));
    }
    begins
}

#[test]
fn flashes_and_beeps_are_together() {
    let mut scene = Scene::new();
    let sessions = 2;
    let (mut time, mut settled) = (ClockTime::ZERO, Vec::new());
    for session in 0..sessions {
        if session > 0 {
            // As by a power cut.
            scene.camera.set_state(gst::State::Null).unwrap();
            scene.camera.set_state(gst::State::Playing).unwrap();
            scene.came.try_iter().for_each(drop);
        }
        let begin = scene.begin(time);
        time = begin + SETTLED + SECOND * 15;
        scene.play(begin, time, true);
        settled.push((begin + SETTLED, time));
    }
    let (flashes, beeps) = scene.ends();
    let usual = median(&mut scene.took);
    let slowest = *scene.took.last().unwrap();
    for (from, to) in settled {
        let of =
            |times: &[ClockTime]| times.iter().copied().filter(|time| (from..to).contains(time)).collect::<Vec<_>>();
        let (flashes, beeps) = (of(&flashes), of(&beeps));
        let apart = flashes.iter().filter_map(|flash| {
            let apart = |beep: &ClockTime| beep.absdiff(*flash);
            beeps.iter().map(apart).min().filter(|apart| *apart < SECOND / 2)
        });
        let mut apart: Vec<_> = apart.collect();
        assert!(apart.len() >= 8, "{flashes:?} {beeps:?}");
        let median = median(&mut apart);
        assert!(median < NEAR + usual, "{apart:?}, and the machine took {usual}");
        assert!(apart.iter().all(|apart| *apart < NEAR + slowest), "{apart:?}, and the machine took up to {slowest}");
    }
}

/// Sorts them, too.
fn median(times: &mut [ClockTime]) -> ClockTime {
    times.sort();
    times[times.len() / 2]
}
