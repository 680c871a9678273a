#![allow(unused_doc_comments)]

/**
 * SECTION:element-tutksrc
 * @title: tutksrc
 * @see_also: tutksink
 *
 * `tutksrc` plays an IP camera that speaks ThroughTek's IOTC/AV protocol ("TUTK", "Kalay"). By itself it reaches
 * cameras in the local network or at #GstTutkSrc:address; with the vendor's own library (#GstTutkSrc:library), which is
 * not part of this plugin, also remote ones through the vendor's servers. Its output is the camera's video as the camera
 * encodes it; the first frame determines the caps.
 *
 * ## When the network loses frames
 *
 * The protocol retransmits lost datagrams, so that frames are rarely lost. After a lost frame, the element drops frames
 * up to the next key frame if the codec predicts frames from earlier ones (H.264, H.265, MPEG-4, H.263): the stream does
 * not declare which frames refer to the lost one, cameras encode chains in which each does, and a decoder would show, and
 * a recorder keep, broken pictures up to that key frame. JPEG pictures are independent, so that Motion JPEG continues
 * with the next frame. The first buffer after a loss carries %GST_BUFFER_FLAG_DISCONT.
 *
 * ## Frames
 *
 * The types of NAL units determine where a decoder can start, and not the camera's flag. Parameter sets, SEI and delimiters in frames
 * of their own join the picture that follows; where the slices of a picture come in frames of their own, caps have
 * `alignment=nal`. Frames of another codec are dropped: the stream changes its codec at a key frame with headers of the new one, or at its
 * second key frame. Streams with B-frames have DTS, which rise strictly, and PTS at or after them;
 * others have PTS alone, which rise strictly.
 *
 * ## Sessions
 *
 * The session begins in PLAYING and ends in PAUSED: a paused pipeline is no viewer of the camera, and after the pause
 * the output begins with a key frame and %GST_BUFFER_FLAG_DISCONT. A thread of its own receives, so that elements
 * downstream may block without an effect on the session.
 *
 * When a session is lost, because the camera is silent, closes it, sends no video (#GstTutkSrc:frame-timeout), or has
 * moved to another address, the element reconnects as long as it is in PLAYING, unless #GstTutkSrc:reconnect is off.
 * Meanwhile it sends gap events downstream. The first buffer after it is a key frame with
 * %GST_BUFFER_FLAG_DISCONT and %GST_BUFFER_FLAG_RESYNC. A camera that cannot be reached at the start may come later, as
 * after a power cut, and a full one may still count a viewer that crashed: the element retries for
 * #GstTutkSrc:retry-timeout.
 *
 * `GST_DEBUG=tutksrc:4` logs each session in a few lines.
 *
 * ## In other elements
 *
 * `fallbacksrc` takes gap events for video, so that it shows its fallback only with #GstTutkSrc:reconnect off: then the
 * error makes it restart its source. Set its `restart-on-eos=true`, because an EOS follows the error and would
 * end the fallback, too, and its `retry-timeout` to the longest time that a camera may be unreachable (default: 60 s). Its source must end with a decoder.
 *
 * `webrtcsink` accepts the output unchanged. It refuses caps that change, as those of `h264parse` do once it has seen the
 * picture's size; a filter `video/x-h264,stream-format=avc` after that parser avoids it.
 *
 * ## Messages
 *
 * Element messages with these structures report sessions to applications, times in nanoseconds:
 *
 * * `tutk-connected`: `uid`, `address` and `name` of the camera, `mode` (`lan`, `p2p`, `relay`, `unknown`), `backend`
 *   (`native`, `vendor`), `encrypted` (#gboolean), `cipher-suite` and `forward-secrecy` (#gboolean), if it is,
 *   `encryption-declined` (#gboolean), `generation` of the protocol (#guint, if it is known) and `library`
 *   (the vendor's, if it is used);
 * * `tutk-disconnected`, after a loss and after each try to connect that failed: `uid`, `reason` (`silent`, `no-frames`,
 *   `closed-by-camera`, `not-found`, `no-answer`, `full`, `unavailable`, `encryption`, `network`, `protocol`, `library`), `text` for the user, `attempt`
 *   (#guint, the number of the next try since the last frame) and `next-try` (#guint64, how long until then);
 * * `tutk-stats`, every #GstTutkSrc:stats-interval: what #GstTutkSrc:stats holds.
 *
 * ## Times
 *
 * The camera's clock may be wrong, drift, or stand still, and the network adds jitter. PTS are the running time at which
 * the frame's last datagram came, until the camera's clock has been sane for 16 s; from then on they are that clock, mapped
 * to the running time (#GstTutkSrc:timestamp-mode). The latency query returns how late frames are relative to their PTS.
 * Frames are queued for the elements downstream, up to #GstTutkSrc:max-queue-time and 16 MiB. A flush drops them. When it
 * resets the running time, PTS restart with it, and the next buffer has %GST_BUFFER_FLAG_RESYNC. The camera's own time stays on each buffer, as a #GstReferenceTimestampMeta with the caps
 * `timestamp/x-tutk-camera`. The offset of a buffer is the camera's number of the frame.
 *
 * ## URI
 *
 * Where applications take a URI, a camera is `tutk://[account:password@]UID[?property=value&…]`. Account and password
 * are percent-encoded: `%40` for an @. The parameters are properties of this element, with values as `gst-launch-1.0`
 * takes them. Other properties keep their values. Anybody may be the author of a URI. So it cannot set
 * #GstTutkSrc:library and #GstTutkSrc:backend, which choose code, #GstTutkSrc:license-key, #GstTutkSrc:auth-key, nor
 * #GstTutkSrc:require-encryption, and where it sets #GstTutkSrc:address, the environment variables `TUTK_PASSWORD` and
 * `TUTK_AUTH_KEY` are not used: the password is in the URI, or the application sets it and the key.
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
 * #GstTutkSrc:quality requests another quality of the stream. #GstTutkSrc::ptz turns the camera, and with
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
 * ]| Records the camera until Ctrl-C, without transcoding.
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

use super::controls::Controls;
use super::form::Form;
use super::notice::{self, Notice, report};
use super::output::Output;
use super::properties::PROPERTIES;
use super::reporter::Reporter;
use super::settings::Settings;
use super::stats::Stats;
use super::streamer::{Shared, Step, Streamer};
use super::{downstream, session, signals, uri};
use crate::login::{Properties, set_property};
use crate::talk::Sessions;
use crate::{caps, container, errors};

pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("tutksrc", gst::DebugColorFlags::empty(), Some("Source for TUTK/Kalay cameras"))
});

/// The element. Its parts own their data and have no access to it: they return what is to be logged and posted.
///
/// # Locks
///
/// They are taken in this order, and none is held while something is pushed, posted or emitted:
///
/// 1. `streamer`: held by the streaming thread while it waits for a step. `start` and `stop` take it, too, when there is no
///    such thread. What other threads need is in `shared`, whose locks are held for moments.
/// 2. The two of [`Controls`], in the order that is written there.
/// 3. Each alone: `settings`, `form`, `sessions`, `shared.interrupt` with that of its canceller, `shared.stats`, `reporter`, and that of the frame
///    queue. The one of the session's events belongs to the thread that receives.
#[derive(Default)]
pub struct TutkSrc {
    settings: Mutex<Settings>,
    /// None while the element is stopped.
    streamer: Mutex<Option<Streamer>>,
    shared: Shared,
    /// What goes downstream; none before that is decided.
    form: Mutex<Option<Form>>,
    /// Posts the statistics while the element plays.
    reporter: Reporter,
    /// Where others find the session, while the element is started.
    sessions: Mutex<Option<Sessions>>,
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
        set_property(*CAT, &*self.obj(), &mut *settings, pspec, value);
        let quality = settings.quality.wanted();
        drop(settings);
        match name {
            "quality" => {
                if let Err(unsent) = self.controls().set_quality(quality) {
                    report(&self.obj(), Notice::QualityNotAsked(unsent));
                }
            }
            "navigation" => self.controls().release_keys(),
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
                "Source/Audio/Video/Network",
                "Plays an IP camera that speaks ThroughTek's IOTC/AV protocol (TUTK, Kalay)",
                env!("CARGO_PKG_AUTHORS"),
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let mut caps = caps::source_template();
            caps.merge(container::caps());
            vec![gst::PadTemplate::new("src", gst::PadDirection::Src, gst::PadPresence::Always, &caps).unwrap()]
        });
        &TEMPLATES
    }

    fn change_state(&self, transition: gst::StateChange) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        let success = self.parent_change_state(transition)?;
        match transition {
            gst::StateChange::PausedToPlaying => self.start_reports(),
            gst::StateChange::PlayingToPaused => {
                // No session outlives a pause. The base class does not end what the streaming thread waits for.
                self.reporter.stop();
                self.shared.interrupt.pause();
                self.close();
            }
            _ => {}
        }
        Ok(success)
    }
}

impl BaseSrcImpl for TutkSrc {
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let settings = self.settings.lock().unwrap().clone();
        *self.shared.stats.lock().unwrap() = Stats::default();
        let src = self.obj().downgrade();
        let report = move |notice| {
            if let Some(src) = src.upgrade() {
                report(&src, notice);
            }
        };
        let streamer = Streamer::new(&settings, self.shared.clone(), Arc::new(report));
        let streamer = streamer.map_err(|error| errors::of_setting(&error))?;
        if let Some(uid) = &settings.login.uid {
            let sessions = Sessions::of(&*self.obj());
            sessions.add_speaker(uid, self.controls().speaker());
            *self.sessions.lock().unwrap() = Some(sessions);
        }
        *self.form.lock().unwrap() = None;
        self.shared.interrupt.start();
        *self.streamer.lock().unwrap() = Some(streamer);
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        self.shared.interrupt.stop();
        let sessions = self.sessions.lock().unwrap().take();
        if let Some(sessions) = sessions {
            sessions.remove_speaker(self.controls().speaker());
        }
        self.close();
        // Waits for the thread that receives.
        let streamer = self.streamer.lock().unwrap().take();
        drop(streamer);
        self.controls().reset();
        self.shared.stats.lock().unwrap().set_timestamps(None);
        Ok(())
    }

    fn event(&self, event: &gst::Event) -> bool {
        let navigates = self.settings.lock().unwrap().navigation;
        let Some(turned) = navigates.then(|| self.controls().navigate(event)).flatten() else {
            return self.parent_event(event);
        };
        if let Err(unsent) = turned {
            gst::debug!(CAT, imp = self, "The camera was not turned: {unsent}");
        }
        true
    }

    fn is_seekable(&self) -> bool {
        false
    }

    fn query(&self, query: &mut gst::QueryRef) -> bool {
        if let gst::QueryViewMut::Latency(latency) = query.view_mut() {
            let min = self.shared.stats.lock().unwrap().latency();
            // How much the network holds has no known bound.
            latency.set(true, min.unwrap_or_default(), gst::ClockTime::NONE);
            return min.is_some();
        }
        BaseSrcImplExt::parent_query(self, query)
    }

    fn negotiate(&self) -> Result<(), gst::LoggableError> {
        // Of video, the camera decides on the codec: its first frame sets the caps.
        match self.decide_on_form() {
            Some(Form::Container(_)) => self.obj().set_caps(&container::caps()).map_err(Into::into),
            _ => Ok(()),
        }
    }

    fn unlock(&self) -> Result<(), gst::ErrorMessage> {
        self.shared.interrupt.flush();
        self.controls().interrupt();
        Ok(())
    }

    fn unlock_stop(&self) -> Result<(), gst::ErrorMessage> {
        self.shared.interrupt.flush_ended(Instant::now());
        Ok(())
    }
}

impl PushSrcImpl for TutkSrc {
    fn create(&self, _buffer: Option<&mut gst::BufferRef>) -> Result<CreateSuccess, gst::FlowError> {
        let src = self.obj();
        loop {
            match self.next_step()? {
                Step::Push(output) => return self.prepare(output).map(CreateSuccess::NewBuffer),
                Step::Gap { from, to } => downstream::push_gap(&src, from, to),
                Step::Report(notice) => report(&src, notice),
                Step::Pause(closed) => {
                    if let Some(uid) = closed {
                        report(&src, Notice::Closed(uid));
                    }
                    src.wait_playing()?;
                }
                Step::Flush => return Err(gst::FlowError::Flushing),
                Step::Fail(message) => {
                    self.post_error_message(message);
                    return Err(gst::FlowError::Error);
                }
            }
        }
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
        self.apply_uri(uri)?;
        self.settings.lock().unwrap().by_uri = true;
        Ok(())
    }
}

impl TutkSrc {
    pub(super) fn controls(&self) -> &Arc<Controls> {
        &self.shared.controls
    }

    /// Sets what the URI says.
    fn apply_uri(&self, uri: &str) -> Result<(), glib::Error> {
        if self.obj().current_state() > gst::State::Ready {
            let text = "The URI can be set only in the states NULL and READY";
            return Err(glib::Error::new(gst::URIError::BadState, text));
        }
        let properties = uri::parse(uri).map_err(|text| glib::Error::new(gst::URIError::BadUri, &text))?;
        let names_address = properties.iter().any(|(name, _)| *name == "address");
        for (name, value) in properties {
            self.obj().set_property_from_value(name, &value);
        }
        if names_address {
            self.settings.lock().unwrap().set_address_from_uri();
        }
        Ok(())
    }

    /// Once from start to stop: sessions and elements downstream depend on it. Returns the form if it is new.
    fn decide_on_form(&self) -> Option<Form> {
        let mut form = self.form.lock().unwrap();
        if form.is_some() {
            return None;
        }
        let Settings { streams, by_uri, .. } = *self.settings.lock().unwrap();
        let new = Form::choose(&self.obj().src_pad().peer_query_caps(None), streams, by_uri);
        gst::debug!(CAT, imp = self, "The form is {new:?}");
        *form = Some(new);
        drop(form);
        if let Some(streamer) = &mut *self.streamer.lock().unwrap() {
            streamer.set_form(new);
        }
        Some(new)
    }

    fn next_step(&self) -> Result<Step, gst::FlowError> {
        let mut streamer = self.streamer.lock().unwrap();
        let streamer = streamer.as_mut().ok_or(gst::FlowError::Flushing)?;
        Ok(streamer.next(|| self.obj().current_running_time()))
    }

    /// Prepares downstream for this buffer.
    fn prepare(&self, output: Output) -> Result<gst::Buffer, gst::FlowError> {
        let (src, Output { buffer, caps, latency }) = (self.obj(), output);
        if let Some((codec, alignment)) = caps {
            downstream::set_caps(&src, codec, alignment).inspect_err(|_| {
                if let Some(streamer) = &mut *self.streamer.lock().unwrap() {
                    streamer.caps_refused();
                }
            })?;
        }
        if let Some(latency) = latency {
            report(&src, Notice::Latency(latency));
        }
        if let (None, Some(dts)) = (buffer.pts(), buffer.dts()) {
            downstream::leave_out_pts(&src, dts);
        }
        gst::trace!(CAT, imp = self, "{buffer:?}");
        Ok(buffer)
    }

    /// A state change ends the session.
    fn close(&self) {
        if let Some(uid) = session::end(self.controls(), &self.shared.stats) {
            report(&self.obj(), Notice::Closed(uid));
        }
    }

    fn stats(&self, name: &str) -> gst::Structure {
        let session = self.controls().stats();
        self.shared.stats.lock().unwrap().structure(name, Instant::now(), session)
    }

    fn start_reports(&self) {
        let Some(interval) = self.settings.lock().unwrap().stats_interval() else { return };
        let src = self.obj().downgrade();
        let started = self.reporter.start(interval, move || {
            if let Some(src) = src.upgrade() {
                notice::post(&src, src.imp().stats("tutk-stats"));
            }
        });
        if let Err(error) = started {
            gst::warning!(CAT, imp = self, "No statistics will be posted: {error:?}");
        }
    }

    /// A setter cannot fail: the start says what is wrong.
    fn set_uri_property(&self, uri: Option<String>) {
        let Some(uri) = uri else { return self.obj().set_property("uid", None::<String>) };
        if let Err(error) = self.apply_uri(&uri) {
            gst::error!(CAT, imp = self, "{}", error.message());
            if error.matches(gst::URIError::BadUri) {
                self.settings.lock().unwrap().refuse_uri(error.message());
            }
        }
    }
}
