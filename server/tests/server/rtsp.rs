//! RTSP, watched by GStreamer and by FFmpeg.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::{Camera, LONG, Launched, PASSWORD, Server};

/// Whether this picture is the test picture of the camera: its first bar is white, its third is cyan.
pub fn is_test_picture(sample: &gst::Sample) -> bool {
    let Some(caps) = sample.caps().and_then(|caps| caps.structure(0)) else { return false };
    let (Ok(width), Ok(height)) = (caps.get::<i32>("width"), caps.get::<i32>("height")) else { return false };
    assert_eq!((width, height), (320, 240));
    let luma = sample.buffer().unwrap().map_readable().unwrap();
    let at = |x: usize| i32::from(luma[120 * 320 + x]);
    // Bars get darker from left to right.
    [20, 66, 112, 158, 204, 250].windows(2).all(|pair| at(pair[0]) > at(pair[1]))
}

/// Pulls this many pictures, each no earlier than the one before.
pub fn pull_pictures(client: &Launched, count: usize) {
    let mut last = None;
    for number in 0..count {
        let sample = client.pull("video").unwrap_or_else(|| panic!("only {number} pictures came"));
        assert!(is_test_picture(&sample), "picture {number} is another one");
        let pts = sample.buffer().unwrap().pts();
        assert!(pts >= last, "picture {number} is at {pts:?}, the one before it at {last:?}");
        last = pts;
    }
}

#[test]
fn clients_get_video_and_audio_of_one_session() {
    let camera = Camera::start();
    let viewers = camera.on_viewer();
    let server = Server::start(&camera.section("door", PASSWORD));
    let first = server.watch("door", "", "protocols=tcp");
    pull_pictures(&first, 10);
    let sound = first.pull("audio").unwrap();
    assert_eq!(sound.caps().unwrap().structure(0).unwrap().name(), "audio/x-raw");
    // They begin between two key frames, by TCP and by UDP.
    for transport in ["protocols=tcp", "protocols=udp"] {
        let next = server.watch("door", "", transport);
        pull_pictures(&next, 10);
        next.pull("audio").unwrap();
    }
    pull_pictures(&first, 10);
    assert_eq!(server.get("/api/cameras/door").json()["state"], "playing");
    viewers.recv_timeout(LONG).unwrap();
    assert_eq!(viewers.try_iter().count(), 0, "there was another session");
}

/// What ffprobe says of the streams and their first frames, or of what is wrong.
pub fn probe(server: &Server, scheme: &str, login: &str, transport: &str) -> Result<Value, String> {
    let shown = "stream=codec_name,width,sample_rate,nb_read_frames";
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-rtsp_transport", transport, "-of", "json", "-show_entries", shown])
        .args(["-count_frames", "-read_intervals", "%+#100"])
        .arg(format!("{scheme}://{login}127.0.0.1:{}/door", server.rtsp))
        .output()
        .unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn ffmpeg_is_a_client_too() {
    let camera = Camera::start();
    let login = format!("[login]\nuser = \"me\"\npassword = \"{PASSWORD}\"\n");
    let server = Server::start(&format!("{}{login}", camera.section("door", PASSWORD)));
    for transport in ["tcp", "udp"] {
        let found = probe(&server, "rtsp", &format!("me:{PASSWORD}@"), transport).unwrap();
        let [video, audio] = &found["streams"].as_array().unwrap()[..] else { panic!("{found}") };
        assert_eq!((&video["codec_name"], &video["width"]), (&json!("h264"), &json!(320)), "{found}");
        assert_eq!((&audio["codec_name"], &audio["sample_rate"]), (&json!("pcm_mulaw"), &json!("8000")), "{found}");
        let frames = |stream: &Value| stream["nb_read_frames"].as_str().unwrap().parse::<u32>().unwrap();
        assert!(frames(video) > 5 && frames(audio) > 5, "{found}");
    }
    let error = probe(&server, "rtsp", "me:wrong@", "tcp").unwrap_err();
    assert!(error.contains("401"), "{error}");
}

#[test]
fn many_clients_are_one_session() {
    let camera = Camera::start();
    let viewers = camera.on_viewer();
    let server = Server::start(&camera.section("door", PASSWORD));
    let clients: Vec<_> = (0..20).map(|_| server.watch("door", "", "protocols=tcp")).collect();
    for client in &clients {
        pull_pictures(client, 3);
    }
    viewers.recv_timeout(LONG).unwrap();
    assert_eq!(viewers.try_iter().count(), 0, "there was another session");
}

#[test]
fn a_login_is_asked_for() {
    let camera = Camera::start();
    let login = format!("[login]\nuser = \"me\"\npassword = \"{PASSWORD}\"\n");
    let server = Server::start(&format!("{}{login}", camera.section("door", PASSWORD)));
    for wrong in ["", "me:wrong@", "you:kanarienvogel@"] {
        let error = server.watch("door", wrong, "protocols=tcp").error();
        assert!(error.contains("nauthorized") || error.contains("401"), "{wrong}: {error}");
    }
    pull_pictures(&server.watch("door", &format!("me:{PASSWORD}@"), "protocols=tcp"), 3);
}

#[test]
fn guessing_takes_long() {
    let camera = Camera::start();
    let login = format!("[login]\nuser = \"me\"\npassword = \"{PASSWORD}\"\n");
    let server = Server::start(&format!("{}{login}", camera.section("door", PASSWORD)));
    for number in 0..5 {
        server.watch("door", &format!("me:{number}@"), "protocols=tcp").error();
    }
    // The right one is refused as well, by RTSP and by HTTP, and those without a login are as ever.
    let error = server.watch("door", &format!("me:{PASSWORD}@"), "protocols=tcp").error();
    assert!(error.contains("nauthorized") || error.contains("401"), "{error}");
    assert_eq!(server.get("/api/cameras").status, 429);
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn what_is_not_there_is_refused() {
    let camera = Camera::start();
    let server = Server::start(&camera.section("door", "wrong"));
    for name in ["roof", "door"] {
        // GStreamer's server says 404 and 400.
        let error = server.watch(name, "", "protocols=tcp").error();
        assert!(error.contains("(40"), "{name}: {error}");
    }
    // The camera has got no more than one wrong password, however often somebody comes.
    assert_eq!(server.get("/api/cameras/door").json()["state"], "failed");
}

#[test]
fn cameras_do_not_disturb_each_other() {
    let (camera, other) = (Camera::start(), Camera::start());
    let viewers = other.on_viewer();
    let sections = camera.section("door", PASSWORD) + &other.section("gate", PASSWORD);
    let server = Server::start(&sections);
    let (client, of_other) = (server.watch("door", "", "protocols=tcp"), server.watch("gate", "", "protocols=tcp"));
    pull_pictures(&client, 5);
    pull_pictures(&of_other, 5);
    viewers.recv_timeout(LONG).unwrap();
    camera.stop();
    while client.pull("video").is_some() {}
    // A camera that is taken out of the settings, too.
    server.reload(|text| text.replace("cameras.door", "cameras.roof"));
    server.line("read again");
    pull_pictures(&of_other, 20);
    assert_eq!(viewers.try_iter().count(), 0, "its session was another one");
}
