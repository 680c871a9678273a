use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How a session reaches its camera, and what drives it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The way to the camera.
    pub mode: Mode,
    /// The other side: the camera, or the relay server.
    pub remote: SocketAddr,
    /// Whether nobody on the way can read or change what is sent. No native session is encrypted so far. One through a vendor's
    /// library 4.x is (DTLS), if the camera does that.
    pub encrypted: bool,
    /// The vendor's library, if the session goes through it.
    pub library: Option<LibraryInfo>,
}

/// The way to a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// In one network.
    Lan,
    /// Directly, through routers.
    P2p,
    /// Through one of the vendor's servers.
    Relay,
    /// The vendor's library does not say.
    Unknown,
}

/// The vendor's library in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LibraryInfo {
    /// Where it was loaded from, or the name that the system's loader found.
    pub path: PathBuf,
    /// The version of its session part.
    pub iotc: String,
    /// The version of its media part, if it reports one.
    pub av: Option<String>,
}

impl Mode {
    /// Its name for programs: `lan`, `p2p`, `relay` or `unknown`.
    pub fn nick(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::P2p => "p2p",
            Self::Relay => "relay",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Lan => "LAN",
            Self::P2p => "P2P",
            Self::Relay => "relay",
            Self::Unknown => "unknown",
        })
    }
}
