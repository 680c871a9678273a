//! `tutkmux`: video and audio for `tutksink`.
//!
//! `imp` has the virtual functions of the element; `inputs` knows what comes in, and makes buffers with labels.

use gst::glib;
use gst::prelude::*;

mod imp;
mod inputs;

glib::wrapper! {
    /// Puts video and audio into `application/x-tutk`, which `tutksink` takes.
    pub struct TutkMux(ObjectSubclass<imp::TutkMux>) @extends gst::Element, gst::Object;
}

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "tutkmux", gst::Rank::NONE, TutkMux::static_type())
}
