//! What `tutksrc` posts on the bus.

use std::time::Duration;

use tutk::{Error, Uid};

use super::session::Session;
use crate::errors;

/// A session is established.
pub(super) fn connected(session: &Session) -> gst::Structure {
    let (camera, info) = (session.camera(), session.info());
    let backend = if info.library.is_some() { "vendor" } else { "native" };
    gst::Structure::builder("tutk-connected")
        .field("uid", camera.uid.as_str())
        .field("address", info.remote.to_string())
        .field("name", &camera.name)
        .field("mode", info.mode.nick())
        .field("backend", backend)
        .field("encrypted", info.encrypted)
        .field_if_some("cipher-suite", info.cipher_suite.map(|suite| suite.name()))
        .field_if_some("forward-secrecy", info.cipher_suite.map(|suite| suite.has_forward_secrecy()))
        .field("encryption-declined", info.encryption_declined)
        // Not known through the vendor's library.
        .field_if_some("generation", (camera.generation != 0).then(|| u32::from(camera.generation)))
        .field_if_some("library", info.library.map(|library| library.path.display().to_string()))
        .build()
}

/// There is no session, and the next try to get one is this one, after this time.
pub(super) fn disconnected(uid: Uid, error: &Error, attempt: u32, next_try: Duration) -> gst::Structure {
    gst::Structure::builder("tutk-disconnected")
        .field("uid", uid.as_str())
        .field("reason", errors::nick(error))
        .field("text", error.to_string())
        .field("attempt", attempt)
        .field("next-try", next_try.as_nanos() as u64)
        .build()
}
