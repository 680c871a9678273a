#![allow(unused_doc_comments)]

/**
 * SECTION:element-tutkmux
 * @title: tutkmux
 * @see_also: tutksink
 *
 * `tutkmux` puts video and audio together for #GstTutkSink: a virtual camera with a microphone. It passes each buffer on at once,
 * so that an input which is late or silent holds up nothing. #GstTutkSink waits for the time of each buffer: put a queue before
 * each input.
 *
 * ## Example
 * |[
 * gst-launch-1.0 tutkmux name=camera ! tutksink uid=ABCDEFGHJKLMNPQRST12 videotestsrc is-live=true ! videoconvert ! x264enc tune=zerolatency ! h264parse config-interval=-1 ! queue ! camera. audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! queue ! camera.
 * ]| A camera that shows a test picture and gives a tone.
 *
 * Since: 0.2.0
 */
use std::sync::{LazyLock, Mutex};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use tutk::Media;

use super::inputs::{Inputs, Refused};
use crate::{audio, caps, container};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("tutkmux", gst::DebugColorFlags::empty(), Some("Muxer for TUTK/Kalay cameras"))
});

/// The element. The lock of `inputs` is held for moments; pushes are serialised by the stream lock of the source pad.
pub struct TutkMux {
    src: gst::Pad,
    inputs: Mutex<Inputs>,
}

#[glib::object_subclass]
impl ObjectSubclass for TutkMux {
    const NAME: &'static str = "GstTutkMux";
    type Type = super::TutkMux;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        let template = class.pad_template("src").expect("there is a template of this name");
        let src = gst::Pad::builder_from_template(&template).build();
        src.use_fixed_caps();
        Self { src, inputs: Mutex::default() }
    }
}

impl ObjectImpl for TutkMux {
    fn constructed(&self) {
        self.parent_constructed();
        self.obj().add_pad(&self.src).expect("the element has no other pad");
    }
}

impl GstObjectImpl for TutkMux {}

impl ElementImpl for TutkMux {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "TUTK Muxer",
                "Codec/Muxer",
                "Puts video and audio together for tutksink",
                env!("CARGO_PKG_AUTHORS"),
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let sink = |name, caps: &gst::Caps| {
                gst::PadTemplate::new(name, gst::PadDirection::Sink, gst::PadPresence::Request, caps)
            };
            let (src, always) = (gst::PadDirection::Src, gst::PadPresence::Always);
            [
                sink("video", &caps::template(&caps::SENT)),
                sink("audio", &audio::template()),
                gst::PadTemplate::new("src", src, always, &container::caps()),
            ]
            .into_iter()
            .flatten()
            .collect()
        });
        &TEMPLATES
    }

    fn request_new_pad(
        &self,
        template: &gst::PadTemplate,
        _name: Option<&str>,
        _caps: Option<&gst::Caps>,
    ) -> Option<gst::Pad> {
        let name = template.name_template();
        let media = if name == "audio" { Media::Audio } else { Media::Video };
        if !self.inputs.lock().unwrap().add(media) {
            gst::warning!(CAT, imp = self, "There is a pad “{name}” already");
            return None;
        }
        let pad = gst::Pad::builder_from_template(template)
            .name(name)
            .chain_function(move |_, parent, buffer| {
                let failed = || Err(gst::FlowError::Error);
                Self::catch_panic_pad_function(parent, failed, |mux| mux.chain(media, buffer))
            })
            .event_function(move |pad, parent, event| {
                Self::catch_panic_pad_function(parent, || false, |mux| mux.sink_event(media, pad, event))
            })
            .build();
        let _ = pad.set_active(true);
        self.obj().add_pad(&pad).ok()?;
        Some(pad)
    }

    fn release_pad(&self, pad: &gst::Pad) {
        let media = if pad.name() == "audio" { Media::Audio } else { Media::Video };
        let _ = pad.set_active(false);
        let _ = self.obj().remove_pad(pad);
        let ends = self.inputs.lock().unwrap().remove(media);
        if ends {
            self.src.push_event(gst::event::Eos::new());
        }
    }

    fn change_state(&self, transition: gst::StateChange) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        let success = self.parent_change_state(transition)?;
        if transition == gst::StateChange::PausedToReady {
            self.inputs.lock().unwrap().reset();
        }
        Ok(success)
    }
}

impl TutkMux {
    fn chain(&self, media: Media, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let _turn = self.src.stream_lock();
        self.begin();
        let labelled = self.inputs.lock().unwrap().label(media, buffer);
        match labelled {
            Ok(buffer) => {
                gst::trace!(CAT, imp = self, "{media}: {buffer:?}");
                self.src.push(buffer)
            }
            Err(Refused::NoCaps) => Err(gst::FlowError::NotNegotiated),
            Err(Refused::NoTime) => {
                gst::warning!(CAT, imp = self, "Dropping a buffer of {media} without a time in its segment");
                Ok(gst::FlowSuccess::Ok)
            }
        }
    }

    /// Sends what a stream begins with.
    fn begin(&self) {
        if !self.inputs.lock().unwrap().begin() {
            return;
        }
        if self.src.sticky_event::<gst::event::StreamStart>(0).is_none() {
            let id = format!("{:08x}{:08x}", glib::random_int(), glib::random_int());
            let group = gst::GroupId::next();
            self.src.push_event(gst::event::StreamStart::builder(&id).group_id(group).build());
        }
        self.src.push_event(gst::event::Caps::new(&container::caps()));
        // Inputs have segments of their own: buffers go downstream with running times.
        self.src.push_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()));
    }

    fn sink_event(&self, media: Media, pad: &gst::Pad, event: gst::Event) -> bool {
        use gst::EventView;

        gst::log!(CAT, imp = self, "{media}: {event:?}");
        match event.view() {
            EventView::Caps(caps) => {
                self.inputs.lock().unwrap().set_caps(media, &caps.caps_owned());
                true
            }
            EventView::Segment(segment) => self.inputs.lock().unwrap().set_segment(media, segment.segment()),
            EventView::Eos(_) => {
                let _turn = self.src.stream_lock();
                let all = self.inputs.lock().unwrap().end(media);
                if all {
                    self.begin();
                    self.src.push_event(gst::event::Eos::new());
                }
                true
            }
            EventView::FlushStop(_) => {
                self.inputs.lock().unwrap().flushed(media);
                gst::Pad::event_default(pad, Some(&*self.obj()), event)
            }
            // They are of one input.
            EventView::StreamStart(_) | EventView::Gap(_) | EventView::Tag(_) | EventView::StreamCollection(_) => true,
            _ => gst::Pad::event_default(pad, Some(&*self.obj()), event),
        }
    }
}
