//! Types and bodies of IO controls, the commands of this protocol: a `u32` type and a body. Where a camera answers one,
//! the type of the answer is the next number.
//!
//! ```no_run
//! use tutk_proto::io_control::{self, Ptz};
//!
//! # fn turn(link: &mut tutk_proto::Link) {
//! link.send_io_control(0, io_control::PTZ, io_control::ptz(Ptz::Left, 8).to_vec());
//! # }
//! ```
//!
//! Source: observation, and the numbers that the vendor's public headers of 2014 give them.

mod ptz;
mod quality;

pub use ptz::{Ptz, ptz};
pub use quality::{Quality, quality, set_quality};

use crate::SendError;

/// Start to send video. Body: u32 channel, 4 reserved bytes.
pub const START_VIDEO: u32 = 0x01FF;
/// Stop to send video. Body: u32 channel, 4 reserved bytes.
pub const STOP_VIDEO: u32 = 0x02FF;
/// Start to send audio. Body: u32 channel, 4 reserved bytes.
pub const START_AUDIO: u32 = 0x0300;
/// Stop to send audio. Body: u32 channel, 4 reserved bytes.
pub const STOP_AUDIO: u32 = 0x0301;
/// Start to listen to the viewer. Body: u32 AV channel in which the viewer has a server and the camera is to log in, 4 reserved
/// bytes. The channel is a convention of applications.
pub const START_SPEAKER: u32 = 0x0350;
/// Stop to listen to the viewer. Body: as [`START_SPEAKER`].
pub const STOP_SPEAKER: u32 = 0x0351;
/// Set the quality of the stream; body: [`set_quality`]. The answer, type 0x0321, begins with an i32 that is 0 if the
/// camera obeys.
pub const SET_QUALITY: u32 = 0x0320;
/// Ask for the quality of the stream. Body: u32 channel, 4 reserved bytes. Answered by type 0x0323; [`quality`] reads it.
pub const GET_QUALITY: u32 = 0x0322;
/// Ask for the device info; answered by type 0x0331.
pub const DEVICE_INFO: u32 = 0x0330;
/// Turn the camera or move its lens; body: [`ptz`]. Not answered.
pub const PTZ: u32 = 0x1001;
/// Set the camera's clock; body: [`set_time`].
pub const SET_TIME: u32 = 0xF028;

/// Most bytes in the body of an IO control: chunks in packet style carry no more than 64 KiB with the type. The vendor's own limit is not
/// known; 3,000 were seen.
pub const MAX_BODY: usize = (64 << 10) - 4;
/// The same in a session with the classic style, as every session with a camera of 0x09 to 0x14: the vendor's limit of 1,024 less
/// the type.
pub const MAX_CLASSIC_BODY: usize = 1020;

/// The body of [`SET_TIME`]: seconds since 1970, counted in local time.
pub fn set_time(local_seconds: u32) -> [u8; 8] {
    let mut body = [0; 8];
    body[..4].copy_from_slice(&local_seconds.to_le_bytes());
    body
}

/// The body of commands that name a channel or a lens: [`START_VIDEO`] to [`STOP_AUDIO`], [`START_SPEAKER`], [`STOP_SPEAKER`].
pub fn channel(number: u8) -> [u8; 8] {
    [number, 0, 0, 0, 0, 0, 0, 0]
}

/// Fails with [`SendError::BodyTooLarge`] if the body has more bytes than fit.
pub fn check(body: &[u8], max: usize) -> Result<(), SendError> {
    if body.len() > max {
        return Err(SendError::BodyTooLarge { len: body.len(), max });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_little_endian() {
        assert_eq!(set_time(0x0403_0201), [1, 2, 3, 4, 0, 0, 0, 0]);
    }
}
