//! Users who watch some of the cameras.

use gst::glib;

use crate::common::{Answer, Camera, PASSWORD, Server};

/// Asks as this user.
fn ask(server: &Server, user: &str, request: &str, body: &str) -> Answer {
    let login = glib::base64_encode(format!("{user}:{PASSWORD}").as_bytes());
    server.ask(&format!("{request} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {login}\r\n"), body)
}

#[test]
fn a_guest_watches_the_cameras_of_its_list() {
    let (door, gate) = (Camera::start(), Camera::start());
    let commands = door.on_io_control();
    let guest = |cameras: &str| format!("[guests.\"Jörg K.\"]\npassword = \"{PASSWORD}\"\ncameras = [{cameras}]\n");
    let login = format!("[login]\nuser = \"me\"\npassword = \"{PASSWORD}\"\n");
    let cameras = door.section("door", PASSWORD) + &gate.section("gate", PASSWORD);
    let server = Server::start(&(cameras + &login + &guest("\"door\"")));
    let as_guest = |request: &str, body: &str| ask(&server, "Jörg K.", request, body);
    let names = |user: &str| {
        let list = ask(&server, user, "GET /api/cameras", "").json();
        let names: Vec<_> = list["cameras"].as_array().unwrap().iter().map(|camera| camera["name"].clone()).collect();
        (names, list["control"].as_bool().unwrap())
    };
    assert_eq!(names("me"), (vec!["door".into(), "gate".into()], true));
    assert_eq!(names("Jörg K."), (vec!["door".into()], false));

    assert_eq!(as_guest("GET /", "").status, 200);
    assert_eq!(as_guest("GET /api/cameras/door/snapshot.jpg", "").status, 200);
    for path in ["/api/cameras/gate", "/api/cameras/gate/snapshot.jpg", "/mjpeg/gate"] {
        assert_eq!(as_guest(&format!("GET {path}"), "").status, 404, "{path}");
    }
    assert_eq!(as_guest("POST /whep/gate", "v=0\r\n").status, 404);
    for (what, body) in [
        ("ptz", "{\"direction\":\"left\"}"),
        ("quality", "{\"quality\":\"low\"}"),
        ("io-control", "{\"type\":816}"),
        ("talk", "speech"),
    ] {
        assert_eq!(as_guest(&format!("POST /api/cameras/door/{what}"), body).status, 403, "{what}");
    }
    assert_eq!(as_guest("GET /metrics", "").status, 403);

    let by_rtsp = |camera: &str| server.watch(camera, &format!("J%C3%B6rg%20K.:{PASSWORD}@"), "protocols=tcp");
    by_rtsp("door").pull("video").unwrap();
    for refused in ["gate", "door?quality=min"] {
        by_rtsp(refused).error();
    }
    server.watch("gate", &format!("me:{PASSWORD}@"), "protocols=tcp").pull("video").unwrap();
    // Of the commands of a viewer, only those that start and stop video and audio came.
    assert!(commands.try_iter().all(|(kind, _)| (0x1ff..=0x301).contains(&kind)));

    // Another list takes effect for those who come from now on.
    server.reload(|text| text.replace(&guest("\"door\""), &guest("\"gate\"")));
    server.line("read again");
    assert_eq!(names("Jörg K.").0, ["gate"]);
    by_rtsp("gate").pull("video").unwrap();
    by_rtsp("door").error();
}
