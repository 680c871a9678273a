//! `tutkdemux`: the streams of a camera, each on a pad of its own.
//!
//! `imp` has the virtual functions of the element. `streams` knows the streams and decides on what happens, without access to the
//! element; it returns actions, which `imp` carries out without a lock. `output` has the pads, and `pad_queue` the thread of that
//! of audio.

use gst::glib;
use gst::prelude::*;

mod imp;
mod output;
mod pad_queue;
mod streams;

glib::wrapper! {
    /// Demuxer for `application/x-tutk`, as `tutksrc` gives it.
    pub struct TutkDemux(ObjectSubclass<imp::TutkDemux>) @extends gst::Element, gst::Object;
}

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    // Players find it by its caps.
    gst::Element::register(Some(plugin), "tutkdemux", gst::Rank::PRIMARY, TutkDemux::static_type())
}
