//! `tutksrc` by URI.

mod common;

use std::env;
use std::net::{Ipv6Addr, UdpSocket};
use std::process::Command;
use std::sync::{Arc, Mutex};

use common::pictures::{Launched, TestPictureCamera};
use common::{Camera, H264, Viewer, bytes, unit};
use gst::prelude::*;

const UID: &str = "aBcDeFgHjKlMnPqRsT12";

const ACCOUNT: &str = "a:b@c";
const PASSWORD: &str = "p@s:s/w?o#r%d&=+é ";
/// Account and password as a URI has them.
const LOGIN: &str = "a%3Ab%40c:p%40s%3As%2Fw%3Fo%23r%25d&=+%C3%A9%20";

fn tutksrc() -> gst::Element {
    common::init();
    gst::ElementFactory::make("tutksrc").build().unwrap()
}

fn set(src: &gst::Element, uri: &str) -> Result<(), gst::glib::Error> {
    src.dynamic_cast_ref::<gst::URIHandler>().unwrap().set_uri(uri)
}

fn get(src: &gst::Element) -> Option<String> {
    let uri = src.dynamic_cast_ref::<gst::URIHandler>().unwrap().uri().map(String::from);
    assert_eq!(uri, src.property::<Option<String>>("uri"));
    uri
}

#[test]
fn reserved_characters_and_letters_of_both_cases_work() {
    let mut camera = Camera::new(H264);
    camera.uid = UID.into();
    camera.sink.set_property("uid", UID);
    camera.sink.set_property("username", ACCOUNT);
    camera.sink.set_property("password", PASSWORD);
    camera.play();
    let viewer = Viewer::new(|src| {
        let uri = format!("TUTK://{LOGIN}@{UID}?address={}&timeout=9000", camera.address());
        set(src, &uri).unwrap();
    });
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    assert!(bytes(&viewer.pull().0) == unit(0, true));
    assert_eq!(viewer.src.property::<u32>("timeout"), 9_000);
}

#[test]
fn an_ipv6_address_is_played() {
    if UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return;
    }
    let camera = Camera::new(H264);
    camera.play();
    let port = camera.sink.property::<u32>("current-port");
    let viewer = Viewer::new(|src| {
        set(src, &format!("tutk://{}?address=[::1]:{port}&timeout=9000", camera.uid)).unwrap();
    });
    assert_eq!(viewer.src.property::<String>("address"), format!("[::1]:{port}"));
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    assert!(bytes(&viewer.pull().0) == unit(0, true));
    // A link-local address has its interface, after a sign that URIs escape.
    let src = tutksrc();
    set(&src, &format!("tutk://{UID}?address=fe80::7%25eth0")).unwrap();
    assert_eq!(src.property::<String>("address"), "fe80::7%eth0");
    assert_eq!(get(&src).unwrap(), format!("tutk://admin@{UID}?address=fe80::7%25eth0"));
}

#[test]
fn the_uri_reads_back_without_the_password() {
    let src = tutksrc();
    assert_eq!(get(&src), None);
    let query = "address=10.0.0.7:123&&sync-time=yes&retry-timeout=-1&quality=low";
    set(&src, &format!("tutk://a%3Ab:secret@{UID}/?{query}")).unwrap();
    let uri = format!("tutk://a%3Ab@{UID}?sync-time=true&address=10.0.0.7:123&retry-timeout=-1&quality=low");
    assert_eq!(get(&src).as_deref(), Some(uri.as_str()));

    // It says the same to another element.
    let other = tutksrc();
    set(&other, &uri).unwrap();
    assert_eq!(get(&other), get(&src));

    // A URI sets what it says, and changes nothing else.
    set(&src, "tutk://ABCDEFGHJKLMNPQRST12").unwrap();
    assert_eq!(src.property::<String>("username"), "a:b");
    src.set_property("username", "admin");
    src.set_property("address", None::<String>);
    src.set_property("sync-time", false);
    src.set_property("retry-timeout", 60);
    src.set_property_from_str("quality", "unset");
    assert_eq!(get(&src).as_deref(), Some("tutk://admin@ABCDEFGHJKLMNPQRST12"));
}

#[test]
fn a_uri_may_ask_for_more_safety_and_not_for_less() {
    let src = tutksrc();
    let uri = format!("tutk://admin@{UID}?encryption=required");
    set(&src, &uri).unwrap();
    assert_eq!(get(&src).as_deref(), Some(uri.as_str()));
    src.set_property_from_str("encryption", "off");
    assert_eq!(get(&src).as_deref(), Some(format!("tutk://admin@{UID}").as_str()));
}

#[test]
fn a_bad_uri_says_what_is_wrong_and_shows_no_secret() {
    let src = tutksrc();
    set(&src, &format!("tutk://{UID}?timeout=1000")).unwrap();
    for (rest, tells) in [
        ("", "names no camera"),
        ("UID", "names no camera"),
        // A password whose reserved characters are not encoded.
        ("admin:canary?canary=canary@UID", "%3F for ?"),
        ("admin:canary@canary/canary@UID/canary", "%2F for /"),
        ("admin:canary@UID#canary", "%23 for #"),
        (":canary%FFcanary@UID", "“password” of the URI is not UTF-8"),
        ("admin:canary%00@UID", "“password” of the URI has a NUL"),
        ("admin%FF:canary@UID", "“account” of the URI is not UTF-8"),
        ("admin:canary@UID?timeout=5", "“timeout” of the URI cannot be “5”; it can be 100 to 600000"),
        ("admin:canary@UID?timeout=-1", "“timeout”"),
        ("admin:canary@UID?timeout=1s", "“timeout”"),
        // A camera that has nothing to say sends a datagram each 2 s.
        ("admin:canary@UID?idle-timeout=4999", "“idle-timeout” of the URI cannot be “4999”; it can be 5000 to 600000"),
        ("admin:canary@UID?retry-timeout=-2", "“retry-timeout” of the URI cannot be “-2”; it can be -1 to 2147483647"),
        ("admin:canary@UID?timeout=", "“timeout”"),
        ("admin:canary@UID?quality=best", "“quality” of the URI cannot be “best”; it can be unset, max, high"),
        ("admin:canary@UID?sync-time=maybe", "“sync-time” of the URI cannot be “maybe”; it can be true or false"),
        ("admin:canary@UID?sync-time=true&canary", "Parameter 2 of the URI has no value"),
        ("admin:canary@UID?pasword=canary", "“pasword”"),
        ("admin:canary@UID?password=canary", "“password” is no parameter"),
        ("admin:canary@UID?uid=canary", "“uid” is no parameter"),
        ("admin:canary@UID?name=canary", "“name”"),
        ("admin:canary@UID?num-buffers=1", "“num-buffers”"),
        // Code, and what belongs to it, is not chosen by a URI.
        ("admin:canary@UID?backend=vendor", "“backend” cannot be set by a URI"),
        ("admin:canary@UID?library=%2Ftmp%2Fcanary.so", "“library” cannot be set by a URI"),
        ("admin:canary@UID?license-key=canary", "“license-key” cannot be set by a URI"),
        ("admin:canary@UID?auth-key=canary42", "“auth-key” cannot be set by a URI"),
        ("admin:canary@UID?encryption=off", "“encryption” can be set by a URI to “required” alone"),
        ("admin:canary@UID?encryption=auto", "“encryption” can be set by a URI to “required” alone"),
        ("admin:canary@UID?require-encryption=false", "“require-encryption” cannot be set by a URI"),
    ] {
        let uri = format!("tutk://{}", rest.replace("@UID", &format!("@{UID}")));
        let error = set(&src, &uri).expect_err(&uri);
        assert!(error.matches(gst::URIError::BadUri), "{uri}: {error}");
        assert!(error.message().contains(tells), "{uri}: {error}");
        assert!(!error.message().replace("pasword", "").contains("canary"), "{uri}: {error}");
        // All or nothing.
        assert_eq!(get(&src).as_deref(), Some(format!("tutk://admin@{UID}?timeout=1000").as_str()));
    }
    assert!(set(&src, "rtsp://canary").is_err());
}

#[test]
fn a_bad_uri_in_the_property_is_told_at_the_start() {
    let viewer = Viewer::new(|src| src.set_property("uri", "tutk://admin:canary@ABCDEFGHJKLMNPQRST12?timeout=no"));
    assert!(viewer.pipeline.set_state(gst::State::Playing).is_err());
    let (error, details) = viewer.error();
    assert!(error.matches(gst::ResourceError::Settings) && error.message().contains("“timeout”"), "{error}");
    assert!(!format!("{error} {details}").contains("canary"));
    viewer.pipeline.set_state(gst::State::Null).unwrap();
    viewer.src.set_property("uid", UID);
    viewer.pipeline.set_state(gst::State::Paused).unwrap();
    assert_eq!(get(&viewer.src), Some(format!("tutk://admin@{UID}")));
}

#[test]
fn no_uri_is_taken_while_the_element_runs() {
    let viewer = Viewer::new(|src| src.set_property("uid", UID));
    let uri = "tutk://ABCDEFGHJKLMNPQRST12";
    for (state, taken) in [(gst::State::Ready, true), (gst::State::Paused, false)] {
        viewer.pipeline.set_state(state).unwrap();
        viewer.src.set_property("uid", UID);
        match set(&viewer.src, uri) {
            Ok(()) => assert!(taken),
            Err(error) => assert!(!taken && error.matches(gst::URIError::BadState), "{error}"),
        }
        assert_eq!(viewer.src.property::<String>("uid") == UID, !taken);
    }
    viewer.src.set_property("uri", uri);
    assert_eq!(viewer.src.property::<String>("uid"), UID);
}

/// The environment belongs to the process, so that this has one of its own.
#[test]
fn the_password_of_the_environment_goes_to_no_address_of_a_uri() {
    run("sessions_with_a_password_in_the_environment", "TUTK_PASSWORD", "canary");
}

#[test]
fn the_authentication_key_of_the_environment_goes_to_no_address_of_a_uri() {
    run("sessions_with_an_authentication_key_in_the_environment", "TUTK_AUTH_KEY", "canary42");
}

/// Runs a test with this in the environment.
fn run(test: &str, variable: &str, value: &str) {
    let program = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", test, "--nocapture"])
        .env(variable, value)
        .output()
        .unwrap();
    let output = [&program.stdout[..], &program.stderr[..]].concat();
    assert!(program.status.success(), "{}", String::from_utf8_lossy(&output));
}

#[test]
#[ignore = "run by a test above, with a key in the environment"]
fn sessions_with_an_authentication_key_in_the_environment() {
    let camera = Camera::new(H264);
    camera.sink.set_property("auth-key", "canary42");
    camera.play();
    let (uid, address) = (&camera.uid, &camera.address());
    let plain = format!("tutk://{uid}");
    let directed = format!("tutk://{uid}?address={address}");

    let viewer = Viewer::new(|src| set(src, &directed).unwrap());
    viewer.play();
    let (error, details) = viewer.error();
    assert!(error.matches(gst::ResourceError::NotAuthorized), "{error}");
    assert!(error.message().contains("TUTK_AUTH_KEY is not used"), "{error}");
    assert!(!format!("{error} {details}").contains("canary"), "{error}");

    let with: [&dyn Fn(&gst::Element); 3] = [
        &|src| set(src, &plain).unwrap(),
        &|src| {
            set(src, &directed).unwrap();
            src.set_property("address", address);
        },
        &|src| {
            src.set_property("auth-key", "canary42");
            set(src, &directed).unwrap();
        },
    ];
    for configure in with {
        let viewer = Viewer::new(configure);
        viewer.play();
        camera.wait_for_watcher();
    }
}

#[test]
#[ignore = "run by the test above, with a password in the environment"]
fn sessions_with_a_password_in_the_environment() {
    let camera = Camera::new(H264);
    camera.sink.set_property("password", "canary");
    camera.play();
    let viewer = |configure: &dyn Fn(&gst::Element)| {
        let viewer = Viewer::new(configure);
        viewer.play();
        viewer
    };
    let (uid, address) = (&camera.uid, &camera.address());
    let plain = format!("tutk://{uid}");
    let directed = format!("tutk://{uid}?address={address}");

    let without: [&dyn Fn(&gst::Element); 4] = [
        &|src| set(src, &directed).unwrap(),
        &|src| src.set_property("uri", &directed),
        // The address of an earlier URI stays until something else sets it.
        &|src| {
            set(src, &directed).unwrap();
            set(src, &plain).unwrap();
        },
        &|src| {
            src.set_property("address", address);
            set(src, &directed).unwrap();
            src.set_property("uid", uid);
        },
    ];
    for configure in without {
        let (error, details) = viewer(configure).error();
        assert!(error.matches(gst::ResourceError::NotAuthorized), "{error}");
        assert!(error.message().contains("TUTK_PASSWORD is not used"), "{error}");
        assert!(!format!("{error} {details}").contains("canary"), "{error}");
    }

    let with: [&dyn Fn(&gst::Element); 5] = [
        // Asked for everywhere, or where the user says.
        &|src| set(src, &plain).unwrap(),
        &|src| {
            src.set_property("address", address);
            set(src, &plain).unwrap();
        },
        &|src| {
            set(src, &directed).unwrap();
            src.set_property("address", address);
        },
        // The URI's own, and the application's.
        &|src| set(src, &format!("tutk://admin:canary@{uid}?address={address}")).unwrap(),
        &|src| {
            src.set_property("password", "canary");
            set(src, &directed).unwrap();
        },
    ];
    for configure in with {
        let _viewer = viewer(configure);
        camera.wait_for_watcher();
    }
}

#[test]
fn no_log_of_the_element_holds_the_password() {
    let lines = Arc::new(Mutex::new(String::new()));
    let log = {
        common::init();
        gst::log::remove_default_log_function();
        gst::log::set_active(true);
        gst::log::set_threshold_for_name("tutk*", gst::DebugLevel::Memdump);
        let lines = lines.clone();
        gst::log::add_log_function(move |category, _, _, _, _, _, message| {
            if category.name().starts_with("tutk") {
                *lines.lock().unwrap() += &format!("{}\n", message.get().unwrap());
            }
        })
    };
    let viewer = Viewer::new(|src| {
        set(src, &format!("tutk://admin:canary@{UID}?timeout=1000")).unwrap();
        set(src, &format!("tutk://admin:canary@{UID}?library=canary")).unwrap_err();
        src.set_property("uri", format!("tutk://admin:canary@{UID}?timeout=canary&timeout=no"));
        src.set_property("uri", format!("tutk://admin:canary@{UID}?address=127.0.0.1:9&reconnect=no"));
    });
    viewer.play();
    viewer.error();
    gst::log::remove_log_function(log);
    let lines = lines.lock().unwrap();
    assert!(lines.contains(UID) && lines.contains("password"), "{lines}");
    assert!(!lines.replace("cannot be “canary”", "").contains("canary"), "{lines}");
}

#[test]
fn applications_find_the_element_by_uri() {
    common::init();
    let uri = format!("tutk://admin@{UID}");
    let src = gst::Element::make_from_uri(gst::URIType::Src, &uri, None).unwrap();
    assert_eq!(src.factory().unwrap().name(), "tutksrc");
    assert_eq!(get(&src), Some(uri));
}

/// What follows a decoder.
const OUT: &str = "videoconvert ! video/x-raw,format=I420 ! appsink name=out sync=false";

/// Plays a camera by URI.
fn plays(viewer: &Launched, player: &impl IsA<gst::Element>) {
    let camera = TestPictureCamera::with_login(ACCOUNT, PASSWORD);
    let (uid, port) = (&camera.uid, camera.port());
    player.set_property("uri", format!("tutk://{LOGIN}@{uid}?address=127.0.0.1:{port}"));
    viewer.set_state(gst::State::Playing).unwrap();
    // playbin3 has put in its sink by then.
    viewer.wait_for(gst::MessageType::StreamStart);
    viewer.pull_pictures(30);
}

#[test]
fn playbin3_plays() {
    let viewer = Launched::new("playbin3");
    viewer.set_property("video-sink", gst::parse::bin_from_description(OUT, true).unwrap());
    plays(&viewer, &*viewer);
}

#[test]
fn uridecodebin3_plays() {
    let viewer = Launched::new(&format!("uridecodebin3 name=player ! {OUT}"));
    plays(&viewer, &viewer.element("player"));
}

#[test]
fn uridecodebin_plays() {
    let viewer = Launched::new(&format!("uridecodebin name=player ! {OUT}"));
    plays(&viewer, &viewer.element("player"));
}
