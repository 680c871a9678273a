//! Who is connected.
#![allow(unsafe_code, reason = "the bindings have no connections")]

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gst::glib;
use gst::glib::translate::{ToGlibPtr, from_glib_none};
use gst_rtsp_server::gio::prelude::*;
use gst_rtsp_server::gst_rtsp::ffi::gst_rtsp_connection_get_read_socket;
use gst_rtsp_server::prelude::*;
use gst_rtsp_server::{RTSPClient, RTSPContext, gio};

use crate::attempts::household;

/// Most connections at once.
const MAX_CONNECTIONS: usize = 512;
/// Most connections of one host.
const MAX_OF_HOST: usize = 128;
/// How long what was sent may wait for a client that takes nothing, in ms.
const STUCK: i32 = 60_000;
/// How long a connection may last after its session has expired, in seconds. One that never has a session lasts 60 s.
const LEAVING: i32 = 30;
/// `IPPROTO_TCP` and `TCP_USER_TIMEOUT` of Linux.
const USER_TIMEOUT: (i32, i32) = (6, 18);

/// The connections that are open.
#[derive(Default)]
pub(super) struct Clients(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    clients: Vec<(glib::WeakRef<RTSPClient>, IpAddr)>,
    /// Whose connection was let in last.
    last: Option<IpAddr>,
}

impl Clients {
    /// Whether the connection that this context is of may become a client.
    pub(super) fn lets_in(&self, context: &RTSPContext) -> bool {
        let (Some(socket), Some(host)) = (socket(context), host(context)) else { return false };
        let mut inner = self.lock();
        inner.clients.retain(|(client, _)| client.upgrade().is_some());
        let of_host = inner.clients.iter().filter(|(_, other)| *other == host).count();
        if inner.clients.len() >= MAX_CONNECTIONS || of_host >= MAX_OF_HOST {
            return false;
        }
        inner.last = Some(host);
        // Where the system has no such option, the connection lasts longer.
        let _ = socket.set_option(USER_TIMEOUT.0, USER_TIMEOUT.1, STUCK);
        true
    }

    /// The connection that was let in last is this client. All happens in one thread.
    pub(super) fn connected(&self, client: &RTSPClient) {
        let mut inner = self.lock();
        if let Some(host) = inner.last.take() {
            client.set_post_session_timeout(LEAVING);
            inner.clients.push((client.downgrade(), host));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
