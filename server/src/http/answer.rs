//! Answers, and those that say what went wrong.

use std::fmt::Display;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub(super) fn json(body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
    }
}

/// An answer in words.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    text: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, text: impl Display) -> Self {
        Self { status, text: text.to_string() }
    }

    /// The camera gives no pictures now.
    pub(super) fn unavailable(text: impl Display) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, text)
    }

    pub(super) fn bad_request(text: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// This is only for the user of the section `[login]`.
    pub(super) fn guest() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Guests watch cameras, and do not control them")
    }

    pub(super) fn no_camera(name: &str) -> Self {
        let text = format!("There is no camera “{}” in the settings", name.escape_debug());
        Self::new(StatusCode::NOT_FOUND, text)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = json(&serde_json::json!({ "error": self.text }));
        *response.status_mut() = self.status;
        response
    }
}

pub(super) async fn not_found() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "There is nothing at this address")
}

pub(super) async fn wrong_method() -> Failure {
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "This address takes another method; see /openapi.json")
}
