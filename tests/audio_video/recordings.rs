//! Files of commands as `docs/tutkdemux.md` has them: none stands still because audio comes and video does not.

use std::fs;
use std::path::{Path, PathBuf};

use gst::prelude::*;

use crate::common::pictures::Launched;
use crate::scene::{GOP, Scene};

/// A recorder of a camera, and where its files are.
struct Recorder {
    pipeline: Launched,
    folder: PathBuf,
}

impl Recorder {
    /// `files`: an element with the name `file`, and pads for both.
    fn start(scene: &Scene, video: &str, audio: &str, files: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(crate::common::uid());
        fs::create_dir(&folder).unwrap();
        let files = files.replace("FOLDER", folder.to_str().unwrap());
        let pipeline = Launched::play(&format!(
            "{} ! tutkdemux name=camera camera.video_0 ! queue ! h264parse ! file.{video} \
             camera.audio_0 ! queue ! decodebin ! audioconvert ! avenc_aac ! file.{audio} {files}",
            scene.camera.source(),
        ));
        Self { pipeline, folder }
    }

    fn splitmux(scene: &Scene) -> Self {
        Self::start(scene, "video", "audio_0", "splitmuxsink name=file location=FOLDER/camera%05d.mp4")
    }

    /// Ends the recording. Returns the pictures and the seconds of sound in its file.
    fn end(self) -> (usize, f64) {
        self.pipeline.send_event(gst::event::Eos::new());
        self.pipeline.wait_for(gst::MessageType::Eos);
        self.pipeline.set_state(gst::State::Null).unwrap();
        let files: Vec<_> = fs::read_dir(&self.folder).unwrap().map(|file| file.unwrap().path()).collect();
        let [file] = &files[..] else { panic!("{files:?}") };
        let demuxer = if file.extension().unwrap() == "mp4" { "qtdemux" } else { "matroskademux" };
        let demuxer = format!("filesrc location={} ! {demuxer} name=demux demux.", file.display());
        let pictures = Launched::play(&format!("{demuxer} ! h264parse ! avdec_h264 ! appsink name=out sync=false"));
        let sound = Launched::play(&format!(
            "{demuxer} ! aacparse ! avdec_aac ! audioconvert ! audioresample \
             ! audio/x-raw,format=S16LE,rate=8000,channels=1 ! appsink name=out sync=false"
        ));
        let bytes: usize = std::iter::from_fn(|| sound.pull()).map(|sample| sample.buffer().unwrap().size()).sum();
        (pictures.count_pictures(), bytes as f64 / 16_000.0)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The picture begins four seconds after the sound, as of a camera with long GOPs.
fn late_picture(scene: &Scene, recorder: Recorder) {
    let viewer = scene.camera.wait_for_watcher();
    scene.send(viewer, 7 * GOP, |frame| frame >= 4 * GOP);
    let (pictures, sound) = recorder.end();
    assert!(pictures > 2 * GOP, "{pictures} pictures");
    assert!(sound > 2.0, "{sound} s of sound");
}

#[test]
fn the_first_picture_is_late_in_splitmuxsink() {
    let scene = Scene::new();
    late_picture(&scene, Recorder::splitmux(&scene));
}

#[test]
fn the_first_picture_is_late_in_mp4() {
    let scene = Scene::new();
    let files = "mp4mux name=file ! filesink location=FOLDER/camera.mp4";
    late_picture(&scene, Recorder::start(&scene, "video_0", "audio_0", files));
}

#[test]
fn the_first_picture_is_late_in_mkv() {
    let scene = Scene::new();
    let files = "matroskamux name=file ! filesink location=FOLDER/camera.mkv";
    late_picture(&scene, Recorder::start(&scene, "video_0", "audio_0", files));
}

#[test]
fn the_picture_begins_between_two_key_frames() {
    let scene = Scene::new();
    let recorder = Recorder::splitmux(&scene);
    let viewer = scene.camera.wait_for_watcher();
    // Frame 1 and those that follow it cannot be decoded without frame 0.
    scene.send(viewer, 7 * GOP, |frame| (1..GOP).contains(&frame) || frame >= 4 * GOP);
    let (pictures, sound) = recorder.end();
    assert!(pictures > 2 * GOP, "{pictures} pictures");
    assert!(sound > 2.0, "{sound} s of sound");
}

#[test]
fn the_picture_has_a_hole() {
    let scene = Scene::new();
    let recorder = Recorder::splitmux(&scene);
    let viewer = scene.camera.wait_for_watcher();
    scene.send(viewer, 9 * GOP, |frame| !(2 * GOP..6 * GOP).contains(&frame));
    let (pictures, sound) = recorder.end();
    assert!(pictures > 4 * GOP, "{pictures} pictures");
    // The hole has sound.
    assert!(sound > 8.0, "{sound} s of sound");
}

#[test]
fn the_sound_has_a_hole() {
    let scene = Scene::new();
    let recorder = Recorder::splitmux(&scene);
    let viewer = scene.camera.wait_for_watcher();
    scene.send_both(viewer, 9 * GOP, |_| true, |frame| !(2 * GOP..6 * GOP).contains(&frame));
    let (pictures, sound) = recorder.end();
    assert!(pictures > 8 * GOP, "{pictures} pictures");
    assert!(sound > 4.0, "{sound} s of sound");
}

#[test]
fn the_camera_reconnects_and_its_picture_is_late() {
    let scene = Scene::new();
    // mp4mux of GStreamer 1.22 leaks gap events.
    let files = "splitmuxsink name=file muxer-factory=matroskamux location=FOLDER/camera%05d.mkv";
    let recorder = Recorder::start(&scene, "video", "audio_0", files);
    let viewer = scene.camera.wait_for_watcher();
    scene.send(viewer, 2 * GOP, |_| true);
    scene.camera.close(viewer);
    let viewer = scene.camera.wait_for_watcher();
    scene.send(viewer, 7 * GOP, |frame| frame >= 4 * GOP);
    let (pictures, sound) = recorder.end();
    assert!(pictures > 3 * GOP, "{pictures} pictures");
    assert!(sound > 3.0, "{sound} s of sound");
}
