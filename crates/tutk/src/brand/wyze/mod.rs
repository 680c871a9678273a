//! Wyze's application: its messages ("HL") are the bodies of one type of IO control, both ways, after the login of the protocol.
//!
//! Facts from the public programs go2rtc, wyzecam and docker-wyze-bridge, and seen with the vendor's library 4.2, whose sessions
//! Wyze's cameras have. No camera was at hand.

mod camera;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod hl;
mod keys;
mod viewer;

pub(crate) use camera::Camera;
pub use hl::Message;
pub(crate) use keys::auth_key;
pub(crate) use viewer::Viewer;

/// What to do where a camera refuses them.
pub(super) const WHERE_SECRETS_ARE: &str = "Look up the camera's ENR and MAC again, as docs/wyze.md says: the ENR has 16 or 32 characters, upper \
                                            and lower case.";

/// The type of the IO control that carries messages.
const IO_CONTROL: u32 = 0x0100;

/// What the camera wants the viewer to prove, in its answer to [`hl::LOGIN`]: which key decrypts the challenge.
mod status {
    /// A key that all cameras have.
    pub(super) const ANY: u8 = 1;
    pub(super) const UPDATING: u8 = 2;
    /// The first half of the ENR.
    pub(super) const HALF: u8 = 3;
    pub(super) const CHECKING_KEY: u8 = 4;
    pub(super) const OFF: u8 = 5;
    /// Both halves of the ENR.
    pub(super) const BOTH: u8 = 6;
}
