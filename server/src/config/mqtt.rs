//! The section `[mqtt]`.

use std::error::Error;
use std::path::PathBuf;

use serde::Deserialize;
use tutk::Secret;

use super::secret::Hidden;
use super::{Credentials, read_text, secret};

/// The broker that the cameras are announced to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mqtt {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) login: Option<(String, Secret)>,
    /// None: not encrypted.
    pub(crate) tls: Option<Trust>,
    /// The beginning of all topics.
    pub(crate) topic: String,
    /// The prefix of Home Assistant's discovery topics; none: no discovery.
    pub(crate) discovery: Option<String>,
}

/// Whose certificates are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Those of the authorities that this system knows.
    System,
    /// Those of this one, too, in PEM.
    Authority(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Section {
    broker: String,
    #[serde(default)]
    tls: bool,
    ca: Option<PathBuf>,
    user: Option<String>,
    password: Option<Hidden>,
    password_file: Option<PathBuf>,
    #[serde(default = "topic")]
    topic: String,
    #[serde(default = "discovery")]
    discovery: String,
}

fn topic() -> String {
    "tutk".into()
}

fn discovery() -> String {
    "homeassistant".into()
}

impl Section {
    pub(super) fn check(self, credentials: &Credentials) -> Result<Mqtt, Box<dyn Error>> {
        self.build(credentials).map_err(|error| format!("[mqtt]: {error}").into())
    }

    fn build(self, credentials: &Credentials) -> Result<Mqtt, Box<dyn Error>> {
        let tls = match (self.tls, self.ca) {
            (false, None) => None,
            (false, Some(_)) => return Err("ca is of use with tls = true only".into()),
            (true, ca) => Some(ca.map_or(Ok(Trust::System), |ca| read_text(&ca).map(Trust::Authority))?),
        };
        if tls.is_some() && cfg!(not(feature = "dtls")) {
            return Err("this version was built without TLS; leave tls out".into());
        }
        let (host, port) = address(&self.broker, if tls.is_some() { 8883 } else { 1883 })
            .ok_or("broker is a host, or host:port, as in broker = \"10.0.0.2:1883\"")?;
        let by_credential = || credentials.read("mqtt");
        let password = secret("password", self.password, self.password_file.as_deref(), by_credential)?;
        let login = match (self.user, password) {
            (None, None) => None,
            (Some(user), password) => Some((user, password.unwrap_or_default())),
            (None, Some(_)) => return Err("a password is of use with a user only".into()),
        };
        for (name, topic) in [("topic", &self.topic), ("discovery", &self.discovery)] {
            if topic.contains(['+', '#']) || topic.contains(char::is_control) || topic.starts_with(['/', '$']) {
                return Err(format!("{name} is the beginning of topics, as \"tutk\"").into());
            }
        }
        if self.topic.is_empty() {
            return Err("topic needs at least one character".into());
        }
        let discovery = Some(self.discovery).filter(|discovery| !discovery.is_empty());
        Ok(Mqtt { host, port, login, tls, topic: self.topic, discovery })
    }
}

/// Host and port of `host`, `host:port`, `[address]:port` or an address of IPv6.
fn address(text: &str, default: u16) -> Option<(String, u16)> {
    let is_bare = text.parse::<std::net::Ipv6Addr>().is_ok();
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !is_bare && !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (text, default),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_host = !host.is_empty() && !host.contains(['/', '[', ']', ' ']);
    is_host.then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_a_host_with_a_port_or_without() {
        let of = |text| address(text, 1).map(|(host, port)| format!("{host} {port}"));
        for (text, wanted) in [
            ("broker.local", "broker.local 1"),
            ("10.0.0.2:1883", "10.0.0.2 1883"),
            ("fe80::1", "fe80::1 1"),
            ("[fe80::1]", "fe80::1 1"),
            ("[fe80::1]:99", "fe80::1 99"),
        ] {
            assert_eq!(of(text).as_deref(), Some(wanted));
        }
        for text in ["", ":1883", "host:", "host:70000", "mqtt://host", "a b"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
