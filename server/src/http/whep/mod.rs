//! `/whep/NAME`: a camera by WebRTC, as WHEP says (WebRTC-HTTP egress protocol): the client posts an offer and gets an answer.

mod offer;
mod viewer;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use offer::Offer;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use viewer::{Link, Viewer};

use super::SharedApp;
use super::answer::Failure;
use super::camera::Watched;
use crate::camera::{Session, Watch};
use crate::payload;

/// Most viewers at once.
const MAX_VIEWERS: usize = 64;
/// How long a viewer has to establish its connection.
const PATIENCE: Duration = Duration::from_secs(20);

/// Those who watch, by what they end it with.
pub(super) struct Viewers {
    /// Where they reach this server; none: wherever it is.
    address: Option<IpAddr>,
    ends: Mutex<HashMap<String, Arc<Notify>>>,
}

impl Viewers {
    pub(super) fn new(listen: IpAddr) -> Self {
        Self { address: (!listen.is_unspecified()).then_some(listen), ends: Mutex::default() }
    }

    /// A place for one more.
    fn add(&self) -> Option<(String, Arc<Notify>)> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).ok()?;
        let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut ends = self.lock();
        if ends.len() >= MAX_VIEWERS {
            return None;
        }
        let end = Arc::new(Notify::new());
        ends.insert(id.clone(), end.clone());
        Some((id, end))
    }

    fn remove(&self, id: &str) -> Option<Arc<Notify>> {
        self.lock().remove(id)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Notify>>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn offer(State(app): SharedApp, Watched(camera): Watched, offer: String) -> Result<Response, Failure> {
    let name = &camera.name;
    let watch = camera.watch();
    let session = watch.playing().await.map_err(Failure::unavailable)?;
    let video = session.video().and_then(|video| video.caps());
    if let Some(codec) = video.as_ref().map(|caps| payload::name(caps)).filter(|codec| *codec != "video/x-h264") {
        let text =
            format!("Camera {name} sends {codec}, which browsers do not play by WebRTC; /mjpeg/{name} has pictures");
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let offer = Offer::parse(&offer).map_err(Failure::bad_request)?;
    let Some((id, end)) = app.viewers.add() else {
        return Err(Failure::unavailable(format!("{MAX_VIEWERS} watch already; close a page")));
    };
    let address = app.viewers.address;
    let audio = session.audio().and_then(|audio| audio.caps());
    let started = spawn_blocking(move || Viewer::start(&offer, video.is_some(), audio.as_deref(), address)).await;
    let started = started.map_err(Failure::unavailable).and_then(|started| started.map_err(Failure::bad_request));
    let (viewer, answer) = started.inspect_err(|_| drop(app.viewers.remove(&id)))?;
    let location = format!("/whep/{name}/{id}");
    tokio::spawn(async move {
        follow(viewer, &watch, &session, &end).await;
        app.viewers.remove(&id);
    });
    let headers = [(header::CONTENT_TYPE, "application/sdp"), (header::LOCATION, location.as_str())];
    Ok((StatusCode::CREATED, headers, answer).into_response())
}

/// Feeds the viewer from the moment that it is connected until it leaves, or the camera is lost.
async fn follow(viewer: Viewer, watch: &Watch, session: &Session, end: &Notify) {
    let mut link = viewer.link();
    let lives = async {
        let settled = |link: &Link| *link != Link::New;
        if !matches!(
            timeout(PATIENCE, link.wait_for(settled)).await.map(|link| link.map(|link| *link)),
            Ok(Ok(Link::Up))
        ) {
            return;
        }
        let _feeds = viewer.feed(session);
        let _ = link.wait_for(|link| *link == Link::Down).await;
    };
    tokio::select! {
        () = lives => {}
        () = end.notified() => {}
        () = watch.lost() => {}
    }
    // Not in a thread of its pipeline, nor in one that others wait for.
    let _ = spawn_blocking(move || drop(viewer)).await;
}

pub(super) async fn end(
    State(app): SharedApp,
    Path((_name, id)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let end = app.viewers.remove(&id);
    end.ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "This viewer is gone"))?.notify_one();
    Ok(StatusCode::OK)
}
