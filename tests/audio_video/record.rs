//! The example `record`, as a process of its own: its files have both streams.

// The main function is this test program's.
#[allow(dead_code, unreachable_pub, missing_docs, reason = "it is a program")]
#[path = "../../examples/record.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::LONG;
use crate::common::pictures::Launched;
use crate::scene::{GOP, Scene};

#[test]
#[ignore = "the program itself; the tests start it as a process of its own"]
fn recorder() {
    let Ok(arguments) = env::var("RECORDER_ARGUMENTS") else { return };
    program::run(arguments.split_whitespace().map(String::from)).unwrap();
}

struct Recorder {
    process: Child,
    folder: PathBuf,
}

impl Recorder {
    /// Files of a second each.
    fn start(uid: &str, ending: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(crate::common::uid());
        fs::create_dir(&folder).unwrap();
        let process = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "record::recorder", "--nocapture"])
            .env("RECORDER_ARGUMENTS", format!("{uid} {} 1", folder.display()))
            .env("RECORD_AS", ending)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, folder }
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(&self.folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What is in a file: pictures, and bytes of sound of 16 bits at 8 kHz.
fn contents(file: &Path, demuxer: &str) -> (usize, usize) {
    let demuxer = format!("filesrc location={} ! {demuxer} name=demux demux.", file.display());
    let pictures = Launched::play(&format!("{demuxer} ! h264parse ! avdec_h264 ! appsink name=out sync=false"));
    let sound = Launched::play(&format!(
        "{demuxer} ! aacparse ! avdec_aac ! audioconvert ! audioresample \
         ! audio/x-raw,format=S16LE,rate=8000,channels=1 ! appsink name=out sync=false"
    ));
    let bytes = std::iter::from_fn(|| sound.pull()).map(|sample| sample.buffer().unwrap().size()).sum();
    (pictures.count_pictures(), bytes)
}

fn records(ending: &str, demuxer: &str) {
    let scene = Scene::new();
    let mut recorder = Recorder::start(&scene.camera.uid, ending);
    let viewer = scene.camera.wait_for_watcher();
    let begin = Instant::now();
    while recorder.files().len() < 2 {
        assert!(begin.elapsed() < LONG, "{:?}", recorder.files());
        scene.send(viewer, 3 * GOP, |_| true);
    }
    kill(Pid::from_raw(recorder.process.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let end = Instant::now();
    let status = loop {
        match recorder.process.try_wait().unwrap() {
            Some(status) => break status,
            None => assert!(end.elapsed() < LONG, "it goes on"),
        }
        thread::sleep(Duration::from_millis(10));
    };
    assert!(status.success(), "{status}");
    let (pictures, sound) = contents(&recorder.files()[0], demuxer);
    assert!(pictures >= GOP && sound > 8_000, "{pictures} pictures and {sound} bytes of sound");
}

#[test]
fn as_a_transport_stream() {
    records("ts", "tsdemux");
}

#[test]
fn as_mp4() {
    records("mp4", "qtdemux");
}

#[test]
fn as_mkv() {
    records("mkv", "matroskademux");
}
