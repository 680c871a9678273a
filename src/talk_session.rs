use gst::glib;

/// Whose session `tutkaudiosink` uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstTutkTalkSession")]
#[repr(i32)]
pub enum TalkSession {
    /// That of a tutksrc with the same UID, if the pipeline has one; otherwise its own.
    #[default]
    #[enum_value(name = "That of a tutksrc with this UID, otherwise its own", nick = "auto")]
    Auto,
    /// That of a tutksrc with the same UID.
    #[enum_value(name = "That of a tutksrc with this UID", nick = "shared")]
    Shared,
    /// Its own.
    #[enum_value(name = "Its own", nick = "own")]
    Own,
}
