//! Every camera of the local network at rtsp://HOST:8554/UID: `cargo run --example rtsp_server [PORT]`.
//!
//! A camera is connected while somebody watches it, with one session for all who do. The password of a camera is in the
//! file `password_UID` in the folder that the environment variable `CREDENTIALS_DIRECTORY` names (systemd's
//! `LoadCredential=password:FOLDER` makes these), or else in the environment variable `TUTK_PASSWORD`. Whoever reaches
//! the port can watch.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::time::Duration;
use std::{env, fs, thread};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_rtsp_server::prelude::*;
use gst_rtsp_server::{RTSPMountPoints, RTSPServer};
use tutk::{Cancel, ScanOptions};

mod factory {
    use std::sync::OnceLock;

    use gst::glib;
    use gst_rtsp_server::subclass::prelude::*;
    use tutk::Uid;

    #[derive(Default)]
    pub struct CameraFactory {
        pub uid: OnceLock<Uid>,
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
            super::camera(self.uid.get()?.as_str()).inspect_err(|error| eprintln!("{error}")).ok()
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
    thread::spawn(move || {
        if let Err(error) = look_for_cameras(&mounts, &port) {
            eprintln!("The search for cameras ended: {error}");
        }
    });
    let _source = server.attach(None)?;
    glib::MainLoop::new(None, false).run();
    Ok(())
}

fn look_for_cameras(mounts: &RTSPMountPoints, port: &str) -> Result<(), tutk::Error> {
    let (cancel, mut known) = (Cancel::new()?, BTreeSet::new());
    loop {
        for found in tutk::scan(&ScanOptions::default(), &cancel)? {
            if known.insert(found.uid) {
                let factory: CameraFactory = glib::Object::new();
                factory.imp().uid.get_or_init(|| found.uid);
                factory.set_shared(true);
                mounts.add_factory(&format!("/{}", found.uid), factory);
                println!("rtsp://localhost:{port}/{}", found.uid);
            }
        }
        thread::sleep(Duration::from_secs(10));
    }
}

/// From the camera to RTP packets, whatever its codec.
fn camera(uid: &str) -> Result<gst::Element, glib::BoolError> {
    let source = gst::ElementFactory::make("tutksrc").property("uid", uid);
    let source = match password(uid) {
        Some(password) => source.property("password", password).build()?,
        None => source.build()?,
    };
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
