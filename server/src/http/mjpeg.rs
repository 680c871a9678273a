//! `/mjpeg/NAME`: pictures one after the other, for browsers that cannot play what the camera sends.

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::SharedApp;
use super::answer::Failure;
use super::camera::Watched;
use crate::camera::{APPSRC, Feed, PATIENCE, Session, Timeline, Watch};
use crate::launch::Launched;

const BOUNDARY: &str = "tutk-picture";
/// Decoding is what costs: no more than the eye needs.
const PIPELINE: &str = "decodebin ! videorate drop-only=true max-rate=10 ! videoconvert ! videoscale \
                        ! video/x-raw,width=[1,1280],pixel-aspect-ratio=1/1 ! jpegenc quality=75 \
                        ! appsink name=out sync=false max-buffers=1 drop=true";

/// Those at work, by the names of their cameras.
#[derive(Default)]
pub(super) struct Transcoders(Mutex<HashMap<String, Weak<Transcoder>>>);

/// One for all who watch a camera this way.
struct Transcoder {
    // Fields are dropped in this order.
    _feed: Feed,
    pipeline: Launched,
    _watch: Watch,
    session: Weak<Session>,
    pictures: watch::Receiver<Bytes>,
}

impl Transcoder {
    fn start(watch: Watch, session: &Arc<Session>) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let video = session.video().ok_or("the camera sends no video")?;
        let pipeline = Launched::new(&format!("{APPSRC}=in ! {PIPELINE}"))?;
        let feed = video.feed(&pipeline.element("in")?, &Timeline::default());
        let output: gst_app::AppSink = pipeline.element("out")?;
        let (sender, pictures) = watch::channel(Bytes::new());
        let sender = Arc::new(Mutex::new(Some(sender)));
        let to_end = sender.clone();
        let callbacks = gst_app::AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let picture = sample.buffer().and_then(|buffer| buffer.map_readable().ok());
                if let (Some(picture), Some(sender)) = (picture, &*lock(&sender)) {
                    let _ = sender.send(Bytes::copy_from_slice(&picture));
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .eos(move |_| drop(lock(&to_end).take()));
        output.set_callbacks(callbacks.build());
        pipeline.play()?;
        Ok(Self { _feed: feed, pipeline, _watch: watch, session: Arc::downgrade(session), pictures })
    }
}

impl Transcoders {
    /// The camera's transcoder, which is started if there is none.
    fn get(
        &self,
        name: String,
        watch: Watch,
        session: &Arc<Session>,
    ) -> Result<Arc<Transcoder>, Box<dyn Error + Send + Sync>> {
        let mut all = lock(&self.0);
        all.retain(|_, transcoder| transcoder.strong_count() > 0);
        let at_work = all.get(&name).and_then(Weak::upgrade);
        if let Some(transcoder) = at_work.filter(|transcoder| transcoder.session.as_ptr() == Arc::as_ptr(session)) {
            return Ok(transcoder);
        }
        let transcoder = Arc::new(Transcoder::start(watch, session)?);
        all.insert(name, Arc::downgrade(&transcoder));
        Ok(transcoder)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) async fn mjpeg(State(app): SharedApp, Watched(camera): Watched) -> Result<Response, Failure> {
    let watch = camera.watch();
    let session = watch.playing().await.map_err(Failure::unavailable)?;
    let name = camera.name.clone();
    let transcoder = spawn_blocking(move || app.transcoders.get(name, watch, &session)).await;
    let transcoder = transcoder.map_err(Failure::unavailable)?.map_err(Failure::unavailable)?;
    let mut pictures = transcoder.pictures.clone();
    let first = timeout(PATIENCE, pictures.wait_for(|picture| !picture.is_empty())).await.map(|first| first.is_ok());
    if first != Ok(true) {
        let text = format!("Camera {}: its pictures cannot be decoded: {}", camera.name, transcoder.pipeline.trouble());
        return Err(Failure::unavailable(text));
    }
    pictures.mark_changed();
    // A slow client gets the newest picture, and misses others.
    let parts = stream::unfold((transcoder, pictures), |(transcoder, mut pictures)| async move {
        pictures.changed().await.ok()?;
        let picture = pictures.borrow_and_update().clone();
        let head = format!("--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", picture.len());
        let part = Bytes::from([head.as_bytes(), &picture, b"\r\n"].concat());
        Some((Ok::<_, Infallible>(part), (transcoder, pictures)))
    });
    let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    Ok(([(header::CONTENT_TYPE, kind)], Body::from_stream(parts)).into_response())
}
