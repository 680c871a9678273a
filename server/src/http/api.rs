//! `/api`: what programs and the page ask.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use gst::glib;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

use super::answer::{Failure, json as answer};
use super::{App, SharedApp};
use crate::camera::{Camera, Session};
use crate::config::Quality;
use crate::payload;
use crate::snapshot;

/// Longest wait for the answer to an IO control, in ms.
const MAX_WAIT: u32 = 30_000;
/// Longest time that a camera turns for one command, in ms.
const MAX_STEP: u32 = 10_000;

pub(super) async fn cameras(State(app): SharedApp) -> Response {
    answer(&list(&app))
}

/// All cameras, and those that were found but are not served.
pub(super) fn list(app: &App) -> Value {
    let found = app.site.found();
    let cameras: Vec<_> = app
        .site
        .cameras()
        .iter()
        .map(|camera| {
            let is_found = found.iter().any(|found| found.uid == camera.config.uid);
            summary(camera, is_found)
        })
        .collect();
    let others: Vec<_> = found
        .iter()
        .filter(|found| !app.site.names(found.uid))
        .map(|found| {
            json!({
                "uid": found.uid.to_string(),
                "name": found.name,
                "address": found.address.to_string(),
                "generation": found.generation,
                "playable": found.is_playable(),
            })
        })
        .collect();
    json!({ "cameras": cameras, "found": others, "rtsp_port": app.rtsp_port, "rtsp_tls": app.site.rtsp_tls() })
}

fn summary(camera: &Camera, is_found: bool) -> Value {
    let status = camera.status();
    let session = camera.session();
    let name_of = |caps: Option<gst::Caps>| caps.map(|caps| short_name(payload::name(&caps)).to_owned());
    json!({
        "name": camera.name,
        "uid": camera.config.uid.to_string(),
        "state": status.state,
        "reason": status.reason,
        "found": is_found,
        "viewers": camera.viewers(),
        "connection": status.connection,
        "quality": session.as_ref().map(|session| session.quality()),
        "video": name_of(session.as_ref().and_then(|session| session.video()?.caps())),
        "audio": name_of(session.as_ref().and_then(|session| session.audio()?.caps())),
    })
}

/// What people call this format.
fn short_name(media_type: &str) -> &str {
    match media_type {
        "video/x-h264" => "H.264",
        "video/x-h265" => "H.265",
        "video/mpeg" => "MPEG-4",
        "image/jpeg" => "MJPEG",
        "video/x-h263" => "H.263",
        "audio/x-mulaw" => "G.711 µ-law",
        "audio/x-alaw" => "G.711 A-law",
        "audio/mpeg" => "AAC",
        "audio/x-raw" => "PCM",
        "audio/x-opus" => "Opus",
        "audio/x-adpcm" => "ADPCM",
        other => other,
    }
}

pub(super) async fn camera(State(app): SharedApp, Path(name): Path<String>) -> Result<Response, Failure> {
    let camera = find(&app, &name)?;
    let is_found = app.site.found().iter().any(|found| found.uid == camera.config.uid);
    let mut all = summary(&camera, is_found);
    let session = camera.session();
    let caps = session.as_ref().and_then(|session| session.video()?.caps());
    let size = caps.and_then(|caps| {
        let caps = caps.structure(0)?;
        Some((caps.get::<i32>("width").ok()?, caps.get::<i32>("height").ok()?))
    });
    all["width"] = size.map(|(width, _)| width).into();
    all["height"] = size.map(|(_, height)| height).into();
    all["stats"] = session.and_then(|session| session.stats()).map_or(Value::Null, |stats| numbers(&stats));
    Ok(answer(&all))
}

/// The fields that JSON has a type for. Their names are those of the property `stats` of `tutksrc`.
fn numbers(stats: &gst::StructureRef) -> Value {
    let value = |value: &glib::SendValue| {
        let number = value.get::<u64>().map(Value::from);
        let number = number.or_else(|_| value.get::<f64>().map(Value::from));
        let text = || value.get::<String>().map(Value::from);
        number.or_else(|_| text()).or_else(|_| value.get::<bool>().map(Value::from)).ok()
    };
    let fields = stats.iter().filter_map(|(name, field)| Some((name.to_string(), value(field)?)));
    Value::Object(fields.collect::<Map<_, _>>())
}

pub(super) async fn snapshot(State(app): SharedApp, Path(name): Path<String>) -> Result<Response, Failure> {
    let camera = find(&app, &name)?;
    let picture = snapshot::take(&camera).await.map_err(Failure::unavailable)?;
    let age = picture.taken.elapsed().unwrap_or_default().as_secs().to_string();
    Ok(([(header::CONTENT_TYPE, "image/jpeg"), (header::AGE, age.as_str())], picture.jpeg).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ptz {
    direction: String,
    #[serde(default = "full_speed", deserialize_with = "integer")]
    speed: u8,
    /// In ms; 0: until it is stopped.
    #[serde(default, deserialize_with = "integer")]
    step: u32,
}

/// To JSON's descriptions 8.0 is an integer, too.
fn integer<'de, D: Deserializer<'de>, T: TryFrom<u64>>(deserializer: D) -> Result<T, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    let whole = || number.as_f64().filter(|number| number.fract() == 0.0 && (0.0..1e15).contains(number));
    let integer = number.as_u64().or_else(|| whole().map(|number| number as u64));
    let integer = integer.and_then(|integer| integer.try_into().ok());
    integer.ok_or_else(|| D::Error::custom(format!("{number} is no number that can be here")))
}

fn full_speed() -> u8 {
    8
}

pub(super) async fn ptz(State(app): SharedApp, Path(name): Path<String>, body: Bytes) -> Result<Response, Failure> {
    let camera = find(&app, &name)?;
    let command: Ptz = serde_json::from_slice(&body).map_err(Failure::bad_request)?;
    let directions = glib::EnumClass::new::<gsttutk::PtzDirection>();
    let direction = directions
        .to_value_by_nick(&command.direction)
        .and_then(|value| value.get::<gsttutk::PtzDirection>().ok())
        .ok_or_else(|| {
            let known: Vec<_> = directions.values().iter().map(|value| value.nick()).collect();
            Failure::bad_request(format!("direction is one of {}", known.join(", ")))
        })?;
    if command.step > MAX_STEP {
        return Err(Failure::bad_request(format!("step is at most {MAX_STEP} ms")));
    }
    let sent = with_session(&camera, move |session| session.ptz(direction, command.speed.into(), command.step)).await?;
    Ok(answer(&json!({ "sent": sent })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    quality: Quality,
}

pub(super) async fn quality(State(app): SharedApp, Path(name): Path<String>, body: Bytes) -> Result<Response, Failure> {
    let camera = find(&app, &name)?;
    let wanted: Wanted = serde_json::from_slice(&body).map_err(Failure::bad_request)?;
    let now = move |session: &Session| {
        session.set_quality(wanted.quality);
        session.quality()
    };
    let quality = with_session(&camera, now).await?;
    Ok(answer(&json!({ "quality": quality })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IoControl {
    #[serde(rename = "type", deserialize_with = "integer")]
    kind: u32,
    /// Base64.
    #[serde(default)]
    body: String,
    /// In ms; 0: does not wait for an answer.
    #[serde(default, deserialize_with = "integer")]
    timeout: u32,
}

pub(super) async fn io_control(
    State(app): SharedApp,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let camera = find(&app, &name)?;
    let command: IoControl = serde_json::from_slice(&body).map_err(Failure::bad_request)?;
    if command.timeout > MAX_WAIT {
        return Err(Failure::bad_request(format!("timeout is at most {MAX_WAIT} ms")));
    }
    let sent = glib::base64_decode(&command.body);
    let got = with_session(&camera, move |session| session.io_control(command.kind, &sent, command.timeout)).await?;
    Ok(answer(&json!({ "answer": got.map(|body| glib::base64_encode(&body).to_string()) })))
}

/// Does something that may wait for the camera, which is connected for it.
pub(super) async fn with_session<T: Send + 'static>(
    camera: &Arc<Camera>,
    act: impl FnOnce(&Session) -> T + Send + 'static,
) -> Result<T, Failure> {
    let watch = camera.watch();
    let session = watch.playing().await.map_err(Failure::unavailable)?;
    spawn_blocking(move || act(&session)).await.map_err(Failure::unavailable)
}

pub(super) fn find(app: &App, name: &str) -> Result<Arc<Camera>, Failure> {
    app.site.camera(name).ok_or_else(|| Failure::no_camera(name))
}
