//! How a command fails: the sentence that a person reads, and the exit code that a script sees.

use std::fmt;

use tutk::Error;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No session, or no longer one.
    Session(Error),
    /// The command line cannot be meant.
    Usage(String),
    /// Anything else.
    Other(String),
}

impl Failure {
    /// As `--help` has them.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Session(error) => match error {
                Error::NotFound { .. } | Error::NoAnswer { .. } => 3,
                Error::Refused { .. } | Error::LoginResult { .. } | Error::Full { .. } => 4,
                Error::ClosedByCamera | Error::TimedOut { .. } | Error::NoFrames { .. } => 5,
                Error::InvalidArgument(_) => 2,
                _ => 1,
            },
            Self::Usage(_) => 2,
            Self::Other(_) => 1,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Session(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(error) => {
                write!(f, "{error}")?;
                advice(error).map_or(Ok(()), |advice| write!(f, "\n{advice}"))
            }
            Self::Usage(text) => write!(f, "{text}\nFor what can be said here, try --help."),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// What to try.
fn advice(error: &Error) -> Option<&'static str> {
    Some(match error {
        // The error itself says who did answer.
        Error::NotFound { answers, uid, .. } if !answers.explain(*uid).is_empty() => return None,
        Error::NotFound { .. } => {
            "Is the camera switched on, and is the UID right? A camera in another subnet needs --address. A camera answers \
             from a UDP port of its own: from inside a container, use the host's network, or set --local-port and publish \
             that port; a firewall on this computer must let UDP from the camera in, or have --local-port opened."
        }
        Error::Generation { .. } => "--library names the vendor's library, in a version that knows this generation.",
        Error::Io { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => {
            "Give --local-port a range with a port for each session, or end the program that has them."
        }
        Error::Refused { .. } => {
            "It is the camera's own password, as set in its app; the account is nearly always admin."
        }
        Error::LoginResult { .. } => "Try again, or restart the camera.",
        Error::NoAnswer { .. } | Error::Full { .. } => {
            "Other viewers may have all its places: close one (the camera's app on a phone counts, too), or restart \
             the camera."
        }
        Error::ClosedByCamera => "It may have been switched off, restarted or updated.",
        Error::TimedOut { .. } => "Is it still switched on, and does its network reach it?",
        Error::NoFrames { .. } => {
            "Does its app show a picture? Its privacy mode may be on; otherwise switch it off and on. A camera that takes a \
             picture seldom needs a longer --frame-timeout."
        }
        _ => return None,
    })
}
