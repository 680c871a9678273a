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
 * ## Frames
 *
 * The types of NAL units tell where a decoder can start, and not the camera's flag. Parameter sets, SEI and delimiters in frames
 * of their own join the picture that follows; where the slices of a picture come in frames of their own, caps have
 * `alignment=nal`. Frames of another codec cost themselves alone: the stream changes its codec at a key frame with headers of
 * the new one, or at its second key frame. Streams with B-frames have DTS, which rise strictly, and PTS at or after them;
 * others have PTS alone, which rise strictly.
 *
 * ## Sessions
 *
 * The session begins in PLAYING and ends in PAUSED: a paused pipeline takes no place at the camera, and after the pause
 * the output begins with a key frame and %GST_BUFFER_FLAG_DISCONT. The thread that pushes buffers also keeps the
 * session alive, so that elements that may block for seconds belong behind a `queue`.
 *
 * When a session is lost, because the camera is silent, closes it, sends no video (#GstTutkSrc:frame-timeout), or has
 * moved to another address, the element reconnects as long as it is in PLAYING, unless #GstTutkSrc:reconnect is off.
 * Until then gap events tell downstream that time passes. The first buffer after it is a key frame with
 * %GST_BUFFER_FLAG_DISCONT and %GST_BUFFER_FLAG_RESYNC. A camera that cannot be reached at the start may come later, as
 * after a power cut, and one that serves no more viewers may be holding a place for a viewer that crashed, maybe this one:
 * the element tries for #GstTutkSrc:retry-timeout.
 *
 * The story of a session is in the debug log, a few lines of `GST_DEBUG=tutksrc:4`.
 *
 * ## In other elements
 *
 * `fallbacksrc` takes gap events for video, so that it shows its fallback only with #GstTutkSrc:reconnect off: then the
 * error makes it start its source anew. Let it have `restart-on-eos=true`, because an EOS follows the error and would
 * end the fallback, too, and a `retry-timeout` of its own as long as a camera may be gone; it gives up after 60 s by
 * default. Its source must end with a decoder.
 *
 * `webrtcsink` takes the output as it is. It refuses caps that change, as those of `h264parse` do once it has seen the
 * picture's size; a filter `video/x-h264,stream-format=avc` after that parser avoids it.
 *
 * ## Messages
 *
 * Applications learn of sessions by element messages with these structures, times in nanoseconds:
 *
 * * `tutk-connected`: `uid`, `address` and `name` of the camera, `mode` (`lan`, `p2p`, `relay`, `unknown`), `backend`
 *   (`native`, `vendor`), `encrypted` (#gboolean), `generation` of the protocol (#guint, if it is known) and `library`
 *   (the vendor's, if it is used);
 * * `tutk-disconnected`, after a loss and after each try to connect that failed: `uid`, `reason` (`silent`, `no-frames`,
 *   `closed-by-camera`, `not-found`, `no-answer`, `full`, `network`, `protocol`, `library`), `text` for the user, `attempt`
 *   (#guint, the number of the next try since the last frame) and `next-try` (#guint64, how long until then);
 * * `tutk-stats`, every #GstTutkSrc:stats-interval: what #GstTutkSrc:stats holds.
 *
 * ## Times
 *
 * The camera's clock may be wrong, drift, or stand still; the network delivers frames early and late. PTS are the running
 * time at which the frame's last datagram came, until the camera's clock has proved for 16 s to be sane; from then on
 * that clock, mapped onto the running time (#GstTutkSrc:timestamp-mode). The latency query answers how late frames come
 * relative to their PTS. Elements downstream may take their time: frames are received meanwhile, and wait, up to
 * #GstTutkSrc:max-queue-time and 16 MiB. A flush drops them. When it resets the running time, PTS begin anew, and the next
 * buffer has %GST_BUFFER_FLAG_RESYNC. The camera's own time stays on each buffer, as a #GstReferenceTimestampMeta with the caps
 * `timestamp/x-tutk-camera`. The offset of a buffer is the camera's number of the frame.
 *
 * ## URI
 *
 * Where applications take a URI, a camera is `tutk://[account:password@]UID[?property=value&…]`. Account and password
 * are percent-encoded: `%40` for an @. The parameters are properties of this element, with values as `gst-launch-1.0`
 * takes them. What the URI does not say stays as it is. A URI may come from a stranger. So it cannot set
 * #GstTutkSrc:library and #GstTutkSrc:backend, which choose code, #GstTutkSrc:license-key, nor
 * #GstTutkSrc:require-encryption, and where it sets #GstTutkSrc:address, the environment variable `TUTK_PASSWORD` is not
 * used: the password is in the URI, or the application sets it.
 *
 * This element never shows the password that a URI holds, but GStreamer itself and applications log URIs, and a URI on
 * a command line can be read by other users. Where that matters, leave the password out of the URI and set
 * #GstTutkSrc:password, for instance in a handler of the signal `source-setup` of playbin3 and uridecodebin3.
 *
 * |[
 * gst-play-1.0 'tutk://admin:p%40ssword@ABCDEFGHJKLMNPQRST12?quality=low'
 * ]| Shows the camera in a window.
 *
 * ## Controls
 *
 * #GstTutkSrc:quality asks for another quality of the stream. #GstTutkSrc::ptz turns the camera, and with
 * #GstTutkSrc:navigation the arrow keys of the video's window do. #GstTutkSrc::io-control sends any other command.
 *
 * |[
 * gst-launch-1.0 tutksrc uid=ABCDEFGHJKLMNPQRST12 quality=low navigation=true ! decodebin ! videoconvert ! autovideosink
 * ]| Shows the camera in a window, where the arrow keys turn it.
 *
 * |[<!-- language="C" -->
 * gboolean sent;
 * GBytes *info = NULL;
 *
 * // Left, for half a second.
 * g_signal_emit_by_name (src, "ptz", 3, 8, 500, &sent);
 * // The camera's model and firmware; wait for 2 s.
 * g_signal_emit_by_name (src, "io-control", 0x0330, NULL, 2000, &info);
 * ]| Turns the camera, and asks what it is.
 *
 * ## Example
 * |[
 * gst-launch-1.0 tutksrc uid=ABCDEFGHJKLMNPQRST12 ! decodebin ! videoconvert ! autovideosink
 * ]| Shows the camera in a window. The environment variable `TUTK_PASSWORD` holds its password.
 *
 * |[
 * gst-launch-1.0 -e tutksrc uid=ABCDEFGHJKLMNPQRST12 ! h264parse ! mp4mux ! filesink location=camera.mp4
 * ]| Records the camera until Ctrl-C, without encoding anew.
 *
 * Since: 0.1.0
 */
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Instant;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_src::CreateSuccess;
use gst_base::subclass::prelude::*;
use tutk::{Cancel, Error, Session};

use super::controls::Controls;
use super::navigation::Keys;
use super::properties::PROPERTIES;
use super::queue::Arrived;
use super::receiver::Receiver;
use super::session::GAP;
use super::settings::Settings;
use super::signals;
use super::stats::Stats;
use super::stream::{State, Stream};
use crate::{caps, errors};

pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("tutksrc", gst::DebugColorFlags::empty(), Some("Source for TUTK/Kalay cameras"))
});

#[derive(Default)]
pub struct TutkSrc {
    pub(super) settings: Mutex<Settings>,
    pub(super) state: Mutex<State>,
    /// Of the session that stands. Only the streaming thread uses it, and `stop`, which comes after that.
    pub(super) receiver: Mutex<Option<Receiver>>,
    pub(super) stats: Mutex<Stats>,
    // Apart from the state, so that `unlock` waits for nobody.
    interrupt: Mutex<Option<Interrupt>>,
    /// Posts the statistics while the element plays.
    pub(super) reporter: Mutex<Option<gst::PeriodicClockId>>,
    pub(super) controls: Arc<Controls>,
    pub(super) keys: Mutex<Keys>,
}

/// Ends what the streaming thread waits for: to flush, or because of a pause.
struct Interrupt {
    cancel: Cancel,
    flushing: bool,
    /// The handle's session is to end: what was cancelled stays so.
    paused: bool,
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
        &PROPERTIES
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
            gst::debug!(CAT, imp = self, "Changing {name} from {:?} to {value:?}", settings.get(name));
        } else {
            gst::debug!(CAT, imp = self, "Changing {name}");
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
        match pspec.name() {
            "stats" => self.stats("application/x-tutk-stats").to_value(),
            name => self.settings.lock().unwrap().get(name),
        }
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
                env!("CARGO_PKG_AUTHORS"),
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let caps = caps::source_template();
            vec![gst::PadTemplate::new("src", gst::PadDirection::Src, gst::PadPresence::Always, &caps).unwrap()]
        });
        &TEMPLATES
    }

    fn change_state(&self, transition: gst::StateChange) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        let success = self.parent_change_state(transition)?;
        // Nobody takes frames from now on, so that no session outlives a pause. The base class leaves alone what the
        // streaming thread waits for.
        if transition == gst::StateChange::PausedToPlaying {
            self.start_reports();
        }
        if transition == gst::StateChange::PlayingToPaused {
            self.stop_reports();
            if let Some(interrupt) = &mut *self.interrupt.lock().unwrap() {
                interrupt.paused = true;
                interrupt.cancel.cancel();
            }
            self.close();
        }
        Ok(success)
    }
}

impl BaseSrcImpl for TutkSrc {
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let settings = self.settings.lock().unwrap().clone();
        let options = settings.session().map_err(|error| errors::of_start(&error))?;
        let stream = Stream::new(settings.timestamp_mode);
        let cancel = Cancel::new().map_err(|error| errors::of_start(&error))?;
        *self.interrupt.lock().unwrap() = Some(Interrupt { cancel, flushing: false, paused: false });
        *self.stats.lock().unwrap() = Stats::default();
        *self.state.lock().unwrap() = State::Started { options, session: None, stream };
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        if let Some(interrupt) = self.interrupt.lock().unwrap().take() {
            interrupt.cancel.cancel();
        }
        self.close();
        *self.receiver.lock().unwrap() = None;
        self.controls.reset();
        self.release_keys();
        *self.state.lock().unwrap() = State::Stopped;
        Ok(())
    }

    fn event(&self, event: &gst::Event) -> bool {
        self.navigate(event) || self.parent_event(event)
    }

    fn is_seekable(&self) -> bool {
        false
    }

    fn query(&self, query: &mut gst::QueryRef) -> bool {
        if let gst::QueryViewMut::Latency(latency) = query.view_mut() {
            let min = self.with_stream(|stream| stream.latency);
            // How much the network holds is without a bound that is known.
            latency.set(true, min.unwrap_or_default(), gst::ClockTime::NONE);
            return min.is_some();
        }
        BaseSrcImplExt::parent_query(self, query)
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
            if !interrupt.paused {
                interrupt.cancel.reset();
            }
        }
        self.with_stream(|stream| stream.flushed(Instant::now()));
        Ok(())
    }
}

impl PushSrcImpl for TutkSrc {
    fn create(&self, _buffer: Option<&mut gst::BufferRef>) -> Result<CreateSuccess, gst::FlowError> {
        loop {
            match self.next_buffer() {
                Ok(buffer) => return Ok(CreateSuccess::NewBuffer(buffer)),
                Err(gst::FlowError::Flushing) if self.was_paused()? => {
                    self.obj().wait_playing()?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl TutkSrc {
    fn next_buffer(&self) -> Result<gst::Buffer, gst::FlowError> {
        loop {
            let session = self.session()?;
            match self.next_frame(session) {
                Ok(Some(Arrived { unit, ready, .. }))
                    if self.with_stream(|stream| stream.was_flushed_since(ready)) == Some(true) =>
                {
                    self.stats.lock().unwrap().dropped(u64::from(unit.frames));
                }
                Ok(Some(arrived)) => {
                    if let Some(buffer) = self.buffer(arrived)? {
                        return Ok(buffer);
                    }
                    if self.receiver.lock().unwrap().as_ref().is_some_and(Receiver::is_stalled) {
                        self.push_gap();
                    }
                }
                Ok(None) => self.push_gap(),
                // By a flush that is over; the session goes on.
                Err(Error::Cancelled) if self.cancel().is_some_and(|cancel| !cancel.is_cancelled()) => {}
                Err(error) => self.lost(&error)?,
            }
        }
    }

    /// The next frame; none from time to time while the camera owes one.
    fn next_frame(&self, session: Arc<Session>) -> Result<Option<Arrived>, Error> {
        let mut receiver = self.receiver.lock().unwrap();
        let next = match &mut *receiver {
            Some(receiver) => receiver.next(GAP),
            none => none.insert(self.receive(session)?).next(GAP),
        };
        if next.is_err() {
            *receiver = None;
        }
        next
    }

    /// Whether a pause, and no flush, has interrupted the streaming thread. If so, the session is closed, and the thread
    /// can wait again.
    fn was_paused(&self) -> Result<bool, gst::FlowError> {
        let paused = matches!(&*self.interrupt.lock().unwrap(), Some(Interrupt { paused: true, flushing: false, .. }));
        if paused {
            self.close();
            *self.receiver.lock().unwrap() = None;
            // The time for the first connect begins anew.
            self.with_stream(|stream| stream.connecting = None);
            let cancel = Cancel::new().map_err(|error| self.fail(&error))?;
            if let Some(interrupt) = &mut *self.interrupt.lock().unwrap() {
                *interrupt = Interrupt { cancel, paused: false, ..*interrupt };
            }
        }
        Ok(paused)
    }

    pub(super) fn cancel(&self) -> Option<Cancel> {
        self.interrupt.lock().unwrap().as_ref().map(|interrupt| interrupt.cancel.clone())
    }

    /// What this gives, unless the element was stopped.
    pub(super) fn with_stream<T>(&self, act: impl FnOnce(&mut Stream) -> T) -> Option<T> {
        match &mut *self.state.lock().unwrap() {
            State::Started { stream, .. } => Some(act(stream)),
            State::Stopped => None,
        }
    }
}
