use gst::glib;
use tutk::io_control;

/// The quality that `tutksrc` asks the camera for. What each level means is up to the camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstTutkQuality")]
#[repr(i32)]
pub enum Quality {
    /// As the camera is set.
    #[default]
    #[enum_value(name = "As the camera is set", nick = "unset")]
    Unset,
    /// The best.
    #[enum_value(name = "The best", nick = "max")]
    Max,
    /// Good.
    #[enum_value(name = "Good", nick = "high")]
    High,
    /// In the middle.
    #[enum_value(name = "In the middle", nick = "middle")]
    Middle,
    /// Poor.
    #[enum_value(name = "Poor", nick = "low")]
    Low,
    /// The poorest.
    #[enum_value(name = "The poorest", nick = "min")]
    Min,
}

impl Quality {
    /// What to ask the camera for, if anything.
    pub(crate) fn wanted(self) -> Option<io_control::Quality> {
        match self {
            Self::Unset => None,
            Self::Max => Some(io_control::Quality::Max),
            Self::High => Some(io_control::Quality::High),
            Self::Middle => Some(io_control::Quality::Middle),
            Self::Low => Some(io_control::Quality::Low),
            Self::Min => Some(io_control::Quality::Min),
        }
    }
}
