#![allow(unused_doc_comments)]

/**
 * SECTION:element-tutkaudiosink
 * @title: tutkaudiosink
 * @see_also: tutksrc, tutksink
 *
 * `tutkaudiosink` plays its input through the speaker of an IP camera that speaks ThroughTek's IOTC/AV protocol ("TUTK", "Kalay").
 *
 * Where the pipeline has a #GstTutkSrc with the same UID, its session is used, also while that reconnects: then the other properties of
 * the session count for nothing. Otherwise the element has a session of its own, which begins with the first buffer in
 * PLAYING. Pipelines can share sessions: give one the #GstContext `tutk.sessions` of another.
 *
 * A camera does not say what it takes. As a rule it is the codec that it sends, and so the element asks for some of the camera's audio
 * and narrows its caps to that: upstream is reconfigured, as `audioconvert ! audioresample` can be for PCM, and a pipeline with
 * another encoder fails with the right one in its error. A camera without a microphone is given what comes.
 *
 * The property `async` is off, so that neither the picture of a camera nor its speaker waits for the other in a pipeline with both.
 *
 * Live input that comes before the camera listens is dropped once it is older than a fifth of a second; other input waits.
 *
 * ## Example
 * |[
 * gst-launch-1.0 filesrc location=announcement.wav ! wavparse ! audioconvert ! audioresample ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! tutkaudiosink uid=ABCDEFGHJKLMNPQRST12
 * ]| Plays a file to a camera that takes µ-law. The environment variable `TUTK_PASSWORD` holds its password.
 *
 * Since: 0.2.0
 */
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::prelude::*;
use tutk::{Canceller, SessionOptions, TalkError};

use super::own::Report;
use super::settings::Settings;
use super::way::{NoWay, Way, wait_for};
use crate::login::{Properties, set_property};
use crate::talk::{Heard, Sessions, Speaker, Speech, Status, Unspoken};
use crate::{TalkSession, audio, errors};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("tutkaudiosink", gst::DebugColorFlags::empty(), Some("Speech to TUTK/Kalay cameras"))
});

/// How long a camera may take to send some audio: one without a microphone sends none.
const MICROPHONE: Duration = Duration::from_secs(2);
/// Live input that is later than this was meant for before.
const LATE: gst::ClockTime = gst::ClockTime::from_mseconds(200);
/// So many buffers in another codec than the camera's may be under way upstream.
const MAX_MISMATCHES: u32 = 100;
/// How long the end waits for what the camera has not acknowledged.
const DRAIN: Duration = Duration::from_millis(500);

#[derive(Default)]
enum State {
    #[default]
    Stopped,
    Started(Box<Started>),
}

struct Started {
    options: SessionOptions,
    session: TalkSession,
    sessions: Sessions,
    way: Option<Arc<Way>>,
    /// The caps that came.
    speech: Option<Speech>,
    /// What the camera takes, if that is known.
    heard: Option<Heard>,
    mismatches: u32,
    /// Whether that was asked.
    learned: bool,
    is_live: bool,
    /// How much later everything plays, because the session took so long.
    shift: gst::ClockTime,
    /// Nothing can be said any more: the reason is on the bus.
    failed: bool,
    /// When the camera was called that has not come, until that is reported.
    calling: Option<std::time::Instant>,
}

/// The element.
///
/// # Locks
///
/// `settings` and `state` are each held alone and for moments, and none while something is waited for, posted or sent.
#[derive(Default)]
pub struct TutkAudioSink {
    settings: Mutex<Settings>,
    state: Mutex<State>,
    /// Ends the waits of the streaming thread.
    cancel: Canceller,
}

#[glib::object_subclass]
impl ObjectSubclass for TutkAudioSink {
    const NAME: &'static str = "GstTutkAudioSink";
    type Type = super::TutkAudioSink;
    type ParentType = gst_base::BaseSink;
}

impl ObjectImpl for TutkAudioSink {
    fn properties() -> &'static [glib::ParamSpec] {
        Settings::properties()
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        set_property(*CAT, &*self.obj(), &mut *self.settings.lock().unwrap(), pspec, value);
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        self.settings.lock().unwrap().get(pspec.name())
    }

    fn constructed(&self) {
        self.parent_constructed();
        // A camera's picture and its speaker do not wait for each other.
        self.obj().set_property("async", false);
    }
}

impl GstObjectImpl for TutkAudioSink {}

impl ElementImpl for TutkAudioSink {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "TUTK Camera Audio Sink",
                "Sink/Audio/Network",
                "Speaks through an IP camera that speaks ThroughTek's IOTC/AV protocol (TUTK, Kalay)",
                env!("CARGO_PKG_AUTHORS"),
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let caps = audio::speech_template();
            vec![gst::PadTemplate::new("sink", gst::PadDirection::Sink, gst::PadPresence::Always, &caps).unwrap()]
        });
        &TEMPLATES
    }

    fn change_state(&self, transition: gst::StateChange) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        let success = self.parent_change_state(transition)?;
        if transition == gst::StateChange::PlayingToPaused
            && let Some(way) = self.way()
        {
            // A paused pipeline says nothing, and some cameras are deaf while they speak.
            way.speaker().stop();
        }
        Ok(success)
    }
}

impl BaseSinkImpl for TutkAudioSink {
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let settings = self.settings.lock().unwrap().clone();
        let options = settings.options().map_err(|error| errors::of_setting(&error))?;
        self.cancel.reset();
        let sessions = Sessions::of(&*self.obj());
        *self.lock() = State::Started(Box::new(Started {
            options,
            session: settings.session,
            sessions,
            way: None,
            speech: None,
            heard: None,
            mismatches: 0,
            learned: false,
            is_live: false,
            shift: gst::ClockTime::ZERO,
            failed: false,
            calling: None,
        }));
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        let state = std::mem::take(&mut *self.lock());
        if let State::Started(started) = &state
            && let Some(way) = &started.way
        {
            way.speaker().stop();
        }
        // Waits for the thread of an own session.
        drop(state);
        Ok(())
    }

    fn caps(&self, filter: Option<&gst::Caps>) -> Option<gst::Caps> {
        let caps = self.obj().sink_pad().pad_template_caps();
        let caps = match &*self.lock() {
            State::Started(started) => match &started.heard {
                Some(heard) => caps.intersect(&heard.caps),
                None => caps,
            },
            State::Stopped => caps,
        };
        Some(filter.map_or(caps.clone(), |filter| filter.intersect_with_mode(&caps, gst::CapsIntersectMode::First)))
    }

    fn set_caps(&self, caps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let speech = Speech::from_caps(caps).ok_or_else(|| gst::loggable_error!(CAT, "cameras cannot take {caps}"))?;
        if let State::Started(started) = &mut *self.lock() {
            started.speech = Some(speech);
        }
        Ok(())
    }

    fn unlock(&self) -> Result<(), gst::ErrorMessage> {
        self.cancel.cancel();
        Ok(())
    }

    fn unlock_stop(&self) -> Result<(), gst::ErrorMessage> {
        self.cancel.reset();
        Ok(())
    }

    fn event(&self, event: gst::Event) -> bool {
        if event.type_() == gst::EventType::Eos
            && let Some(way) = self.way()
        {
            let is_done = || (way.speaker().unacknowledged() == 0).then_some(());
            let _ = wait_for(DRAIN, &self.cancel, is_done);
        }
        self.parent_event(event)
    }

    fn render(&self, buffer: &gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        if buffer.size() == 0 || buffer.flags().contains(gst::BufferFlags::HEADER) {
            return Ok(gst::FlowSuccess::Ok);
        }
        let way = loop {
            match self.get_ready(buffer) {
                Ok(way) => break way,
                // A pause, or a flush.
                Err(Some(NoWay::Cancelled)) => self.obj().wait_preroll().map(drop)?,
                Err(Some(no_way)) => return self.fail(&no_way),
                Err(None) => return Err(gst::FlowError::Error),
            }
        };
        if !self.is_wanted(buffer)? {
            return Ok(gst::FlowSuccess::Ok);
        }
        self.say(way.speaker(), buffer)
    }
}

impl TutkAudioSink {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn with<T>(&self, act: impl FnOnce(&mut Started) -> T) -> Option<T> {
        match &mut *self.lock() {
            State::Started(started) => Some(act(started)),
            State::Stopped => None,
        }
    }

    fn way(&self) -> Option<Arc<Way>> {
        self.with(|started| started.way.clone()).flatten()
    }

    /// The way, once it is decided, and what the camera takes is known as far as it will be. Fails without a reason if that was
    /// reported already.
    fn get_ready(&self, buffer: &gst::BufferRef) -> Result<Arc<Way>, Option<NoWay>> {
        let known = self.with(|started| (started.way.clone(), started.learned, started.failed));
        let Some((way, learned, failed)) = known else { return Err(Some(NoWay::Cancelled)) };
        if failed {
            return Err(None);
        }
        let way = match way {
            Some(way) => way,
            None => self.choose()?,
        };
        if !learned && way.speaker().has_session() {
            self.learn(way.speaker())?;
            self.fall_behind(buffer);
        }
        Ok(way)
    }

    /// Chooses the way, and waits for its session.
    fn choose(&self) -> Result<Arc<Way>, Option<NoWay>> {
        let parts = self.with(|started| (started.options.clone(), started.session, started.sessions.clone()));
        let Some((options, session, sessions)) = parts else { return Err(Some(NoWay::Cancelled)) };
        let sink = self.obj().downgrade();
        let report = move |report| {
            if let Some(sink) = sink.upgrade() {
                sink.imp().report(report);
            }
        };
        let way = Arc::new(Way::choose(session, &sessions, &options, &self.cancel, report)?);
        // An own session is reported when it fails.
        let limit = if let Way::Own(_) = &*way { Duration::from_secs(24 * 3600) } else { options.timeout };
        let has_failed = || self.with(|started| started.failed).unwrap_or(true);
        let is_there = || (has_failed() || way.speaker().has_session()).then_some(());
        let waited = wait_for(limit, &self.cancel, is_there)?;
        if has_failed() {
            return Err(None);
        }
        if waited.is_none() {
            gst::element_imp_warning!(
                self,
                gst::ResourceError::NotFound,
                (
                    "There is no session with camera {} yet: what is said to it is lost until its tutksrc has one.",
                    options.uid
                ),
                ["no session of a tutksrc in {} ms", options.timeout.as_millis()]
            );
        }
        gst::info!(CAT, imp = self, "Speaking to camera {} in {}", options.uid, way.name());
        self.with(|started| started.way = Some(way.clone()));
        Ok(way)
    }

    /// Finds out what the camera takes.
    fn learn(&self, speaker: &Speaker) -> Result<(), NoWay> {
        let heard = wait_for(MICROPHONE, &self.cancel, || speaker.ask_what_is_heard())?;
        match &heard {
            Some(heard) => gst::info!(CAT, imp = self, "The camera sends {}, and so takes it", heard.caps),
            None => gst::info!(CAT, imp = self, "The camera sends no audio: what it takes is not known"),
        }
        self.with(|started| (started.heard, started.learned) = (heard, true));
        Ok(())
    }

    /// The session took its time: what is not live plays later from now on, and what is live is dropped.
    fn fall_behind(&self, buffer: &gst::BufferRef) {
        let sink = self.obj();
        let is_live = sink.query_latency().is_ok_and(|(_, upstream_is_live, ..)| upstream_is_live);
        let times = sink.current_running_time().zip(self.running_time(buffer)).filter(|_| sink.is_sync());
        let late = times.map_or(gst::ClockTime::ZERO, |(now, at)| now.saturating_sub(at + sink.latency()));
        self.with(|started| {
            started.is_live = is_live;
            started.shift = if is_live { gst::ClockTime::ZERO } else { late };
        });
    }

    fn running_time(&self, buffer: &gst::BufferRef) -> Option<gst::ClockTime> {
        self.obj().segment().downcast::<gst::ClockTime>().ok()?.to_running_time(buffer.pts())
    }

    /// Whether the buffer is to be said, when that is.
    fn is_wanted(&self, buffer: &gst::BufferRef) -> Result<bool, gst::FlowError> {
        let sink = self.obj();
        let (is_live, shift) = self.with(|started| (started.is_live, started.shift)).ok_or(gst::FlowError::Flushing)?;
        if let (true, Some(at), Some(now)) = (sink.is_sync(), self.running_time(buffer), sink.current_running_time()) {
            if !shift.is_zero() {
                sink.wait(at + shift).0?;
            } else if is_live && now > at + sink.latency() + sink.processing_deadline() + LATE {
                gst::debug!(CAT, imp = self, "Too late for what was said at {at}");
                return Ok(false);
            }
        }
        let (fits, mismatches) = self
            .with(|started| {
                let fits = match (&started.speech, &started.heard) {
                    (Some(speech), Some(heard)) => speech.is_as(heard),
                    _ => true,
                };
                started.mismatches = if fits { 0 } else { started.mismatches + 1 };
                (fits, started.mismatches)
            })
            .ok_or(gst::FlowError::Flushing)?;
        if mismatches == 1 {
            gst::info!(CAT, imp = self, "Upstream is to give what the camera takes");
            sink.sink_pad().push_event(gst::event::Reconfigure::new());
        }
        if mismatches > MAX_MISMATCHES {
            return self.fail_with_caps().map(|()| false);
        }
        Ok(fits)
    }

    fn say(&self, speaker: &Speaker, buffer: &gst::BufferRef) -> Result<gst::FlowSuccess, gst::FlowError> {
        let speech = self.with(|started| started.speech.clone()).flatten().ok_or(gst::FlowError::NotNegotiated)?;
        let data = buffer.map_readable().map_err(|_| gst::FlowError::Error)?;
        match speaker.say(&speech, self.running_time(buffer), &data) {
            Ok(()) => self.look_after(speaker.status()),
            // It comes back, or its end is reported.
            Err(Unspoken::NoSession | Unspoken::Failed(TalkError::Session(_))) => {
                gst::debug!(CAT, imp = self, "Lost {} bytes: there is no session", data.len());
            }
            Err(Unspoken::Failed(TalkError::Send(error))) => {
                gst::warning!(CAT, imp = self, "{} bytes were not sent: {error}", data.len());
            }
            Err(unspoken) => {
                gst::element_imp_error!(
                    self,
                    gst::ResourceError::Write,
                    ("Nothing can be said to the camera: {unspoken}."),
                    ["{unspoken}"]
                );
                return Err(gst::FlowError::Error);
            }
        }
        Ok(gst::FlowSuccess::Ok)
    }

    /// Warns once of a camera that does not listen.
    fn look_after(&self, status: Status) {
        let now = std::time::Instant::now();
        let overdue = self.with(|started| match status {
            Status::Calling => {
                let since = *started.calling.get_or_insert(now);
                // The far future is never: it is reported once.
                let is_overdue = now.saturating_duration_since(since) >= started.options.timeout;
                if is_overdue {
                    started.calling = Some(now + Duration::from_secs(365 * 24 * 3600));
                }
                is_overdue.then_some(started.options.uid)
            }
            Status::Failed | Status::Silent => None,
            Status::Started => {
                started.calling = None;
                None
            }
        });
        if let Some(uid) = overdue.flatten() {
            gst::element_imp_warning!(
                self,
                gst::ResourceError::NotFound,
                ("Camera {uid} does not listen: it may have no speaker, or another viewer may be speaking to it."),
                ["the camera did not log in to the channel for speech"]
            );
        }
    }

    /// What happened to an own session.
    fn report(&self, report: Report) {
        let Some(options) = self.with(|started| started.options.clone()) else { return };
        match report {
            Report::Lost(error, wait) => {
                let (kind, text) = errors::explain(&error, &options);
                gst::element_imp_warning!(
                    self,
                    kind,
                    ("{text} Trying again until there is a session."),
                    ["{error}; next try in {} ms", wait.as_millis()]
                );
            }
            Report::Failed(error) => {
                self.with(|started| started.failed = true);
                self.post_error_message(errors::of_viewer(&error, &options));
            }
        }
    }

    fn fail(&self, no_way: &NoWay) -> Result<gst::FlowSuccess, gst::FlowError> {
        let Some(uid) = self.with(|started| started.options.uid) else { return Err(gst::FlowError::Flushing) };
        match no_way {
            NoWay::Cancelled => return Err(gst::FlowError::Flushing),
            NoWay::NotShared => gst::element_imp_error!(
                self,
                gst::ResourceError::NotFound,
                ("The pipeline has no tutksrc with the UID {uid}, whose session could be used. Add one, or set session=auto."),
                ["session=shared, and no such tutksrc has started"]
            ),
            NoWay::Io(error) => {
                gst::element_imp_error!(self, gst::ResourceError::Failed, ("{error}."), ["{error}"]);
            }
        }
        Err(gst::FlowError::Error)
    }

    fn fail_with_caps(&self) -> Result<(), gst::FlowError> {
        let (uid, caps) = self
            .with(|started| (started.options.uid, started.heard.as_ref().map(|heard| heard.caps.to_string())))
            .ok_or(gst::FlowError::Flushing)?;
        gst::element_imp_error!(
            self,
            gst::CoreError::Negotiation,
            (
                "Camera {uid} takes other audio than this pipeline gives. It sends, and so takes: {}.",
                caps.unwrap_or_default()
            ),
            ["upstream did not change its caps"]
        );
        Err(gst::FlowError::NotNegotiated)
    }
}
