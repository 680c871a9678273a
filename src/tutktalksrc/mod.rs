//! `tutktalksrc`: what viewers of a virtual camera say.

use gst::glib;
use gst::prelude::*;

mod imp;

glib::wrapper! {
    /// Source element that gives what the viewers of a [`TutkSink`](crate::tutksink::TutkSink) say.
    pub struct TutkTalkSrc(ObjectSubclass<imp::TutkTalkSrc>)
        @extends gst_base::PushSrc, gst_base::BaseSrc, gst::Element, gst::Object;
}

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "tutktalksrc", gst::Rank::NONE, TutkTalkSrc::static_type())
}
