//! Recordings, played again.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use crate::common::{Camera, LONG, Launched, PASSWORD, Server, unique};
use crate::rtsp::{is_test_picture, pull_pictures};

/// The files of a camera, the oldest first.
fn files(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.join("door")).into_iter().flatten().flatten();
    let mut files: Vec<_> = files.map(|file| file.path()).collect();
    files.sort();
    files
}

fn wait(folder: &Path, is_so: impl Fn(&[PathBuf]) -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so(&files(folder)) {
        assert!(Instant::now() < deadline, "{:?}", files(folder));
        thread::sleep(Duration::from_millis(20));
    }
}

fn wait_for_files(folder: &Path, count: usize) {
    wait(folder, |files| files.len() >= count);
}

/// Whether a file has a track of sound.
fn has_sound(file: &Path) -> bool {
    fs::read(file).unwrap().windows(4).any(|four| four == b"soun")
}

/// When the pictures of a file are shown.
fn times(file: &Path) -> Vec<gst::ClockTime> {
    let player = Launched::play(&format!(
        "filesrc location={} ! qtdemux ! h264parse ! avdec_h264 ! appsink name=video sync=false",
        file.display()
    ));
    let pictures = std::iter::from_fn(|| player.pull("video")).inspect(|picture| assert!(is_test_picture(picture)));
    pictures.map(|picture| picture.buffer().unwrap().pts().unwrap()).collect()
}

/// How many pictures are in a file, and how much sound.
fn content(file: &Path) -> (usize, usize) {
    let player = Launched::play(&format!(
        "filesrc location={} ! qtdemux name=demux \
         demux.video_0 ! queue ! h264parse ! avdec_h264 ! appsink name=video sync=false \
         demux.audio_0 ! queue ! aacparse ! avdec_aac ! appsink name=audio sync=false",
        file.display()
    ));
    let pictures = std::iter::from_fn(|| player.pull("video")).inspect(|picture| assert!(is_test_picture(picture)));
    (pictures.count(), std::iter::from_fn(|| player.pull("audio")).count())
}

#[test]
fn a_camera_is_recorded_without_a_viewer_and_from_one_start_to_the_next() {
    let camera = Camera::start();
    let folder = env::temp_dir().join(format!("tutk-server-recordings-{}", unique()));
    let recording = format!("[recording]\nfolder = \"{}\"\nlength = 1\n", folder.display());
    let settings = format!("{}record = true\n{recording}", camera.section("door", PASSWORD));
    let mut server = Server::start(&settings);
    wait_for_files(&folder, 2);
    server.end();
    let before = files(&folder);
    let mut server = Server::start(&settings);
    wait_for_files(&folder, before.len() + 2);
    server.end();

    let all = files(&folder);
    let contents: Vec<_> = all.iter().map(|file| content(file)).collect();
    fs::remove_dir_all(&folder).unwrap();
    assert!(before.iter().all(|file| all.contains(file)), "{before:?} {all:?}");
    // From one key frame to the next: 1 s, at 15 pictures a second.
    let is_whole = |(pictures, sound): &(usize, usize)| *pictures >= 10 && *sound >= 3;
    assert!(contents[before.len()..].iter().any(is_whole), "{contents:?}");
    assert!(contents.iter().all(|(pictures, sound)| *pictures > 0 || *sound == 0), "{contents:?}");
}

#[test]
#[ignore = "takes long: scripts/test server"]
fn a_recording_goes_on_without_sound_and_has_the_times_of_the_pictures() {
    let camera = Camera::start();
    let folder = env::temp_dir().join(format!("tutk-server-recordings-{}", unique()));
    let recording = format!("[recording]\nfolder = \"{}\"\nlength = 1\n", folder.display());
    let settings = camera.section("door", PASSWORD) + &recording;
    // Somebody watches before, so that there are pictures since the last key frame.
    let mut server = Server::start(&settings);
    let client = server.watch("door", "", "protocols=tcp");
    pull_pictures(&client, 25);
    server.reload(|text| text.replace("password =", "record = true\npassword ="));
    wait_for_files(&folder, 2);
    for works in [false, true] {
        camera.set_sound(works);
        // Others than the last one are closed.
        wait(&folder, |files| files.iter().rev().skip(1).take(2).filter(|file| has_sound(file) == works).count() == 2);
    }
    server.end();

    let all = files(&folder);
    let closed: Vec<_> = all.iter().map(|file| (times(file), has_sound(file))).collect();
    fs::remove_dir_all(&folder).unwrap();
    for (times, _) in &closed {
        let is_close = |pair: &[gst::ClockTime]| pair[1] - pair[0] < gst::ClockTime::from_mseconds(20);
        assert!(!times.windows(2).any(is_close), "{times:?}");
    }
    let mut sound: Vec<_> = closed.iter().map(|(_, sound)| *sound).collect();
    sound.dedup();
    assert_eq!(sound, [true, false, true], "{closed:?}");
}
