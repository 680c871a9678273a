//! What the server costs with a house full of cameras: `scripts/test server`.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use gst::prelude::*;

use crate::common::{LONG, Launched, Server};
use crate::farm::Farm;
use crate::slow::memory;
use crate::webrtc::Viewer;

const CAMERAS: usize = 50;
const BROWSERS: usize = 10;
const MEASURED: Duration = Duration::from_secs(20);

/// A player that decodes nothing.
pub fn player(server: &Server, camera: &str) -> Launched {
    let player = Launched::play(&format!(
        "rtspsrc location=rtsp://127.0.0.1:{}/{camera} protocols=tcp latency=0 name=source \
         rtph264depay name=to-video ! appsink name=video sync=false async=false max-buffers=1 drop=true \
         rtppcmudepay name=to-audio ! fakesink sync=false async=false",
        server.rtsp
    ));
    let to = player.0.downgrade();
    player.0.by_name("source").unwrap().connect_pad_added(move |_, pad| {
        let (Some(pipeline), Some(caps)) = (to.upgrade(), pad.current_caps()) else { return };
        let media = caps.structure(0).unwrap().get::<&str>("media").unwrap();
        let element = pipeline.by_name(&format!("to-{media}")).unwrap();
        pad.link(&element.static_pad("sink").unwrap()).unwrap();
    });
    player
}

/// What a browser does, but for decoding.
pub fn browser(server: &Server, camera: &str) -> Viewer {
    Viewer::with(
        server,
        camera,
        "",
        "rtph264depay name=to-video ! appsink name=video sync=false async=false max-buffers=1 drop=true \
         rtppcmudepay name=to-audio ! fakesink sync=false async=false",
    )
}

/// The processor time that the server has used.
fn cpu(server: &Server) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.process())).unwrap();
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// How long one more waits for its first frame.
fn first<T>(start: impl Fn() -> T, pipeline: impl Fn(&T) -> &Launched) -> Duration {
    let mut times: Vec<_> = (0..5)
        .map(|_| {
            let begin = Instant::now();
            let viewer = start();
            pipeline(&viewer).pull("video").expect("no frame came");
            begin.elapsed()
        })
        .collect();
    times.sort();
    times[2]
}

#[test]
#[ignore = "measures: scripts/test server"]
fn fifty_cameras_fifty_players_and_ten_browsers() {
    let farm = Farm::start(CAMERAS);
    let server = Server::start(&farm.sections());
    let idle = memory(&server);
    let before = cpu(&server);
    thread::sleep(Duration::from_secs(5));
    let at_rest = (cpu(&server) - before).as_secs_f64() / 5.0;
    let players: Vec<_> = (0..CAMERAS).map(|number| player(&server, &format!("camera{number}"))).collect();
    for player in &players {
        player.pull("video").expect("no frame came");
    }
    let browsers: Vec<_> = (0..BROWSERS).map(|number| browser(&server, &format!("camera{number}"))).collect();
    for browser in &browsers {
        browser.pipeline.pull("video").expect("no frame came");
    }
    // Sessions settle.
    thread::sleep(Duration::from_secs(5));
    let (begin, before) = (Instant::now(), cpu(&server));
    thread::sleep(MEASURED);
    let used = (cpu(&server) - before).as_secs_f64() / begin.elapsed().as_secs_f64();
    let playing = server.get("/api/cameras").json()["cameras"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|camera| camera["state"] == "playing")
        .count();
    let load = fs::read_to_string("/proc/loadavg").unwrap();
    println!("{CAMERAS} cameras, {CAMERAS} RTSP viewers, {BROWSERS} WebRTC viewers; {playing} play");
    println!("  load of the machine: {}", load.trim());
    println!("  nobody watches: {at_rest:.3} cores, {} MiB", idle / 1024);
    println!("  all watch: {used:.2} cores, {} MiB", memory(&server) / 1024);
    let by_rtsp = first(|| player(&server, "camera20"), |player| player);
    let by_webrtc = first(|| browser(&server, "camera20"), |browser| &browser.pipeline);
    println!("  first frame of one more: {} ms by RTSP, {} ms by WebRTC", by_rtsp.as_millis(), by_webrtc.as_millis());
    assert_eq!(playing, CAMERAS);
    assert!(by_rtsp < LONG && by_webrtc < LONG);
}
