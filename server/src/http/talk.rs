//! `/api/cameras/NAME/talk`: speech to a camera's speaker.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::answer::{Failure, json as answer};
use super::api;
use super::camera::Controlled;

/// When the speaker is switched off although nobody said that this was all.
const SILENCE: Duration = Duration::from_secs(5);

pub(super) async fn talk(Controlled(camera): Controlled, body: Bytes) -> Result<Response, Failure> {
    let name = &camera.name;
    let part = camera.parts_said.fetch_add(1, Ordering::SeqCst) + 1;
    if body.is_empty() {
        // Nobody is connected for it.
        if let Some(session) = camera.session() {
            let _ = spawn_blocking(move || session.say(None)).await;
        }
        return Ok(answer(&json!({ "bytes": 0 })));
    }
    let bytes = body.len();
    let flow = api::with_session(&camera, move |session| {
        let caps = gst::Caps::builder("audio/x-mulaw").field("rate", 8_000).field("channels", 1).build();
        let buffer = gst::Buffer::from_slice(body);
        session.say(Some(&gst::Sample::builder().buffer(&buffer).caps(&caps).build()))
    });
    match flow.await? {
        gst::FlowReturn::Ok => {}
        gst::FlowReturn::Flushing => {
            return Err(Failure::unavailable(format!("Camera {name} is not connected now; speak again in a moment")));
        }
        _ => {
            let text = format!("Camera {name} takes no speech: it has no speaker, or not for this kind of sound");
            return Err(Failure::new(StatusCode::CONFLICT, text));
        }
    }
    tokio::spawn(async move {
        sleep(SILENCE).await;
        if camera.parts_said.load(Ordering::SeqCst) == part
            && let Some(session) = camera.session()
        {
            let _ = spawn_blocking(move || session.say(None)).await;
        }
    });
    Ok(answer(&json!({ "bytes": bytes })))
}
