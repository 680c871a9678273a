//! Every camera of the local network at rtsp://HOST:8554/UID: `cargo run --example rtsp_server [PORT]`.
//!
//! A camera is connected while somebody watches it, with one session for all who do. The password of a camera is in the
//! file `password_UID` in the folder that the environment variable `CREDENTIALS_DIRECTORY` names (systemd's
//! `LoadCredential=password:FOLDER` makes these), or else in the environment variable `TUTK_PASSWORD`. Whoever reaches
//! the port can watch.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_rtsp_server::RTSPServer;
use gst_rtsp_server::prelude::*;

mod factory {
    use std::sync::OnceLock;

    use gst::glib;
    use gst_rtsp_server::subclass::prelude::*;

    #[derive(Default)]
    pub struct CameraFactory {
        pub camera: OnceLock<gst::Device>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for CameraFactory {
        const NAME: &'static str = "CameraFactory";
        type Type = super::CameraFactory;
        type ParentType = gst_rtsp_server::RTSPMediaFactory;
    }

    impl ObjectImpl for CameraFactory {}

    impl RTSPMediaFactoryImpl for CameraFactory {
        fn create_element(&self, _url: &gst_rtsp_server::gst_rtsp::RTSPUrl) -> Option<gst::Element> {
            super::packets(self.camera.get()?).inspect_err(|error| eprintln!("{error}")).ok()
        }
    }
}

glib::wrapper! {
    /// Makes the pipeline of a camera when somebody wants to watch it.
    pub struct CameraFactory(ObjectSubclass<factory::CameraFactory>) @extends gst_rtsp_server::RTSPMediaFactory;
}

fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().nth(1).unwrap_or("8554".into());
    gst::init()?;
    gsttutk::plugin_register_static()?;

    let server = RTSPServer::new();
    server.set_service(&port);
    // A camera can take seconds to connect, and others shall not wait for it.
    server.thread_pool().expect("a server has threads").set_max_threads(-1);
    let mounts = server.mount_points().expect("a server has mount points");
    let _source = server.attach(None)?;

    let monitor = gst::DeviceMonitor::new();
    monitor.add_filter(Some("Source/Video/Network"), None);
    let _watch = monitor.bus().add_watch(move |_, message| {
        match message.view() {
            gst::MessageView::DeviceAdded(added) => {
                let camera = added.device();
                if let Some(path) = path(&camera) {
                    println!("rtsp://localhost:{port}{path}");
                    let factory: CameraFactory = glib::Object::new();
                    factory.imp().camera.get_or_init(|| camera);
                    factory.set_shared(true);
                    mounts.add_factory(&path, factory);
                }
            }
            gst::MessageView::DeviceRemoved(removed) => {
                if let Some(path) = path(&removed.device()) {
                    mounts.remove_factory(&path);
                }
            }
            _ => {}
        }
        glib::ControlFlow::Continue
    })?;
    monitor.start()?;
    glib::MainLoop::new(None, false).run();
    Ok(())
}

/// None for devices that are no cameras of this plugin.
fn path(device: &gst::Device) -> Option<String> {
    let is_camera = device.type_().name() == "GstTutkDevice";
    is_camera.then(|| device.properties()?.get::<String>("uid").ok().map(|uid| format!("/{uid}"))).flatten()
}

/// From the camera to RTP packets, whatever its codec.
fn packets(camera: &gst::Device) -> Result<gst::Element, glib::BoolError> {
    let source = camera.create_element(None)?;
    if let Some(password) = password(&source.property::<String>("uid")) {
        source.set_property("password", password);
    }
    let parser = gst::ElementFactory::make("parsebin").build()?;
    // The server waits for pads of a bin with this name.
    let payloaders = gst::Bin::with_name("dynpay0");
    payloaders.add_many([&source, &parser])?;
    source.link(&parser)?;

    let weak = payloaders.downgrade();
    parser.connect_pad_added(move |_, pad| {
        let Some(payloaders) = weak.upgrade() else { return };
        if let Err(error) = pay(&payloaders, pad) {
            gst::element_error!(payloaders, gst::StreamError::WrongType, ("{error}"));
        }
    });
    let bin = gst::Bin::new();
    bin.add(&payloaders)?;
    Ok(bin.upcast())
}

fn pay(payloaders: &gst::Bin, parsed: &gst::Pad) -> Result<(), Box<dyn Error>> {
    let caps = parsed.query_caps(None);
    let codec = caps.structure(0).ok_or("the camera's video has no caps")?.name();
    let payloader = match codec.as_str() {
        // With each key frame come the parameter sets, so that who joins later can decode.
        "video/x-h264" => gst::ElementFactory::make("rtph264pay").property("config-interval", -1),
        "video/x-h265" => gst::ElementFactory::make("rtph265pay").property("config-interval", -1),
        "video/mpeg" => gst::ElementFactory::make("rtpmp4vpay").property("config-interval", -1),
        "image/jpeg" => gst::ElementFactory::make("rtpjpegpay"),
        "video/x-h263" => gst::ElementFactory::make("rtph263pay"),
        other => return Err(format!("there is no RTP payload for {other} here").into()),
    };
    let payloader = payloader.build()?;
    payloaders.add(&payloader)?;
    payloader.sync_state_with_parent()?;
    parsed.link(&payloader.static_pad("sink").ok_or("a payloader has a sink pad")?)?;
    let packets = gst::GhostPad::with_target(&payloader.static_pad("src").ok_or("a payloader has a source pad")?)?;
    packets.set_active(true)?;
    payloaders.add_pad(&packets)?;
    payloaders.no_more_pads();
    Ok(())
}

fn password(uid: &str) -> Option<String> {
    let file = Path::new(&env::var_os("CREDENTIALS_DIRECTORY")?).join(format!("password_{uid}"));
    Some(fs::read_to_string(file).ok()?.trim_end_matches(['\r', '\n']).into())
}
