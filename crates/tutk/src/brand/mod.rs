//! What a maker's application adds on top of IO controls: a login of its own, commands, and more in frame infos.
//!
//! A brand is a pair of state machines without sockets, one for each end: [`ViewerApp`] and [`CameraApp`]. What they do not
//! change goes on as it does with [`Brand::Generic`]. The next brand is a module that implements both, and a line in each `match`
//! below.

pub mod wyze;

use std::fmt;
use std::str::FromStr;

use crate::encryption;
use crate::error::{BrandError, ParseBrandError};
use crate::io_control::{self, Quality};
use crate::proto::{AudioFormat, AuthKey, Media, VideoFrame, ViewerId};
use crate::{Mac, OptionError, Secret, SessionOptions};

/// The application of a camera's maker, which decides how a viewer is let in after the login and what its commands look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Brand {
    /// None: the vendor's own IO controls.
    #[default]
    Generic,
    /// Wyze: the password is the camera's ENR, and the authentication key is made of that and of the MAC.
    Wyze,
}

impl Brand {
    const ALL: [Self; 2] = [Self::Generic, Self::Wyze];

    /// Its name for programs: `generic` or `wyze`.
    pub fn nick(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Wyze => "wyze",
        }
    }

    /// A sentence for owners whose camera refuses its secrets; none for [`Brand::Generic`].
    pub fn where_secrets_are(self) -> Option<&'static str> {
        match self {
            Self::Generic => None,
            Self::Wyze => Some(wyze::WHERE_SECRETS_ARE),
        }
    }

    /// The authentication key that a camera with this password and this MAC address has, if the brand makes it.
    ///
    /// Fails if one of them is missing, or if this program cannot encrypt.
    pub fn auth_key(self, password: &Secret, mac: Option<Mac>) -> Result<Option<AuthKey>, OptionError> {
        match self {
            Self::Generic => Ok(None),
            Self::Wyze => {
                let provider = encryption::provider()
                    .map_err(|error| OptionError::EncryptionUnavailable { reason: error.to_string() })?;
                wyze::auth_key(&*provider, password, mac).map(Some)
            }
        }
    }

    /// Whether its cameras may have the framing 0xCC51 of SDK 4.3.
    pub(crate) fn may_have_hmac_framing(self) -> bool {
        self == Self::Wyze
    }

    /// The viewer's end of a session. `random` is used once.
    pub(crate) fn viewer(self, options: &SessionOptions, random: u64) -> Box<dyn ViewerApp> {
        match self {
            Self::Generic => Box::new(Generic { channel: options.channel }),
            Self::Wyze => Box::new(wyze::Viewer::new(options.password.clone(), options.video, options.audio, random)),
        }
    }

    /// The camera's end of all its sessions. `random` is used once.
    pub(crate) fn camera(self, password: &Secret, mac: Option<Mac>, random: u64) -> Box<dyn CameraApp> {
        match (self, mac) {
            (Self::Wyze, Some(mac)) => Box::new(wyze::Camera::new(password.clone(), mac, random)),
            _ => Box::new(Generic::default()),
        }
    }
}

impl fmt::Display for Brand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.nick())
    }
}

impl FromStr for Brand {
    type Err = ParseBrandError;

    fn from_str(text: &str) -> Result<Self, ParseBrandError> {
        let found = Self::ALL.into_iter().find(|brand| brand.nick() == text);
        found.ok_or_else(|| ParseBrandError { text: text.escape_debug().to_string() })
    }
}

/// An IO control: its type and its body.
pub(crate) type Control = (u32, Vec<u8>);

/// How far a viewer is with the application's login.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// This is to be sent, and an answer will come.
    Send(Control),
    /// An answer has yet to come.
    Pending,
    /// The viewer is let in.
    Done,
    /// It is not.
    Failed(BrandError),
}

/// The viewer's end of a brand, for one session. What is not overridden is as the vendor has it.
pub(crate) trait ViewerApp: fmt::Debug + Send {
    /// The login of the protocol is done.
    fn begin(&mut self) -> Progress {
        Progress::Done
    }

    /// The camera has sent this IO control before the application's login was done.
    fn handle(&mut self, kind: u32, body: &[u8]) -> Progress {
        let _ = (kind, body);
        Progress::Pending
    }

    /// What asks the camera to send, or to send no more; none if it does so already.
    fn ask(&mut self, media: Media, on: bool) -> Option<Control>;

    /// What asks the camera to listen to the viewer's speech in this AV channel, or to listen no more.
    fn talk(&self, channel: u8, on: bool) -> Control {
        let kind = if on { io_control::START_SPEAKER } else { io_control::STOP_SPEAKER };
        (kind, io_control::channel(channel).into())
    }

    /// What asks the camera for another quality.
    fn set_quality(&self, quality: Quality) -> Control;
}

/// What comes of a viewer's IO control.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Handled {
    /// To be sent to that viewer.
    pub(crate) answer: Option<Control>,
    /// To be reported in its place: the vendor's IO controls of the same meaning, or itself.
    pub(crate) reported: Vec<Control>,
}

/// The camera's end of a brand, for all its viewers. What is not overridden is as the vendor has it.
pub(crate) trait CameraApp: fmt::Debug + Send {
    /// A viewer has sent this IO control.
    fn handle(&mut self, viewer: ViewerId, kind: u32, body: Vec<u8>) -> Handled {
        let _ = viewer;
        Handled { answer: None, reported: vec![(kind, body)] }
    }

    /// A viewer is gone.
    fn removed(&mut self, viewer: ViewerId) {
        let _ = viewer;
    }

    /// The frame info of a frame of video, if it is another one than the vendor's.
    fn video_info(&mut self, frame: &VideoFrame<'_>) -> Option<Vec<u8>> {
        let _ = frame;
        None
    }

    /// The frame info of a block of audio of this length that was taken at this time of the camera's clock, in milliseconds;
    /// none if it is the vendor's.
    fn audio_info(&mut self, format: AudioFormat, timestamp: u32, len: usize) -> Option<Vec<u8>> {
        let _ = (format, timestamp, len);
        None
    }
}

/// Both ends of [`Brand::Generic`].
#[derive(Debug, Default)]
struct Generic {
    /// Which a viewer's commands name.
    channel: u8,
}

impl ViewerApp for Generic {
    fn ask(&mut self, media: Media, on: bool) -> Option<Control> {
        let kind = match (media, on) {
            (Media::Video, true) => io_control::START_VIDEO,
            (Media::Video, false) => io_control::STOP_VIDEO,
            (Media::Audio, true) => io_control::START_AUDIO,
            (Media::Audio, false) => io_control::STOP_AUDIO,
        };
        Some((kind, io_control::channel(self.channel).into()))
    }

    fn set_quality(&self, quality: Quality) -> Control {
        let mut body = io_control::set_quality(quality);
        let [channel, ..] = &mut body;
        *channel = self.channel;
        (io_control::SET_QUALITY, body.into())
    }
}

impl CameraApp for Generic {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for brand in Brand::ALL {
            assert_eq!(brand.nick().parse(), Ok(brand));
            assert_eq!(brand.to_string(), brand.nick());
        }
        assert!("Wyze\n".parse::<Brand>().unwrap_err().to_string().contains("Wyze\\n"));
    }

    #[test]
    fn a_generic_camera_is_asked_by_the_vendors_io_controls() {
        let mut app = Generic::default();
        assert_eq!(app.begin(), Progress::Done);
        assert_eq!(app.ask(Media::Video, true), Some((0x01FF, vec![0; 8])));
        assert_eq!(app.ask(Media::Audio, false), Some((0x0301, vec![0; 8])));
        assert_eq!(app.talk(3, true), (0x0350, vec![3, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(app.talk(3, false), (0x0351, vec![3, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(app.set_quality(Quality::Min), (0x0320, vec![0, 0, 0, 0, 5, 0, 0, 0]));
        let mut further = Generic { channel: 3 };
        assert_eq!(further.ask(Media::Video, true), Some((0x01FF, vec![3, 0, 0, 0, 0, 0, 0, 0])));
        assert_eq!(further.set_quality(Quality::Min), (0x0320, vec![3, 0, 0, 0, 5, 0, 0, 0]));
        let handled = CameraApp::handle(&mut app, ViewerId(1), 7, vec![8]);
        assert_eq!(handled, Handled { answer: None, reported: vec![(7, vec![8])] });
    }
}
