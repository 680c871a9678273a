//! Cameras that fail on schedule, and clients that come and go, for as long as one likes: `TUTK_SOAK_HOURS=8 scripts/test server`.

use std::net::TcpStream;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use gst::prelude::*;

use crate::common::{LONG, Launched, Server};
use crate::farm::Farm;
use crate::load::{browser, player};
use crate::slow::{http, memory, stuck_player};
use crate::webrtc::Viewer;

const CAMERAS: usize = 8;
/// Most clients at once.
const CLIENTS: usize = 24;
/// How often something happens.
const STEP: Duration = Duration::from_millis(500);
/// How often a line is printed.
const LINES: Duration = Duration::from_secs(10);

/// Somebody who watches, and leaves by being dropped.
enum Client {
    Player(Launched),
    #[expect(dead_code, reason = "it is kept")]
    Browser(Viewer),
    #[expect(dead_code, reason = "it is kept")]
    Connection(TcpStream),
}

/// What the server takes up.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub kib: u64,
    pub fds: usize,
    pub threads: usize,
}

impl Usage {
    pub fn of(server: &Server) -> Self {
        let count = |folder: &str| fs::read_dir(format!("/proc/{}/{folder}", server.process())).unwrap().count();
        Self { kib: memory(server.process()), fds: count("fd"), threads: count("task") }
    }
}

fn number(variable: &str, default: f64) -> f64 {
    env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}

/// As soon as nobody watches, and no camera is connected.
fn at_rest(server: &Server) -> Usage {
    let deadline = Instant::now() + 3 * LONG;
    loop {
        let cameras = server.get("/api/cameras").json()["cameras"].take();
        let is_idle = |camera: &serde_json::Value| camera["viewers"] == 0 && camera["connection"].is_null();
        if cameras.as_array().unwrap().iter().all(is_idle) {
            // Threads and buffers go last.
            thread::sleep(Duration::from_secs(5));
            return Usage::of(server);
        }
        assert!(Instant::now() < deadline, "{cameras}");
        thread::sleep(STEP);
    }
}

#[test]
#[ignore = "takes long: scripts/test server"]
fn cameras_fail_and_clients_come_and_go() {
    let length = Duration::from_secs_f64(3600.0 * number("TUTK_SOAK_HOURS", 0.033));
    let mut random = fastrand::Rng::with_seed(number("TUTK_SOAK_SEED", 1.0) as u64);
    let farm = Farm::start(CAMERAS);
    let server = Server::start(&farm.sections());
    let mut clients: Vec<Client> = Vec::new();
    // Those that are off, and until when.
    let mut off: Vec<(usize, u32, Instant)> = Vec::new();
    let (begin, mut line) = (Instant::now(), Instant::now());
    let (mut joined, mut failed) = (0, 0);
    let mut usages = Vec::new();
    let mut rested = None;
    while begin.elapsed() < length {
        // A client comes, or one leaves.
        if clients.len() < CLIENTS && random.usize(..5) < 3 {
            joined += 1;
            let number = random.usize(..CAMERAS);
            let name = format!("camera{number}");
            let is_on = off.iter().all(|(other, ..)| *other != number)
                && server.get(&format!("/api/cameras/{name}")).json()["state"] == "playing";
            let get = |path: &str| http(&server, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            clients.push(match random.usize(..6) {
                0 | 1 => Client::Player(player(server.rtsp, &name)),
                2 if is_on => Client::Browser(browser(&server, &name)),
                3 if is_on => Client::Connection(stuck_player(&server, &name)),
                4 => Client::Connection(get(&format!("/mjpeg/{name}"))),
                _ => Client::Connection(get(["/api/events", "/api/cameras/camera0/snapshot.jpg"][random.usize(..2)])),
            });
        } else if !clients.is_empty() {
            clients.swap_remove(random.usize(..clients.len()));
        }
        // A camera fails now and then, for some seconds.
        if random.usize(..16) == 0 && off.len() < CAMERAS / 2 {
            let number = random.usize(..CAMERAS);
            if off.iter().all(|(other, ..)| *other != number) {
                failed += 1;
                let port = farm.cameras[number].stop();
                off.push((number, port, Instant::now() + Duration::from_secs(2 + random.u64(..20))));
            }
        }
        off.retain(|(number, port, until)| {
            let stays = Instant::now() < *until;
            if !stays {
                farm.cameras[*number].restart(*port);
            }
            stays
        });
        // Once warm, and at the end, all leave.
        if rested.is_none() && begin.elapsed() > length / 4 {
            clients.clear();
            rested = Some(at_rest(&server));
        }
        if line.elapsed() > LINES {
            line = Instant::now();
            let usage = Usage::of(&server);
            usages.push(usage);
            println!(
                "{:5} s: {:6} KiB, {:4} fds, {:4} threads; {} clients of {joined}, {} cameras off of {failed}",
                begin.elapsed().as_secs(),
                usage.kib,
                usage.fds,
                usage.threads,
                clients.len(),
                off.len()
            );
        }
        // What has an error is not read any more.
        clients.retain(|client| match client {
            Client::Player(player) => player.0.bus().unwrap().pop_filtered(&[gst::MessageType::Error]).is_none(),
            _ => true,
        });
        thread::sleep(STEP);
    }
    clients.clear();
    let (first, last) = (rested.unwrap(), at_rest(&server));
    println!("at rest after a quarter of the time: {first:?}\nat rest at the end: {last:?}");
    assert!(last.fds <= first.fds + 8, "fds: {first:?} {last:?}");
    assert!(last.threads <= first.threads + 8, "threads: {first:?} {last:?}");
    assert!(last.kib <= first.kib * 5 / 4 + 16 * 1024, "memory: {first:?} {last:?}");
    assert_eq!(server.get("/healthz").status, 200);
}
