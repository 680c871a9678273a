//! What several test programs use.
#![allow(missing_docs, reason = "these are tests")]

pub(crate) mod camera;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

/// The thread that calls this, as `/proc` knows it.
pub(crate) fn this_thread() -> PathBuf {
    Path::new("/proc").join(fs::read_link("/proc/thread-self").unwrap())
}

/// Waits until the thread waits for something, or has ended.
pub(crate) fn wait_until_blocked(thread: &Path) {
    // The state follows the name, which is in parentheses and may hold any letter.
    let runs = |stat: String| stat.rsplit(") ").next().is_some_and(|fields| fields.starts_with('R'));
    while fs::read_to_string(thread.join("stat")).is_ok_and(runs) {
        thread::yield_now();
    }
}
