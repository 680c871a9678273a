//! With `GST_TRACERS=leaks` in the environment, a test program fails if objects of GStreamer outlive its tests.
//!
//! `cargo test` lets a test program run nothing at its end. Each test has a thread of its own, so that the last one to run
//! looks when its thread ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{panic, process, thread};

use gst::prelude::*;

use super::LONG;

/// What is made once and kept: what plugins register, the one device provider of its factory with its bus, and the caps of
/// `fallbacksrc`.
const KEPT: [&str; 5] =
    ["GstPlugin,", "Factory,", "GstTutkDeviceProvider,", "GstBus,", "(string)audio/x-raw(ANY); video/x-raw(ANY),"];

/// How many tests run.
static RUNNING: Mutex<usize> = Mutex::new(0);
/// Whether one has failed: that is to be told, and not what it left behind.
static FAILED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static TEST: Test = Test::begin();
}

/// Once in each test program, after GStreamer's own initialisation.
pub fn init() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        FAILED.store(true, Ordering::Relaxed);
        report(info);
    }));
}

/// This thread is a test.
pub fn watch_this_test() {
    TEST.with(|_| ());
}

struct Test;

impl Test {
    fn begin() -> Self {
        *RUNNING.lock().unwrap() += 1;
        Self
    }
}

impl Drop for Test {
    fn drop(&mut self) {
        // No other test begins meanwhile.
        let mut running = RUNNING.lock().unwrap();
        *running -= 1;
        let tracers = gst::active_tracers();
        let tracer = tracers.iter().find(|tracer| tracer.type_().name() == "GstLeaksTracer");
        let (Some(tracer), 0, false) = (tracer, *running, FAILED.load(Ordering::Relaxed)) else { return };

        gst::log::remove_default_log_function();
        gst::log::set_threshold_for_name("GST_TRACER", gst::DebugLevel::Trace);
        let deadline = Instant::now() + LONG;
        let mut alive = live_objects(tracer);
        // Threads of GStreamer may let go of theirs a moment later.
        while !alive.is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
            alive = live_objects(tracer);
        }
        if !alive.is_empty() {
            eprintln!("these objects outlive the tests: {alive:#?}");
            process::abort();
        }
    }
}

/// What the tracer finds, which it writes to the log.
fn live_objects(tracer: &gst::Tracer) -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let to = lines.clone();
    let log = gst::log::add_log_function(move |category, _, _, _, _, _, message| {
        if let ("GST_TRACER", Some(line)) = (category.name(), message.get()) {
            to.lock().unwrap().push(line.to_string());
        }
    });
    tracer.emit_by_name::<()>("log-live-objects", &[]);
    gst::log::remove_log_function(log);
    let mut lines = std::mem::take(&mut *lines.lock().unwrap());
    lines.retain(|line| !KEPT.iter().any(|kept| line.contains(kept)));
    lines
}
