//! What the server costs with a house full of cameras: `scripts/test server`.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use gst::prelude::*;

use crate::common::{LONG, Launched, Server, unique};
use crate::farm::Farm;
use crate::slow::memory;
use crate::webrtc::Viewer;

const CAMERAS: usize = 50;
const BROWSERS: usize = 10;
const MEASURED: Duration = Duration::from_secs(20);

/// A player that decodes nothing.
pub fn player(port: u16, camera: &str) -> Launched {
    let player = Launched::play(&format!(
        "rtspsrc location=rtsp://127.0.0.1:{port}/{camera} protocols=tcp latency=0 name=source \
         rtph264depay name=to-video ! appsink name=video sync=false async=false max-buffers=1 drop=true \
         rtppcmudepay name=to-audio ! fakesink sync=false async=false"
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

/// The processor time that this process has used.
fn cpu(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// How much of a core this process takes.
fn cores(process: u32, measured: Duration) -> f64 {
    let (begin, before) = (Instant::now(), cpu(process));
    thread::sleep(measured);
    (cpu(process) - before).as_secs_f64() / begin.elapsed().as_secs_f64()
}

/// How long one more waits for its first frame: the median.
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

fn playing(server: &Server) -> usize {
    let list = server.get("/api/cameras").json();
    list["cameras"].as_array().unwrap().iter().filter(|camera| camera["state"] == "playing").count()
}

/// One for each camera, all of which get frames.
fn players(port: u16) -> Vec<Launched> {
    let players: Vec<_> = (0..CAMERAS).map(|number| player(port, &format!("camera{number}"))).collect();
    for player in &players {
        player.pull("video").expect("no frame came");
    }
    // Sessions settle.
    thread::sleep(Duration::from_secs(5));
    players
}

fn print_load() {
    println!("load of the machine: {}", fs::read_to_string("/proc/loadavg").unwrap().trim());
}

#[test]
#[ignore = "measures: scripts/test server"]
fn fifty_cameras_fifty_players_and_ten_browsers() {
    let farm = Farm::start(CAMERAS);
    let server = Server::start(&farm.sections());
    let process = server.process();
    println!("nobody watches: {:.3} cores, {} MiB", cores(process, MEASURED / 4), memory(process) / 1024);
    let players = players(server.rtsp);
    println!("{CAMERAS} RTSP viewers: {:.2} cores, {} MiB", cores(process, MEASURED), memory(process) / 1024);
    let browsers: Vec<_> = (0..BROWSERS).map(|number| browser(&server, &format!("camera{number}"))).collect();
    for browser in &browsers {
        browser.pipeline.pull("video").expect("no frame came");
    }
    let used = cores(process, MEASURED);
    println!("and {BROWSERS} WebRTC viewers: {used:.2} cores, {} MiB", memory(process) / 1024);
    print_load();
    let by_rtsp = first(|| player(server.rtsp, "camera20"), |player| player);
    let by_webrtc = first(|| browser(&server, "camera20"), |browser| &browser.pipeline);
    println!("first frame of one more: {} ms by RTSP, {} ms by WebRTC", by_rtsp.as_millis(), by_webrtc.as_millis());
    assert_eq!(playing(&server), CAMERAS);
    assert!(by_rtsp < LONG && by_webrtc < LONG);
    drop(players);
}

/// A process that ends with the test.
struct Other(Child);

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// go2rtc gets the same cameras by RTSP, and gives them to the same viewers.
#[test]
#[ignore = "measures: scripts/test server, where TUTK_GO2RTC_SERVER names the program go2rtc"]
fn go2rtc_beside_it() {
    let Some(program) = env::var_os("TUTK_GO2RTC_SERVER") else { return };
    let farm = Farm::start(CAMERAS);
    let server = Server::start(&farm.sections());
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let stream = |number| format!("  camera{number}: rtsp://127.0.0.1:{}/camera{number}\n", server.rtsp);
    let streams: String = (0..CAMERAS).map(stream).collect();
    let settings = format!("api: {{listen: \"\"}}\nrtsp: {{listen: \"127.0.0.1:{port}\"}}\nstreams:\n{streams}");
    let file = env::temp_dir().join(format!("tutk-go2rtc-{}.yaml", unique()));
    fs::write(&file, settings).unwrap();
    let other = Command::new(program).arg("-config").arg(&file).stdout(Stdio::null()).spawn().unwrap();
    let other = Other(other);
    let process = other.0.id();
    let deadline = Instant::now() + LONG;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "go2rtc does not listen");
        thread::yield_now();
    }
    let players = players(port);
    println!("go2rtc, {CAMERAS} RTSP viewers: {:.2} cores, {} MiB", cores(process, MEASURED), memory(process) / 1024);
    print_load();
    let one_more = first(|| player(port, "camera20"), |player| player);
    println!("go2rtc, first frame of one more: {} ms by RTSP", one_more.as_millis());
    assert_eq!(playing(&server), CAMERAS);
    drop(players);
    let _ = fs::remove_file(file);
}
