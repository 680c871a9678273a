//! Recordings, played again.

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs, thread};

use crate::common::{Camera, LONG, Launched, PASSWORD, Server, unique};
use crate::rtsp::is_test_picture;

/// The files of a camera, the oldest first.
fn files(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.join("door")).into_iter().flatten().flatten();
    let mut files: Vec<_> = files.map(|file| file.path()).collect();
    files.sort();
    files
}

fn wait_for_files(folder: &Path, count: usize) {
    let deadline = Instant::now() + LONG;
    while files(folder).len() < count {
        assert!(Instant::now() < deadline, "{:?}", files(folder));
        thread::yield_now();
    }
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
