//! From options to a session: find the camera, connect, log in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::driver::Driver;
use super::search::Finder;
use super::session::{AppError, Session, session_error};
use super::target::{asked, targets};
use super::{DiscoveredCamera, LocalPorts};
use crate::encryption;
use crate::error::check_credential;
use crate::proto::{AvEvent, CloseReason, Credentials, MAX_TIMEOUT, Step, Viewer, ViewerConfig, ViewerEvent};
use crate::wake::Waker;
use crate::{
    Asked, Brand, ConnectError, DiscoverError, DiscoverOptions, Encryption, Field, IoError, Operation, SessionError,
    SessionOptions, Uid,
};

/// How long the local networks are searched for a camera that does not answer at its address.
const ELSEWHERE: Duration = Duration::from_secs(1);

/// What errors report of an attempt.
#[derive(Debug)]
struct Attempt {
    uid: Uid,
    brand: Brand,
    account: String,
    has_auth_key: bool,
    asked: Asked,
    timeout: Duration,
}

/// Finds the camera, connects and logs in.
///
/// If the camera does not answer at its address, the error says what a short search of the local networks finds. Nothing
/// is sent to a camera that answers elsewhere than where it was looked for: it may be another host that wants the password.
pub(crate) fn connect(options: SessionOptions, waker: &Waker) -> Result<Arc<Session>, ConnectError> {
    let elsewhere = options.address.as_ref().map(|_| {
        let mut elsewhere = DiscoverOptions::new().with_uid(options.uid).with_timeout(options.timeout.min(ELSEWHERE));
        elsewhere.local_ports = options.local_ports;
        elsewhere
    });
    let SessionOptions { uid, brand, timeout, .. } = options;
    let mut connected = connect_there(options, waker);
    if let (Err(ConnectError::NotFound { answers, .. }), Some(elsewhere)) = (&mut connected, elsewhere) {
        match Finder::open(&elsewhere, waker).and_then(Finder::answers) {
            Ok(found) => answers.add(found),
            Err(DiscoverError::Cancelled) => return Err(ConnectError::Cancelled),
            // The camera is not found, and that is what counts.
            Err(_) => {}
        }
    }
    let session = connected?;
    session.log_in(timeout).map_err(|error| match error {
        AppError::Brand(error) => ConnectError::Brand { uid, brand, error },
        AppError::Session(SessionError::Cancelled) => ConnectError::Cancelled,
        AppError::Session(error) => ConnectError::Session(error),
    })?;
    Ok(Arc::new(session))
}

/// [`connect`] where the camera is said to be.
fn connect_there(options: SessionOptions, waker: &Waker) -> Result<Session, ConnectError> {
    let SessionOptions { uid, brand, timeout, idle_timeout, .. } = options;
    let begin = Instant::now();
    check_credential(Field::Account, &options.account)?;
    check_credential(Field::Password, options.password.reveal())?;
    let of_brand = brand.auth_key(&options.password, options.mac)?;
    let app = brand.viewer(&options, random()?);
    let SessionOptions { account, password, auth_key, address, channel, .. } = options;
    let auth_key = auth_key.or(of_brand);
    let (asked, has_auth_key) = (asked(address.as_ref()), auth_key.is_some());
    let mut attempt = Attempt { uid, brand, account: account.clone(), has_auth_key, asked, timeout };
    let targets = targets(address.as_ref(), begin + timeout.min(MAX_TIMEOUT), waker)?;
    if targets.only_this_host {
        attempt.asked = Asked::ThisHost;
    }
    let socket = LocalPorts::bind(options.local_ports, targets.family())?;
    let mut config =
        ViewerConfig::new(uid, targets.addresses, random()?).with_timeout(timeout).with_idle_timeout(idle_timeout);
    config.channel = channel;
    config.auth_key = auth_key;
    config.encryption = options.encryption;
    config.hmac_framing = brand.may_have_hmac_framing();
    config.provider = match encryption::provider() {
        _ if options.encryption == Encryption::Off => None,
        Err(error) if options.encryption == Encryption::Required => {
            return Err(ConnectError::EncryptionUnavailable { uid, reason: error.to_string() });
        }
        provider => provider.ok(),
    };
    let config = if options.logs_in { config.with_credentials(Credentials::new(account, password)) } else { config };
    let driver = Driver::new(Viewer::new(begin, config), vec![socket], waker)?;
    let (mut camera, mut cipher_suite, mut is_encryption_declined) = (None, None, false);
    let ended = driver.run(|viewer| {
        loop {
            match viewer.poll_event()? {
                ViewerEvent::Found(found) => camera = Some(found),
                ViewerEvent::Encrypted(suite) => cipher_suite = Some(suite),
                ViewerEvent::NotEncrypted => is_encryption_declined = true,
                ViewerEvent::Connected if !options.logs_in => return Some(None),
                ViewerEvent::Av { event: AvEvent::LoggedIn { .. }, .. } => return Some(None),
                ViewerEvent::Ended(reason) => return Some(Some(reason)),
                _ => {}
            }
        }
    });
    match (ended, camera) {
        (Ok(None), Some(camera)) => {
            Ok(Session::new(driver, channel, camera, cipher_suite, is_encryption_declined, app))
        }
        (Ok(reason), camera) => {
            let reason = reason.unwrap_or(CloseReason::Closed);
            let answers = driver.send(Viewer::take_answers);
            let mut error = attempt.error(reason, camera.as_ref(), &driver);
            if let ConnectError::NotFound { answers: place, .. } = &mut error {
                **place = answers;
                place.only_this_host = targets.only_this_host;
            }
            Err(error)
        }
        (Err(interrupted), _) => {
            // Half-way, the camera frees the place.
            driver.send(Viewer::close);
            Err(interrupted.into())
        }
    }
}

fn random() -> Result<u64, IoError> {
    getrandom::u64().map_err(|error| IoError::new(Operation::Random, std::io::Error::other(error.to_string())))
}

impl Attempt {
    fn error(&self, reason: CloseReason, camera: Option<&DiscoveredCamera>, driver: &Driver<Viewer>) -> ConnectError {
        let (uid, timeout) = (self.uid, self.timeout);
        match (reason, camera.map(|camera| camera.address)) {
            (CloseReason::NoAnswer(step @ (Step::Connect | Step::Encrypt | Step::LogIn)), Some(address)) => {
                ConnectError::NoAnswer { uid, address, step, timeout }
            }
            (CloseReason::Generation(generation), Some(address)) => {
                ConnectError::Generation { uid, address, generation }
            }
            (CloseReason::Full, Some(address)) => ConnectError::Full { uid, address },
            (CloseReason::WrongAuthKey, Some(address)) => {
                ConnectError::WrongAuthKey { uid, address, given: self.has_auth_key }
            }
            (CloseReason::AuthKeyNotWanted, Some(address)) => ConnectError::AuthKeyNotWanted { uid, address },
            (CloseReason::SearchResult(result), Some(address)) => ConnectError::SearchResult { uid, address, result },
            (CloseReason::NoAnswer(_) | CloseReason::Generation(_) | CloseReason::Full, _) => ConnectError::NotFound {
                uid,
                brand: self.brand,
                asked: self.asked.clone(),
                send_error: driver.take_send_error().map(Box::new),
                timeout,
                answers: Box::default(),
            },
            (CloseReason::Refused, _) => ConnectError::Refused { uid, account: self.account.clone() },
            (CloseReason::WrongPassword { certain: true }, _) => {
                ConnectError::Refused { uid, account: self.account.clone() }
            }
            (CloseReason::WrongPassword { certain: false }, _) => {
                ConnectError::ProbablyRefused { uid, account: self.account.clone() }
            }
            (CloseReason::UnknownAccount, _) => ConnectError::UnknownAccount { uid, account: self.account.clone() },
            (CloseReason::CameraIsPlain, _) => ConnectError::NotEncrypted { uid },
            (CloseReason::CameraIsEncrypted, _) => ConnectError::EncryptionWanted { uid },
            (CloseReason::Encryption(alert), _) => ConnectError::Encryption { uid, alert },
            (CloseReason::EncryptionUnavailable, _) => {
                ConnectError::EncryptionUnavailable { uid, reason: "OpenSSL failed".into() }
            }
            (CloseReason::LoginResult(result), _) => ConnectError::LoginResult { uid, result },
            (CloseReason::Closed, _) => ConnectError::Cancelled,
            (reason, _) => ConnectError::Session(session_error(reason)),
        }
    }
}
