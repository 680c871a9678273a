//! GStreamer elements for IP cameras that speak ThroughTek's IOTC/AV protocol ("TUTK", "Kalay").
//!
//! * `tutksrc` plays a camera: [`tutksrc::TutkSrc`];
//! * `tutkdemux` separates its video and its audio: [`tutkdemux::TutkDemux`];
//! * `tutkmux` puts video and audio together for `tutksink`: [`tutkmux::TutkMux`];
//! * `tutksink` is one: [`tutksink::TutkSink`];
//! * `tutkaudiosink` speaks to one: [`tutkaudiosink::TutkAudioSink`];
//! * `tutktalksrc` gives what viewers of a `tutksink` say: [`tutktalksrc::TutkTalkSrc`];
//! * `tutkdeviceprovider` lists those of the local networks: [`device_provider::TutkDeviceProvider`].
//!
//! Programs that link this crate instead of installing the plugin call [`plugin_register_static`] once after
//! `gst::init()`.

#![forbid(unsafe_code)]

mod audio;
mod backend;
mod brand;
mod caps;
mod container;
pub mod device_provider;
mod encryption;
mod errors;
mod generation;
mod login;
mod ptz;
mod quality;
mod streams;
mod talk;
mod talk_session;
mod timestamp_mode;
pub mod tutkaudiosink;
pub mod tutkdemux;
pub mod tutkmux;
pub mod tutksink;
pub mod tutksrc;
pub mod tutktalksrc;

pub use backend::Backend;
pub use brand::Brand;
pub use encryption::Encryption;
pub use generation::Generation;
pub use ptz::PtzDirection;
pub use quality::Quality;
pub use streams::Streams;
pub use talk_session::TalkSession;
pub use timestamp_mode::TimestampMode;

use gst::glib;

#[expect(missing_docs, reason = "the macro's own items")]
mod plugin {
    use super::plugin_init;

    // GStreamer refuses a plugin whose licence it does not know by name. To it, MIT, one of this crate's two, is
    // "MIT/X11".
    gst::plugin_define!(
        tutk,
        env!("CARGO_PKG_DESCRIPTION"),
        plugin_init,
        concat!(env!("CARGO_PKG_VERSION"), "-", env!("COMMIT_ID")),
        "MIT/X11",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_NAME"),
        env!("PLUGIN_ORIGIN"),
        env!("BUILD_REL_DATE")
    );
}

/// Makes the elements known to this process, for programs that link this crate.
pub use plugin::plugin_register_static;

/// Types of properties that the documentation of the elements is to describe.
#[cfg(feature = "doc")]
fn mark_types() {
    use gst::prelude::*;

    for kind in [
        Backend::static_type(),
        Brand::static_type(),
        Encryption::static_type(),
        Generation::static_type(),
        PtzDirection::static_type(),
        Quality::static_type(),
        Streams::static_type(),
        TalkSession::static_type(),
        TimestampMode::static_type(),
    ] {
        kind.mark_as_plugin_api(gst::PluginAPIFlags::empty());
    }
}

fn plugin_init(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    #[cfg(feature = "doc")]
    mark_types();
    tutksrc::register(plugin)?;
    tutksink::register(plugin)?;
    tutkdemux::register(plugin)?;
    tutkmux::register(plugin)?;
    tutkaudiosink::register(plugin)?;
    tutktalksrc::register(plugin)?;
    device_provider::register(plugin)
}
