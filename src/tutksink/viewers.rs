//! The viewers, and from which frame on each gets video.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tutk::ViewerId;

/// An encoder that was asked for a key frame and gave none in this time is asked again.
const KEY_TIME: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Viewers {
    table: BTreeMap<ViewerId, Viewer>,
    /// When upstream was asked for a key frame that has not come yet.
    asked: Option<Instant>,
}

#[derive(Debug, Default)]
struct Viewer {
    wants_video: bool,
    needs_key: bool,
    wants_audio: bool,
}

impl Viewers {
    pub(super) fn add(&mut self, id: ViewerId) {
        self.table.insert(id, Viewer::default());
    }

    pub(super) fn remove(&mut self, id: ViewerId) {
        self.table.remove(&id);
    }

    /// Removes all viewers, and returns who they were.
    pub(super) fn clear(&mut self) -> Vec<ViewerId> {
        std::mem::take(self).table.into_keys().collect()
    }

    /// The viewer gets video from the next key frame on.
    pub(super) fn start(&mut self, id: ViewerId) {
        if let Some(viewer) = self.table.get_mut(&id) {
            viewer.wants_video = true;
            viewer.needs_key = true;
        }
    }

    /// The viewer gets no more video.
    pub(super) fn stop(&mut self, id: ViewerId) {
        if let Some(viewer) = self.table.get_mut(&id) {
            viewer.wants_video = false;
            viewer.needs_key = false;
        }
    }

    /// Sets whether the viewer gets audio.
    pub(super) fn set_audio(&mut self, id: ViewerId, wanted: bool) {
        if let Some(viewer) = self.table.get_mut(&id) {
            viewer.wants_audio = wanted;
        }
    }

    /// Who gets audio.
    pub(super) fn listeners(&self) -> Vec<ViewerId> {
        self.table.iter().filter(|(_, viewer)| viewer.wants_audio).map(|(id, _)| *id).collect()
    }

    /// Who gets the next frame.
    pub(super) fn receivers(&mut self, key: bool) -> Vec<ViewerId> {
        if key {
            self.asked = None;
        }
        let watching = self.table.iter_mut().filter(|(_, viewer)| viewer.wants_video);
        watching
            .filter_map(|(id, viewer)| {
                viewer.needs_key &= !key;
                (!viewer.needs_key).then_some(*id)
            })
            .collect()
    }

    /// The viewer missed a frame: if it watches, it continues at the next key frame.
    pub(super) fn missed(&mut self, id: ViewerId) {
        if let Some(viewer) = self.table.get_mut(&id) {
            viewer.needs_key |= viewer.wants_video;
        }
    }

    /// A frame is missing for all that watch.
    pub(super) fn all_missed(&mut self) {
        for viewer in self.table.values_mut() {
            viewer.needs_key |= viewer.wants_video;
        }
    }

    /// Whether to ask upstream for a key frame now. True once for each request.
    pub(super) fn ask_for_key(&mut self, now: Instant) -> bool {
        let waiting = self.table.values().any(|viewer| viewer.needs_key);
        let due = waiting && self.asked.is_none_or(|asked| now.duration_since(asked) >= KEY_TIME);
        if due {
            self.asked = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ViewerId = ViewerId(1);
    const B: ViewerId = ViewerId(2);

    #[test]
    fn each_viewer_starts_at_a_key_frame() {
        let mut viewers = Viewers::default();
        viewers.add(A);
        viewers.add(B);
        assert!(viewers.receivers(true).is_empty());
        viewers.start(A);
        assert!(viewers.receivers(false).is_empty());
        assert_eq!(viewers.receivers(true), [A]);
        viewers.start(B);
        assert_eq!(viewers.receivers(false), [A]);
        assert_eq!(viewers.receivers(true), [A, B]);
        assert_eq!(viewers.receivers(false), [A, B]);
        viewers.stop(A);
        assert_eq!(viewers.receivers(true), [B]);
        viewers.remove(B);
        assert!(viewers.receivers(true).is_empty());
        assert_eq!(viewers.clear(), [A]);
    }

    #[test]
    fn a_missed_frame_breaks_the_chain() {
        let mut viewers = Viewers::default();
        for id in [A, B] {
            viewers.add(id);
            viewers.start(id);
        }
        assert_eq!(viewers.receivers(true), [A, B]);
        viewers.missed(A);
        assert_eq!(viewers.receivers(false), [B]);
        assert_eq!(viewers.receivers(true), [A, B]);
        viewers.stop(A);
        viewers.missed(A);
        assert!(!viewers.ask_for_key(Instant::now()));
    }

    #[test]
    fn upstream_is_asked_once_until_a_key_frame_comes() {
        let mut viewers = Viewers::default();
        let now = Instant::now();
        viewers.add(A);
        viewers.add(B);
        assert!(!viewers.ask_for_key(now));
        viewers.start(A);
        assert!(viewers.ask_for_key(now));
        viewers.start(B);
        assert!(!viewers.ask_for_key(now));
        assert!(viewers.ask_for_key(now + KEY_TIME));
        viewers.receivers(true);
        assert!(!viewers.ask_for_key(now + 3 * KEY_TIME));
        viewers.start(A);
        assert!(viewers.ask_for_key(now + 3 * KEY_TIME));
    }

    #[test]
    fn audio_is_for_those_who_want_it_whatever_they_watch() {
        let mut viewers = Viewers::default();
        viewers.add(A);
        viewers.add(B);
        viewers.set_audio(A, true);
        viewers.start(A);
        assert_eq!(viewers.listeners(), [A]);
        viewers.stop(A);
        assert_eq!(viewers.listeners(), [A]);
        viewers.set_audio(A, false);
        assert!(viewers.listeners().is_empty());
    }

    #[test]
    fn unknown_viewers_change_nothing() {
        let mut viewers = Viewers::default();
        viewers.start(A);
        viewers.stop(A);
        viewers.remove(A);
        assert!(viewers.receivers(true).is_empty());
    }
}
