//! Clients that ask and then take nothing, or never finish asking.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Instant;

use socket2::{Domain, Socket, Type};

use crate::common::{Camera, LONG, PASSWORD, Server};
use crate::rtsp::pull_pictures;

/// How many there are of each kind.
const COUNT: usize = 20;
/// How much more memory than before they may cost the server together, in KiB.
const MAX_GROWTH: u64 = 160 * 1024;

/// A connection that this side buffers next to nothing of.
fn connect(port: u16) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

pub fn http(server: &Server, request: &str) -> TcpStream {
    let mut client = connect(server.http);
    client.write_all(request.as_bytes()).unwrap();
    client
}

/// Asks for a camera by RTSP over TCP, until it plays, and takes nothing of it.
pub fn stuck_player(server: &Server, camera: &str) -> TcpStream {
    let mut client = connect(server.rtsp);
    let url = format!("rtsp://127.0.0.1:{}/{camera}", server.rtsp);
    let description =
        ask(&mut client, &format!("DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"));
    assert!(description.starts_with("RTSP/1.0 200"), "{description}");
    let transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1";
    let setup = ask(&mut client, &format!("SETUP {url}/stream=0 RTSP/1.0\r\nCSeq: 2\r\n{transport}\r\n\r\n"));
    let session = setup.lines().find_map(|line| line.strip_prefix("Session: ")).unwrap_or_else(|| panic!("{setup}"));
    let session = session.split(';').next().unwrap();
    write!(client, "PLAY {url} RTSP/1.0\r\nCSeq: 3\r\nSession: {session}\r\n\r\n").unwrap();
    let mut first = [0; 8];
    client.read_exact(&mut first).unwrap();
    client
}

/// The head of the answer, whose body is read as well.
fn ask(client: &mut TcpStream, request: &str) -> String {
    client.write_all(request.as_bytes()).unwrap();
    let mut head = String::new();
    let mut byte = [0];
    while !head.ends_with("\r\n\r\n") {
        client.read_exact(&mut byte).unwrap();
        head.push(char::from(byte[0]));
    }
    let len = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).map_or(0, |len| len.parse().unwrap());
    client.read_exact(&mut vec![0; len]).unwrap();
    head
}

/// The memory of this process, in KiB.
pub fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn slow_clients_cost_little_and_disturb_nobody() {
    let camera = Camera::start();
    let server = Server::start(&camera.section("door", PASSWORD));
    let client = server.watch("door", "", "protocols=tcp");
    pull_pictures(&client, 3);
    let before = memory(server.process());
    let slow: Vec<_> = (0..COUNT)
        .flat_map(|_| {
            [
                stuck_player(&server, "door"),
                http(&server, "GET /mjpeg/door HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                http(&server, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                http(&server, "POST /api/cameras/door/ptz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"),
                connect(server.rtsp),
            ]
        })
        .collect();
    // Those who take what they get get it.
    pull_pictures(&client, 30);
    let next = server.watch("door", "", "protocols=tcp");
    pull_pictures(&next, 3);
    assert_eq!(server.get("/api/cameras/door").json()["state"], "playing");
    let growth = memory(server.process()).saturating_sub(before);
    println!("{} clients: {growth} KiB", slow.len());
    assert!(growth < MAX_GROWTH, "{} clients cost {growth} KiB", slow.len());
    drop(slow);
    // When they are gone, none of them is a viewer any more.
    let deadline = Instant::now() + LONG;
    while server.get("/api/cameras/door").json()["viewers"] != 2 {
        assert!(Instant::now() < deadline, "{}", server.get("/api/cameras/door").text());
        thread::yield_now();
    }
    pull_pictures(&client, 3);
}
