//! What the camera sends: frames of fixed sizes at a fixed rate, each with the time of its sending inside.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use tutk::wire::{CHUNK, FrameInfo};
use tutk::{AudioFormat, Codec, VideoFrame};

/// A kind of camera.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) name: &'static str,
    pub(crate) fps: f64,
    key_len: usize,
    delta_len: usize,
    /// Blocks of audio as well.
    sound: bool,
}

/// Frames from one key frame to the next.
const GROUP: u32 = 60;

/// 640×360, 15 fps, 0.6 Mbit/s.
pub(crate) const ORDINARY: Load = Load { name: "ordinary", fps: 15.0, key_len: 13_000, delta_len: 4_864, sound: false };
/// The same with sound: µ-law at 8 kHz in blocks of 40 ms, 64 kbit/s.
pub(crate) const WITH_SOUND: Load = Load { name: "with-sound", sound: true, ..ORDINARY };
/// 1080p30, 8 Mbit/s.
pub(crate) const LARGE: Load = Load { name: "large", fps: 30.0, key_len: 200_000, delta_len: 30_508, sound: false };
/// As fast as the viewer takes it.
pub(crate) const FLAT_OUT: Load =
    Load { name: "flat-out", fps: f64::INFINITY, key_len: 60_000, delta_len: 60_000, sound: false };

impl Load {
    pub(crate) fn named(name: &str) -> Option<Self> {
        [ORDINARY, WITH_SOUND, LARGE, FLAT_OUT].into_iter().find(|load| load.name == name)
    }

    pub(crate) fn interval(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.fps)
    }

    /// Between two blocks of audio, if there is any.
    pub(crate) fn block_interval(&self) -> Option<Duration> {
        self.sound.then_some(BLOCK)
    }

    /// How many video datagrams `bytes` of whole frames come in, when all frames are of one size.
    pub(crate) fn datagrams_per_frame(&self) -> usize {
        (self.delta_len + FrameInfo::LEN).div_ceil(CHUNK)
    }
}

/// What a block of audio plays.
const BLOCK: Duration = Duration::from_millis(40);
/// The rate in Hz, with a byte each sample.
const RATE: u32 = 8_000;

/// A block of audio of now, with the camera's clock in milliseconds.
pub(crate) fn block() -> (AudioFormat, u32, [u8; 320]) {
    (AudioFormat::new(Codec::Mulaw, RATE), now().as_millis() as u32, [0xFF; 320])
}

/// Makes the frames of one viewer.
#[derive(Debug)]
pub(crate) struct Frames {
    load: Load,
    number: u32,
    bytes: Vec<u8>,
}

/// Where the time is: behind the start code and the NAL unit's type.
const STAMP: std::ops::Range<usize> = 5..13;
/// Bytes of a frame up to the end of the time.
pub(crate) const FRAME_HEAD: usize = STAMP.end;
const START: [u8; 4] = [0, 0, 0, 1];
const KEY_UNIT: u8 = 0x65;
const DELTA_UNIT: u8 = 0x41;

impl Frames {
    pub(crate) fn new(load: Load) -> Self {
        Self { load, number: 0, bytes: vec![0xA5; load.key_len] }
    }

    /// The next frame; a key frame if `key` says so.
    pub(crate) fn next(&mut self, key: bool) -> VideoFrame<'_> {
        let key = key || self.number.is_multiple_of(GROUP);
        self.number = if key { 1 } else { self.number + 1 };
        let len = if key { self.load.key_len } else { self.load.delta_len };
        let data = &mut self.bytes[..len];
        data[..4].copy_from_slice(&START);
        data[4] = if key { KEY_UNIT } else { DELTA_UNIT };
        let now = now();
        data[STAMP].copy_from_slice(&(now.as_nanos() as u64).to_le_bytes());
        VideoFrame::new(Codec::H264, data).with_key(key).with_timestamp(now.as_millis() as u32)
    }
}

/// Whether a frame begins with these bytes.
pub(crate) fn is_frame_head(bytes: &[u8]) -> bool {
    bytes.starts_with(&START) && matches!(bytes.get(4), Some(&(KEY_UNIT | DELTA_UNIT)))
}

/// How long ago this frame was sent.
pub(crate) fn age(frame: &[u8]) -> Option<Duration> {
    let stamp = frame.get(STAMP)?.try_into().ok()?;
    now().checked_sub(Duration::from_nanos(u64::from_le_bytes(stamp)))
}

/// The clock that all processes of this host share.
fn now() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).expect("Linux has this clock").into()
}
