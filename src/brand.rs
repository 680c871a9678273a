use gst::glib;

/// The application of a camera's maker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstTutkBrand")]
#[repr(i32)]
pub enum Brand {
    /// The vendor's own commands.
    #[default]
    #[enum_value(name = "The vendor's own commands", nick = "generic")]
    Generic,
    /// Wyze's application.
    #[enum_value(name = "Wyze's application", nick = "wyze")]
    Wyze,
}

impl From<Brand> for tutk::Brand {
    fn from(brand: Brand) -> Self {
        match brand {
            Brand::Generic => Self::Generic,
            Brand::Wyze => Self::Wyze,
        }
    }
}
