//! Timestamps: which running time a frame gets.
//!
//! A frame has two times. Its arrival is right, and has all of the network's jitter. The camera's clock says when the frame
//! was taken, and may have any offset and skew, be set at any moment, stand still, or count in other units than it should.
//!
//! # Clock recovery
//!
//! [`ClockRecovery`], one for each session, maps the camera's clock to the running time by a line. Networks only ever delay
//! frames, key frames more than others and retransmitted ones by up to a second, so that the line is the *lower envelope* of
//! the arrivals. It follows Paxson ("On Calibrating Measurements of Packet Transit Times", SIGMETRICS 1998):
//!
//! * a minimum-delay filter: of every 2 s, the frame with the least delay counts (as the clock filter of NTP does, RFC 5905
//!   section 10);
//! * the skew is the Theil-Sen slope of the minima of the last minute: a median, which a few delayed ones do not turn;
//! * the offset steps down at once where a frame arrives before its time, and is slewed up, too slowly to be seen, where the
//!   minima of a minute are all above the line, or those of 16 s are far above it.
//!
//! A clock that goes back, or away from the line by more than a network delays, has jumped: another line begins.
//!
//! In the mode `auto`, the camera's clock is on probation for 16 s, and after each failure for twice as long. The change to it
//! is made at a frame on the line, where both times agree. Until then arrivals count, as they do in the mode `camera` for a
//! clock that jumps again and again.
//!
//! `rtpjitterbuffer` and `ndisrc` keep the least delay of some seconds, without a slope, and restart at each jump
//! or stall of a second.
//!
//! # Stamps
//!
//! [`Stamper`], one for each stream, makes PTS of these times, which rise strictly, and measures the latency. Where pictures
//! are shown in another order than they come (B-frames), the times are DTS, in the order of arrival, and PTS are the same
//! times in the order of the stream.
//!
//! [`AudioStamper`] does so for audio, whose blocks follow each other without a gap. The session's clock recovery observes
//! the video alone.
//!
//! There is no clock in here, nothing waits, and nothing is allocated without B-frames.

mod audio;
mod camera_clock;
mod envelope;
mod latency;
mod recovery;
mod reorder;
#[cfg(test)]
mod reordered_tests;
mod sorted;
mod stamper;
#[cfg(test)]
mod tests;
mod theil_sen;

pub(super) use audio::AudioStamper;
pub(super) use recovery::ClockRecovery;
pub(super) use stamper::{Stamp, Stamper};
