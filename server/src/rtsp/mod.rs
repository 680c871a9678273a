//! All cameras by RTSP, at `rtsp://HOST:PORT/NAME`.

mod auth;
mod clients;
mod factory;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use auth::{Auth, ROLE, role_of};
use clients::Clients;
use factory::CameraFactory;
use gst::glib;
use gst_rtsp_server::prelude::*;
use gst_rtsp_server::{RTSPServer, gio};

use crate::config::{Config, Guest, Login, Tls};
use crate::site::Site;
use crate::tls;

/// Most clients at once.
const MAX_SESSIONS: u32 = 512;
/// How often sessions are ended whose clients have vanished.
const CLEANUP: Duration = Duration::from_secs(5);

/// The server, which runs until the program ends.
pub(crate) struct RtspServer {
    server: RTSPServer,
    site: Arc<Site>,
    clients: Arc<Clients>,
    /// As it was asked for last.
    access: Option<(Option<Login>, Vec<Guest>, Option<Tls>)>,
    mounted: BTreeMap<String, CameraFactory>,
}

impl RtspServer {
    /// Listens there.
    pub(crate) fn start(listen: SocketAddr, site: Arc<Site>) -> Result<Self, Box<dyn std::error::Error>> {
        let server = RTSPServer::new();
        server.set_address(&listen.ip().to_string());
        server.set_service(&listen.port().to_string());
        // A camera can take seconds to connect, and others shall not wait for it.
        server.thread_pool().ok_or("an RTSP server has no threads")?.set_max_threads(-1);
        server.session_pool().ok_or("an RTSP server has no sessions")?.set_max_sessions(MAX_SESSIONS);
        let clients = Arc::<Clients>::default();
        let to = clients.clone();
        server.connect_client_connected(move |_, client| to.connected(client));
        // GLib's TLS ends its handshakes in this one: where nobody runs it, connections outlive their clients.
        let context = glib::MainContext::default();
        let source = server.create_source(gio::Cancellable::NONE).map_err(|error| {
            format!(
                "RTSP cannot listen on {listen}: {}. Another program may do; [rtsp] listen = … names another",
                error.message()
            )
        })?;
        source.attach(Some(&context));
        cleanup(&server).attach(Some(&context));
        let main_loop = glib::MainLoop::new(Some(&context), false);
        thread::Builder::new().name("rtsp".into()).spawn(move || main_loop.run())?;
        Ok(Self { server, site, clients, access: None, mounted: BTreeMap::new() })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> i32 {
        self.server.bound_port()
    }

    /// Does what these settings say. Clients of cameras that stay are not disturbed.
    pub(crate) fn apply(&mut self, config: &Config) {
        let access = (config.login.clone(), config.guests.clone(), config.rtsp_tls.clone());
        if self.access.as_ref() != Some(&access) {
            let (login, guests, tls) = &access;
            // What is not right was said when the settings were read.
            let tls = tls.as_ref().map(tls::certificate).and_then(Result::ok);
            let auth = Auth::new(login.as_ref(), guests, tls.as_ref(), self.site.clone(), self.clients.clone());
            self.server.set_auth(Some(&auth));
            self.access = Some(access);
        }
        let Some(mounts) = self.server.mount_points() else { return };
        self.mounted.retain(|name, _| {
            let stays = config.cameras.contains_key(name);
            if !stays {
                mounts.remove_factory(&format!("/{name}"));
            }
            stays
        });
        for name in config.cameras.keys() {
            let mounted = self.mounted.get(name).cloned();
            let factory = mounted.unwrap_or_else(|| CameraFactory::new(name.clone(), self.site.clone()));
            let guests = config.guests.iter().map(|guest| (role_of(guest), guest.cameras.contains(name)));
            for (role, may_watch) in guests.chain([(ROLE.into(), true)]) {
                let role = gst::Structure::builder(role).field("media.factory.access", may_watch);
                factory.add_role_from_structure(&role.field("media.factory.construct", may_watch).build());
            }
            if !self.mounted.contains_key(name) {
                mounts.add_factory(&format!("/{name}"), factory.clone());
                self.mounted.insert(name.clone(), factory);
            }
        }
    }
}

fn cleanup(server: &RTSPServer) -> glib::Source {
    let sessions = server.session_pool();
    glib::timeout_source_new(CLEANUP, None, glib::Priority::DEFAULT, move || {
        if let Some(sessions) = &sessions {
            sessions.cleanup();
        }
        glib::ControlFlow::Continue
    })
}
