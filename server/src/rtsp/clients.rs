//! Who is connected.
#![allow(unsafe_code, reason = "the bindings have no connections")]

use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gst::glib;
use gst::glib::translate::{ToGlibPtr, from_glib_none};
use gst_rtsp_server::gio::prelude::*;
use gst_rtsp_server::gst_rtsp::ffi::gst_rtsp_connection_get_read_socket;
use gst_rtsp_server::prelude::*;
use gst_rtsp_server::{RTSPClient, RTSPContext, gio};
use socket2::{SockRef, Socket};

use crate::attempts::household;

/// Most connections at once.
const MAX_CONNECTIONS: usize = 512;
/// Most connections of one host.
const MAX_OF_HOST: usize = 128;
/// How long what was sent may wait for a client that takes nothing, in ms.
const STUCK: i32 = 60_000;
/// How long a connection may last without a session. GStreamer has such a limit, too, which closes no connection with TLS.
const IDLE: Duration = Duration::from_secs(60);
/// `IPPROTO_TCP` and `TCP_USER_TIMEOUT` of Linux.
const USER_TIMEOUT: (i32, i32) = (6, 18);

/// The connections that are open.
#[derive(Default)]
pub(super) struct Clients(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    connections: Vec<Connection>,
    /// The connection that was let in last, and whose it is.
    last: Option<(Socket, IpAddr)>,
}

/// A socket of this module's own: only that is safe to shut down while a client's thread does what it likes.
type OwnSocket = Arc<Mutex<Option<Socket>>>;

struct Connection {
    client: glib::WeakRef<RTSPClient>,
    host: IpAddr,
    /// When it had a session last, or was opened.
    used: Instant,
    /// Until it is closed.
    socket: OwnSocket,
}

impl Inner {
    fn forget_closed(&mut self) {
        self.connections.retain(|connection| {
            let is_open = connection.client.upgrade().is_some();
            if !is_open {
                shut_down(&connection.socket);
            }
            is_open
        });
    }
}

impl Clients {
    /// Whether the connection that this context is of may become a client.
    pub(super) fn lets_in(&self, context: &RTSPContext) -> bool {
        let (Some(socket), Some(host)) = (socket(context), host(context)) else { return false };
        let mut inner = self.lock();
        inner.forget_closed();
        let of_host = inner.connections.iter().filter(|other| other.host == host).count();
        if inner.connections.len() >= MAX_CONNECTIONS || of_host >= MAX_OF_HOST {
            return false;
        }
        // Where the system has no such option, the connection lasts longer.
        let _ = socket.set_option(USER_TIMEOUT.0, USER_TIMEOUT.1, STUCK);
        let Ok(own) = SockRef::from(&socket).try_clone() else { return false };
        inner.last = Some((own, host));
        true
    }

    /// The connection that was let in last is this client. All happens in one thread.
    pub(super) fn connected(&self, client: &RTSPClient) {
        let mut inner = self.lock();
        let Some((own, host)) = inner.last.take() else { return };
        let socket = Arc::new(Mutex::new(Some(own)));
        let to_close = socket.clone();
        client.connect_closed(move |_| shut_down(&to_close));
        inner.connections.push(Connection { client: client.downgrade(), host, used: Instant::now(), socket });
    }

    /// Closes the connections that have had no session for long.
    pub(super) fn close_idle(&self, now: Instant) {
        let mut inner = self.lock();
        inner.forget_closed();
        for connection in &mut inner.connections {
            let has_session = connection.client.upgrade().is_some_and(|client| !client.session_filter(None).is_empty());
            if has_session {
                connection.used = now;
            } else if now.saturating_duration_since(connection.used) >= IDLE {
                shut_down(&connection.socket);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To a client's thread, if there still is one, the other end has closed the connection then. GStreamer itself leaves a
/// connection open on which nobody has spoken TLS.
fn shut_down(socket: &OwnSocket) {
    if let Some(socket) = socket.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = socket.shutdown(Shutdown::Both);
    }
}

/// Whose request or connection this is, a [`household`].
pub(super) fn host(context: &RTSPContext) -> Option<IpAddr> {
    let address = socket(context)?.remote_address().ok()?.downcast::<gio::InetSocketAddress>().ok()?;
    // A link-local address has its interface behind it.
    address.address().to_str().split('%').next()?.parse().ok().map(household)
}

fn socket(context: &RTSPContext) -> Option<gio::Socket> {
    let context: *mut gst_rtsp_server::ffi::GstRTSPContext = context.to_glib_none().0;
    // SAFETY: the context is valid while it is borrowed, and has the connection of its client, or none.
    let connection = unsafe { (*context).conn };
    if connection.is_null() {
        return None;
    }
    // SAFETY: the connection is valid as long as its context is; its socket, if it has one, gets a reference of its own.
    unsafe { from_glib_none(gst_rtsp_connection_get_read_socket(connection)) }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{SocketAddr, TcpStream};
    use std::thread;

    use openssl::asn1::Asn1Time;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::PKey;
    use openssl::x509::X509;

    use super::*;
    use crate::config::{Config, Tls};
    use crate::memory::Encrypted;
    use crate::rtsp::RtspServer;
    use crate::site::Site;

    const LONG: Duration = Duration::from_secs(20);

    fn certificate() -> Tls {
        let key = EcKey::generate(&EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap()).unwrap();
        let key = PKey::from_ec_key(key).unwrap();
        let mut x509 = X509::builder().unwrap();
        x509.set_version(2).unwrap();
        x509.set_pubkey(&key).unwrap();
        x509.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        x509.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
        x509.sign(&key, MessageDigest::sha256()).unwrap();
        let text = |pem: Vec<u8>| String::from_utf8(pem).unwrap();
        let key = text(key.private_key_to_pem_pkcs8().unwrap()).into();
        Tls { certificate: text(x509.build().to_pem().unwrap()), key }
    }

    fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + LONG;
        while !is_so() {
            assert!(Instant::now() < deadline, "{what}");
            thread::yield_now();
        }
    }

    #[tokio::test]
    async fn a_client_that_never_asks_for_a_camera_is_disconnected() {
        gst::init().unwrap();
        for rtsp_tls in [None, Some(certificate())] {
            let mut config = Config { rtsp_tls, ..Config::default() };
            config.rtsp.listen = SocketAddr::from(([127, 0, 0, 1], 0));
            let site = Arc::new(Site::new(Encrypted::default()));
            let mut server = RtspServer::start(config.rtsp.listen, site).unwrap();
            server.apply(&config);
            let count = || {
                let mut inner = server.clients.lock();
                inner.forget_closed();
                inner.connections.len()
            };
            let port = u16::try_from(server.port()).unwrap();
            for said in ["", "OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"] {
                let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
                client.write_all(said.as_bytes()).unwrap();
                if said.is_empty() {
                    wait("it is not connected", || count() == 1);
                    server.clients.close_idle(Instant::now());
                    assert_eq!(count(), 1, "it had no time to begin");
                }
                client.set_nonblocking(true).unwrap();
                wait("it is connected", || {
                    server.clients.close_idle(Instant::now() + IDLE);
                    match client.read(&mut [0; 256]) {
                        Ok(len) => len == 0,
                        Err(error) => error.kind() == ErrorKind::ConnectionReset,
                    }
                });
                wait("it has a place", || count() == 0);
            }
        }
    }
}
