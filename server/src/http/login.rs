//! Who may see the page.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gst::glib;

use super::SharedApp;
use super::answer::Failure;
use crate::config::Login;

/// How many wrong logins a host has in [`WINDOW`].
const MAX_FAILURES: u32 = 5;
const WINDOW: Duration = Duration::from_secs(60);
/// Most hosts that are remembered.
const MAX_HOSTS: usize = 4096;

/// Wrong logins of the last minute.
#[derive(Default)]
pub(super) struct Attempts(Mutex<HashMap<IpAddr, Failures>>);

struct Failures {
    count: u32,
    since: Instant,
}

impl Attempts {
    /// How long this host has to wait, if it has to.
    fn wait(&self, host: IpAddr, now: Instant) -> Option<Duration> {
        let mut hosts = self.lock();
        hosts.retain(|_, failures| now.saturating_duration_since(failures.since) < WINDOW);
        let failures = hosts.get(&host).filter(|failures| failures.count >= MAX_FAILURES)?;
        Some(WINDOW.saturating_sub(now.saturating_duration_since(failures.since)))
    }

    fn failed(&self, host: IpAddr, now: Instant) {
        let mut hosts = self.lock();
        if hosts.len() >= MAX_HOSTS && !hosts.contains_key(&host) {
            let oldest = hosts.iter().min_by_key(|(_, failures)| failures.since).map(|(host, _)| *host);
            oldest.and_then(|oldest| hosts.remove(&oldest));
        }
        hosts.entry(host).or_insert(Failures { count: 0, since: now }).count += 1;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets those pass who have logged in, where there is a login.
pub(super) async fn check(
    State(app): SharedApp,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let Some(login) = app.site.login() else { return next.run(request).await };
    let (host, now) = (household(client.ip()), Instant::now());
    if let Some(wait) = app.attempts.wait(host, now) {
        let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, "There were too many wrong logins. Wait a minute");
        return ([(header::RETRY_AFTER, (wait.as_secs() + 1).to_string())], failure).into_response();
    }
    match credentials(request.headers()) {
        Some(given) if is_right(&login, &given) => return next.run(request).await,
        Some(_) => app.attempts.failed(host, now),
        None => {}
    }
    let failure =
        Failure::new(StatusCode::UNAUTHORIZED, "Log in with the user and the password of the section [login]");
    ([(header::WWW_AUTHENTICATE, "Basic realm=\"tutk-server\", charset=\"UTF-8\"")], failure).into_response()
}

/// What a host can change its address to at will counts as one.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
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

    #[test]
    fn a_host_that_guesses_has_to_wait_and_others_have_not() {
        let attempts = Attempts::default();
        let (guesser, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        for _ in 0..MAX_FAILURES {
            assert_eq!(attempts.wait(guesser, start), None);
            attempts.failed(guesser, start);
        }
        assert_eq!(attempts.wait(guesser, start), Some(WINDOW));
        assert_eq!(attempts.wait(other, start), None);
        assert_eq!(attempts.wait(guesser, start + WINDOW), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let attempts = Attempts::default();
        let start = Instant::now();
        for number in 0..2 * MAX_HOSTS as u32 {
            attempts.failed(IpAddr::from(number.to_be_bytes()), start + Duration::from_millis(number.into()));
        }
        assert_eq!(attempts.lock().len(), MAX_HOSTS);
    }

    #[test]
    fn a_network_of_ipv6_is_one_host() {
        let host = |text: &str| household(text.parse().unwrap());
        assert_eq!(host("2001:db8::1"), host("2001:db8::ffff:2"));
        assert_ne!(host("2001:db8::1"), host("2001:db8:0:1::1"));
        assert_eq!(host("::ffff:10.0.0.1"), host("10.0.0.1"));
    }
}
