//! What a client gets that wants to watch a camera.

use std::error::Error;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_rtsp_server::RTSPMedia;
use gst_rtsp_server::gst_rtsp::RTSPUrl;
use gst_rtsp_server::prelude::*;
use gst_rtsp_server::subclass::prelude::*;
use tokio::runtime::Handle;

use super::auth;
use crate::camera::{APPSRC, Session, Timeline, Watch};
use crate::config::Quality;
use crate::launch::element;
use crate::payload;
use crate::site::Site;

/// The elements that are fed.
const NAMES: [&str; 2] = ["video", "audio"];

/// The camera of a factory, by its name: its settings may change.
struct Source {
    name: String,
    site: Arc<Site>,
    runtime: Handle,
}

impl Source {
    /// The camera's session, as soon as it plays. Why it does not is said where its state changes.
    fn watch(&self) -> Option<(Watch, Arc<Session>)> {
        let watch = self.site.camera(&self.name)?.watch();
        let session = self.runtime.block_on(watch.playing()).ok()?;
        Some((watch, session))
    }

    /// From what is fed to RTP packets.
    fn element(&self, session: &Session) -> Result<gst::Element, Box<dyn Error>> {
        let video = session.video().and_then(|video| video.caps());
        let audio = session.audio().and_then(|audio| audio.caps());
        let video = video.map(|caps| payload::video(&caps)).transpose()?;
        let audio = audio.map(|caps| payload::audio(&caps));
        let streams = [video, audio].into_iter().zip(NAMES).filter_map(|(pay, name)| Some((pay?, name)));
        let description: String = streams
            .enumerate()
            .map(|(number, (pay, name))| format!("{APPSRC}={name} ! {pay} name=pay{number} pt={} ", 96 + number))
            .collect();
        if description.is_empty() {
            return Err("it sends neither video nor audio".into());
        }
        Ok(gst::parse::bin_from_description(&description, false)?.upcast())
    }

    /// Feeds the media for as long as it is used.
    fn feed(&self, media: &RTSPMedia) -> Option<()> {
        let (watch, session) = self.watch()?;
        let bin = media.element().downcast::<gst::Bin>().ok()?;
        let timeline = Timeline::default();
        let streams = [session.video(), session.audio()].into_iter().zip(NAMES);
        let feeds: Vec<_> =
            streams.filter_map(|(stream, name)| Some(stream?.feed(&element(&bin, name).ok()?, &timeline))).collect();
        let used = Mutex::new(Some((watch, feeds)));
        media.connect_unprepared(move |_| drop(used.lock().unwrap_or_else(PoisonError::into_inner).take()));
        Some(())
    }
}

/// What an address asks for, if anything; none if it is nothing that there is.
fn quality(uri: &str) -> Option<Option<Quality>> {
    let Some((_, query)) = uri.split_once('?') else { return Some(None) };
    let nick = query.strip_prefix("quality=")?.split('/').next();
    Quality::ALL.into_iter().find(|quality| Some(quality.nick()) == nick).map(Some)
}

mod imp {
    use super::*;

    #[derive(Default)]
    pub(crate) struct CameraFactory {
        pub(super) source: OnceLock<Source>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for CameraFactory {
        const NAME: &'static str = "TutkServerCameraFactory";
        type Type = super::CameraFactory;
        type ParentType = gst_rtsp_server::RTSPMediaFactory;
    }

    impl ObjectImpl for CameraFactory {}

    impl RTSPMediaFactoryImpl for CameraFactory {
        /// Nothing while the camera is away, or if the address asks for what there is not: the client is refused.
        fn construct(&self, url: &RTSPUrl) -> Option<RTSPMedia> {
            let quality = quality(&url.request_uri())?;
            if quality.is_some() && !auth::may_control() {
                return None;
            }
            let (_watch, session) = self.source.get()?.watch()?;
            if let Some(quality) = quality {
                session.set_quality(quality);
            }
            self.parent_construct(url)
        }

        fn create_element(&self, _url: &RTSPUrl) -> Option<gst::Element> {
            let source = self.source.get()?;
            let (_watch, session) = source.watch()?;
            let element = source.element(&session);
            element.inspect_err(|error| eprintln!("Camera {}: no RTSP: {error}", source.name)).ok()
        }

        fn media_configure(&self, media: &RTSPMedia) {
            self.parent_media_configure(media);
            self.source.get().and_then(|source| source.feed(media));
        }
    }
}

glib::wrapper! {
    /// Makes a pipeline for each client of a camera.
    pub(crate) struct CameraFactory(ObjectSubclass<imp::CameraFactory>) @extends gst_rtsp_server::RTSPMediaFactory;
}

impl CameraFactory {
    pub(crate) fn new(name: String, site: Arc<Site>) -> Self {
        let factory: Self = glib::Object::new();
        let source = Source { name, site, runtime: Handle::current() };
        factory.imp().source.get_or_init(|| source);
        // Each client begins with a key frame of its own.
        factory.set_shared(false);
        factory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_can_ask_for_a_quality() {
        assert_eq!(quality("rtsp://host:8554/door"), Some(None));
        assert_eq!(quality("rtsp://host:8554/door?quality=low"), Some(Some(Quality::Low)));
        assert_eq!(quality("rtsp://host:8554/door?quality=low/stream=0"), Some(Some(Quality::Low)));
        for other in ["?", "?quality=", "?quality=best", "?speed=2"] {
            assert_eq!(quality(&format!("rtsp://host:8554/door{other}")), None, "{other}");
        }
    }
}
