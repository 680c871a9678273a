//! The page and the API, asked as browsers and programs do.

use crate::common::{Camera, LONG, PASSWORD, Server};
use gst::glib;
use gst::prelude::*;
use serde_json::json;

fn basic(user: &str, password: &str) -> String {
    let text = glib::base64_encode(format!("{user}:{password}").as_bytes());
    format!("GET /api/cameras HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {text}\r\n")
}

#[test]
fn the_page_is_there_and_says_what_it_loads() {
    let server = Server::start("");
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
    let text = page.text();
    for file in
        ["/style.css", "/icon.svg", "/address.js", "/app.js", "/card.js", "/viewer.js", "/player.js", "/talk.js"]
    {
        let is_linked = text.contains(&format!("\"{file}\"")) || server.get("/app.js").text().contains(file);
        let is_linked = is_linked || server.get("/viewer.js").text().contains(file);
        assert!(is_linked || server.get("/card.js").text().contains(file), "{file}");
        assert_eq!(server.get(file).status, 200, "{file}");
    }
    assert_eq!(server.get("/openapi.json").json()["openapi"], "3.1.0");
    assert_eq!(server.get("/healthz").text(), "ok\n");
    let missing = server.get("/nothing");
    assert_eq!((missing.status, missing.json()["error"].is_string()), (404, true));
    let strange = server.get("/api/cameras/%ff");
    assert_eq!((strange.status, strange.json()["error"].is_string()), (400, true));
}

#[test]
fn a_camera_is_connected_for_a_picture() {
    let camera = Camera::start();
    let server = Server::start(&camera.section("door", PASSWORD));
    let idle = server.get("/api/cameras").json();
    assert_eq!(idle["cameras"][0]["state"], "idle");
    let picture = server.get("/api/cameras/door/snapshot.jpg");
    assert_eq!(picture.status, 200, "{picture:?}");
    assert!(picture.head.contains("image/jpeg") && picture.body.starts_with(&[0xff, 0xd8]));

    let status = server.get("/api/cameras/door").json();
    assert_eq!(
        (&status["state"], &status["video"], &status["width"]),
        (&json!("playing"), &json!("H.264"), &json!(320))
    );
    assert!(status["stats"]["frames-received"].as_u64() > Some(0), "{status}");
    let metrics = server.get("/metrics").text();
    assert!(metrics.contains("tutk_camera_state{camera=\"door\",state=\"playing\"} 1\n"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    // Nobody watches.
    server.wait_for_state("door", &["idle"]);
    // The picture is good for a while, without a session.
    assert_eq!(server.get("/api/cameras/door/snapshot.jpg").body, picture.body);
    assert_eq!(server.get("/api/cameras/door").json()["state"], "idle");
}

#[test]
fn commands_reach_the_camera() {
    let camera = Camera::start();
    let controls = camera.on_io_control();
    let server = Server::start(&camera.section("door", PASSWORD));
    let sent = server.post("/api/cameras/door/ptz", r#"{"direction":"left","speed":3,"step":0.0}"#);
    assert_eq!(sent.json(), json!({ "sent": true }));
    let sent = server.post("/api/cameras/door/io-control", r#"{"type":1234,"body":"AQID"}"#);
    assert_eq!(sent.json(), json!({ "answer": null }));
    let mut controls = std::iter::from_fn(|| controls.recv_timeout(LONG).ok());
    assert!(controls.any(|(kind, body)| (kind, body.first()) == (0x1001, Some(&3))));
    assert!(controls.any(|(kind, body)| (kind, body.as_slice()) == (1234, &[1, 2, 3])));

    for (path, body) in [
        ("ptz", "{}"),
        ("ptz", r#"{"direction":"sideways"}"#),
        ("ptz", r#"{"direction":"left","step":99999}"#),
        ("ptz", r#"{"direction":"left","speed":256}"#),
        ("ptz", r#"{"direction":"left","step":0.5}"#),
        ("io-control", r#"{"type":-1}"#),
        ("io-control", "left"),
    ] {
        let refused = server.post(&format!("/api/cameras/door/{path}"), body);
        assert_eq!(refused.status, 400, "{body}");
        assert!(refused.json()["error"].is_string());
    }
    assert_eq!(server.post("/api/cameras/door/io-control", r#"{"type":816,"body":"!!!!"}"#).status, 400);
    assert_eq!(server.post("/api/cameras/roof/ptz", r#"{"direction":"left"}"#).status, 404);
}

#[test]
fn quality_and_speech_reach_the_camera() {
    let camera = Camera::start_with("speaker=true");
    let (controls, heard) = (camera.on_io_control(), camera.on_speech());
    let server = Server::start(&camera.section("door", PASSWORD));
    let set = server.post("/api/cameras/door/quality", r#"{"quality":"low"}"#);
    assert_eq!(set.json(), json!({ "quality": "low" }));
    assert_eq!(server.get("/api/cameras/door").json()["quality"], "low");
    // By RTSP, it is a part of the address.
    server.watch("door?quality=min", "", "protocols=tcp").pull("video").unwrap();
    assert_eq!(server.get("/api/cameras/door").json()["quality"], "min");
    let mut qualities = std::iter::from_fn(|| controls.recv_timeout(LONG).ok()).filter(|(kind, _)| *kind == 0x0320);
    for quality in [4, 5] {
        let (_, body) = qualities.next().unwrap();
        assert_eq!(body.get(4), Some(&quality), "{body:?}");
    }
    for number in 1..=3 {
        let said = server.post("/api/cameras/door/talk", &char::from(number).to_string().repeat(800));
        assert_eq!(said.json(), json!({ "bytes": 800 }));
        assert_eq!(heard.recv_timeout(LONG).unwrap(), [number; 800]);
    }
    assert_eq!(server.post("/api/cameras/door/talk", "").json(), json!({ "bytes": 0 }));
    for (path, body) in [("quality", "{}"), ("quality", r#"{"quality":"best"}"#)] {
        assert_eq!(server.post(&format!("/api/cameras/door/{path}"), body).status, 400, "{body}");
    }
    let error = server.watch("door?quality=best", "", "protocols=tcp").error();
    assert!(error.contains("(40"), "{error}");
}

#[test]
fn a_wrong_password_says_where_the_right_one_belongs() {
    let camera = Camera::start();
    let server = Server::start(&camera.section("door", "wrong"));
    let refused = server.get("/api/cameras/door/snapshot.jpg");
    let text = refused.json()["error"].as_str().unwrap().to_owned();
    assert_eq!(refused.status, 503);
    assert!(text.contains("door") && text.contains("password") && text.contains("[cameras.door]"), "{text}");
    assert_eq!(server.get("/api/cameras/door").json()["state"], "failed");
    server.logged("refused the password");

    // The owner mends it.
    server.reload(|text| text.replace("\"wrong\"", &format!("\"{PASSWORD}\"")));
    server.line("read again");
    assert_eq!(server.get("/api/cameras/door/snapshot.jpg").status, 200);
}

#[cfg(feature = "dtls")]
#[test]
fn a_camera_that_was_encrypted_is_never_used_without() {
    let camera = Camera::start();
    let server = Server::start(&camera.section("door", PASSWORD));
    assert_eq!(server.get("/api/cameras/door/snapshot.jpg").status, 200);
    assert_eq!(server.get("/api/cameras/door").json()["connection"]["encrypted"], true);
    let port = camera.stop();
    // Somebody else answers in its place.
    camera.sink().set_property_from_str("encryption", "off");
    camera.restart(port);
    let sessions = camera.on_viewer();
    server.reload(|text| text.replace("cameras.door", "cameras.gate"));
    server.line("read again");
    let refused = server.get("/api/cameras/gate/snapshot.jpg");
    let text = refused.json()["error"].to_string();
    assert!(refused.status == 503 && text.contains("encrypted-cameras"), "{text}");
    assert_eq!(sessions.try_iter().count(), 0);
    // Its owner says that it may.
    server.reload(|text| text.replace("password =", "encryption = \"off\"\npassword ="));
    server.line("read again");
    assert_eq!(server.get("/api/cameras/gate/snapshot.jpg").status, 200);
}

#[test]
fn settings_that_are_wrong_change_nothing() {
    let camera = Camera::start();
    let server = Server::start(&camera.section("door", PASSWORD));
    server.reload(|text| format!("{text}\npasword = \"x\"\n"));
    let line = server.logged("stay as they were");
    assert!(line.contains("pasword"), "{line}");
    server.reload(|text| text.replace("\npasword = \"x\"\n", "").replace("cameras.door", "cameras.gate"));
    server.line("read again");
    assert_eq!(server.get("/api/cameras/door").status, 404);
    assert_eq!(server.get("/api/cameras/gate/snapshot.jpg").status, 200);
}

#[test]
fn pages_of_others_get_nothing() {
    let server = Server::start_with("", "hosts = [\"cameras.example\"]");
    let ask = |method: &str, path: &str, headers: &str| {
        server.ask(&format!("{method} {path} HTTP/1.1\r\n{headers}"), "").status
    };
    // A name that somebody else can point at this host.
    assert_eq!(ask("GET", "/api/cameras", "Host: rebound.example\r\n"), 421);
    for host in ["localhost", "127.0.0.1:8080", "[::1]:8080", "192.168.1.2", "cameras.example:8080"] {
        assert_eq!(ask("GET", "/api/cameras", &format!("Host: {host}\r\n")), 200, "{host}");
    }
    // What a browser says of another site's page.
    for headers in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: http://localhost:9\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ] {
        for (method, path) in [("POST", "/api/cameras/door/ptz"), ("GET", "/api/cameras"), ("DELETE", "/whep/door/x")] {
            assert_eq!(ask(method, path, &format!("Host: localhost\r\n{headers}")), 403, "{headers}");
        }
    }
    // A link to the page is one to a page.
    assert_eq!(ask("GET", "/", "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"), 200);
    let own = "Host: localhost\r\nOrigin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n";
    assert_eq!(ask("POST", "/api/cameras/door/ptz", own), 404);
}

#[test]
fn a_login_is_asked_for_and_guessing_takes_long() {
    let server = Server::start(&format!("[login]\nuser = \"me\"\npassword = \"{PASSWORD}\"\n"));
    for path in ["/", "/app.js", "/api/cameras", "/api/events", "/metrics", "/mjpeg/door"] {
        let refused = server.get(path);
        assert_eq!(refused.status, 401, "{path}");
        assert!(refused.head.contains("www-authenticate: Basic"), "{}", refused.head);
    }
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.ask(&basic("me", PASSWORD), "").status, 200);
    let tries: Vec<_> = (0..8).map(|number| server.ask(&basic("me", &number.to_string()), "").status).collect();
    assert_eq!(tries, [401, 401, 401, 401, 401, 429, 429, 429]);
    let right = server.ask(&basic("me", PASSWORD), "");
    assert!(right.status == 429 && right.head.contains("retry-after:"), "{right:?}");
}

#[test]
fn a_camera_comes_and_goes() {
    let camera = Camera::start();
    let server = Server::start(&camera.section("door", PASSWORD));
    // Somebody watches all the time.
    let mut events = server.events();
    let client = server.watch("door", "", "protocols=tcp");
    client.pull("video").unwrap();
    events.wait_for("door", "playing");
    let port = camera.stop();
    let away = events.wait_for("door", "away");
    assert!(away["reason"].is_string(), "{away}");
    // The stream of its client ends, and it connects again. The first one stays: rtspsrc of GStreamer 1.22 fails an assertion if it is
    // stopped while it ends its streams, one after the other.
    while client.pull("video").is_some() {}
    camera.restart(port);
    let again = server.watch("door", "", "protocols=tcp");
    again.pull("video").unwrap();
    events.wait_for("door", "playing");
}
