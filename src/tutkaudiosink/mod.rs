//! `tutkaudiosink`: speaks to a camera.

use gst::glib;
use gst::prelude::*;

mod imp;
mod own;
mod settings;
mod way;

glib::wrapper! {
    /// Sink element that plays its input through a camera's speaker.
    pub struct TutkAudioSink(ObjectSubclass<imp::TutkAudioSink>)
        @extends gst_base::BaseSink, gst::Element, gst::Object;
}

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "tutkaudiosink", gst::Rank::NONE, TutkAudioSink::static_type())
}
