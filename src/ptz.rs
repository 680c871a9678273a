use gst::glib;
use tutk::io_control::Ptz;

/// Where a camera turns, or how it zooms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstTutkPtzDirection")]
#[repr(i32)]
pub enum PtzDirection {
    /// Nowhere: the camera turns and zooms no more.
    #[default]
    #[enum_value(name = "Stop", nick = "stop")]
    Stop,
    /// Up.
    #[enum_value(name = "Up", nick = "up")]
    Up,
    /// Down.
    #[enum_value(name = "Down", nick = "down")]
    Down,
    /// Left.
    #[enum_value(name = "Left", nick = "left")]
    Left,
    /// Right.
    #[enum_value(name = "Right", nick = "right")]
    Right,
    /// Up and left.
    #[enum_value(name = "Up and left", nick = "up-left")]
    UpLeft,
    /// Up and right.
    #[enum_value(name = "Up and right", nick = "up-right")]
    UpRight,
    /// Down and left.
    #[enum_value(name = "Down and left", nick = "down-left")]
    DownLeft,
    /// Down and right.
    #[enum_value(name = "Down and right", nick = "down-right")]
    DownRight,
    /// Zoom in.
    #[enum_value(name = "Zoom in", nick = "zoom-in")]
    ZoomIn,
    /// Zoom out.
    #[enum_value(name = "Zoom out", nick = "zoom-out")]
    ZoomOut,
}

impl From<PtzDirection> for Ptz {
    fn from(direction: PtzDirection) -> Self {
        match direction {
            PtzDirection::Stop => Self::Stop,
            PtzDirection::Up => Self::Up,
            PtzDirection::Down => Self::Down,
            PtzDirection::Left => Self::Left,
            PtzDirection::Right => Self::Right,
            PtzDirection::UpLeft => Self::UpLeft,
            PtzDirection::UpRight => Self::UpRight,
            PtzDirection::DownLeft => Self::DownLeft,
            PtzDirection::DownRight => Self::DownRight,
            PtzDirection::ZoomIn => Self::ZoomIn,
            PtzDirection::ZoomOut => Self::ZoomOut,
        }
    }
}
