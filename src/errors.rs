//! Error texts for the owner of a camera.

use std::env;
use std::io;

use gst::{ErrorMessage, ResourceError, error_msg};
use tutk::proto::Generation;
use tutk::{
    Answers, Brand, BrandError, CameraError, CommandError, ConnectError, DiscoverError, Error, IoError, LibraryError,
    SessionError, SessionOptions, Uid,
};

/// Why `tutksrc` does not play this camera, and what to try.
pub(crate) fn of_viewer(error: &Error, options: &SessionOptions) -> ErrorMessage {
    let (kind, text) = explain(error, options);
    error_msg!(kind, ("{text}"), ["{error}"])
}

/// The kind of failure, and its text: what failed, which camera, what to try.
pub(crate) fn explain(error: &Error, options: &SessionOptions) -> (ResourceError, String) {
    match error {
        Error::Connect(error) => explain_connect(error, options),
        Error::Session(error) | Error::Command(CommandError::Session(error)) => explain_session(error, options.uid),
        Error::Io(error) => explain_io(error, options.uid),
        _ => explain_protocol(options.uid),
    }
}

/// What a camera's application says of a secret that it makes others of; none if that is not what happened.
fn explain_secrets(error: &ConnectError, options: &SessionOptions) -> Option<(ResourceError, String)> {
    let advice = options.brand.where_secrets_are()?;
    let what = match error {
        ConnectError::WrongAuthKey { .. } => "refused the key, which is made of its ENR and its MAC address",
        ConnectError::Refused { .. } | ConnectError::Brand { error: BrandError::Refused, .. } => {
            "refused the password, which is its ENR"
        }
        ConnectError::ProbablyRefused { .. } => "stopped answering when the ENR was used: it is probably the wrong one",
        _ => return None,
    };
    Some((ResourceError::NotAuthorized, format!("Camera {} {what}. {advice}", options.uid)))
}

fn explain_brand(error: BrandError, uid: Uid) -> (ResourceError, String) {
    let advice = match error {
        BrandError::Updating | BrandError::CheckingKey => "That takes a few minutes.",
        BrandError::Off => "Switch it on there.",
        BrandError::NoAnswer => "Is it a camera of this brand? If it is, restart it, and close other viewers.",
        _ => "Try again, or restart the camera.",
    };
    (ResourceError::OpenRead, format!("Camera {uid} {error}. {advice}"))
}

fn explain_connect(error: &ConnectError, options: &SessionOptions) -> (ResourceError, String) {
    let uid = options.uid;
    if let Some(explained) = explain_secrets(error, options) {
        return explained;
    }
    match error {
        ConnectError::Brand { error, .. } => explain_brand(*error, uid),
        ConnectError::NotFound { asked, .. } if options.is_through_library() => {
            (ResourceError::NotFound, format!("Camera {uid} was not found. Asked: {asked}."))
        }
        ConnectError::NotFound { answers, .. } => (ResourceError::NotFound, not_found(answers, options)),
        ConnectError::Refused { account, .. } => {
            let given = match (options.password.reveal(), &options.address, env::var_os("TUTK_PASSWORD")) {
                ("", Some(_), Some(_)) => " (none was given: TUTK_PASSWORD is not used where a URI sets the address)",
                ("", ..) => " (none was given)",
                _ => "",
            };
            (
                ResourceError::NotAuthorized,
                format!(
                    "Camera {uid} refused the password{given} of the account “{account}”. Check the properties \
                     “username” and “password”."
                ),
            )
        }
        ConnectError::WrongAuthKey { address, given: true, .. } => (
            ResourceError::NotAuthorized,
            format!(
                "Camera {uid} at {address} refused the authentication key. Check the property “auth-key” and the environment \
                 variable TUTK_AUTH_KEY: a key has upper and lower case."
            ),
        ),
        ConnectError::WrongAuthKey { address, .. } => {
            let unused = match (&options.address, env::var_os("TUTK_AUTH_KEY")) {
                (Some(_), Some(_)) => " (TUTK_AUTH_KEY is not used where a URI sets the address)",
                _ => "",
            };
            (
                ResourceError::NotAuthorized,
                format!(
                    "Camera {uid} at {address} plays only for viewers with its authentication key, and none was given{unused}. Set \
                     the property “auth-key” to its 8 characters, which come from the camera's maker or app."
                ),
            )
        }
        ConnectError::AuthKeyNotWanted { address, .. } => (
            ResourceError::NotAuthorized,
            format!(
                "Camera {uid} at {address} has no authentication key, and refuses viewers that give one. Unset the property \
                 “auth-key” and the environment variable TUTK_AUTH_KEY."
            ),
        ),
        ConnectError::SearchResult { address, result, .. } => (
            ResourceError::OpenRead,
            format!(
                "Camera {uid} at {address} refused a session with result {result}, whose meaning is unknown. Try again, or \
                 restart the camera."
            ),
        ),
        ConnectError::LoginResult { result, .. } => (
            ResourceError::OpenRead,
            format!(
                "Camera {uid} refused the login with result {result}, whose meaning is unknown (a wrong password is 3). Try again, or \
                 restart the camera."
            ),
        ),
        ConnectError::NoAnswer { address, step, .. } => (
            ResourceError::OpenRead,
            format!(
                "Camera {uid} was found at {address}, but did not answer when asked to {step}. It may be serving as \
                 many viewers as it can: close other viewers, or restart the camera."
            ),
        ),
        ConnectError::Full { address, .. } => (
            ResourceError::Busy,
            format!(
                "Camera {uid} at {address} has as many viewers as it serves. Close another one; the camera's app on a \
                 phone counts, too."
            ),
        ),
        ConnectError::NotEncrypted { .. } => (
            ResourceError::NotAuthorized,
            format!(
                "A session with camera {uid} would not be encrypted, and the property “encryption” asks for that, or an earlier \
                 session was. No password was sent. Old cameras cannot encrypt: set encryption=auto where you trust the network."
            ),
        ),
        ConnectError::EncryptionWanted { .. } => (
            ResourceError::NotAuthorized,
            format!("Camera {uid} has encrypted sessions only. Set the property “encryption” to “auto” or “required”."),
        ),
        ConnectError::ProbablyRefused { account, .. } => (
            ResourceError::NotAuthorized,
            format!(
                "Camera {uid} stopped answering when the password of “{account}” was used: it is probably the wrong one. It is the \
                 camera's own password, as set in its app."
            ),
        ),
        ConnectError::UnknownAccount { account, .. } => (
            ResourceError::NotAuthorized,
            format!(
                "Camera {uid} has no account “{account}”. The account is nearly always “admin”: check the property “username”."
            ),
        ),
        ConnectError::Encryption { alert, .. } => (
            ResourceError::OpenRead,
            format!(
                "The encryption of the session with camera {uid} failed{}. Try again; where you trust the network and the camera \
                 allows it, set encryption=off.",
                alert.map(|alert| format!(" (alert {alert} of TLS)")).unwrap_or_default()
            ),
        ),
        ConnectError::EncryptionUnavailable { reason, .. } => {
            (ResourceError::Settings, format!("A session with camera {uid} cannot be encrypted here: {reason}."))
        }
        ConnectError::Generation { address, generation, .. } => (
            ResourceError::OpenRead,
            format!(
                "Camera {uid} at {address} speaks generation 0x{generation:02x} of the protocol, and this element plays \
                 0x{oldest:02x} to 0x{newest:02x} by itself. The vendor's library may play it: set the property “library” to \
                 a version that knows this generation.",
                oldest = Generation::G09.0,
                newest = Generation::NEWEST.0,
            ),
        ),
        ConnectError::Session(error) => explain_session(error, uid),
        ConnectError::Option(error) => (ResourceError::Settings, format!("{error}.")),
        ConnectError::Io(error) => explain_io(error, uid),
        ConnectError::Library(error) => explain_library(error, uid),
        _ => explain_protocol(uid),
    }
}

fn explain_session(error: &SessionError, uid: Uid) -> (ResourceError, String) {
    match error {
        SessionError::ClosedByCamera => (
            ResourceError::Read,
            format!("Camera {uid} closed the session. It may have been switched off, restarted or updated."),
        ),
        SessionError::TimedOut { silence } => (
            ResourceError::Read,
            format!(
                "Camera {uid} has sent nothing for {} s. Is it still switched on, and does its network reach it?",
                silence.as_secs()
            ),
        ),
        SessionError::NoFrames { silence } => (
            ResourceError::Read,
            format!(
                "Camera {uid} has sent no video for {} s, although it answers. Does its app show a picture? Its privacy \
                 mode may be on; otherwise switch it off and on. For a camera that takes a picture seldom, raise the \
                 property “frame-timeout”.",
                silence.as_secs()
            ),
        ),
        SessionError::Io(error) => explain_io(error, uid),
        SessionError::Library(error) => explain_library(error, uid),
        _ => explain_protocol(uid),
    }
}

fn explain_io(error: &IoError, uid: Uid) -> (ResourceError, String) {
    let IoError { operation, source, .. } = error;
    if source.kind() == io::ErrorKind::AddrInUse {
        return (
            ResourceError::Busy,
            format!(
                "The session with camera {uid} got no port: {operation}. Set the property “local-port” to a range with a port \
                 for each session, or end the program that has them."
            ),
        );
    }
    let text = format!("The network failed on the way to camera {uid}: {operation}. Is this computer online?");
    (ResourceError::OpenRead, text)
}

fn explain_library(error: &LibraryError, uid: Uid) -> (ResourceError, String) {
    let text = format!("Camera {uid} cannot be played through the vendor's library:");
    match error {
        LibraryError::Failed { code, .. } => (ResourceError::OpenRead, format!("{text} {code}.")),
        error => (ResourceError::Settings, format!("{text} {error}. Check the property “library”.")),
    }
}

fn explain_protocol(uid: Uid) -> (ResourceError, String) {
    let text = format!("Camera {uid} sent what the protocol does not allow. Please report this with the details.");
    (ResourceError::Read, text)
}

/// The camera did not answer; others may have.
fn not_found(answers: &Answers, options: &SessionOptions) -> String {
    let (uid, met) = (options.uid, answers.explain(options.uid));
    let (place, address) = match &options.address {
        Some(address) => (format!(" at {address}"), "and are the UID and the property “address” right?"),
        None => (String::new(), "is it in the same network as this computer, and is the UID right?"),
    };
    let text = format!("Camera {uid} was not found{place}.");
    if answers.cameras.iter().any(|camera| camera.uid == uid) {
        return format!("{text} {met} If that is the camera, change or unset the property “address”.");
    }
    let text = if met.is_empty() { text } else { format!("{text} {met}") };
    let text = match options.brand {
        Brand::Wyze => format!("{text} One with the newest firmware answers only where ENR and MAC are right."),
        _ => text,
    };
    if answers.only_this_host {
        return text;
    }
    if !answers.cameras.is_empty() {
        return format!("{text} Otherwise: is it switched on, {address}");
    }
    let elsewhere = if options.address.is_some() {
        ""
    } else {
        " For a camera in another subnet, set the property “address” to its IP address."
    };
    format!(
        "{text} Is it switched on, {address}{elsewhere} A camera answers from a UDP port of its own: from inside a container, \
         use the host's network, or set the property “local-port” and publish that port; a firewall on this computer must let \
         UDP from the camera in, or have “local-port” opened."
    )
}

/// A name for this error that programs can compare.
pub(crate) fn nick(error: &Error) -> &'static str {
    match error {
        Error::Connect(error) => match error {
            ConnectError::NotFound { .. } => "not-found",
            ConnectError::Refused { .. }
            | ConnectError::ProbablyRefused { .. }
            | ConnectError::UnknownAccount { .. }
            | ConnectError::WrongAuthKey { .. }
            | ConnectError::AuthKeyNotWanted { .. } => "refused",
            ConnectError::NoAnswer { .. } => "no-answer",
            ConnectError::Full { .. } => "full",
            ConnectError::Io(_) => "network",
            ConnectError::Generation { .. } | ConnectError::SearchResult { .. } | ConnectError::LoginResult { .. } => {
                "protocol"
            }
            ConnectError::NotEncrypted { .. }
            | ConnectError::EncryptionWanted { .. }
            | ConnectError::Encryption { .. }
            | ConnectError::EncryptionUnavailable { .. } => "encryption",
            ConnectError::Brand { error: BrandError::Refused, .. } => "refused",
            ConnectError::Brand { error: BrandError::NoAnswer, .. } => "no-answer",
            ConnectError::Brand { .. } => "unavailable",
            ConnectError::Library(_) => "library",
            ConnectError::Session(error) => nick_of_session(error),
            _ => "other",
        },
        Error::Session(error) | Error::Command(CommandError::Session(error)) => nick_of_session(error),
        Error::Io(_) => "network",
        _ => "other",
    }
}

fn nick_of_session(error: &SessionError) -> &'static str {
    match error {
        SessionError::ClosedByCamera => "closed-by-camera",
        SessionError::TimedOut { .. } => "silent",
        SessionError::NoFrames { .. } => "no-frames",
        SessionError::Io(_) => "network",
        SessionError::Other(_) => "protocol",
        SessionError::Library(_) => "library",
        _ => "other",
    }
}

/// The property `uid` of `tutksrc` is not set; these cameras are there.
pub(crate) fn without_uid(answers: &Result<Answers, DiscoverError>) -> ErrorMessage {
    let cameras = match answers {
        Ok(answers) if !answers.list().is_empty() => answers.list(),
        _ => "No camera answered a search in the local network.".into(),
    };
    let text = format!("Which camera? The property “uid” is not set. {cameras}");
    match answers {
        Ok(answers) => error_msg!(ResourceError::Settings, ("{text}"), ["{} answers", answers.cameras.len()]),
        Err(error) => error_msg!(ResourceError::Settings, ("{text}"), ["the search failed: {error}"]),
    }
}

/// A property has a value that an element cannot work with. The text says which, and why.
#[derive(Debug)]
pub(crate) struct BadSetting(pub(crate) String);

impl<E: std::error::Error> From<E> for BadSetting {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Why an element does not start: a property has a value that it cannot work with.
pub(crate) fn of_setting(BadSetting(text): &BadSetting) -> ErrorMessage {
    error_msg!(ResourceError::Settings, ("{text}."), ["{text}"])
}

/// Why an element does not start: the system refused something.
pub(crate) fn of_start(error: &Error) -> ErrorMessage {
    error_msg!(ResourceError::Failed, ("{error}."), ["{error}"])
}

/// Why `tutksink` does not start, or fails.
pub(crate) fn of_camera(error: &CameraError, uid: Uid) -> ErrorMessage {
    match error {
        CameraError::Option(error) => error_msg!(ResourceError::Settings, ("{error}."), ["{error}"]),
        CameraError::Io(IoError { source, .. }) if source.kind() == io::ErrorKind::AddrInUse => error_msg!(
            ResourceError::Busy,
            ("Camera {uid} cannot use its UDP port, because another program uses it. Set the property “port” to \
                 another one, or to 0 for any; only cameras can share port 32761."),
            ["{error}"]
        ),
        _ => error_msg!(
            ResourceError::OpenReadWrite,
            ("The network failed for the virtual camera {uid}. Is this computer online?"),
            ["{error}"]
        ),
    }
}

#[cfg(test)]
mod tests {
    use tutk::vendor::{Code, LoadError};
    use tutk::{Asked, Brand, LibraryOperation, Operation, Step};

    use super::*;

    #[test]
    fn no_text_holds_the_password() {
        let mut options = SessionOptions::new("HBNASLSCFC1MN4Y9221A".parse().unwrap());
        options.password = "canary".into();
        options.auth_key = "canary42".parse().ok();
        let uid = options.uid;
        let address = "127.0.0.1:1".parse().unwrap();
        let timeout = Default::default();
        let answers = Default::default();
        let io = || IoError::new(Operation::Receive, io::ErrorKind::Other);
        let failed = LibraryError::Failed { operation: LibraryOperation::Start, code: Code(-10) };
        let connect = [
            ConnectError::NotFound {
                uid,
                brand: Brand::Generic,
                asked: Asked::LocalNetworks,
                send_error: None,
                timeout,
                answers,
            },
            ConnectError::Refused { uid, account: "admin".into() },
            ConnectError::NoAnswer { uid, address, step: Step::LogIn, timeout },
            ConnectError::Full { uid, address },
            ConnectError::NotEncrypted { uid },
            ConnectError::Generation { uid, address, generation: 4 },
            ConnectError::WrongAuthKey { uid, address, given: true },
            ConnectError::WrongAuthKey { uid, address, given: false },
            ConnectError::AuthKeyNotWanted { uid, address },
            ConnectError::SearchResult { uid, address, result: 7 },
            ConnectError::LoginResult { uid, result: 7 },
            ConnectError::Brand { uid, brand: Brand::Wyze, error: BrandError::Refused },
            ConnectError::Brand { uid, brand: Brand::Wyze, error: BrandError::Off },
            ConnectError::Io(io()),
            failed.into(),
            LibraryError::Load(LoadError { attempts: Vec::new() }).into(),
            LibraryError::InUse { wanted: "x".into(), used: "y".into() }.into(),
        ];
        let session = [
            SessionError::ClosedByCamera,
            SessionError::TimedOut { silence: Default::default() },
            SessionError::NoFrames { silence: Default::default() },
            SessionError::Other(tutk::proto::CloseReason::Full),
            SessionError::Io(io()),
        ];
        gst::init().unwrap();
        for error in connect.into_iter().map(Error::from).chain(session.into_iter().map(Error::from)) {
            for brand in [Brand::Generic, Brand::Wyze] {
                options.brand = brand;
                let text = format!("{:?}", of_viewer(&error, &options));
                assert!(text.contains(uid.as_str()) && !text.contains("canary"), "{text}");
            }
        }
    }
}
