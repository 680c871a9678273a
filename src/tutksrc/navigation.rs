//! Arrow keys of a video window turn the camera.

use gst_video::NavigationEvent;

use crate::PtzDirection;

/// The arrow keys that are held.
#[derive(Debug, Default)]
pub(super) struct Keys {
    up: bool,
    down: bool,
    left: bool,
    right: bool,
}

impl Keys {
    /// Where the keys turn the camera now; none if the event is not about one of them.
    pub(super) fn handle(&mut self, event: &gst::EventRef) -> Option<PtzDirection> {
        let (key, held) = match NavigationEvent::parse(event).ok()? {
            NavigationEvent::KeyPress { key, .. } => (key, true),
            NavigationEvent::KeyRelease { key, .. } => (key, false),
            _ => return None,
        };
        // The names of X11's keysyms, which sinks for other window systems use, too.
        *match key.as_str() {
            "Up" => &mut self.up,
            "Down" => &mut self.down,
            "Left" => &mut self.left,
            "Right" => &mut self.right,
            _ => return None,
        } = held;
        Some(self.direction())
    }

    /// Where they turn the camera.
    pub(super) fn direction(&self) -> PtzDirection {
        let vertical = i8::from(self.up) - i8::from(self.down);
        let horizontal = i8::from(self.right) - i8::from(self.left);
        match (vertical, horizontal) {
            (1, -1) => PtzDirection::UpLeft,
            (1, 0) => PtzDirection::Up,
            (1, _) => PtzDirection::UpRight,
            (0, -1) => PtzDirection::Left,
            (0, 1) => PtzDirection::Right,
            (-1, -1) => PtzDirection::DownLeft,
            (-1, 0) => PtzDirection::Down,
            (-1, _) => PtzDirection::DownRight,
            _ => PtzDirection::Stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, key: &str) -> gst::Event {
        let event = gst::Structure::builder("application/x-gst-navigation").field("event", kind).field("key", key);
        gst::event::Navigation::new(event.build())
    }

    #[test]
    fn held_keys_make_a_direction() {
        gst::init().unwrap();
        let mut keys = Keys::default();
        for (kind, key, direction) in [
            ("key-press", "Left", Some(PtzDirection::Left)),
            ("key-press", "Left", Some(PtzDirection::Left)),
            ("key-press", "Up", Some(PtzDirection::UpLeft)),
            ("key-release", "Left", Some(PtzDirection::Up)),
            ("key-press", "space", None),
            ("key-press", "Right", Some(PtzDirection::UpRight)),
            ("key-press", "Down", Some(PtzDirection::Right)),
            ("key-release", "Up", Some(PtzDirection::DownRight)),
            ("key-press", "Left", Some(PtzDirection::Down)),
            ("key-release", "Right", Some(PtzDirection::DownLeft)),
            ("key-release", "Left", Some(PtzDirection::Down)),
            ("key-release", "Down", Some(PtzDirection::Stop)),
            ("mouse-move", "Left", None),
        ] {
            assert_eq!(keys.handle(&event(kind, key)), direction, "{kind} {key}");
        }
        assert_eq!(keys.handle(&gst::event::Reconfigure::new()), None);
    }
}
