use std::fmt;
use std::net::SocketAddr;

use crate::channel::AvEvent;

/// One viewer of a camera; never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewerId(pub u64);

impl fmt::Display for ViewerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a viewer is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// It closed its session.
    ByViewer,
    /// The camera closed it.
    ByCamera,
    /// Nothing was heard from it for the idle timeout.
    Silent,
}

/// What happens to a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CameraEvent {
    /// A viewer logged in; with [`Access::Application`](crate::Access::Application), its session is established.
    ViewerAdded {
        /// Its id from now on.
        viewer: ViewerId,
        /// Its address.
        address: SocketAddr,
    },
    /// A viewer that was added is gone.
    ViewerRemoved {
        /// Its id.
        viewer: ViewerId,
        /// Why.
        reason: DisconnectReason,
    },
    /// A viewer sent a command or an answer.
    IoControl {
        /// From whom.
        viewer: ViewerId,
        /// Its type.
        kind: u32,
        /// Its body.
        body: Vec<u8>,
    },
    /// A viewer never confirmed an IO control; whether it has it is not known.
    IoControlUnconfirmed {
        /// To whom.
        viewer: ViewerId,
        /// Its type.
        kind: u32,
    },
    /// Something happened in a channel, and [`Access::Application`](crate::Access::Application) decides what to do.
    Av {
        /// With whom.
        viewer: ViewerId,
        /// In which channel.
        channel: u8,
        /// What.
        event: AvEvent,
    },
    /// What happens in the channel in which a viewer speaks to the camera's speaker: [`AvEvent::LoggedIn`], from where on it is
    /// heard, [`AvEvent::Audio`] and [`AvEvent::Lost`].
    Talk {
        /// Who speaks.
        viewer: ViewerId,
        /// What.
        event: AvEvent,
    },
    /// A viewer missed frames because it did not confirm earlier ones, and can go on with a key frame now.
    KeyFrameWanted {
        /// Which one.
        viewer: ViewerId,
    },
    /// Somebody tried to log in with a wrong account or password.
    LoginRefused {
        /// From where.
        address: SocketAddr,
    },
}
