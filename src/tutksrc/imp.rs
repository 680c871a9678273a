#![allow(unused_doc_comments)]

/**
 * SECTION:element-tutksrc
 * @title: tutksrc
 * @see_also: tutksink
 *
 * `tutksrc` plays an IP camera that speaks ThroughTek's IOTC/AV protocol ("TUTK", "Kalay"). By itself it reaches
 * cameras in the local network or at #GstTutkSrc:address; with the vendor's own library (#GstTutkSrc:library), which is
 * not part of this plugin, also those that only the vendor's servers know. Its output is the camera's video as the camera
 * encodes it; the caps follow from the first frame.
 *
 * ## When the network loses frames
 *
 * The protocol sends lost datagrams again, so that a frame is rarely lost for good. If it is, and the codec predicts
 * frames from earlier ones (H.264, H.265, MPEG-4, H.263), frames are dropped up to the next key frame: nothing in the
 * stream tells whether others refer to the lost frame, cameras encode chains in which each does, and a decoder would
 * show, and a recorder keep, broken pictures up to that key frame in any case. A JPEG stands on its own, so that
 * Motion JPEG goes on with the next frame. The first buffer after a loss carries %GST_BUFFER_FLAG_DISCONT.
 *
 * ## Sessions
 *
 * The session begins in PLAYING and ends in PAUSED: a paused pipeline takes no place at the camera, and after the pause
 * the output begins with a key frame and %GST_BUFFER_FLAG_DISCONT. The thread that pushes buffers also keeps the
 * session alive, so that elements that may block for seconds belong behind a `queue`.
 *
 * PTS are the running time at which the frame's last datagram came. The offset of a buffer is the camera's number of
 * the frame.
 *
 * ## Example
 * |[
 * gst-launch-1.0 tutksrc uid=ABCDEFGHJKLMNPQRST12 password=… ! decodebin ! videoconvert ! autovideosink
 * ]| Shows the camera in a window.
 *
 * |[
 * gst-launch-1.0 -e tutksrc uid=ABCDEFGHJKLMNPQRST12 password=… ! h264parse ! mp4mux ! filesink location=camera.mp4
 * ]| Records the camera until Ctrl-C, without encoding anew.
 *
 * Since: 0.1.0
 */
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_src::CreateSuccess;
use gst_base::subclass::prelude::*;
use tutk::{Cancel, Codec, Error, Frame, Media, Received, Session, SessionOptions, io_control};

use super::controls::Controls;
use super::gate::{Gate, Pass};
use super::navigation::{self, Keys};
use super::settings::Settings;
use super::{signals, uri};
use crate::{PtzDirection, caps, errors};

pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("tutksrc", gst::DebugColorFlags::empty(), Some("Source for TUTK/Kalay cameras"))
});

/// How long to look for cameras when none is named.
const LIST_TIME: Duration = Duration::from_secs(1);

#[derive(Default)]
#[allow(clippy::large_enum_variant, reason = "there is one for each element")]
enum State {
    #[default]
    Stopped,
    Started {
        /// Which session to open; none if no camera is named.
        options: Option<SessionOptions>,
        /// The session that stands. The streaming thread opens and uses it; state changes close it, too.
        session: Option<Arc<Session>>,
        gate: Gate,
        last_pts: gst::ClockTime,
    },
}

#[derive(Default)]
pub struct TutkSrc {
    settings: Mutex<Settings>,
    state: Mutex<State>,
    // Apart from the state, so that `unlock` waits for nobody.
    interrupt: Mutex<Option<Interrupt>>,
    controls: Arc<Controls>,
    keys: Mutex<Keys>,
}

/// Ends what the streaming thread waits for: to flush, or because of a pause.
struct Interrupt {
    cancel: Cancel,
    flushing: bool,
}

#[glib::object_subclass]
impl ObjectSubclass for TutkSrc {
    const NAME: &'static str = "GstTutkSrc";
    type Type = super::TutkSrc;
    type ParentType = gst_base::PushSrc;
    type Interfaces = (gst::URIHandler,);
}

impl ObjectImpl for TutkSrc {
    fn properties() -> &'static [glib::ParamSpec] {
        Settings::properties()
    }

    fn signals() -> &'static [glib::subclass::Signal] {
        signals::all()
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        let name = pspec.name();
        if name == "uri" {
            return self.set_uri_property(value.get().unwrap());
        }
        let mut settings = self.settings.lock().unwrap();
        if pspec.flags().contains(glib::ParamFlags::READABLE) {
            gst::info!(CAT, imp = self, "Changing {name} from {:?} to {value:?}", settings.get(name));
        } else {
            gst::info!(CAT, imp = self, "Changing {name}");
        }
        settings.set(name, value);
        drop(settings);
        match name {
            "quality" => self.ask_for_quality(),
            "navigation" => self.release_keys(),
            _ => {}
        }
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        self.settings.lock().unwrap().get(pspec.name())
    }

    fn constructed(&self) {
        self.parent_constructed();
        let src = self.obj();
        src.set_live(true);
        src.set_format(gst::Format::Time);
    }
}

impl GstObjectImpl for TutkSrc {}

impl ElementImpl for TutkSrc {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "TUTK Camera Source",
                "Source/Video/Network",
                "Plays an IP camera that speaks ThroughTek's IOTC/AV protocol (TUTK, Kalay)",
                env!("CARGO_PKG_NAME"),
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let caps = caps::template(&caps::VIDEO);
            vec![gst::PadTemplate::new("src", gst::PadDirection::Src, gst::PadPresence::Always, &caps).unwrap()]
        });
        &TEMPLATES
    }

    fn change_state(&self, transition: gst::StateChange) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        let success = self.parent_change_state(transition)?;
        // The streaming thread drives the session and now waits for PLAYING, so that no session outlives a pause. The
        // base class leaves alone what that thread waits for.
        if transition == gst::StateChange::PlayingToPaused {
            if let Some(interrupt) = &*self.interrupt.lock().unwrap() {
                interrupt.cancel.cancel();
            }
            self.close();
        }
        Ok(success)
    }
}

impl URIHandlerImpl for TutkSrc {
    const URI_TYPE: gst::URIType = gst::URIType::Src;

    fn protocols() -> &'static [&'static str] {
        &[uri::PROTOCOL]
    }

    fn uri(&self) -> Option<String> {
        uri::of(&self.settings.lock().unwrap())
    }

    fn set_uri(&self, uri: &str) -> Result<(), glib::Error> {
        if self.obj().current_state() > gst::State::Ready {
            let text = "The URI can be set only in the states NULL and READY";
            return Err(glib::Error::new(gst::URIError::BadState, text));
        }
        let properties = uri::parse(uri).map_err(|text| glib::Error::new(gst::URIError::BadUri, &text))?;
        for (name, value) in properties {
            self.obj().set_property_from_value(name, &value);
        }
        Ok(())
    }
}

impl BaseSrcImpl for TutkSrc {
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let options = self.settings.lock().unwrap().session().map_err(|error| errors::of_start(&error))?;
        let cancel = Cancel::new().map_err(|error| errors::of_start(&error))?;
        *self.interrupt.lock().unwrap() = Some(Interrupt { cancel, flushing: false });
        *self.state.lock().unwrap() =
            State::Started { options, session: None, gate: Gate::default(), last_pts: gst::ClockTime::ZERO };
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        self.close();
        self.controls.reset();
        *self.state.lock().unwrap() = State::Stopped;
        *self.interrupt.lock().unwrap() = None;
        Ok(())
    }

    fn event(&self, event: &gst::Event) -> bool {
        self.navigate(event) || self.parent_event(event)
    }

    fn is_seekable(&self) -> bool {
        false
    }

    fn negotiate(&self) -> Result<(), gst::LoggableError> {
        // The camera decides on the codec: its first frame sets the caps.
        Ok(())
    }

    fn unlock(&self) -> Result<(), gst::ErrorMessage> {
        if let Some(interrupt) = &mut *self.interrupt.lock().unwrap() {
            interrupt.flushing = true;
            interrupt.cancel.cancel();
        }
        self.controls.interrupt();
        Ok(())
    }

    fn unlock_stop(&self) -> Result<(), gst::ErrorMessage> {
        if let Some(interrupt) = &mut *self.interrupt.lock().unwrap() {
            interrupt.flushing = false;
            interrupt.cancel.reset();
        }
        Ok(())
    }
}

impl PushSrcImpl for TutkSrc {
    fn create(&self, _buffer: Option<&mut gst::BufferRef>) -> Result<CreateSuccess, gst::FlowError> {
        self.controls.receive_here();
        loop {
            match self.next_buffer() {
                Ok(buffer) => return Ok(CreateSuccess::NewBuffer(buffer)),
                Err(gst::FlowError::Flushing) if self.was_paused() => {
                    self.close();
                    self.obj().wait_playing()?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl TutkSrc {
    fn next_buffer(&self) -> Result<gst::Buffer, gst::FlowError> {
        let session = self.session()?;
        loop {
            match session.receive() {
                Ok(Received::Video(frame)) => {
                    if let Some(buffer) = self.buffer(frame)? {
                        return Ok(buffer);
                    }
                }
                Ok(Received::Lost(lost)) => {
                    gst::warning!(CAT, imp = self, "{lost}");
                    if let (Media::Video, State::Started { gate, .. }) = (lost.media, &mut *self.state.lock().unwrap())
                    {
                        gate.lost();
                    }
                }
                Ok(Received::IoControl { kind, body }) => {
                    gst::debug!(CAT, imp = self, "IO control 0x{kind:04X} with {} bytes", body.len());
                    if let Some(body) = self.controls.received(kind, body) {
                        signals::io_control_received(&self.obj(), kind, body);
                    }
                }
                Ok(Received::IoControlUnconfirmed { kind }) => {
                    gst::warning!(CAT, imp = self, "The camera did not confirm the IO control 0x{kind:04X}");
                }
                Ok(Received::Audio(frame)) => gst::trace!(CAT, imp = self, "Audio is not played: {frame:?}"),
                Ok(other) => gst::debug!(CAT, imp = self, "{other:?}"),
                Err(Error::Cancelled) => return Err(gst::FlowError::Flushing),
                Err(error) => {
                    // Errors are final for a session. The next PLAYING begins another one.
                    self.close();
                    return Err(self.fail(&error));
                }
            }
        }
    }

    /// Whether a pause, and no flush, has interrupted the streaming thread. If so, it can wait again.
    fn was_paused(&self) -> bool {
        match &*self.interrupt.lock().unwrap() {
            Some(Interrupt { cancel, flushing: false }) => {
                cancel.reset();
                true
            }
            _ => false,
        }
    }

    /// The session that stands, or a new one.
    fn session(&self) -> Result<Arc<Session>, gst::FlowError> {
        let options = match &*self.state.lock().unwrap() {
            State::Started { session: Some(session), .. } => return Ok(session.clone()),
            State::Started { options, .. } => options.clone(),
            State::Stopped => return Err(gst::FlowError::Flushing),
        };
        let cancel = match &*self.interrupt.lock().unwrap() {
            Some(interrupt) => interrupt.cancel.clone(),
            None => return Err(gst::FlowError::Flushing),
        };
        let Some(options) = options else { return Err(self.list_cameras(&cancel)) };

        gst::info!(CAT, imp = self, "Connecting to camera {}", options.uid);
        let session = self.open(options, &cancel).map_err(|error| {
            self.close();
            self.fail(&error)
        })?;
        gst::info!(CAT, imp = self, "Connected to the camera: {:?}", session.info());
        if let State::Started { session: place, gate, .. } = &mut *self.state.lock().unwrap() {
            *place = Some(session.clone());
            gate.lost();
        }
        Ok(session)
    }

    fn open(&self, options: SessionOptions, cancel: &Cancel) -> Result<Arc<Session>, Error> {
        let session = Arc::new(Session::open(options, cancel)?);
        self.controls.attach(&session);
        if self.settings.lock().unwrap().sync_time()
            && let Err(unsent) = self.controls.sync_time()
        {
            gst::warning!(CAT, imp = self, "The camera's clock is not set: {unsent}");
        }
        self.ask_for_quality();
        session.start_video()?;
        Ok(session)
    }

    /// Ends the session that stands, as soon as the streaming thread is out of it.
    fn close(&self) {
        self.controls.detach();
        let session = match &mut *self.state.lock().unwrap() {
            State::Started { session, .. } => session.take(),
            State::Stopped => None,
        };
        if session.is_some() {
            gst::info!(CAT, imp = self, "Closing the session");
        }
        // Dropped without a lock: that stops the video and tells the camera.
        drop(session);
    }

    /// The frame as a buffer, if it goes downstream.
    fn buffer(&self, frame: Frame) -> Result<Option<gst::Buffer>, gst::FlowError> {
        let pass = match &mut *self.state.lock().unwrap() {
            State::Started { gate, .. } => gate.pass(&frame),
            State::Stopped => return Err(gst::FlowError::Flushing),
        };
        let Some(Pass { new_codec, discont, delta }) = pass else {
            gst::debug!(CAT, imp = self, "Dropping {frame:?}, which cannot be decoded");
            return Ok(None);
        };
        if new_codec {
            self.set_codec(frame.codec)?;
        }
        let number = u64::from(frame.number);
        let pts = self.pts(frame.received);
        gst::trace!(CAT, imp = self, "{frame:?} at {}", pts.display());

        let mut buffer = gst::Buffer::from_mut_slice(frame.data);
        let writable = buffer.make_mut();
        writable.set_pts(pts);
        writable.set_offset(number);
        writable.set_offset_end(number + 1);
        if discont {
            writable.set_flags(gst::BufferFlags::DISCONT);
        }
        if delta {
            writable.set_flags(gst::BufferFlags::DELTA_UNIT);
        }
        Ok(Some(buffer))
    }

    /// The running time of this moment, which has just been. Never before that of the last frame.
    fn pts(&self, moment: Instant) -> Option<gst::ClockTime> {
        let age = gst::ClockTime::try_from(moment.elapsed()).unwrap_or_default();
        let pts = self.obj().current_running_time()?.saturating_sub(age);
        let State::Started { last_pts, .. } = &mut *self.state.lock().unwrap() else { return Some(pts) };
        *last_pts = pts.max(*last_pts);
        Some(*last_pts)
    }

    fn set_codec(&self, codec: Codec) -> Result<(), gst::FlowError> {
        let uid = self.uid();
        let Some(caps) = caps::from_codec(codec) else {
            gst::element_imp_error!(
                self,
                gst::StreamError::Format,
                ("Camera {uid} sends video in a format that is not known: {codec}."),
                ["codec id 0x{:02X}", codec.id()]
            );
            return Err(gst::FlowError::Error);
        };
        gst::info!(CAT, imp = self, "The camera sends {codec}: {caps}");
        // Events that stick, as caps do, are not refused before the next buffer is: ask.
        let pad = self.obj().src_pad().clone();
        if pad.peer_query_accept_caps(&caps) && self.obj().set_caps(&caps).is_ok() {
            return Ok(());
        }
        // Downstream says no while it shuts down, too.
        if pad.pad_flags().contains(gst::PadFlags::FLUSHING) {
            return Err(gst::FlowError::Flushing);
        }
        gst::element_imp_error!(
            self,
            gst::CoreError::Negotiation,
            ("Camera {uid} sends {codec}, and the element after “{}” does not take that.", self.obj().name()),
            ["caps {caps}"]
        );
        Err(gst::FlowError::NotNegotiated)
    }

    fn list_cameras(&self, cancel: &Cancel) -> gst::FlowError {
        let options = self.settings.lock().unwrap().scan(LIST_TIME);
        let found = tutk::scan(&options, cancel);
        if let Err(Error::Cancelled) = found {
            return gst::FlowError::Flushing;
        }
        self.post_error_message(errors::without_uid(&found));
        gst::FlowError::Error
    }

    fn fail(&self, error: &Error) -> gst::FlowError {
        if let Error::Cancelled = error {
            return gst::FlowError::Flushing;
        }
        let message = match &*self.state.lock().unwrap() {
            State::Started { options: Some(options), .. } => errors::of_viewer(error, options),
            _ => errors::of_start(error),
        };
        self.post_error_message(message);
        gst::FlowError::Error
    }

    pub(super) fn controls(&self) -> &Arc<Controls> {
        &self.controls
    }

    /// A setter has no way to say what is wrong: the start does.
    fn set_uri_property(&self, uri: Option<String>) {
        let Some(uri) = uri else { return self.obj().set_property("uid", None::<String>) };
        if let Err(error) = self.set_uri(&uri) {
            gst::error!(CAT, imp = self, "{}", error.message());
            if error.matches(gst::URIError::BadUri) {
                self.settings.lock().unwrap().refuse_uri(error.message());
            }
        }
    }

    /// Asks for the quality that is set, if there is a session.
    fn ask_for_quality(&self) {
        let wanted = self.settings.lock().unwrap().quality().wanted();
        if let Some(quality) = wanted
            && let Err(unsent) = self.controls.send(io_control::SET_QUALITY, &io_control::set_quality(quality))
        {
            gst::debug!(CAT, imp = self, "The camera is not asked for a quality now: {unsent}");
        }
    }

    /// Turns the camera if the event is about a key that does.
    fn navigate(&self, event: &gst::EventRef) -> bool {
        if !self.settings.lock().unwrap().navigation() {
            return false;
        }
        let mut keys = self.keys.lock().unwrap();
        let Some(direction) = keys.handle(event) else { return false };
        if let Err(unsent) = self.controls.steer(direction, navigation::SPEED) {
            gst::debug!(CAT, imp = self, "The camera is not turned: {unsent}");
        }
        true
    }

    /// Keys count as released when they begin or cease to turn the camera.
    fn release_keys(&self) {
        *self.keys.lock().unwrap() = Keys::default();
        let _ = self.controls.steer(PtzDirection::Stop, 0);
    }

    /// The camera's UID, for texts.
    fn uid(&self) -> String {
        match &*self.state.lock().unwrap() {
            State::Started { options: Some(options), .. } => options.uid.to_string(),
            _ => String::new(),
        }
    }
}
