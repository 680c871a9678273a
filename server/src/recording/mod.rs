//! Recordings: files of a camera's video and sound, one after the other.

mod aac;
mod retention;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use gst::glib;
use gst::prelude::*;
pub(crate) use retention::keep;
use tokio::time::{sleep, timeout};

use crate::camera::{APPSRC, Camera, Feed, Session, Stream, Timeline, Watch};
use crate::config::Recording;
use crate::launch::Launched;
use crate::payload;

/// How long after a failure the next try is.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a file may take to be closed.
const CLOSING: Duration = Duration::from_secs(3);
/// How often it is looked whether sound comes.
const LOOK: Duration = Duration::from_secs(1);
/// What is shorter is no recording: an encoder of sound has given nothing yet.
const SHORTEST: gst::ClockTime = gst::ClockTime::from_mseconds(500);
/// How much of a file is lost where the computer fails, in ms.
const FRAGMENT: u32 = 1_000;

/// Records the camera until it is closed.
pub(crate) async fn record(camera: Arc<Camera>, settings: Recording) {
    let (mut trouble, file) = (String::new(), OpenFile::default());
    while !camera.is_closed() {
        let watch = camera.watch();
        // What keeps the camera away is said where its state changes.
        let session = tokio::select! {
            session = watch.playing() => session,
            () = camera.closes() => return,
        };
        let Ok(session) = session else {
            wait(&camera).await;
            continue;
        };
        match run(&camera, &watch, &session, &settings, &file).await {
            Ok(()) => trouble.clear(),
            Err(error) => {
                if has_content(take(&file)) {
                    trouble.clear();
                }
                let error = error.to_string();
                if error != trouble {
                    eprintln!("Camera {} is not recorded to {}: {error}", camera.name, settings.folder.display());
                    trouble = error;
                }
                wait(&camera).await;
            }
        }
    }
}

/// The file that was opened last, if any.
type OpenFile = Arc<Mutex<Option<PathBuf>>>;

fn take(file: &OpenFile) -> Option<PathBuf> {
    file.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Whether something was written before a failure. Otherwise the file is deleted: a full disk would collect one at each try.
fn has_content(file: Option<PathBuf>) -> bool {
    let Some(file) = file else { return false };
    let Ok(about) = fs::metadata(&file) else { return false };
    if about.len() == 0 {
        let _ = fs::remove_file(file);
    }
    about.len() > 0
}

async fn wait(camera: &Camera) {
    tokio::select! {
        () = sleep(PAUSE) => {}
        () = camera.closes() => {}
    }
}

/// Records until the session is over, or sound has stopped or is back: a file waits for what it has a track for.
async fn run(
    camera: &Camera,
    watch: &Watch,
    session: &Session,
    settings: &Recording,
    file: &OpenFile,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = settings.folder.join(&camera.name);
    fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let has_sound = sound(session).is_some();
    let pipeline = Launched::new(&description(session)?)?;
    let sink: gst::Element = pipeline.element("files")?;
    sink.set_property("max-size-time", u64::from(settings.seconds) * gst::ClockTime::SECOND.nseconds());
    let (name, opened) = (camera.name.clone(), file.clone());
    sink.connect("format-location", false, move |_| {
        let next = next_file(&folder, &name);
        let location = next.display().to_string();
        *opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
        Some(location.to_value())
    });
    let mut messages = pipeline.bus().ok_or("its pipeline has no bus")?.stream();
    pipeline.play()?;
    let feeds = feed(&pipeline, session);
    let mut opened = gst::ClockTime::ZERO;
    let mut failed = async || {
        while let Some(message) = messages.next().await {
            match message.view() {
                gst::MessageView::Error(error) => return Some(error.error().message().to_owned()),
                gst::MessageView::Eos(_) => break,
                gst::MessageView::Element(element) => {
                    if let Some(message) = element.structure() {
                        opened = heed(message, opened);
                    }
                }
                _ => {}
            }
        }
        None
    };
    tokio::select! {
        error = failed() => return error.map_or(Ok(()), |error| Err(error.into())),
        () = watch.lost() => {}
        () = sound_changes(session, has_sound) => {}
    }
    drop(feeds);
    pipeline.send_event(gst::event::Eos::new());
    let error = timeout(CLOSING, failed()).await.ok().flatten();
    error.map_or(Ok(()), |error| Err(error.into()))
}

/// Deletes a file that was closed so soon that it may have no sound, and cannot be played then. `opened` is when the file was
/// begun, by the time of the pipeline; returns the same of the next one.
fn heed(message: &gst::StructureRef, opened: gst::ClockTime) -> gst::ClockTime {
    let Ok(now) = message.get::<gst::ClockTime>("running-time") else { return opened };
    if message.has_name("splitmuxsink-fragment-closed")
        && now.saturating_sub(opened) < SHORTEST
        && let Ok(file) = message.get::<&str>("location")
    {
        let _ = fs::remove_file(file);
    }
    if message.has_name("splitmuxsink-fragment-opened") { now } else { opened }
}

/// The camera's sound, while there is some.
fn sound(session: &Session) -> Option<Arc<Stream>> {
    session.audio().filter(|audio| audio.flows())
}

async fn sound_changes(session: &Session, has_sound: bool) {
    while sound(session).is_some() == has_sound {
        sleep(LOOK).await;
    }
}

fn feed(pipeline: &Launched, session: &Session) -> Vec<Feed> {
    let timeline = Timeline::default();
    let streams = [session.video(), session.audio()].into_iter().zip(["video", "audio"]);
    streams.filter_map(|(stream, name)| Some(stream?.feed_recorder(&pipeline.element(name).ok()?, &timeline))).collect()
}

/// A file that can be played up to where it was written, whatever happened then.
fn description(session: &Session) -> Result<String, String> {
    let video = session.video().and_then(|video| video.caps()).ok_or("it sends no video")?;
    let parse = match payload::name(&video) {
        "video/x-h264" => "h264parse",
        "video/x-h265" => "h265parse",
        "video/mpeg" => "mpeg4videoparse",
        other => return Err(format!("there is no {other} in MP4")),
    };
    let mut description = format!(
        "splitmuxsink name=files muxer-factory=mp4mux \
         muxer-properties=properties,fragment-duration={FRAGMENT},streamable=true \
         {APPSRC}=video ! {parse} ! queue max-size-time=0 max-size-buffers=0 ! files.video"
    );
    if let Some(audio) = sound(session).and_then(|audio| audio.caps()) {
        let encode = match payload::name(&audio) {
            "audio/mpeg" => String::from("parsebin"),
            _ => format!("decodebin ! audioconvert ! audioresample ! {} ! aacparse", aac::encoder()),
        };
        description +=
            &format!(" {APPSRC}=audio ! {encode} ! queue max-size-time=0 max-size-buffers=0 ! files.audio_0");
    }
    Ok(description)
}

/// A name that no file has, and that comes after those of all files before, wherever names are sorted.
fn next_file(folder: &Path, camera: &str) -> PathBuf {
    let begun = glib::DateTime::now_utc().ok();
    let names = (0..).map(|later| {
        let time = begun.as_ref().and_then(|begun| time(begun, later)).unwrap_or_else(|| format!("unknown-{later}"));
        folder.join(format!("{camera}-{time}.mp4"))
    });
    let mut free = names.filter(|file| !file.exists());
    free.next().unwrap_or_default()
}

/// This time and so many milliseconds, as `20261127T220200.123Z`.
fn time(begun: &glib::DateTime, later: i64) -> Option<String> {
    let time = begun.add(glib::TimeSpan::from_milliseconds(later)).ok()?;
    let seconds = time.format("%Y%m%dT%H%M%S").ok()?;
    Some(format!("{seconds}.{:03}Z", time.microsecond() / 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_leaves_no_empty_file() {
        let name = |what: &str| std::env::temp_dir().join(format!("tutk-server-{what}-{}", std::process::id()));
        let (empty, begun) = (name("empty"), name("begun"));
        fs::write(&empty, "").unwrap();
        fs::write(&begun, "something").unwrap();
        let contents = [Some(empty.clone()), Some(begun.clone()), Some(name("none")), None].map(has_content);
        let left = [empty, begun.clone()].map(|file| file.exists());
        fs::remove_file(begun).unwrap();
        assert_eq!((contents, left), ([false, true, false, false], [false, true]));
    }

    #[test]
    fn names_sort_as_the_files_were_begun() {
        let folder = std::env::temp_dir().join(format!("tutk-server-names-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let begin = |_| {
            let file = next_file(&folder, "door");
            fs::write(&file, "").unwrap();
            file
        };
        let files: Vec<_> = (0..12).map(begin).collect();
        fs::remove_dir_all(&folder).unwrap();
        assert!(files.is_sorted(), "{files:?}");
        for file in &files {
            assert!(retention::is_recording(file.file_name().unwrap().to_str().unwrap(), "door"), "{file:?}");
        }
    }
}
