#![allow(unused_doc_comments)]

/**
 * SECTION:element-tutkmux
 * @title: tutkmux
 * @see_also: tutksink
 *
 * `tutkmux` puts video and audio together for #GstTutkSink: a virtual camera with a microphone. Of the buffers that have come, it
 * passes on the earliest first. It waits for none, so that an input which is late or silent holds up nothing.
 *
 * ## Example
 * |[
 * gst-launch-1.0 tutkmux name=camera ! tutksink uid=ABCDEFGHJKLMNPQRST12 videotestsrc is-live=true ! videoconvert ! x264enc tune=zerolatency ! h264parse config-interval=-1 ! queue ! camera. audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! queue ! camera.
 * ]| A camera that shows a test picture and gives a tone.
 *
 * Since: 0.2.0
 */
use std::sync::{Condvar, LazyLock, Mutex};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use tutk::Media;

use super::inputs::{Inputs, Refused};
use crate::{audio, caps, container};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("tutkmux", gst::DebugColorFlags::empty(), Some("Muxer for TUTK/Kalay cameras"))
});

/// The element. The lock of `inputs` is held for moments; the source pad's thread pushes.
pub struct TutkMux {
    src: gst::Pad,
    inputs: Mutex<Inputs>,
    /// Something has come, or was taken.
    changed: Condvar,
}

#[glib::object_subclass]
impl ObjectSubclass for TutkMux {
    const NAME: &'static str = "GstTutkMux";
    type Type = super::TutkMux;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        let template = class.pad_template("src").expect("there is a template of this name");
        let src = gst::Pad::builder_from_template(&template)
            .activatemode_function(|_, parent, _mode, active| {
                let failed = || Err(gst::loggable_error!(CAT, "a panic"));
                Self::catch_panic_pad_function(parent, failed, |mux| mux.activate(active))
            })
            .build();
        src.use_fixed_caps();
        Self { src, inputs: Mutex::default(), changed: Condvar::new() }
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
        self.inputs.lock().unwrap().remove(media);
        self.changed.notify_all();
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
    /// Starts and stops the thread that pushes.
    ///
    /// If the inputs pushed, one that waits downstream for a buffer's time would hold up the other one for as long as it has more.
    fn activate(&self, active: bool) -> Result<(), gst::LoggableError> {
        self.inputs.lock().unwrap().flushing = !active;
        self.changed.notify_all();
        if active {
            let mux = self.obj().downgrade();
            let run = move || {
                if let Some(mux) = mux.upgrade() {
                    mux.imp().push_next();
                }
            };
            self.src.start_task(run)?;
        } else {
            self.src.stop_task()?;
        }
        Ok(())
    }

    /// What the thread does, again and again.
    fn push_next(&self) {
        let mut inputs = self.inputs.lock().unwrap();
        let next = loop {
            if inputs.flushing {
                let _ = self.src.pause_task();
                return;
            } else if let Some(buffer) = inputs.pop() {
                break Some(buffer);
            } else if inputs.take_end() {
                break None;
            }
            inputs = self.changed.wait(inputs).unwrap();
        };
        drop(inputs);
        self.changed.notify_all();
        self.begin();
        match next {
            Some(buffer) => {
                gst::trace!(CAT, imp = self, "{buffer:?}");
                let flow = self.src.push(buffer);
                self.inputs.lock().unwrap().flow = flow;
            }
            None => drop(self.src.push_event(gst::event::Eos::new())),
        }
    }

    /// Returns what downstream has said of an earlier buffer.
    fn chain(&self, media: Media, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let mut inputs = self.inputs.lock().unwrap();
        while inputs.is_full(media) {
            inputs = self.changed.wait(inputs).unwrap();
        }
        if inputs.flushing {
            return Err(gst::FlowError::Flushing);
        }
        inputs.flow?;
        let pushed = inputs.push(media, buffer);
        drop(inputs);
        self.changed.notify_all();
        match pushed {
            Ok(()) => Ok(gst::FlowSuccess::Ok),
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
                self.inputs.lock().unwrap().end(media);
                self.changed.notify_all();
                true
            }
            EventView::FlushStop(_) => {
                self.inputs.lock().unwrap().flushed(media);
                self.changed.notify_all();
                gst::Pad::event_default(pad, Some(&*self.obj()), event)
            }
            // They are of one input.
            EventView::StreamStart(_) | EventView::Gap(_) | EventView::Tag(_) | EventView::StreamCollection(_) => true,
            _ => gst::Pad::event_default(pad, Some(&*self.obj()), event),
        }
    }
}
