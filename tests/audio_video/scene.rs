//! A camera whose picture and sound come and go as the test says.

use std::thread;
use std::time::{Duration, Instant};

use tutk::{AudioFormat, Codec, ViewerId};

use crate::common::frames::{Cut, Encoded, Encoder, FrameCamera};

/// Frames of a GOP.
pub(crate) const GOP: usize = 25;
const FRAME: Duration = Duration::from_millis(40);
/// Two in each frame's time.
const BLOCK: Duration = Duration::from_millis(20);
const RATE: u32 = 8_000;
/// The frequency of the tone, in Hz.
pub(crate) const TONE: f64 = 440.0;

/// It sends 25 frames and 50 blocks of PCM a second.
pub(crate) struct Scene {
    pub(crate) camera: FrameCamera,
    frames: Vec<Encoded>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let encoder = format!(
            "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={GOP} ! h264parse config-interval=-1 \
             ! video/x-h264,stream-format=byte-stream,alignment=au"
        );
        let frames = Encoder::fast(12 * GOP, &encoder).collect();
        Self { camera: FrameCamera::start(), frames }
    }

    /// Sends so many frames to a viewer, each in its time, with the audio of that time. Some are left out: those that are not
    /// `seen`.
    pub(crate) fn send(&self, viewer: ViewerId, frames: usize, seen: impl Fn(usize) -> bool) {
        self.send_both(viewer, frames, seen, |_| true);
    }

    /// Also leaves out the audio of those frames that are not `heard`.
    pub(crate) fn send_both(
        &self,
        viewer: ViewerId,
        frames: usize,
        seen: impl Fn(usize) -> bool,
        heard: impl Fn(usize) -> bool,
    ) {
        let begin = Instant::now();
        for number in 0..frames {
            thread::sleep((begin + FRAME * number as u32).saturating_duration_since(Instant::now()));
            let time = 40 * number as u32;
            for block in (0..2).filter(|_| heard(number)) {
                let time = time + 20 * block;
                self.camera.send_audio(viewer, AudioFormat::new(Codec::Pcm, RATE), 1_000 + time, &tone(time));
            }
            if seen(number) {
                let (key, data) = (number.is_multiple_of(GOP), &self.frames[number].data);
                self.camera.send(viewer, &Cut { key, ..Cut::new(Codec::H264, 1_000 + time, data) });
            }
        }
    }
}

/// A block that begins after so many milliseconds.
fn tone(millis: u32) -> Vec<u8> {
    let samples = RATE * BLOCK.as_millis() as u32 / 1_000;
    let first = RATE * millis / 1_000;
    let angle = |number: u32| 2.0 * std::f64::consts::PI * TONE * f64::from(number) / f64::from(RATE);
    (first..first + samples).flat_map(|number| ((angle(number).sin() * 10_000.0) as i16).to_le_bytes()).collect()
}
