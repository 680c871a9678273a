//! `tutksrc`: plays a camera.

use gst::glib;
use gst::prelude::*;

mod connector;
mod controls;
mod downstream;
mod frame_queue;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod gate;
mod imp;
mod interrupt;
mod messages;
mod motor;
mod navigation;
mod notice;
mod output;
mod properties;
mod receiver;
mod reception;
mod reconnect;
mod reporter;
mod running_time;
mod session;
mod settings;
mod signals;
mod stats;
mod streamer;
mod timing;
mod uri;

glib::wrapper! {
    /// Source element that plays a camera: a live stream of its video, as the camera encodes it.
    pub struct TutkSrc(ObjectSubclass<imp::TutkSrc>) @extends gst_base::PushSrc, gst_base::BaseSrc, gst::Element, gst::Object,
        @implements gst::URIHandler;
}

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "tutksrc", gst::Rank::NONE, TutkSrc::static_type())
}
