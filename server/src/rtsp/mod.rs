//! All cameras by RTSP, at `rtsp://HOST:PORT/NAME`.

mod factory;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use factory::CameraFactory;
use gst::glib;
use gst_rtsp_server::gst_rtsp::RTSPAuthMethod;
use gst_rtsp_server::prelude::*;
use gst_rtsp_server::{RTSPAuth, RTSPServer, RTSPToken, gio};

use crate::config::{Config, Login};
use crate::site::Site;

/// Most clients at once.
const MAX_SESSIONS: u32 = 512;
const REALM: &str = "tutk-server";
/// The role of those who have logged in.
const ROLE: &str = "viewer";

/// The server, which has a thread of its own until the program ends.
pub(crate) struct RtspServer {
    server: RTSPServer,
    site: Arc<Site>,
    login: Option<Login>,
    mounted: BTreeSet<String>,
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
        let context = glib::MainContext::new();
        let source = server.create_source(gio::Cancellable::NONE).map_err(|error| {
            format!(
                "RTSP cannot listen on {listen}: {}. Another program may do; [rtsp] listen = … names another",
                error.message()
            )
        })?;
        source.attach(Some(&context));
        let main_loop = glib::MainLoop::new(Some(&context), false);
        thread::Builder::new().name("rtsp".into()).spawn(move || main_loop.run())?;
        Ok(Self { server, site, login: None, mounted: BTreeSet::new() })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> i32 {
        self.server.bound_port()
    }

    /// Does what these settings say. Clients of cameras that stay are not disturbed.
    pub(crate) fn apply(&mut self, config: &Config) {
        if self.login != config.login {
            self.login.clone_from(&config.login);
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

fn auth(login: &Login) -> RTSPAuth {
    let auth = RTSPAuth::new();
    auth.set_supported_methods(RTSPAuthMethod::Digest);
    auth.set_realm(Some(REALM));
    let token = RTSPToken::builder().field("media.factory.role", ROLE).build();
    auth.add_digest(&login.user, login.password.reveal(), &token);
    auth
}
