//! What the user wants: a file of settings, and the credentials that systemd hands over.

mod file;
mod guests;
mod mqtt;
mod secret;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::tls::{self, Acceptor};
use file::File;
pub(crate) use file::{Encryption, Http, Quality, Rtsp};
pub(crate) use guests::Guest;
pub(crate) use mqtt::Mqtt;
#[cfg(feature = "dtls")]
pub(crate) use mqtt::Trust;
use secret::Hidden;
use serde::Deserialize;
use tutk::{Address, AuthKey, Brand, LocalPorts, Mac, Secret, Uid};

/// The settings of the whole server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) http: Http,
    pub(crate) rtsp: Rtsp,
    /// None: not encrypted.
    pub(crate) http_tls: Option<Tls>,
    pub(crate) rtsp_tls: Option<Tls>,
    pub(crate) login: Option<Login>,
    /// None without a login.
    pub(crate) guests: Vec<Guest>,
    pub(crate) retention: Option<Retention>,
    /// None: there is no broker.
    pub(crate) mqtt: Option<Mqtt>,
    /// By name.
    pub(crate) cameras: BTreeMap<String, CameraConfig>,
}

/// What viewers have to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: Secret,
}

/// Which recordings are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Retention {
    pub(crate) folder: PathBuf,
    /// None: however old they are.
    pub(crate) days: Option<u32>,
    /// Of all together; none: as long as there is space.
    pub(crate) bytes: Option<u64>,
}

/// How a camera is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recording {
    pub(crate) folder: PathBuf,
    /// The length of a file.
    pub(crate) seconds: u32,
}

/// What TLS needs, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    /// The certificate, and those that it is signed with.
    pub(crate) certificate: String,
    pub(crate) key: Secret,
}

/// The settings of a camera that the user has named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CameraConfig {
    pub(crate) uid: Uid,
    pub(crate) username: String,
    pub(crate) password: Secret,
    /// Where the user finds the password, for an error.
    pub(crate) password_place: String,
    pub(crate) auth_key: Option<Secret>,
    pub(crate) brand: Option<String>,
    pub(crate) mac: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) local_ports: Option<LocalPorts>,
    /// None: what the brand's cameras have.
    pub(crate) encryption: Option<Encryption>,
    pub(crate) quality: Quality,
    /// None: it is not recorded.
    pub(crate) recording: Option<Recording>,
}

/// Longest name of a camera, in bytes.
const MAX_NAME: usize = 64;

impl Config {
    /// Reads the file, if there is one, and the folder of credentials, if there is one.
    pub(crate) fn load(file: Option<&Path>, credentials: Option<&Path>) -> Result<Self, Box<dyn Error>> {
        let text = match file {
            Some(file) => read_text(file)?,
            None => String::new(),
        };
        let place = file.map_or_else(|| "the settings".into(), |file| file.display().to_string());
        let credentials = Credentials::list(credentials);
        Self::parse(&text, &place, &credentials).map_err(|error| format!("{place}: {error}").into())
    }

    fn parse(text: &str, place: &str, credentials: &Credentials) -> Result<Self, Box<dyn Error>> {
        // The error's own text shows the line, which may hold a password.
        let file: File = toml::from_str(text).map_err(|error| match error.span() {
            Some(span) => format!("line {}: {}", line_of(text, span.start), error.message()),
            None => error.message().into(),
        })?;
        let login = file.login.map(|login| login.check(credentials)).transpose()?;
        let mqtt = file.mqtt.map(|mqtt| mqtt.check(credentials)).transpose()?;
        let (recording, retention) = file.recording.map(file::Recording::check).transpose()?.unzip();
        let mut cameras = BTreeMap::new();
        for (name, camera) in file.cameras {
            let is_recorded = camera.record;
            let checked = camera.check(&name, place, credentials);
            let mut checked = checked.map_err(|error| format!("camera “{}”: {error}", name.escape_debug()))?;
            if is_recorded {
                let settings = recording.clone();
                let missing = || format!("camera “{name}”: record needs a section [recording] with a folder");
                checked.recording = Some(settings.ok_or_else(missing)?);
            }
            cameras.insert(name, checked);
        }
        for uid in &credentials.uids {
            if !cameras.values().any(|camera: &CameraConfig| camera.uid == *uid) {
                cameras.insert(uid.to_string(), CameraConfig::by_credential(*uid, credentials)?);
            }
        }
        let guests = guests::check(file.guests, login.as_ref(), &cameras, credentials)?;
        let http_tls = read_tls("http", file.http.certificate.as_deref(), file.http.key.as_deref())?;
        http_tls.as_ref().map(Acceptor::new).transpose().map_err(|error| format!("[http]: {error}"))?;
        let rtsp_tls = read_tls("rtsp", file.rtsp.certificate.as_deref(), file.rtsp.key.as_deref())?;
        rtsp_tls.as_ref().map(tls::certificate).transpose().map_err(|error| format!("[rtsp]: {error}"))?;
        let config =
            Self { http: file.http, rtsp: file.rtsp, http_tls, rtsp_tls, login, guests, retention, mqtt, cameras };
        config.check_access()?;
        Ok(config)
    }

    /// Whoever reaches an address that is not this host's own must log in.
    fn check_access(&self) -> Result<(), Box<dyn Error>> {
        let open = |listen: SocketAddr| !listen.ip().to_canonical().is_loopback();
        for (section, listen) in [("http", self.http.listen), ("rtsp", self.rtsp.listen)] {
            if self.login.is_none() && open(listen) {
                return Err(format!(
                    "[{section}] listens on {listen}, where others reach it, and there is no login. Add a section [login] \
                     with user and password-file, or listen on 127.0.0.1"
                )
                .into());
            }
        }
        Ok(())
    }
}

impl Config {
    /// In a container, nobody reaches what listens on loopback.
    pub(crate) fn check_public(&self) -> Result<(), String> {
        let closed = [self.http.listen, self.rtsp.listen].iter().all(|listen| listen.ip().to_canonical().is_loopback());
        if closed || self.login.is_none() {
            let text = "a container needs an address that others reach, and a login. Give it a file of settings \
                        (/etc/tutk/server.toml) with [http] listen = \"0.0.0.0:8080\", [rtsp] listen = \"0.0.0.0:8554\", and \
                        [login] with user and password-file";
            return Err(text.into());
        }
        Ok(())
    }
}

impl file::Login {
    fn check(self, credentials: &Credentials) -> Result<Login, Box<dyn Error>> {
        let login = Login::new(self.user, self.password, self.password_file.as_deref(), "login", credentials);
        login.map_err(|error| format!("[login]: {error}").into())
    }
}

impl Login {
    /// With the password, that of the file, or this credential.
    fn new(
        user: String,
        password: Option<Hidden>,
        file: Option<&Path>,
        credential: &str,
        credentials: &Credentials,
    ) -> Result<Self, Box<dyn Error>> {
        // HTTP Basic ends a user with a colon, and Digest with a quotation mark.
        if user.is_empty() || user.contains([':', '"']) || user.contains(char::is_control) {
            return Err("user must have at least one character, and no colon or quotation mark".into());
        }
        match secret("password", password, file, || credentials.read(credential))? {
            Some(password) if !password.reveal().is_empty() => Ok(Self { user, password }),
            _ => Err(format!("a password is needed: password-file, password, or a credential “{credential}”").into()),
        }
    }
}

impl file::Recording {
    fn check(self) -> Result<(Recording, Retention), Box<dyn Error>> {
        if !(1..=86_400).contains(&self.length) {
            return Err("[recording]: length is 1 to 86400 seconds".into());
        }
        if self.gigabytes.is_some_and(|gigabytes| !(0.001..=1e9).contains(&gigabytes)) {
            return Err("[recording]: gigabytes is 0.001 or more".into());
        }
        if self.days == Some(0) {
            return Err("[recording]: days is 1 or more; without it, recordings are kept however old they are".into());
        }
        if self.folder.as_os_str().is_empty() {
            return Err("[recording]: folder is empty".into());
        }
        let bytes = self.gigabytes.map(|gigabytes| (gigabytes * 1e9) as u64);
        let retention = Retention { folder: self.folder.clone(), days: self.days, bytes };
        Ok((Recording { folder: self.folder, seconds: self.length }, retention))
    }
}

impl file::Camera {
    fn check(self, name: &str, place: &str, credentials: &Credentials) -> Result<CameraConfig, Box<dyn Error>> {
        check_name(name)?;
        let uid: Uid = self.uid.parse().map_err(|error| format!("uid: {error}"))?;
        let password_place = match (&self.password, &self.password_file) {
            (None, Some(file)) => format!("the file {}", file.display()),
            (None, None) if credentials.has(&password_of(uid)) => credentials.place(&password_of(uid)),
            _ => format!("{place}, section [cameras.{name}]"),
        };
        let by_credential = || credentials.read(&password_of(uid));
        let password = secret("password", self.password, self.password_file.as_deref(), by_credential)?;
        let by_credential = || credentials.read(&auth_key_of(uid));
        let auth_key = secret("auth-key", self.auth_key, self.auth_key_file.as_deref(), by_credential)?;
        check_auth_key(auth_key.as_ref())?;
        check_session(self.brand.as_deref(), self.mac.as_deref(), self.address.as_deref())?;
        Ok(CameraConfig {
            uid,
            username: self.username,
            password: password.unwrap_or_default(),
            password_place,
            auth_key,
            brand: self.brand,
            mac: self.mac,
            address: self.address,
            local_ports: self.local_port.map(file::Ports::parse).transpose()?,
            encryption: self.encryption,
            quality: self.quality,
            recording: None,
        })
    }
}

impl CameraConfig {
    /// A camera of which there is a password in the folder of credentials, and nothing else.
    fn by_credential(uid: Uid, credentials: &Credentials) -> Result<Self, Box<dyn Error>> {
        let auth_key = credentials.read(&auth_key_of(uid))?;
        check_auth_key(auth_key.as_ref())?;
        let place = credentials.place(&password_of(uid));
        let (password, properties) = credentials.read_both(&password_of(uid))?;
        let properties: Properties = toml::Value::Table(properties)
            .try_into()
            .map_err(|error: toml::de::Error| format!("{place}, second line: {}", error.message()))?;
        check_session(properties.brand.as_deref(), properties.mac.as_deref(), properties.address.as_deref())
            .map_err(|error| format!("{place}, second line: {error}"))?;
        Ok(Self {
            uid,
            username: properties.username.unwrap_or_else(file::admin),
            password,
            password_place: place,
            auth_key,
            brand: properties.brand,
            mac: properties.mac,
            address: properties.address,
            local_ports: properties.local_port.map(file::Ports::parse).transpose()?,
            encryption: properties.encryption,
            quality: properties.quality,
            recording: None,
        })
    }
}

/// The files in the folder that the environment variable `CREDENTIALS_DIRECTORY` names.
#[derive(Debug, Default)]
struct Credentials {
    folder: Option<PathBuf>,
    /// Those that have a password.
    uids: Vec<Uid>,
}

impl Credentials {
    fn list(folder: Option<&Path>) -> Self {
        let Some(folder) = folder else { return Self::default() };
        let files = fs::read_dir(folder).inspect_err(|error| eprintln!("{} cannot be read: {error}", folder.display()));
        let uid = |name: &OsStr| name.to_str()?.strip_prefix("password_")?.parse().ok();
        let uids = files.into_iter().flatten().flatten().filter_map(|file| uid(&file.file_name())).collect();
        Self { folder: Some(folder.into()), uids }
    }

    /// systemd puts the name of a folder before those of its files.
    fn file(&self, name: &str) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let [plain, of_folder] = [folder.join(name), folder.join(format!("password_{name}"))];
        Some(if !plain.exists() && of_folder.exists() { of_folder } else { plain })
    }

    /// The first line of a file, and what its second line says of the camera, as `brand=wyze&mac=…`.
    fn read_both(&self, name: &str) -> Result<(Secret, toml::Table), Box<dyn Error>> {
        let Some(file) = self.file(name) else { return Ok(Default::default()) };
        let text = read_text(&file)?;
        let mut lines = text.lines();
        let password = lines.next().unwrap_or_default().into();
        let properties = lines.next().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let properties = properties.map(|(name, value)| (name.trim().to_owned(), value.trim().into()));
        Ok((password, properties.collect()))
    }

    fn has(&self, name: &str) -> bool {
        self.file(name).is_some_and(|file| file.exists())
    }

    fn read(&self, name: &str) -> Result<Option<Secret>, Box<dyn Error>> {
        self.file(name).filter(|file| file.exists()).map(|file| read_secret(&file)).transpose()
    }

    fn place(&self, name: &str) -> String {
        self.file(name).map_or_else(|| "the credentials".into(), |file| format!("the file {}", file.display()))
    }
}

fn password_of(uid: Uid) -> String {
    format!("password_{uid}")
}

fn auth_key_of(uid: Uid) -> String {
    format!("auth-key_{uid}")
}

fn secret(
    what: &str,
    text: Option<Hidden>,
    file: Option<&Path>,
    otherwise: impl FnOnce() -> Result<Option<Secret>, Box<dyn Error>>,
) -> Result<Option<Secret>, Box<dyn Error>> {
    match (text, file) {
        (Some(_), Some(_)) => Err(format!("{what} and {what}-file are both given; leave one out").into()),
        (Some(Hidden(text)), None) => Ok(Some(text)),
        (None, Some(file)) => read_secret(file).map(Some),
        (None, None) => otherwise(),
    }
}

/// The first line of the file.
fn read_secret(file: &Path) -> Result<Secret, Box<dyn Error>> {
    Ok(read_text(file)?.lines().next().unwrap_or_default().into())
}

fn read_text(file: &Path) -> Result<String, Box<dyn Error>> {
    fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()).into())
}

/// What the second line of a password's file can say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Properties {
    username: Option<String>,
    brand: Option<String>,
    mac: Option<String>,
    address: Option<String>,
    local_port: Option<file::Ports>,
    encryption: Option<Encryption>,
    quality: Quality,
}

/// What this section names, both or none.
fn read_tls(section: &str, certificate: Option<&Path>, key: Option<&Path>) -> Result<Option<Tls>, Box<dyn Error>> {
    let (certificate, key) = match (certificate, key) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => return Err(format!("[{section}]: TLS needs both certificate and key").into()),
    };
    let read = |file| read_text(file).map_err(|error| format!("[{section}]: {error}"));
    Ok(Some(Tls { certificate: read(certificate)?, key: read(key)?.into() }))
}

pub(crate) fn check_name(name: &str) -> Result<(), Box<dyn Error>> {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if name.is_empty() || name.len() > MAX_NAME || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(format!(
            "a name is part of addresses: use up to {MAX_NAME} letters (a to z), digits, hyphens, underscores and dots, with no dot in front"
        )
        .into());
    }
    Ok(())
}

/// What would be an error of each session.
fn check_session(brand: Option<&str>, mac: Option<&str>, address: Option<&str>) -> Result<(), Box<dyn Error>> {
    let brand: Brand =
        brand.map(str::parse).transpose().map_err(|error| format!("brand: {error}"))?.unwrap_or_default();
    let mac: Option<Mac> = mac.map(str::parse).transpose().map_err(|error| format!("mac: {error}"))?;
    address.map(str::parse::<Address>).transpose().map_err(|error| format!("address: {error}"))?;
    match brand {
        Brand::Wyze if mac.is_none() => Err("a camera with brand = \"wyze\" needs its mac, too".into()),
        _ => Ok(()),
    }
}

fn check_auth_key(key: Option<&Secret>) -> Result<(), Box<dyn Error>> {
    key.map_or(Ok(()), |key| {
        key.reveal().parse::<AuthKey>().map(drop).map_err(|error| format!("auth-key: {error}").into())
    })
}

/// The number of the line that this byte is in, from 1.
fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}
