//! The network interfaces of this host.

use std::io;
use std::net::Ipv4Addr;

use crate::{IoError, Operation};

/// An IPv4 address of this host, in a network that is up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interface {
    pub(super) address: Ipv4Addr,
    pub(super) mask: Option<Ipv4Addr>,
    /// The broadcast address as it is set.
    pub(super) broadcast: Option<Ipv4Addr>,
    pub(super) is_loopback: bool,
}

/// Those that deliver broadcasts.
pub(super) fn list() -> Result<Vec<Interface>, IoError> {
    system::list().map_err(|error| IoError::new(Operation::ListInterfaces, error))
}

/// The number of the interface that is called so, or has this number.
pub(super) fn number(name: &str) -> Result<u32, IoError> {
    let number = name.parse().or_else(|_| system::number(name));
    number.map_err(|error| IoError::new(Operation::FindInterface(name.escape_debug().to_string()), error))
}

#[cfg(unix)]
mod system {
    use nix::ifaddrs::{InterfaceAddress, getifaddrs};
    use nix::net::if_::{InterfaceFlags, if_nametoindex};
    use nix::sys::socket::SockaddrStorage;

    use super::{Interface, Ipv4Addr, io};

    pub(super) fn list() -> io::Result<Vec<Interface>> {
        Ok(getifaddrs()?.filter_map(interface).collect())
    }

    fn interface(found: InterfaceAddress) -> Option<Interface> {
        let has = |flags| found.flags.contains(flags);
        let ip = |address: Option<SockaddrStorage>| -> Option<Ipv4Addr> {
            address?.as_sockaddr_in().map(|address| address.ip())
        };
        let is_loopback = has(InterfaceFlags::IFF_LOOPBACK);
        if !has(InterfaceFlags::IFF_UP) || !is_loopback && !has(InterfaceFlags::IFF_BROADCAST) {
            return None;
        }
        let (mask, broadcast) = (ip(found.netmask), ip(found.broadcast));
        Some(Interface { address: ip(found.address)?, mask, broadcast, is_loopback })
    }

    pub(super) fn number(name: &str) -> io::Result<u32> {
        Ok(if_nametoindex(name)?)
    }
}

#[cfg(windows)]
mod system {
    use if_addrs::{IfAddr, get_if_addrs};

    use super::{Interface, io};

    pub(super) fn list() -> io::Result<Vec<Interface>> {
        let found = get_if_addrs()?.into_iter().filter(if_addrs::Interface::is_oper_up);
        let interface = |found: if_addrs::Interface| match found.addr {
            IfAddr::V4(v4) => Some(Interface {
                address: v4.ip,
                mask: Some(v4.netmask),
                broadcast: v4.broadcast,
                is_loopback: v4.ip.is_loopback(),
            }),
            IfAddr::V6(_) => None,
        };
        Ok(found.filter_map(interface).collect())
    }

    pub(super) fn number(name: &str) -> io::Result<u32> {
        let found = get_if_addrs()?.into_iter().find(|interface| interface.name == name);
        found.and_then(|interface| interface.index).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
