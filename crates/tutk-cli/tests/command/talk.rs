//! `tutk talk`, and `tutk stream --audio`.

use std::io::{Read, Write};
use std::process::Stdio;
use std::{env, fs};

use crate::support::{Running, assert_code, finish, run, signal, text, tutk};
use nix::sys::signal::Signal::SIGINT;
use tutk::{AudioFormat, AvEvent, CameraEvent, CameraOptions, Codec, io_control};

fn camera(speaker: bool) -> Running {
    Running::with(CameraOptions::new(crate::support::uid()).with_login("admin", "").with_speaker(speaker))
}

/// A WAV file with this many samples of 16 bits, which rise by 3 each, so that zeros are rare.
fn wav(rate: u32, count: u32) -> Vec<u8> {
    let data: Vec<u8> = (0..count).flat_map(|n| ((n * 3 % 20_000) as i16 - 10_000).to_le_bytes()).collect();
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(rate.to_le_bytes());
    bytes.extend((2 * rate).to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// All that the camera hears until the viewer says that it is done, and how it is encoded.
fn hear(camera: &Running) -> (Vec<u8>, Option<AudioFormat>) {
    let (mut heard, mut format) = (Vec::new(), None);
    camera.wait(|event| match event {
        CameraEvent::Talk { event: AvEvent::Audio(frame), .. } => {
            format = frame.audio_format();
            heard.extend(frame.data);
            None
        }
        CameraEvent::IoControl { kind: io_control::STOP_SPEAKER, .. } => Some(()),
        _ => None,
    });
    (heard, format)
}

#[test]
fn a_file_is_said_as_the_camera_sends() {
    let file = env::temp_dir().join(crate::support::uid().as_str());
    fs::write(&file, wav(16_000, 8_000)).unwrap();
    for (format, len) in [
        (AudioFormat::new(Codec::Pcm, 16_000), 16_000),
        (AudioFormat::new(Codec::Mulaw, 8_000), 4_000),
        (AudioFormat::new(Codec::Alaw, 16_000), 8_000),
    ] {
        let camera = camera(true);
        let child = camera.tutk("talk").arg("-f").arg(&file).spawn().unwrap();
        let viewer = camera.wait_for_listener();
        camera.send_audio(viewer, format, &[0; 320]);
        let (heard, said) = hear(&camera);
        assert_eq!(said, Some(format));
        // Of another rate a sample more or less.
        assert!(heard.len().abs_diff(len) <= 2, "{} of {len}", heard.len());
        if format.codec == Codec::Pcm {
            // The first sample rises from silence.
            assert!(heard[2..] == wav(16_000, 8_000)[44..][..heard.len() - 2]);
        }
        let output = finish(child);
        assert_code(&output, 0);
        assert!(text(&output.stderr).contains("spoke for 0.5 s"), "{}", text(&output.stderr));
        camera.wait_for_close();
    }
    fs::remove_file(file).unwrap();
}

#[test]
fn standard_input_is_said_to_a_camera_without_a_microphone() {
    let camera = camera(true);
    let mut child = camera.tutk("talk").args(["-f", "-", "--codec=alaw"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&wav(8_000, 800)).unwrap();
    drop(stdin);
    let (heard, said) = hear(&camera);
    assert_eq!((heard.len(), said), (800, Some(AudioFormat::new(Codec::Alaw, 8_000))));
    assert_code(&finish(child), 0);
}

#[test]
fn what_cannot_be_said_is_told() {
    let file = env::temp_dir().join(crate::support::uid().as_str());
    fs::write(&file, b"OggS, and what follows").unwrap();
    let output = run(tutk(&["talk", "-d", "ABCDEFGHJKLMNPQRST12", "-f"]).arg(&file));
    assert_code(&output, 1);
    assert!(text(&output.stderr).contains("it is not a WAV file"));
    fs::write(&file, wav(8_000, 800)).unwrap();

    // Nothing is known of what it takes.
    let deaf = camera(false);
    let output = run(deaf.tutk("talk").arg("-f").arg(&file));
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains("--codec"));
    drop(deaf);

    let deaf = camera(false);
    let options = ["talk", "--codec=mulaw", "--timeout=3000", "-d", deaf.uid.as_str(), &deaf.address(), "-f"];
    let output = run(tutk(&options).arg(&file));
    assert_code(&output, 1);
    assert!(text(&output.stderr).contains("does not listen"));
    drop(deaf);

    let camera = camera(true);
    let child = camera.tutk("talk").arg("-f").arg(&file).spawn().unwrap();
    let viewer = camera.wait_for_listener();
    camera.send_audio(viewer, AudioFormat::new(Codec::AacAdts, 8_000), &[0; 320]);
    let output = finish(child);
    assert_code(&output, 1);
    assert!(text(&output.stderr).contains("tutkaudiosink"), "{}", text(&output.stderr));
    fs::remove_file(file).unwrap();
}

#[test]
fn a_signal_ends_it_in_order() {
    let camera = camera(true);
    let mut child = camera.tutk("talk").args(["-f", "-", "--codec=alaw"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&wav(8_000, 800)).unwrap();
    camera.wait(|event| matches!(event, CameraEvent::Talk { event: AvEvent::Audio(_), .. }).then_some(()));
    signal(&child, SIGINT);
    assert_code(&finish(child), 0);
    camera.wait(|event| matches!(event, CameraEvent::IoControl { kind: io_control::STOP_SPEAKER, .. }).then_some(()));
    camera.wait_for_close();
}

#[test]
fn audio_is_written_beside_the_video_and_alone() {
    let file = env::temp_dir().join(crate::support::uid().as_str());
    for alone in [false, true] {
        let camera = Running::start("", "");
        let mut command = camera.tutk("stream");
        command.args(["--audio", "-"]);
        if !alone {
            command.arg("-f").arg(&file);
        }
        let mut child = command.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        if !alone {
            let viewer = camera.wait_for_viewer();
            assert!(camera.send(viewer, b"a key frame", true));
        }
        let viewer = camera.wait_for_listener();
        let sent: Vec<Vec<u8>> = (1..5u8).map(|number| vec![number; 160]).collect();
        for block in &sent {
            camera.send_audio(viewer, AudioFormat::new(Codec::Mulaw, 8_000), block);
        }
        let mut received = vec![0; 640];
        stdout.read_exact(&mut received).unwrap();
        assert_eq!(received, sent.concat());
        signal(&child, SIGINT);
        let output = finish(child);
        assert_code(&output, 0);
        let stderr = text(&output.stderr);
        assert!(stderr.contains(", 8000 Hz, 16 bits, 1 channel(s)"), "{stderr}");
        assert_eq!(stderr.contains("4 frames"), alone, "{stderr}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"a key frame");
    fs::remove_file(file).unwrap();
    let output = run(&mut tutk(&["stream", "-d", "ABCDEFGHJKLMNPQRST12", "--audio=-", "-f", "-"]));
    assert_code(&output, 2);
}
