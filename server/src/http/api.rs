//! `/api`: what programs and the page ask.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use gst::glib;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Failure, json as answer};
use super::camera::{Controlled, Watched};
use super::{App, SharedApp};
use crate::access::Access;
use crate::camera::{Camera, Session};
use crate::commands::{self, Ptz, integer};
use crate::report;
use crate::snapshot;

/// Longest wait for the answer to an IO control, in ms.
const MAX_WAIT: u32 = 30_000;

pub(super) async fn cameras(State(app): SharedApp, Extension(access): Extension<Access>) -> Response {
    answer(&list(&app, &access))
}

/// All cameras that may be seen, and those that were found but are not served.
pub(super) fn list(app: &App, access: &Access) -> Value {
    let mut list = report::cameras(&app.site, access);
    list["rtsp_port"] = app.rtsp_port.into();
    list
}

pub(super) async fn camera(State(app): SharedApp, Watched(camera): Watched) -> Result<Response, Failure> {
    Ok(answer(&report::camera(&app.site, &camera)))
}

pub(super) async fn snapshot(Watched(camera): Watched) -> Result<Response, Failure> {
    let picture = snapshot::take(&camera).await.map_err(Failure::unavailable)?;
    let age = picture.taken.elapsed().unwrap_or_default().as_secs().to_string();
    Ok(([(header::CONTENT_TYPE, "image/jpeg"), (header::AGE, age.as_str())], picture.jpeg).into_response())
}

pub(super) async fn ptz(Controlled(camera): Controlled, body: Bytes) -> Result<Response, Failure> {
    let command = Ptz::parse(&body).map_err(Failure::bad_request)?;
    let sent = command.send(&camera).await.map_err(Failure::unavailable)?;
    Ok(answer(&json!({ "sent": sent })))
}

pub(super) async fn quality(Controlled(camera): Controlled, body: Bytes) -> Result<Response, Failure> {
    let quality = commands::quality(&body).map_err(Failure::bad_request)?;
    let quality = commands::set_quality(&camera, quality).await.map_err(Failure::unavailable)?;
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

pub(super) async fn io_control(Controlled(camera): Controlled, body: Bytes) -> Result<Response, Failure> {
    let command: IoControl = serde_json::from_slice(&body).map_err(Failure::bad_request)?;
    if command.timeout > MAX_WAIT {
        return Err(Failure::bad_request(format!("timeout is at most {MAX_WAIT} ms")));
    }
    if !is_base64(&command.body) {
        return Err(Failure::bad_request("body is not base64"));
    }
    let sent = glib::base64_decode(&command.body);
    let got = with_session(&camera, move |session| session.io_control(command.kind, &sent, command.timeout)).await?;
    Ok(answer(&json!({ "answer": got.map(|body| glib::base64_encode(&body).to_string()) })))
}

/// Whether this is base64 in full; GLib passes over what is none.
fn is_base64(text: &str) -> bool {
    let digits = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len().is_multiple_of(4) && digits.bytes().all(is_digit)
}

/// Does something that may wait for the camera, which is connected for it.
pub(super) async fn with_session<T: Send + 'static>(
    camera: &Arc<Camera>,
    act: impl FnOnce(&Session) -> T + Send + 'static,
) -> Result<T, Failure> {
    commands::with_session(camera, act).await.map_err(Failure::unavailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_base64_is_known() {
        for text in ["", "AQID", "AQI=", "AQ==", "+/+/"] {
            assert!(is_base64(text), "{text}");
        }
        for text in ["!!!!", "A", "AQ", "AQI", "AQ=A", "=", "====", "AQID\n", "AQ-_", "ÄÄ"] {
            assert!(!is_base64(text), "{text}");
        }
    }
}
