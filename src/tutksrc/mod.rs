//! `tutksrc`: plays a camera.

use gst::glib;
use gst::prelude::*;

mod gate;
mod imp;
mod messages;
mod reconnect;
mod settings;
mod stats;
mod timing;

glib::wrapper! {
    /// Source element that plays a camera: a live stream of its video, as the camera encodes it.
    pub struct TutkSrc(ObjectSubclass<imp::TutkSrc>) @extends gst_base::PushSrc, gst_base::BaseSrc, gst::Element, gst::Object;
}

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "tutksrc", gst::Rank::NONE, TutkSrc::static_type())
}
