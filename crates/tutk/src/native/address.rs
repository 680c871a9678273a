use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use crate::{AddressProblem, ParseAddressError};

/// Where to ask for a camera instead of on the local networks: `host` or `host:port`.
///
/// The host is an IP address, or a name that resolves to one; of a name with both, an IPv4 address is asked. An IPv6 address with
/// a port is in brackets, `[2001:db8::7]:32761`, and a link-local one is followed by its interface, `fe80::7%eth0`
/// (RFC 4007). Without a port, the port of searches is asked; with one, exactly that port, for instance the session port
/// of one of several cameras on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// IP address, without brackets, or name.
    pub host: String,
    /// UDP port, if not the one of searches.
    pub port: Option<u16>,
}

/// An IP address with its interface, where that belongs to it: its name, or its number.
pub(super) type Zoned<'a> = (IpAddr, Option<&'a str>);

impl Address {
    /// The host, if it is no name.
    pub(super) fn ip(&self) -> Option<Zoned<'_>> {
        match self.host.split_once('%') {
            Some((ip, zone)) => Some((ip.parse().ok()?, Some(zone))),
            None => Some((self.host.parse().ok()?, None)),
        }
    }
}

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, ParseAddressError> {
        let bad = |problem| ParseAddressError { text: text.escape_debug().to_string(), problem };
        let (host, port) = split(text).map_err(bad)?;
        let port = match port {
            Some(port) => Some(port.parse().ok().filter(|port| *port != 0).ok_or_else(|| bad(AddressProblem::Port))?),
            None => None,
        };
        if host.is_empty() {
            return Err(bad(AddressProblem::NoHost));
        }
        if host.contains(':') {
            check_ipv6(host).map_err(bad)?;
        }
        if host.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '/' | '[' | ']')) {
            return Err(bad(AddressProblem::Character));
        }
        Ok(Self { host: host.into(), port })
    }
}

/// Host and port. Without brackets, what has several colons is an IPv6 address alone.
fn split(text: &str) -> Result<(&str, Option<&str>), AddressProblem> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(AddressProblem::Ipv6)?;
        return match (host.contains(':'), rest.strip_prefix(':')) {
            (true, None) if rest.is_empty() => Ok((host, None)),
            (true, Some(port)) => Ok((host, Some(port))),
            _ => Err(AddressProblem::Ipv6),
        };
    }
    Ok(match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (text, None),
    })
}

/// The interface belongs to addresses that many networks of a host can have.
fn check_ipv6(host: &str) -> Result<(), AddressProblem> {
    let (ip, zone) = host.split_once('%').map_or((host, None), |(ip, zone)| (ip, Some(zone)));
    let ip: Ipv6Addr = ip.parse().map_err(|_| AddressProblem::Ipv6)?;
    let has_zone = zone.is_some_and(|zone| !zone.is_empty());
    let is_of_link = ip.is_unicast_link_local() || ip.is_multicast();
    if is_of_link == has_zone && zone.is_some() == has_zone { Ok(()) } else { Err(AddressProblem::Interface) }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> AddressProblem {
        text.parse::<Address>().unwrap_err().problem
    }

    #[test]
    fn parses_and_prints() {
        let ipv6 = ["::1", "[::1]:3", "2001:db8::7", "fe80::7%eth0", "[fe80::7%2]:32761", "::ffff:10.0.0.7"];
        for good in ["10.0.0.7", "camera.lan", "10.0.0.7:32761"].into_iter().chain(ipv6) {
            assert_eq!(good.parse::<Address>().unwrap().to_string(), good);
        }
        assert_eq!("[::1]".parse::<Address>().unwrap().to_string(), "::1");
        for bad in ["", ":1", "a:", "a:0", "a:65536", "a b", "http://a", "[::1]:", "[::1]:0", "a]", "a%b/c"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
        for bad in ["[::1", "[::1]3", "[]", "[10.0.0.7]:3", "[camera.lan]:3", "10.0.0.7:1:2", "::1]", "[[::1]]", "::g"]
        {
            assert_eq!(problem(bad), AddressProblem::Ipv6, "{bad}");
        }
    }

    #[test]
    fn a_link_local_address_has_its_interface() {
        for bad in ["fe80::7", "[fe80::7]:3", "fe80::7%", "::1%lo", "::1%", "2001:db8::7%eth0", "ff02::1"] {
            assert_eq!(problem(bad), AddressProblem::Interface, "{bad}");
        }
        for bad in ["fe80::7%eth 0", "fe80::7%a/b"] {
            assert_eq!(problem(bad), AddressProblem::Character, "{bad}");
        }
    }

    #[test]
    fn an_ip_address_is_no_name() {
        let ip = |text: &str| {
            text.parse::<Address>().unwrap().ip().map(|(ip, zone)| (ip.to_string(), zone.map(str::to_owned)))
        };
        assert_eq!(ip("10.0.0.7:3"), Some(("10.0.0.7".into(), None)));
        assert_eq!(ip("[fe80::7%eth0]:3"), Some(("fe80::7".into(), Some("eth0".into()))));
        assert_eq!(ip("camera.lan"), None);
    }
}
