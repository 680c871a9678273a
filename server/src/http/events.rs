//! `/api/events`: the list of cameras whenever it changes.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use tokio::time::sleep;

use super::{SharedApp, api};

/// How long changes are collected.
const PAUSE: Duration = Duration::from_millis(100);

/// Each event is the whole list, so that a slow client misses steps, and nothing grows.
pub(super) async fn events(State(app): SharedApp) -> impl IntoResponse {
    let mut changes = app.site.changes();
    changes.mark_changed();
    let events = stream::unfold((app, changes), |(app, mut changes)| async move {
        changes.changed().await.ok()?;
        sleep(PAUSE).await;
        changes.mark_unchanged();
        let event = Event::default().event("cameras").data(api::list(&app).to_string());
        Some((Ok::<_, Infallible>(event), (app, changes)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
