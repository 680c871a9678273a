//! `tutk sync`, and where passwords come from.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::{CANARY, Running, assert_code, finish, run, silent, text, tutk, uid};
use tutk::{CameraEvent, CameraOptions, io_control};

fn now() -> u32 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

#[test]
fn the_camera_gets_local_time() {
    let camera = Running::start("", "");
    let before = now();
    // 5 h 30 min east of Greenwich.
    let output = run(camera.tutk("sync").env("TZ", "TEST-05:30"));
    let after = now();
    assert_code(&output, 0);
    let body = camera.wait(|event| match event {
        CameraEvent::IoControl { kind: io_control::SET_TIME, body, .. } => Some(body),
        _ => None,
    });
    assert_eq!(body.len(), 8);
    assert_eq!(body[4..], [0; 4]);
    let seconds = u32::from_le_bytes(body[..4].try_into().unwrap()) - (5 * 60 + 30) * 60;
    assert!((before..=after).contains(&seconds), "{before} {seconds} {after}");
    camera.wait_for_close();
    assert!(text(&output.stderr).contains("has the time"), "{}", text(&output.stderr));
}

#[test]
fn passwords_come_from_everywhere() {
    let camera = Running::start("", CANARY);
    let folder = std::env::temp_dir().join(format!("tutk-{}", camera.uid));
    fs::create_dir(&folder).unwrap();
    let file = folder.join("password");
    fs::write(&file, format!("{CANARY}\r\nanother line")).unwrap();

    assert_code(&run(camera.tutk("sync").args(["-v", "-p", CANARY])), 0);
    camera.wait_for_close();
    assert_code(&run(camera.tutk("sync").arg("-v").env("TUTK_PASSWORD", CANARY)), 0);
    camera.wait_for_close();
    let named = file.to_str().unwrap();
    // What is named goes before the environment.
    assert_code(&run(camera.tutk("sync").args(["-v", "--password-file", named]).env("TUTK_PASSWORD", "wrong")), 0);
    camera.wait_for_close();
    let mut child = camera.tutk("sync").args(["--password-file", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    // The input stays open: a line is enough.
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{CANARY}").unwrap();
    assert_code(&finish(child), 0);
    camera.wait_for_close();
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn authentication_keys_come_from_a_file_or_the_environment() {
    let camera = Running::with(CameraOptions::new(uid()).with_auth_key(CANARY.parse().unwrap()));
    let file = std::env::temp_dir().join(format!("tutk-{}", camera.uid));
    fs::write(&file, format!("{CANARY}\nanother line")).unwrap();
    let named = file.to_str().unwrap();
    assert_code(&run(camera.tutk("sync").args(["-v", "--auth-key-file", named]).env("TUTK_AUTH_KEY", "another1")), 0);
    camera.wait_for_close();
    assert_code(&run(camera.tutk("sync").arg("-v").env("TUTK_AUTH_KEY", CANARY)), 0);
    camera.wait_for_close();
    fs::remove_file(&file).unwrap();
}

#[test]
fn an_authentication_key_that_is_refused_is_not_shown_and_not_tried_again() {
    let camera = Running::with(CameraOptions::new(uid()).with_auth_key("rightkey".parse().unwrap()));
    let without = Running::start("", "");
    let stream = |camera: &Running| {
        let mut command = camera.tutk("stream");
        command.args(["-v", "-f", "-", "--wait"]);
        command
    };
    for (mut command, code, tells) in [
        (stream(&camera), 4, "--auth-key-file"),
        (stream(&without), 4, "TUTK_AUTH_KEY"),
        (stream(&without), 2, "9 characters"),
    ] {
        command.env("TUTK_AUTH_KEY", if code == 4 { CANARY.into() } else { format!("{CANARY}9") });
        let output = run(&mut command);
        assert_code(&output, code);
        assert!(text(&output.stderr).contains(tells) && output.stdout.is_empty(), "{}", text(&output.stderr));
    }
    let output = run(&mut stream(&camera));
    assert_code(&output, 4);
    assert!(text(&output.stderr).contains("without its authentication key"), "{}", text(&output.stderr));
}

#[test]
fn a_password_that_is_refused_is_not_shown() {
    let camera = Running::start("", "right");
    for command in [
        camera.tutk("sync").args(["-v", "-p", CANARY]),
        camera.tutk("sync").arg("-v").env("TUTK_PASSWORD", CANARY).env("TUTK_LICENSE_KEY", CANARY),
        camera.tutk("stream").args(["-v", "-f", "-", &format!("-p={CANARY}")]),
    ] {
        let output = run(command);
        assert_code(&output, 4);
        assert!(text(&output.stderr).contains("refused"), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
        camera.wait(|event| matches!(event, CameraEvent::LoginRefused { .. }).then_some(()));
    }
}

#[test]
fn secrets_that_cannot_be_read() {
    let uid = uid();
    let missing = format!("/nowhere/{uid}");
    let (_silent, address) = silent();
    let sync = ["sync", "-t", "50", &address, "-d", uid.as_str()];
    for (args, code, why) in [
        (&["--password-file", missing.as_str()][..], 1, missing.as_str()),
        (&["--license-key-file", &missing], 1, &missing),
        (&["--password-file", "/dev/zero"], 1, "4096"),
        (&["--password-file", "-", "--license-key-file", "-"], 2, "standard input"),
        (&["--password-file", "-", "-p", CANARY], 2, "--password-file"),
        (&["--password-file", "-", "--auth-key-file", "-"], 2, "--auth-key-file"),
    ] {
        let output = run(tutk(&sync).args(args));
        assert_code(&output, code);
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
    }
}
