#![allow(unused_doc_comments)]

/**
 * SECTION:element-tutktalksrc
 * @title: tutktalksrc
 * @see_also: tutksink
 *
 * `tutktalksrc` gives what the viewers of a #GstTutkSink say that has the same UID, is in the same pipeline, and has
 * #GstTutkSink:speaker on. Pipelines can share cameras: give one the #GstContext `tutk.sessions` of another.
 *
 * One viewer speaks at a time: another one is heard once the first has said nothing for a second. The caps are those of what is said,
 * and change with it. While nobody speaks there are gap events, after the first words.
 *
 * Until somebody speaks there is nothing, which keeps a pipeline from PLAYING: other sinks in it want `async=false`.
 *
 * ## Example
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! videoconvert ! x264enc tune=zerolatency ! h264parse config-interval=-1 ! tutksink uid=ABCDEFGHJKLMNPQRST12 speaker=true async=false tutktalksrc uid=ABCDEFGHJKLMNPQRST12 ! decodebin ! audioconvert ! audioresample ! autoaudiosink
 * ]| A camera that shows a test picture, and whose speaker is this computer's.
 *
 * Since: 0.2.0
 */
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_src::CreateSuccess;
use gst_base::subclass::prelude::*;
use tutk::Frame;

use crate::audio::Encoding;
use crate::errors::{self, BadSetting};
use crate::login;
use crate::talk::{Ears, Listener, Sessions, Spoken};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "tutktalksrc",
        gst::DebugColorFlags::empty(),
        Some("Speech of viewers of a TUTK/Kalay camera"),
    )
});

/// How often downstream learns that time passes while nobody speaks.
const GAP: Duration = Duration::from_millis(250);
/// Blocks follow each other without a gap as long as they are off by less than this.
const TOLERANCE: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// While the element is started.
struct Started {
    uid: String,
    sessions: Sessions,
    /// Of the camera, once it is there.
    ears: Option<Arc<Ears>>,
    encoding: Option<Encoding>,
    number: Option<u32>,
    /// The running time up to which downstream has got buffers or gaps, if any.
    position: Option<gst::ClockTime>,
}

/// The element. Its locks are held alone and for moments, but for `listener`, which has one of its own.
#[derive(Default)]
pub struct TutkTalkSrc {
    uid: Mutex<Option<String>>,
    started: Mutex<Option<Started>>,
    listener: Arc<Listener>,
}

#[glib::object_subclass]
impl ObjectSubclass for TutkTalkSrc {
    const NAME: &'static str = "GstTutkTalkSrc";
    type Type = super::TutkTalkSrc;
    type ParentType = gst_base::PushSrc;
}

impl ObjectImpl for TutkTalkSrc {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            vec![
                /**
                 * GstTutkTalkSrc:uid:
                 *
                 * The UID of the tutksink whose viewers are listened to.
                 */
                login::uid("The UID of the tutksink whose viewers are listened to"),
            ]
        });
        &PROPERTIES
    }

    fn set_property(&self, _id: usize, value: &glib::Value, _pspec: &glib::ParamSpec) {
        let uid = value.get::<Option<String>>().ok().flatten().filter(|uid| !uid.is_empty());
        *self.uid.lock().unwrap() = uid;
    }

    fn property(&self, _id: usize, _pspec: &glib::ParamSpec) -> glib::Value {
        self.uid.lock().unwrap().to_value()
    }

    fn constructed(&self) {
        self.parent_constructed();
        let src = self.obj();
        src.set_live(true);
        src.set_format(gst::Format::Time);
    }
}

impl GstObjectImpl for TutkTalkSrc {}

impl ElementImpl for TutkTalkSrc {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "TUTK Camera Talk Source",
                "Source/Audio/Network",
                "Gives what viewers of a virtual camera (tutksink) say",
                env!("CARGO_PKG_AUTHORS"),
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let (src, always) = (gst::PadDirection::Src, gst::PadPresence::Always);
            gst::PadTemplate::new("src", src, always, &crate::audio::template()).into_iter().collect()
        });
        &TEMPLATES
    }
}

impl BaseSrcImpl for TutkTalkSrc {
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let uid = self.uid.lock().unwrap().clone().ok_or_else(|| {
            errors::of_setting(&BadSetting(
                "The property “uid” is not set: it names the tutksink whose viewers are listened to".into(),
            ))
        })?;
        let sessions = Sessions::of(&*self.obj());
        let started = Started { uid, sessions, ears: None, encoding: None, number: None, position: None };
        *self.started.lock().unwrap() = Some(started);
        self.listener.set_flushing(false);
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        *self.started.lock().unwrap() = None;
        Ok(())
    }

    fn is_seekable(&self) -> bool {
        false
    }

    fn query(&self, query: &mut gst::QueryRef) -> bool {
        if let gst::QueryViewMut::Latency(latency) = query.view_mut() {
            latency.set(true, TOLERANCE, gst::ClockTime::NONE);
            return true;
        }
        BaseSrcImplExt::parent_query(self, query)
    }

    fn negotiate(&self) -> Result<(), gst::LoggableError> {
        // The first words set the caps.
        Ok(())
    }

    fn unlock(&self) -> Result<(), gst::ErrorMessage> {
        self.listener.set_flushing(true);
        Ok(())
    }

    fn unlock_stop(&self) -> Result<(), gst::ErrorMessage> {
        self.listener.set_flushing(false);
        Ok(())
    }
}

impl PushSrcImpl for TutkTalkSrc {
    fn create(&self, _buffer: Option<&mut gst::BufferRef>) -> Result<CreateSuccess, gst::FlowError> {
        loop {
            self.find_camera()?;
            match self.listener.next(GAP) {
                Spoken::Block { frame, discont } => {
                    if let Some(buffer) = self.buffer(&frame, discont)? {
                        return Ok(CreateSuccess::NewBuffer(buffer));
                    }
                }
                Spoken::Nothing => self.pass_time(),
                Spoken::Flushing => return Err(gst::FlowError::Flushing),
            }
        }
    }
}

impl TutkTalkSrc {
    fn with<T>(&self, act: impl FnOnce(&mut Started) -> T) -> Result<T, gst::FlowError> {
        self.started.lock().unwrap().as_mut().map(act).ok_or(gst::FlowError::Flushing)
    }

    /// It may come later, and be replaced.
    fn find_camera(&self) -> Result<(), gst::FlowError> {
        self.with(|started| {
            let found = started.sessions.ears(&started.uid);
            let is_new = match (&found, &started.ears) {
                (Some(found), Some(known)) => !Arc::ptr_eq(found, known),
                (found, _) => found.is_some(),
            };
            if let Some(found) = found.filter(|_| is_new) {
                found.add(&self.listener);
                gst::debug!(CAT, imp = self, "Listening to the viewers of {}", started.uid);
                started.ears = Some(found);
            }
        })
    }

    /// None if it is no audio that is known.
    fn buffer(&self, frame: &Frame, discont: bool) -> Result<Option<gst::Buffer>, gst::FlowError> {
        let src = self.obj();
        let now = src.current_running_time();
        let age =
            gst::ClockTime::try_from(Instant::now().saturating_duration_since(frame.received)).unwrap_or_default();
        let arrival = now.map(|now| now.saturating_sub(age));
        let made = self.with(|started| {
            let encoding = Encoding::of(frame, started.encoding)?;
            let is_new = started.encoding.replace(encoding) != Some(encoding);
            let follows = started.number.replace(frame.number).is_some_and(|last| last.wrapping_add(1) == frame.number);
            let on_time = arrival.zip(started.position).filter(|(arrival, end)| arrival.absdiff(*end) < TOLERANCE);
            let pts = on_time.map(|(_, end)| end).or(arrival.max(started.position)).or(arrival);
            let duration = encoding.duration(&frame.data);
            started.position = pts.map(|pts| pts + duration.unwrap_or_default());
            let discont = discont || !follows || on_time.is_none();
            let mut buffer = gst::Buffer::from_slice(frame.data.clone());
            let to = buffer.make_mut();
            to.set_pts(pts);
            to.set_duration(duration);
            to.set_offset(frame.number.into());
            if discont {
                to.set_flags(gst::BufferFlags::DISCONT);
            }
            Some((buffer, is_new.then(|| encoding.caps())))
        })?;
        let Some((buffer, caps)) = made else {
            gst::debug!(CAT, imp = self, "Dropping {} bytes of {}", frame.data.len(), frame.codec);
            return Ok(None);
        };
        if let Some(caps) = caps {
            src.set_caps(&caps).map_err(|_| gst::FlowError::NotNegotiated)?;
        }
        Ok(Some(buffer))
    }

    /// Nobody speaks.
    fn pass_time(&self) {
        let src = self.obj();
        let Some(now) = src.current_running_time() else { return };
        let gap = self.with(|started| {
            let from = started.position.filter(|from| *from < now)?;
            started.position = Some(now);
            Some(from)
        });
        if let Ok(Some(from)) = gap {
            src.src_pad().push_event(gst::event::Gap::builder(from).duration(now.saturating_sub(from)).build());
        }
    }
}
