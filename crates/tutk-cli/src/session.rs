//! From the command line to a session.

use std::path::Path;
use std::time::Duration;

use tutk::{Brand, ConnectError, Encryption, Events, ParseAuthKeyError, ParseMacError, Session, SessionOptions};

use crate::args::{Camera, Network};
use crate::console::Console;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::{scan, secrets};

/// How long to wait before a camera that was not there is looked for again.
const PAUSE: Duration = Duration::from_secs(2);

/// What to open, with the password from wherever it is told.
pub(crate) fn options(camera: &Camera, network: &Network) -> Result<SessionOptions, Failure> {
    let uid = camera.uid.ok_or_else(|| without_uid(network))?;
    let files = [&camera.password_file, &camera.auth_key_file, &camera.license_key_file];
    if files.into_iter().filter(|file| file.as_deref() == Some(Path::new("-"))).count() > 1 {
        let text = "standard input can be one of --password-file, --auth-key-file and --license-key-file";
        return Err(Failure::Usage(text.into()));
    }
    let password = match &camera.password {
        Some(password) => Some(password.clone()),
        None => secrets::from_file_or_environment(camera.password_file.as_deref(), "TUTK_PASSWORD")?,
    };
    let mut options = SessionOptions::new(uid).with_login(&camera.username, password.unwrap_or_default());
    let auth_key = secrets::from_file_or_environment(camera.auth_key_file.as_deref(), "TUTK_AUTH_KEY")?;
    if let Some(key) = auth_key.filter(|key| !key.reveal().is_empty()) {
        options.auth_key =
            Some(key.reveal().parse().map_err(|error: ParseAuthKeyError| Failure::Usage(error.to_string()))?);
    }
    options.brand = camera.brand;
    // Not by clap, whose errors repeat the text: it may be the ENR in the wrong place.
    let mac = camera.mac.as_deref().map(str::parse).transpose();
    options.mac = mac.map_err(|error: ParseMacError| Failure::Usage(error.to_string()))?;
    let of_brand = if camera.brand == Brand::Generic { Encryption::Auto } else { Encryption::Required };
    options.encryption = camera.encryption.unwrap_or(of_brand);
    options.timeout = network.timeout();
    options.address = network.address.clone();
    options.local_ports = network.local_port;
    options.backend = network.backend;
    options.library = network.library.clone();
    options.license_key = secrets::from_file_or_environment(camera.license_key_file.as_deref(), "TUTK_LICENSE_KEY")?;
    Ok(options)
}

/// Finds the camera, connects and logs in.
pub(crate) fn open(
    options: SessionOptions,
    interrupt: &Interrupt,
    console: &Console,
) -> Result<(Session, Events), ConnectError> {
    console.debug(format_args!("looking for camera {}", options.uid));
    let connecting = Session::connect(options)?;
    interrupt.attach(connecting.cancel_handle());
    let (session, events) = connecting.wait()?;
    let (camera, info) = (session.camera(), session.info());
    if info.encryption_declined {
        console.info("the camera answered that it cannot encrypt: others in the network can read the session");
    }
    console.debug(format_args!("encryption: {}", info.cipher_suite.map_or("none", |suite| suite.name())));
    console.info(format_args!("connected to camera {} at {}", camera.uid, camera.address));
    Ok((session, events))
}

/// As [`open`]; while the camera is not there, tries again.
pub(crate) fn open_and_wait(
    options: SessionOptions,
    interrupt: &Interrupt,
    console: &Console,
) -> Result<(Session, Events), ConnectError> {
    let mut waits = false;
    loop {
        match open(options.clone(), interrupt, console) {
            Err(error) if error.is_transient() => {
                if !std::mem::replace(&mut waits, true) {
                    let uid = options.uid;
                    console.info(format_args!("{}\nWaiting for camera {uid}.", Failure::from(error)));
                }
                if !interrupt.wait(PAUSE) {
                    return Err(ConnectError::Cancelled);
                }
            }
            opened => return opened,
        }
    }
}

/// The usage error that helps on: which cameras are there.
fn without_uid(network: &Network) -> Failure {
    let there = match scan::cameras(network) {
        Ok(answers) if !answers.cameras.is_empty() => format!("These answered:\n\n{}", scan::table(&answers)),
        Ok(answers) => scan::nobody(network, &answers),
        Err(failure) => format!("The search for cameras failed: {failure}"),
    };
    Failure::Usage(format!("which camera? --uid <UID> is missing. {there}"))
}
