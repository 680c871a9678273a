//! Takes connections, and remembers whose they are: GStreamer's server does not say it.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use gst::glib;
use gst_rtsp_server::prelude::*;
use gst_rtsp_server::{RTSPClient, RTSPServer, gio};

use crate::attempts::household;

/// Most connections at once.
const MAX_CONNECTIONS: usize = 512;
/// Most connections of one host.
const MAX_OF_HOST: usize = 128;
/// How long what was sent may wait for a client that takes nothing.
const STUCK: Duration = Duration::from_secs(60);
/// How long nobody is accepted after an error: there may be no file descriptors left.
const PAUSE: Duration = Duration::from_millis(200);
/// How often sessions are ended whose clients have vanished.
const CLEANUP: Duration = Duration::from_secs(5);

/// The connections that are open.
#[derive(Default)]
pub(super) struct Clients(Mutex<Vec<(glib::WeakRef<RTSPClient>, IpAddr)>>);

impl Clients {
    /// Where a client is.
    pub(super) fn host(&self, client: &RTSPClient) -> Option<IpAddr> {
        let clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.iter().find(|(other, _)| other.upgrade().as_ref() == Some(client)).map(|(_, host)| *host)
    }

    /// Hands a connection over, unless there are too many. No request of it is authenticated before this has returned.
    fn add(
        &self,
        server: &RTSPServer,
        stream: TcpStream,
        address: SocketAddr,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|(client, _)| client.upgrade().is_some());
        let host = household(address.ip());
        let of_host = clients.iter().filter(|(_, other)| household(*other) == host).count();
        if clients.len() >= MAX_CONNECTIONS || of_host >= MAX_OF_HOST {
            return Err("there are too many connections".into());
        }
        let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(STUCK));
        let connected = Arc::new(Mutex::new(None));
        let to = connected.clone();
        let handler = server.connect_client_connected(move |_, client| {
            *to.lock().unwrap_or_else(PoisonError::into_inner) = Some(client.downgrade());
        });
        let socket = gio::Socket::from_fd(stream.into());
        let handed_over = socket.map_err(Box::<dyn std::error::Error>::from).and_then(|socket| {
            Ok(server.transfer_connection(socket, &address.ip().to_string(), address.port().into(), None)?)
        });
        server.disconnect(handler);
        let client = connected.lock().unwrap_or_else(PoisonError::into_inner).take();
        clients.extend(client.map(|client| (client, address.ip())));
        handed_over
    }
}

/// Takes connections until the program ends.
pub(super) fn start(listener: TcpListener, server: RTSPServer, clients: Arc<Clients>) -> std::io::Result<()> {
    let sessions = server.session_pool();
    thread::Builder::new().name("rtsp-cleanup".into()).spawn(move || {
        while let Some(sessions) = &sessions {
            thread::sleep(CLEANUP);
            sessions.cleanup();
        }
    })?;
    thread::Builder::new().name("rtsp".into()).spawn(move || {
        loop {
            match listener.accept() {
                // Whoever is too many is disconnected.
                Ok((stream, address)) => drop(clients.add(&server, stream, address)),
                Err(_) => thread::sleep(PAUSE),
            }
        }
    })?;
    Ok(())
}
