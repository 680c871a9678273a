//! `tutkdeviceprovider`: the cameras of the local networks as devices.

use std::time::Duration;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

mod device;
mod imp;

glib::wrapper! {
    /// Device provider that lists the cameras of the local networks, as they come and go.
    pub struct TutkDeviceProvider(ObjectSubclass<imp::TutkDeviceProvider>) @extends gst::DeviceProvider, gst::Object;
}

glib::wrapper! {
    /// A camera of the local networks, to be played by `tutksrc`.
    pub struct TutkDevice(ObjectSubclass<device::TutkDevice>) @extends gst::Device, gst::Object;
}

impl TutkDeviceProvider {
    // For tests, which cannot wait for as long.
    #[doc(hidden)]
    pub fn set_search_period(&self, period: Duration) {
        self.imp().set_search_period(period);
    }
}

/// What the provider and its devices are.
const CLASSES: &str = "Source/Audio/Video/Network";

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    // Monitors use any provider with a rank, if its classes are those that they look for.
    gst::DeviceProvider::register(
        Some(plugin),
        "tutkdeviceprovider",
        gst::Rank::SECONDARY,
        TutkDeviceProvider::static_type(),
    )
}
