//! A camera is handed on through an RTSP server that one client publishes to, as the pages say, and another one watches.

mod common;

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use common::pictures::{Launched, TestPictureCamera};
use gst::glib;
use gst::prelude::*;
use gst_app::{AppSink, AppSinkCallbacks, AppSrc};
use gst_rtsp_server::prelude::*;
use gst_rtsp_server::{RTSPMedia, RTSPMediaFactory, RTSPServer, RTSPTransportMode};

/// How long the first access unit may take, on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is published at its path `publish` can be watched at `watch`.
struct Server {
    server: RTSPServer,
    /// Hears of each access unit that is published.
    published: Receiver<()>,
    main_loop: glib::MainLoop,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start() -> Self {
        common::init();
        let watched = Arc::new(Mutex::new(None));
        let (sender, published) = channel();
        let publish = RTSPMediaFactory::new();
        publish.set_transport_mode(RTSPTransportMode::RECORD);
        publish.set_launch("( rtph264depay name=depay0 ! h264parse ! appsink name=units sync=false )");
        publish.connect_media_configure({
            let watched = watched.clone();
            move |_, media| {
                let (watched, sender) = (watched.clone(), sender.clone());
                let callbacks = AppSinkCallbacks::builder().new_sample(move |units| {
                    let unit = units.pull_sample().map_err(|_| gst::FlowError::Flushing)?;
                    let _ = sender.send(());
                    if let Some(to) = &*watched.lock().unwrap() {
                        pass_on(&unit, to);
                    }
                    Ok(gst::FlowSuccess::Ok)
                });
                element::<AppSink>(media, "units").set_callbacks(callbacks.build());
            }
        });
        let watch = RTSPMediaFactory::new();
        watch.set_launch(
            "( appsrc name=units is-live=true do-timestamp=true format=time ! h264parse ! rtph264pay name=pay0 )",
        );
        watch.connect_media_configure(move |_, media| {
            *watched.lock().unwrap() = Some(element::<AppSrc>(media, "units"));
        });

        let server = RTSPServer::new();
        server.set_address("127.0.0.1");
        server.set_service("0");
        // A thread for each client: one that prepares to watch waits for what another one publishes.
        server.thread_pool().unwrap().set_max_threads(-1);
        let mounts = server.mount_points().unwrap();
        mounts.add_factory("/publish", publish);
        mounts.add_factory("/watch", watch);
        let context = glib::MainContext::new();
        let source = server.attach(Some(&context)).unwrap();
        let main_loop = glib::MainLoop::new(Some(&context), false);
        let thread = thread::spawn({
            let main_loop = main_loop.clone();
            move || {
                main_loop.run();
                main_loop.context().find_source_by_id(&source).unwrap().destroy();
            }
        });
        Self { server, published, main_loop, thread: Some(thread) }
    }

    fn url(&self, path: &str) -> String {
        format!("rtsp://127.0.0.1:{}/{path}", self.server.bound_port())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.main_loop.quit();
        let _ = self.thread.take().unwrap().join();
    }
}

fn element<T: IsA<gst::Element>>(media: &RTSPMedia, name: &str) -> T {
    media.element().downcast::<gst::Bin>().unwrap().by_name(name).unwrap().downcast().unwrap()
}

/// Whoever watches gets what comes from the next key frame on.
fn pass_on(unit: &gst::Sample, to: &AppSrc) {
    let mut buffer = unit.buffer_owned().unwrap();
    if to.caps().is_none() && buffer.flags().contains(gst::BufferFlags::DELTA_UNIT) {
        return;
    }
    to.set_caps(unit.caps_owned().as_ref());
    // The running time of another pipeline is of no use: the appsrc stamps arrival.
    let writable = buffer.make_mut();
    writable.set_pts(None);
    writable.set_dts(None);
    // It is refused when nobody watches any more.
    let _ = to.push_buffer(buffer);
}

/// The pipelines that pages and units publish with.
fn published() -> Vec<String> {
    let pages = ["README.md", "docs/running.md", "systemd/tutk@.service"];
    let texts = pages.map(|page| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap());
    let commands = texts.iter().flat_map(|text| text.split("gst-launch-1.0 ").skip(1));
    let pipelines = commands.filter_map(|command| command.split(['`', '\'', '\n']).next());
    pipelines.filter(|pipeline| pipeline.contains("! rtspclientsink ")).map(String::from).collect()
}

#[test]
fn a_camera_is_published_and_watched() {
    let pipelines = published();
    assert_eq!(pipelines.len(), 3, "{pipelines:#?}");
    for pipeline in pipelines {
        let server = Server::start();
        let camera = TestPictureCamera::start();
        // As it is on the page, with what users fill in; options are not the pipeline's.
        let words = pipeline.split(' ').filter(|word| !word.starts_with('-') && *word != "$TUTKSRC");
        let words = words.map(|word| match word.trim_matches('"').split_once('=') {
            Some(("uid", _)) => format!("uid={} address=127.0.0.1:{} backend=native", camera.uid, camera.port()),
            Some(("location", _)) => format!("location={}", server.url("publish")),
            _ => word.into(),
        });
        let publisher = Launched::play(&words.collect::<Vec<_>>().join(" "));
        let unit = server.published.recv_timeout(PATIENCE);
        assert!(unit.is_ok(), "{pipeline}: {:?}", publisher.bus().unwrap().pop_filtered(&[gst::MessageType::Error]));

        let watcher = Launched::play(&format!(
            "rtspsrc location={} protocols=tcp ! rtph264depay ! h264parse ! avdec_h264 ! appsink name=out sync=false",
            server.url("watch")
        ));
        watcher.pull_pictures(30);
    }
}
