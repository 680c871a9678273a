use gst::glib;

/// Where the PTS of `tutksrc` come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstTutkTimestampMode")]
#[repr(i32)]
pub enum TimestampMode {
    /// The camera's clock while it proves sane, arrival otherwise.
    #[default]
    #[enum_value(name = "The camera's clock while it proves sane, arrival otherwise", nick = "auto")]
    Auto,
    /// The camera's clock from the first frame on. Arrival only while that clock cannot be followed at all.
    #[enum_value(name = "The camera's clock from the first frame on", nick = "camera")]
    Camera,
    /// When frames arrive.
    #[enum_value(name = "When frames arrive", nick = "arrival")]
    Arrival,
}
