//! Wyze's cameras, virtual ones.

mod common;

use common::pictures::Launched;
use common::{Camera, Event, H264, Viewer, bytes, unit};
use gst::glib;
use gst::prelude::*;
use tutk::io_control;
use tutk::wyze::Message;

const ENR: &str = "kanarienvogelKANARIENVOGEL012345";
const MAC: &str = "AA:BB:CC:DD:EE:FF";

fn brand(element: &gst::Element, enr: &str) {
    element.set_property_from_str("brand", "wyze");
    element.set_property("password", enr);
    element.set_property("mac", MAC);
}

fn camera() -> Camera {
    let camera = Camera::new(H264);
    brand(&camera.sink, ENR);
    camera.play();
    camera
}

fn viewer(camera: &Camera, enr: &str) -> Viewer {
    let viewer = Viewer::of(camera);
    brand(&viewer.src, enr);
    viewer
}

/// The next of Wyze's commands that the camera does not obey by itself, and its payload.
fn command(camera: &Camera) -> (u16, Vec<u8>) {
    camera.wait(|event| match event {
        Event::IoControl(_, 0x0100, body) => {
            Message::decode(&body).map(|message| (message.command, message.payload.into()))
        }
        _ => None,
    })
}

#[test]
fn plays_reconnects_and_changes_its_quality() {
    let camera = camera();
    let port = camera.sink.property::<u32>("current-port");
    let viewer = viewer(&camera, ENR);
    viewer.src.set_property_from_str("quality", "low");
    viewer.play();
    camera.wait_for_watcher();
    assert_eq!(command(&camera), (10_056, vec![2, 0x3C, 0, 0, 0]));
    assert_eq!(viewer.message("tutk-connected").get("encrypted"), Ok(true));
    camera.push(unit(0, true), true);
    assert_eq!(bytes(&viewer.pull().0), unit(0, true));
    viewer.src.set_property_from_str("quality", "max");
    assert_eq!(command(&camera), (10_056, vec![1, 0xF0, 0, 0, 0]));
    camera.push(unit(1, false), false);
    assert_eq!(bytes(&viewer.pull().0), unit(1, false));

    camera.stop();
    assert_eq!(viewer.message("tutk-disconnected").get("reason"), Ok("closed-by-camera"));
    camera.restart(port);
    camera.wait_for_watcher();
    assert_eq!(command(&camera), (10_056, vec![1, 0xF0, 0, 0, 0]));
    camera.push(unit(2, true), true);
    assert_eq!(bytes(&viewer.pull().0), unit(2, true));
}

#[test]
fn a_camera_with_the_framing_of_the_newest_firmware_plays() {
    let camera = Camera::new(H264);
    brand(&camera.sink, ENR);
    camera.sink.set_property_from_str("generation", "0x1d");
    camera.play();
    let viewer = viewer(&camera, ENR);
    viewer.play();
    camera.wait_for_watcher();
    let connected = viewer.message("tutk-connected");
    assert_eq!((connected.get("encrypted"), connected.get("generation")), (Ok(true), Ok(0x1du32)));
    camera.push(unit(0, true), true);
    assert_eq!(bytes(&viewer.pull().0), unit(0, true));
}

#[test]
fn video_and_audio_play() {
    common::init();
    let uid = common::uid();
    let camera = Launched::play(&format!(
        "tutkmux name=mux ! tutksink name=sink uid={uid} brand=wyze password={ENR} mac={MAC} \
         videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 \
         ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse config-interval=-1 ! queue ! mux.video \
         audiotestsrc is-live=true samplesperbuffer=320 ! audio/x-raw,format=S16LE,rate=16000,channels=1 ! queue ! mux.audio"
    ));
    let port: u32 = camera.element("sink").property("current-port");
    let viewer = Launched::play(&format!(
        "tutksrc backend=native uid={uid} address=127.0.0.1:{port} brand=wyze password={ENR} mac={MAC} ! tutkdemux name=demux \
         demux.video_0 ! queue ! h264parse ! fakesink name=pictures sync=false num-buffers=60 \
         demux.audio_0 ! queue ! audio/x-raw,rate=16000 ! fakesink name=sound sync=false num-buffers=60"
    ));
    // Each sink ends after so many.
    viewer.wait_for(gst::MessageType::Eos);
}

#[test]
fn refused_keys_say_where_to_look() {
    let camera = camera();
    let refused = |viewer: Viewer| {
        // The first try may fail at once.
        let _ = viewer.pipeline.set_state(gst::State::Playing);
        let (error, details) = viewer.error();
        let text = format!("{error} {details}");
        assert!(!text.to_lowercase().contains("kanarienvogel"), "{text}");
        (error, text)
    };
    let (error, text) = refused(viewer(&camera, "KANARIENVOGELkanarienvogel012345"));
    assert!(error.matches(gst::ResourceError::NotAuthorized) && text.contains("Look up"), "{text}");
    let other = viewer(&camera, ENR);
    other.src.set_property("mac", "AABBCCDDEE00");
    let (error, text) = refused(other);
    assert!(error.matches(gst::ResourceError::NotAuthorized) && text.contains("MAC"), "{text}");
    for (mac, wanted) in [(None, "MAC address is missing"), (Some(ENR), "12 hexadecimal digits")] {
        let other = viewer(&camera, ENR);
        other.src.set_property("mac", mac);
        let (error, text) = refused(other);
        assert!(error.matches(gst::ResourceError::Settings) && text.contains(wanted), "{text}");
    }
    let (error, text) = refused(viewer(&camera, ""));
    assert!(error.matches(gst::ResourceError::Settings) && text.contains("ENR is missing"), "{text}");
}

#[test]
fn encryption_is_required_unless_it_is_set() {
    common::init();
    for element in ["tutksrc", "tutksink"] {
        let element = gst::ElementFactory::make(element).build().unwrap();
        let encryption = || {
            let value = element.property_value("encryption");
            let (_, value) = glib::EnumValue::from_value(&value).unwrap();
            value.nick().to_owned()
        };
        assert_eq!(encryption(), "auto");
        element.set_property_from_str("brand", "wyze");
        assert_eq!(encryption(), "required");
        element.set_property_from_str("encryption", "auto");
        assert_eq!(encryption(), "auto");
    }
}

#[test]
fn a_uri_names_the_camera_and_not_its_secrets() {
    common::init();
    let src = gst::ElementFactory::make("tutksrc").build().unwrap();
    let set = |uri: &str| src.dynamic_cast_ref::<gst::URIHandler>().unwrap().set_uri(uri);
    set("tutk://ABCDEFGHJKLMNPQRST12?brand=wyze&mac=AABBCCDDEEFF&quality=low").unwrap();
    src.set_property("password", ENR);
    let uri: String = src.property("uri");
    assert_eq!(uri, "tutk://admin@ABCDEFGHJKLMNPQRST12?brand=wyze&mac=AABBCCDDEEFF&encryption=required&quality=low");
    // Somebody who writes a URI does not send the ENR where less protects it.
    let error = set("tutk://ABCDEFGHJKLMNPQRST12?brand=generic").unwrap_err();
    assert!(error.message().contains("generic"), "{error}");
}

#[test]
fn viewers_without_the_application_get_nothing() {
    let camera = camera();
    let key = tutk::Brand::Wyze.auth_key(&ENR.into(), MAC.parse().ok()).unwrap().unwrap();
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("password", ENR);
    viewer.src.set_property("auth-key", String::from_utf8(key.reveal().to_vec()).unwrap());
    viewer.src.set_property("frame-timeout", 500u32);
    viewer.src.set_property("reconnect", false);
    viewer.play();
    let added = camera.wait(|event| match event {
        Event::Added(id) => Some(id),
        _ => None,
    });
    assert!(viewer.error().0.matches(gst::ResourceError::Read));
    let asked = camera.wait(|event| match event {
        Event::IoControl(_, io_control::START_VIDEO, _) => Some(true),
        Event::Removed(id, _) => Some(id != added),
        _ => None,
    });
    assert!(!asked);
}
