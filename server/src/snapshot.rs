//! One picture of a camera, as JPEG.

use std::error::Error;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::spawn_blocking;

use crate::camera::{Camera, State};
use crate::launch::Launched;

/// How long a picture is good enough: a camera is not connected for another one sooner.
const FRESH: Duration = Duration::from_secs(60);
/// The same for a camera that is connected anyway.
const FRESH_WHILE_PLAYING: Duration = Duration::from_secs(2);
/// How many cameras give a picture at once.
static TURNS: Semaphore = Semaphore::const_new(4);
/// How long a decoder may take.
const DECODER: gst::ClockTime = gst::ClockTime::from_seconds(10);

#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) jpeg: Bytes,
    pub(crate) taken: SystemTime,
}

impl Picture {
    fn age(&self) -> Duration {
        self.taken.elapsed().unwrap_or_default()
    }
}

/// The last picture that was taken.
#[derive(Default)]
pub(crate) struct LastPicture {
    /// Locked while one is taken.
    turn: Mutex<()>,
    picture: std::sync::Mutex<Option<Picture>>,
}

impl LastPicture {
    pub(crate) fn get(&self) -> Option<Picture> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, picture: Picture) {
        *self.picture.lock().unwrap_or_else(PoisonError::into_inner) = Some(picture);
    }
}

/// A picture of the camera, which is connected for it if it has to be. Errors are for the camera's owner.
pub(crate) async fn take(camera: &Arc<Camera>) -> Result<Picture, Box<dyn Error + Send + Sync>> {
    let _my_turn = camera.last_picture.turn.lock().await;
    let fresh = if camera.status().state == State::Playing { FRESH_WHILE_PLAYING } else { FRESH };
    if let Some(picture) = camera.last_picture.get().filter(|picture| picture.age() < fresh) {
        return Ok(picture);
    }
    let _turn = TURNS.acquire().await?;
    let session = camera.watch();
    let session = session.playing().await.map_err(|error| error.to_string())?;
    let key_frame = session.video().and_then(|video| video.key_frame());
    let (buffer, caps) = key_frame.ok_or_else(|| format!("Camera {} sends sound alone", camera.name))?;
    let jpeg = spawn_blocking(move || encode(buffer, &caps)).await?;
    let jpeg = jpeg.map_err(|error| format!("Camera {}: its picture cannot be decoded: {error}", camera.name))?;
    let picture = Picture { jpeg, taken: SystemTime::now() };
    camera.last_picture.set(picture.clone());
    camera.announce();
    Ok(picture)
}

/// This key frame as JPEG.
fn encode(mut buffer: gst::Buffer, caps: &gst::Caps) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
    if caps.structure(0).is_some_and(|caps| caps.has_name("image/jpeg")) {
        return Ok(Bytes::copy_from_slice(&buffer.map_readable()?));
    }
    let times = buffer.make_mut();
    times.set_pts(gst::ClockTime::ZERO);
    times.set_dts(gst::ClockTime::NONE);
    let pipeline =
        Launched::new("appsrc name=in format=time ! decodebin ! videoconvert ! jpegenc ! appsink name=out sync=false")?;
    let input: gst_app::AppSrc = pipeline.element("in")?;
    let output: gst_app::AppSink = pipeline.element("out")?;
    input.set_caps(Some(caps));
    pipeline.play()?;
    input.push_buffer(buffer)?;
    input.end_of_stream()?;
    let sample = output.try_pull_sample(DECODER).ok_or_else(|| pipeline.trouble())?;
    let jpeg = sample.buffer().ok_or("no picture came of it")?.map_readable()?;
    Ok(Bytes::copy_from_slice(&jpeg))
}
