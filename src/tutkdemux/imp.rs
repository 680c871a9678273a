#![allow(unused_doc_comments)]

/**
 * SECTION:element-tutkdemux
 * @title: tutkdemux
 * @see_also: tutksrc
 *
 * `tutkdemux` gives video and audio of #GstTutkSrc a pad each. decodebin, playbin and their like plug it by themselves.
 *
 * Pads come as soon as there are frames of both streams, or a second after the first frame: that is how long a camera without a
 * microphone waits. Audio that comes later gets a pad then, and another #GstStreamCollection is announced. A pad without
 * buffers gets gap events, half a second behind the other.
 *
 * Each pad has a thread and a queue of its own: a muxer that takes no audio while it waits for video does not keep that video
 * away, nor the other way round. After 20 s the oldest audio is dropped, and video waits upstream.
 *
 * ## Example
 * |[
 * gst-launch-1.0 tutksrc uid=ABCDEFGHJKLMNPQRST12 ! tutkdemux name=camera camera. ! queue ! decodebin ! videoconvert ! autovideosink camera. ! queue ! decodebin ! audioconvert ! autoaudiosink
 * ]| Shows the camera in a window, with its sound.
 *
 * Since: 0.2.0
 */
use std::sync::{LazyLock, Mutex};
use std::time::Instant;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::UniqueFlowCombiner;
use tutk::Media;

use super::output::Output;
use super::streams::{Action, NoLabel, Streams, WAIT};
use crate::{audio, caps, container};

pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("tutkdemux", gst::DebugColorFlags::empty(), Some("Demuxer for TUTK/Kalay cameras"))
});

static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
    let template = |name, direction, presence, caps: &gst::Caps| gst::PadTemplate::new(name, direction, presence, caps);
    let (always, sometimes) = (gst::PadPresence::Always, gst::PadPresence::Sometimes);
    [
        template("sink", gst::PadDirection::Sink, always, &container::caps()),
        template("video_%u", gst::PadDirection::Src, sometimes, &caps::source_template()),
        template("audio_%u", gst::PadDirection::Src, sometimes, &audio::template()),
    ]
    .into_iter()
    .flatten()
    .collect()
});

/// The template of the pads of these streams.
pub(super) fn template(media: Media) -> Option<gst::PadTemplate> {
    let name = format!("{media}_%u");
    TEMPLATES.iter().find(|template| template.name_template() == name).cloned()
}

/// The element. No lock is held while something is pushed, posted or added.
pub struct TutkDemux {
    sink: gst::Pad,
    streams: Mutex<Streams>,
    flow: Mutex<UniqueFlowCombiner>,
}

#[glib::object_subclass]
impl ObjectSubclass for TutkDemux {
    const NAME: &'static str = "GstTutkDemux";
    type Type = super::TutkDemux;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        let template = class.pad_template("sink").expect("there is a template of this name");
        let sink = gst::Pad::builder_from_template(&template)
            .chain_function(|_, parent, buffer| {
                Self::catch_panic_pad_function(parent, || Err(gst::FlowError::Error), |demux| demux.chain(buffer))
            })
            .event_function(|pad, parent, event| {
                Self::catch_panic_pad_function(parent, || false, |demux| demux.sink_event(pad, event))
            })
            .build();
        Self { sink, streams: Mutex::default(), flow: Mutex::new(UniqueFlowCombiner::new()) }
    }
}

impl ObjectImpl for TutkDemux {
    fn constructed(&self) {
        self.parent_constructed();
        self.obj().add_pad(&self.sink).expect("the element has no other pad");
    }
}

impl GstObjectImpl for TutkDemux {}

impl ElementImpl for TutkDemux {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "TUTK Demuxer",
                "Codec/Demuxer",
                "Video and audio of an IP camera that speaks ThroughTek's IOTC/AV protocol (TUTK, Kalay)",
                env!("CARGO_PKG_AUTHORS"),
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        &TEMPLATES
    }

    fn change_state(&self, transition: gst::StateChange) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        let success = self.parent_change_state(transition)?;
        if transition == gst::StateChange::PausedToReady {
            let pads = self.streams.lock().unwrap().clear();
            self.flow.lock().unwrap().clear();
            for pad in pads {
                let _ = pad.set_active(false);
                let _ = self.obj().remove_pad(&pad);
            }
        }
        Ok(success)
    }
}

impl TutkDemux {
    fn chain(&self, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let actions = self.streams.lock().unwrap().buffer(buffer, Instant::now());
        let actions = actions.map_err(|NoLabel| {
            gst::element_imp_error!(
                self,
                gst::StreamError::Demux,
                ("“{}” takes what tutksrc gives, and an element between the two has changed it.", self.obj().name()),
                ["a buffer without a label"]
            );
            gst::FlowError::Error
        })?;
        self.carry_out(actions)
    }

    fn sink_event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
        use gst::EventView;

        gst::log!(CAT, imp = self, "{event:?}");
        let mut streams = self.streams.lock().unwrap();
        let outputs = streams.outputs();
        let actions = match event.view() {
            // Each pad has its own.
            EventView::StreamStart(start) => {
                streams.start(start.stream_id(), start.group_id());
                return true;
            }
            EventView::Caps(_) => return true,
            EventView::Segment(_) => {
                streams.set_segment(event.clone());
                Vec::new()
            }
            EventView::FlushStop(_) => {
                streams.flushed();
                self.flow.lock().unwrap().reset();
                Vec::new()
            }
            EventView::Gap(gap) => {
                let (time, duration) = gap.get();
                streams.gap(time + duration.unwrap_or_default(), Instant::now())
            }
            EventView::Eos(_) => streams.end(),
            _ => Vec::new(),
        };
        drop(streams);
        // Downstream answers when it gets buffers again.
        let _ = self.carry_out(actions);
        match event.type_() {
            gst::EventType::FlushStart => {
                let result = gst::Pad::event_default(pad, Some(&*self.obj()), event);
                outputs.iter().for_each(Output::flush);
                result
            }
            gst::EventType::FlushStop => {
                let result = gst::Pad::event_default(pad, Some(&*self.obj()), event);
                outputs.iter().for_each(Output::flushed);
                result
            }
            kind if kind.is_serialized() => {
                let outputs = self.streams.lock().unwrap().outputs();
                // Nothing downstream would tell that the stream has ended.
                if kind == gst::EventType::Eos && outputs.is_empty() {
                    gst::element_imp_error!(
                        self,
                        gst::StreamError::Demux,
                        ("The stream ended before the camera's first frame came.")
                    );
                }
                let outputs = match kind {
                    gst::EventType::Gap => self.streams.lock().unwrap().outputs_of_gaps(),
                    _ => outputs,
                };
                outputs.iter().for_each(|output| output.push_event(event.clone()));
                true
            }
            _ => gst::Pad::event_default(pad, Some(&*self.obj()), event),
        }
    }

    /// Ends this wait in a second. Nothing need come from upstream until then.
    fn time_out_later(&self, since: Instant) {
        let clock = gst::SystemClock::obtain();
        let at = clock.time() + gst::ClockTime::try_from(WAIT).unwrap_or_default();
        let element = self.obj().downgrade();
        let scheduled = clock.new_single_shot_id(at).wait_async(move |_, _, _| {
            if let Some(element) = element.upgrade() {
                // The clock's thread is one for the whole process.
                element.call_async(move |element| {
                    let demux = element.imp();
                    demux.catch_panic(|| (), |demux| demux.time_out(since));
                });
            }
        });
        if let Err(error) = scheduled {
            gst::warning!(CAT, imp = self, "No timer: {error:?}");
        }
    }

    fn time_out(&self, since: Instant) {
        // As what comes from upstream, one after the other.
        let _lock = self.sink.stream_lock();
        let actions = self.streams.lock().unwrap().time_out(since);
        // Upstream learns it with its next buffer.
        let _ = self.carry_out(actions);
    }

    /// Returns what upstream is to know: an error, or that no pad takes anything.
    fn carry_out(&self, actions: Vec<Action>) -> Result<gst::FlowSuccess, gst::FlowError> {
        let mut result = Ok(gst::FlowSuccess::Ok);
        for action in actions {
            match action {
                Action::Wait(since) => self.time_out_later(since),
                Action::AddPad(pad) => {
                    gst::info!(CAT, imp = self, "New pad {} with {:?}", pad.name(), pad.current_caps());
                    self.flow.lock().unwrap().add_pad(&pad);
                    if self.obj().add_pad(&pad).is_err() {
                        gst::warning!(CAT, imp = self, "The pad {} was not added", pad.name());
                    }
                }
                Action::Post(collection) => {
                    let message = gst::message::StreamCollection::builder(&collection).src(&*self.obj()).build();
                    // Without a bus it is refused, which is no failure.
                    let _ = self.obj().post_message(message);
                }
                Action::Event(output, event) => output.push_event(event),
                Action::NoMorePads => self.obj().no_more_pads(),
                Action::Push(output, buffer) => {
                    gst::trace!(CAT, imp = self, "{}: {buffer:?}", output.pad.name());
                    let pushed = output.push(buffer);
                    result = self.flow.lock().unwrap().update_pad_flow(&output.pad, pushed);
                    if result.is_err() {
                        break;
                    }
                }
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_single_frame_gets_a_pad() {
        gst::init().unwrap();
        let demux: super::super::TutkDemux = glib::Object::new();
        let (sender, receiver) = channel();
        demux.connect_no_more_pads(move |demux| sender.send(demux.src_pads().len()).unwrap());
        let source = gst::Pad::builder(gst::PadDirection::Src).build();
        source.set_active(true).unwrap();
        source.link(&demux.static_pad("sink").unwrap()).unwrap();
        demux.set_state(gst::State::Playing).unwrap();
        source.push_event(gst::event::StreamStart::new("camera"));
        source.push_event(gst::event::Caps::new(&container::caps()));
        source.push_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()));
        let caps = "video/x-h264,stream-format=byte-stream,alignment=au".parse().unwrap();
        let mut buffer = gst::Buffer::from_slice([1]);
        buffer.make_mut().set_pts(gst::ClockTime::ZERO);
        let reference = container::reference(Media::Video, &caps);
        gst::ReferenceTimestampMeta::add(buffer.make_mut(), &reference, gst::ClockTime::ZERO, gst::ClockTime::NONE);
        source.push(buffer).unwrap();
        assert_eq!(receiver.recv_timeout(Duration::from_secs(20)), Ok(1));
        demux.set_state(gst::State::Null).unwrap();
    }
}
