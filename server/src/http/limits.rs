//! What a client may take up: connections, and time for each of its steps.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use super::answer::Failure;
use crate::attempts::household;
use crate::site::Site;

/// Most connections at once.
const MAX_CONNECTIONS: usize = 512;
/// Most connections of one host; a proxy on this one has as many as there are.
const MAX_OF_HOST: usize = 64;
/// How long a client has for the head of a request, and between two requests.
const HEAD: Duration = Duration::from_secs(30);
/// How long it has for the rest of a request.
const BODY: Duration = Duration::from_secs(20);
/// How long what was sent may wait for a client that takes nothing.
const STUCK: Duration = Duration::from_secs(60);
/// Longest head of a request, in bytes.
const MAX_HEAD: usize = 32 * 1024;
/// Longest body of a request, in bytes: an offer of WebRTC with many candidates.
const MAX_BODY: usize = 64 * 1024;
/// How long nobody is accepted after an error: there may be no file descriptors left.
const PAUSE: Duration = Duration::from_millis(200);

/// Answers until the program ends.
pub(super) async fn serve(listener: TcpListener, site: Arc<Site>, router: Router) -> std::io::Result<()> {
    let connections = Arc::new(Connections::default());
    loop {
        let Ok((stream, client)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        // Whoever is too many is disconnected.
        let Some(place) = connections.add(client.ip()) else { continue };
        let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(STUCK));
        let (router, tls) = (router.clone(), site.http_tls());
        tokio::spawn(async move {
            let _place = place;
            match tls {
                None => converse(stream, client, router).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = timeout(HEAD, tls.accept(stream)).await {
                        converse(stream, client, router).await;
                    }
                }
            }
        });
    }
}

/// Answers the requests of one connection.
async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, client: SocketAddr, router: Router) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(client));
        router.call(request)
    });
    let mut connection = http1::Builder::new();
    connection.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(MAX_HEAD);
    // What goes wrong with a connection is the client's business.
    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
}

/// Reads the body before anybody waits for it.
pub(super) async fn body(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let too_long = || {
        let text = format!("The body of a request has at most {MAX_BODY} bytes");
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, text).into_response()
    };
    if body.size_hint().lower() > MAX_BODY as u64 {
        return too_long();
    }
    match timeout(BODY, to_bytes(body, MAX_BODY)).await {
        Ok(Ok(body)) => next.run(Request::from_parts(head, body.into())).await,
        Ok(Err(_)) => too_long(),
        Err(_) => Failure::new(StatusCode::REQUEST_TIMEOUT, "The body of the request did not come").into_response(),
    }
}

/// The connections that are open, by their hosts.
#[derive(Default)]
struct Connections(Mutex<HashMap<IpAddr, usize>>);

impl Connections {
    /// A place for one more, unless there are too many.
    fn add(self: &Arc<Self>, client: IpAddr) -> Option<Place> {
        let host = household(client);
        let mut hosts = self.lock();
        let all: usize = hosts.values().sum();
        let of_host = hosts.get(&host).copied().unwrap_or_default();
        if all >= MAX_CONNECTIONS || (of_host >= MAX_OF_HOST && !client.to_canonical().is_loopback()) {
            return None;
        }
        hosts.insert(host, of_host + 1);
        Some(Place { connections: self.clone(), host })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is open.
struct Place {
    connections: Arc<Connections>,
    host: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut hosts = self.connections.lock();
        match hosts.get_mut(&self.host) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(hosts.remove(&self.host)),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::middleware::from_fn;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    /// What a client that sends this, and no more, gets until it is disconnected, and when that is.
    async fn answer(sent: &str) -> (String, Duration) {
        let start = Instant::now();
        let (mut client, server) = duplex(1024);
        client.write_all(sent.as_bytes()).await.unwrap();
        let router = Router::new().route("/", post(|body: String| async { body })).layer(from_fn(body));
        converse(server, ([10, 0, 0, 1], 1).into(), router).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        (answer, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_stop_speaking_are_disconnected() {
        for sent in ["", "POST / HT", "POST / HTTP/1.1\r\nHost: x\r\n"] {
            let (_, when) = answer(sent).await;
            assert!((HEAD..2 * HEAD).contains(&when), "{sent}: {when:?}");
        }
        let (text, when) = answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab").await;
        assert!(text.starts_with("HTTP/1.1 408"), "{text}");
        assert!(when >= BODY && when < 2 * (HEAD + BODY), "{when:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_too_long_is_refused() {
        let (text, _) = answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n").await;
        assert!(text.starts_with("HTTP/1.1 413"), "{text}");
        let (text, _) = answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab").await;
        assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("ab"), "{text}");
    }

    #[test]
    fn a_host_does_not_take_all_connections() {
        let connections = Arc::new(Connections::default());
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut places: Vec<_> = std::iter::from_fn(|| connections.add(one)).collect();
        assert_eq!(places.len(), MAX_OF_HOST);
        assert!(connections.add(other).is_some());
        places.pop();
        assert!(connections.add(one).is_some());
        let local = IpAddr::from([127, 0, 0, 1]);
        let local: Vec<_> = std::iter::from_fn(|| connections.add(local)).collect();
        assert_eq!(local.len() + places.len(), MAX_CONNECTIONS);
        drop((places, local));
        assert!(connections.lock().is_empty());
    }
}
