use gst::glib;

use crate::Brand;

/// Whether sessions are encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstTutkEncryption")]
#[repr(i32)]
pub enum Encryption {
    /// Where both sides can.
    #[default]
    #[enum_value(name = "Where both sides can", nick = "auto")]
    Auto,
    /// No session without it.
    #[enum_value(name = "No session without it", nick = "required")]
    Required,
    /// No session with it.
    #[enum_value(name = "No session with it", nick = "off")]
    Off,
}

impl Encryption {
    /// What applies where nothing is set: a brand whose cameras all encrypt needs nothing else.
    pub(crate) fn default_of(brand: Brand) -> Self {
        match brand {
            Brand::Generic => Self::Auto,
            Brand::Wyze => Self::Required,
        }
    }
}

impl From<Encryption> for tutk::Encryption {
    fn from(encryption: Encryption) -> Self {
        match encryption {
            Encryption::Auto => Self::Auto,
            Encryption::Required => Self::Required,
            Encryption::Off => Self::Off,
        }
    }
}
