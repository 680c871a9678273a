//! `tutk scan` and the list of cameras.

use std::net::UdpSocket;
use std::thread;

use crate::support::{Running, assert_code, run, silent, text, tutk, uid};
use tutk::proto::Generation;
use tutk::wire::{self, AddressBlock, Message};
use tutk::{CameraOptions, Uid};

/// All that this project speaks.
const GENERATIONS: [(Generation, &str); 5] = [
    (Generation::G09, "0x09"),
    (Generation::G10, "0x10"),
    (Generation::G12, "0x12"),
    (Generation::G14, "0x14"),
    (Generation::G1A, "0x1a"),
];

fn of_generation(generation: Generation, name: &str) -> Running {
    Running::with(CameraOptions::new(uid()).with_name(name).with_generation(generation))
}

#[test]
fn a_table_of_the_cameras() {
    for (generation, text_of_it) in GENERATIONS {
        let camera = of_generation(generation, "gate\x1b[2J");
        let output = run(&mut tutk(&["scan", "-t", "300", &camera.address()]));
        assert_code(&output, 0);
        let address = camera.address().replace("--address=", "");
        let lines: Vec<_> = text(&output.stdout).lines().map(String::from).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0], format!("{:20}  {:21}  GENERATION  PLAYS  NAME", "UID", "ADDRESS"));
        // A name does not steer the terminal.
        assert_eq!(lines[1], format!("{}  {address:21}  {text_of_it}        yes    gate\\u{{1b}}[2J", camera.uid));
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn a_camera_at_an_ipv6_address() {
    if UdpSocket::bind("[::1]:0").is_err() {
        return;
    }
    let camera = of_generation(Generation::NEWEST, "gate");
    let address = camera.address().replace("127.0.0.1", "[::1]");
    let output = run(&mut tutk(&["scan", "--json", "-t", "300", &address]));
    assert_code(&output, 0);
    let cameras: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&cameras[0]["uid"], &cameras[0]["ip"]), (&camera.uid.as_str().into(), &"::1".into()));
}

#[test]
fn json_of_the_cameras() {
    for (generation, _) in GENERATIONS {
        let camera = of_generation(generation, "“gate\x1b\\");
        let output = run(&mut tutk(&["scan", "--json", "-t", "300", &camera.address()]));
        assert_code(&output, 0);
        let cameras: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let port: u16 = camera.address().rsplit_once(':').unwrap().1.parse().unwrap();
        let expected = serde_json::json!({
            "uid": camera.uid.as_str(), "ip": "127.0.0.1", "port": port, "name": "“gate\x1b\\",
            "generation": generation.0, "playable": true
        });
        assert_eq!(cameras, serde_json::json!([expected]));
    }
}

/// A camera of a generation that nothing here speaks.
fn newer(uid: Uid) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let (generation, asker) = (Generation(0x1b), AddressBlock([0; 16]));
    let found = wire::SearchAnswer { generation, uid, asker, name: "newer".into(), grant: None };
    let answer = Message::Found(found).to_datagram(generation);
    thread::spawn(move || {
        while let Ok((_, viewer)) = socket.recv_from(&mut [0; 2_048]) {
            socket.send_to(&answer, viewer).unwrap();
        }
    });
    address
}

#[test]
fn a_camera_of_another_generation_is_listed_with_it() {
    let uid = uid();
    let address = newer(uid);
    let scan = ["scan", "-t", "300", "--address", &address];
    let output = run(&mut tutk(&scan));
    assert_code(&output, 0);
    let expected = format!("{uid}  {address:21}  0x1b        no     newer");
    assert_eq!(text(&output.stdout).lines().nth(1), Some(expected.as_str()));
    assert!(text(&output.stderr).contains("--library"), "{}", text(&output.stderr));
    let output = run(tutk(&scan).arg("--json"));
    let cameras: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&cameras[0]["uid"], &cameras[0]["generation"]), (&uid.as_str().into(), &27.into()));
    assert_eq!(cameras[0]["playable"], false);

    let output = run(&mut tutk(&["sync", "-t", "300", "-d", uid.as_str(), "--address", &address]));
    let text = text(&output.stderr);
    assert!(text.contains("0x1b") && text.contains(&address) && text.contains("--library"), "{text}");
}

#[test]
fn a_search_takes_the_port_that_it_is_given() {
    let taken = UdpSocket::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&mut tutk(&["scan", "-t", "300", "--local-port", &port]));
    assert_code(&output, 1);
    let text = text(&output.stderr);
    assert!(text.contains(&port) && text.contains("--local-port"), "{text}");
    assert_code(&run(&mut tutk(&["scan", "-t", "300", "--local-port", "0"])), 2);
}

#[test]
fn a_uid_with_a_typing_error_is_told_from_others() {
    let camera = Running::start("gate", "");
    let last = if camera.uid.as_str().ends_with('A') { "B" } else { "A" };
    let typed = format!("{}{last}", &camera.uid.as_str()[..19]);
    let output = run(&mut tutk(&["sync", "-t", "500", "-d", &typed, &camera.address()]));
    assert_code(&output, 3);
    let text = text(&output.stderr);
    assert!(text.contains(&format!("Did you mean {} (“gate”)", camera.uid)), "{text}");
}

#[test]
fn the_local_networks_are_asked() {
    let camera = Running::start("", "");
    let output = run(&mut tutk(&["scan", "-t", "1000"]));
    assert_code(&output, 0);
    assert!(text(&output.stdout).contains(camera.uid.as_str()), "{}", text(&output.stdout));
}

#[test]
fn no_camera_is_no_error() {
    let (_silent, address) = silent();
    let output = run(&mut tutk(&["scan", "-t", "50", &address]));
    assert_code(&output, 0);
    assert!(output.stdout.is_empty());
    let asked = address.replace("--address=", "");
    assert!(text(&output.stderr).contains(&asked), "{}", text(&output.stderr));
    let output = run(&mut tutk(&["-q", "scan", "--json", "-t", "50", &address]));
    assert_code(&output, 0);
    assert_eq!(text(&output.stdout), "[]\n");
    assert!(output.stderr.is_empty());
}

#[test]
fn without_a_uid_the_cameras_are_listed() {
    let camera = Running::start("", "");
    let file = std::env::temp_dir().join(camera.uid.as_str());
    for args in [&["sync"][..], &["stream", "-f", file.to_str().unwrap()]] {
        let output = run(tutk(args).args(["-t", "300", &camera.address()]));
        assert_code(&output, 2);
        let text = text(&output.stderr);
        assert!(text.contains("--uid") && text.contains(camera.uid.as_str()), "{text}");
    }
    assert!(!file.exists());
}
