use std::fmt;
use std::io::ErrorKind;
use std::str::FromStr;

use super::udp::{Family, Udp};
use crate::{IoError, Operation, ParseLocalPortsError};

/// The UDP ports of this host that sessions may use: one port, or a range of which each session takes the first free one.
///
/// Cameras answer from a port of their own choice, so that neither NAT nor a stateful firewall knows the answer's sender.
/// A port that is known can be published or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalPorts {
    first: u16,
    last: u16,
}

impl LocalPorts {
    /// Binds the first of the ports that is free; without any named, a port that the system chooses.
    pub(super) fn bind(ports: Option<Self>, family: Family) -> Result<Udp, IoError> {
        let Some(ports) = ports else {
            return Udp::bind(family, 0, false).map_err(|error| IoError::new(Operation::OpenSocket, error));
        };
        for port in ports.first..=ports.last {
            match Udp::bind(family, port, false) {
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                result => return result.map_err(|error| IoError::new(Operation::OpenPort(port), error)),
            }
        }
        Err(IoError::new(Operation::OpenPorts(ports), ErrorKind::AddrInUse))
    }
}

impl FromStr for LocalPorts {
    type Err = ParseLocalPortsError;

    /// Reads `PORT` or `FIRST-LAST`, from 1 to 65535.
    fn from_str(text: &str) -> Result<Self, ParseLocalPortsError> {
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let port = |text: &str| text.parse().ok().filter(|port| *port != 0 && is_number(text));
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (port(first), port(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Self { first, last }),
            _ => Err(ParseLocalPortsError { text: text.escape_debug().to_string() }),
        }
    }
}

impl fmt::Display for LocalPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { self.first.fmt(f) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        for good in ["40000", "40000-40009", "1-65535"] {
            assert_eq!(good.parse::<LocalPorts>().unwrap().to_string(), good);
        }
        assert_eq!("7-7".parse::<LocalPorts>().unwrap().to_string(), "7");
        for bad in ["", "0", "65536", "2-1", "1-", "-1", "1-2-3", "+1", "a", "1 - 2"] {
            assert!(bad.parse::<LocalPorts>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_first_free_port_is_taken() {
        // Others may take a port meanwhile, but not all of the range.
        let port = Udp::bind(Family::Ipv4, 0, false).unwrap().port().unwrap().min(65_000);
        let ports: LocalPorts = format!("{port}-{}", port + 50).parse().unwrap();
        let first = LocalPorts::bind(Some(ports), Family::Ipv4).unwrap().port().unwrap();
        let taken = Udp::bind(Family::Ipv4, first, false);
        let second = LocalPorts::bind(Some(ports), Family::Ipv4).unwrap().port().unwrap();
        assert!((port..=port + 50).contains(&first) && (port..=port + 50).contains(&second));
        if taken.is_ok() {
            assert_ne!(second, first);
        }
    }

    #[test]
    fn a_range_without_a_free_port_is_named() {
        let taken = Udp::bind(Family::Ipv4, 0, false).unwrap();
        let ports: LocalPorts = taken.port().unwrap().to_string().parse().unwrap();
        let error = LocalPorts::bind(Some(ports), Family::Ipv4).unwrap_err();
        assert_eq!((&error.operation, error.source.kind()), (&Operation::OpenPorts(ports), ErrorKind::AddrInUse));
        assert!(error.to_string().contains(&ports.to_string()), "{error}");
    }
}
