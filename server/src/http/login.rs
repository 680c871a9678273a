//! Who may see the page.

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gst::glib;

use super::SharedApp;
use super::answer::Failure;
use crate::attempts::household;
use crate::config::Login;

/// Lets those pass who have logged in, where there is a login.
pub(super) async fn check(
    State(app): SharedApp,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let Some(login) = app.site.login() else { return next.run(request).await };
    let (host, now) = (household(client.ip()), Instant::now());
    if let Some(wait) = app.site.attempts.wait(host, now) {
        let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, "There were too many wrong logins. Wait a minute");
        return ([(header::RETRY_AFTER, (wait.as_secs() + 1).to_string())], failure).into_response();
    }
    match credentials(request.headers()) {
        Some(given) if is_right(&login, &given) => return next.run(request).await,
        Some(_) => app.site.attempts.failed(host, now),
        None => {}
    }
    let failure =
        Failure::new(StatusCode::UNAUTHORIZED, "Log in with the user and the password of the section [login]");
    ([(header::WWW_AUTHENTICATE, "Basic realm=\"tutk-server\", charset=\"UTF-8\"")], failure).into_response()
}

/// User, colon, password.
fn credentials(headers: &HeaderMap) -> Option<Vec<u8>> {
    let (scheme, text) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| glib::base64_decode(text.trim()))
}

fn is_right(login: &Login, given: &[u8]) -> bool {
    let wanted = format!("{}:{}", login.user, login.password.reveal());
    // As long for each password of the same length.
    let difference = wanted.bytes().zip(given).fold(0, |difference, (wanted, given)| difference | (wanted ^ given));
    std::hint::black_box(difference) == 0 && wanted.len() == given.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_decides() {
        let login = Login { user: "me".into(), password: "kanarienvogel".into() };
        assert!(is_right(&login, b"me:kanarienvogel"));
        for wrong in ["", "me", "me:", "me:kanarienvoge", "me:kanarienvogel1", "you:kanarienvogel"] {
            assert!(!is_right(&login, wrong.as_bytes()), "{wrong}");
        }
    }
}
