//! Error texts for the owner of a camera.

use std::env;
use std::io;

use gst::{ErrorMessage, ResourceError, error_msg};
use tutk::proto::Generation;
use tutk::{Answers, Error, SessionOptions};

/// Why `tutksrc` does not play this camera, and what to try.
pub(crate) fn of_viewer(error: &Error, options: &SessionOptions) -> ErrorMessage {
    let (kind, text) = explain(error, options);
    error_msg!(kind, ("{text}"), ["{error}"])
}

/// The kind of failure, and its text: what failed, which camera, what to try.
pub(crate) fn explain(error: &Error, options: &SessionOptions) -> (ResourceError, String) {
    let uid = options.uid;
    match error {
        Error::NotFound { target, .. } if options.is_through_library() => {
            (ResourceError::NotFound, format!("Camera {uid} was not found. Asked: {target}."))
        }
        Error::NotFound { answers, .. } => (ResourceError::NotFound, not_found(answers, options)),
        Error::Refused { account, .. } => {
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
        Error::LoginResult { result, .. } => (
            ResourceError::OpenRead,
            format!(
                "Camera {uid} refused the login with result {result}, whose meaning is unknown (a wrong password is 3). Try again, or \
                 restart the camera."
            ),
        ),
        Error::NoAnswer { address, step, .. } => (
            ResourceError::OpenRead,
            format!(
                "Camera {uid} was found at {address}, but did not answer when asked to {step}. It may be serving as \
                 many viewers as it can: close other viewers, or restart the camera."
            ),
        ),
        Error::Full { address, .. } => (
            ResourceError::Busy,
            format!(
                "Camera {uid} at {address} has as many viewers as it serves. Close another one; the camera's app on a \
                 phone counts, too."
            ),
        ),
        Error::NotEncrypted { .. } => (
            ResourceError::NotAuthorized,
            format!(
                "Sessions with cameras of this generation, as {uid} is, are not encrypted, and the property \
                 “require-encryption” asks for that. No password was sent. Unset it where you trust the network."
            ),
        ),
        Error::Generation { address, generation, .. } => (
            ResourceError::OpenRead,
            format!(
                "Camera {uid} at {address} speaks generation 0x{generation:02x} of the protocol, and this element plays \
                 generation 0x{own:02x} by itself. The vendor's library may play it: set the property “library” to a \
                 version that knows this generation.",
                own = Generation::G09.0,
            ),
        ),
        Error::Io { what, source } if source.kind() == io::ErrorKind::AddrInUse => (
            ResourceError::Busy,
            format!(
                "The session with camera {uid} got no port: {what}. Set the property “local-port” to a range with a port \
                 for each session, or end the program that has them."
            ),
        ),
        Error::Io { what, .. } => (
            ResourceError::OpenRead,
            format!("The network failed on the way to camera {uid}: {what}. Is this computer online?"),
        ),
        Error::ClosedByCamera => (
            ResourceError::Read,
            format!("Camera {uid} closed the session. It may have been switched off, restarted or updated."),
        ),
        Error::TimedOut { silence } => (
            ResourceError::Read,
            format!(
                "Camera {uid} has sent nothing for {} s. Is it still switched on, and does its network reach it?",
                silence.as_secs()
            ),
        ),
        Error::NoFrames { silence } => (
            ResourceError::Read,
            format!(
                "Camera {uid} has sent no video for {} s, although it answers. Does its app show a picture? Its privacy \
                 mode may be on; otherwise switch it off and on. For a camera that takes a picture seldom, raise the \
                 property “frame-timeout”.",
                silence.as_secs()
            ),
        ),
        Error::InvalidArgument(text) => (ResourceError::Settings, format!("{text}.")),
        Error::Library { code, .. } => {
            (ResourceError::OpenRead, format!("Camera {uid} cannot be played through the vendor's library: {code}."))
        }
        Error::LibraryLoad(_) | Error::LibraryInUse { .. } | Error::NoVendorBackend => (
            ResourceError::Settings,
            format!(
                "Camera {uid} cannot be played through the vendor's library: {error}. Check the property “library”."
            ),
        ),
        _ => (
            ResourceError::Read,
            format!("Camera {uid} sent what the protocol does not allow. Please report this with the details."),
        ),
    }
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
    if answers.only_this_host {
        return text;
    }
    if !answers.cameras.is_empty() || !answers.unnamed.is_empty() {
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
        Error::NotFound { .. } => "not-found",
        Error::Refused { .. } => "refused",
        Error::NoAnswer { .. } => "no-answer",
        Error::Full { .. } => "full",
        Error::ClosedByCamera => "closed-by-camera",
        Error::TimedOut { .. } => "silent",
        Error::NoFrames { .. } => "no-frames",
        Error::Io { .. } => "network",
        Error::Protocol(_) | Error::Generation { .. } | Error::LoginResult { .. } => "protocol",
        Error::Library { .. } | Error::LibraryLoad(_) | Error::LibraryInUse { .. } | Error::NoVendorBackend => {
            "library"
        }
        _ => "other",
    }
}

/// The property `uid` of `tutksrc` is not set; these cameras are there.
pub(crate) fn without_uid(answers: &Result<Answers, Error>) -> ErrorMessage {
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

/// Why an element does not start: most often, a property has a value that it cannot work with.
pub(crate) fn of_start(error: &Error) -> ErrorMessage {
    match error {
        Error::InvalidArgument(text) => error_msg!(ResourceError::Settings, ("{text}."), ["{error}"]),
        _ => error_msg!(ResourceError::Failed, ("{error}."), ["{error}"]),
    }
}

/// Why `tutksink` does not start, or fails.
pub(crate) fn of_camera(error: &Error, uid: tutk::Uid) -> ErrorMessage {
    match error {
        Error::InvalidArgument(_) => of_start(error),
        Error::Io { source, .. } if source.kind() == io::ErrorKind::AddrInUse => error_msg!(
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
    use super::*;

    #[test]
    fn no_text_holds_the_password() {
        let mut options = SessionOptions::new("HBNASLSCFC1MN4Y9221A".parse().unwrap());
        options.password = "canary".into();
        let uid = options.uid;
        let address = "127.0.0.1:1".parse().unwrap();
        let errors = [
            Error::NotFound { uid, target: "x".into(), timeout: Default::default(), answers: Default::default() },
            Error::Refused { uid, account: "admin".into() },
            Error::NoAnswer { uid, address, step: "log in", timeout: Default::default() },
            Error::Full { uid, address },
            Error::NotEncrypted { uid },
            Error::ClosedByCamera,
            Error::TimedOut { silence: Default::default() },
            Error::NoFrames { silence: Default::default() },
            Error::Generation { uid, address, generation: 4 },
            Error::LoginResult { uid, result: 7 },
            Error::Protocol("x".into()),
            Error::Io { what: "x".into(), source: io::ErrorKind::Other.into() },
            Error::Library { what: "x".into(), code: tutk::vendor::Code(-10) },
            Error::LibraryLoad(tutk::LoadError { attempts: Vec::new() }),
            Error::LibraryInUse { wanted: "x".into(), used: "y".into() },
        ];
        gst::init().unwrap();
        for error in errors {
            let text = format!("{:?}", of_viewer(&error, &options));
            assert!(text.contains(uid.as_str()) && !text.contains("canary"), "{text}");
        }
    }
}
