use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::native::LocalPorts;
use crate::wire::SEARCH_PORT;

/// The operating system refused something.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {source}")]
#[non_exhaustive]
pub struct IoError {
    /// What was tried.
    pub operation: Operation,
    /// The system's answer.
    pub source: io::Error,
}

/// What was tried when the operating system refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Open a UDP socket on any port.
    OpenSocket,
    /// Open this UDP port for a session.
    OpenPort(u16),
    /// Open one of these UDP ports for a session: none is free.
    OpenPorts(LocalPorts),
    /// Open this UDP port for the viewers of a camera.
    OpenViewerPort(u16),
    /// Share the UDP port on which cameras are searched.
    OpenSearchPort,
    /// Read which UDP port a camera got.
    ReadViewerPort,
    /// Resolve the name of this host.
    Resolve(String),
    /// Find the network interface of this name, which an [`Address`](crate::Address) has.
    FindInterface(String),
    /// List the network interfaces.
    ListInterfaces,
    /// Search the local networks: there is none.
    SearchNetworks,
    /// Send to this address.
    Send(SocketAddr),
    /// Receive a datagram.
    Receive,
    /// Wait for datagrams.
    Wait,
    /// Get random bytes.
    Random,
    /// Make a file descriptor that wakes a thread.
    MakeWaker,
    /// Start a thread.
    StartThread,
}

impl IoError {
    /// The system's answer to this operation.
    pub fn new(operation: Operation, source: impl Into<io::Error>) -> Self {
        Self { operation, source: source.into() }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenSocket => f.write_str("cannot open a UDP socket"),
            Self::OpenPort(port) => write!(f, "cannot open UDP port {port}"),
            Self::OpenPorts(ports) => {
                write!(f, "no local UDP port of {ports} is free; each session needs its own")
            }
            Self::OpenViewerPort(port) => write!(f, "cannot open UDP port {port} for viewers"),
            Self::OpenSearchPort => write!(f, "cannot share UDP port {SEARCH_PORT}, on which cameras are searched"),
            Self::ReadViewerPort => f.write_str("cannot read the port for viewers"),
            Self::Resolve(host) => write!(f, "cannot resolve “{host}”"),
            Self::FindInterface(name) => write!(f, "cannot find the network interface “{name}”"),
            Self::ListInterfaces => f.write_str("cannot list the network interfaces"),
            Self::SearchNetworks => f.write_str(
                "nothing was searched: this computer has no IPv4 address, and these cameras speak IPv4 only",
            ),
            Self::Send(to) => write!(f, "cannot send to {to}"),
            Self::Receive => f.write_str("cannot receive"),
            Self::Wait => f.write_str("cannot wait for datagrams"),
            Self::Random => f.write_str("cannot get random bytes from the system"),
            Self::MakeWaker => f.write_str("cannot make a wake-up descriptor"),
            Self::StartThread => f.write_str("cannot start a thread"),
        }
    }
}
