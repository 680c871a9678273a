//! Makes buffers of blocks of audio.

use tutk::Media;

use super::frame_queue::Block;
use super::output::{Now, Output, Times, buffer_of};
use super::timing::{AudioStamper, ClockRecovery};
use crate::audio::Encoding;
use crate::container;

/// The audio that goes downstream, over all sessions.
#[derive(Debug, Default)]
pub(super) struct AudioStream {
    stamper: AudioStamper,
    /// Of the last block, and what the labels of its buffers have in common.
    encoding: Option<(Encoding, gst::Caps)>,
    /// The running time up to which downstream has got buffers or gaps, if any.
    position: Option<gst::ClockTime>,
    /// Whether the next buffer is the first one of a session, or on another time base.
    resync: bool,
    /// Whether downstream has lost blocks before the next one.
    flushed: bool,
}

impl AudioStream {
    /// Another session begins.
    pub(super) fn restart(&mut self) {
        self.stamper.restart();
        self.encoding = None;
        self.resync = true;
    }

    /// A flush has dropped buffers downstream, and the state of decoders.
    pub(super) fn flushed(&mut self) {
        self.flushed = true;
    }

    /// Running times restart: earlier ones do not count.
    pub(super) fn rebase(&mut self) {
        self.stamper.reset();
        self.position = None;
        self.resync = true;
    }

    pub(super) fn latency(&self) -> gst::ClockTime {
        self.stamper.latency()
    }

    /// As [`Stream::gap`](super::output::Stream::gap).
    pub(super) fn gap(&mut self, now: gst::ClockTime) -> Option<gst::ClockTime> {
        let from = self.position.filter(|from| *from < now)?;
        self.stamper.pass(now);
        self.position = Some(now);
        Some(from)
    }

    /// The block as a buffer; none if it does not go downstream. Without a clock, the buffer has no times.
    pub(super) fn output(&mut self, block: Block, clock: &ClockRecovery, now: Option<Now>) -> Option<Output> {
        let Block { frame, lost, ready } = block;
        let encoding = Encoding::of(&frame, self.encoding.as_ref().map(|(encoding, _)| *encoding))?;
        let before = self.encoding.take().filter(|(before, _)| *before == encoding);
        let reference = match before {
            Some((_, reference)) => reference,
            None if !encoding.can_begin_with(&frame.data) => return None,
            None => container::reference(Media::Audio, &encoding.caps()),
        };
        self.encoding = Some((encoding, reference.clone()));

        let duration = encoding.duration(&frame.data);
        let stamp = match now {
            None => None,
            Some(now) => {
                let (arrival, camera) = (now.at(frame.received), frame.camera_time());
                Some(self.stamper.stamp(clock, arrival, now.at(ready), camera, duration, lost))
            }
        };
        if let Some(stamp) = stamp {
            self.position = self.position.max(Some(stamp.pts + duration.unwrap_or_default()));
        }
        let resync = std::mem::take(&mut self.resync);
        let discont = std::mem::take(&mut self.flushed) || lost > 0 || stamp.is_some_and(|stamp| stamp.discont);
        let times = stamp.map(|stamp| Times { pts: Some(stamp.pts), dts: None, duration, camera: stamp.camera });
        let number = u64::from(frame.number);
        let mut buffer = buffer_of(frame.data, number..number + 1, times, &reference);
        let flags = [(discont || resync, gst::BufferFlags::DISCONT), (resync, gst::BufferFlags::RESYNC)];
        let flags = flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect();
        buffer.make_mut().set_flags(flags);
        Some(Output { buffer, caps: None, latency: None })
    }
}
