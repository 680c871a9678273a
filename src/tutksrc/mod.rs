//! `tutksrc`: plays a camera.
//!
//! `imp` has the virtual functions of the element. They drive parts that own their data and have no access to the element:
//!
//! | parts | what they do |
//! | --- | --- |
//! | `streamer` | the streaming thread: connects, receives, returns buffers and notices |
//! | `connector`, `reconnect`, `session` | get a session, and the next one, with backoff |
//! | `receiver`, `reception`, `first_picture`, `frame_queue` | the thread that receives: units of video and blocks of audio for the streaming thread |
//! | `form` | video alone, or a container with both streams |
//! | `output`, `audio`, `gate`, `timing`, `running_time` | make buffers of units: which ones, with which timestamps |
//! | `controls`, `motor`, `navigation` | commands to the camera, from any thread |
//! | `interrupt` | ends waits of the streaming thread |
//! | `stats`, `messages`, `reporter` | what applications learn |
//!
//! On the element's side are `notice`, which logs and posts, `downstream`, `signals`, `properties`, `settings` and `uri`.

use gst::glib;
use gst::prelude::*;

mod audio;
mod connector;
mod controls;
mod downstream;
mod first_picture;
mod form;
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
