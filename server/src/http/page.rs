//! The page, which is part of the program.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::App;

macro_rules! page {
    ($file:literal) => {
        include_str!(concat!("../../page/", $file))
    };
}

const FILES: [(&str, &str, &str); 11] = [
    ("/", "text/html; charset=utf-8", page!("index.html")),
    ("/style.css", "text/css; charset=utf-8", page!("style.css")),
    ("/icon.svg", "image/svg+xml", page!("icon.svg")),
    ("/app.js", "text/javascript; charset=utf-8", page!("app.js")),
    ("/address.js", "text/javascript; charset=utf-8", page!("address.js")),
    ("/card.js", "text/javascript; charset=utf-8", page!("card.js")),
    ("/viewer.js", "text/javascript; charset=utf-8", page!("viewer.js")),
    ("/player.js", "text/javascript; charset=utf-8", page!("player.js")),
    ("/talk.js", "text/javascript; charset=utf-8", page!("talk.js")),
    ("/microphone.js", "text/javascript; charset=utf-8", page!("microphone.js")),
    ("/openapi.json", "application/json", page!("openapi.json")),
];

pub(super) fn routes() -> Router<Arc<App>> {
    FILES.into_iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(move || async move { ([(header::CONTENT_TYPE, kind)], text).into_response() }))
    })
}
