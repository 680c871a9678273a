//! Files that are recorded without transcoding.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::channel;

use gst::prelude::*;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::pictures::{Launched, TestPictureCamera, gst_launch};

/// A folder that is gone after the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(crate::common::uid());
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Decodes the file and returns the number of its pictures; the first frame must be a key frame.
fn count_pictures(file: &str) -> usize {
    count_pictures_of("h264", file)
}

/// As [`count_pictures`], of this codec.
pub(crate) fn count_pictures_of(codec: &str, file: &str) -> usize {
    let demuxer = if file.ends_with(".mp4") { "qtdemux" } else { "matroskademux" };
    let player = Launched::new(&format!(
        "filesrc location={file} ! {demuxer} ! identity name=frames ! {codec}parse \
         ! avdec_{codec} output-corrupt=false ! appsink name=out sync=false"
    ));
    let (sender, frames) = channel();
    player.element("frames").static_pad("src").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let _ = sender.send(info.buffer().unwrap().flags().contains(gst::BufferFlags::DELTA_UNIT));
        gst::PadProbeReturn::Ok
    });
    player.set_state(gst::State::Playing).unwrap();
    let pictures = player.count_pictures();
    let frames: Vec<_> = frames.try_iter().collect();
    assert_eq!(frames.first(), Some(&false), "{file} does not begin with a key frame");
    assert_eq!(frames.len(), pictures, "{file} has frames that were not decoded");
    pictures
}

#[test]
fn every_segment_of_splitmuxsink_plays() {
    let (camera, folder) = (TestPictureCamera::start(), Folder::new());
    let recorder = Launched::play(&format!(
        "{} num-buffers=60 ! h264parse ! splitmuxsink max-size-time=500000000 location={}",
        camera.source(),
        folder.file("%d.mp4")
    ));
    recorder.wait_for(gst::MessageType::Eos);
    drop(recorder);
    let pictures =
        (0..).map(|number| folder.file(&format!("{number}.mp4"))).take_while(|file| fs::exists(file).unwrap());
    let pictures: Vec<_> = pictures.map(|file| count_pictures(&file)).collect();
    assert!(pictures.len() >= 3, "{pictures:?}");
    assert_eq!(pictures.iter().sum::<usize>(), 60);
}

#[test]
fn gst_launch_ends_a_recording_when_interrupted() {
    let (camera, folder) = (TestPictureCamera::start(), Folder::new());
    let file = folder.file("camera.mp4");
    let mut recorder = gst_launch()
        .args(["-e", "-v"])
        .args(camera.source().split(' '))
        .args(["!", "identity", "name=frames", "silent=false", "!", "h264parse", "!", "mp4mux", "!", "filesink"])
        .arg(format!("location={file}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(recorder.stdout.take().unwrap()).lines();
    let mut frames = lines.filter(|line| line.as_ref().unwrap().contains("last-message = chain"));
    assert_eq!(frames.by_ref().take(20).count(), 20);
    kill(Pid::from_raw(recorder.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let rest = frames.count();
    assert!(recorder.wait().unwrap().success());
    assert_eq!(count_pictures(&file), 20 + rest);
}
