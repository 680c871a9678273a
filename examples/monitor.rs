//! Tells which cameras come and go in the local network, and how those fare that are named: `cargo run --example monitor
//! [UID]...`. The environment variable `TUTK_PASSWORD` holds their password.

use std::env;
use std::error::Error;

use gst::glib;
use gst::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    gst::init()?;
    gsttutk::plugin_register_static()?;
    let main_loop = glib::MainLoop::new(None, false);

    let monitor = gst::DeviceMonitor::new();
    monitor.add_filter(Some("Source/Video/Network"), None);
    let _devices = monitor.bus().add_watch(|_, message| {
        match message.view() {
            gst::MessageView::DeviceAdded(added) => println!("+ {}", added.device().display_name()),
            gst::MessageView::DeviceRemoved(removed) => println!("- {}", removed.device().display_name()),
            _ => {}
        }
        glib::ControlFlow::Continue
    })?;
    monitor.start()?;

    let pipeline = gst::Pipeline::new();
    for uid in env::args().skip(1) {
        let camera = gst::ElementFactory::make("tutksrc").name(&uid).property("uid", &uid);
        let camera = camera.property("stats-interval", 1000u32).build()?;
        let sink = gst::ElementFactory::make("fakesink").build()?;
        pipeline.add_many([&camera, &sink])?;
        camera.link(&sink)?;
    }
    let ended = main_loop.clone();
    let _messages = pipeline.bus().expect("a pipeline has a bus").add_watch(move |_, message| {
        let name = message.src().map(|source| source.name()).unwrap_or_default();
        match message.view() {
            gst::MessageView::Element(element) => {
                if let Some(stats) = element.structure().filter(|stats| stats.name() == "tutk-stats") {
                    println!("{name}: {}", line(stats));
                }
            }
            gst::MessageView::Warning(warning) => println!("{name}: {}", warning.error()),
            gst::MessageView::Error(error) => {
                eprintln!("{name}: {}", error.error());
                ended.quit();
            }
            _ => {}
        }
        glib::ControlFlow::Continue
    })?;
    // If this fails, the bus tells why.
    let _ = pipeline.set_state(gst::State::Playing);

    main_loop.run();
    pipeline.set_state(gst::State::Null)?;
    monitor.stop();
    Ok(())
}

fn line(stats: &gst::StructureRef) -> String {
    let count = |name| stats.get::<u64>(name).unwrap_or_default();
    let rate = stats.get::<f64>("fps").unwrap_or_default();
    let (frames, lost) = (count("frames-received"), count("frames-lost"));
    format!("{rate:.1} fps, {} kbit/s, {frames} frames, {lost} lost", count("bitrate") / 1000)
}
