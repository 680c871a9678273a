//! The page, the API and what they need.

mod answer;
mod api;
mod camera;
mod events;
mod guard;
mod limits;
mod login;
mod metrics;
mod mjpeg;
mod page;
mod talk;
mod whep;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};
use tokio::net::TcpListener;

use crate::site::Site;

/// What answers have to know.
pub(crate) struct App {
    site: Arc<Site>,
    transcoders: mjpeg::Transcoders,
    viewers: whep::Viewers,
    /// Where RTSP is, for the page.
    rtsp_port: i32,
}

impl App {
    pub(crate) fn new(site: Arc<Site>, rtsp_port: i32, listen: SocketAddr) -> Self {
        Self { site, transcoders: mjpeg::Transcoders::default(), viewers: whep::Viewers::new(listen.ip()), rtsp_port }
    }
}

type SharedApp = axum::extract::State<Arc<App>>;

/// Answers until the program ends.
pub(crate) async fn serve(listener: TcpListener, app: App) -> std::io::Result<()> {
    let site = app.site.clone();
    limits::serve(listener, site, router(app)).await
}

fn router(app: App) -> Router {
    let app = Arc::new(app);
    Router::new()
        .route("/api/cameras", get(api::cameras))
        .route("/api/cameras/{name}", get(api::camera))
        .route("/api/cameras/{name}/snapshot.jpg", get(api::snapshot))
        .route("/api/cameras/{name}/ptz", post(api::ptz))
        .route("/api/cameras/{name}/quality", post(api::quality))
        .route("/api/cameras/{name}/talk", post(talk::talk))
        .route("/api/cameras/{name}/io-control", post(api::io_control))
        .route("/api/events", get(events::events))
        .route("/mjpeg/{name}", get(mjpeg::mjpeg))
        .route("/whep/{name}", post(whep::offer))
        .route("/whep/{name}/{viewer}", delete(whep::end))
        .route("/metrics", get(metrics::metrics))
        .merge(page::routes())
        .layer(from_fn(limits::body))
        .layer(from_fn_with_state(app.clone(), login::check))
        // It says nothing of anything.
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(answer::not_found)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(from_fn_with_state(app.clone(), guard::check))
        .layer(from_fn(guard::headers))
        .with_state(app)
}
