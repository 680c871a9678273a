#![allow(unused_doc_comments)]

/**
 * SECTION:element-tutksink
 * @title: tutksink
 * @see_also: tutksrc
 *
 * `tutksink` is an IP camera that speaks ThroughTek's IOTC/AV protocol ("TUTK", "Kalay"): it answers searches in the
 * local network, lets viewers in that know #GstTutkSink:password, and sends them the video that it is fed. Several
 * of them can be on one host.
 *
 * A viewer starts at a key frame. The element asks upstream for one with a force-key-unit event; H.264 and H.265 need
 * their parameter sets in the stream at each key frame (`h264parse config-interval=-1`). With no viewer, buffers are
 * dropped.
 *
 * After a buffer with %GST_BUFFER_FLAG_DISCONT that is no key frame, viewers wait for the next key frame, which the element
 * asks for: frames that others refer to may be missing.
 *
 * The protocol has one time for each frame, and viewers expect frames in the order in which they are shown: B-frames are
 * sent, with a warning.
 *
 * The handlers of #GstTutkSink::viewer-added, #GstTutkSink::viewer-removed and #GstTutkSink::io-control run on the
 * camera's own thread, and hold up all viewers while they run. A handler can stop the element; but another thread that
 * stops it at the same time waits for the handler, so that gst_element_call_async() is the safe way.
 *
 * ## Example
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! videoconvert ! x264enc tune=zerolatency ! h264parse config-interval=-1 ! tutksink uid=ABCDEFGHJKLMNPQRST12
 * ]| A camera that sees a test picture. Its account is admin, with an empty password.
 *
 * Since: 0.1.0
 */
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::prelude::*;
use tutk::{Camera, CameraEvent, Cancel, Codec, DisconnectReason, Error, Uid, VideoFrame, ViewerId, io_control};

use super::reordering::Reordering;
use super::settings::Settings;
use super::signals;
use super::viewers::Viewers;
use crate::{caps, errors};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("tutksink", gst::DebugColorFlags::empty(), Some("Virtual TUTK/Kalay camera"))
});

#[derive(Default)]
enum State {
    #[default]
    Stopped,
    Started {
        serving: Arc<Serving>,
        cancel: Cancel,
        /// Serves the viewers and handles what they send.
        thread: JoinHandle<()>,
        codec: Option<Codec>,
    },
}

/// A camera from start to stop. One that its own thread has stopped may end while the next is there.
struct Serving {
    camera: Camera,
    viewers: Mutex<Viewers>,
}

#[derive(Default)]
pub struct TutkSink {
    settings: Mutex<Settings>,
    state: Mutex<State>,
    reordering: Mutex<Reordering>,
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
        let name = pspec.name();
        let mut settings = self.settings.lock().unwrap();
        if pspec.flags().contains(glib::ParamFlags::READABLE) {
            gst::info!(CAT, imp = self, "Changing {name} from {:?} to {value:?}", settings.get(name));
        } else {
            gst::info!(CAT, imp = self, "Changing {name}");
        }
        settings.set(name, value);
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        match (pspec.name(), &*self.state.lock().unwrap()) {
            ("current-port", State::Started { serving, .. }) => u32::from(serving.camera.port()).to_value(),
            ("current-port", State::Stopped) => 0u32.to_value(),
            (name, _) => self.settings.lock().unwrap().get(name),
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
                "Is an IP camera that speaks ThroughTek's IOTC/AV protocol (TUTK, Kalay)",
                env!("CARGO_PKG_AUTHORS"),
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let caps = caps::template(&[Codec::H264, Codec::H265, Codec::Mjpeg]);
            vec![gst::PadTemplate::new("sink", gst::PadDirection::Sink, gst::PadPresence::Always, &caps).unwrap()]
        });
        &TEMPLATES
    }
}

impl BaseSinkImpl for TutkSink {
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let options = self.settings.lock().unwrap().camera().map_err(|error| errors::of_start(&error))?;
        let uid = options.uid;
        let fail = |error: Error| errors::of_camera(&error, uid);
        *self.reordering.lock().unwrap() = Reordering::default();

        let cancel = Cancel::new().map_err(fail)?;
        let camera = Camera::open(options, &cancel).map_err(fail)?;
        gst::info!(CAT, imp = self, "Camera {uid} is at UDP port {}", camera.port());
        let serving = Arc::new(Serving { camera, viewers: Mutex::default() });

        let thread = thread::Builder::new()
            .name("tutksink".into())
            .spawn({
                let (sink, serving) = (self.obj().clone(), serving.clone());
                move || sink.imp().serve(&serving, uid)
            })
            .map_err(|source| fail(Error::Io { what: "cannot start a thread".into(), source }))?;
        *self.state.lock().unwrap() = State::Started { serving, cancel, thread, codec: None };
        self.obj().notify("current-port");
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        let state = std::mem::take(&mut *self.state.lock().unwrap());
        let State::Started { cancel, thread, .. } = state else { return Ok(()) };
        cancel.cancel();
        // A handler of a signal runs on that thread, and may be what stops the element: the thread ends after it.
        if thread.thread().id() != thread::current().id() {
            thread.join().map_err(|_| gst::error_msg!(gst::CoreError::Failed, ["the camera's thread panicked"]))?;
        }
        self.obj().notify("current-port");
        Ok(())
    }

    fn set_caps(&self, caps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let new = caps::to_codec(caps).ok_or_else(|| gst::loggable_error!(CAT, "no codec for {caps}"))?;
        if let State::Started { codec, .. } = &mut *self.state.lock().unwrap() {
            *codec = Some(new);
        }
        Ok(())
    }

    fn render(&self, buffer: &gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let (serving, codec) = match &*self.state.lock().unwrap() {
            State::Started { serving, codec: Some(codec), .. } => (serving.clone(), *codec),
            State::Started { .. } => return Err(gst::FlowError::NotNegotiated),
            State::Stopped => return Err(gst::FlowError::Flushing),
        };
        if buffer.size() == 0 {
            return Ok(gst::FlowSuccess::Ok);
        }
        if self.reordering.lock().unwrap().begins_at(buffer) {
            self.warn_of_reordering();
        }
        let key = codec.is_intra_only() || !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let receivers = {
            let mut viewers = serving.viewers.lock().unwrap();
            if buffer.flags().contains(gst::BufferFlags::DISCONT) && !key {
                viewers.all_missed();
            }
            viewers.receivers(key)
        };
        self.ask_for_key(&serving);
        if receivers.is_empty() {
            return Ok(gst::FlowSuccess::Ok);
        }

        let map = buffer.map_readable().map_err(|_| {
            gst::element_imp_error!(self, gst::ResourceError::Read, ["cannot map the buffer"]);
            gst::FlowError::Error
        })?;
        let frame = VideoFrame::new(codec, &map).with_key(key).with_timestamp(self.timestamp(buffer));
        if let Err(error) = serving.camera.send_video(&receivers, frame) {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Encode,
                ("A frame of {} bytes was not sent: {error}.", map.len()),
                ["{error}"]
            );
            for viewer in receivers {
                self.missed(&serving, viewer);
            }
        }
        Ok(gst::FlowSuccess::Ok)
    }
}

impl TutkSink {
    /// The camera's thread: until it is cancelled, or the network fails.
    fn serve(&self, serving: &Serving, uid: Uid) {
        let error = loop {
            match serving.camera.next_event() {
                Ok(event) => self.handle(serving, event),
                Err(error) => break error,
            }
        };
        let viewers = serving.viewers.lock().unwrap().clear();
        for viewer in viewers {
            serving.camera.close_viewer(viewer);
            signals::viewer_removed(&self.obj(), viewer, DisconnectReason::ByCamera);
        }
        if !matches!(error, Error::Cancelled) {
            self.post_error_message(errors::of_camera(&error, uid));
        }
    }

    fn handle(&self, serving: &Serving, event: CameraEvent) {
        match event {
            CameraEvent::ViewerAdded { viewer, address } => {
                gst::info!(CAT, imp = self, "Viewer {viewer} at {address}");
                serving.viewers.lock().unwrap().add(viewer);
                signals::viewer_added(&self.obj(), viewer, &address.to_string());
            }
            CameraEvent::ViewerRemoved { viewer, reason } => {
                gst::info!(CAT, imp = self, "Viewer {viewer} is gone: {reason:?}");
                serving.viewers.lock().unwrap().remove(viewer);
                signals::viewer_removed(&self.obj(), viewer, reason);
            }
            CameraEvent::IoControl { viewer, kind, body } => {
                gst::debug!(CAT, imp = self, "IO control 0x{kind:04X} of viewer {viewer}, {} bytes", body.len());
                self.io_control(serving, viewer, kind, body);
            }
            CameraEvent::KeyFrameWanted { viewer } => {
                gst::info!(CAT, imp = self, "Viewer {viewer} is slow and has missed frames");
                self.missed(serving, viewer);
            }
            CameraEvent::LoginRefused { address } => {
                gst::warning!(CAT, imp = self, "{address} tried to log in with a wrong account or password");
            }
            CameraEvent::IoControlUnconfirmed { viewer, kind } => {
                gst::warning!(CAT, imp = self, "Viewer {viewer} did not confirm the IO control 0x{kind:04X}");
            }
            _ => gst::debug!(CAT, imp = self, "{event:?}"),
        }
    }

    fn io_control(&self, serving: &Serving, viewer: ViewerId, kind: u32, body: Vec<u8>) {
        match kind {
            io_control::START_VIDEO => {
                serving.viewers.lock().unwrap().start(viewer);
                self.ask_for_key(serving);
            }
            io_control::STOP_VIDEO => serving.viewers.lock().unwrap().stop(viewer),
            _ => {}
        }
        if let Some(answer) = signals::io_control(&self.obj(), viewer, kind, body)
            && let Err(error) = serving.camera.send_io_control(viewer, kind.wrapping_add(1), &answer)
        {
            gst::warning!(CAT, imp = self, "Cannot answer viewer {viewer}: {error}");
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

    fn missed(&self, serving: &Serving, viewer: ViewerId) {
        serving.viewers.lock().unwrap().missed(viewer);
        self.ask_for_key(serving);
    }

    /// Asks upstream for a key frame, if a viewer waits for one and none is under way.
    fn ask_for_key(&self, serving: &Serving) {
        if serving.viewers.lock().unwrap().ask_for_key(Instant::now()) {
            gst::debug!(CAT, imp = self, "Asking for a key frame");
            let event = gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build();
            if !self.obj().sink_pad().push_event(event) {
                gst::info!(CAT, imp = self, "Upstream gives no key frame when asked; viewers wait for the next one");
            }
        }
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
