//! What clients of one kind leave behind in the server: `scripts/test server`.

use std::io::Read;
use std::thread;
use std::time::Duration;

use crate::common::Server;
use crate::farm::Farm;
use crate::load::{browser, player};
use crate::slow::{http, stuck_player};
use crate::soak::Usage;

const CAMERAS: usize = 4;
/// How many KiB more than before the second half of the clients may leave. One pipeline is about 300.
const LEFT: u64 = 8 * 1024;

/// One client, which comes, gets something and leaves.
fn visit(kind: &str, server: &Server, number: usize) {
    let name = format!("camera{}", number % CAMERAS);
    let get = |path: &str| http(server, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    match kind {
        "players" => drop(player(server.rtsp, &name).pull("video").unwrap()),
        "stuck players" => drop(stuck_player(server, &name)),
        "browsers" => {
            let viewer = browser(server, &name);
            viewer.pipeline.pull("video").unwrap();
            viewer.leave(server);
        }
        "viewers of MJPEG" => get(&format!("/mjpeg/{name}")).read_exact(&mut [0; 5000]).unwrap(),
        "readers of events" => get("/api/events").read_exact(&mut [0; 100]).unwrap(),
        "snapshots" => {
            assert_eq!(server.get(&format!("/api/cameras/{name}/snapshot.jpg")).status, 200);
            // A younger one is given out again.
            thread::sleep(Duration::from_millis(520));
        }
        _ => unreachable!(),
    }
}

#[test]
#[ignore = "takes long: scripts/test server"]
fn clients_that_have_left_leave_little() {
    let farm = Farm::start(CAMERAS);
    let server = Server::start(&farm.sections());
    // The cameras stay connected meanwhile.
    let requests = (0..CAMERAS).map(|number| format!("GET /mjpeg/camera{number} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    let stay: Vec<_> = requests.map(|request| http(&server, &request)).collect();
    let mut grown = Vec::new();
    for (kind, count) in [
        ("players", 60),
        ("stuck players", 40),
        ("browsers", 30),
        ("viewers of MJPEG", 30),
        ("readers of events", 60),
        ("snapshots", 16),
    ] {
        (0..count).for_each(|number| visit(kind, &server, number));
        let first = Usage::of(&server);
        (0..count).for_each(|number| visit(kind, &server, number));
        let second = Usage::of(&server);
        println!("{count} {kind}, and again: {first:?} {second:?}");
        if second.kib > first.kib + LEFT || second.fds > first.fds + 20 || second.threads > first.threads + 40 {
            grown.push(kind);
        }
    }
    drop(stay);
    assert!(grown.is_empty(), "{grown:?}");
}
