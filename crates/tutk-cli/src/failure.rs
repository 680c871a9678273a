//! How a command fails: the sentence that a person reads, and the exit code that a script sees.

use std::fmt;

use tutk::{Brand, BrandError, CommandError, ConnectError, DiscoverError, Error, IoError, SessionError};

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
                Error::Connect(error) => match error {
                    ConnectError::NotFound { .. }
                    | ConnectError::NoAnswer { .. }
                    | ConnectError::Brand { error: BrandError::NoAnswer, .. } => 3,
                    ConnectError::Refused { .. }
                    | ConnectError::ProbablyRefused { .. }
                    | ConnectError::UnknownAccount { .. }
                    | ConnectError::NotEncrypted { .. }
                    | ConnectError::EncryptionWanted { .. }
                    | ConnectError::Encryption { .. }
                    | ConnectError::WrongAuthKey { .. }
                    | ConnectError::AuthKeyNotWanted { .. }
                    | ConnectError::SearchResult { .. }
                    | ConnectError::LoginResult { .. }
                    | ConnectError::Brand { .. }
                    | ConnectError::Full { .. } => 4,
                    ConnectError::Session(error) => of_session(error),
                    ConnectError::Option(_) => 2,
                    _ => 1,
                },
                Error::Session(error) | Error::Command(CommandError::Session(error)) => of_session(error),
                Error::Command(CommandError::Send(_)) | Error::Discover(DiscoverError::Option(_)) => 2,
                _ => 1,
            },
            Self::Usage(_) => 2,
            Self::Other(_) => 1,
        }
    }
}

/// The exit code of a session that is over.
fn of_session(error: &SessionError) -> u8 {
    match error {
        SessionError::ClosedByCamera | SessionError::TimedOut { .. } | SessionError::NoFrames { .. } => 5,
        _ => 1,
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Session(error.into())
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
    match error {
        Error::Connect(error) => advice_to_connect(error),
        Error::Session(error) | Error::Command(CommandError::Session(error)) => advice_on_end(error),
        Error::Discover(DiscoverError::Io(error)) | Error::Io(error) => advice_on_ports(error),
        _ => None,
    }
}

fn advice_to_connect(error: &ConnectError) -> Option<&'static str> {
    Some(match error {
        ConnectError::NotFound { brand: Brand::Wyze, .. } => {
            "Is the camera switched on, and are its UID, its ENR and its MAC address right? With the newest firmware it answers only \
             then. A camera in another subnet needs --address."
        }
        // The error itself says who did answer.
        ConnectError::NotFound { answers, uid, .. } if !answers.explain(*uid).is_empty() => return None,
        ConnectError::NotFound { .. } => {
            "Is the camera switched on, and is the UID right? A camera in another subnet needs --address. A camera answers \
             from a UDP port of its own: from inside a container, use the host's network, or set --local-port and publish \
             that port; a firewall on this computer must let UDP from the camera in, or have --local-port opened."
        }
        ConnectError::Generation { .. } => {
            "--library names the vendor's library, in a version that knows this generation."
        }
        ConnectError::Io(error) => return advice_on_ports(error),
        ConnectError::NotEncrypted { .. } => {
            "No password was sent. Where you trust the network, use --encryption=auto."
        }
        ConnectError::EncryptionWanted { .. } => "Use --encryption=auto or --encryption=required.",
        ConnectError::Encryption { .. } => "Try again; where you trust the network, try --encryption=off.",
        ConnectError::UnknownAccount { .. } => "The account is nearly always admin; --username names it.",
        ConnectError::Refused { .. } | ConnectError::ProbablyRefused { .. } => {
            "It is the camera's own password, as set in its app; the account is nearly always admin."
        }
        ConnectError::WrongAuthKey { given: false, .. } => {
            "--auth-key-file or the environment variable TUTK_AUTH_KEY gives the key, 8 characters; it comes from the camera's \
             maker or app."
        }
        ConnectError::WrongAuthKey { given: true, .. } => {
            "Check the key in --auth-key-file or in the environment variable TUTK_AUTH_KEY, upper and lower case too; with \
             --brand=wyze, where it is made of both, the ENR and the MAC address."
        }
        ConnectError::AuthKeyNotWanted { .. } => "Leave out --auth-key-file, and unset TUTK_AUTH_KEY.",
        ConnectError::LoginResult { .. } | ConnectError::SearchResult { .. } => "Try again, or restart the camera.",
        ConnectError::NoAnswer { .. } | ConnectError::Full { .. } => {
            "Other viewers may have all its places: close one (the camera's app on a phone counts, too), or restart \
             the camera."
        }
        ConnectError::Brand { brand, error: BrandError::Refused, .. } => return brand.where_secrets_are(),
        ConnectError::Brand { .. } => "Try again in a few minutes; --wait does.",
        ConnectError::Session(error) => return advice_on_end(error),
        _ => return None,
    })
}

fn advice_on_end(error: &SessionError) -> Option<&'static str> {
    Some(match error {
        SessionError::ClosedByCamera => "It may have been switched off, restarted or updated.",
        SessionError::TimedOut { .. } => "Is it still switched on, and does its network reach it?",
        SessionError::NoFrames { .. } => {
            "Does its app show a picture? Its privacy mode may be on; otherwise switch it off and on. A camera that takes a \
             picture seldom needs a longer --frame-timeout."
        }
        _ => return None,
    })
}

fn advice_on_ports(error: &IoError) -> Option<&'static str> {
    (error.source.kind() == std::io::ErrorKind::AddrInUse)
        .then_some("Give --local-port a range with a port for each session, or end the program that has them.")
}
