//! What the parts of `tutksrc` return to be logged and posted, and how the element does so.

use std::net::SocketAddr;
use std::time::Duration;

use gst::prelude::*;
use tutk::{Codec, Dropped, Lost, SessionInfo, Uid};

use super::TutkSrc;
use super::controls::Unsent;
use super::imp::CAT;
use super::signals;

/// What happened that a user, an application or the log is to know. The parts return it; the element logs and posts it.
#[derive(Debug)]
pub(super) enum Notice {
    Connecting(Uid),
    /// A session is established.
    Connected {
        message: gst::Structure,
        uid: Uid,
        info: SessionInfo,
    },
    /// The session is plain, since the camera answered that it cannot encrypt.
    EncryptionDeclined(Uid),
    /// There is no session, and another try follows.
    Disconnected {
        message: gst::Structure,
        error: String,
        attempt: u32,
        wait: Duration,
        /// For the owner of the camera.
        hint: String,
    },
    /// A state change has ended the session.
    Closed(Uid),
    ClockNotSet(Unsent),
    QualityNotAsked(Unsent),
    /// The camera has sent an IO control that no call waits for.
    IoControl {
        kind: u32,
        body: Vec<u8>,
    },
    /// The camera did not confirm an IO control.
    IoControlUnconfirmed(u32),
    ConflictingResponder(SocketAddr),
    /// The camera came to listen, and could not log in.
    TalkFailed,
    /// The camera answers and sends no video: it is asked again.
    NoVideo,
    Lost(Lost),
    /// Frames are not used. `warn`: they are the first ones that do not belong to this video.
    Unusable {
        uid: Uid,
        dropped: Dropped,
        warn: bool,
    },
    /// A block of audio is not used. `warn`: it is the first one.
    UnknownAudio {
        uid: Uid,
        codec: Codec,
        warn: bool,
    },
    /// The camera is wrong about its codec.
    WrongCodec {
        uid: Uid,
        announced: Codec,
        codec: Codec,
    },
    /// Elements downstream take nothing, and the queue is full.
    QueueFull,
    /// Elements downstream are too slow: frames were skipped. `first`: since they were fast enough.
    Skipped {
        uid: Uid,
        frames: u64,
        time: Duration,
        first: bool,
    },
    /// A frame was dropped because frames that it needs are missing.
    Undecodable {
        number: u32,
        codec: Codec,
    },
    Latency(gst::ClockTime),
    /// For the log alone.
    Debug(String),
}

/// Logs and posts a notice. The caller holds no lock: handlers on the bus can call into the element.
pub(super) fn report(src: &TutkSrc, notice: Notice) {
    match notice {
        Notice::Connecting(uid) => gst::info!(CAT, obj = src, "Connecting to camera {uid}"),
        Notice::Connected { message, uid, info } => {
            gst::info!(CAT, obj = src, "Connected to camera {uid} at {} ({})", info.remote, info.mode);
            post(src, message);
        }
        Notice::EncryptionDeclined(uid) => gst::element_warning!(
            src,
            gst::ResourceError::NotAuthorized,
            ("Camera {uid} answered that it cannot encrypt: its password, picture and sound can be read by others in the network. If \
                 it could before, somebody else may have answered: set encryption=required. Where you trust the network, \
                 encryption=off avoids this warning."),
            ["property “encryption” is auto"]
        ),
        Notice::Disconnected { message, error, attempt, wait, hint } => {
            let millis = wait.as_millis();
            gst::info!(CAT, obj = src, "No session: {error}. Try {attempt} to connect follows in {millis} ms");
            if attempt == 1 {
                let details = format!("{error}; first try in {millis} ms");
                gst::element_warning!(src, gst::ResourceError::Read, ("{hint}"), ["{details}"]);
            }
            post(src, message);
        }
        Notice::Closed(uid) => gst::info!(CAT, obj = src, "Left camera {uid}"),
        Notice::ClockNotSet(unsent) => gst::warning!(CAT, obj = src, "The camera's clock was not set: {unsent}"),
        Notice::QualityNotAsked(unsent) => {
            gst::warning!(CAT, obj = src, "The camera was not asked for a quality: {unsent}");
        }
        Notice::IoControl { kind, body } => {
            gst::debug!(CAT, obj = src, "IO control 0x{kind:04X} with {} bytes", body.len());
            signals::io_control_received(src, kind, body);
        }
        Notice::IoControlUnconfirmed(kind) => {
            gst::warning!(CAT, obj = src, "The camera did not confirm the IO control 0x{kind:04X}");
        }
        Notice::ConflictingResponder(address) => gst::warning!(
            CAT,
            obj = src,
            "{address} answered for this camera, too, and is ignored; is that another address of it?"
        ),
        Notice::TalkFailed => {
            gst::warning!(
                CAT,
                obj = src,
                "The camera's speaker cannot be used: it has another account than this session"
            );
        }
        Notice::NoVideo => gst::warning!(CAT, obj = src, "The camera sends no video; asking for it again"),
        Notice::Lost(lost) => gst::warning!(CAT, obj = src, "{lost}"),
        Notice::Unusable { uid, dropped: Dropped { frames, codec, reason }, warn } => {
            gst::debug!(CAT, obj = src, "Dropping {frames} frames, the last one of {codec}: {reason:?}");
            if warn {
                gst::element_warning!(
                    src,
                    gst::StreamError::WrongType,
                    ("Camera {uid} sends frames of {codec} among its video, which are dropped."),
                    ["codec id 0x{:02X}", codec.id()]
                );
            }
        }
        Notice::UnknownAudio { uid, codec, warn } => {
            gst::debug!(CAT, obj = src, "Dropping a block of audio, codec {codec}");
            if warn {
                gst::element_warning!(
                    src,
                    gst::StreamError::WrongType,
                    ("Camera {uid} sends audio of {codec}, which is not known here. Its audio is dropped."),
                    ["codec id 0x{:02X}", codec.id()]
                );
            }
        }
        Notice::WrongCodec { uid, announced, codec } => gst::element_warning!(
            src,
            gst::StreamError::Format,
            ("Camera {uid} says that its video is {announced}. It is {codec}, and is played as that."),
            ["announced {announced:?}, found {codec:?}"]
        ),
        Notice::QueueFull => {
            gst::warning!(CAT, obj = src, "Elements downstream take nothing: dropping what does not fit");
        }
        Notice::Skipped { uid, frames, time, first } => report_skipped(src, uid, frames, time, first),
        Notice::Undecodable { number, codec } => {
            gst::debug!(CAT, obj = src, "Dropping frame {number} of {codec}, which cannot be decoded");
        }
        Notice::Latency(latency) => {
            gst::debug!(CAT, obj = src, "The latency is now {latency}");
            let _ = src.post_message(gst::message::Latency::builder().src(src).build());
        }
        Notice::Debug(text) => gst::debug!(CAT, obj = src, "{text}"),
    }
}

fn report_skipped(src: &TutkSrc, uid: Uid, frames: u64, time: Duration, first: bool) {
    let seconds = time.as_secs_f64();
    gst::info!(CAT, obj = src, "Elements downstream are behind: dropped {frames} frames, {seconds:.1} s");
    if first {
        gst::element_warning!(
            src,
            gst::CoreError::Clock,
            (
                "The elements after “{}” are too slow for camera {uid}: {frames} frames, {seconds:.1} s, were dropped, up to \
                 a key frame. Use a faster computer or disk, or ask the camera for less with the property “quality”.",
                src.name()
            ),
            ["property “max-queue-time”"]
        );
    }
}

/// Posts an element message.
pub(super) fn post(src: &TutkSrc, structure: gst::Structure) {
    // Without a bus it is refused, which is no failure.
    let _ = src.post_message(gst::message::Element::builder(structure).src(src).build());
}
