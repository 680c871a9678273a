//! `tutk stream`.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::process::Child;
use std::thread;

use crate::support::{CANARY, LONG, Running, assert_code, finish, signal, silent, text, tutk};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::signal::Signal::{self, SIGINT, SIGTERM};
use tutk::{CameraEvent, CameraOptions, Codec, io_control};

/// Frames of different sizes, with bytes that end lines in them.
fn frames() -> Vec<Vec<u8>> {
    let frame = |(seed, len): (usize, usize)| (0..len).map(|i| (i * 31 + seed) as u8).collect();
    [1, 1008, 1009, 200_000, 30_000, 7].into_iter().enumerate().map(frame).collect()
}

/// Plays frames to a viewer: one that cannot be decoded first, then all, beginning with a key frame.
fn play(camera: &Running) -> Vec<u8> {
    let viewer = camera.wait_for_viewer();
    assert!(camera.send(viewer, b"not a key frame", false));
    for (number, frame) in frames().iter().enumerate() {
        assert!(camera.send(viewer, frame, number == 0));
    }
    frames().concat()
}

fn end_by(child: Child, camera: &Running, by: Signal) -> String {
    signal(&child, by);
    let output = finish(child);
    assert_code(&output, 0);
    camera.wait(|event| matches!(event, CameraEvent::IoControl { kind: io_control::STOP_VIDEO, .. }).then_some(()));
    camera.wait_for_close();
    text(&output.stderr)
}

#[test]
fn frames_go_to_standard_output() {
    let camera = Running::start("", "");
    let mut child = camera.tutk("stream").args(["-f", "-"]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let sent = play(&camera);
    let mut received = vec![0; sent.len()];
    stdout.read_exact(&mut received).unwrap();
    assert!(received == sent);
    let stderr = end_by(child, &camera, SIGINT);
    assert_eq!(stdout.read_to_end(&mut received).unwrap(), 0);
    assert!(stderr.contains("7 frames, ") && stderr.contains("1 dropped, 0 lost, H.264"), "{stderr}");
}

#[test]
fn what_a_decoder_can_use_is_written_whatever_the_camera_says_of_it() {
    let camera = Running::start("", "");
    let mut child = camera.tutk("stream").args(["-f", "-"]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let viewer = camera.wait_for_viewer();
    // A predicted frame that is flagged as a key frame, and the reverse; in between a frame that is no video, a single
    // JPEG, and a delimiter in a frame of its own.
    let [predicted, key, delimiter] =
        [&[0, 0, 0, 1, 0x41, 0x9A, 7][..], &[0, 0, 0, 1, 0x65, 0x88, 7], &[0, 0, 0, 1, 9, 0xF0]];
    let sent = [
        (Codec::H264, predicted, true, false),
        (Codec::H264, key, false, true),
        (Codec::Unknown(0), b"meta", false, false),
        (Codec::Mjpeg, b"jpeg", true, false),
        (Codec::H264, delimiter, false, true),
        (Codec::H264, predicted, false, true),
    ];
    for (codec, data, flagged, _) in sent {
        assert!(camera.send_as(viewer, codec, data, flagged));
    }
    let wanted: Vec<_> = sent.iter().filter(|frame| frame.3).map(|frame| frame.1).collect();
    let mut received = vec![0; wanted.concat().len()];
    stdout.read_exact(&mut received).unwrap();
    assert!(received == wanted.concat());
    let stderr = end_by(child, &camera, SIGINT);
    assert!(stderr.contains("6 frames, ") && stderr.contains("3 dropped, 0 lost"), "{stderr}");
    assert_eq!(stderr.matches("among its video").count(), 1, "{stderr}");
}

#[test]
fn frames_are_appended_to_a_file() {
    let camera = Running::start("", "");
    let folder = std::env::temp_dir().join(format!("tutk-{}", camera.uid));
    fs::create_dir(&folder).unwrap();
    let file = folder.join("video.h264");
    let writes = Inotify::init(InitFlags::empty()).unwrap();
    writes.add_watch(&folder, AddWatchFlags::IN_MODIFY).unwrap();
    let mut expected = Vec::new();
    for _ in 0..2 {
        let child = camera.tutk("stream").args(["-q", "-f", file.to_str().unwrap()]).spawn().unwrap();
        expected.extend(play(&camera));
        while fs::metadata(&file).map_or(0, |file| file.len()) < expected.len() as u64 {
            let mut wait = [PollFd::new(writes.as_fd(), PollFlags::POLLIN)];
            assert_eq!(poll(&mut wait, PollTimeout::try_from(LONG).unwrap()), Ok(1), "nothing is written");
            writes.read_events().unwrap();
        }
        let stderr = end_by(child, &camera, SIGTERM);
        assert!(stderr.is_empty(), "{stderr}");
        assert!(fs::read(&file).unwrap() == expected);
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let camera = Running::start("", "");
    let mut child = camera.tutk("stream").args(["-f", "-"]).spawn().unwrap();
    let viewer = camera.wait_for_viewer();
    drop(child.stdout.take());
    while camera.send(viewer, &[7; 100], true) {
        thread::yield_now();
    }
    camera.wait_for_close();
    let output = finish(child);
    assert_code(&output, 0);
    // Nothing but the line about the connection.
    assert_eq!(text(&output.stderr).lines().count(), 1, "{}", text(&output.stderr));
}

#[test]
fn a_reader_that_does_not_read_holds_up_nothing() {
    let camera = Running::start("", "");
    let mut child = camera.tutk("stream").args(["-f", "-"]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let viewer = camera.wait_for_viewer();
    // More than a pipe holds.
    camera.send(viewer, &[7; 200_000], true);
    stdout.read_exact(&mut [0]).unwrap();
    signal(&child, SIGINT);
    // The camera's place gets free although the frame is not written.
    camera.wait_for_close();
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len(), 199_999);
    assert_code(&finish(child), 0);
}

#[test]
fn a_signal_ends_the_search() {
    let uid = crate::support::uid();
    for by in [SIGINT, SIGTERM] {
        let (asked, address) = silent();
        let child = tutk(&["stream", "-d", uid.as_str(), "-f", "-", "-t", "600000", &address]).spawn().unwrap();
        asked.recv(&mut [0; 100]).unwrap();
        signal(&child, by);
        assert_code(&finish(child), 0);
    }
}

#[test]
fn a_camera_that_goes_is_lost() {
    let camera = Running::start("", "");
    let child = camera.tutk("stream").args(["-f", "-"]).spawn().unwrap();
    camera.wait_for_viewer();
    drop(camera);
    let output = finish(child);
    assert_code(&output, 5);
    assert!(text(&output.stderr).contains("closed the session"), "{}", text(&output.stderr));
}

/// Waits for a line of the command that has this in it.
fn wait_for_line(lines: &mut impl Iterator<Item = io::Result<String>>, wanted: &str) {
    assert!(lines.any(|line| line.unwrap().contains(wanted)), "no line says “{wanted}”");
}

#[test]
fn a_camera_that_sends_no_video_is_asked_again_and_lost() {
    for first_frame in [false, true] {
        let camera = Running::start("", "");
        let child = camera.tutk("stream").args(["-f", "-", "--frame-timeout=500"]).spawn().unwrap();
        let viewer = camera.wait_for_viewer();
        if first_frame {
            assert!(camera.send(viewer, &[7; 100], true));
        }
        // No decoder can begin with these.
        assert!(camera.send(viewer, &[7; 100], first_frame));
        assert_eq!(camera.wait_for_viewer(), viewer);
        camera.wait_for_close();
        let output = finish(child);
        assert_code(&output, 5);
        let stderr = text(&output.stderr);
        assert!(stderr.contains("asking for it again") && stderr.contains("--frame-timeout"), "{stderr}");
    }
}

#[test]
fn it_can_wait_for_the_camera() {
    let uid = crate::support::uid();
    let (silent, address) = silent();
    let wait = ["stream", "-d", uid.as_str(), "-f", "-", "-t", "200", "--wait", &address];
    let mut child = tutk(&wait).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    wait_for_line(&mut stderr, &format!("Waiting for camera {uid}"));
    // The camera comes.
    let mut options = CameraOptions::new(uid);
    options.port = silent.local_addr().unwrap().port();
    drop(silent);
    let camera = Running::with(options);
    let viewer = camera.wait_for_viewer();
    let mut stdout = child.stdout.take().unwrap();
    assert!(camera.send(viewer, &[7; 100], true));
    stdout.read_exact(&mut [0; 100]).unwrap();
    // One of a full camera waits for a place.
    let mut second = camera.tutk("stream").args(["-f", "-", "--wait"]).spawn().unwrap();
    let mut second_stderr = BufReader::new(second.stderr.take().unwrap()).lines();
    wait_for_line(&mut second_stderr, &format!("Waiting for camera {uid}"));
    end_by(child, &camera, SIGINT);
    camera.wait_for_viewer();
    end_by(second, &camera, SIGINT);
}

#[test]
fn a_signal_ends_the_wait_and_a_wrong_password_is_not_waited_for() {
    let camera = Running::start("", CANARY);
    let output = finish(camera.tutk("stream").args(["-f", "-", "--wait", "-p", "wrong"]).spawn().unwrap());
    assert_code(&output, 4);
    let (_silent, address) = silent();
    let uid = crate::support::uid();
    let mut child = tutk(&["stream", "-d", uid.as_str(), "-f", "-", "-t", "50", "--wait", &address]).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    wait_for_line(&mut stderr, "Waiting for camera");
    signal(&child, SIGTERM);
    assert_code(&finish(child), 0);
}

#[test]
fn a_wyze_camera_plays_by_its_enr_and_mac() {
    let enr = format!("{CANARY}0123456789abcdef");
    let options = CameraOptions::new(crate::support::uid()).with_login("admin", &*enr);
    let camera = Running::with(options.with_wyze("AABBCCDDEEFF".parse().unwrap()));
    let stream = |mac: &str| {
        let mut command = camera.tutk("stream");
        command.args(["-f", "-", "--brand=wyze", "--mac", mac]).env("TUTK_PASSWORD", &enr);
        command
    };
    let mut child = stream("aa:bb:cc:dd:ee:ff").spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let sent = play(&camera);
    let mut received = vec![0; sent.len()];
    stdout.read_exact(&mut received).unwrap();
    assert!(received == sent);
    end_by(child, &camera, SIGINT);
    let output = finish(stream("AABBCCDDEE00").spawn().unwrap());
    assert_code(&output, 4);
    assert!(text(&output.stderr).contains("the ENR and the MAC"), "{}", text(&output.stderr));
    let output = finish(stream(&enr).spawn().unwrap());
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains("12 hexadecimal digits") && !text(&output.stderr).contains(CANARY));
    let output = finish(camera.tutk("sync").args(["--brand=wyze", "--mac=AABBCCDDEEFF"]).spawn().unwrap());
    assert_code(&output, 2);
    assert_code(&finish(camera.tutk("stream").args(["-f", "-", "--brand=wyze"]).spawn().unwrap()), 2);
}

#[test]
fn a_full_camera_refuses() {
    let camera = Running::start("", "");
    let child = camera.tutk("stream").args(["-f", "-"]).spawn().unwrap();
    camera.wait_for_viewer();
    assert_code(&finish(camera.tutk("stream").args(["-f", "-"]).spawn().unwrap()), 4);
    end_by(child, &camera, SIGINT);
}

#[test]
fn nobody_there_and_nowhere_to_write() {
    let (_silent, address) = silent();
    let uid = crate::support::uid();
    let stream = ["stream", "-d", uid.as_str(), "-t", "50", &address, "-f"];
    let output = finish(tutk(&stream).arg("-").spawn().unwrap());
    assert_code(&output, 3);
    assert!(text(&output.stderr).contains(uid.as_str()), "{}", text(&output.stderr));
    let wyze = ["-", "--brand=wyze", "--mac=AABBCCDDEEFF"];
    let output = finish(tutk(&stream).args(wyze).env("TUTK_PASSWORD", "0123456789abcdef").spawn().unwrap());
    assert_code(&output, 3);
    assert!(text(&output.stderr).contains("its ENR and its MAC address"), "{}", text(&output.stderr));
    let output = finish(tutk(&stream).arg("/nowhere/video").spawn().unwrap());
    assert_code(&output, 1);
    assert!(text(&output.stderr).contains("/nowhere/video"), "{}", text(&output.stderr));
}
