//! `tutksink`: a virtual camera.

use gst::glib;
use gst::prelude::*;

mod imp;
mod notice;
mod reordering;
mod server;
mod settings;
mod signals;
mod viewers;

glib::wrapper! {
    /// Sink element that is a camera: a viewer with its UID and its password can watch its input.
    pub struct TutkSink(ObjectSubclass<imp::TutkSink>) @extends gst_base::BaseSink, gst::Element, gst::Object;
}

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "tutksink", gst::Rank::NONE, TutkSink::static_type())
}
