//! The signals of `tutksrc`.
#![allow(unused_doc_comments)]

use std::sync::LazyLock;
use std::time::Duration;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use tutk::TalkError;

use super::TutkSrc;
use super::controls::Unsent;
use super::imp::CAT;
use crate::PtzDirection;
use crate::talk::{Speech, Unspoken};

static SIGNALS: LazyLock<Vec<glib::subclass::Signal>> = LazyLock::new(|| {
    vec![
        /**
         * GstTutkSrc::io-control:
         * @type: the type of the IO control
         * @body: (nullable): its body, at most 1020 bytes
         * @timeout: how long to wait for the answer, in milliseconds; 0: do not wait
         *
         * Sends an IO control to the camera and waits for the answer, an IO control of the next type: in this protocol
         * 0x0331 answers 0x0330. Several threads can call at once; calls for the same type get their answers in the
         * order in which they were sent, because an answer does not name its call. An answer that comes too late, or that no
         * call waits for, is a #GstTutkSrc::io-control-received.
         *
         * Returns: (nullable): the body of the answer; %NULL without @timeout, if none came in time, and at once if
         * there is no session, if it ends, and in handlers of #GstTutkSrc::io-control-received
         */
        glib::subclass::Signal::builder("io-control")
            .param_types([u32::static_type(), glib::Bytes::static_type(), u32::static_type()])
            .return_type::<Option<glib::Bytes>>()
            .run_last()
            .action()
            .class_handler(|args| {
                let body: Option<glib::Bytes> = args[2].get().unwrap();
                Some(io_control(&src(args), args[1].get().unwrap(), body, args[3].get().unwrap()).to_value())
            })
            .build(),
        /**
         * GstTutkSrc::ptz:
         * @direction: a #GstTutkPtzDirection: stop (0), up (1), down (2), left (3), right (4), up-left (5), up-right (6),
         *   down-left (7), down-right (8), zoom-in (9), zoom-out (10)
         * @speed: 0 to 255; the camera defines its meaning, and may ignore it
         * @step: after how many milliseconds the camera is to stop; 0: at the next command, or at its limit
         *
         * Turns the camera, or zooms. Each command ends the one before. The camera stops when the session ends.
         *
         * Returns: whether the command was sent; cameras do not confirm it
         */
        glib::subclass::Signal::builder("ptz")
            .param_types([PtzDirection::static_type(), u32::static_type(), u32::static_type()])
            .return_type::<bool>()
            .run_last()
            .action()
            .class_handler(|args| {
                let (direction, speed, step) = (args[1].get(), args[2].get(), args[3].get());
                Some(ptz(&src(args), direction.unwrap(), speed.unwrap(), step.unwrap()).to_value())
            })
            .build(),
        /**
         * GstTutkSrc::sync-time:
         *
         * Sets the camera's clock to this host's local time, as #GstTutkSrc:sync-time does when a session starts.
         *
         * Returns: whether the time was sent
         */
        glib::subclass::Signal::builder("sync-time")
            .return_type::<bool>()
            .run_last()
            .action()
            .class_handler(|args| Some(sync_time(&src(args)).to_value()))
            .build(),
        /**
         * GstTutkSrc::push-talk-sample:
         * @sample: (nullable): audio with its caps; %NULL: nothing more is to be said
         *
         * Says this through the camera's speaker. The first sample calls the camera, and up to 32 of them wait until it listens; then
         * each is sent at once, so that the application has the pace. %NULL switches the speaker off, as the end of the session does:
         * some cameras are deaf while they speak.
         *
         * Which codecs a camera takes it does not say: as a rule, the one that it sends. Sample rates can be 8000, 11025, 12000, 16000,
         * 22050, 24000, 32000, 44100 and 48000, with one or two channels. #GstTutkAudioSink does all of this for a pipeline.
         *
         * Returns: %GST_FLOW_OK if it is on its way, whether or not the camera has a speaker; %GST_FLOW_FLUSHING if there is no
         *   session; %GST_FLOW_NOT_NEGOTIATED if cameras cannot take such audio; %GST_FLOW_NOT_SUPPORTED if the
         *   vendor's library cannot do it; %GST_FLOW_ERROR if it cannot be sent, as a block that is too large
         *
         * Since: 0.2.0
         */
        glib::subclass::Signal::builder("push-talk-sample")
            .param_types([gst::Sample::static_type()])
            .return_type::<gst::FlowReturn>()
            .run_last()
            .action()
            .class_handler(|args| {
                let sample = args[1].get::<Option<gst::Sample>>().unwrap();
                let flow = push_talk_sample(&src(args), sample);
                Some(gst::FlowReturn::from(flow.map(|()| gst::FlowSuccess::Ok)).to_value())
            })
            .build(),
        /**
         * GstTutkSrc::io-control-received:
         * @type: the type of the IO control
         * @body: its body
         *
         * The camera has sent an IO control that no call of #GstTutkSrc::io-control waits for: on its own, or as the
         * answer to something else, such as a change of #GstTutkSrc:quality.
         *
         * It is emitted by the thread that receives. A handler can send IO controls, but not wait for answers, and must not
         * change the element's state, which waits for that thread; gst_element_call_async() can.
         */
        glib::subclass::Signal::builder("io-control-received")
            .param_types([u32::static_type(), glib::Bytes::static_type()])
            .build(),
    ]
});

pub(super) fn all() -> &'static [glib::subclass::Signal] {
    &SIGNALS
}

pub(super) fn io_control_received(src: &TutkSrc, kind: u32, body: Vec<u8>) {
    src.emit_by_name::<()>("io-control-received", &[&kind, &glib::Bytes::from_owned(body)]);
}

/// The element that an action signal is for.
fn src(args: &[glib::Value]) -> TutkSrc {
    args[0].get().unwrap()
}

fn io_control(src: &TutkSrc, kind: u32, body: Option<glib::Bytes>, timeout: u32) -> Option<glib::Bytes> {
    let controls = src.imp().controls();
    let body = body.as_deref().unwrap_or_default();
    let answer = match timeout {
        0 => controls.send(kind, body).map(|()| None),
        timeout => controls.call(kind, body, Duration::from_millis(timeout.into())),
    };
    match answer {
        Ok(answer) => answer.map(glib::Bytes::from_owned),
        Err(unsent) => {
            gst::warning!(CAT, obj = src, "IO control 0x{kind:04X} was not sent: {unsent}");
            None
        }
    }
}

fn ptz(src: &TutkSrc, direction: PtzDirection, speed: u32, step: u32) -> bool {
    let Ok(speed) = u8::try_from(speed) else {
        gst::warning!(CAT, obj = src, "The camera is not turned: the speed is {speed}, and the maximum is 255");
        return false;
    };
    let step = (step > 0).then(|| Duration::from_millis(step.into()));
    sent(src, "The camera is not turned", src.imp().controls().turn(direction, speed, step))
}

fn sync_time(src: &TutkSrc) -> bool {
    sent(src, "The camera's clock is not set", src.imp().controls().sync_time())
}

fn push_talk_sample(src: &TutkSrc, sample: Option<gst::Sample>) -> Result<(), gst::FlowError> {
    let speaker = src.imp().controls().speaker();
    let Some(sample) = sample else {
        speaker.stop();
        return Ok(());
    };
    let caps = sample.caps_owned();
    let Some(speech) = caps.as_ref().and_then(Speech::from_caps) else {
        gst::warning!(CAT, obj = src, "Cameras cannot take speech with the caps {caps:?}");
        return Err(gst::FlowError::NotNegotiated);
    };
    let Some(buffer) = sample.buffer().filter(|buffer| !buffer.flags().contains(gst::BufferFlags::HEADER)) else {
        return Ok(());
    };
    let data = buffer.map_readable().map_err(|_| gst::FlowError::Error)?;
    speaker.say(&speech, buffer.pts(), &data).map_err(|unspoken| {
        gst::warning!(CAT, obj = src, "{} bytes of speech were not sent: {unspoken}", data.len());
        match unspoken {
            Unspoken::NoSession | Unspoken::Failed(TalkError::Session(_)) => gst::FlowError::Flushing,
            Unspoken::Failed(TalkError::LibraryLacks { .. } | TalkError::LibraryEncrypts) => {
                gst::FlowError::NotSupported
            }
            Unspoken::Failed(_) => gst::FlowError::Error,
        }
    })
}

fn sent(src: &TutkSrc, otherwise: &str, result: Result<(), Unsent>) -> bool {
    if let Err(unsent) = &result {
        gst::warning!(CAT, obj = src, "{otherwise}: {unsent}");
    }
    result.is_ok()
}
