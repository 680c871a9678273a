//! One camera of the server: its pipeline, what is said about it, and its clients.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::{env, fs, io};

use gst::glib;
use gst::glib::translate::IntoGlib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_rtsp_server::gst_rtsp::RTSPUrl;
use gst_rtsp_server::prelude::*;
use gst_rtsp_server::subclass::prelude::*;
use gst_rtsp_server::{RTSPFilterResult, RTSPMedia, RTSPServer};

use super::payload;

/// Where the password of a camera is.
#[derive(Clone, Debug)]
pub enum Password {
    /// In `TUTK_PASSWORD`, where `tutksrc` finds it by itself.
    Environment,
    /// In this file, its first line; the second one has [`Camera`]'s parameters, if any.
    File(PathBuf),
}

impl Password {
    /// The password and the parameters in the file; none where there is none.
    fn read(&self) -> io::Result<Option<(String, String)>> {
        let Self::File(file) = self else { return Ok(None) };
        let text = fs::read_to_string(file)?;
        let mut lines = text.lines();
        let mut line = || lines.next().unwrap_or_default().to_owned();
        Ok(Some((line(), line())))
    }

    /// Where a user looks for it.
    fn place(&self) -> String {
        match self {
            Self::Environment if env::var_os("TUTK_PASSWORD").is_none() => {
                "the environment variable TUTK_PASSWORD, which is not set".into()
            }
            Self::Environment => "the environment variable TUTK_PASSWORD".into(),
            Self::File(file) if file.starts_with("/run/credentials") => {
                format!("the file {}, which systemd has copied at the start of this service", file.display())
            }
            Self::File(file) => format!("the file {}", file.display()),
        }
    }
}

/// What is known of a pipeline.
struct Pipeline {
    media: glib::WeakRef<RTSPMedia>,
    is_connected: AtomicBool,
    has_failed: AtomicBool,
}

/// A camera that the user has named.
pub struct Camera {
    uid: String,
    /// Properties of `tutksrc` as a URI has them, `property=value&…`.
    parameters: String,
    password: Password,
    server: glib::WeakRef<RTSPServer>,
    /// What was said last, until the camera is connected: clients that come again and again cause one line.
    trouble: Mutex<Option<String>>,
    said_of_audio: Mutex<Option<String>>,
    /// How many pipelines are over. A client that comes later gets another one, whoever still holds those.
    over: AtomicU32,
}

impl Camera {
    pub fn new(uid: String, parameters: String, password: Password, server: &RTSPServer) -> Self {
        let (server, over) = (server.downgrade(), AtomicU32::default());
        Self { uid, parameters, password, server, trouble: Mutex::default(), said_of_audio: Mutex::default(), over }
    }

    fn say(&self, text: &str) {
        let text = if text.contains(&self.uid) { text.into() } else { format!("Camera {}: {text}", self.uid) };
        let mut trouble = self.trouble.lock().unwrap();
        if trouble.as_ref() != Some(&text) {
            eprintln!("{text}");
            *trouble = Some(text);
        }
    }

    /// Says this of the camera's audio, once.
    fn say_of_audio(&self, text: String) {
        let mut said = self.said_of_audio.lock().unwrap();
        if said.as_ref() != Some(&text) {
            eprintln!("Camera {}: {text}", self.uid);
            *said = Some(text);
        }
    }

    /// From the camera to RTP packets, whatever its codecs. There are as many streams as the camera has when the first client
    /// comes.
    fn element(self: &Arc<Self>) -> Result<gst::Element, glib::BoolError> {
        let source = gst::ElementFactory::make("tutksrc").property("retry-timeout", -1).build()?;
        let set_uri =
            |more: &str| source.set_property("uri", format!("tutk://{}?{}&{more}", self.uid, self.parameters));
        match self.password.read() {
            Ok(None) => set_uri(""),
            Ok(Some((password, parameters))) => {
                set_uri(&parameters);
                source.set_property("password", password);
            }
            Err(error) => return Err(glib::bool_error!("{} cannot be read: {error}", self.password.place())),
        }
        let demuxer = gst::ElementFactory::make("tutkdemux").build()?;
        // The server waits for pads of a bin with this name.
        let payloaders = gst::Bin::with_name("dynpay0");
        payloaders.add_many([&source, &demuxer])?;
        source.link(&demuxer)?;

        let (weak, camera) = (payloaders.downgrade(), self.clone());
        demuxer.connect_pad_added(move |_, pad| {
            let Some(payloaders) = weak.upgrade() else { return };
            match payload::pay(&payloaders, pad) {
                Ok(note) => note.into_iter().for_each(|note| camera.say_of_audio(note)),
                Err(error) => gst::element_error!(payloaders, gst::StreamError::WrongType, ("{error}")),
            }
        });
        let weak = payloaders.downgrade();
        demuxer.connect_no_more_pads(move |_| {
            if let Some(payloaders) = weak.upgrade() {
                payloaders.no_more_pads();
            }
        });
        let bin = gst::Bin::new();
        bin.add(&payloaders)?;
        Ok(bin.upcast())
    }

    /// What a pipeline tells of itself.
    fn heard(&self, message: &gst::MessageRef, pipeline: &Pipeline) {
        match message.view() {
            // Others that follow are of elements that get no more data.
            gst::MessageView::Error(_) if pipeline.has_failed.swap(true, Ordering::Relaxed) => {}
            gst::MessageView::Error(error) => {
                // Of a brand the element knows more.
                let is_of_brand = error.error().message().contains("ENR");
                if error.error().matches(gst::ResourceError::NotAuthorized) && !is_of_brand {
                    let place = self.password.place();
                    self.say(&format!("Camera {} refused the password. Check {place}.", self.uid));
                } else {
                    self.say(error.error().message());
                }
                self.end_clients(pipeline);
            }
            gst::MessageView::Warning(warning) => self.say(warning.error().message()),
            gst::MessageView::Element(element) if element.has_name("tutk-connected") => {
                pipeline.is_connected.store(true, Ordering::Relaxed);
                if self.trouble.lock().unwrap().take().is_some() {
                    eprintln!("Camera {} is connected", self.uid);
                }
            }
            // The codec may be another one in the next session, and clients have been told this one. As with any RTSP
            // camera that was away, they connect again, and wait for it.
            gst::MessageView::Element(element)
                if element.has_name("tutk-disconnected") && pipeline.is_connected.swap(false, Ordering::Relaxed) =>
            {
                self.end_clients(pipeline);
            }
            _ => {}
        }
    }

    /// Closes the connections of all who watch this, and has the next ones watch another one.
    fn end_clients(&self, pipeline: &Pipeline) {
        self.over.fetch_add(1, Ordering::Relaxed);
        // Not from here, where the server may hold locks of its own.
        let (server, media) = (self.server.clone(), pipeline.media.clone());
        glib::MainContext::default().invoke(move || {
            if let (Some(server), Some(media)) = (server.upgrade(), media.upgrade()) {
                end_clients(&server, &media);
            }
        });
    }
}

fn end_clients(server: &RTSPServer, media: &RTSPMedia) {
    server.client_filter(Some(&mut |_, client| {
        let mut watches = false;
        client.session_filter(Some(&mut |_, session| {
            session.filter(Some(&mut |_, watched| {
                watches |= watched.media().as_ref() == Some(media);
                RTSPFilterResult::Keep
            }));
            RTSPFilterResult::Keep
        }));
        if watches { RTSPFilterResult::Remove } else { RTSPFilterResult::Keep }
    }));
}

mod factory {
    use super::*;

    #[derive(Default)]
    pub struct CameraFactory {
        pub(super) camera: OnceLock<Arc<Camera>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for CameraFactory {
        const NAME: &'static str = "CameraFactory";
        type Type = super::CameraFactory;
        type ParentType = gst_rtsp_server::RTSPMediaFactory;
    }

    impl ObjectImpl for CameraFactory {}

    impl RTSPMediaFactoryImpl for CameraFactory {
        fn gen_key(&self, url: &RTSPUrl) -> Option<glib::GString> {
            let over = self.camera.get()?.over.load(Ordering::Relaxed);
            Some(format!("{}#{over}", self.parent_gen_key(url)?).into())
        }

        fn create_element(&self, _url: &RTSPUrl) -> Option<gst::Element> {
            let camera = self.camera.get()?;
            camera.element().inspect_err(|error| camera.say(&error.message)).ok()
        }

        fn create_pipeline(&self, media: &RTSPMedia) -> Option<gst::Pipeline> {
            let pipeline = self.parent_create_pipeline(media)?;
            let (bus, camera) = (pipeline.bus()?, self.camera.get()?.clone());
            let known = Pipeline { media: media.downgrade(), is_connected: false.into(), has_failed: false.into() };
            // The last client leaves. One that comes before all is stopped would get this, and be refused.
            let leaving = camera.clone();
            media.connect_target_state(move |_, state| {
                if state == gst::State::Null.into_glib() {
                    leaving.over.fetch_add(1, Ordering::Relaxed);
                }
            });
            bus.enable_sync_message_emission();
            bus.connect_sync_message(None, move |_, message| camera.heard(message, &known));
            Some(pipeline)
        }
    }
}

glib::wrapper! {
    /// Makes the pipeline of a camera when somebody wants to watch it.
    pub struct CameraFactory(ObjectSubclass<factory::CameraFactory>) @extends gst_rtsp_server::RTSPMediaFactory;
}

impl CameraFactory {
    pub fn new(camera: Arc<Camera>) -> Self {
        let factory: Self = glib::Object::new();
        factory.imp().camera.get_or_init(|| camera);
        factory.set_shared(true);
        factory
    }
}
