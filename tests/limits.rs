//! When the system's resources are used up: failures are reported, and the elements recover when there is more.
//!
//! Limits are a process's, so each of these has one of its own.

mod common;

use std::fs;
use std::process::Command;

use common::relay::Relay;
use common::{Camera, H264, LONG, Viewer, bytes, unit};
use gst::prelude::*;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Uid, setresuid};

fn alone(test: &str) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", test, "--nocapture", "--test-threads=1"])
        .status()
        .unwrap();
    assert!(status.success());
}

/// For as long as it lives, the process gets no more than this of something.
struct Limit(Resource, u64, u64);

impl Limit {
    fn new(resource: Resource, most: u64) -> Self {
        let (soft, hard) = getrlimit(resource).unwrap();
        setrlimit(resource, most, hard).unwrap();
        Self(resource, soft, hard)
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        setrlimit(self.0, self.1, self.2).unwrap();
    }
}

/// How many there are. Those that a test runner left open have high numbers, and take none that a limit allows.
fn descriptors() -> u64 {
    let number = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().to_str()?.parse::<u32>().ok();
    let all = fs::read_dir("/proc/self/fd").unwrap().filter_map(number).filter(|number| *number < 100);
    // The folder's own is one of them.
    all.count() as u64 - 1
}

/// The next frame from the camera comes out, as a key frame.
fn plays_on(camera: &Camera, viewer: &Viewer) {
    camera.wait_for_watcher();
    camera.push(unit(7, true), true);
    assert_eq!(bytes(&viewer.pull().0), unit(7, true));
}

#[test]
fn the_disk_is_full_under_a_recording() {
    // A disk of this test's own, where the system allows one.
    let folder = std::env::temp_dir().join(format!("tutk-full-disk-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let mount = format!("mount -t tmpfs -o size={DISK} tmpfs '{}'", folder.display());
    let unshare = |then: &str, rest: &[&str]| {
        let mut unshare = Command::new("unshare");
        if !Uid::effective().is_root() {
            unshare.arg("--map-root-user");
        }
        unshare.args(["--mount", "sh", "-c", &format!("{mount} && {then}"), "sh"]).args(rest);
        unshare.env("TUTK_TEST_DISK", &folder).status()
    };
    if unshare("true", &[]).is_ok_and(|status| status.success()) {
        let program = std::env::current_exe().unwrap();
        let test = ["--ignored", "--exact", "on_a_small_disk", "--nocapture", "--test-threads=1"];
        let arguments: Vec<&str> = std::iter::once(program.to_str().unwrap()).chain(test).collect();
        assert!(unshare("exec \"$@\"", &arguments).unwrap().success());
    } else {
        println!("This system allows no mount namespace: skipped");
    }
    fs::remove_dir(&folder).unwrap();
}

/// Room for a few of the tests' key frames.
const DISK: usize = 256 * 1024;

#[test]
#[ignore = "run by the other test, on a disk of its own"]
fn on_a_small_disk() {
    let folder = std::path::PathBuf::from(std::env::var_os("TUTK_TEST_DISK").unwrap());
    let camera = Camera::start(H264);
    let beside = Viewer::watch(&camera);
    let viewer = Viewer::of(&camera);
    viewer.pipeline.remove(&viewer.appsink).unwrap();
    let filesink = gst::ElementFactory::make("filesink").build().unwrap();
    filesink.set_property_from_str("buffer-mode", "unbuffered");
    viewer.pipeline.add(&filesink).unwrap();
    viewer.src.link(&filesink).unwrap();
    // The second time there is room again: a recorder has deleted the first file.
    for number in 0..2 {
        let file = folder.join(number.to_string());
        filesink.set_property("location", file.to_str().unwrap());
        viewer.play();
        camera.wait_for_watcher();
        let mut sent = Vec::new();
        for _ in 0..DISK / unit(0, true).len() + 1 {
            camera.push(unit(number, true), true);
            sent.extend(unit(number, true));
            // Who watches beside it does not notice.
            assert_eq!(bytes(&beside.pull().0), unit(number, true));
        }
        let (error, _) = viewer.error();
        assert!(error.matches(gst::ResourceError::NoSpaceLeft), "{error}");
        viewer.pipeline.set_state(gst::State::Null).unwrap();
        camera.wait(|event| matches!(event, common::Event::Removed(..)).then_some(()));
        // What was written until then is what was sent.
        let written = fs::read(&file).unwrap();
        assert!(written.len() > DISK / 2, "{}", written.len());
        assert_eq!(written, sent[..written.len()]);
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn no_descriptors() {
    alone("with_few_descriptors");
}

#[test]
#[ignore = "run by the other test, in a process of its own"]
fn with_few_descriptors() {
    let camera = Camera::start(H264);
    // A lost session is reconnected as soon as there are descriptors.
    let relay = Relay::new(&camera);
    let playing = Viewer::of(&camera);
    playing.src.set_property("address", relay.address());
    playing.src.set_property("idle-timeout", 5_000_u32);
    playing.play();
    plays_on(&camera, &playing);
    let limit = Limit::new(Resource::RLIMIT_NOFILE, descriptors());
    relay.cut(true);
    assert_eq!(playing.message("tutk-disconnected").get("reason"), Ok("silent"));
    relay.cut(false);
    // Its own, which it has just given back, are enough for it.
    plays_on(&camera, &playing);
    drop(limit);
    drop(playing);

    // A start fails for each number of descriptors that does not do, and says why.
    let mut failures = 0;
    for left in 0.. {
        let viewer = Viewer::of(&camera);
        viewer.src.set_property("retry-timeout", 0);
        // GStreamer makes its own before.
        viewer.pipeline.set_state(gst::State::Ready).unwrap();
        let limit = Limit::new(Resource::RLIMIT_NOFILE, descriptors() + left);
        let started = viewer.pipeline.set_state(gst::State::Playing).is_ok();
        let kinds = [gst::MessageType::Error, gst::MessageType::Element];
        let timeout = gst::ClockTime::try_from(LONG).unwrap();
        let message = viewer.pipeline.bus().unwrap().timed_pop_filtered(timeout, &kinds).expect("it hangs");
        drop(limit);
        let gst::MessageView::Error(error) = message.view() else {
            assert!(started);
            plays_on(&camera, &viewer);
            break;
        };
        let text = format!("{} {}", error.error(), error.debug().unwrap_or_default());
        assert!(text.contains("open files"), "{left} left: {text}");
        failures += 1;
        // With descriptors it starts.
        viewer.pipeline.set_state(gst::State::Null).unwrap();
        viewer.play();
        plays_on(&camera, &viewer);
    }
    assert!((1..10).contains(&failures), "{failures}");
}

#[test]
fn no_threads() {
    alone("without_more_threads");
}

#[test]
#[ignore = "run by the other test, in a process of its own"]
fn without_more_threads() {
    let camera = Camera::start(H264);
    let second = Camera::new(H264);
    let relay = Relay::new(&camera);
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("address", relay.address());
    viewer.src.set_property("idle-timeout", 5_000_u32);
    viewer.play();
    plays_on(&camera, &viewer);

    // Root has no such limit.
    if Uid::effective().is_root() {
        let nobody = Uid::from_raw(65_534);
        setresuid(nobody, nobody, nobody).unwrap();
    }
    let limit = Limit::new(Resource::RLIMIT_NPROC, 1);
    relay.cut(true);
    assert_eq!(viewer.message("tutk-disconnected").get("reason"), Ok("silent"));
    relay.cut(false);
    let disconnected = viewer.message("tutk-disconnected");
    assert_eq!(disconnected.get("reason"), Ok("network"));
    assert!(disconnected.get::<&str>("text").unwrap().contains("thread"), "{disconnected:?}");
    assert!(second.sink.set_state(gst::State::Paused).is_err(), "a camera needs a thread");
    let message = common::error(&second.pipeline);
    assert!(message.1.contains("thread") || message.0.to_string().contains("thread"), "{message:?}");
    drop(limit);
    plays_on(&camera, &viewer);
}
