use std::fmt;
use std::str::FromStr;

use crate::{AddressProblem, ParseAddressError};

/// Where to ask for a camera instead of on the local networks: `host` or `host:port`.
///
/// The host is an IPv4 address or a name that resolves to one. Without a port, the port of searches is asked; with one,
/// exactly that port, for instance the session port of one of several cameras on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// IPv4 address or name.
    pub host: String,
    /// UDP port, if not the one of searches.
    pub port: Option<u16>,
}

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, ParseAddressError> {
        let bad = |problem| ParseAddressError { text: text.escape_debug().to_string(), problem };
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => {
                let port = port.parse().ok().filter(|port| *port != 0);
                (host, Some(port.ok_or_else(|| bad(AddressProblem::Port))?))
            }
            None => (text, None),
        };
        if host.is_empty() {
            return Err(bad(AddressProblem::NoHost));
        }
        if host.contains([':', '[', ']']) {
            return Err(bad(AddressProblem::Ipv6));
        }
        if host.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/') {
            return Err(bad(AddressProblem::Character));
        }
        Ok(Self { host: host.into(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        for good in ["10.0.0.7", "camera.lan", "10.0.0.7:32761"] {
            assert_eq!(good.parse::<Address>().unwrap().to_string(), good);
        }
        for bad in ["", ":1", "a:", "a:0", "a:65536", "::1", "[::1]:3", "a b", "http://a"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
