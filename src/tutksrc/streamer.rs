//! What the streaming thread does: connects, takes frames off the queue, and makes buffers of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use tutk::{Canceller, Error, IoError, Uid};

use super::audio::AudioStream;
use super::connector::{Connector, Progress};
use super::controls::Controls;
use super::form::Form;
use super::frame_queue::{Arrived, Block, Item, frame_queue};
use super::interrupt::Interrupt;
use super::notice::Notice;
use super::output::{Now, Output, Stream};
use super::receiver::{Receiver, Report};
use super::reception::{Reception, Video};
use super::reconnect::Failure;
use super::running_time::RunningTime;
use super::session::{self, Session};
use super::settings::Settings;
use super::stats::{Stats, Timestamps};
use super::timing::ClockRecovery;
use crate::Streams;

/// How often downstream learns that time passes while there is no session, or a frame is overdue.
const GAP: Duration = Duration::from_millis(250);

/// What the streaming thread shares with others. Each has a lock of its own.
#[derive(Clone, Default)]
pub(super) struct Shared {
    pub(super) interrupt: Arc<Interrupt>,
    pub(super) controls: Arc<Controls>,
    pub(super) stats: Arc<Mutex<Stats>>,
}

/// What the element is to do next.
pub(super) enum Step {
    Push(Output),
    /// Downstream is to learn that this much time has passed without a frame.
    Gap {
        from: gst::ClockTime,
        to: gst::ClockTime,
    },
    Report(Notice),
    /// A pause has ended the session of this camera, if it was not ended before: wait for PLAYING.
    Pause(Option<Uid>),
    /// Something else has interrupted the streaming thread.
    Flush,
    Fail(gst::ErrorMessage),
}

/// It has no access to the element: [`next`](Self::next) waits, and returns what is to be done.
pub(super) struct Streamer {
    shared: Shared,
    report: Report,
    connector: Connector,
    frame_timeout: Duration,
    max_queue_time: Option<Duration>,
    /// The session, as long as [`Controls`] or the receiver has it.
    session: Weak<Session>,
    receiver: Option<Receiver>,
    /// While no thread receives.
    video: Video,
    clock: ClockRecovery,
    running_time: RunningTime,
    /// When the last flush ended that was taken into account.
    flushed: Option<Instant>,
    form: Form,
    stream: Stream,
    audio: AudioStream,
    /// What the latency query answers.
    latency: gst::ClockTime,
    /// What else happened.
    notices: VecDeque<Notice>,
}

impl Streamer {
    /// Fails if a property has an invalid value. `report` is called on the thread that receives.
    pub(super) fn new(settings: &Settings, shared: Shared, report: Report) -> Result<Self, crate::errors::BadSetting> {
        let clock = ClockRecovery::new(settings.timestamp_mode);
        let (stream, audio) = (Stream::default(), AudioStream::default());
        let latency = stream.latency(&clock);
        let streamer = Self {
            connector: Connector::new(settings, shared.controls.clone())?,
            shared,
            report,
            frame_timeout: settings.frame_timeout(),
            max_queue_time: settings.max_queue_time(),
            session: Weak::new(),
            receiver: None,
            video: Video::default(),
            clock,
            running_time: RunningTime::default(),
            flushed: None,
            form: Form::default(),
            stream,
            audio,
            latency,
            notices: VecDeque::new(),
        };
        streamer.publish_timestamps();
        Ok(streamer)
    }

    /// What goes downstream from now on, and is asked of the camera at the start of each session; default: video.
    pub(super) fn set_form(&mut self, form: Form) {
        self.form = form;
        self.stream.set_in_container(form.is_container());
        self.connector.set_streams(form.streams());
    }

    /// Waits for the next step. [`Interrupt`] ends the wait.
    pub(super) fn next(&mut self, running_time: impl Fn() -> Option<gst::ClockTime>) -> Step {
        loop {
            let flushed = self.shared.interrupt.flushed();
            if flushed != self.flushed {
                self.flushed = flushed;
                self.stream.flushed();
                self.audio.flushed();
                self.running_time.flushed();
            }
            let step = match self.notices.pop_front() {
                Some(notice) => Some(Step::Report(notice)),
                None => self.step(&running_time),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// The caps of the last buffer were not taken downstream.
    pub(super) fn caps_refused(&mut self) {
        self.stream.caps_refused();
    }

    /// The next step, or none after a while.
    fn step(&mut self, running_time: &impl Fn() -> Option<gst::ClockTime>) -> Option<Step> {
        let Some(cancel) = self.shared.interrupt.cancel() else { return Some(Step::Flush) };
        let receiver = match &mut self.receiver {
            Some(receiver) => receiver,
            None => match self.session.upgrade() {
                Some(session) => match self.receive(session) {
                    Ok(receiver) => self.receiver.insert(receiver),
                    Err(error) => return self.lost(&error.into(), &cancel),
                },
                None => {
                    let progress = self.connector.poll(&cancel, GAP);
                    return self.progress(progress, &cancel, running_time);
                }
            },
        };
        match receiver.next(GAP) {
            Ok(Some(Item::Video(arrived))) => self.arrived(arrived, running_time),
            Ok(Some(Item::Audio(block))) => self.arrived_audio(block, running_time),
            Ok(None) => self.gap(running_time),
            Err(error) => {
                self.stop_receiving();
                self.lost(&error.into(), &cancel)
            }
        }
    }

    fn receive(&mut self, session: Arc<Session>) -> Result<Receiver, IoError> {
        let Shared { controls, stats, .. } = &self.shared;
        let (producer, consumer) = frame_queue(self.max_queue_time);
        let video = std::mem::take(&mut self.video);
        let (uid, streams, timeout) = (session.uid(), self.form.streams(), self.frame_timeout);
        let reception = Reception::new(uid, streams, video, producer, timeout, stats.clone(), controls.clone());
        Receiver::start(session, reception, consumer, controls.clone(), self.report.clone())
    }

    fn stop_receiving(&mut self) {
        if let Some(mut receiver) = self.receiver.take() {
            self.video = receiver.join();
        }
    }

    fn progress(
        &mut self,
        progress: Progress,
        cancel: &Canceller,
        running_time: &impl Fn() -> Option<gst::ClockTime>,
    ) -> Option<Step> {
        match progress {
            Progress::Connected(session, notices) => Some(self.connected(&session, notices)),
            Progress::Pending => self.gap(running_time),
            Progress::Notice(notice) => Some(Step::Report(notice)),
            Progress::Cancelled => self.interrupted(cancel),
            Progress::Failed(message) => Some(Step::Fail(message)),
        }
    }

    fn connected(&mut self, session: &Arc<Session>, notices: Vec<Notice>) -> Step {
        let info = session.info();
        self.session = Arc::downgrade(session);
        self.clock.reset();
        self.stream.restart();
        self.audio.restart();
        self.shared.stats.lock().unwrap().connected(info.clone());
        self.publish_timestamps();
        self.notices.extend(notices);
        Step::Report(Notice::Connected { message: super::messages::connected(session), uid: session.uid(), info })
    }

    /// The receiver has ended because of this error.
    fn lost(&mut self, error: &Error, cancel: &Canceller) -> Option<Step> {
        if error.is_cancelled() {
            return self.interrupted(cancel);
        }
        // Errors are final for a session.
        session::end(&self.shared.controls, &self.shared.stats);
        let progress = self.connector.failed(error, Failure::Session);
        self.progress(progress, cancel, &|| None)
    }

    fn interrupted(&mut self, cancel: &Canceller) -> Option<Step> {
        let interrupt = &self.shared.interrupt;
        if !interrupt.is_paused() {
            // A flush that is over already needs nothing.
            return cancel.is_cancelled().then_some(Step::Flush);
        }
        let closed = session::end(&self.shared.controls, &self.shared.stats);
        self.stop_receiving();
        self.connector.paused();
        self.shared.interrupt.resume();
        Some(Step::Pause(closed))
    }

    fn arrived(&mut self, arrived: Arrived, running_time: &impl Fn() -> Option<gst::ClockTime>) -> Option<Step> {
        let frames = u64::from(arrived.unit.frames);
        if self.flushed.is_some_and(|flushed| arrived.ready < flushed) {
            self.shared.stats.lock().unwrap().dropped(frames);
            return None;
        }
        let (number, codec) = (arrived.unit.frame.number, arrived.unit.frame.codec);
        let now = self.now(running_time);
        if let Some(output) = self.stream.output(arrived, &mut self.clock, now) {
            self.connector.frame();
            return Some(self.push(output, now));
        }
        self.shared.stats.lock().unwrap().dropped(frames);
        self.notices.push_back(Notice::Undecodable { number, codec });
        if self.receiver.as_ref().is_some_and(Receiver::is_stalled) { self.gap(running_time) } else { None }
    }

    fn arrived_audio(&mut self, block: Block, running_time: &impl Fn() -> Option<gst::ClockTime>) -> Option<Step> {
        if self.flushed.is_some_and(|flushed| block.ready < flushed) {
            return None;
        }
        let (number, codec) = (block.frame.number, block.frame.codec);
        let now = self.now(running_time);
        let Some(output) = self.audio.output(block, &self.clock, now) else {
            self.notices.push_back(Notice::Debug(format!("Dropping block {number} of {codec}")));
            return None;
        };
        if !self.form.streams().contains(Streams::VIDEO) {
            self.connector.frame();
        }
        Some(self.push(output, now))
    }

    fn push(&mut self, output: Output, now: Option<Now>) -> Step {
        let latency = self.publish_timestamps();
        let has_changed = now.is_some() && std::mem::replace(&mut self.latency, latency) != latency;
        Step::Push(Output { latency: has_changed.then_some(latency), ..output })
    }

    /// What the latency query is to answer: that of the later stream.
    fn latency(&self) -> gst::ClockTime {
        let video = self.stream.latency(&self.clock);
        if self.form.is_container() { video.max(self.audio.latency()) } else { video }
    }

    /// Time passes without a frame.
    fn gap(&mut self, running_time: &impl Fn() -> Option<gst::ClockTime>) -> Option<Step> {
        let to = self.now(running_time)?.running_time;
        let (video, audio) = (self.stream.gap(to), self.audio.gap(to));
        video.or(audio).map(|from| Step::Gap { from, to })
    }

    /// Reads the running time. Where its base has moved, what was learned of times is forgotten.
    fn now(&mut self, running_time: &impl Fn() -> Option<gst::ClockTime>) -> Option<Now> {
        // In this order, for a thread that is suspended in between must not date a frame before its arrival.
        let moment = Instant::now();
        let now = Now { moment, running_time: running_time()? };
        if self.running_time.read(now.running_time) {
            self.clock.reset();
            self.stream.rebase();
            self.audio.rebase();
        }
        Some(now)
    }

    /// Returns the latency that the statistics have now.
    fn publish_timestamps(&self) -> gst::ClockTime {
        let (camera, drift, latency) = (self.clock.is_in_use(), self.clock.drift(), self.latency());
        self.shared.stats.lock().unwrap().set_timestamps(Some(Timestamps { camera, drift, latency }));
        latency
    }
}

#[cfg(test)]
mod tests {
    use gst::ClockTime;
    use tutk::{Alignment, Codec, Frame, Order, Unit};

    use super::*;
    use crate::TimestampMode;

    const FRAME: ClockTime = ClockTime::from_mseconds(40);

    fn streamer(timestamp_mode: TimestampMode) -> Streamer {
        gst::init().unwrap();
        let settings = Settings { timestamp_mode, ..Settings::default() };
        Streamer::new(&settings, Shared::default(), Arc::new(|_| ())).unwrap()
    }

    /// A key frame that is ready at this moment.
    fn key_frame(number: u32, ready: Instant) -> Arrived {
        let timestamp = 1_000 + 40 * number;
        let frame =
            Frame::new(Codec::H264, vec![1], ready).with_key(true).with_number(number).with_timestamp(timestamp);
        let order = Order::Decoding(None);
        let (first, frames, announced) = (number, 1, frame.codec);
        let unit = Unit { frame, first, frames, announced, discont: false, begins_picture: true, order };
        Arrived { unit, alignment: Alignment::Au, after_loss: false, ready }
    }

    /// Plays frames from this running time on, and returns the PTS and the flags of the first and the last one.
    fn play(streamer: &mut Streamer, from: ClockTime, frames: u32) -> [(ClockTime, gst::BufferFlags); 2] {
        let outputs: Vec<_> = (0..frames)
            .map(|number| {
                let now = from + FRAME * u64::from(number);
                // Not before the running time is read, so that PTS have no fractions.
                let ready = Instant::now() + Duration::from_secs(60);
                match streamer.arrived(key_frame(number, ready), &|| Some(now)) {
                    Some(Step::Push(output)) => (output.buffer.pts().unwrap(), output.buffer.flags()),
                    _ => panic!("frame {number} does not go downstream"),
                }
            })
            .collect();
        [outputs[0], outputs[outputs.len() - 1]]
    }

    /// A flush ends, and the streaming thread continues.
    fn flush(streamer: &mut Streamer, ended: Instant) {
        streamer.shared.interrupt.flush_ended(ended);
        // The element is stopped: there is nothing else to do.
        assert!(matches!(streamer.next(|| None), Step::Flush));
    }

    #[test]
    fn after_a_flush_that_moved_the_base_times_restart() {
        for seconds in [1, 5, 60] {
            let mut streamer = streamer(TimestampMode::Auto);
            play(&mut streamer, ClockTime::ZERO, 25 * seconds);
            assert_eq!(streamer.clock.is_in_use(), seconds == 60);
            flush(&mut streamer, Instant::now());
            let [(first, flags), (last, _)] = play(&mut streamer, FRAME, 25);
            assert_eq!((first, last), (FRAME, FRAME * 25));
            assert!(flags.contains(gst::BufferFlags::RESYNC) && !streamer.clock.is_in_use());
        }
    }

    #[test]
    fn a_base_that_moves_without_a_flush_is_noticed() {
        let mut streamer = streamer(TimestampMode::Arrival);
        play(&mut streamer, ClockTime::ZERO, 100);
        let [(first, flags), (last, _)] = play(&mut streamer, FRAME, 100);
        assert!((first, last) == (FRAME, FRAME * 100) && flags.contains(gst::BufferFlags::RESYNC));
    }

    #[test]
    fn a_flush_or_a_pause_alone_changes_no_times() {
        let mut streamer = streamer(TimestampMode::Arrival);
        let [_, (last, _)] = play(&mut streamer, ClockTime::ZERO, 100);
        flush(&mut streamer, Instant::now());
        let [(next, flags), _] = play(&mut streamer, last + FRAME, 1);
        assert!(next == last + FRAME && !flags.contains(gst::BufferFlags::RESYNC));
        assert!(flags.contains(gst::BufferFlags::DISCONT));
        // Elements took some time to pause.
        let [(later, flags), _] = play(&mut streamer, last, 1);
        assert!(later > next && !flags.contains(gst::BufferFlags::RESYNC));
    }

    #[test]
    fn a_flush_drops_what_came_before_it() {
        let mut streamer = streamer(TimestampMode::Arrival);
        let begin = Instant::now();
        let end = begin + Duration::from_millis(1);
        flush(&mut streamer, end);
        let mut goes_downstream = |ready| streamer.arrived(key_frame(0, ready), &|| Some(FRAME)).is_some();
        assert!(!goes_downstream(begin) && goes_downstream(end));
        let stats = streamer.shared.stats.lock().unwrap().structure("test", end, None);
        assert_eq!(stats.get("frames-dropped"), Ok(1u64));
    }

    #[test]
    fn a_thread_suspended_while_it_reads_the_time_dates_no_frame_before_its_arrival() {
        let mut streamer = streamer(TimestampMode::Arrival);
        let arrival = Instant::now();
        let now = || {
            let now = FRAME + ClockTime::try_from(arrival.elapsed()).unwrap();
            let read = Instant::now();
            while read.elapsed() < Duration::from_millis(2) {}
            Some(now)
        };
        match streamer.arrived(key_frame(0, arrival), &now) {
            Some(Step::Push(output)) => assert!(output.buffer.pts().unwrap() >= FRAME),
            _ => panic!("the frame does not go downstream"),
        }
    }

    #[test]
    fn gaps_follow_each_other_and_frames() {
        let mut streamer = streamer(TimestampMode::Arrival);
        let gap = |streamer: &mut Streamer, now| match streamer.gap(&|| Some(now)) {
            Some(Step::Gap { from, to }) => Some((from, to)),
            _ => None,
        };
        // Downstream has seen no frame.
        assert_eq!(gap(&mut streamer, FRAME), None);
        play(&mut streamer, FRAME, 2);
        assert_eq!(gap(&mut streamer, FRAME * 5), Some((FRAME * 2, FRAME * 5)));
        assert_eq!(gap(&mut streamer, FRAME * 7), Some((FRAME * 5, FRAME * 7)));
        assert!(play(&mut streamer, FRAME * 7, 1)[0].0 > FRAME * 7);
    }

    #[test]
    fn a_pause_ends_the_session_and_lets_the_thread_wait_again() {
        let mut streamer = streamer(TimestampMode::Arrival);
        streamer.shared.interrupt.start();
        streamer.shared.interrupt.pause();
        let cancel = streamer.shared.interrupt.cancel().unwrap();
        assert!(matches!(streamer.interrupted(&cancel), Some(Step::Pause(None))));
        let cancel = streamer.shared.interrupt.cancel().unwrap();
        assert!(!cancel.is_cancelled() && streamer.interrupted(&cancel).is_none());
        streamer.shared.interrupt.flush();
        assert!(matches!(streamer.interrupted(&cancel), Some(Step::Flush)));
    }
}
