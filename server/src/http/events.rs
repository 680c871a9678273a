//! `/api/events`: the list of cameras whenever it changes.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use tokio::time::sleep;

use super::{SharedApp, api};
use crate::access::Access;

/// How long changes are collected.
const PAUSE: Duration = Duration::from_millis(100);

/// Each event is the whole list, so that a slow client misses steps, and nothing grows.
pub(super) async fn events(State(app): SharedApp, Extension(access): Extension<Access>) -> impl IntoResponse {
    let mut changes = app.site.changes();
    changes.mark_changed();
    let events = stream::unfold((app, access, changes), |(app, access, mut changes)| async move {
        changes.changed().await.ok()?;
        sleep(PAUSE).await;
        changes.mark_unchanged();
        let event = Event::default().event("cameras").data(api::list(&app, &access).to_string());
        Some((Ok::<_, Infallible>(event), (app, access, changes)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
