//! `tutkdeviceprovider` lists cameras, and its devices play.

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::{Camera, H264, LONG, Viewer, bytes, unit};
use gst::prelude::*;
use gsttutk::device_provider::TutkDeviceProvider;

/// Shorter than a user's, so that a camera is soon missed, and long enough for a busy host to answer in.
const PERIOD: Duration = Duration::from_millis(500);

/// A provider of this test alone. Monitors share one.
fn provider() -> TutkDeviceProvider {
    common::init();
    let provider: TutkDeviceProvider = gst::glib::Object::new();
    provider.set_search_period(PERIOD);
    provider
}

/// A camera with this name.
fn named(name: &str) -> Camera {
    let camera = Camera::new(H264);
    camera.sink.set_property("camera-name", name);
    camera.play();
    camera
}

#[derive(Debug)]
enum Event {
    Added(gst::Device),
    Changed { device: gst::Device, old: gst::Device },
    Removed(gst::Device),
}

/// What the bus tells next of this camera; other tests have theirs.
fn next(bus: &gst::Bus, uid: &str) -> Event {
    let types = [gst::MessageType::DeviceAdded, gst::MessageType::DeviceChanged, gst::MessageType::DeviceRemoved];
    loop {
        let message = bus.timed_pop_filtered(gst::ClockTime::try_from(LONG).unwrap(), &types).expect("no message");
        let (device, event) = match message.view() {
            gst::MessageView::DeviceAdded(added) => (added.device(), Event::Added(added.device())),
            gst::MessageView::DeviceRemoved(removed) => (removed.device(), Event::Removed(removed.device())),
            gst::MessageView::DeviceChanged(changed) => {
                let (device, old) = changed.device_changed();
                (device.clone(), Event::Changed { device, old })
            }
            _ => unreachable!(),
        };
        if text(&device, "uid") == uid {
            return event;
        }
    }
}

fn text(device: &gst::Device, field: &str) -> String {
    device.properties().unwrap().get(field).unwrap()
}

/// The device of this camera among others.
fn of<'a>(devices: impl IntoIterator<Item = &'a gst::Device>, camera: &Camera) -> Vec<gst::Device> {
    devices.into_iter().filter(|device| text(device, "uid") == camera.uid).cloned().collect()
}

/// The one device of each camera that a probe lists; on a busy machine, one of several.
fn probe<const N: usize>(provider: &TutkDeviceProvider, cameras: [&Camera; N]) -> [gst::Device; N] {
    let deadline = Instant::now() + LONG;
    loop {
        let devices = provider.devices();
        let found = cameras.map(|camera| of(&devices, camera));
        assert!(found.iter().all(|devices| devices.len() < 2), "{found:?}");
        if found.iter().all(|devices| devices.len() == 1) {
            return found.map(|devices| devices[0].clone());
        }
        assert!(Instant::now() < deadline, "{found:?}");
    }
}

/// Plays the element for a frame.
fn plays(src: gst::Element, camera: &Camera) {
    src.set_property_from_str("backend", "native");
    let appsink = gst_app::AppSink::builder().sync(false).build();
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&src, appsink.upcast_ref()]).unwrap();
    src.link(&appsink).unwrap();
    let viewer = Viewer { pipeline, src, appsink };
    viewer.play();
    camera.wait_for_watcher();
    for number in 0..3 {
        camera.push(unit(number, number == 0), number == 0);
        assert!(bytes(&viewer.pull().0) == unit(number, number == 0));
    }
}

#[test]
fn a_monitor_sees_a_camera_come_and_go_and_its_device_plays() {
    common::init();
    let factory = gst::DeviceProviderFactory::find("tutkdeviceprovider").unwrap();
    // Those that list webcams come first.
    assert_eq!(factory.rank(), gst::Rank::SECONDARY);
    factory.get().unwrap().downcast::<TutkDeviceProvider>().unwrap().set_search_period(PERIOD);
    let monitor = gst::DeviceMonitor::new();
    assert!(monitor.add_filter(Some("Source/Video/Network"), None).is_some());
    monitor.start().unwrap();
    let bus = monitor.bus();

    let camera = named("gate");
    let Event::Added(device) = next(&bus, &camera.uid) else { panic!("not added") };
    assert_eq!(device.display_name(), "gate");
    assert_eq!(device.device_class(), "Source/Audio/Video/Network");
    let template = gst::ElementFactory::find("tutksrc").unwrap();
    // The element gives audio as well to who takes its container.
    let pad = template.static_pad_templates().iter().next().unwrap().caps();
    let caps = device.caps().unwrap();
    assert!(caps.is_subset(&pad) && caps.iter().all(|caps| caps.name() != "application/x-tutk"), "{caps}");
    assert_eq!(of(&monitor.devices(), &camera), std::slice::from_ref(&device));

    let src = device.create_element(Some("front")).unwrap();
    assert_eq!((src.name().as_str(), src.factory()), ("front", Some(template)));
    assert_eq!(src.property::<String>("uid"), camera.uid);
    // It is found again wherever it is.
    assert_eq!(src.property::<Option<String>>("address"), None);
    plays(src, &camera);

    let uid = camera.uid.clone();
    drop(camera);
    let Event::Removed(removed) = next(&bus, &uid) else { panic!("not removed") };
    assert_eq!(removed, device);
    monitor.stop();
}

#[test]
fn start_waits_for_no_camera_and_those_that_are_there_are_announced() {
    let camera = named("");
    let provider = provider();
    let (sender, announced) = std::sync::mpsc::channel();
    let uid = camera.uid.clone();
    provider.bus().set_sync_handler(move |_, message| {
        if let gst::MessageView::DeviceAdded(added) = message.view()
            && text(&added.device(), "uid") == uid
        {
            sender.send((thread::current().id(), added.device())).unwrap();
        }
        gst::BusSyncReply::Drop
    });
    provider.start().unwrap();
    let (by, added) = announced.recv_timeout(LONG).unwrap();
    assert_ne!(by, thread::current().id(), "the start itself has waited for the answer");
    let devices = of(&provider.devices(), &camera);
    // It answers from each address of this host.
    let [device] = &devices[..] else { panic!("{devices:?}") };
    assert_eq!(device.display_name(), camera.uid);
    assert_eq!(&added, device);
    provider.stop();
    assert!(provider.devices().iter().all(|now| now != device), "what a probe finds is new");
}

#[test]
fn a_probe_lists_the_cameras() {
    let camera = named("gate \u{1b}[2J o'clock");
    let provider = provider();
    let [device] = &probe(&provider, [&camera]);
    // The name as it is, and as it does no harm on a terminal.
    assert_eq!(text(device, "name"), "gate \u{1b}[2J o'clock");
    assert_eq!(device.display_name(), "gate \\u{1b}[2J o'clock");
    let properties = device.properties().unwrap();
    assert_eq!(properties.get::<u32>("port").unwrap(), camera.sink.property::<u32>("current-port"));
    assert!(text(device, "address").parse::<std::net::Ipv4Addr>().is_ok());
}

#[test]
fn a_device_has_the_generation_of_its_camera() {
    let generations = [("0x09", 0x09), ("0x10", 0x10), ("0x12", 0x12), ("0x14", 0x14), ("0x1a", 0x1a)];
    let cameras = generations.map(|(nick, generation)| (Camera::of_generation(nick, H264), generation));
    let devices = probe(&provider(), cameras.each_ref().map(|(camera, _)| camera));
    for (device, (_, generation)) in devices.iter().zip(cameras) {
        let properties = device.properties().unwrap();
        assert_eq!(properties.get::<u32>("generation"), Ok(generation));
        assert_eq!(properties.get::<bool>("playable"), Ok(true));
    }
}

#[test]
fn a_new_name_changes_the_device() {
    let provider = provider();
    let camera = named("before");
    provider.start().unwrap();
    let Event::Added(first) = next(&provider.bus(), &camera.uid) else { panic!("not added") };
    // It restarts with another name, and is back before it is missed.
    camera.pipeline.set_state(gst::State::Null).unwrap();
    camera.sink.set_property("camera-name", "after");
    camera.play();
    let Event::Changed { device, old } = next(&provider.bus(), &camera.uid) else { panic!("not changed") };
    assert_eq!((old, text(&device, "name").as_str()), (first, "after"));
    assert_eq!(of(&provider.devices(), &camera), [device]);
    provider.stop();
}

#[test]
fn an_element_is_reconfigured_to_another_camera() {
    let [first, second] = [named("first"), named("second")];
    let [device] = &probe(&provider(), [&second]);
    let src = gst::ElementFactory::make("tutksrc")
        .property("uid", &first.uid)
        .property("address", first.address())
        .build()
        .unwrap();
    device.reconfigure_element(&src).unwrap();
    assert_eq!(src.property::<String>("uid"), second.uid);
    plays(src, &second);

    // A session does not change its camera.
    let viewer = Viewer::watch(&first);
    assert!(device.reconfigure_element(&viewer.src).is_err());
    assert_eq!(viewer.src.property::<String>("uid"), first.uid);
    assert!(device.reconfigure_element(viewer.appsink.upcast_ref::<gst::Element>()).is_err());
}

#[test]
fn after_stop_nothing_is_left_to_search() {
    let provider = provider();
    for _ in 0..3 {
        provider.start().unwrap();
        provider.stop();
    }
    // The searching thread holds the provider.
    let weak = provider.downgrade();
    drop(provider);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_handler_may_stop_the_provider() {
    let (camera, provider) = (Camera::new(H264), provider());
    provider.start().unwrap();
    let (stopped, stops) = std::sync::mpsc::channel();
    let (uid, weak) = (camera.uid.clone(), provider.downgrade());
    provider.bus().set_sync_handler(move |_, message| {
        if let gst::MessageView::DeviceAdded(added) = message.view()
            && text(&added.device(), "uid") == uid
            && let Some(provider) = weak.upgrade()
        {
            provider.stop();
            stopped.send(()).unwrap();
        }
        gst::BusSyncReply::Drop
    });
    camera.play();
    stops.recv_timeout(LONG).unwrap();
}
