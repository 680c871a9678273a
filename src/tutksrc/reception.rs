//! Makes units of what the camera sends, and watches that it sends enough.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tutk::{
    Alignment, AvEvent, DropReason, Dropped, Frame, FrameWatchdog, Media, SessionError, Uid, Unit, VideoParser,
    ViewerEvent, io_control,
};

use super::controls::Controls;
use super::first_picture::FirstPicture;
use super::frame_queue::{Producer, Pushed};
use super::notice::Notice;
use super::stats::Stats;
use crate::Streams;

/// How long the first picture of a stream waits for the next frame, which shows whether it is complete. The slices of a
/// picture follow each other at once.
const HOLD: Duration = Duration::from_millis(200);

/// What is kept of the camera's video from one session to the next.
#[derive(Debug, Default)]
pub(super) struct Video {
    /// What a decoder can do with the frames, whether or not they go downstream.
    parser: VideoParser,
    /// The longest time between two frames.
    longest_interval: Duration,
    warned_of_codec: bool,
    warned_of_announcement: bool,
    warned_of_audio: bool,
}

/// The reception of one session, without the session and the thread: [`handle`](Self::handle) gets what was
/// received, [`timeout`](Self::timeout) is called at the [`deadline`](Self::deadline), and after each the units go to the queue
/// with [`deliver`](Self::deliver).
pub(super) struct Reception {
    uid: Uid,
    /// What was asked of the camera.
    streams: Streams,
    video: Video,
    frames: Producer,
    /// Since when the next unit waits for a frame that shows how the stream is cut.
    held: Option<Instant>,
    first_picture: FirstPicture,
    watchdog: FrameWatchdog,
    stats: Arc<Mutex<Stats>>,
    controls: Arc<Controls>,
    notices: VecDeque<Notice>,
}

impl Reception {
    /// `frame_timeout`: how long the camera may send no frame; zero: without a limit.
    pub(super) fn new(
        uid: Uid,
        streams: Streams,
        mut video: Video,
        frames: Producer,
        frame_timeout: Duration,
        stats: Arc<Mutex<Stats>>,
        controls: Arc<Controls>,
    ) -> Self {
        let unused = video.parser.restart();
        stats.lock().unwrap().dropped(unused.into());
        let watchdog = FrameWatchdog::new(frame_timeout, video.longest_interval, Instant::now());
        let has_video = streams.contains(Streams::VIDEO);
        let first_picture = if has_video { FirstPicture::default() } else { FirstPicture::none() };
        let (held, notices) = (None, VecDeque::new());
        Self { uid, streams, video, frames, held, first_picture, watchdog, stats, controls, notices }
    }

    /// What was asked of the camera.
    pub(super) fn streams(&self) -> Streams {
        self.streams
    }

    /// Until when to wait for what the camera sends.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let held = self.held.map(|since| since + HOLD);
        [held, self.watchdog.deadline()].into_iter().flatten().min()
    }

    /// The camera has sent this. Fails if the session is lost.
    pub(super) fn handle(&mut self, event: ViewerEvent, now: Instant) -> Result<(), SessionError> {
        match event {
            ViewerEvent::Av { event, .. } => self.handle_av(event, now)?,
            ViewerEvent::TalkStarted => self.controls.speaker().event(&event),
            ViewerEvent::TalkFailed(_) => {
                self.controls.speaker().event(&event);
                self.notices.push_back(Notice::TalkFailed);
            }
            ViewerEvent::ConflictingResponder(address) => {
                self.notices.push_back(Notice::ConflictingResponder(address));
            }
            other => self.notices.push_back(Notice::Debug(format!("{other:?}"))),
        }
        Ok(())
    }

    fn handle_av(&mut self, event: AvEvent, now: Instant) -> Result<(), SessionError> {
        if let AvEvent::Audio(frame) = &event {
            self.controls.speaker().heard(frame);
        }
        match event {
            // What a camera sends unasked is dropped.
            AvEvent::Video(_) if !self.streams.contains(Streams::VIDEO) => {}
            AvEvent::Audio(_) if !self.streams.contains(Streams::AUDIO) => {}
            AvEvent::Lost(lost) if !self.streams.contains(stream(lost.media)) => {}
            AvEvent::Audio(frame) => self.handle_audio(frame, now),
            AvEvent::Video(frame) => {
                self.stats.lock().unwrap().received(&frame);
                self.first_picture.frame();
                if let Some(dropped) = self.video.parser.push(frame) {
                    self.unusable(dropped);
                }
            }
            AvEvent::Lost(lost) => {
                if lost.media == Media::Audio {
                    self.frames.lost_audio(lost.count);
                } else {
                    let unused = self.video.parser.lost();
                    let mut stats = self.stats.lock().unwrap();
                    stats.lost(lost.count);
                    stats.dropped(unused.into());
                }
                self.notices.push_back(Notice::Lost(lost));
            }
            AvEvent::IoControl { kind, body } => {
                if let Some(body) = self.controls.received(kind, body) {
                    self.notices.push_back(Notice::IoControl { kind, body });
                }
            }
            AvEvent::IoControlUnconfirmed { kind } => {
                self.notices.push_back(Notice::IoControlUnconfirmed(kind));
                if kind == io_control::START_VIDEO && self.streams.contains(Streams::VIDEO) {
                    self.watchdog.unconfirmed(now)?;
                }
            }
            other => self.notices.push_back(Notice::Debug(format!("{other:?}"))),
        }
        Ok(())
    }

    fn handle_audio(&mut self, frame: Frame, now: Instant) {
        if !self.streams.contains(Streams::VIDEO) {
            self.watchdog.frame(frame.received);
        }
        let codec = frame.codec;
        if !codec.is_audio() {
            let warn = !std::mem::replace(&mut self.video.warned_of_audio, true);
            self.notices.push_back(Notice::UnknownAudio { uid: self.uid, codec, warn });
            return;
        }
        if !self.first_picture.passes_audio(now) {
            return;
        }
        let dropped = self.frames.push_audio(frame, now);
        if dropped > 0 {
            let text = format!("Elements downstream are behind: dropped {dropped} blocks of audio");
            self.notices.push_back(Notice::Debug(text));
        }
    }

    /// The deadline has passed. Returns whether to ask the camera for video again; fails if the session is lost.
    pub(super) fn timeout(&mut self, now: Instant) -> Result<bool, SessionError> {
        let ask = self.watchdog.check(now)?;
        if ask {
            self.notices.push_back(Notice::NoVideo);
        }
        Ok(ask)
    }

    /// Hands over the units that are ready. `ends`: there are no more frames.
    pub(super) fn deliver(&mut self, now: Instant, ends: bool) {
        while let Some((unit, alignment, ready)) = self.next_unit(now, ends) {
            self.watchdog.frame(unit.frame.received);
            self.first_picture.picture();
            self.stats.lock().unwrap().plays(unit.frame.codec);
            let (announced, codec) = (unit.announced, unit.frame.codec);
            if announced != codec && !std::mem::replace(&mut self.video.warned_of_announcement, true) {
                self.notices.push_back(Notice::WrongCodec { uid: self.uid, announced, codec });
            }
            let pushed = self.frames.push(unit, alignment, ready);
            self.pushed(pushed);
        }
        self.frames.set_stalled(self.watchdog.is_stalled());
    }

    /// The next notice; the caller reports it without a lock.
    pub(super) fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// There is nothing more to receive, because of this.
    pub(super) fn end(mut self, error: SessionError) -> Video {
        self.video.longest_interval = self.watchdog.longest_interval();
        self.frames.end(error);
        self.video
    }

    /// The next unit that goes to the queue now, and since when it is ready.
    fn next_unit(&mut self, now: Instant, ends: bool) -> Option<(Unit, Alignment, Instant)> {
        let parser = &mut self.video.parser;
        if !parser.has_unit() {
            return None;
        }
        let ready = *self.held.get_or_insert(now);
        let alignment = match parser.alignment() {
            None if !ends && now < ready + HOLD => return None,
            alignment => alignment.unwrap_or(Alignment::Au),
        };
        self.held = None;
        parser.pop().map(|unit| (unit, alignment, ready))
    }

    /// Frames are dropped.
    fn unusable(&mut self, dropped: Dropped) {
        self.stats.lock().unwrap().dropped(dropped.frames.into());
        let is_foreign = matches!(dropped.reason, DropReason::NotVideo | DropReason::OtherCodec);
        let warn = is_foreign && !std::mem::replace(&mut self.video.warned_of_codec, true);
        self.notices.push_back(Notice::Unusable { uid: self.uid, dropped, warn });
    }

    /// Elements downstream may be too slow.
    fn pushed(&mut self, pushed: Pushed) {
        let (frames, notice) = match pushed {
            Pushed::Queued => return,
            Pushed::Full { frames, first } => (frames, first.then_some(Notice::QueueFull)),
            Pushed::Skipped { frames, time, first } => {
                (frames, Some(Notice::Skipped { uid: self.uid, frames, time, first }))
            }
        };
        self.stats.lock().unwrap().dropped(frames);
        self.notices.extend(notice);
    }
}

/// The stream that has this.
fn stream(media: Media) -> Streams {
    match media {
        Media::Video => Streams::VIDEO,
        Media::Audio => Streams::AUDIO,
    }
}

#[cfg(test)]
mod tests {
    use tutk::Codec;

    use super::super::frame_queue::{Consumer, Item, frame_queue};
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(15);

    fn reception(video: Video) -> (Reception, Consumer) {
        reception_of(Streams::VIDEO, video)
    }

    fn reception_of(streams: Streams, video: Video) -> (Reception, Consumer) {
        // What is heard has caps.
        gst::init().unwrap();
        let (producer, consumer) = frame_queue(None);
        let uid = "ABCDEFGHJKLMNPQRST12".parse().unwrap();
        (Reception::new(uid, streams, video, producer, TIMEOUT, Arc::default(), Arc::default()), consumer)
    }

    fn av(event: AvEvent) -> ViewerEvent {
        ViewerEvent::Av { channel: 0, event }
    }

    /// A JPEG, announced as this.
    fn frame(number: u32, codec: Codec) -> ViewerEvent {
        let jpeg = vec![0xFF, 0xD8, 0xFF, 0xD9];
        av(AvEvent::Video(Frame::new(codec, jpeg, Instant::now()).with_key(true).with_number(number)))
    }

    fn notices(reception: &mut Reception) -> Vec<Notice> {
        std::iter::from_fn(|| reception.poll_notice()).collect()
    }

    #[test]
    fn frames_that_are_no_video_are_reported_and_warned_of_once() {
        let mut video = Video::default();
        for warns in [true, false] {
            let (mut reception, _consumer) = reception(video);
            reception.handle(frame(0, Codec::Mjpeg), Instant::now()).unwrap();
            reception.handle(frame(1, Codec::Unknown(7)), Instant::now()).unwrap();
            let unusable = notices(&mut reception);
            assert!(matches!(unusable[..], [Notice::Unusable { warn, .. }] if warn == warns), "{unusable:?}");
            video = reception.end(SessionError::ClosedByCamera);
        }
    }

    #[test]
    fn a_camera_without_video_is_asked_again_and_then_given_up() {
        let (mut reception, consumer) = reception(Video::default());
        let ask = reception.deadline().unwrap();
        assert!(!reception.timeout(ask - TIMEOUT / 2).unwrap() && notices(&mut reception).is_empty());
        assert!(reception.timeout(ask).unwrap());
        assert!(matches!(notices(&mut reception)[..], [Notice::NoVideo]));
        reception.deliver(ask, false);
        assert!(consumer.is_stalled());
        let end = reception.deadline().unwrap();
        assert!(matches!(reception.timeout(end), Err(SessionError::NoFrames { .. })));
    }

    #[test]
    fn audio_goes_downstream_only_if_it_was_asked_for() {
        let block = || av(AvEvent::Audio(Frame::new(Codec::Pcm, vec![0; 640], Instant::now())));
        let lost = || av(AvEvent::Lost(tutk::Lost::new(Media::Audio, 0, 3)));
        let (mut asked, consumer) = reception_of(Streams::AUDIO, Video::default());
        asked.handle(lost(), Instant::now()).unwrap();
        asked.handle(block(), Instant::now()).unwrap();
        let item = consumer.next(Duration::ZERO).unwrap();
        assert!(matches!(item, Some(Item::Audio(block)) if block.lost == 3));
        assert!(matches!(notices(&mut asked)[..], [Notice::Lost(_)]));

        let (mut unasked, consumer) = reception(Video::default());
        unasked.handle(lost(), Instant::now()).unwrap();
        unasked.handle(block(), Instant::now()).unwrap();
        assert!(notices(&mut unasked).is_empty());
        unasked.end(SessionError::ClosedByCamera);
        assert!(consumer.next(Duration::ZERO).is_err());
    }

    #[test]
    fn audio_of_an_unknown_codec_is_warned_of_once() {
        let block = || av(AvEvent::Audio(Frame::new(Codec::from_id(0x90), vec![0; 640], Instant::now())));
        let mut video = Video::default();
        for warns in [true, false] {
            let (mut reception, consumer) = reception_of(Streams::AUDIO, video);
            reception.handle(block(), Instant::now()).unwrap();
            reception.handle(block(), Instant::now()).unwrap();
            let unknown = notices(&mut reception);
            let warned = unknown.iter().filter(|notice| matches!(notice, Notice::UnknownAudio { warn: true, .. }));
            assert_eq!((unknown.len(), warned.count()), (2, usize::from(warns)), "{unknown:?}");
            video = reception.end(SessionError::ClosedByCamera);
            assert!(consumer.next(Duration::ZERO).is_err());
        }
    }

    #[test]
    fn audio_begins_with_the_first_picture() {
        let block = || av(AvEvent::Audio(Frame::new(Codec::Pcm, vec![0; 640], Instant::now())));
        let (mut reception, consumer) = reception_of(Streams::all(), Video::default());
        reception.handle(block(), Instant::now()).unwrap();
        reception.handle(frame(0, Codec::Mjpeg), Instant::now()).unwrap();
        reception.deliver(Instant::now(), false);
        reception.handle(block(), Instant::now()).unwrap();
        assert!(matches!(consumer.next(Duration::ZERO), Ok(Some(Item::Video(_)))));
        assert!(matches!(consumer.next(Duration::ZERO), Ok(Some(Item::Audio(_)))));
        reception.end(SessionError::ClosedByCamera);
        assert!(consumer.next(Duration::ZERO).is_err());
    }

    #[test]
    fn a_start_that_the_camera_never_confirms_ends_the_session() {
        let (mut reception, _consumer) = reception(Video::default());
        let unconfirmed = |kind| av(AvEvent::IoControlUnconfirmed { kind });
        assert!(reception.handle(unconfirmed(io_control::SET_TIME), Instant::now()).is_ok());
        assert!(reception.handle(unconfirmed(io_control::START_VIDEO), Instant::now()).is_err());
        assert_eq!(notices(&mut reception).len(), 2);
    }

    #[test]
    fn an_io_control_that_no_call_waits_for_is_a_notice() {
        let (mut reception, _consumer) = reception(Video::default());
        reception.handle(av(AvEvent::IoControl { kind: 0x331, body: vec![1] }), Instant::now()).unwrap();
        let received = notices(&mut reception);
        assert!(matches!(&received[..], [Notice::IoControl { kind: 0x331, body }] if *body == [1]), "{received:?}");
    }
}
