//! Types of IO control, the commands of this protocol: a `u32` type and a body.
//!
//! Source: observation, and the numbers that the vendor's public headers of 2014 give them.

use crate::Error;

/// Start to send video. Body: u32 channel, 4 reserved bytes.
pub const START_VIDEO: u32 = 0x01FF;
/// Stop to send video. Body: u32 channel, 4 reserved bytes.
pub const STOP_VIDEO: u32 = 0x02FF;
/// Start to send audio. Body: u32 channel, 4 reserved bytes.
pub const START_AUDIO: u32 = 0x0300;
/// Stop to send audio. Body: u32 channel, 4 reserved bytes.
pub const STOP_AUDIO: u32 = 0x0301;
/// Ask for the device info; answered by type 0x0331.
pub const DEVICE_INFO: u32 = 0x0330;
/// Set the camera's clock. Body: u32 seconds since 1970 counted in local time, u32 0.
pub const SET_TIME: u32 = 0xF028;

/// Most bytes in the body of an IO control that a session sends: the vendor's limit of 1,024 less the type.
pub const MAX_BODY: usize = 1020;

pub(crate) fn check(body: &[u8]) -> Result<(), Error> {
    if body.len() > MAX_BODY {
        let len = body.len();
        return Err(Error::InvalidArgument(format!("the body of the IO control has {len} bytes, and {MAX_BODY} fit")));
    }
    Ok(())
}
