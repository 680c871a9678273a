//! Whether audio goes downstream at the start of a session.

use std::time::{Duration, Instant};

/// How long audio waits for a camera that sends no video at all. Cameras begin with a key frame, and there are some with one each
/// 4 s.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Drops the audio before the first picture: players and muxers begin with both, and know both streams from the start.
///
/// A camera that sends video which cannot be decoded yet will send a key frame, or the session ends.
#[derive(Debug, Default)]
pub(super) struct FirstPicture {
    /// The first block of audio.
    since: Option<Instant>,
    /// Frames of video have come.
    has_video: bool,
    /// Audio goes downstream.
    is_over: bool,
}

impl FirstPicture {
    /// A session of which no video is asked.
    pub(super) fn none() -> Self {
        Self { is_over: true, ..Self::default() }
    }

    /// A frame of video has come, be it one to start with or not.
    pub(super) fn frame(&mut self) {
        self.has_video = true;
    }

    /// There is a picture.
    pub(super) fn picture(&mut self) {
        self.is_over = true;
    }

    /// Whether this block of audio goes downstream.
    pub(super) fn passes_audio(&mut self, now: Instant) -> bool {
        let waits = now.saturating_duration_since(*self.since.get_or_insert(now));
        self.is_over |= !self.has_video && waits >= MAX_WAIT;
        self.is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn sound_begins_with_the_picture() {
        let (mut first, begin) = (FirstPicture::default(), Instant::now());
        assert!(!first.passes_audio(begin) && !first.passes_audio(begin + 4 * SECOND));
        first.picture();
        assert!(first.passes_audio(begin + 4 * SECOND));
    }

    #[test]
    fn a_key_frame_is_waited_for() {
        let (mut first, begin) = (FirstPicture::default(), Instant::now());
        first.frame();
        assert!(!first.passes_audio(begin) && !first.passes_audio(begin + 10 * SECOND));
        first.picture();
        assert!(first.passes_audio(begin + 10 * SECOND));
    }

    #[test]
    fn a_camera_without_a_picture_has_sound() {
        let (mut first, begin) = (FirstPicture::default(), Instant::now());
        assert!(!first.passes_audio(begin) && first.passes_audio(begin + 5 * SECOND));
        // Its picture may come later.
        first.frame();
        assert!(first.passes_audio(begin + 6 * SECOND));
        assert!(FirstPicture::none().passes_audio(begin));
    }
}
