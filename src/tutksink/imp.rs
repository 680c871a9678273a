#![allow(unused_doc_comments)]

/**
 * SECTION:element-tutksink
 * @title: tutksink
 * @see_also: tutksrc, tutkmux, tutktalksrc
 *
 * `tutksink` is an IP camera that speaks ThroughTek's IOTC/AV protocol ("TUTK", "Kalay"): it answers searches in the
 * local network, accepts viewers with the right #GstTutkSink:password, and sends them its input. Several of them can run
 * on one host.
 *
 * A viewer starts at a key frame. The element asks upstream for one with a force-key-unit event; H.264 and H.265 need
 * their parameter sets in the stream at each key frame (`h264parse config-interval=-1`). With no viewer, buffers are
 * dropped.
 *
 * After a buffer with %GST_BUFFER_FLAG_DISCONT that is no key frame, viewers wait for the next key frame, which the element
 * asks for: frames that others refer to may be missing.
 *
 * With #GstTutkMux before it, the camera has a microphone: viewers who ask for audio get it. Cameras of the older generations
 * send a block of audio in one datagram: PCM and G.711 are cut to fit, and frames of other codecs over 1384 bytes are dropped for
 * viewers of these.
 *
 * With #GstTutkSink:speaker it has a speaker, too: what viewers say is given by #GstTutkSink::talk-sample and by #GstTutkTalkSrc.
 *
 * The protocol has one time for each frame, and viewers expect frames in the order in which they are shown: B-frames are
 * sent, with a warning.
 *
 * The handlers of #GstTutkSink::viewer-added, #GstTutkSink::viewer-removed, #GstTutkSink::io-control and #GstTutkSink::talk-sample run on the
 * camera's own thread, and block all viewers while they run. A handler can stop the element; but another thread that
 * stops it at the same time waits for the handler, so that gst_element_call_async() is the safe way.
 *
 * ## Example
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! videoconvert ! x264enc tune=zerolatency ! h264parse config-interval=-1 ! tutksink uid=ABCDEFGHJKLMNPQRST12
 * ]| A camera that shows a test picture. Its account is admin, with an empty password.
 *
 * Since: 0.1.0
 */
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::{self, JoinHandle};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::prelude::*;
use tutk::{CameraError, Codec, IoError, Media, Operation, VideoFrame};

use super::notice::{ask_for_key, serve};
use super::reordering::Reordering;
use super::server::Server;
use super::settings::Settings;
use super::signals;
use crate::login::{Properties, set_property};
use crate::talk::Sessions;
use crate::{audio, caps, container, errors};

pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("tutksink", gst::DebugColorFlags::empty(), Some("Virtual TUTK/Kalay camera"))
});

/// What comes to the element.
#[derive(Clone, Copy)]
enum Input {
    Video(Codec),
    /// Each buffer says what it is.
    Container,
}

fn join(thread: JoinHandle<()>) -> Result<(), gst::ErrorMessage> {
    thread.join().map_err(|_| gst::error_msg!(gst::CoreError::Failed, ["the camera's thread panicked"]))
}

#[derive(Default)]
enum State {
    #[default]
    Stopped,
    Started {
        server: Arc<Server>,
        /// Serves the viewers and handles what they send.
        thread: JoinHandle<()>,
        input: Option<Input>,
        reordering: Reordering,
        /// Where others find what viewers say.
        sessions: Sessions,
    },
}

/// The element. Its parts own their data and have no access to it: they return what is to be logged and posted.
///
/// # Locks
///
/// `settings`, `state` and that of [`Server`] are each held alone and for moments, and none while something is sent, posted or
/// emitted.
#[derive(Default)]
pub struct TutkSink {
    settings: Mutex<Settings>,
    state: Mutex<State>,
    /// The thread of a camera that a handler of a signal stopped; it has the port until the handler returns.
    leaving: Mutex<Option<JoinHandle<()>>>,
}

#[glib::object_subclass]
impl ObjectSubclass for TutkSink {
    const NAME: &'static str = "GstTutkSink";
    type Type = super::TutkSink;
    type ParentType = gst_base::BaseSink;
}

impl ObjectImpl for TutkSink {
    fn properties() -> &'static [glib::ParamSpec] {
        Settings::properties()
    }

    fn signals() -> &'static [glib::subclass::Signal] {
        signals::all()
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        set_property(*CAT, &*self.obj(), &mut *self.settings.lock().unwrap(), pspec, value);
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        match pspec.name() {
            "current-port" => self.server().map_or(0, |server| u32::from(server.port())).to_value(),
            name => self.settings.lock().unwrap().get(name),
        }
    }
}

impl GstObjectImpl for TutkSink {}

impl ElementImpl for TutkSink {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "TUTK Camera Sink",
                "Sink/Video/Network",
                "Acts as an IP camera that speaks ThroughTek's IOTC/AV protocol (TUTK, Kalay)",
                env!("CARGO_PKG_AUTHORS"),
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let mut caps = caps::template(&caps::SENT);
            caps.merge(container::caps());
            vec![gst::PadTemplate::new("sink", gst::PadDirection::Sink, gst::PadPresence::Always, &caps).unwrap()]
        });
        &TEMPLATES
    }
}

impl BaseSinkImpl for TutkSink {
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let options = self.settings.lock().unwrap().camera().map_err(|error| errors::of_setting(&error))?;
        let leaving = self.leaving.lock().unwrap().take();
        if let Some(thread) = leaving.filter(|thread| thread.thread().id() != thread::current().id()) {
            join(thread)?;
        }
        let uid = options.uid;
        let fail = |error: CameraError| errors::of_camera(&error, uid);

        let (server, events) = Server::open(options).map_err(fail)?;
        let server = Arc::new(server);
        gst::info!(CAT, imp = self, "Camera {uid} is at UDP port {}", server.port());

        let thread = thread::Builder::new()
            .name("tutksink".into())
            .spawn({
                let (sink, server) = (self.obj().clone(), server.clone());
                move || serve(&sink, &server, events)
            })
            .map_err(|source| fail(IoError::new(Operation::StartThread, source).into()))?;
        let reordering = Reordering::default();
        let sessions = Sessions::of(&*self.obj());
        sessions.add_ears(uid.as_str(), server.ears());
        *self.state.lock().unwrap() = State::Started { server, thread, input: None, reordering, sessions };
        self.obj().notify("current-port");
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        let state = std::mem::take(&mut *self.state.lock().unwrap());
        let State::Started { server, thread, sessions, .. } = state else { return Ok(()) };
        sessions.remove_ears(server.ears());
        server.stop();
        // A handler of a signal runs on that thread, and may be what stops the element: the thread ends after it.
        if thread.thread().id() == thread::current().id() {
            *self.leaving.lock().unwrap() = Some(thread);
        } else {
            join(thread)?;
        }
        self.obj().notify("current-port");
        Ok(())
    }

    fn set_caps(&self, caps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let new = if caps.can_intersect(&container::caps()) {
            Input::Container
        } else {
            Input::Video(caps::to_codec(caps).ok_or_else(|| gst::loggable_error!(CAT, "no codec for {caps}"))?)
        };
        if let State::Started { input, .. } = &mut *self.state.lock().unwrap() {
            *input = Some(new);
        }
        Ok(())
    }

    fn render(&self, buffer: &gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        if buffer.size() == 0 {
            return Ok(gst::FlowSuccess::Ok);
        }
        let input = match &*self.state.lock().unwrap() {
            State::Started { input, .. } => input.ok_or(gst::FlowError::NotNegotiated)?,
            State::Stopped => return Err(gst::FlowError::Flushing),
        };
        match input {
            Input::Video(codec) => self.render_video(codec, buffer),
            Input::Container => {
                let label = container::label(buffer).ok_or(gst::FlowError::NotNegotiated)?;
                match label.media {
                    Media::Video => {
                        let codec = caps::to_codec(&label.caps).ok_or(gst::FlowError::NotNegotiated)?;
                        self.render_video(codec, buffer)
                    }
                    Media::Audio => self.render_audio(&label.caps, buffer),
                }
            }
        }
    }
}

impl TutkSink {
    fn render_audio(&self, caps: &gst::Caps, buffer: &gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        // What is the same for the whole stream has no place in the protocol.
        if buffer.flags().contains(gst::BufferFlags::HEADER) {
            return Ok(gst::FlowSuccess::Ok);
        }
        let Some(format) = audio::from_caps(caps) else {
            gst::element_imp_error!(
                self,
                gst::CoreError::Negotiation,
                ("Cameras cannot send this audio. Sample rates can be 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100 and \
                     48000, with one or two channels."),
                ["caps {caps}"]
            );
            return Err(gst::FlowError::NotNegotiated);
        };
        let server = self.server().ok_or(gst::FlowError::Flushing)?;
        let map = self.map(buffer)?;
        let timestamp = self.timestamp(buffer);
        for (after, block) in audio::blocks(format, &map) {
            if let Err(error) = server.send_audio(format, timestamp.wrapping_add(after), block) {
                gst::warning!(CAT, imp = self, "A block of audio of {} bytes was not sent: {error}", block.len());
            }
        }
        Ok(gst::FlowSuccess::Ok)
    }

    fn map<'a>(&self, buffer: &'a gst::BufferRef) -> Result<gst::BufferMap<'a, gst::buffer::Readable>, gst::FlowError> {
        buffer.map_readable().map_err(|_| {
            gst::element_imp_error!(self, gst::ResourceError::Read, ["cannot map the buffer"]);
            gst::FlowError::Error
        })
    }

    fn render_video(&self, codec: Codec, buffer: &gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let (server, reordered) = match &mut *self.state.lock().unwrap() {
            State::Started { server, reordering, .. } => (server.clone(), reordering.begins_at(buffer)),
            State::Stopped => return Err(gst::FlowError::Flushing),
        };
        if reordered {
            self.warn_of_reordering();
        }
        let key = codec.is_intra_only() || !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let receivers = server.receivers(key, buffer.flags().contains(gst::BufferFlags::DISCONT));
        ask_for_key(&self.obj(), &server);
        if receivers.is_empty() {
            return Ok(gst::FlowSuccess::Ok);
        }

        let map = self.map(buffer)?;
        let frame = VideoFrame::new(codec, &map).with_key(key).with_timestamp(self.timestamp(buffer));
        if let Err(error) = server.send(&receivers, frame) {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Encode,
                ("A frame of {} bytes was not sent: {error}.", map.len()),
                ["{error}"]
            );
            ask_for_key(&self.obj(), &server);
        }
        Ok(gst::FlowSuccess::Ok)
    }

    /// While the element is started.
    fn server(&self) -> Option<Arc<Server>> {
        match &*self.state.lock().unwrap() {
            State::Started { server, .. } => Some(server.clone()),
            State::Stopped => None,
        }
    }

    fn warn_of_reordering(&self) {
        gst::element_imp_warning!(
            self,
            gst::StreamError::Encode,
            (
                "The stream of camera “{}” has B-frames. Viewers may show its pictures in a wrong order, and later than \
                 they could: encode it without (x264enc: bframes=0 or tune=zerolatency).",
                self.obj().name()
            )
        );
    }

    /// The camera's clock at this buffer, in milliseconds.
    fn timestamp(&self, buffer: &gst::BufferRef) -> u32 {
        let sink = self.obj();
        let running_time =
            sink.segment().downcast::<gst::ClockTime>().ok().and_then(|s| s.to_running_time(buffer.pts()));
        let time = match (running_time, sink.base_time()) {
            (Some(running_time), Some(base_time)) => running_time + base_time,
            _ => sink.clock().map_or_else(gst::get_timestamp, |clock| clock.time()),
        };
        // The protocol's clock has 32 bits and wraps.
        time.mseconds() as u32
    }
}
