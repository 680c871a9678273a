//! Who may see what.

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gst::glib;

use super::SharedApp;
use super::answer::Failure;
use crate::access::Access;
use crate::attempts::household;
use crate::config::{Guest, Login};

/// Lets those pass who have logged in, where there is a login.
pub(super) async fn check(
    State(app): SharedApp,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(login) = app.site.login() else {
        request.extensions_mut().insert(Access::Full);
        return next.run(request).await;
    };
    let (host, now) = (household(client.ip()), Instant::now());
    if let Some(wait) = app.site.attempts.wait(host, now) {
        let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, "There were too many wrong logins. Wait a minute");
        return ([(header::RETRY_AFTER, (wait.as_secs() + 1).to_string())], failure).into_response();
    }
    if let Some(given) = credentials(request.headers()) {
        if let Some(access) = access(&login, &app.site.guests(), &given) {
            request.extensions_mut().insert(access);
            return next.run(request).await;
        }
        app.site.attempts.failed(host, now);
    }
    let failure =
        Failure::new(StatusCode::UNAUTHORIZED, "Log in with a user and the password of the server's settings");
    ([(header::WWW_AUTHENTICATE, "Basic realm=\"tutk-server\", charset=\"UTF-8\"")], failure).into_response()
}

/// User, colon, password.
fn credentials(headers: &HeaderMap) -> Option<Vec<u8>> {
    let (scheme, text) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| glib::base64_decode(text.trim()))
}

/// What whoever gives these may do; none if they are wrong.
fn access(login: &Login, guests: &[Guest], given: &[u8]) -> Option<Access> {
    if is_right(login, given) {
        return Some(Access::Full);
    }
    let guest = guests.iter().find(|guest| is_right(&guest.login, given))?;
    Some(Access::Guest(guest.cameras.clone()))
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
