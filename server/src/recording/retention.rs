//! Which recordings are kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::time::{Duration, SystemTime};

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::config::Retention;
use crate::site::Site;

const PERIOD: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    path: PathBuf,
    written: SystemTime,
    bytes: u64,
}

/// Deletes what is too old or too much, as long as there is a site.
pub(crate) async fn keep(site: Weak<Site>) {
    while let Some(site) = site.upgrade() {
        let retention = site.retention();
        drop(site);
        if let Some(retention) = retention {
            let _ = spawn_blocking(move || clean(&retention)).await;
        }
        sleep(PERIOD).await;
    }
}

fn clean(retention: &Retention) {
    for path in superfluous(list(&retention.folder), retention, SystemTime::now()) {
        match fs::remove_file(&path) {
            Ok(()) => println!("{} was deleted, as the settings say", path.display()),
            Err(error) => eprintln!("{} cannot be deleted: {error}", path.display()),
        }
    }
}

/// The recordings in the folders of all cameras. Other files are nobody's business.
fn list(folder: &Path) -> Vec<File> {
    let cameras = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = cameras.flat_map(|camera| {
        let name = camera.file_name().into_string().unwrap_or_default();
        let files = fs::read_dir(camera.path()).into_iter().flatten().flatten();
        files.filter(move |file| file.file_name().to_str().is_some_and(|file| is_recording(file, &name)))
    });
    let file = |file: fs::DirEntry| {
        let about = file.metadata().ok().filter(fs::Metadata::is_file)?;
        Some(File { path: file.path(), written: about.modified().ok()?, bytes: about.len() })
    };
    files.filter_map(file).collect()
}

/// Whether this server has given this name, as `door-20261127T220200.123Z.mp4`.
pub(super) fn is_recording(file: &str, camera: &str) -> bool {
    let time = file.strip_prefix(camera).and_then(|rest| rest.strip_prefix('-')?.strip_suffix("Z.mp4"));
    let parts = time.and_then(|time| {
        let (day, time) = time.split_once('T')?;
        let (seconds, milliseconds) = time.split_once('.')?;
        Some([(day, 8), (seconds, 6), (milliseconds, 3)])
    });
    let digits = |(text, count): (&str, usize)| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    parts.is_some_and(|parts| parts.into_iter().all(digits))
}

/// The oldest ones, until the rest is young and small enough.
fn superfluous(mut files: Vec<File>, retention: &Retention, now: SystemTime) -> Vec<PathBuf> {
    files.sort_by_key(|file| file.written);
    let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
    let is_old = |file: &File| {
        let age = now.duration_since(file.written).unwrap_or_default();
        retention.days.is_some_and(|days| age > DAY * days)
    };
    let mut is_too_much = |file: &File| {
        let is_too_much = is_old(file) || retention.bytes.is_some_and(|most| bytes > most);
        if is_too_much {
            bytes -= file.bytes;
        }
        is_too_much
    };
    // The last one may be the one that is written.
    files.pop();
    files.into_iter().filter(|file| is_too_much(file)).map(|file| file.path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(days: Option<u32>, bytes: Option<u64>) -> Vec<u64> {
        let now = SystemTime::UNIX_EPOCH + 100 * DAY;
        let file = |age: u64| File {
            path: age.to_string().into(),
            written: now - DAY * u32::try_from(age).unwrap(),
            bytes: 10,
        };
        let files: Vec<_> = [3, 1, 4, 2, 0].map(file).into();
        let retention = Retention { folder: PathBuf::new(), days, bytes };
        let gone = superfluous(files.clone(), &retention, now);
        let left = files.into_iter().filter(|file| !gone.contains(&file.path));
        let mut left: Vec<_> = left.map(|file| file.path.display().to_string().parse().unwrap()).collect();
        left.sort_unstable();
        left
    }

    #[test]
    fn the_oldest_go_first() {
        assert_eq!(left(None, None), [0, 1, 2, 3, 4]);
        assert_eq!(left(Some(2), None), [0, 1, 2]);
        assert_eq!(left(None, Some(25)), [0, 1]);
        assert_eq!(left(Some(3), Some(30)), [0, 1, 2]);
        // What is written now is left.
        assert_eq!(left(None, Some(0)), [0]);
    }

    #[test]
    fn only_recordings_are_deleted() {
        assert!(is_recording("door-20261127T220200.123Z.mp4", "door"));
        for file in [
            "door.mp4",
            "door-.mp4",
            "holiday.mp4",
            "door-20261127.mp4",
            "door-20261127T220200Z.mp4",
            "door-20261127T220200.xxxZ.mp4",
            "door-20261127T220200.123Z",
            "gate-20261127T220200.123Z.mp4",
        ] {
            assert!(!is_recording(file, "door"), "{file}");
        }
    }
}
