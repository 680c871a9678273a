//! The file of settings as the user writes it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use tutk::{LocalPorts, ParseLocalPortsError};

use super::secret::Hidden;
use super::{guests, mqtt};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) http: Http,
    pub(super) rtsp: Rtsp,
    pub(super) login: Option<Login>,
    /// By user.
    pub(super) guests: BTreeMap<String, guests::Section>,
    pub(super) recording: Option<Recording>,
    pub(super) mqtt: Option<mqtt::Section>,
    /// By name.
    pub(super) cameras: BTreeMap<String, Camera>,
}

/// Local UDP ports: a number, or as the property `local-port` has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a port or a range of ports, such as 40000 or \"40000-40009\"")]
pub(super) enum Ports {
    One(u16),
    Text(String),
}

impl Ports {
    pub(super) fn parse(self) -> Result<LocalPorts, ParseLocalPortsError> {
        match self {
            Self::One(port) => port.to_string().parse(),
            Self::Text(text) => text.parse(),
        }
    }
}

/// Where the page and the API are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Http {
    #[serde(deserialize_with = "listen")]
    pub(crate) listen: SocketAddr,
    /// Names of this host under which browsers reach the page; addresses and `localhost` always work.
    pub(crate) hosts: Vec<String>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 8080).into(), hosts: Vec::new(), certificate: None, key: None }
    }
}

/// Where RTSP is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Rtsp {
    #[serde(deserialize_with = "listen")]
    pub(crate) listen: SocketAddr,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

impl Default for Rtsp {
    fn default() -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 8554).into(), certificate: None, key: None }
    }
}

/// Where recordings are, and how long.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Recording {
    pub(super) folder: PathBuf,
    /// Of a file, in seconds.
    #[serde(default = "ten_minutes")]
    pub(super) length: u32,
    pub(super) days: Option<u32>,
    pub(super) gigabytes: Option<f64>,
}

fn ten_minutes() -> u32 {
    600
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Option<Hidden>,
    pub(super) password_file: Option<PathBuf>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a section [cameras.NAME] with a uid")]
pub(super) struct Camera {
    pub(super) uid: String,
    #[serde(default = "admin")]
    pub(super) username: String,
    pub(super) password: Option<Hidden>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) auth_key: Option<Hidden>,
    pub(super) auth_key_file: Option<PathBuf>,
    pub(super) brand: Option<String>,
    pub(super) mac: Option<String>,
    pub(super) address: Option<String>,
    pub(super) local_port: Option<Ports>,
    pub(super) encryption: Option<Encryption>,
    #[serde(default)]
    pub(super) quality: Quality,
    #[serde(default)]
    pub(super) record: bool,
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let wanted = || D::Error::custom("listen is an address of this host and a port, as in \"0.0.0.0:8080\"");
    match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text.parse().map_err(|_| wanted()),
        _ => Err(wanted()),
    }
}

pub(super) fn admin() -> String {
    "admin".into()
}

/// As the property of `tutksrc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Encryption {
    Auto,
    Required,
    Off,
}

impl Encryption {
    /// The property's value.
    pub(crate) fn nick(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Required => "required",
            Self::Off => "off",
        }
    }
}

/// As the property of `tutksrc`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Quality {
    #[default]
    Unset,
    Max,
    High,
    Middle,
    Low,
    Min,
}

impl Quality {
    pub(crate) const ALL: [Self; 6] = [Self::Unset, Self::Max, Self::High, Self::Middle, Self::Low, Self::Min];

    /// The property's value.
    pub(crate) fn nick(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Max => "max",
            Self::High => "high",
            Self::Middle => "middle",
            Self::Low => "low",
            Self::Min => "min",
        }
    }
}
