//! `tutk scan` and the list of cameras.

use crate::support::{Running, assert_code, run, silent, text, tutk};

#[test]
fn a_table_of_the_cameras() {
    let camera = Running::start("gate\x1b[2J", "");
    let output = run(&mut tutk(&["scan", "-t", "300", &camera.address()]));
    assert_code(&output, 0);
    let address = camera.address().replace("--address=", "");
    let lines: Vec<_> = text(&output.stdout).lines().map(String::from).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], format!("{:20}  {:21}  NAME", "UID", "ADDRESS"));
    // A name does not steer the terminal.
    assert_eq!(lines[1], format!("{}  {address:21}  gate\\u{{1b}}[2J", camera.uid));
    assert!(output.stderr.is_empty());
}

#[test]
fn json_of_the_cameras() {
    let camera = Running::start("“gate\x1b\\", "");
    let output = run(&mut tutk(&["scan", "--json", "-t", "300", &camera.address()]));
    assert_code(&output, 0);
    let cameras: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let port: u16 = camera.address().rsplit_once(':').unwrap().1.parse().unwrap();
    let expected = serde_json::json!({
        "uid": camera.uid.as_str(), "ip": "127.0.0.1", "port": port, "name": "“gate\x1b\\"
    });
    assert_eq!(cameras, serde_json::json!([expected]));
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
