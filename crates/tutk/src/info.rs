use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use tutk_proto::security::CipherSuite;

/// How a session reaches its camera, and what drives it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The way to the camera.
    pub mode: Mode,
    /// The other side: the camera, or the relay server.
    pub remote: SocketAddr,
    /// Whether nobody on the way can read or change what is sent: by DTLS, which cameras of SDK 4.x know, and the vendor's libraries
    /// of 4.x.
    pub encrypted: bool,
    /// How it is encrypted.
    pub cipher_suite: Option<CipherSuite>,
    /// With [`Encryption::Auto`](crate::Encryption::Auto): the camera answered that it cannot encrypt. Somebody else may have said so in
    /// its name.
    pub encryption_declined: bool,
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
