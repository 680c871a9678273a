use gst::glib;

/// What drives the sessions of `tutksrc`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstTutkBackend")]
#[repr(i32)]
pub enum Backend {
    /// The vendor's library if one is named, otherwise native.
    #[default]
    #[enum_value(name = "The vendor's library if one is named, otherwise native", nick = "auto")]
    Auto,
    /// The protocol itself, in the local network.
    #[enum_value(name = "The protocol itself, in the local network", nick = "native")]
    Native,
    /// The vendor's library: local network, P2P and relay.
    #[enum_value(name = "The vendor's library: local network, P2P and relay", nick = "vendor")]
    Vendor,
}

impl From<Backend> for tutk::Backend {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Auto => Self::Auto,
            Backend::Native => Self::Native,
            Backend::Vendor => Self::Vendor,
        }
    }
}
