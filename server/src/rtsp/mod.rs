//! All cameras by RTSP, at `rtsp://HOST:PORT/NAME`.

mod auth;
mod factory;
mod listen;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use auth::{Auth, ROLE};
use factory::CameraFactory;
use gst_rtsp_server::RTSPServer;
use gst_rtsp_server::prelude::*;
use listen::Clients;

use crate::config::{Config, Login};
use crate::site::Site;

/// Most clients at once.
const MAX_SESSIONS: u32 = 512;

/// The server, which runs until the program ends.
pub(crate) struct RtspServer {
    server: RTSPServer,
    port: u16,
    site: Arc<Site>,
    clients: Arc<Clients>,
    login: Option<Login>,
    mounted: BTreeSet<String>,
}

impl RtspServer {
    /// Listens there.
    pub(crate) fn start(listen: SocketAddr, site: Arc<Site>) -> Result<Self, Box<dyn std::error::Error>> {
        let server = RTSPServer::new();
        // A camera can take seconds to connect, and others shall not wait for it.
        server.thread_pool().ok_or("an RTSP server has no threads")?.set_max_threads(-1);
        server.session_pool().ok_or("an RTSP server has no sessions")?.set_max_sessions(MAX_SESSIONS);
        let listener = TcpListener::bind(listen).map_err(|error| {
            format!("RTSP cannot listen on {listen}: {error}. Another program may do; [rtsp] listen = … names another")
        })?;
        let port = listener.local_addr()?.port();
        let clients = Arc::<Clients>::default();
        listen::start(listener, server.clone(), clients.clone())?;
        Ok(Self { server, port, site, clients, login: None, mounted: BTreeSet::new() })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Does what these settings say. Clients of cameras that stay are not disturbed.
    pub(crate) fn apply(&mut self, config: &Config) {
        if self.login != config.login {
            self.login.clone_from(&config.login);
            let auth = |login| Auth::new(login, self.site.clone(), self.clients.clone());
            self.server.set_auth(self.login.as_ref().map(auth).as_ref());
        }
        let Some(mounts) = self.server.mount_points() else { return };
        let wanted: BTreeSet<_> = config.cameras.keys().cloned().collect();
        for name in self.mounted.difference(&wanted) {
            mounts.remove_factory(&format!("/{name}"));
        }
        for name in wanted.difference(&self.mounted) {
            let factory = CameraFactory::new(name.clone(), self.site.clone());
            // Who may use it. It matters with a login only.
            let role = gst::Structure::builder(ROLE).field("media.factory.access", true);
            factory.add_role_from_structure(&role.field("media.factory.construct", true).build());
            mounts.add_factory(&format!("/{name}"), factory);
        }
        self.mounted = wanted;
    }
}
