use std::fmt;
use std::str::FromStr;

use crate::Error;

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
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad =
            |why: &str| Error::InvalidArgument(format!("“{}” is no address host[:port]: {why}", text.escape_debug()));
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => {
                let port = port.parse().ok().filter(|port| *port != 0);
                (host, Some(port.ok_or_else(|| bad("the port is a number from 1 to 65535"))?))
            }
            None => (text, None),
        };
        if host.is_empty() {
            return Err(bad("the host is missing"));
        }
        if host.contains([':', '[', ']']) {
            return Err(bad("this generation of cameras speaks IPv4 only"));
        }
        if host.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/') {
            return Err(bad("a host has no such character"));
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
            assert!(matches!(bad.parse::<Address>(), Err(Error::InvalidArgument(_))), "{bad}");
        }
    }
}
