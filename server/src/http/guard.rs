//! What keeps pages of others out, which a browser may show to the same user.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::SharedApp;
use super::answer::Failure;
use crate::site::Site;

const HEADERS: [(header::HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Adds what browsers should know to each answer.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Refuses requests for another host's name, and those that another site's page has made.
pub(super) async fn check(State(app): SharedApp, request: Request, next: Next) -> Response {
    match refusal(&app.site, request.method(), request.uri(), request.headers()) {
        None => next.run(request).await,
        Some(refusal) => refusal.into_response(),
    }
}

fn refusal(site: &Site, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Failure> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = uri.authority().map_or_else(|| text("host").unwrap_or_default(), |authority| authority.as_str());
    let name = without_port(host);
    if !is_ours(site, name) {
        let text = format!(
            "This server does not know itself as “{}”. Use its address, or add the name to “hosts” in [http] of its settings",
            name.escape_debug()
        );
        return Some(Failure::new(StatusCode::MISDIRECTED_REQUEST, text));
    }
    let is_page = method == Method::GET && uri.path() == "/";
    let from_elsewhere = match (text("origin"), text("sec-fetch-site")) {
        // Behind a proxy that speaks TLS, the scheme is another one.
        (Some(origin), _) => origin.split_once("://").is_none_or(|(_, authority)| authority != host),
        (None, Some(site)) => !matches!(site, "same-origin" | "none"),
        // No browser.
        (None, None) => false,
    };
    (from_elsewhere && !is_page)
        .then(|| Failure::new(StatusCode::FORBIDDEN, "A page of another site has asked for this"))
}

fn without_port(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(host, |(address, _)| address),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

/// Nobody else's page can have an address, or a name of the user's, as its host.
fn is_ours(site: &Site, name: &str) -> bool {
    name.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost") || site.is_host(name)
}
