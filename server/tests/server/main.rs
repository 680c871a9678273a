//! The server as its clients see it. One program, because each one links GStreamer.
#![allow(missing_docs, unreachable_pub, reason = "a test program has no users")]

mod api;
mod browser;
mod common;
mod farm;
mod growth;
mod guests;
mod http;
mod load;
mod metrics;
mod mqtt;
mod pictures;
#[path = "../../../tests/common/port.rs"]
mod port;
mod recording;
mod rtsp;
mod slow;
mod soak;
mod start;
#[cfg(feature = "dtls")]
mod tls;
mod webrtc;
