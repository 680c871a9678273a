use gst::glib;
use tutk::proto;

/// The generation of the protocol that `tutksink` speaks, by the version byte of its datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstTutkGeneration")]
#[repr(i32)]
pub enum Generation {
    /// SDK 1.x, up to about 2016.
    #[enum_value(name = "SDK 1.x, up to about 2016", nick = "0x09")]
    G09 = 0x09,
    /// SDK 2.1.
    #[enum_value(name = "SDK 2.1", nick = "0x10")]
    G10 = 0x10,
    /// SDK 3.1.4.
    #[enum_value(name = "SDK 3.1.4", nick = "0x12")]
    G12 = 0x12,
    /// SDK 3.1.5.
    #[enum_value(name = "SDK 3.1.5", nick = "0x14")]
    G14 = 0x14,
    /// SDK 4.2, the newest that cameras of all makers have.
    #[default]
    #[enum_value(name = "SDK 4.2, the newest", nick = "0x1a")]
    G1A = 0x1a,
    /// SDK 4.3, which the newest firmware of Wyze's cameras has: with brand=wyze, always encrypted.
    #[enum_value(name = "SDK 4.3, of Wyze's newest firmware", nick = "0x1d")]
    G1D = 0x1d,
}

impl From<Generation> for proto::Generation {
    fn from(generation: Generation) -> Self {
        match generation {
            Generation::G09 => Self::G09,
            Generation::G10 => Self::G10,
            Generation::G12 => Self::G12,
            Generation::G14 => Self::G14,
            Generation::G1A => Self::G1A,
            Generation::G1D => Self::G1D,
        }
    }
}
