//! The cameras.

use tutk::Codec;

/// How many there are.
pub(crate) const CAMERAS: usize = 20;
/// Cameras that are recorded to files, too; they have no password, so that none is in a pipeline's text.
pub(crate) const RECORDED: [usize; 2] = [0, 5];
/// Is in every password, and may be in nothing that is written.
pub(crate) const CANARY: &str = "canary-of-the-soak";

/// What a camera sends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) codec: Codec,
    pub(crate) fps: u32,
    /// Bytes of a key frame.
    pub(crate) key_len: usize,
    /// Bytes of other frames, on average.
    pub(crate) delta_len: usize,
    pub(crate) has_password: bool,
    /// Whether it sends lost datagrams again. `tutksink` always does.
    pub(crate) resend: bool,
}

const fn kind(codec: Codec, fps: u32, key_len: usize, delta_len: usize, has_password: bool, resend: bool) -> Kind {
    Kind { codec, fps, key_len, delta_len, has_password, resend }
}

const KINDS: [Kind; 10] = [
    kind(Codec::H264, 10, 3_000, 600, false, true),
    kind(Codec::H264, 25, 12_000, 1_500, true, true),
    kind(Codec::H265, 15, 20_000, 3_000, true, true),
    kind(Codec::Mjpeg, 5, 15_000, 15_000, true, true),
    kind(Codec::H264, 15, 150_000, 20_000, true, true),
    kind(Codec::H264, 5, 4_000, 1_000, false, false),
    kind(Codec::H265, 20, 9_000, 2_000, true, false),
    kind(Codec::Mpeg4, 10, 8_000, 2_000, false, true),
    kind(Codec::H263, 10, 5_000, 1_024, true, false),
    kind(Codec::Mjpeg, 2, 90_000, 90_000, false, false),
];

/// Seconds from one key frame to the next.
pub(crate) const GROUP: u32 = 2;

pub(crate) fn camera(index: usize) -> Kind {
    KINDS[index % KINDS.len()]
}

/// Whether it has a microphone: half of them do, of both sorts.
pub(crate) fn has_sound(index: usize) -> bool {
    index.is_multiple_of(2)
}

pub(crate) fn uid(index: usize) -> String {
    format!("SOAK{index:016}")
}

pub(crate) fn password(index: usize) -> Option<String> {
    camera(index).has_password.then(|| format!("{CANARY}-{index}"))
}
